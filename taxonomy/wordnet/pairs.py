"""Measures for listed pairs and for every synset's nearest neighbours, without all pairs.

All pairs of WordNet's 82,115 nouns would be 27 GB of numbers. Their nearest neighbours are found
without them: what is near to a synset is near to one of its ancestors.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import FloatArray, IntArray, WordArray, splitmix64
from taxonomy._core.registry import lookup
from taxonomy.wordnet import measures
from taxonomy.wordnet.ancestry import Ancestry, expand
from taxonomy.wordnet.information import UNSEEN, Content
from taxonomy.wordnet.measures import Nodes
from taxonomy.wordnet.strings import starts_of

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph


WUP = ("wup", "wup-nltk")
"""The measures that take the one lowest common subsumer of a pair."""

# Temporary arrays stay at a few times this many numbers.
_BLOCK_NUMBERS = 2**22


class Pairs(NamedTuple):
    """Unordered pairs of queries.

    Attributes:
        first: (p,) places among the queries, ascending.
        second: (p,) places above those of ``first``, ascending for equal ones.
    """

    first: IntArray
    second: IntArray


def score_pairs(
    measure: str,
    graph: NounGraph,
    nodes: Nodes,
    pairs: tuple[IntArray, IntArray],
    content: Content | None = None,
) -> FloatArray:
    """Return the native value of a measure for listed pairs, equal to that for all pairs.

    Args:
        measure: one of `measures.MEASURES` or `measures.BY_CONTENT`.
        graph: the noun graph.
        nodes: n synset numbers.
        pairs: two arrays of p places among the nodes; the first is what is a row for all pairs.
        content: information content, for the measures that need it.

    Returns:
        shape (p,).

    Raises:
        RegistryError: an unknown measure.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index(name) for name in ("dog.n.01", "cat.n.01", "teapot.n.01")]
    >>> score_pairs("wup", graph, nodes, (np.array([0, 0]), np.array([1, 2]))).round(4).tolist()
    [0.8571, 0.4211]
    """
    _check(measure, content)
    climbs = _Climbs(Ancestry.of(graph, nodes))
    scores = np.zeros(len(pairs[0]))
    step = _BLOCK_NUMBERS // 32
    for start in range(0, len(scores), step):
        part = slice(start, start + step)
        scores[part] = _scores(measure, climbs, pairs[0][part], pairs[1][part], content)
    return scores


def nearest(
    measure: str,
    graph: NounGraph,
    nodes: Nodes,
    count: int,
    content: Content | None = None,
) -> Pairs:
    """Return the pairs in which one synset is among the other's nearest.

    For a given common subsumer every measure falls with the other synset's distance from it, or
    with its content. So only the ``count`` members of each ancestor that are nearest to it can be
    among a synset's nearest, and of those from all its ancestors the best are kept. Which of
    equally near ones are kept goes by a fixed hash of both synsets, not by the order or the ids:
    a spread-out sample of them.

    Exact but for both kinds of ``wup``, in a few of whose pairs the lowest common subsumer is not
    the one through which they score highest.

    Args:
        measure: as for `score_pairs`.
        graph: the noun graph.
        nodes: n synset numbers.
        count: how many neighbours a synset has, at least 1.
        content: information content, for the measures that need it.

    Raises:
        RegistryError: an unknown measure.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index(name) for name in ("dog.n.01", "cat.n.01", "cup.n.01", "mug.n.04")]
    >>> nearest("path", graph, nodes, 1)
    Pairs(first=array([0, 2]), second=array([1, 3]))
    """
    _check(measure, content)
    ancestry = Ancestry.of(graph, nodes)
    n = len(ancestry.nodes)
    found = [np.zeros(0, dtype=np.int64)]
    buckets = _Buckets(_Climbs(ancestry), measure, count, content)
    for first, second in buckets.candidates():
        keys = np.minimum(first, second) * n + np.maximum(first, second)
        found.append(np.unique(keys))
    keys = np.unique(np.concatenate(found))
    return Pairs(keys // max(n, 1), keys % max(n, 1))


def _check(measure: str, content: Content | None) -> None:
    """Check that there is such a measure and, if it needs one, an information content."""
    if measure in measures.MEASURES or content is None:
        lookup("measure", measures.MEASURES, measure)
    else:
        lookup("measure", measures.BY_CONTENT, measure)


@dataclass(frozen=True, eq=False)
class _Climbs:
    """An ancestry's (query, ancestor) pairs, in the order of queries.

    ``by_query`` lists them; those of query q are from ``starts[q]`` to ``starts[q + 1]``.
    """

    ancestry: Ancestry

    @cached_property
    def by_query(self) -> IntArray:
        return np.argsort(self.ancestry.queries, kind="stable")

    @cached_property
    def starts(self) -> IntArray:
        return starts_of(np.bincount(self.ancestry.queries, minlength=len(self.ancestry.nodes)))

    @cached_property
    def own(self) -> IntArray:
        """Each pair's ancestor, as its place among all."""
        counts = np.diff(self.ancestry.indptr)
        return np.repeat(np.arange(len(counts)), counts)

    @cached_property
    def keys(self) -> IntArray:
        """Ascending numbers of all pairs, by which one is found."""
        return self.own * len(self.ancestry.nodes) + self.ancestry.queries

    def common(self, first: IntArray, second: IntArray) -> tuple[IntArray, IntArray, IntArray]:
        """Return, by listed pair, both ways up to each common subsumer.

        Returns:
            the places of the listed pairs, ascending, and for each the first's and the second's
            (query, ancestor) pair.
        """
        inner, counts = expand(self.starts, first)
        ups = self.by_query[inner]
        wanted = self.own[ups] * len(self.ancestry.nodes) + np.repeat(second, counts)
        found = np.minimum(np.searchsorted(self.keys, wanted), len(self.keys) - 1)
        hits = self.keys[found] == wanted
        return np.repeat(np.arange(len(first)), counts)[hits], ups[hits], found[hits]


def _scores(
    measure: str, climbs: _Climbs, first: IntArray, second: IntArray, content: Content | None
) -> FloatArray:
    ancestry = climbs.ancestry
    owner, up, other_up = climbs.common(first, second)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    pairs = owner[starts]
    if measure in ("path", "lch"):
        edges = np.full(len(first), measures.UNCONNECTED, dtype=np.int32)
        lengths = ancestry.distances[up] + ancestry.distances[other_up]
        edges[pairs] = np.minimum.reduceat(lengths, starts) if len(starts) else 0
        if measure == "path":
            return measures.path_of(edges)
        return measures.lch_of(edges, ancestry.graph)
    if measure == "wup":
        ways = ancestry.link_distances
        depths = ancestry.max_depths[climbs.own[up]].astype(np.int64) + 1
        lowest = np.zeros(len(first), dtype=np.int64)
        if len(starts):
            each = measures.lowness(depths, ways[up] + ways[other_up])
            lowest[pairs] = np.maximum.reduceat(each, starts)
        return measures.wup_of(lowest)
    if measure == "wup-nltk":
        best = _lowest_common_subsumers(climbs, owner, up, first)
        scores = np.zeros(len(first))
        scores[pairs] = measures.wup_nltk_of(
            ancestry.max_depths[climbs.own[up[best]]].astype(np.int64) + 1,
            ancestry.link_distances[up[best]],
            ancestry.link_distances[other_up[best]],
        )
        return scores
    assert content is not None
    common = np.zeros(len(first))
    if len(starts):
        common[pairs] = np.maximum.reduceat(content[ancestry.ancestors[climbs.own[up]]], starts)
    if measure == "res":
        return common
    one, other = content[ancestry.nodes[first]], content[ancestry.nodes[second]]
    if measure == "lin":
        return measures.lin_of(common, one, other)
    scores = measures.jcn_of(common, one, other)
    scores[ancestry.nodes[first] == ancestry.nodes[second]] = UNSEEN
    return scores


def _lowest_common_subsumers(
    climbs: _Climbs, owner: IntArray, up: IntArray, first: IntArray
) -> npt.NDArray[np.intp]:
    """Return which common subsumer of each pair `measures.wup_nltk` takes."""
    ancestry = climbs.ancestry
    places = climbs.own[up]
    is_first = ancestry.ancestors[places] == ancestry.nodes[first[owner]]
    order = np.lexsort((-ancestry.name_ranks[places], is_first, ancestry.min_depths[places], owner))
    return order[np.flatnonzero(np.diff(owner[order], append=-1))]


@dataclass(frozen=True, eq=False)
class _Buckets:
    """The members of every ancestor, nearest first, from which neighbours are drawn.

    A synset takes its ancestor's nearest members up to the ``count``-th; of those that tie for the
    last places it takes a run that begins somewhere else for every synset.
    """

    climbs: _Climbs
    measure: str
    count: int
    content: Content | None

    @cached_property
    def away(self) -> FloatArray:
        """By (query, ancestor) pair, what makes the query a worse neighbour below the ancestor."""
        ancestry = self.climbs.ancestry
        if self.measure in WUP:
            return ancestry.link_distances.astype(np.float64)
        if self.measure in measures.MEASURES or self.content is None:
            return ancestry.distances.astype(np.float64)
        if self.measure == "res":
            return np.zeros(len(ancestry.queries))
        return self.content[ancestry.nodes[ancestry.queries]]

    @cached_property
    def hashes(self) -> WordArray:
        return splitmix64(self.climbs.ancestry.nodes.astype(np.uint64))

    @cached_property
    def members(self) -> IntArray:
        """(Query, ancestor) pairs by ancestor and nearness, equals by hash."""
        ancestry = self.climbs.ancestry
        salted = splitmix64(self.hashes[ancestry.queries] ^ self.climbs.own.astype(np.uint64))
        return np.lexsort((ancestry.queries, salted, self.away, self.climbs.own))

    @cached_property
    def ties(self) -> tuple[IntArray, IntArray]:
        """By ancestor: the first and the last but one place, in ``members``, that tie for last."""
        indptr = self.climbs.ancestry.indptr
        last = np.minimum(indptr[:-1] + self.count, indptr[1:] - 1)
        values = self.away[self.members]
        new = np.diff(values, prepend=-np.inf) != 0
        new[indptr[:-1]] = True
        runs = np.append(np.flatnonzero(new), len(values))
        run = np.searchsorted(runs, last, side="right") - 1
        return runs[run], runs[run + 1]

    @cached_property
    def preference(self) -> IntArray:
        """By ancestor, its place in the order in which ``wup-nltk`` prefers common subsumers."""
        ancestry = self.climbs.ancestry
        order = np.lexsort((-ancestry.name_ranks, ancestry.min_depths))
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        return places

    @cached_property
    def widths(self) -> IntArray:
        """By ancestor, how many of its members a synset takes."""
        ancestry = self.climbs.ancestry
        widths = np.minimum(np.diff(ancestry.indptr), self.count + 1)
        if self.measure == "wup-nltk":
            # One that a hypernym of its own is preferred to is never nltk's common subsumer.
            upper = Ancestry.of(ancestry.graph, ancestry.ancestors)
            best = np.zeros(len(widths), dtype=np.int64)
            above = np.repeat(self.preference, np.diff(upper.indptr))
            np.maximum.at(best, upper.queries, above)
            widths[best > self.preference] = 0
        return widths

    def candidates(self) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield queries and their nearest, block by block."""
        drawn = starts_of(self.widths[self.climbs.own[self.climbs.by_query]])
        before = drawn[self.climbs.starts]  # candidates of all queries before each
        start, n = 0, len(self.climbs.ancestry.nodes)
        while start < n:
            fits = int(np.searchsorted(before, before[start] + _BLOCK_NUMBERS))
            end = min(max(start + 1, fits), n)
            yield self._best(np.arange(start, end))
            start = end

    def _best(self, queries: IntArray) -> tuple[IntArray, IntArray]:
        """Return the best candidates from all ancestors of some queries."""
        indptr = self.climbs.ancestry.indptr
        inner, counts = expand(self.climbs.starts, queries)
        ups = self.climbs.by_query[inner]
        places = self.climbs.own[ups]
        widths = self.widths[places]
        low, high = (edge[places] for edge in self.ties)
        owners = np.repeat(queries, counts)
        salted = splitmix64(self.hashes[owners] + places.astype(np.uint64))
        turn = (salted % (high - low).astype(np.uint64)).astype(np.int64)

        pair = np.repeat(np.arange(len(ups)), widths)
        offset = np.arange(len(pair)) - np.repeat(starts_of(widths)[:-1], widths)
        at = indptr[places][pair] + offset
        tied = at >= low[pair]
        turned = low[pair] + (at - low[pair] + turn[pair]) % (high - low)[pair]
        others = self.members[np.where(tied, turned, at)]
        first, second = owners[pair], self.climbs.ancestry.queries[others]
        apart = first != second
        first, second, up, other_up = first[apart], second[apart], ups[pair[apart]], others[apart]
        near = self._nearness(up, other_up)

        key = first * len(self.climbs.ancestry.nodes) + second
        best = self._rank(up, other_up) if self.measure in WUP else near
        order = np.lexsort((best, key))
        kept = order[np.flatnonzero(np.diff(key[order], append=-1))]
        return self._first(first[kept], second[kept], near[kept])

    def _first(
        self, first: IntArray, second: IntArray, near: FloatArray
    ) -> tuple[IntArray, IntArray]:
        """Return each first's nearest seconds, equals by hash."""
        order = np.lexsort(
            (second, splitmix64(self.hashes[first] + self.hashes[second]), -near, first)
        )
        first, second = first[order], second[order]
        new = np.diff(first, prepend=-1) != 0
        begin = np.flatnonzero(new)[np.cumsum(new) - 1]
        kept = np.arange(len(first)) - begin < self.count
        return first[kept], second[kept]

    def _rank(self, up: IntArray, other_up: IntArray) -> IntArray:
        """Return what is greatest for the common subsumer that a pair has by either ``wup``."""
        places = self.climbs.own[up]
        if self.measure == "wup-nltk":
            return self.preference[places]
        ways = self.climbs.ancestry.link_distances
        depths = self.climbs.ancestry.max_depths[places].astype(np.int64) + 1
        return measures.lowness(depths, ways[up] + ways[other_up])

    def _nearness(self, up: IntArray, other_up: IntArray) -> FloatArray:
        """Return what orders pairs as the measure does, by their common subsumer."""
        ancestry = self.climbs.ancestry
        if self.measure in WUP:
            depth = ancestry.max_depths[self.climbs.own[up]].astype(np.int64) + 1
            ways = ancestry.link_distances
            return measures.wup_nltk_of(depth, ways[up], ways[other_up])
        if self.measure in measures.MEASURES or self.content is None:
            return -(ancestry.distances[up] + ancestry.distances[other_up]).astype(np.float64)
        common = self.content[ancestry.ancestors[self.climbs.own[up]]]
        if self.measure == "res":
            return common
        one, other = (self.content[ancestry.nodes[ancestry.queries[u]]] for u in (up, other_up))
        if self.measure == "lin":
            return measures.lin_of(common, one, other)
        return 2 * common - (one + other)
