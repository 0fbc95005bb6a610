"""What was tried on the recipes beside the frontier: one seed, a third of the epochs.

    python analysis/studies/trials.py

On validation. One seed tells differences of a point and more; `ablation` has three. The last row, a
flat network wider than the frontier has, is trained for all epochs and compares with the frontier's
rows of seed 0. Writes ``results/trials.csv`` and ``trials.json``.
"""

from __future__ import annotations

from dataclasses import replace

from ablation import other_blocks
from recipes import (
    KINDS,
    TREE_SPEC,
    arguments_of,
    flat_family,
    icon_tasks,
    record,
    trained,
    tree_setting,
)

from taxonomy.design import Block, Bucket, Level, NetSpec
from taxonomy.studies.settings import Setting, score_series


def settings() -> dict[str, Setting]:
    """Return the recipes and what was tried instead."""
    recipe, flat = tree_setting(), flat_family()["flat 0.35x"]
    branch = Level((Bucket(40),), 1, 2, Block("convnext", expand=1))
    made = {
        "recipe": recipe,
        "no blending": replace(recipe, config=replace(recipe.config, mix=0.0)),
        "trunk of ConvNeXt": replace(recipe, spec=other_blocks()["trunk of ConvNeXt"]),
        "branches of 40 channels, unexpanded": replace(
            recipe, spec=replace(TREE_SPEC, levels=(branch,))
        ),
        "flat 0.35x": flat,
        "flat 0.35x, blended": replace(flat, config=replace(flat.config, mix=recipe.config.mix)),
    }
    short = {
        name: replace(setting, config=replace(setting.config, epochs=setting.config.epochs // 3))
        for name, setting in made.items()
    }
    return short | {"flat 1x, all epochs": replace(flat, spec=NetSpec.flat())}


def main() -> None:
    """Train what is missing, then write the table."""
    arguments = arguments_of(__doc__, "trials", "0")
    every = settings()
    scores = score_series(trained(arguments, every), icon_tasks(), "val", KINDS)
    print(scores.round(4).to_string(index=False))
    record("trials", every, {"": scores})


if __name__ == "__main__":
    main()
