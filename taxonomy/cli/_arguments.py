"""Arguments that several commands share, and the texts that explain them."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from taxonomy._core.endings import check_ending
from taxonomy._core.options import with_flags
from taxonomy.cli._options import add_options, choice, from_options, given_options
from taxonomy.formats import get_tree
from taxonomy.labels import class_names, shipped_names
from taxonomy.trees.hierarchy import Hierarchy

Parser = argparse.ArgumentParser
Words = Sequence[str]
Given = argparse.Namespace

SETS = ", ".join(shipped_names())
LABELS = f"a shipped set ({SETS}), a list (text, CSV, YAML, JSON), or a folder of class folders"
TREE = "a tree file of any format, a run's folder, or a shipped tree such as icons/wordnet"
NETWORK = "a run's folder, a network's file, or a shipped network such as icons/tree"
DRY_RUN = "say what a language model would be asked and what that costs; send nothing"
TEST = "the test split once, when everything is chosen"
TASKS = (
    "a task list: CSV with one task's classes a line, or JSON [the shipped one of these classes]"
)
CLASSES = "only these classes, separated by commas; a name with a comma stands in double quotes"


def add_classes(parser: Any, text: str = CLASSES) -> None:
    """Add ``--classes``, which gives a list of names."""
    parser.add_argument("--classes", type=class_names, metavar="A,B", help=text)


def add_width(parser: Any) -> None:
    """Add ``--width``, the share of the channels that is kept."""
    told = "share of the channels, one of those that the network was trained at [1]"
    parser.add_argument("--width", type=float, default=1.0, metavar="X", help=told)


def chosen_tree(given: Given) -> Hierarchy:
    """Return the tree that the words name, of the classes wanted alone."""
    tree = get_tree(given.tree)
    return tree if given.classes is None else tree.restrict(given.classes)


def add_data(parser: Parser, argv: Words, matching: bool, text: str = "") -> None:
    """Add ``--data``, the options of the data set chosen and, if wanted, of matching it."""
    from taxonomy.data import DATASETS, Matching, dataset_class

    names = ", ".join(name for name in DATASETS if name != "folder")
    action: Any = parser.add_argument(
        "--data", help=f"{text} a folder of class folders, or {names}".strip()
    )
    action.owners = DATASETS.having
    if name := choice(argv, "--data", ""):
        cls = dataset_class(name)
        add_options(parser, cls, f"options of --data {name}", "data", ("root", "resolution"))
    if matching:
        add_options(parser, Matching, "where pictures and tree differ in classes")


def data_request(given: Given) -> Any:
    """Return the request for the pictures that the flags name; None where they name none."""
    from taxonomy.data import DataRequest, Matching, dataset_class

    if not given.data:
        return None
    options = given_options(dataset_class(given.data), given)
    classes = tuple(getattr(given, "classes", None) or ())
    return DataRequest(given.data, options, classes, from_options(Matching, given))


def add_scoring(parser: Parser, other: str = "test", text: str = TEST) -> None:
    """Add ``--split``, the validation split or another one, and ``--device``."""
    parser.add_argument("--split", choices=("val", other), default="val", help=f"{text} [val]")
    devices = "auto, cpu, cuda (NVIDIA's cards) or mps (Apple's) [auto]"
    parser.add_argument("--device", default="auto", metavar="NAME", help=devices)


def scoring(given: Given) -> tuple[str, Any, str]:
    """Return split, pictures and device, as `taxonomy.training.scored` takes them."""
    return given.split, data_request(given), given.device


def add_out(
    parser: Parser,
    text: str,
    endings: Sequence[str] | Callable[[str], object] = (),
    default: str | None = None,
) -> None:
    """Add ``--out``, the file that is written, whose ending is refused where it is not honoured.

    Args:
        parser: of the command.
        text: what is written.
        endings: those that are, or what refuses others; none for a folder, or a name of any form.
        default: the file where none is named; None to write none then.
    """

    def path(name: str) -> Path:
        if callable(endings):
            endings(name)
        elif endings:
            check_ending(name, endings)
        return Path(name)

    form = ", in the format of its ending"
    if not callable(endings):
        form = f", as {', '.join(endings)}" if endings else ""
    shown = f"{text}{form}" + (f" [{default}]" if default else "")
    parser.add_argument("--out", "-o", type=path, default=default and Path(default), help=shown)


def say(given: Given, text: object) -> None:
    """Print what the library says, with the command's flags for the fields that it names."""
    print(with_flags(str(text), given.flags))
