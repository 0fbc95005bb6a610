"""`Answers`: what a classifier said of samples whose classes are known, as places in a tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from taxonomy._core.arrays import Float32Array, FloatArray, IntArray
from taxonomy._core.errors import DataError, shown
from taxonomy.evaluation.hierarchical import class_entries
from taxonomy.predictions import Predictions, ranked
from taxonomy.trees.hierarchy import Hierarchy

Kind = Literal["logits", "probabilities"]

BLOCK = 1 << 18
"""Numbers that are worked on at a time; 2 MiB as float64, which stay in a processor's cache."""


@dataclass(frozen=True, eq=False)
class Scores:
    """A score of every sample for every class.

    Args:
        entries: the leaf of each column, an entry of the tree; in the order of the label ids.
        values: finite, shape (samples, classes).
        kind: ``logits``, of which the softmax is taken, or ``probabilities``, which are divided by
            their sum.
        true: the column of each sample's class, shape (samples,).
    """

    entries: IntArray
    values: Float32Array
    kind: Kind
    true: IntArray

    def blocks(self) -> Iterator[IntArray]:
        """Yield the rows of all samples, those of one class together, as many as fit a cache.

        The order within a class is that of the samples.
        """
        order = np.argsort(self.true, kind="stable")
        rows = max(1, BLOCK // len(self.entries))
        for start in range(0, len(order), rows):
            yield order[start : start + rows]

    def probabilities(self, rows: IntArray) -> FloatArray:
        """Return the probabilities of some samples, shape (rows, classes); each row sums to 1."""
        values = self.values[rows].astype(np.float64)
        if self.kind == "logits":
            values -= values.max(axis=1, keepdims=True)
            np.exp(values, out=values)
        values /= values.sum(axis=1, keepdims=True)
        return values

    def ranking(self, rows: IntArray, top: int) -> IntArray:
        """Return the ``top`` best classes of some samples as columns, the first among equals."""
        return ranked(self.values[rows], top)


@dataclass(frozen=True, eq=False)
class Answers:
    """What a classifier said of samples, and what they are, as entries of a tree.

    Args:
        tree: of the classes.
        true: the leaf of each sample, shape (samples,).
        best: the leaf or inner node that each sample was taken for, shape (samples,).
        scores: of all classes, where there are any; ``best`` is then the class with the best one.
        groups: the group of each sample; none where samples are not grouped.
        by: what the groups are, such as the name of a column.
        notes: what was taken for what in reading, one sentence each.
    """

    tree: Hierarchy
    true: IntArray
    best: IntArray
    scores: Scores | None = None
    groups: Sequence[str] = ()
    by: str = ""
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of samples."""
        return len(self.true)

    @classmethod
    def of_predictions(cls, predictions: Predictions, tree: Hierarchy) -> Answers:
        """Return a network's stored predictions as answers.

        Raises:
            LabelError: the tree lacks a class of the predictions.
        """
        groups = [str(group) for group in predictions.groups]
        own = class_entries(predictions, tree)
        scores = Scores(own, predictions.logits, "logits", predictions.targets)
        return cls.of_scores(tree, scores, groups if any(groups) else (), "group")

    @classmethod
    def of_scores(
        cls,
        tree: Hierarchy,
        scores: Scores,
        groups: Sequence[str] = (),
        by: str = "",
        notes: tuple[str, ...] = (),
    ) -> Answers:
        """Return the answers of a classifier that always says the class with the best score."""
        best = scores.entries[scores.values.argmax(axis=1)] if len(scores.true) else scores.true
        return cls(tree, scores.entries[scores.true], best, scores, groups, by, notes)

    @cached_property
    def class_count(self) -> int:
        """How many classes could be said; without scores, those of the tree."""
        return len(self.tree.leaves if self.scores is None else self.scores.entries)


def kind_of(values: Float32Array, given: str) -> tuple[Kind, str]:
    """Tell logits from probabilities; return in words by what, where it was not given.

    Args:
        values: shape (samples, classes).
        given: the kind; empty where the numbers are to tell.

    Raises:
        DataError: numbers that are not finite, negative probabilities, or numbers in [0, 1] that
            do not sum to 1, of which nobody can say what they are.

    >>> kind_of(np.array([[0.25, 0.75]], dtype=np.float32), "")
    ('probabilities', 'scores are in [0, 1] and sum to 1: read as probabilities')
    """
    least = most = 0.0
    sums = np.ones(len(values))
    for start in range(0, len(values), rows := max(1, BLOCK // max(values.shape[1], 1))):
        block = values[start : start + rows]
        if not np.isfinite(block).all():
            row, column = np.argwhere(~np.isfinite(block))[0]
            raise DataError(
                f"The score of sample {start + row + 1:,} in column {column + 1:,} is "
                f"{block[row, column]}, no finite number in 32 bits."
            )
        least, most = min(least, float(block.min())), max(most, float(block.max()))
        sums[start : start + rows] = block.sum(axis=1, dtype=np.float64)
    if given == "probabilities":
        if least < 0 or not sums.all():
            what = f"one is {shown(least)}" if least < 0 else "those of a sample are all 0"
            raise DataError(f'The scores are no probabilities: {what}; give `kind="logits"`.')
        return "probabilities", ""
    if given or least < 0 or most > 1 + _ROUNDED:
        return "logits", "" if given else "scores are read as logits (softmax)"
    if np.abs(sums - 1).max(initial=0) <= _ROUNDED:
        return "probabilities", "scores are in [0, 1] and sum to 1: read as probabilities"
    worst = int(np.abs(sums - 1).argmax())
    raise DataError(
        f"The scores are in [0, 1] but do not sum to 1 (sample {worst + 1:,}: {sums[worst]:.4g}). "
        'Say what they are: `kind="probabilities"`, divided by their sum then, or '
        '`kind="logits"`, for a softmax.'
    )


_ROUNDED = 0.01
"""How far sums of probabilities may be from 1 where they were rounded for a file."""
