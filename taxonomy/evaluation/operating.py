"""The operating curve: a classifier that stops at a node where it is not sure of a class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_array

POINTS = 1000
"""The most thresholds of a curve; between two of them lie equally many changes of an answer."""


@dataclass(frozen=True, eq=False)
class Steps:
    """Where answers change as the threshold rises, each from one node to a less specific one.

    Args:
        sample: of each change, shape (changes,).
        threshold: from which on the answer is the next one.
        information: that the change loses, in [0, 1].
        accuracy: that it gains: 1, 0, or -1.
    """

    sample: IntArray
    threshold: FloatArray
    information: FloatArray
    accuracy: FloatArray


class Stopping:
    """Finds what is answered at every threshold, block by block.

    The answer at a threshold is the most specific node whose classes' probabilities sum to more,
    the likelier of two that are equally specific. Being specific is measured by information: with n
    of N classes below it a node says 1 - log(n) / log(N), a class 1 and the root 0.

    Args:
        tree: of the classes.
        entries: the leaf of each class.
    """

    def __init__(self, tree: Hierarchy, entries: IntArray) -> None:
        self.order = np.argsort(entries)
        leaves = entries[self.order]
        start, stop = np.searchsorted(leaves, [np.arange(len(tree)), tree.stop])
        ranges = np.unique(np.stack([stop - start, start], axis=1), axis=0)
        ranges = ranges[ranges[:, 0] > 1]
        self._sizes = np.unique(ranges[:, 0])
        self._starts = [ranges[ranges[:, 0] == size, 1] for size in self._sizes]
        total = max(len(entries), 2)  # of a single class nothing can be said
        sizes = np.concatenate([[1], self._sizes])
        self._information = 1 - np.log(sizes) / np.log(total)

    def steps(self, probabilities: FloatArray, true: IntArray, rows: IntArray) -> Steps:
        """Return where the answers for some samples change.

        Args:
            probabilities: shape (samples, classes).
            true: the column of each sample's class.
            rows: the number of each sample.
        """
        sure, right = self._sure(probabilities[:, self.order], np.argsort(self.order)[true])
        best = np.maximum.accumulate(sure, axis=1)
        used = np.ones(sure.shape, dtype=bool)
        used[:, 1:] = sure[:, 1:] > best[:, :-1]
        sample, size = np.nonzero(used)
        follows = sample[1:] == sample[:-1]
        before, after = size[:-1][follows], size[1:][follows]
        sample = sample[:-1][follows]
        correct = right.astype(np.float64)
        return Steps(
            rows[sample],
            sure[sample, before],
            self._information[before] - self._information[after],
            correct[sample, after] - correct[sample, before],
        )

    def _sure(self, in_order: FloatArray, place: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return the likeliest node of every size: its probability, and whether it is right."""
        every = np.arange(len(in_order))
        sure = np.empty((len(in_order), len(self._sizes) + 1))
        right = np.empty(sure.shape, dtype=bool)
        best = in_order.argmax(axis=1)
        sure[:, 0], right[:, 0] = in_order[every, best], best == place
        sums = np.zeros((len(in_order), in_order.shape[1] + 1))
        np.cumsum(in_order, axis=1, out=sums[:, 1:])
        for i, (size, starts) in enumerate(zip(self._sizes, self._starts, strict=True), start=1):
            of_node = sums[:, starts + size] - sums[:, starts]
            best = of_node.argmax(axis=1)
            sure[:, i], start = of_node[every, best], starts[best]
            right[:, i] = (start <= place) & (place < start + size)
        if len(self._sizes):
            sure[:, -1] = 1  # the root's, whatever was lost in rounding
        return sure, right


class Curve:
    """Accuracy over information as the threshold rises from 0, where every answer is a class.

    Args:
        steps: of all samples.
        right: whether each sample's best class is right, shape (samples,).
    """

    def __init__(self, steps: list[Steps], right: BoolArray) -> None:
        from scipy.sparse import csr_array

        parts = ("sample", "threshold", "information", "accuracy")
        sample, threshold, lost, gained = (
            np.concatenate([getattr(step, part) for step in steps]) for part in parts
        )
        found = np.unique(threshold)
        if len(found) > POINTS:
            even = np.linspace(0, len(threshold) - 1, POINTS).astype(np.int64)
            found = np.unique(np.sort(threshold)[even])
        self.thresholds = np.concatenate([[0.0], found])
        self._right = right.astype(np.float64)
        # A change belongs to the first threshold of the curve that is not below its own.
        place = (np.searchsorted(found, threshold), sample)
        shape = (len(found), len(right))
        self._lost: csr_array = csr_array((lost, place), shape=shape)
        self._gained: csr_array = csr_array((gained, place), shape=shape)

    def points(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return information and accuracy at every threshold, shape (thresholds, resamples).

        Args:
            weights: how often each sample counts, shape (samples, resamples).
        """
        total = weights.sum(axis=0)
        start = np.vstack([np.ones_like(total), self._right @ weights / total])
        information, accuracy = (
            np.vstack([first, first + sign * np.cumsum(change @ weights, axis=0) / total])
            for first, sign, change in zip(start, (-1, 1), (self._lost, self._gained), strict=True)
        )
        return information, accuracy

    def areas(self, weights: FloatArray) -> FloatArray:
        """Return the area under accuracy over information, in [0, 1], shape (resamples,).

        By trapezia between the points, the last of which is the root: it says nothing, and is
        always right. 1 is best; who always says a class has (1 + accuracy) / 2.
        """
        information, accuracy = self.points(weights)
        one, none = np.ones((1, weights.shape[1])), np.zeros((1, weights.shape[1]))
        x, y = np.vstack([information, none]), np.vstack([accuracy, one])
        area: FloatArray = ((x[:-1] - x[1:]) * (y[1:] + y[:-1]) / 2).sum(axis=0)
        return area

    def table(self) -> pd.DataFrame:
        """Return the curve, one row a threshold: ``threshold information accuracy``."""
        import pandas as pd

        information, accuracy = self.points(np.ones((len(self._right), 1)))
        return pd.DataFrame(
            {
                "threshold": self.thresholds,
                "information": np.clip(information[:, 0], 0, 1),
                "accuracy": np.clip(accuracy[:, 0], 0, 1),
            }
        )
