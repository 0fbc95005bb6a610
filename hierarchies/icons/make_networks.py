"""Write the shipped networks of the icons from trainings of the studies.

    python analysis/studies/teacher.py
    python hierarchies/icons/make_networks.py flat
    make frontier                                        (hours; taught by that network)
    python hierarchies/icons/make_networks.py tree
    python hierarchies/icons/make_networks.py flat-0.25x
    python hierarchies/icons/make_networks.py flat-0.35x
    make aligned                                         (half an hour)
    python hierarchies/icons/make_networks.py tree-aligned
    make slim                                            (a quarter of an hour a seed)
    python hierarchies/icons/make_networks.py tree-slim

- ``networks/flat.safetensors``: the flat network that teaches all others.
- ``networks/flat-0.25x.safetensors``, ``flat-0.35x.safetensors``: the thin flat networks,
  beside which experts are measured.
- ``networks/tree.safetensors``: the recommended tree network, over ``trees/llm-rows-24.json``.
- ``networks/tree-aligned.safetensors``: the same with widths that are multiples of 8.
- ``networks/tree-slim.safetensors``: one with narrower branches, the smallest experts.

Beside each stands, as JSON, what made it: the run's settings, digests, accuracies and machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from taxonomy._core import io
from taxonomy.training import Run

HERE = Path(__file__).parent
MOST_BYTES = 10_000_000
STUDY = "python analysis/studies/{}.py --seeds 0 --only '{}'"
MADE_BY = {
    "flat": ("teacher/flat 0.6x-0", STUDY.format("teacher", "flat 0.6x")),
    "flat-0.25x": ("frontier/flat 0.25x-0", STUDY.format("frontier", "flat 0.25x")),
    "flat-0.35x": ("frontier/flat 0.35x-0", STUDY.format("frontier", "flat 0.35x")),
    "tree": ("frontier/tree-0", STUDY.format("frontier", "tree")),
    "tree-aligned": ("aligned", "make aligned"),
    "tree-slim": ("slim/slim-0", STUDY.format("slim", "slim")),
}
"""The run's folder and the command of each network."""


def main() -> None:
    """Copy and describe."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("network", choices=MADE_BY)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of studies [runs]")
    arguments = parser.parse_args()
    folder, command = MADE_BY[arguments.network]
    run = Run(arguments.runs / folder)
    weights = (run.path / "model.safetensors").read_bytes()
    place = HERE / "networks" / f"{arguments.network}.safetensors"
    others = sum(x.stat().st_size for x in place.parent.glob("*.safetensors") if x != place)
    if (size := len(weights) + others) > MOST_BYTES:
        raise SystemExit(f"The networks take {size:,} bytes; at most {MOST_BYTES:,} are shipped.")
    io.write_bytes(place, weights)
    io.write_json(
        place.with_suffix(".json"), {"setting": run.path.name, "command": command, **run.manifest}
    )
    print(f"{place}: {run.path.name}, {run.manifest['val_accuracy']:.2%} on validation")


if __name__ == "__main__":
    main()
