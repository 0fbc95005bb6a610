"""A trained network's predictions and class features, as arrays.

`Predictions` are its logits on one split, stored once; every later score reads them.
`ClassFeatures` are the mean features of each class.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array, FloatArray, IntArray
from taxonomy._core.errors import DataError, FileFormatError, naming
from taxonomy._core.npz import numbers_in, provenance_in, text_in, texts_in, whole_in
from taxonomy._core.recorded import Recorded
from taxonomy._core.spelling import counted
from taxonomy.labels import check_classes
from taxonomy.tasks import TaskList


class Predictions(Recorded):
    """A network's logits on the pictures of one split, with the true classes.

    Args:
        ids: label ids in the order of the columns, sorted.
        logits: float32, shape (pictures, classes).
        targets: column of each picture's true class, shape (pictures,).
        split: ``train``, ``val`` or ``test``.
        groups: per picture its group (for icons, the designer), shape (pictures,).
        provenance: digests of network and data, and what made it.

    Raises:
        DataError: shapes that do not agree, NaN logits, or targets out of range.
    """

    def __init__(
        self,
        ids: Iterable[str],
        logits: npt.ArrayLike,
        targets: npt.ArrayLike,
        split: str,
        groups: npt.ArrayLike | None = None,
        provenance: Mapping[str, io.Json] | None = None,
    ) -> None:
        self.ids = tuple(ids)
        with np.errstate(over="ignore"):  # what is too large is infinite, and refused below
            self.logits: Float32Array = np.asarray(logits, dtype=np.float32)
        self.targets: IntArray = np.asarray(targets, dtype=np.int64)
        self.split = split
        given = np.asarray([""] * len(self.targets) if groups is None else groups)
        self.groups = given if given.size else np.array([], dtype=str)
        self._record(provenance)
        if check_classes(self.ids, self.ids) != self.ids:
            raise DataError("The columns of predictions must be sorted by label id.")
        if self.logits.shape != (len(self.targets), len(self.ids)):
            raise DataError(
                f"Logits of shape {self.logits.shape} do not fit {len(self.targets)} targets and "
                f"{counted(len(self.ids), 'class')}."
            )
        if not np.isfinite(self.logits).all():
            raise DataError("The logits hold NaN or infinity; the network has diverged.")
        if len(self.targets) and not 0 <= self.targets.min() <= self.targets.max() < len(self.ids):
            raise DataError("A target is no column of the logits.")
        if len(self.groups) != len(self.targets):
            raise DataError("Groups and targets differ in number.")
        for array in (self.logits, self.targets, self.groups):
            array.setflags(write=False)

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.targets)

    def __repr__(self) -> str:
        """Show size and split."""
        return (
            f"Predictions({counted(len(self), 'picture')}, "
            f"{counted(len(self.ids), 'class')}, {self.split})"
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of ids, logits, targets and groups."""
        arrays = io.array_digest(self.logits, self.targets)
        return io.digest([list(self.ids), arrays, self.split, self.groups.tolist()])

    def accuracy(self, classes: Iterable[str] | None = None, top: int = 1) -> float:
        """Return the top-k accuracy, in [0, 1]; of some classes only, if these are given.

        Restricting a network to the classes is what a user without experts would do (masking),
        and it raises accuracy by itself. Among equal logits the first column wins.

        Raises:
            LabelError: an unknown class.
            DataError: there is no picture of these classes.
        """
        part = self if classes is None else self.restrict(classes)
        place = part.targets[:, None]
        own = np.take_along_axis(part.logits, place, 1)
        ahead = (part.logits > own) | ((part.logits == own) & (np.arange(len(part.ids)) < place))
        return float((ahead.sum(1) < top).mean())

    def restrict(self, classes: Iterable[str]) -> Predictions:
        """Return the pictures and logits of the given classes only: the network masked to them.

        By extraction's exactness these are also the predictions of the classes' expert.

        Raises:
            LabelError: an unknown class.
            DataError: there is no picture of these classes.

        >>> whole = Predictions(["car", "cat", "dog"], [[2, 1, 0], [0, 1, 2]], [0, 1], "val")
        >>> whole.restrict(["cat", "dog"]).logits.tolist()
        [[1.0, 2.0]]
        """
        chosen = check_classes(classes, self.ids)
        columns = np.searchsorted(np.array(self.ids, dtype=object), np.array(chosen, dtype=object))
        rows = np.flatnonzero(np.isin(self.targets, columns))
        if not len(rows):
            raise DataError(f"The {self.split} split has no picture of the classes asked for.")
        return Predictions(
            chosen,
            self.logits[np.ix_(rows, columns)],
            np.searchsorted(columns, self.targets[rows]),
            self.split,
            self.groups[rows],
            {**self.provenance, "restricted_from": self.digest},
        )

    def ranking(self, top: int = 1) -> IntArray:
        """Return each picture's ``top`` best classes as columns, best first, shape (pictures, top).

        Among equal logits the first column comes first.

        Raises:
            DataError: ``top`` is not between 1 and the number of classes.

        >>> Predictions(["car", "cat", "dog"], [[1, 3, 3]], [0], "val").ranking(2).tolist()
        [[1, 2]]
        """
        if not 1 <= top <= len(self.ids):
            raise DataError(
                f"The best {top} of {counted(len(self.ids), 'class')} cannot be ranked."
            )
        return ranked(self.logits, top)

    def task_accuracies(self, tasks: TaskList) -> FloatArray:
        """Return the masked top-1 accuracy of every task, shape (tasks,), in [0, 1].

        By extraction's exactness this is also the accuracy of each task's expert. NaN where no
        picture of the task's classes is in the split.

        Raises:
            DataError: the tasks are over other classes.
        """
        if tasks.ids != self.ids:
            raise DataError("The tasks are over other classes than the predictions.")
        rows_of = [np.flatnonzero(self.targets == c) for c in range(len(self.ids))]
        accuracies = np.full(len(tasks), np.nan)
        for i, member in enumerate(tasks.membership):
            columns = np.flatnonzero(member)
            rows = np.concatenate([rows_of[c] for c in columns])
            if len(rows):
                best = columns[self.logits[np.ix_(rows, columns)].argmax(1)]
                accuracies[i] = (best == self.targets[rows]).mean()
        return accuracies

    def save(self, path: Path | str) -> None:
        """Write everything atomically as an npz without pickles."""
        io.save_npz(
            path,
            {
                "ids": np.array(self.ids),
                "logits": self.logits,
                "targets": self.targets,
                "groups": self.groups,
                "split": np.array(self.split),
                "provenance": np.array(io.canonical_json(dict(self.provenance))),
            },
        )

    @classmethod
    def load(cls, path: Path | str) -> Predictions:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing or damaged.
        """
        arrays = io.load_npz(path, "ids", "logits", "targets", "groups", "split", "provenance")
        with naming(path, FileFormatError):
            are_texts = arrays["groups"].dtype.kind == "U"
            read_groups: Callable[..., Any] = texts_in if are_texts else whole_in
            return cls(
                texts_in(arrays, "ids"),
                numbers_in(arrays, "logits", 2),
                whole_in(arrays, "targets"),
                text_in(arrays, "split"),
                read_groups(arrays, "groups"),
                provenance_in(arrays),
            )


def ranked(values: Float32Array, top: int) -> IntArray:
    """Return the ``top`` largest numbers of each row as columns, the first column among equals.

    Args:
        values: finite, shape (rows, columns).
        top: from 1 to the number of columns.
    """
    if top == 1:
        first: IntArray = values.argmax(axis=1)[:, None]
        return first
    # One whole number for value and column: the bits of a float order like whole numbers once
    # those of negative ones are turned round (adding 0 makes -0 the 0 that it equals).
    bits = (values + np.float32(0)).view(np.int32)
    ascending = np.where(bits < 0, bits ^ np.int32(0x7FFFFFFF), bits).astype(np.int64)
    keys = (-ascending << 32) | np.arange(values.shape[1])
    if top < values.shape[1]:
        keys = np.partition(keys, top - 1, axis=1)[:, :top]
    return np.sort(keys, axis=1) & 0xFFFFFFFF


class ClassFeatures(Recorded):
    """The mean features of each class's pictures and, for flat networks, its head's weights.

    Args:
        ids: label ids in the order of the rows, sorted.
        means: the mean, over a class's pictures, of the averaged map that all classes read; shape
            (classes, channels); zeros for a class without a picture.
        counts: pictures of each class, shape (classes,).
        split: ``train``, ``val`` or ``test``: where the pictures are from.
        weights: the heads' weights, shape (classes, channels), where all heads read one map, as a
            flat network's do.
        provenance: digests of network and data, and what made it.

    Raises:
        DataError: shapes that do not agree, or numbers that are not finite.

    >>> features = ClassFeatures(["cat", "dog"], [[1, 0], [0, 1]], [3, 4], "val")
    >>> features.means.shape, features.weights is None
    ((2, 2), True)
    """

    def __init__(
        self,
        ids: Iterable[str],
        means: npt.ArrayLike,
        counts: npt.ArrayLike,
        split: str,
        weights: npt.ArrayLike | None = None,
        provenance: Mapping[str, io.Json] | None = None,
    ) -> None:
        self.ids = tuple(ids)
        self.means: FloatArray = np.asarray(means, dtype=np.float64)
        self.counts: IntArray = np.asarray(counts, dtype=np.int64)
        self.split = split
        self.weights: FloatArray | None = (
            None if weights is None else np.asarray(weights, dtype=np.float64)
        )
        self._record(provenance)
        if check_classes(self.ids, self.ids) != self.ids:
            raise DataError("The rows of class features must be sorted by label id.")
        for what, array in (("means", self.means), ("weights", self.weights)):
            if array is None:
                continue
            if array.ndim != 2 or len(array) != len(self.ids):
                raise DataError(
                    f"The {what} have shape {array.shape}; a row for each of "
                    f"{counted(len(self.ids), 'class')} is needed."
                )
            if not np.isfinite(array).all():
                raise DataError(f"The {what} hold NaN or infinity; the network has diverged.")
        if self.counts.shape != (len(self.ids),):
            raise DataError(
                f"{counted(self.counts.size, 'count')} for {counted(len(self.ids), 'class')}."
            )

    def __str__(self) -> str:
        """Say in one line what there is."""
        weights = "no weights, as heads read different maps" if self.weights is None else "weights"
        return (
            f"mean features of {counted(len(self.ids), 'class')} over "
            f"{counted(int(self.counts.sum()), 'picture')} "
            f"({self.split}), {self.means.shape[1]} channels; {weights}"
        )

    @cached_property
    def digest(self) -> str:
        """The sha256 of ids, arrays and split."""
        arrays = [self.means, self.counts]
        arrays += [] if self.weights is None else [self.weights]
        return io.digest([list(self.ids), io.array_digest(*arrays), self.split])

    def save(self, path: Path | str) -> None:
        """Write everything atomically as an npz without pickles."""
        arrays = {
            "ids": np.array(self.ids),
            "means": self.means,
            "counts": self.counts,
            "split": np.array(self.split),
            "provenance": np.array(io.canonical_json(dict(self.provenance))),
        }
        io.save_npz(path, arrays | ({} if self.weights is None else {"weights": self.weights}))

    @classmethod
    def load(cls, path: Path | str) -> ClassFeatures:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing or damaged.
        """
        arrays = io.load_npz(path, "ids", "means", "counts", "split", "provenance")
        with naming(path, FileFormatError):
            return cls(
                texts_in(arrays, "ids"),
                numbers_in(arrays, "means", 2),
                whole_in(arrays, "counts"),
                text_in(arrays, "split"),
                numbers_in(arrays, "weights", 2) if "weights" in arrays else None,
                provenance_in(arrays),
            )
