"""Names for the inner nodes of a tree, read off WordNet's hypernyms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from taxonomy.labels import LabelSet
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import Names
from taxonomy.wordnet.ancestry import Ancestry
from taxonomy.wordnet.graph import NounGraph
from taxonomy.wordnet.information import seco

SAYS_LITTLE = 0.1
"""Intrinsic information content up to which a synset names nothing: entity, physical entity,
abstraction, object, whole. Living thing has 0.13, artifact 0.18."""

MOST_CLASSES = 2 / 3
"""Share of a node's classes that a synset must be above to name it."""

MORE, ENOUGH = 0.2, 0.25
"""How much more than the common hypernym, and how much at least, a synset must say that is not
above all classes. Matter has 0.22, food 0.35."""


class _Word(NamedTuple):
    """A synset that names a node, and how many of its classes it is not above."""

    synset: int
    others: int


def by_hypernym(tree: Hierarchy, labels: LabelSet) -> Names:
    """Name nodes by WordNet's lowest common hypernym, where it says something.

    The lowest is the one farthest from the root by its longest way up. Where it says nothing, as
    *physical entity* and *whole*, or where a much more telling synset is above two thirds of
    the classes, that one names the node and the others are counted: *vehicle and 1 other*. How much
    a synset says is its intrinsic information content (`taxonomy.wordnet.information.seco`).

    Classes without a wnid count as others. A node has no name if that of the node above is the
    same, or if a node beside it has the same synset: such a name would not tell it apart.

    Raises:
        LabelError: a wnid that WordNet does not have, or a label that the set lacks.

    >>> from taxonomy.labels import get_labels
    >>> icons = get_labels("icons")
    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["apple", "pear"]])
    >>> by_hypernym(tree, icons)
    {1: 'edible fruit', 4: 'carnivore'}
    >>> mixed = Hierarchy.from_nested([["car", "bus", "bicycle", "moon"], "apple"])
    >>> by_hypernym(mixed, icons)
    {2: 'conveyance and 1 other'}
    """
    graph = NounGraph.load()
    found: dict[int, _Word] = {}
    for node in tree.nodes[1:]:
        if (word := _word(graph, labels, tree.clade(int(node)))) is not None:
            found[int(node)] = word
    beside: defaultdict[tuple[int, int], list[_Word]] = defaultdict(list)
    for node, word in found.items():
        beside[int(tree.parent[node]), word.synset].append(word)
    names: Names = {}
    for node, word in found.items():
        parent = int(tree.parent[node])
        if word != found.get(parent) and _tells_apart(word, beside[parent, word.synset]):
            names[node] = _text(graph, word)
    return names


def _tells_apart(word: _Word, alike: Sequence[_Word]) -> bool:
    """Return whether no other node beside has a word's synset, or only in part."""
    return len(alike) == 1 or (not word.others and sum(not w.others for w in alike) == 1)


def _text(graph: NounGraph, word: _Word) -> str:
    name = graph.lemmas(word.synset)[0].replace("_", " ")
    if not word.others:
        return name
    return f"{name} and {word.others} other{'s' * (word.others > 1)}"


def _word(graph: NounGraph, labels: LabelSet, classes: Sequence[str]) -> _Word | None:
    """Return the synset that names a group of classes; None where none does."""
    nodes = [graph.index(labels[name].wnid) for name in classes if labels[name].wnid]
    if not nodes:
        return None
    ancestry = Ancestry.of(graph, nodes)
    above, content = np.diff(ancestry.indptr), seco(graph)[ancestry.ancestors]
    best: tuple[float, int] | None = None
    common = np.flatnonzero(above == len(classes))
    if len(common):
        lowest = int(common[np.argmax(ancestry.max_depths[common])])
        if content[lowest] > SAYS_LITTLE:
            best = float(content[lowest]), lowest
    least = max(best[0] + MORE, ENOUGH) if best else ENOUGH
    telling = np.flatnonzero((content >= least) & (above >= max(2, MOST_CLASSES * len(classes))))
    if len(telling):
        # Above the most classes, then the lowest, then the first by id.
        order = np.lexsort((-ancestry.max_depths[telling], -above[telling]))
        best = 0.0, int(telling[order[0]])
    if best is None:
        return None
    return _Word(int(ancestry.ancestors[best[1]]), len(classes) - int(above[best[1]]))
