"""What commands on networks read: the flags of a data set, and task lists."""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from taxonomy._core import io, shipped
from taxonomy._core.errors import DataError, LabelError
from taxonomy.cli._command import chosen, class_names
from taxonomy.cli._flags import add_flags, from_flags
from taxonomy.data import DATASETS, Data, Matching, Pictures, check_resolution, match
from taxonomy.labels import check_classes
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy

TASKS_HELP = "a task list [the shipped one of the icons]"


def load_tasks(path: Path | None) -> TaskList:
    """Return a file's tasks, or the shipped ones of the icons."""
    return TaskList.load(path or shipped.path("icons/tasks.json"))


def check_tasks(path: Path | None, asked: Iterable[str], known: Iterable[str]) -> None:
    """Check that shipped tasks, taken where no list was given, are of the classes at hand.

    Raises:
        LabelError: they are not.
    """
    if path is None and (missing := set(asked) - set(known)):
        raise LabelError(
            f"The shipped tasks are of the icons, and {min(missing)!r} is no class here; give a "
            "list of your own: --tasks FILE."
        )


def add_data_flags(
    parser: argparse.ArgumentParser, argv: Sequence[str], matching: bool = True
) -> None:
    """Add ``--data``, the options of the set chosen and, if wanted, of matching it with a tree."""
    names = ", ".join(name for name in DATASETS if name != "folder")
    parser.add_argument("--data", default="icons", help=f"{names}, or a folder [icons]")
    name = chosen(argv, "--data", "icons")
    skip = ("root", "resolution") if _is_folder(name) else ("resolution",)
    add_flags(parser, _data_class(name), f"options of --data {name}", skip)
    if matching:
        add_flags(parser, Matching, "where data and tree differ in classes")


def read_data(arguments: argparse.Namespace, resolution: int) -> Pictures:
    """Return the pictures that the flags ask for, at a network's resolution.

    Raises:
        RegistryError: there is no such data set.
        DataError: it cannot be read, or has another resolution.
    """
    data = from_flags(_data_class(arguments.data), arguments)
    given = {"root": arguments.data} if _is_folder(arguments.data) else {}
    if "resolution" in {field.name for field in dataclasses.fields(data)}:
        given["resolution"] = resolution
    return check_resolution(dataclasses.replace(data, **given)(), resolution, arguments.data)


def match_data(
    arguments: argparse.Namespace, pictures: Pictures, tree: Hierarchy
) -> tuple[Pictures, Hierarchy]:
    """Bring data and tree to the same classes, as the flags say, and to those asked for.

    Raises:
        LabelError: a class asked for is not there.
        DataError: data and tree differ, and the flags do not say what to do.
    """
    if arguments.classes:
        pictures = only(pictures, class_names(arguments.classes))
        tree = tree.restrict([name for name in tree.leaves if name in set(pictures.classes)])
    return match(pictures, tree, from_flags(Matching, arguments))


def only(pictures: Pictures, classes: Iterable[str]) -> Pictures:
    """Return the pictures of some classes.

    Raises:
        LabelError: the data lacks one of them, or one comes twice.
    """
    kept = check_classes(classes, pictures.classes)
    return pictures if kept == pictures.classes else pictures.restrict(kept)


def read_run_data(folder: Path, tree: Hierarchy, resolution: int) -> tuple[Pictures, Hierarchy]:
    """Return the pictures that a run was trained on, matched with its tree as they were then.

    Raises:
        FileFormatError: the folder holds no run.
        DataError: the data cannot be read any more, or the run does not say where it is.
    """
    inputs = io.read_json(folder / "config.json")["inputs"]
    if "data" not in inputs:
        raise DataError(
            f"{folder}: was not made by taxonomy train and does not say where its pictures are; "
            "run what made it again, and it continues."
        )
    asked = argparse.Namespace(
        data=inputs["data"],
        classes=inputs.get("classes"),
        **json.loads(inputs.get("data_options", "{}")),
    )
    return match_data(asked, read_data(asked, resolution), tree)


def given_options(arguments: argparse.Namespace) -> str:
    """Return the flags given on data and matching as JSON, to read the same data again; or ""."""
    classes: tuple[Any, ...] = (_data_class(arguments.data), Matching)
    fields = (field for each in classes for field in dataclasses.fields(each))
    given = vars(arguments)
    options = {field.name: given[field.name] for field in fields if field.name in given}
    return io.canonical_json(options) if options else ""


def _is_folder(name: str) -> bool:
    """Tell whether a name means a folder; a path with a slash does, even if there is none."""
    return name not in DATASETS.names() and ("/" in name or os.sep in name or Path(name).is_dir())


def _data_class(name: str) -> type[Data]:
    return DATASETS.get("folder" if _is_folder(name) else name)
