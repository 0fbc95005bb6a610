"""The flat network that teaches every other in the studies, and the wider one that taught it.

    python analysis/studies/teacher.py

Half an hour each, with one seed. ``hierarchies/icons/make_networks.py`` ships the former as
``icons/flat``, from where the studies read it.
"""

from __future__ import annotations

from dataclasses import replace

from recipes import REFERENCE, STROKES, TAUGHT, arguments_of, trained, tree

from taxonomy.design import NetSpec
from taxonomy.studies.settings import Setting
from taxonomy.training import TrainConfig

WIDER = "flat 1x plain"
PLAIN = TrainConfig(epochs=32, ema=TAUGHT.ema, augment=STROKES)


def settings() -> dict[str, Setting]:
    """Return the wider network, trained on classes alone, and the narrower one it teaches."""
    return {
        WIDER: Setting(NetSpec.flat(), tree("star"), PLAIN),
        "flat 0.6x": Setting(
            NetSpec.flat().scaled(0.6),
            tree("star"),
            replace(TAUGHT, views=0),
            reference=tree(REFERENCE),
            teacher=WIDER,
        ),
    }


def main() -> None:
    """Train what is missing."""
    for run in trained(arguments_of(__doc__, "teacher", "0"), settings()).values():
        print(f"{run.path}: {run.manifest['val_accuracy']:.2%} on validation")


if __name__ == "__main__":
    main()
