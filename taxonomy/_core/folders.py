"""Folders of class folders: which of them are splits, which are classes, what is left alone."""

from __future__ import annotations

import os
import re
from pathlib import Path

from taxonomy._core.errors import DataError

SPLITS = ("train", "val", "test")

_NAMES = {
    **dict.fromkeys(("train", "training", "trn", "trainval", "train_val"), "train"),
    **dict.fromkeys(("val", "valid", "validation", "validate", "dev", "development"), "val"),
    **dict.fromkeys(("eval", "evaluation"), "val"),
    **dict.fromkeys(("test", "testing", "tst", "holdout", "hold_out"), "test"),
}
_SPLIT = re.compile(
    rf"(?:\d{{1,2}}[ _.-]+)?({'|'.join(_NAMES)})([ _-]?(set|split|data|images|pictures))?"
)
_IGNORED = {"__macosx", "thumbs.db", "desktop.ini", "$recycle.bin", "system volume information"}
_IGNORED |= {"@eadir", "__pycache__", "lost+found", "ehthumbs.db", "picasa.ini"}


def split_of(name: str) -> str:
    """Return the split that a name means, one of `SPLITS`, or an empty string.

    >>> [split_of(name) for name in ("Train", "valid", "dev", "test_set", "trains")]
    ['train', 'val', 'val', 'test', '']
    """
    found = _SPLIT.fullmatch(name.casefold())
    return _NAMES[found[1]] if found else ""


def is_ignored(name: str) -> bool:
    """Return whether a name is hidden, or of what operating systems and archives leave behind."""
    return name.startswith(".") or name.casefold() in _IGNORED


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a folder or a link to one; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def subfolders(folder: Path) -> list[str]:
    """Return the sorted names of the folders in a folder, without those to be ignored."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if is_folder(e) and not is_ignored(e.name))


def split_folders(folder: Path) -> dict[str, Path]:
    """Return the folders of the splits, by what they mean; empty where there are none.

    A folder ``train`` that holds pictures only is no split but a class: the vehicle. Where
    another split holds class folders, a folder of loose pictures beside it is a split as well.

    Raises:
        DataError: two folders mean one split.
    """
    named = [(split_of(name), folder / name) for name in subfolders(folder)]
    named = [(split, path) for split, path in named if split]
    if not any(subfolders(path) for _, path in named):
        return {}
    found: dict[str, Path] = {}
    for split, path in named:
        if split in found:
            raise DataError(
                f"{folder}: the folders {found[split].name!r} and {path.name!r} both mean the "
                f"split {split!r}; keep one of them."
            )
        found[split] = path
    return {split: found[split] for split in SPLITS if split in found}


def unwrapped(folder: Path) -> Path:
    """Return a folder, or the only folder in it where that is what an archive was wrapped in.

    That folder holds splits, or several folders and no file that could be a picture.
    """
    inner = subfolders(folder)
    if len(inner) != 1 or split_of(inner[0]):
        return folder
    wrapped = folder / inner[0]
    if split_folders(wrapped):
        return wrapped
    with os.scandir(wrapped) as entries:
        loose = any(entry.is_file() and not is_ignored(entry.name) for entry in entries)
    return wrapped if len(subfolders(wrapped)) > 1 and not loose else folder


def class_root(folder: Path) -> Path:
    """Return the folder that holds the class folders: that of the training split, if there is one.

    Raises:
        DataError: two folders mean one split.
    """
    folder = unwrapped(folder)
    return split_folders(folder).get("train", folder)
