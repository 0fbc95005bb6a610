"""`Pictures`: a data set held in memory as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from taxonomy import _io
from taxonomy.errors import DataError

SPLITS = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures with their classes.

    Args:
        images: uint8, shape (n, channels, side, side); three channels RGB, four RGBA.
        targets: index into ``classes``, shape (n,).
        classes: label ids, sorted.
        splits: index into `SPLITS`, shape (n,).
        groups: per picture its group (for icons, the designer), shape (n,).

    Raises:
        DataError: shapes that do not agree, or targets out of range.
    """

    images: npt.NDArray[np.uint8]
    targets: npt.NDArray[np.int64]
    classes: tuple[str, ...]
    splits: npt.NDArray[np.uint8]
    groups: npt.NDArray[np.str_]

    def __post_init__(self) -> None:
        """Check the arrays against each other."""
        n = len(self.images)
        if not len(self.targets) == len(self.splits) == len(self.groups) == n:
            raise DataError("Images, targets, splits and groups differ in number.")
        if n == 0:
            raise DataError("The data set holds no picture.")
        if self.images.ndim != 4 or self.images.shape[1] not in (3, 4):
            raise DataError(f"Images of shape {self.images.shape} are neither RGB nor RGBA.")
        if self.classes != tuple(sorted(self.classes)):
            raise DataError("The classes of a data set must be sorted by id.")
        if not 0 <= self.targets.min() <= self.targets.max() < len(self.classes):
            raise DataError("A target is no class of the data set.")

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.images)

    def part(self, split: str) -> Pictures:
        """Return one split.

        Raises:
            DataError: an unknown or empty split.
        """
        if split not in SPLITS:
            raise DataError(f"Unknown split {split!r}; choose from: {', '.join(SPLITS)}.")
        rows = np.flatnonzero(self.splits == SPLITS.index(split))
        if not len(rows):
            raise DataError(f"The data set has no pictures in its {split} split.")
        return self._rows(rows)

    def restrict(self, classes: tuple[str, ...]) -> Pictures:
        """Return the pictures of the given classes, which must be sorted and known."""
        columns = np.array([self.classes.index(name) for name in classes])
        rows = np.flatnonzero(np.isin(self.targets, columns))
        part = self._rows(rows)
        return Pictures(
            part.images, np.searchsorted(columns, part.targets), classes, part.splits, part.groups
        )

    def _rows(self, rows: npt.NDArray[np.int64]) -> Pictures:
        return Pictures(
            self.images[rows],
            self.targets[rows],
            self.classes,
            self.splits[rows],
            self.groups[rows],
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of classes and arrays."""
        arrays = _io.array_digest(self.images, self.targets, self.splits)
        return _io.digest([list(self.classes), arrays, self.groups.tolist()])
