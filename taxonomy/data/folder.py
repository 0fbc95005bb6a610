"""A folder of class folders, the layout of ImageNet: ``ROOT/CLASS/*`` or ``ROOT/train/CLASS/*``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._registry import require
from taxonomy.data._pictures import SPLITS, Pictures
from taxonomy.errors import DataError

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".webp")
SHARES = (0.7, 0.15)
"""Shares of training and validation where the folder itself has no splits; the rest is test."""


@dataclass(frozen=True)
class Data:
    """Pictures in class folders; the folder's name is the label id.

    With folders ``train``, ``val`` and ``test`` these are the splits; else each picture's split is
    drawn from a digest of its path, so that adding pictures moves no other one.

    Args:
        path: the folder.
        resolution: pictures are scaled to cover a square of this side and cropped in the centre.
    """

    path: str = ""
    resolution: int = 32

    def __call__(self) -> Pictures:
        """Decode every picture once.

        Raises:
            DataError: no picture, a picture that cannot be read, or a class without pictures.
            MissingExtraError: Pillow is not installed.
        """
        if not self.path:
            raise DataError("The data set 'folder' needs a path; give the folder: --data FOLDER.")
        root = Path(self.path)
        if not root.is_dir():
            raise DataError(f"{root}: no such folder.")
        pillow = require("PIL.Image")
        found = sorted(_find(root))
        classes = tuple(sorted({name for name, _, _ in found}))
        if not classes:
            raise DataError(f"{root}: holds no pictures; expected {root}/CLASS/picture.png.")
        _refuse_empty_classes(root, classes)
        images = np.empty((len(found), 3, self.resolution, self.resolution), dtype=np.uint8)
        for row, (_, path, _) in enumerate(found):
            images[row] = decode(pillow, path, self.resolution)
        return Pictures(
            images=images,
            targets=np.array([classes.index(name) for name, _, _ in found], dtype=np.int64),
            classes=classes,
            splits=np.array([SPLITS.index(split) for _, _, split in found], dtype=np.uint8),
            groups=np.full(len(found), ""),
        )


def decode(pillow: Any, path: Path, resolution: int) -> npt.NDArray[np.uint8]:
    """Return one picture as (3, resolution, resolution), transparent parts on white.

    Raises:
        DataError: the file is no readable picture.
    """
    try:
        with pillow.open(path) as opened:
            picture = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, pillow.DecompressionBombError) as error:
        raise DataError(
            f"{path}: not a readable picture ({error}). Replace or remove the file."
        ) from error
    white = pillow.new("RGBA", picture.size, "white")
    picture = pillow.alpha_composite(white, picture).convert("RGB")
    scale = resolution / min(picture.size)
    size = tuple(max(resolution, round(side * scale)) for side in picture.size)
    picture = picture.resize(size, pillow.Resampling.BILINEAR)
    left, top = ((side - resolution) // 2 for side in size)
    picture = picture.crop((left, top, left + resolution, top + resolution))
    return np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1)


def _find(root: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield class, path and split of every picture."""
    splits = [split for split in SPLITS if (root / split).is_dir()]
    if splits and "train" not in splits:
        raise DataError(f"{root}: has a folder {splits[0]!r} but no folder 'train'.")
    for base, split in [(root / split, split) for split in splits] or [(root, "")]:
        for path in base.glob("*/*"):
            name = path.parent.name
            if name.startswith("."):
                continue
            if path.suffix.lower() in SUFFIXES and path.is_file():
                yield name, path, split or _drawn(f"{name}/{path.name}")


def _drawn(key: str) -> str:
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") / 2**64
    if number < SHARES[0]:
        return "train"
    return "val" if number < sum(SHARES) else "test"


def _refuse_empty_classes(root: Path, classes: tuple[str, ...]) -> None:
    base = root / "train" if (root / "train").is_dir() else root
    for folder in sorted(base.iterdir()):
        if folder.is_dir() and not folder.name.startswith(".") and folder.name not in classes:
            raise DataError(f"{folder}: the class folder holds no pictures; fill or remove it.")
