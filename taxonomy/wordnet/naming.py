"""Names for the inner nodes of a tree, read off WordNet's hypernyms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from taxonomy.labels import LabelSet
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import Names
from taxonomy.wordnet.ancestry import Ancestry
from taxonomy.wordnet.graph import NounGraph


def by_hypernym(tree: Hierarchy, labels: LabelSet) -> Names:
    """Name nodes by WordNet's lowest common hypernym, where it says something.

    The lowest is the one farthest from the root by its longest way up. A node has no name if one of
    its classes has no wnid, if its hypernym is also that of the node above, or if it has the
    hypernym of a node beside it: such a name would not tell it apart.

    Raises:
        LabelError: a wnid that WordNet does not have, or a label that the set lacks.

    >>> from taxonomy.labels import get_labels
    >>> icons = get_labels("icons")
    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["apple", "pear"]])
    >>> by_hypernym(tree, icons)
    {1: 'edible fruit', 4: 'carnivore'}
    """
    graph = NounGraph.load()
    found = {int(node): _common(graph, labels, tree.clade(int(node))) for node in tree.nodes}
    told = Counter((int(tree.parent[node]), synset) for node, synset in found.items())
    return {
        node: graph.lemmas(synset)[0].replace("_", " ")
        for node, synset in found.items()
        if node
        and synset is not None
        and synset != found[int(tree.parent[node])]
        and told[int(tree.parent[node]), synset] == 1
    }


def _common(graph: NounGraph, labels: LabelSet, classes: Sequence[str]) -> int | None:
    """Return the lowest synset above or equal to all classes' synsets; None without one."""
    wnids = {labels[name].wnid for name in classes}
    if "" in wnids:
        return None
    ancestry = Ancestry.of(graph, [graph.index(wnid) for wnid in sorted(wnids)])
    common = ancestry.ancestors[np.diff(ancestry.indptr) == len(wnids)]
    if not len(common):
        return None
    return int(common[np.argmax(graph.max_depths[common])])
