"""What studies count: every task's right answers by designer, from stored predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import DataError
from taxonomy.predictions import Predictions
from taxonomy.tasks import TaskList

if TYPE_CHECKING:
    from scipy import sparse


@dataclass(frozen=True, eq=False)
class Counts:
    """Right answers and pictures of every task, by the pictures' groups.

    Args:
        right: answers of the task's expert that are right, shape (tasks, groups), sparse.
        pictures: of the task's classes, likewise.
        groups: by name; where the data names none, every picture is a group of its own.
    """

    right: sparse.csr_array
    pictures: sparse.csr_array
    groups: tuple[str, ...]

    @property
    def accuracy(self) -> FloatArray:
        """Each task's accuracy, shape (tasks,), in [0, 1]; NaN where there is no picture."""
        return ratio(self.right.sum(axis=1), self.pictures.sum(axis=1))


def ratio(over: Any, under: Any) -> FloatArray:
    """Return quotients, NaN where the divisor is 0."""
    over, under = np.asarray(over, dtype=float), np.asarray(under, dtype=float)
    made: FloatArray = np.divide(over, under, out=np.full(over.shape, np.nan), where=under > 0)
    return made


def count(predictions: Predictions, tasks: TaskList) -> Counts:
    """Count the right answers of every task's expert by the groups of the pictures.

    By extraction's exactness an expert answers as the network does that is masked to its classes.

    Raises:
        DataError: the tasks are over other classes.

    >>> some = Predictions(["car", "cat", "dog"], [[2, 1, 0], [0, 1, 2], [0, 3, 2]], [0, 1, 1],
    ...                    "val", ["ann", "ann", "bob"])
    >>> from taxonomy.tasks import Task
    >>> found = count(some, TaskList([Task("pets", ("cat", "dog"))], some.ids))
    >>> found.right.toarray().tolist(), found.pictures.toarray().tolist(), found.groups
    ([[0.0, 1.0]], [[1.0, 1.0]], ('ann', 'bob'))
    """
    from scipy import sparse

    if tasks.ids != predictions.ids:
        raise DataError("The tasks are over other classes than the predictions.")
    names, group = _groups(predictions)
    rows_of = [np.flatnonzero(predictions.targets == c) for c in range(len(predictions.ids))]
    shape = (len(tasks), len(names))
    parts: list[tuple[IntArray, IntArray, FloatArray]] = []
    for i, member in enumerate(tasks.membership):
        columns = np.flatnonzero(member)
        rows = np.concatenate([rows_of[c] for c in columns])
        if len(rows):
            best = columns[predictions.logits[np.ix_(rows, columns)].argmax(axis=1)]
            right = (best == predictions.targets[rows]).astype(np.float64)
            parts.append((np.full(len(rows), i), group[rows], right))
    if not parts:
        raise DataError(f"The {predictions.split} split has no picture of any task's classes.")
    task, place, right = (np.concatenate(part) for part in zip(*parts, strict=True))
    return Counts(
        sparse.csr_array((right, (task, place)), shape=shape),
        sparse.csr_array((np.ones(len(task)), (task, place)), shape=shape),
        names,
    )


def _groups(predictions: Predictions) -> tuple[tuple[str, ...], IntArray]:
    """Return the names of the groups, and each picture's group as a number."""
    names, group = np.unique(predictions.groups, return_inverse=True)
    if len(names) > 1:
        return tuple(map(str, names)), group
    return tuple(map(str, range(len(predictions)))), np.arange(len(predictions))
