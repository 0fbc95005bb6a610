"""Names for the inner nodes of any tree.

A *namer* maps nodes of a tree to names. `by_medoid` always has an answer;
`taxonomy.wordnet.naming.by_hypernym` takes WordNet's lowest common hypernym and
`taxonomy.llm.naming.by_model` asks a model. `name_nodes` puts the first name that any of them has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from taxonomy._core.checked import check_kind
from taxonomy._core.errors import HierarchyError
from taxonomy.labels import LabelSet, class_names
from taxonomy.trees.hierarchy import Hierarchy

Names = dict[int, str]
"""Names by node: the entries of a tree's inner nodes below the root."""


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
    check_kind(tree, Hierarchy, "the tree", HierarchyError)
    inner = set(map(int, tree.nodes))
    for node in {node for names in namers for node in names}:
        if node not in inner:
            raise HierarchyError(
                f"Entry {node} is no inner node of the tree; only those get names."
            )
    raw = tree.to_raw()
    raw.name = [
        name if keep and name else next((names[i] for names in namers if names.get(i)), name)
        for i, name in enumerate(tree.name)
    ]
    return Hierarchy.from_raw(raw, tree.provenance)


def count_names(tree: Hierarchy, namers: Mapping[str, Mapping[int, str]]) -> dict[str, int]:
    """Return how many nodes each namer names, the first that has a name winning.

    Args:
        tree: any tree.
        namers: names by node, by what made them.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> count_names(tree, {"hand": {1: "vehicles"}, "medoid": by_medoid(tree)})
    {'hand': 1, 'medoid': 1}
    """
    left, counts = set(map(int, tree.nodes)), {}
    for namer, names in namers.items():
        counts[namer] = len(left & names.keys())
        left -= names.keys()
    return counts


def by_hand(tree: Hierarchy, chosen: Mapping[tuple[str, ...], str]) -> Names:
    """Name the nodes where given classes meet.

    Args:
        tree: any tree.
        chosen: names by classes, two or more; a name is that of the lowest node above all of them.

    Raises:
        HierarchyError: fewer than two classes, or two names for one node.
        LabelError: the tree lacks a class.

    >>> tree = Hierarchy.from_nested([["owl", ["cat", "dog"]], "car"])
    >>> by_hand(tree, {("cat", "dog"): "pets", ("owl", "cat"): "animals"})
    {3: 'pets', 2: 'animals'}
    """
    names: Names = {}
    for classes, name in chosen.items():
        inside = tree.positions(classes)
        if len(set(classes)) < 2:
            raise HierarchyError(
                f"The name {name!r} is for the node where several classes meet; give two or more, "
                "as cat,dog=pets."
            )
        first, last = (inside[pick(tree.leaf_entries[inside])] for pick in (np.argmin, np.argmax))
        node = int(tree.lowest_common_ancestors[first, last])
        if node in names:
            raise HierarchyError(
                f"{names[node]!r} and {name!r} are names for the same node, that of "
                f"{len(tree.clade(node))} classes; keep one."
            )
        names[node] = name
    return names


def parse_names(texts: Iterable[str]) -> dict[tuple[str, ...], str]:
    """Read ``CLASS,CLASS=NAME`` texts, as `by_hand` takes them.

    Raises:
        HierarchyError: a text has no ``=``, or nothing on one side of it.

    >>> parse_names(["cat,dog=pets"])
    {('cat', 'dog'): 'pets'}
    """
    made = {}
    for text in texts:
        classes, equals, name = text.rpartition("=")
        if not equals or not classes.strip() or not name.strip():
            raise HierarchyError(f"{text!r} names no node; write CLASS,CLASS=NAME: cat,dog=pets.")
        made[tuple(class_names(classes))] = name.strip()
    return made


def called(tree: Hierarchy) -> Names:
    """Return what every node is called, also the root: its own name, or that of `by_medoid`.

    The root without a name is called nothing.

    >>> called(Hierarchy.from_nested([{"name": "pets", "leaves": ["cat", "dog"]}, ["bus", "car"]]))
    {0: '', 1: 'bus and car', 4: 'pets'}
    """
    others = by_medoid(tree)
    return {int(node): tree.name[node] or others.get(int(node), "") for node in tree.nodes}


def by_medoid(tree: Hierarchy, labels: LabelSet | None = None) -> Names:
    """Name every node below the root by its medoid, one class more, and the number of others.

    The medoid is the class that meets the node's other classes lowest: with the fewest leaves below
    the nodes where they meet, in the mean; of several, the first by id. The other class is the
    medoid of the largest branch beside that of the first, so that the two span the node.

    Args:
        tree: any tree.
        labels: for display names; ids where left out.

    >>> by_medoid(Hierarchy.from_nested([["owl", ["cat", "dog", "fox"]], "car"]))
    {2: 'cat, owl and 2 more', 3: 'cat, dog and 1 more'}
    """
    counts = tree.leaf_counts[tree.lowest_common_ancestors]

    def medoid(classes: Sequence[str]) -> str:
        inside = tree.positions(classes)
        best = int(np.argmin(counts[np.ix_(inside, inside)].sum(axis=1)))
        return str(tree.leaves[inside[best]])

    names = {}
    for node in tree.nodes[1:]:
        classes = tree.clade(int(node))
        first = medoid(classes)
        branches = [tree.clade(int(child)) for child in tree.children(int(node))]
        beside = [branch for branch in branches if first not in branch] or [
            tuple(name for name in classes if name != first)
        ]
        second = [medoid(branch)] if (branch := max(beside, key=len)) else []
        shown = [
            labels[name].name if labels is not None and name in labels else name
            for name in (first, *second)
        ]
        names[int(node)] = _listed(shown, len(classes) - len(shown))
    return names


def _listed(names: Sequence[str], more: int) -> str:
    """Return names and the number of others, as a text.

    >>> _listed(["cat", "owl"], 0), _listed(["cat", "owl"], 7)
    ('cat and owl', 'cat, owl and 7 more')
    """
    return f"{', '.join(names)} and {more} more" if more else " and ".join(names)
