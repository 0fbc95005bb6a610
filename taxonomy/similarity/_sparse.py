"""`SparseSimilarity`: similarities of neighbours only, for tens of thousands of classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import SimilarityError
from taxonomy._core.npz import numbers_in, provenance_in, texts_in, whole_in
from taxonomy._core.spelling import counted
from taxonomy.labels import check_classes
from taxonomy.similarity._value import DenseSimilarity, Similarity


class SparseSimilarity(Similarity):
    """A symmetric similarity whose pairs are 0 but for those listed, label ids in sorted order.

    It stands for the whole matrix with zeros, which `dense` makes; nothing makes it by accident:
    what needs all pairs refuses it. `taxonomy.clustering.levels.dendrogram` takes it as it is.

    Args:
        ids: label ids.
        first: positions in ``ids`` of one label of every listed pair.
        second: positions of the other; no label is listed with itself, and no pair twice.
        similarities: in [0, 1], one a pair.
        provenance: what made it.

    Attributes:
        first: (p,) positions in the sorted ids, ascending.
        second: (p,) positions above those of ``first``, ascending for equal ones.
        similarities: (p,) one a pair.

    Raises:
        SimilarityError: a pair or a number is not what the above says; the message names the pair.

    >>> s = SparseSimilarity(["cat", "dog", "car"], [0], [1], [0.9])
    >>> s.between("dog", "cat"), s.between("cat", "car")
    (0.9, 0.0)
    """

    has_all_pairs = False
    ARRAYS = ("first", "second", "similarities")

    def __init__(
        self,
        ids: Iterable[str],
        first: npt.ArrayLike,
        second: npt.ArrayLike,
        similarities: npt.ArrayLike,
        provenance: Mapping[str, io.Json] | None = None,
    ) -> None:
        given = list(ids)
        self.ids = check_classes(given, given)
        one, other = (np.asarray(x, dtype=np.int64).reshape(-1) for x in (first, second))
        numbers = np.asarray(similarities, dtype=np.float64).reshape(-1)
        _check_pairs(given, one, other, numbers)
        rank = np.empty(len(given), dtype=np.int64)
        rank[np.argsort(np.array(given, dtype=object), kind="stable")] = np.arange(len(given))
        one, other = rank[one], rank[other]
        low, high = np.minimum(one, other), np.maximum(one, other)
        order = np.lexsort((high, low))
        self.first: IntArray = low[order]
        self.second: IntArray = high[order]
        self.similarities: FloatArray = numbers[order]
        same = np.flatnonzero((np.diff(self.first) == 0) & (np.diff(self.second) == 0))
        if len(same):
            pair = self.ids[self.first[same[0]]], self.ids[self.second[same[0]]]
            raise SimilarityError(f"The pair of {pair[0]!r} and {pair[1]!r} is listed twice.")
        for array in (self.first, self.second, self.similarities):
            array.setflags(write=False)
        self._record(provenance)

    def __repr__(self) -> str:
        """Show the size and the maker."""
        maker = self.provenance.get("made_by", "unknown")
        return (
            f"SparseSimilarity({counted(len(self), 'label')}, "
            f"{counted(len(self.first), 'pair')}, by {maker})"
        )

    def all_pairs(self) -> DenseSimilarity:
        """Refuse: only neighbours are known.

        Raises:
            SimilarityError: always; `dense` fills in zeros.
        """
        raise SimilarityError(
            f"Of these {len(self)} classes only {len(self.first)} pairs of neighbours have a "
            "similarity, and this needs all pairs. Build the whole dendrogram (the builder "
            "'cluster' with `levels=auto` and average, complete, single or weighted linkage), "
            "score all pairs of fewer classes, or take dense(), in which all other pairs are 0."
        )

    def dense(self) -> DenseSimilarity:
        """Return the whole matrix, zeros where no pair is listed: n x n numbers."""
        matrix = np.eye(len(self))
        matrix[self.first, self.second] = self.similarities
        matrix[self.second, self.first] = self.similarities
        return DenseSimilarity(self.ids, matrix, self.provenance)

    def between(self, one: str, other: str) -> float:
        """Return the similarity of two labels, in [0, 1]; 0 where the pair is not listed."""
        i, j = (self.ids.index(check_classes([name], self.ids)[0]) for name in (one, other))
        if i == j:
            return 1.0
        start, stop = np.searchsorted(self.first, [min(i, j), min(i, j) + 1])
        found = start + int(np.searchsorted(self.second[start:stop], max(i, j)))
        listed = found < stop and self.second[found] == max(i, j)
        return float(self.similarities[found]) if listed else 0.0

    def restrict(self, classes: Iterable[str]) -> SparseSimilarity:
        """Return the similarities among the given label ids only."""
        chosen = check_classes(classes, self.ids)
        rank = np.full(len(self), -1)
        rank[np.isin(np.array(self.ids, dtype=object), np.array(chosen, dtype=object))] = np.arange(
            len(chosen)
        )
        one, other = rank[self.first], rank[self.second]
        kept = (one >= 0) & (other >= 0)
        numbers = self.similarities[kept]
        return SparseSimilarity(chosen, one[kept], other[kept], numbers, self.provenance)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, Any]) -> Self:
        """Return what a file's arrays hold."""
        first, second = (whole_in(arrays, name) for name in cls.ARRAYS[:2])
        numbers = numbers_in(arrays, "similarities", 1)
        return cls(texts_in(arrays, "ids"), first, second, numbers, provenance_in(arrays))


def _check_pairs(ids: list[str], first: IntArray, second: IntArray, numbers: FloatArray) -> None:
    if not len(first) == len(second) == len(numbers):
        raise SimilarityError(
            f"{len(first)} and {len(second)} positions and {len(numbers)} similarities were "
            "given; give one of each for every pair."
        )
    outside = (np.minimum(first, second) < 0) | (np.maximum(first, second) >= len(ids))
    if outside.any():
        raise SimilarityError(
            f"Pair {int(np.argmax(outside))} holds a position outside 0 to {len(ids) - 1}."
        )
    if (fault := first == second).any():
        name = ids[first[int(np.argmax(fault))]]
        raise SimilarityError(f"{name!r} is listed with itself; list pairs of two labels.")
    # NaN is not within either.
    if (fault := ~((numbers >= 0) & (numbers <= 1))).any():
        k = int(np.argmax(fault))
        raise SimilarityError(
            f"The similarity of {ids[first[k]]!r} and {ids[second[k]]!r} is {numbers[k]}, "
            "outside [0, 1]; map it into [0, 1] first."
        )
