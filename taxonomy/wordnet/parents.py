"""Choosing one hypernym for every synset, which makes a tree of WordNet's graph.

One noun synset in forty has several hypernyms, and so several ways up; a policy chooses among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.registry import lookup
from taxonomy.wordnet.ancestry import Ancestry

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

Parents = dict[int, int]
"""The chosen hypernym of every synset of the tree; -1 for a root."""


def parents(graph: NounGraph, nodes: Iterable[int], policy: str = "shortest") -> Parents:
    """Return the tree above synsets, ascending by synset.

    Args:
        graph: the noun graph.
        nodes: the synsets that the tree must hold; their order does not matter.
        policy: one of `POLICIES`.

    Raises:
        RegistryError: an unknown policy.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> dog, canine = graph.index("dog.n.01"), graph.index("canine.n.02")
    >>> [graph.name(parents(graph, [dog], policy)[dog]) for policy in POLICIES]
    ['domestic_animal.n.01', 'canine.n.02', 'canine.n.02', 'domestic_animal.n.01']
    >>> graph.name(parents(graph, [dog, canine], "least")[dog])
    'canine.n.02'
    """
    chosen = lookup("policy", POLICIES, policy)(graph, sorted(set(nodes)))
    return dict(sorted(chosen.items()))


def shortest(graph: NounGraph, nodes: list[int]) -> Parents:
    """Keep the hypernym nearest to the root, the first listed among equals."""
    return _climb(graph, nodes, lambda above: above[int(np.argmin(graph.min_depths[above]))])


def longest(graph: NounGraph, nodes: list[int]) -> Parents:
    """Keep the hypernym with the longest way up to the root, the first listed among equals."""
    return _climb(graph, nodes, lambda above: above[int(np.argmax(graph.max_depths[above]))])


def first(graph: NounGraph, nodes: list[int]) -> Parents:
    """Keep the hypernym that WordNet lists first."""
    return _climb(graph, nodes, lambda above: above[0])


def least(graph: NounGraph, nodes: list[int]) -> Parents:
    """Keep the way up that adds the fewest synsets to the tree.

    First all synsets with a single way up enter, then the others, those first that add least at
    the time (the rule of WordTree: Redmon & Farhadi 2017, "YOLO9000: Better, Faster, Stronger");
    of equals the lowest synset number, and of its ways the first listed. The smallest tree of all
    is a Steiner problem; this one is small, not proven smallest.
    """
    ancestry = Ancestry.of(graph, nodes)
    choices = np.repeat(
        np.diff(graph.hypernym_indptr)[ancestry.ancestors] > 1, np.diff(ancestry.indptr)
    )
    has_choice = np.bincount(ancestry.queries[choices], minlength=len(nodes)) > 0
    tree: Parents = {}
    for place in np.flatnonzero(~has_choice):
        _add(tree, _way_up(graph, nodes[place], tree))
    waiting = [nodes[place] for place in np.flatnonzero(has_choice)]
    most = 1
    while waiting:
        left = []
        for node in waiting:
            way = _way_up(graph, node, tree)
            if len(way) - (way[-1] in tree) <= most:
                _add(tree, way)
            else:
                left.append(node)
        # What entered may have brought others nearer, down to one step.
        most = most + 1 if len(left) == len(waiting) else 1
        waiting = left
    return tree


POLICIES: dict[str, Callable[[NounGraph, list[int]], Parents]] = {
    "shortest": shortest,
    "longest": longest,
    "first": first,
    "least": least,
}
"""How one of several hypernyms is chosen, by name."""


def _climb(graph: NounGraph, nodes: list[int], choose: Callable[[list[int]], int]) -> Parents:
    """Follow every synset's chosen hypernym up to the root."""
    tree: Parents = {}
    for node in nodes:
        at = node
        while at >= 0 and at not in tree:
            above = graph.hypernyms(at)
            tree[at] = choose(list(above)) if above else -1
            at = tree[at]
    return tree


def _way_up(graph: NounGraph, node: int, tree: Parents) -> list[int]:
    """Return the shortest way from a synset up to one in the tree, or to a root; both included."""
    came_from = {node: -1}
    for at in (queue := [node]):
        above = graph.hypernyms(at)
        if at in tree or not above:
            way = [at]
            while came_from[way[-1]] >= 0:
                way.append(came_from[way[-1]])
            return way[::-1]
        for hypernym in above:
            if hypernym not in came_from:
                came_from[hypernym] = at
                queue.append(hypernym)
    raise AssertionError("a graph without cycles ends at roots")


def _add(tree: Parents, way: list[int]) -> None:
    """Enter a way up that ends in the tree or at a root."""
    for node, above in zip(way, [*way[1:], -1], strict=True):
        tree.setdefault(node, above)
