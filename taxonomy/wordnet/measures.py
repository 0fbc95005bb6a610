"""Similarity measures between noun synsets, all pairs at once, equal to nltk's.

Each takes a graph and n synset numbers and returns a float64 array of shape (n, n), rows and
columns in the order given, repetitions allowed. A pair without a common subsumer, which nltk
answers with None, scores 0; WordNet 3.0's nouns have one root and thus no such pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from taxonomy.wordnet.ancestry import Ancestry

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

Nodes = Sequence[int] | npt.NDArray[np.integer]
Scores = npt.NDArray[np.float64]


def path(graph: NounGraph, nodes: Nodes) -> Scores:
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
    ancestry = Ancestry.of(graph, nodes)
    count = len(ancestry.nodes)
    scores = np.zeros((count, count))
    ups = ancestry.distances
    any_order = np.arange(len(ancestry.ancestors))
    for rows in ancestry.row_blocks():
        # Half the type's range: the sum of two climbs always fits.
        shortest = np.full((rows.stop - rows.start, count), np.iinfo(np.int32).max // 2, np.int32)
        for block in ancestry.subsumed(rows, any_order):
            lengths = ups[block.rows] + ups[block.columns]
            shortest[block.cells] = np.minimum(shortest[block.cells], lengths)
        connected = shortest < np.iinfo(np.int32).max // 2
        np.divide(1.0, shortest + 1.0, out=scores[rows], where=connected)
    return scores


def wup(graph: NounGraph, nodes: Nodes) -> Scores:
    """Return the Wu-Palmer similarity: 2 d / (l₁ + l₂ + 2 d).

    d is the depth of the lowest common subsumer, in synsets from the root (the root's is 1), and
    l₁, l₂ are the edges from it to the two. Range (0, 1]. After Wu & Palmer (1994), "Verb
    semantics and lexical selection", as nltk's ``wup_similarity`` computes it, with its quirks:

    - the *lowest* common subsumer is the one with the longest shortest way to the root; of equals
      the row's own synset is taken, else the first by name. Its d, however, is the *longest* way.
    - l₁ and l₂ are shortest paths, which with several hypernyms may climb above the subsumer.
    - so a synset whose hypernym has the longer shortest way (person.n.01: organism.n.01) has that
      hypernym as its lowest common subsumer with itself, and scores below 1 with itself;
    - and by the tie rule a score may depend on which of the two synsets comes first.

    Args:
        graph: the noun graph.
        nodes: n synset numbers.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> nodes = [graph.index(name) for name in ("dog.n.01", "cat.n.01", "person.n.01")]
    >>> wup(graph, nodes).round(4).tolist()
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
            view[block.cells] = _wu_palmer(
                depths[block.subsumer], lengths[block.rows], lengths[block.columns]
            )
    for query, place in _queries_that_subsume(ancestry):
        below = slice(ancestry.indptr[place], ancestry.indptr[place + 1])
        scores[query, ancestry.queries[below]] = _wu_palmer(depths[place], 0, lengths[below])
    return scores


def _wu_palmer(
    depth: np.int64, first: npt.NDArray[np.int64] | int, second: npt.NDArray[np.int64]
) -> Scores:
    result: Scores = (2.0 * depth) / ((first + depth) + (second + depth))
    return result


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
