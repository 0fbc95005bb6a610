"""Arguments that several commands share."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from taxonomy.cli._options import add_options, choice, from_options, given_options
from taxonomy.labels import class_names

Parser = argparse.ArgumentParser
Words = Sequence[str]
Given = argparse.Namespace


def add_data(parser: Parser, argv: Words, matching: bool) -> None:
    """Add ``--data``, the options of the data set chosen and, if wanted, of matching it."""
    from taxonomy.data import DATASETS, Matching, dataset_class

    names = ", ".join(name for name in DATASETS if name != "folder")
    parser.add_argument("--data", metavar="FOLDER", help=f"a folder of class folders, or {names}")
    name = choice(argv, "--data", "")
    if name:
        cls = dataset_class(name)
        add_options(parser, cls, f"options of --data {name}", "data", ("root", "resolution"))
    if matching:
        add_options(parser, Matching, "where pictures and tree differ in classes")


def data_request(arguments: Given) -> Any:
    """Return the request for the pictures that the flags name; None where they name none."""
    from taxonomy.data import DataRequest, Matching, dataset_class

    if not arguments.data:
        return None
    classes = getattr(arguments, "classes", None)
    return DataRequest(
        arguments.data,
        given_options(dataset_class(arguments.data), arguments),
        tuple(class_names(classes)) if classes else (),
        from_options(Matching, arguments),
    )


def add_out(parser: Parser, default: str, text: str) -> None:
    """Add ``--out`` with a file that is written where none is named."""
    parser.add_argument("--out", type=Path, default=Path(default), help=f"{text} [{default}]")
