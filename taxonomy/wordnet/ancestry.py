"""The ancestors of chosen synsets and their distances, from which every measure is computed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import IntArray
from taxonomy._core.errors import LabelError
from taxonomy.wordnet.strings import starts_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from taxonomy.wordnet.graph import NounGraph

# Temporary arrays of a block of rows stay below this many numbers, 32 MiB of float64.
_BLOCK_NUMBERS = 4 * 2**20


class SubsumedBlock(NamedTuple):
    """The pairs of a row block below one common subsumer.

    Attributes:
        subsumer: the common subsumer's place among the ancestors.
        cells: index of the pairs in the row block, from :func:`numpy.ix_`.
        rows: (r, 1) places among the (query, ancestor) pairs of the rows' synsets.
        columns: (1, c) places among the pairs of the columns' synsets.
    """

    subsumer: int
    cells: tuple[npt.NDArray[Any], ...]
    rows: IntArray
    columns: IntArray


@dataclass(frozen=True, eq=False)
class Ancestry:
    """All (query, ancestor) pairs of a sequence of query synsets, grouped by ancestor.

    A synset is its own ancestor at distance 0. Hypernyms and instance hypernyms count equally.

    Attributes:
        graph: the graph.
        nodes: (n,) the queries, in the order given, repetitions kept.
        ancestors: (m,) the union of the queries' ancestors, ascending.
        indptr: (m + 1,) where each ancestor's pairs start.
        queries: (pairs,) which query, 0 … n-1, ascending below each ancestor.
        distances: (pairs,) edges on the shortest way up from the query to the ancestor.
    """

    graph: NounGraph
    nodes: IntArray
    ancestors: IntArray
    indptr: IntArray
    queries: IntArray
    distances: npt.NDArray[np.int32]

    @classmethod
    def of(cls, graph: NounGraph, nodes: Sequence[int] | npt.NDArray[np.integer]) -> Ancestry:
        """Collect the ancestors of synsets.

        Raises:
            LabelError: a number is not that of a synset of the graph.
        """
        queries = np.asarray(nodes, dtype=np.int64).reshape(-1)
        outside = queries[(queries < 0) | (queries >= len(graph))]
        if len(outside):
            raise LabelError(f"No synset {outside[0]}; the graph's are 0 to {len(graph) - 1}.")
        keys, distances = _up_distances(graph, queries)
        ancestor_nodes, owners = keys // max(len(queries), 1), keys % max(len(queries), 1)
        ancestors, counts = np.unique(ancestor_nodes, return_counts=True)
        return cls(graph, queries, ancestors, starts_of(counts), owners, distances)

    @cached_property
    def min_depths(self) -> npt.NDArray[np.int32]:
        """(m,) edges on each ancestor's shortest way up to a root."""
        return self.graph.min_depths[self.ancestors]

    @cached_property
    def max_depths(self) -> npt.NDArray[np.int32]:
        """(m,) edges on each ancestor's longest way up to a root."""
        return self.graph.max_depths[self.ancestors]

    @cached_property
    def name_ranks(self) -> IntArray:
        """(m,) place of each ancestor in the order of synset names."""
        first = self.graph.member_indptr[self.ancestors]
        # Lemmas are numbered in the order of names, see NAME_INFIX.
        order = np.lexsort((self.graph.member_senses[first], self.graph.member_lemmas[first]))
        ranks = np.empty_like(order)
        ranks[order] = np.arange(len(order))
        return ranks

    @cached_property
    def self_places(self) -> IntArray:
        """(n,) place of each query among the ancestors."""
        return np.searchsorted(self.ancestors, self.nodes)

    @cached_property
    def link_distances(self) -> IntArray:
        """(pairs,) edges on the shortest path from query to ancestor, which may first go higher.

        With several hypernyms a detour over a common ancestor higher up can be shorter than the
        climb itself: the least sum of up-distances over all ancestors of the ancestor.
        """
        upper = Ancestry.of(self.graph, self.ancestors)
        # By query: each ancestor's own ancestors, which are the query's ancestors too.
        order = np.argsort(upper.queries, kind="stable")
        starts = starts_of(np.bincount(upper.queries, minlength=len(self.ancestors)))
        own_place = np.repeat(np.arange(len(self.ancestors)), np.diff(self.indptr))
        keys = own_place * len(self.nodes) + self.queries
        shortest = self.distances.astype(np.int64)
        for first in range(0, len(keys), _BLOCK_NUMBERS // 64):
            pairs = slice(first, first + _BLOCK_NUMBERS // 64)
            inner, counts = expand(starts, own_place[pairs])
            ups = order[inner]
            # upper.ancestors equals self.ancestors: a union of ancestors is closed upwards.
            tops = np.searchsorted(upper.indptr, ups, side="right") - 1
            wanted = tops * len(self.nodes) + np.repeat(self.queries[pairs], counts)
            sums = upper.distances[ups] + self.distances[np.searchsorted(keys, wanted)]
            shortest[pairs] = np.minimum.reduceat(sums, starts_of(counts)[:-1])
        return shortest

    def row_blocks(self) -> Iterator[slice]:
        """Yield slices of queries, so that a block of (rows, n) numbers stays small."""
        count = len(self.nodes)
        step = max(1, _BLOCK_NUMBERS // max(count, 1))
        for first in range(0, count, step):
            yield slice(first, min(first + step, count))

    def subsumed(self, rows: slice, order: IntArray) -> Iterator[SubsumedBlock]:
        """Yield for every ancestor, in the order given, the pairs of queries that it subsumes.

        A measure that overwrites the cells it gets, from the worst subsumer to the best, ends with
        the value of each pair's best one; no list of pairs is needed.

        Args:
            rows: the queries that are the pairs' first; the second runs over all.
            order: places among the ancestors.
        """
        for place in order.tolist():
            first, end = int(self.indptr[place]), int(self.indptr[place + 1])
            below = self.queries[first:end]
            low, high = np.searchsorted(below, (rows.start, rows.stop))
            if low == high:
                continue
            yield SubsumedBlock(
                place,
                np.ix_(below[low:high] - rows.start, below),
                np.arange(first + low, first + high)[:, None],
                np.arange(first, end)[None, :],
            )


def _up_distances(graph: NounGraph, queries: IntArray) -> tuple[IntArray, npt.NDArray[np.int32]]:
    """Return sorted keys ``ancestor * len(queries) + query`` and their shortest up-distances."""
    # A cycle would never end; computing depths raises on one.
    _ = graph.max_depths
    count = len(queries)
    keys = np.unique(queries * count + np.arange(count))
    levels = [keys]
    while len(keys):
        positions, counts = expand(graph.hypernym_indptr, keys // max(count, 1))
        parents = graph.hypernym_indices[positions].astype(np.int64)
        keys = np.unique(parents * count + np.repeat(keys % max(count, 1), counts))
        levels.append(keys)
    distances = np.repeat(np.arange(len(levels), dtype=np.int32), [len(level) for level in levels])
    # Levels come nearest first, and np.unique keeps the first of equals.
    unique, first = np.unique(np.concatenate(levels), return_index=True)
    return unique, distances[first]


def expand(indptr: IntArray, groups: IntArray) -> tuple[IntArray, IntArray]:
    """Return the positions of all members of the groups, one after the other, and the counts.

    >>> expand(np.array([0, 2, 2, 5]), np.array([2, 0]))
    (array([2, 3, 4, 0, 1]), array([3, 2]))
    """
    counts = indptr[groups + 1] - indptr[groups]
    starts = starts_of(counts)
    return np.arange(starts[-1]) + np.repeat(indptr[groups] - starts[:-1], counts), counts
