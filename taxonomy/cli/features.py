"""The command ``features``: a trained network's arrays, for the source ``visual``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from taxonomy._core.errors import DataError
from taxonomy._core.registry import require
from taxonomy.cli._command import Command
from taxonomy.cli._data import add_data_flags, match_data, read_data, read_run_data


def _flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("run_folder", metavar="RUN", type=Path, help="a finished run's folder")
    parser.add_argument(
        "--split",
        choices=("val", "train"),
        default="val",
        help="pictures that the features are of; never those that are tested on [val]",
    )
    if list(argv[:1]) == ["features"]:
        add_data_flags(parser, argv)


def _features(arguments: argparse.Namespace) -> None:
    require("torch")
    from taxonomy.training import Run
    from taxonomy.training.features import class_features

    run = Run(arguments.run_folder)
    tree, side = run.hierarchy, run.spec.resolution
    if "data" in run.manifest["inputs"]:
        data, _ = read_run_data(run.path, tree, side)
    else:
        data, _ = match_data(arguments, read_data(arguments, side), tree)
    if data.digest != run.manifest["data"]:
        raise DataError(
            f"{run.path}: was trained on other pictures than --data {arguments.data} holds now; "
            "name its data, with the options it was read with."
        )
    made = class_features(run.net(), data.part(arguments.split))
    path = run.path / f"features-{arguments.split}.npz"
    made.save(path)
    print(
        f"mean features of {len(made.ids)} classes over {int(made.counts.sum())} pictures "
        f"({made.split}), {made.means.shape[1]} channels; "
        + ("no weights, for the heads read different maps" if made.weights is None else "weights")
    )
    print(
        f"arrays written to {path}; next: taxonomy generate LABELS --source visual --run {run.path}"
    )


COMMANDS = (
    Command(
        "features",
        "Store what a trained network knows of its classes, as the source visual reads it.",
        ("taxonomy features runs/flat", "taxonomy features runs/flat --split train"),
        _flags,
        _features,
    ),
)
