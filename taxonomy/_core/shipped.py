"""The one resolver of shipped data, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from taxonomy._core.errors import FileFormatError, check_choice, did_you_mean
from taxonomy._core.io import file_digest

_PACKAGE = Path(__file__).parents[1]

Kind = Literal["labels", "trees", "tasks", "networks", "transcripts", "data"]
"""What a shipped thing is."""


@dataclass(frozen=True)
class Shipped:
    """A thing that the toolkit brings along, by the name under which it is asked for.

    Args:
        kind: ``labels``, ``trees``, ``tasks``, ``networks``, ``transcripts`` or ``data``.
        name: such as ``icons/wordnet``; commands and functions take it.
        classes: how many classes it is about; 0 where it is about none.
        made: where it comes from, in words; a tree's and a transcript's file says all of it.
        bytes: the size of its file.
        licence: by its SPDX name.
        file: path below `root`.
        sha256: of the file.
    """

    kind: Kind
    name: str
    classes: int
    made: str
    bytes: int
    licence: str
    file: str
    sha256: str

    @property
    def path(self) -> Path:
        """Where the file lies."""
        return root() / self.file


def root() -> Path:
    """Return the folder of the shipped data: ``taxonomy/_shipped``, else ``hierarchies/``."""
    for folder in (_PACKAGE / "_shipped", _PACKAGE.parent / "hierarchies"):
        if (folder / "index.toml").is_file():
            return folder
    raise FileFormatError("The shipped data is missing; install taxonomy-experts again.")


@cache
def _index() -> dict[str, dict[str, Any]]:
    with (root() / "index.toml").open("rb") as file:
        return tomllib.load(file)


def index() -> dict[str, str]:
    """Return the sha256 of every shipped file, keyed by its path below the root."""
    files: dict[str, str] = _index()["files"]
    return files


def list_shipped(kind: Kind | None = None) -> tuple[Shipped, ...]:
    """Return what ships with the toolkit, with where it comes from and its licence.

    Args:
        kind: of the things wanted, such as ``trees``; all where left out.

    Raises:
        FileFormatError: an unknown kind.

    >>> [tree.name for tree in list_shipped("trees") if tree.classes == 10]
    ['cifar-10/embedding', 'cifar-10/hypernyms', 'cifar-10/random', 'cifar-10/wordnet']
    """
    if kind is not None:
        check_choice("kind", kind, Kind, FileFormatError)
    things = (Shipped(**facts, file=f, sha256=index()[f]) for f, facts in _index()["about"].items())
    return tuple(thing for thing in things if kind in (None, thing.kind))


def find(name: str, folder: str, suffix: str) -> Path | None:
    """Return the shipped file that a short name means, or None.

    Args:
        name: such as ``icons/wordnet``.
        folder: the folder below the label set's, such as ``trees``.
        suffix: of the file, such as ``.json``.
    """
    first, _, rest = name.partition("/")
    full = f"{first}/{folder}/{rest}{suffix}"
    return root() / full if full in index() else None


def names(folder: str, suffix: str) -> list[str]:
    """Return the short names of the shipped files that `find` finds, sorted."""
    parts = (listed.split("/") for listed in index() if listed.endswith(suffix))
    short = ((p[0], "/".join(p[2:])) for p in parts if len(p) > 2 and p[1] == folder)
    return sorted(f"{first}/{rest.removesuffix(suffix)}" for first, rest in short)


def path(name: str, *, verify: bool = False) -> Path:
    """Return where a shipped file lies, such as ``icons/labels.csv``.

    Args:
        name: path below the shipped root, with forward slashes, as ``index.toml`` lists it.
        verify: whether to compare the file's sha256 with the index.

    Raises:
        FileFormatError: the name is not listed, or the file's bytes are not the listed ones.
    """
    listed = index()
    if name not in listed:
        raise FileFormatError(f"No shipped file {name!r}.{did_you_mean(name, listed)}")
    where = root() / name
    if verify and file_digest(where) != listed[name]:
        raise FileFormatError(
            f"{where}: the sha256 is not the one shipped; install taxonomy-experts again."
        )
    return where
