"""A folder of class folders, the layout of ImageNet: ``ROOT/CLASS/*`` or ``ROOT/train/CLASS/*``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from taxonomy._core import io
from taxonomy._core.errors import DataError
from taxonomy._core.registry import require
from taxonomy.data._decode import decode
from taxonomy.data._decoded import Encoded, Unreadable, decoded
from taxonomy.data._pictures import SPLITS, Pictures
from taxonomy.data._splits import Policy, Rule, drawn_in_three, rules
from taxonomy.labels import class_root, subfolders

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")


class File(NamedTuple):
    """One picture's file; sorting files puts the pictures of a split, and of a class, together."""

    split: int
    name: str
    key: str
    path: Path
    size: int
    modified: int


@dataclass(frozen=True)
class ImageFolder:
    """Pictures in class folders; the folder's name is the label id.

    Folders ``train``, ``val`` and ``test`` are the splits. Without ``test``, as in ImageNet, the
    policy ``auto`` takes ``val`` for the test split and draws a validation split from ``train``.
    Without any of them, each picture's split is drawn: 70 % training, 15 % validation, 15 % test.
    Drawing is by a digest of class and file name, so adding pictures moves no other one.

    Every picture is decoded once, into a mapped file in the cache folder, keyed by the paths,
    sizes and times of all files and by the options; pictures may be larger than memory.

    Args:
        root: the folder.
        resolution: pictures are scaled to cover a square of this side and cropped in the centre.
        splits: ``auto``, or ``named`` to keep the folders' names as they are.
        held_out: share of ``train`` drawn for validation where needed.
        unreadable: ``refuse``, or ``skip`` to leave out pictures that cannot be read.
        cache: folder of decoded pictures; empty for $TAXONOMY_CACHE or the platform's.
        workers: threads that decode; 0 for one a core.
    """

    root: str = ""
    resolution: int = 32
    splits: Policy = "auto"
    held_out: float = 0.05
    unreadable: Unreadable = "refuse"
    cache: str = ""
    workers: int = 0

    def __call__(self) -> Pictures:
        """Read the cache, or decode every picture into it.

        Raises:
            DataError: no picture, a picture that cannot be read, a class without pictures, or no
                space for the cache.
            MissingExtraError: Pillow is not installed.
        """
        if not self.root:
            raise DataError("The data set 'folder' needs a folder; give it: --data FOLDER.")
        root = Path(self.root)
        if not root.is_dir():
            raise DataError(f"{root}: no such folder.")
        if self.resolution < 1:
            raise DataError(f"The resolution is {self.resolution} pixels; give at least 1.")
        pillow = require("PIL.Image")
        files = self.files()
        how = ["folder", self.resolution, self.splits, self.held_out]
        encoded = Encoded(
            source=io.digest([str(root.resolve()), *how]),
            content=io.digest([_listing_digest(files), *how, require("PIL").__version__]),
            labels=[file.name for file in files],
            splits=[file.split for file in files],
            load=lambda row: decode(pillow, files[row].path, self.resolution),
            where=lambda row: str(files[row].path),
        )
        return decoded(encoded, self.resolution, self.unreadable, self.cache, self.workers)

    def files(self) -> list[File]:
        """Return all picture files, sorted by split, class and name.

        Raises:
            DataError: there are none, or a class folder holds none.
        """
        root = Path(self.root)
        named = [split for split in SPLITS if (root / split).is_dir() and subfolders(root / split)]
        if class_root(root) == root and not named:
            found = list(_files(root, drawn_in_three))
        else:
            # A folder of loose pictures beside "train" is looked into, and named in an error.
            named = [split for split in SPLITS if (root / split).is_dir()]
            rule_of = rules(named, self.splits, self.held_out, str(root))
            found = [file for s, rule in rule_of.items() for file in _files(root / s, rule)]
            _refuse_untrained(root, named)
        if not found:
            raise DataError(f"{root}: holds no pictures; expected {root}/CLASS/picture.png.")
        return sorted(found)


def _files(base: Path, rule: Rule) -> Iterator[File]:
    """Yield the pictures of all class folders in a folder."""
    names = subfolders(base)
    if not names and any(path.suffix.lower() in SUFFIXES for path in base.iterdir()):
        raise DataError(
            f"{base}: holds pictures but no class folders. Move each picture into the folder of "
            f"its class: {base}/CLASS/picture.jpg (for ImageNet's validation pictures the "
            "development kit lists their classes)."
        )
    for name in names:
        empty = True
        with os.scandir(base / name) as entries:
            for entry in entries:
                if entry.name.lower().endswith(SUFFIXES) and entry.is_file():
                    empty = False
                    key, found = f"{name}/{entry.name}", entry.stat()
                    split = SPLITS.index(rule(key))
                    path = base / name / entry.name
                    yield File(split, name, key, path, found.st_size, found.st_mtime_ns)
        if empty:
            raise DataError(
                f"{base / name}: the class folder holds no pictures; fill or remove it."
            )


def _listing_digest(files: list[File]) -> str:
    state = hashlib.sha256()
    for file in files:
        line = f"{file.split}\0{file.path.parent.parent.name}\0{file.key}\0"
        state.update(os.fsencode(f"{line}{file.size}\0{file.modified}\n"))
    return state.hexdigest()


def _refuse_untrained(root: Path, named: list[str]) -> None:
    known = set(subfolders(root / "train"))
    for split in named:
        if strange := sorted(set(subfolders(root / split)) - known):
            raise DataError(
                f"{root / split / strange[0]}: the class has no folder in {root / 'train'}; "
                "add training pictures, or remove the folder."
            )
