"""The one resolver of shipped data, in a checkout and in an installed wheel alike."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from taxonomy._core.errors import FileFormatError, did_you_mean
from taxonomy._core.io import file_digest

_PACKAGE = Path(__file__).parents[1]


def root() -> Path:
    """Return the folder of the shipped data: ``taxonomy/_shipped``, else ``hierarchies/``."""
    for folder in (_PACKAGE / "_shipped", _PACKAGE.parent / "hierarchies"):
        if (folder / "index.toml").is_file():
            return folder
    raise FileFormatError("The shipped data is missing; install taxonomy-experts again.")


@cache
def index() -> dict[str, str]:
    """Return the sha256 of every shipped file, keyed by its path below the root."""
    with (root() / "index.toml").open("rb") as file:
        files: dict[str, str] = tomllib.load(file)["files"]
    return files


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
