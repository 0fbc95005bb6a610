"""Names for the inner nodes of any tree: asked of a model, read off WordNet, or the medoid's.

A *namer* maps nodes of a tree to names. `by_model` asks one request per batch of nodes and checks
every name; `by_hypernym` takes WordNet's lowest common hypernym; `by_medoid` always has an answer.
`name_nodes` puts the first name that any of them has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from taxonomy import _io
from taxonomy.errors import HierarchyError
from taxonomy.hierarchy import Hierarchy
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.question import Prompt, category
from taxonomy.llm.reply import Fields, phrase
from taxonomy.raw_tree import RawTree
from taxonomy.wordnet.ancestry import Ancestry
from taxonomy.wordnet.graph import NounGraph

Names = dict[int, str]
"""Names by node: the entries of a tree's inner nodes below the root."""

BATCH = 15
"""Nodes named by one request."""

SHOWN = 20
"""Most categories of a group, and of those beside it, that a request shows."""


def name_nodes(tree: Hierarchy, *namers: Mapping[int, str], keep: bool = False) -> Hierarchy:
    """Return the tree with named nodes.

    Args:
        tree: any tree; its digest changes, as names are part of it.
        namers: names by node; the first that has a node wins.
        keep: whether names that are there stay.

    Raises:
        HierarchyError: a name for something that is no inner node.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> name_nodes(tree, {2: "pets"}).to_text().splitlines()[2]
    '└── pets (2)'
    """
    inner = set(map(int, tree.nodes))
    for node in {node for names in namers for node in names}:
        if node not in inner:
            raise HierarchyError(
                f"Entry {node} is no inner node of the tree; only those get names."
            )
    chosen = [
        name if keep and name else next((names[i] for names in namers if names.get(i)), name)
        for i, name in enumerate(tree.name)
    ]
    raw = RawTree(
        parent=tree.parent.tolist(),
        leaf=list(tree.leaf),
        name=chosen,
        height=[] if tree.merge_height is None else tree.merge_height.tolist(),
        span=tree.span.tolist(),
    )
    return Hierarchy.from_raw(raw, tree.provenance)


def by_medoid(tree: Hierarchy, labels: LabelSet | None = None) -> Names:
    """Name every node below the root by its medoid and its size.

    The medoid is the class that meets the node's other classes lowest: with the fewest leaves below
    the nodes where they meet, in the mean; of several, the first by id.

    Args:
        tree: any tree.
        labels: for display names; ids where left out.

    >>> by_medoid(Hierarchy.from_nested([["owl", ["cat", "dog"]], "car"]))
    {2: 'cat and 2 more', 3: 'cat and 1 more'}
    """
    counts = tree.leaf_counts[tree.lowest_common_ancestors]
    names = {}
    for node in tree.nodes[1:]:
        inside = tree.positions(tree.clade(int(node)))
        mean = counts[np.ix_(inside, inside)].sum(axis=1)
        medoid = tree.leaves[inside[int(np.argmin(mean))]]
        shown = labels[medoid].name if labels is not None and medoid in labels else medoid
        more = len(inside) - 1
        names[int(node)] = f"{shown} and {more} more" if more else shown
    return names


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


def by_model(tree: Hierarchy, labels: LabelSet, asker: Asker, repeat: int = 0) -> Names:
    """Ask a model to name the nodes below the root, a batch of nodes a request.

    A name is one short line; only what is left out or malformed is asked for again. A name that a
    node beside also has is dropped for both, for a fall-back to tell them apart.

    Args:
        tree: over the labels.
        labels: what the classes are.
        asker: asks or reads.
        repeat: which independent answer.

    Returns:
        names by node; nodes without a usable answer have none.

    Raises:
        ServerError: a request failed for good; answers so far are stored.
        BudgetError: a ceiling would be passed.
    """
    nodes = [int(node) for node in tree.nodes[1:]]
    batches = [nodes[start : start + BATCH] for start in range(0, len(nodes), BATCH)]
    found: Names = {}
    for outcome in asker.ask([_prompt(tree, labels, batch) for batch in batches], repeat):
        found |= {int(item): name for item, name in outcome.values.items()}
    told = Counter((int(tree.parent[node]), name.casefold()) for node, name in found.items())
    return {
        node: name
        for node, name in found.items()
        if told[int(tree.parent[node]), name.casefold()] == 1
    }


def _prompt(tree: Hierarchy, labels: LabelSet, nodes: Sequence[int]) -> Prompt:
    def shown(classes: Sequence[str]) -> list[str]:
        return [category(labels[name])["name"] for name in classes[:SHOWN]]

    def entry(item: str) -> dict[str, Any]:
        inside = tree.clade(int(item))
        around = tree.clade(int(tree.parent[int(item)]))
        beside = [name for name in around if name not in set(inside)]
        return {"id": item, "categories": shown(inside), "beside": shown(beside)}

    def user(wanted: Sequence[str]) -> _io.Json:
        return {"groups": [entry(item) for item in wanted]}

    return Prompt("names", tuple(map(str, nodes)), user, Fields("names", phrase(60)))
