"""`Pictures`: a data set as arrays, in memory or mapped from a file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import IntArray
from taxonomy._core.errors import DataError
from taxonomy._core.folders import SPLITS

_LOOKED_AT = 64
"""Pictures of a class among which a typical one is chosen."""


class Selection:
    """Rows of a mapped array, read when they are asked for.

    Args:
        base: the array, or a selection of it.
        rows: numbers of its rows, shape (n,).

    >>> some = Selection(np.arange(8).reshape(4, 2), np.array([3, 0, 1]))
    >>> some.shape, some[1:].tolist(), some[np.array([0])].tolist()
    ((3, 2), [[0, 1], [2, 3]], [[6, 7]])
    """

    base: npt.NDArray[np.uint8]
    rows: IntArray

    def __init__(self, base: npt.NDArray[np.uint8] | Selection, rows: IntArray) -> None:
        if isinstance(base, Selection):
            self.base, self.rows = base.base, base.rows[rows]
        else:
            self.base, self.rows = base, rows
        self.dtype, self.ndim = self.base.dtype, self.base.ndim
        self.shape = (len(rows), *self.base.shape[1:])
        self.nbytes = math.prod(self.shape) * self.dtype.itemsize

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __getitem__(self, key: Any) -> npt.NDArray[np.uint8]:
        """Read rows: a number, a slice, or an array of numbers or truth values."""
        read: npt.NDArray[np.uint8] = self.base[self.rows[key]]
        return read

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read all rows into memory."""
        return self[:].astype(dtype or self.dtype, copy=False)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures with their classes, splits and groups.

    Pictures may be larger than memory: ``images`` may be a mapped file (`numpy.memmap`), which
    `part` and `restrict` pass on without reading it: as a view where the pictures are neighbours,
    as a split's are in all data sets of this package, else as a `Selection`.

    Args:
        images: uint8, shape (n, channels, side, side); three channels RGB, four RGBA.
        targets: index into ``classes``, shape (n,).
        classes: label ids, sorted.
        splits: index into `SPLITS`, shape (n,).
        groups: per picture its group (for icons, the designer), shape (n,).
        known_digest: the digest, where a cache has kept it; spares reading everything for it. No
            field: pictures made from these with other arrays have a digest of their own.

    Raises:
        DataError: shapes that do not agree, or targets out of range.
    """

    images: npt.NDArray[np.uint8] | Selection
    targets: IntArray
    classes: tuple[str, ...]
    splits: npt.NDArray[np.uint8]
    groups: npt.NDArray[np.str_]
    known_digest: InitVar[str] = ""

    def __post_init__(self, known_digest: str) -> None:
        if known_digest:
            self.__dict__["digest"] = known_digest
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

    def __repr__(self) -> str:
        """Return how many there are; their bytes would fill pages."""
        return f"Pictures({len(self):,} of {len(self.classes):,} classes)"

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

    def typical(self, classes: Iterable[str]) -> dict[str, npt.NDArray[np.uint8]]:
        """Return one picture of each class that has any, shape (side, side, 3), by label id.

        That is the picture nearest to the mean of the class's first 64 in the training split (in
        all, where there is no such split). Pictures with an alpha channel are put on white.

        Args:
            classes: label ids, of which the data may lack some.

        >>> from taxonomy.data import get_data
        >>> found = get_data("icons").typical(["cat", "no such class"])
        >>> {name: picture.shape for name, picture in found.items()}
        {'cat': (32, 32, 3)}
        """
        train = np.flatnonzero(self.splits == SPLITS.index("train"))
        rows = train if len(train) else np.arange(len(self))
        column = {name: i for i, name in enumerate(self.classes)}
        of_class = {
            name: rows[self.targets[rows] == column[name]] for name in classes if name in column
        }
        return {name: self._typical(some) for name, some in of_class.items() if len(some)}

    def _typical(self, rows: IntArray) -> npt.NDArray[np.uint8]:
        some = np.moveaxis(np.asarray(self.images[rows[:_LOOKED_AT]]), 1, -1).astype(np.float64)
        if some.shape[-1] == 4:
            some = 255 + (some[..., :3] - 255) * (some[..., 3:] / 255)
        distance = ((some - some.mean(axis=0)) ** 2).sum(axis=(1, 2, 3))
        nearest: npt.NDArray[np.uint8] = np.rint(some[int(distance.argmin())]).astype(np.uint8)
        return nearest

    def _rows(self, rows: IntArray) -> Pictures:
        neighbours = len(rows) > 0 and rows[-1] - rows[0] == len(rows) - 1
        chosen = slice(rows[0], rows[-1] + 1) if neighbours else rows
        mapped = isinstance(self.images, np.memmap | Selection)
        return Pictures(
            self.images[chosen] if neighbours or not mapped else Selection(self.images, rows),
            self.targets[chosen],
            self.classes,
            self.splits[chosen],
            self.groups[chosen],
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of classes and arrays."""
        arrays = io.array_digest(self.images, self.targets, self.splits)
        return io.digest([list(self.classes), arrays, self.groups.tolist()])
