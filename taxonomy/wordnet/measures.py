"""Similarity measures between noun synsets, all pairs at once.

Each takes a graph and n synset numbers and returns a float64 array of shape (n, n), rows and
columns in the order given, repetitions allowed. A pair without a common subsumer, which nltk
answers with None, scores 0; WordNet 3.0's nouns have one root and thus no such pair.

``path``, ``lch`` and both kinds of ``wup`` need the graph alone; ``res``, ``jcn`` and ``lin`` need
an information content of `taxonomy.wordnet.information` too. All equal nltk's but ``wup``, which
is Wu and Palmer's own; nltk's is ``wup-nltk``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.registry import lookup
from taxonomy.wordnet.ancestry import Ancestry
from taxonomy.wordnet.information import UNSEEN, Content

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

Nodes = Sequence[int] | npt.NDArray[np.integer]

UNCONNECTED = np.iinfo(np.int32).max // 2
"""A number of edges that no path has; the sum of two still fits its type."""

# What one synset of depth counts for in a `lowness`: more than any two paths have edges.
_DEPTH = 2**32


def path(graph: NounGraph, nodes: Nodes) -> FloatArray:
    """Return the path similarity: 1 / (1 + edges on the shortest path between two synsets).

    The path goes up from both to any common ancestor, not only to the lowest. Range (0, 1],
    1 for a synset with itself; symmetric. After the edge counting of Rada, Mili, Bicknell &
    Blettner (1989), "Development and application of a metric on semantic nets".

    Args:
        graph: the noun graph.
        nodes: n synset numbers.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index(name) for name in ("dog.n.01", "cat.n.01", "teapot.n.01")]
    >>> path(graph, nodes).round(4).tolist()
    [[1.0, 0.2, 0.0833], [0.2, 1.0, 0.0588], [0.0833, 0.0588, 1.0]]
    """
    return path_of(_edges(graph, nodes))


def lch(graph: NounGraph, nodes: Nodes) -> FloatArray:
    """Return the Leacock-Chodorow similarity: -log((edges between + 1) / (2 d)).

    d is the longest way of any synset up to its root, in edges (19 in WordNet 3.0), as nltk
    counts it. At most log(2 d), 3.64 there, the value of a synset with itself; symmetric.
    After Leacock & Chodorow (1998), "Combining local context and WordNet similarity".

    Args:
        graph: the noun graph.
        nodes: n synset numbers.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> lch(graph, [graph.index("dog.n.01"), graph.index("cat.n.01")])[0].round(4).tolist()
    [3.6376, 2.0281]
    """
    return lch_of(_edges(graph, nodes), graph)


def _edges(graph: NounGraph, nodes: Nodes) -> npt.NDArray[np.int32]:
    """Return the edges on the shortest path of every pair, `UNCONNECTED` where there is none."""
    ancestry = Ancestry.of(graph, nodes)
    count = len(ancestry.nodes)
    ups = ancestry.distances
    any_order = np.arange(len(ancestry.ancestors))
    shortest = np.full((count, count), UNCONNECTED, np.int32)
    for rows in ancestry.row_blocks():
        view = shortest[rows]
        for block in ancestry.subsumed(rows, any_order):
            lengths = ups[block.rows] + ups[block.columns]
            view[block.cells] = np.minimum(view[block.cells], lengths)
    return shortest


def wup(graph: NounGraph, nodes: Nodes) -> FloatArray:
    """Return the Wu-Palmer similarity: 2 d / (l₁ + l₂ + 2 d).

    d is the depth of the lowest common subsumer, in synsets on the longest way from the root (the
    root's is 1), and l₁, l₂ are the edges from it to the two. Lowest is the one of greatest d, of
    equals the one with the fewest edges. Range (0, 1]; 1 for a synset with itself, and only there;
    symmetric. Wu & Palmer (1994), "Verb semantics and lexical selection"; the values are those of
    the Python package ``wn``.

    Args:
        graph: the noun graph.
        nodes: n synset numbers.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index(name) for name in ("dog.n.01", "cat.n.01", "person.n.01")]
    >>> wup(graph, nodes).round(4).tolist()
    [[1.0, 0.8571, 0.75], [0.8571, 1.0, 0.5714], [0.75, 0.5714, 1.0]]
    """
    ancestry = Ancestry.of(graph, nodes)
    count = len(ancestry.nodes)
    lowest = np.zeros((count, count), np.int64)
    ups, depths = ancestry.link_distances, ancestry.max_depths.astype(np.int64) + 1
    any_order = np.arange(len(ancestry.ancestors))
    for rows in ancestry.row_blocks():
        view = lowest[rows]
        for block in ancestry.subsumed(rows, any_order):
            here = lowness(depths[block.subsumer], ups[block.rows] + ups[block.columns])
            view[block.cells] = np.maximum(view[block.cells], here)
    return wup_of(lowest)


def wup_nltk(graph: NounGraph, nodes: Nodes) -> FloatArray:
    """Return the Wu-Palmer similarity as nltk's ``wup_similarity`` computes it, quirks included.

    - The *lowest* common subsumer is the one with the longest shortest way to the root; of equals
      the row's own synset is taken, else the first by name. Its depth, however, is the *longest*
      way.
    - A synset whose hypernym has the longer shortest way (person.n.01: organism.n.01) thus has that
      hypernym as its lowest common subsumer with itself, and scores below 1 with itself;
    - and by the tie rule a score may depend on which of the two synsets comes first.

    Range (0, 1]. Trees made before the two were told apart, such as icons/wordnet, name it ``wup``.

    Args:
        graph: the noun graph.
        nodes: n synset numbers.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index(name) for name in ("dog.n.01", "cat.n.01", "person.n.01")]
    >>> wup_nltk(graph, nodes).round(4).tolist()
    [[0.9286, 0.8571, 0.75], [0.8571, 1.0, 0.5714], [0.75, 0.5714, 0.8571]]
    """
    ancestry = Ancestry.of(graph, nodes)
    count = len(ancestry.nodes)
    scores = np.zeros((count, count))
    lengths = ancestry.link_distances
    depths = ancestry.max_depths.astype(np.int64) + 1
    worst_to_best = np.lexsort((-ancestry.name_ranks, ancestry.min_depths))
    for rows in ancestry.row_blocks():
        view = scores[rows]
        for block in ancestry.subsumed(rows, worst_to_best):
            view[block.cells] = wup_nltk_of(
                depths[block.subsumer], lengths[block.rows], lengths[block.columns]
            )
    for query, place in _queries_that_subsume(ancestry):
        below = slice(ancestry.indptr[place], ancestry.indptr[place + 1])
        scores[query, ancestry.queries[below]] = wup_nltk_of(depths[place], 0, lengths[below])
    return scores


def res(graph: NounGraph, nodes: Nodes, content: Content) -> FloatArray:
    """Return the Resnik similarity: the content of the most informative common subsumer.

    From 0, where only the root is common, to the largest content of a synset; symmetric. Resnik
    (1995), "Using information content to evaluate semantic similarity in a taxonomy". With Brown
    counts, two synsets below one that the corpus never uses score nltk's 1e300.

    Args:
        graph: the noun graph.
        nodes: n synset numbers.
        content: one number a synset of the graph, growing downwards, from
            `taxonomy.wordnet.information`.

    >>> from taxonomy.wordnet import NounGraph, information
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index(name) for name in ("dog.n.01", "cat.n.01", "cup.n.01")]
    >>> res(graph, nodes, information.brown(graph)).round(2).tolist()
    [[8.79, 7.71, 1.52], [7.71, 9.18, 1.52], [1.52, 1.52, 10.77]]
    """
    ancestry = Ancestry.of(graph, nodes)
    count = len(ancestry.nodes)
    scores = np.zeros((count, count))
    inner = content[ancestry.ancestors]
    worst_to_best = np.argsort(inner, kind="stable")
    for rows in ancestry.row_blocks():
        view = scores[rows]
        for block in ancestry.subsumed(rows, worst_to_best):
            view[block.cells] = inner[block.subsumer]
    return scores


def jcn(graph: NounGraph, nodes: Nodes, content: Content) -> FloatArray:
    """Return the Jiang-Conrath similarity: 1 / (c₁ + c₂ - 2 r), r being the Resnik similarity.

    From 0 to nltk's 1e300, which stands for infinity: a synset with itself, and two of equal
    content as their subsumer. A root, whose content is 0, scores 0 with all others, as in nltk.
    Symmetric. Jiang & Conrath (1997), "Semantic similarity based on corpus statistics and lexical
    taxonomy".

    Args:
        graph: the noun graph.
        nodes: n synset numbers.
        content: as for `res`.

    >>> from taxonomy.wordnet import NounGraph, information
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index("dog.n.01"), graph.index("cat.n.01")]
    >>> float(jcn(graph, nodes, information.brown(graph))[0, 1].round(4))
    0.3942
    """
    scores = jcn_of(*_contents(graph, nodes, content))
    scores[np.equal.outer(nodes, nodes)] = UNSEEN
    return scores


def lin(graph: NounGraph, nodes: Nodes, content: Content) -> FloatArray:
    """Return the Lin similarity: 2 r / (c₁ + c₂), r being the Resnik similarity.

    Range [0, 1]; symmetric. A root with itself, where nltk divides by zero, scores 1. Lin (1998),
    "An information-theoretic definition of similarity".

    Args:
        graph: the noun graph.
        nodes: n synset numbers.
        content: as for `res`.

    >>> from taxonomy.wordnet import NounGraph, information
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index("dog.n.01"), graph.index("cat.n.01")]
    >>> float(lin(graph, nodes, information.brown(graph))[0, 1].round(4))
    0.8588
    """
    return lin_of(*_contents(graph, nodes, content))


MEASURES: dict[str, Callable[[NounGraph, Nodes], FloatArray]] = {
    "path": path,
    "lch": lch,
    "wup": wup,
    "wup-nltk": wup_nltk,
}
"""The measures that need the graph alone, by name."""

BY_CONTENT: dict[str, Callable[[NounGraph, Nodes, Content], FloatArray]] = {
    "res": res,
    "jcn": jcn,
    "lin": lin,
}
"""The measures that need an information content, by name."""


def score(
    measure: str, graph: NounGraph, nodes: Nodes, content: Content | None = None
) -> FloatArray:
    """Return a measure of all pairs by its name.

    Args:
        measure: one of `MEASURES` or `BY_CONTENT`.
        graph: the noun graph.
        nodes: n synset numbers.
        content: needed by the latter, from `taxonomy.wordnet.information`.

    Raises:
        RegistryError: an unknown measure.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> score("path", graph, [graph.index("dog.n.01"), graph.index("cat.n.01")])[0].tolist()
    [1.0, 0.2]
    """
    if measure in MEASURES or content is None:
        return lookup("measure", MEASURES, measure)(graph, nodes)
    return lookup("measure", BY_CONTENT, measure)(graph, nodes, content)


def path_of(edges: npt.NDArray[np.int32]) -> FloatArray:
    """Return `path` for numbers of edges, 0 for `UNCONNECTED`."""
    scores = np.zeros(edges.shape)
    np.divide(1.0, edges + 1.0, out=scores, where=edges < UNCONNECTED)
    return scores


def lch_of(edges: npt.NDArray[np.int32], graph: NounGraph) -> FloatArray:
    """Return `lch` for numbers of edges, 0 for `UNCONNECTED`."""
    scores = np.zeros(edges.shape)
    deepest = max(1, int(graph.max_depths.max()))
    np.log((edges + 1) / (2.0 * deepest), out=scores, where=edges < UNCONNECTED)
    return -scores + 0.0


def lowness(depth: IntArray | np.int64, edges: IntArray) -> IntArray:
    """Return what is greatest for the lowest common subsumer that `wup` takes.

    Args:
        depth: a subsumer's, in synsets.
        edges: from it to both synsets together.
    """
    result: IntArray = depth * _DEPTH - edges
    return result


def wup_of(lowest: IntArray) -> FloatArray:
    """Return `wup` for the greatest `lowness` of a pair, 0 for 0, which says that there is none."""
    depth = -(-lowest // _DEPTH)
    scores = np.zeros(lowest.shape)
    np.divide(2.0 * depth, 2 * depth + (depth * _DEPTH - lowest), out=scores, where=lowest > 0)
    return scores


def wup_nltk_of(depth: IntArray | np.int64, first: IntArray | int, second: IntArray) -> FloatArray:
    """Return `wup_nltk` for a subsumer's depth in synsets and the edges from it to both synsets."""
    result: FloatArray = (2.0 * depth) / ((first + depth) + (second + depth))
    return result


def jcn_of(common: FloatArray, one: FloatArray, other: FloatArray) -> FloatArray:
    """Return `jcn` of two different synsets for their `res` and their own contents."""
    apart = (one + other) - 2 * common
    scores = np.full(apart.shape, UNSEEN)
    np.divide(1.0, apart, out=scores, where=apart != 0)
    scores[(one == 0) | (other == 0)] = 0
    return scores


def lin_of(common: FloatArray, one: FloatArray, other: FloatArray) -> FloatArray:
    """Return `lin` for the two synsets' `res` and their own contents."""
    total = one + other
    scores = np.ones(total.shape)
    np.divide(2.0 * common, total, out=scores, where=total != 0)
    return scores


def _contents(graph: NounGraph, nodes: Nodes, content: Content) -> tuple[FloatArray, ...]:
    """Return all pairs' `res`, and the contents of rows (n, 1) and columns (1, n)."""
    common = res(graph, nodes, content)
    own = content[np.asarray(nodes, dtype=np.int64)]
    return common, own[:, None], own[None, :]


def _queries_that_subsume(ancestry: Ancestry) -> list[tuple[int, int]]:
    """Return (query, place) of the queries that are a lowest common subsumer of all below them.

    What a synset and one below it have in common are the synset's own ancestors, so it is lowest
    if and only if none of them has a longer shortest way to the root than it has itself.
    """
    longest = np.zeros(len(ancestry.nodes), dtype=np.int32)
    counts = np.diff(ancestry.indptr)
    np.maximum.at(longest, ancestry.queries, np.repeat(ancestry.min_depths, counts))
    own = ancestry.min_depths[ancestry.self_places]
    queries = np.flatnonzero(own == longest)
    return list(zip(queries.tolist(), ancestry.self_places[queries].tolist(), strict=True))
