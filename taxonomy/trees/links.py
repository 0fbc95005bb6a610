"""Trees from links: nodes by key, links from parent to child, and a policy for what is no tree.

Formats that name nodes, instead of putting one into another, all pass here: graphs, tables of
parents and children, vocabularies. `keys_of` names the nodes of a tree for them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal

from taxonomy._core.errors import HierarchyError, check_choice
from taxonomy._core.spelling import counted
from taxonomy.trees.nested import number_of, span_of, whole_heights
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.trees.hierarchy import Hierarchy

Parents = Literal["refuse", "first", "deepest", "most-classes"]
"""Which of a node's parents stays: the one given first, the one farthest from the root, or the one
with most classes below it."""

_OWN_KEY = re.compile(r"(?:leaf:)*node:[0-9]+")
_MOST_STEPS = 2_000_000
_NOTHING: Mapping[str, Any] = {}


def node_key(entry: int) -> str:
    """Return the key of an inner node that has no name."""
    return f"node:{entry}"


def leaf_key(label: str) -> str:
    """Return the key of a leaf, which no inner node without a name has.

    >>> leaf_key("cat"), leaf_key("node:7")
    ('cat', 'leaf:node:7')
    """
    return f"leaf:{label}" if _OWN_KEY.fullmatch(label) else label


def label_of(key: str) -> str:
    """Return the label that `leaf_key` made a key of.

    >>> label_of("cat"), label_of("leaf:node:7")
    ('cat', 'node:7')
    """
    return key.removeprefix("leaf:") if _OWN_KEY.fullmatch(key) else key


def name_of(key: str) -> str:
    """Return the name that a key gives an inner node: itself, or none where it is `node_key`'s."""
    return "" if _OWN_KEY.fullmatch(key) else key


def keys_of(tree: Hierarchy, unique: bool = True) -> list[str]:
    """Return a key for every entry: labels of leaves, names of nodes, and `node_key` for others.

    Args:
        tree: any tree.
        unique: whether no two entries may share a key; then a name that is a label too, or another
            node's, is no key.

    >>> from taxonomy.trees import Hierarchy
    >>> keys_of(Hierarchy.from_nested([{"pets": ["cat", "dog"]}, {"cat": ["lion"]}]))
    ['node:0', 'pets', 'cat', 'dog', 'node:4', 'lion']
    """
    keys = ["" if leaf is None else leaf_key(leaf) for leaf in tree.leaf]
    taken = Counter(keys) if unique else Counter[str]()
    if unique:
        taken.update(tree.name)
    for i, name in enumerate(tree.name):
        if not keys[i]:
            good = name_of(name) and name == name.strip() and taken[name] < 2
            keys[i] = name if good else node_key(i)
    return keys


def read_links(
    nodes: Mapping[Any, Mapping[str, Any]],
    links: Iterable[tuple[Any, Any]],
    *,
    parents: Parents = "refuse",
    lenient: bool = True,
    forest: bool = False,
    called: str = "node",
    turned: str = "turn them round",
) -> tuple[RawTree, list[str]]:
    r"""Read nodes and links from parent to child as a tree.

    A node without children is a leaf; its label id is its attribute ``label`` or, without one, its
    key. Others are named by their attribute ``name`` or ``label``, or by a key in words. The
    attributes ``merge_height``, ``span`` and ``support`` are read too. None, NaN and empty
    texts count as absent.

    Args:
        nodes: attributes by key; ends of links that are missing here have none.
        links: pairs of keys, parent and child.
        parents: which parent stays where a node has several.
        lenient: whether several roots are put under a new one, and leaves of one label keep their
            keys instead; both are refused otherwise.
        forest: whether the root is left out as a rule, so that a new one is not worth a word.
        called: what a message calls a node.
        turned: what a message says to do where links point from child to parent.

    Returns:
        the tree, and what was cut or added, one sentence each.

    Raises:
        HierarchyError: no node, a cycle, several parents that are refused, or a malformed
            attribute.

    >>> raw, notes = read_links({}, [("pets", "cat"), ("wild", "cat"), ("wild", "owl")],
    ...                         parents="first")
    >>> print(*notes, sep="\n")
    1 node has several parents, such as 'cat': 'pets', 'wild'; of these the first stays
    2 roots, such as 'pets' and 'wild', were put under a new one
    """
    check_choice("parents", parents, Parents, HierarchyError)
    net = _Links(nodes, links, called)
    order = net.downwards()
    parent = net.single_parents(order, parents, turned)
    kept = net.without_empty(parent)
    roots = [i for i in kept if parent[i] < 0]
    if len(roots) > 1:
        shown = " and ".join(short(net.keys[i]) for i in roots[:2])
        if not lenient:
            raise HierarchyError(
                f"The graph has {len(roots)} roots, such as {shown}, and a tree has one root; add "
                "a node with an edge to each of them."
            )
        if not forest:
            net.notes.append(f"{len(roots)} roots, such as {shown}, were put under a new one")
    return net.raw(parent, kept, len(roots) > 1, lenient), net.notes


def short(key: object) -> str:
    """Return a key as a message shows it."""
    text = repr(key)
    return text if len(text) <= 60 else text[:59] + "…"


class _Links:
    """Nodes by position, and which of them link to which."""

    def __init__(
        self,
        nodes: Mapping[Hashable, Mapping[str, Any]],
        links: Iterable[tuple[Hashable, Hashable]],
        called: str,
    ) -> None:
        self.called, self.notes, pairs = called, list[str](), list(links)
        self.keys = list(dict.fromkeys(chain(nodes, chain.from_iterable(pairs))))
        if not self.keys:
            raise HierarchyError("The graph is empty; a tree needs a root node and a leaf.")
        self.attributes = [nodes.get(key, _NOTHING) for key in self.keys]
        self.used = set[str]().union(*self.attributes)
        position = dict(zip(self.keys, range(len(self.keys)), strict=True))
        single = dict.fromkeys((position[above], position[below]) for above, below in pairs)
        if twice := len(pairs) - len(single):
            self.notes.append(f"{counted(twice, 'link was', 'links were')} given more than once")
        self.above: list[list[int]] = [[] for _ in self.keys]
        self.below: list[list[int]] = [[] for _ in self.keys]
        for above, below in single:
            self.above[below].append(above)
            self.below[above].append(below)

    def downwards(self) -> list[int]:
        """Return all nodes, every parent before its children."""
        waiting = [len(above) for above in self.above]
        order = [i for i, count in enumerate(waiting) if not count]
        for i in order:
            for child in self.below[i]:
                waiting[child] -= 1
                if not waiting[child]:
                    order.append(child)
        if len(order) < len(self.keys):
            self._refuse_cycle(waiting)
        return order

    def _refuse_cycle(self, waiting: list[int]) -> None:
        at = next(i for i, count in enumerate(waiting) if count)
        seen: dict[int, int] = {}
        while at not in seen:
            seen[at] = len(seen)
            at = next(i for i in self.above[at] if waiting[i])
        cycle = [i for i, rank in seen.items() if rank >= seen[at]][::-1]
        first = cycle.index(min(cycle))
        shown = [short(self.keys[i]) for i in [*cycle[first:], *cycle[:first], cycle[first]]]
        path = " → ".join(shown if len(shown) < 8 else [*shown[:5], "…"])
        raise HierarchyError(f"The graph has a cycle: {path}; remove one of its edges.")

    def single_parents(self, order: list[int], policy: Parents, turned: str) -> list[int]:
        """Return one parent for each node, -1 for a root."""
        several = [i for i, above in enumerate(self.above) if len(above) > 1]
        parent = [above[0] if above else -1 for above in self.above]
        if not several:
            return parent
        keys = ", ".join(short(self.keys[i]) for i in self.above[several[0]][:3])
        shown = f"{short(self.keys[several[0]])}"
        if policy == "refuse":
            raise HierarchyError(
                f"The {self.called} {shown} has {len(self.above[several[0]])} parents: {keys}; "
                "keep the edge from one of them, or choose by `parents`: first, deepest, "
                f"most-classes. If edges point from child to parent, {turned}."
            )
        self.notes.append(
            f"{counted(len(several), f'{self.called} has', f'{self.called}s have')} several "
            f"parents, such as {shown}: {keys}; of these the {policy} stays"
        )
        if policy == "first":
            return parent
        count = self._depths(order) if policy == "deepest" else self._classes(several)
        for i in several:
            parent[i] = min(self.above[i], key=lambda up: (-count[up], str(self.keys[up])))
        return parent

    def _depths(self, order: list[int]) -> list[int]:
        depth = [0] * len(order)
        for i in order:
            for child in self.below[i]:
                depth[child] = max(depth[child], depth[i] + 1)
        return depth

    def _classes(self, several: list[int]) -> dict[int, int]:
        """Return how many leaves lie below each parent that can be chosen."""
        counts: dict[int, int] = {}
        steps = 0
        for start in {up for i in several for up in self.above[i]}:
            seen, stack = {start}, [start]
            while stack:
                below = self.below[stack.pop()]
                steps += len(below)
                for child in below:
                    if child not in seen:
                        seen.add(child)
                        stack.append(child)
            counts[start] = sum(not self.below[i] for i in seen)
            if steps > _MOST_STEPS:
                raise HierarchyError(
                    "The graph has too many parents to count the classes below each of them; "
                    "choose another of `parents`: first, deepest."
                )
        return counts

    def without_empty(self, parent: list[int]) -> list[int]:
        """Return the nodes that hold a class still, of which no others are left with children."""
        left = [0] * len(parent)
        for above in parent:
            if above >= 0:
                left[above] += 1
        empty = [i for i, below in enumerate(self.below) if below and not left[i]]
        for i in empty:
            above = parent[i]
            if above >= 0:
                left[above] -= 1
                if not left[above]:
                    empty.append(above)
        if empty:
            said = counted(len(empty), "node was left", "nodes were left")
            self.notes.append(
                f"{said} without classes and went, such as {short(self.keys[empty[0]])}"
            )
        gone = set(empty)
        return [i for i in range(len(parent)) if i not in gone]

    def raw(self, parent: list[int], kept: list[int], joined: bool, lenient: bool) -> RawTree:
        """Return the tree of the nodes kept, with their attributes."""
        labels = self._labels(kept, lenient)
        place = dict(zip(kept, range(joined, len(kept) + joined), strict=True))
        place[-1] = joined - 1
        raw = RawTree(
            parent=[place[parent[i]] for i in kept],
            leaf=[labels.get(i) for i in kept],
            name=self._names(kept),
            span=self._numbers("span", 0, kept),
            support=self._numbers("support", math.nan, kept),
        )
        heights = self._numbers("merge_height", None, kept)
        if joined:
            raw.parent.insert(0, -1)
            raw.leaf.insert(0, None)
            raw.name.insert(0, "")
            raw.span.insert(0, 0)
            raw.support.insert(0, math.nan)
            heights.insert(0, max((x for x in heights if x is not None), default=None))
        raw.height = whole_heights(heights, raw.leaf, lambda k: self._whose(kept[k - joined]))
        return raw

    def _whose(self, i: int) -> str:
        return f"the {self.called} {short(self.keys[i])}"

    def _column(self, name: str, kept: list[int]) -> list[Any]:
        """Return an attribute of nodes, None where it is absent."""
        if name not in self.used:
            return [None] * len(kept)
        values = (self.attributes[i].get(name) for i in kept)
        return [None if value is None or _is_absent(value) else value for value in values]

    def _numbers(self, name: str, default: float | None, kept: list[int]) -> list[Any]:
        """Return an attribute of nodes as numbers, the default where it is absent."""

        def number(value: Any, whose: str) -> float:
            return span_of(value, whose) if name == "span" else number_of(value, name, whose)

        return [
            default if value is None else number(value, self._whose(i))
            for i, value in zip(kept, self._column(name, kept), strict=True)
        ]

    def _names(self, kept: list[int]) -> list[str]:
        """Return the nodes' names, empty for leaves.

        That of an inner node is its own, or its label in a drawing program, or its key in words.
        """
        names = [""] * len(kept)
        inner = [k for k, i in enumerate(kept) if self.below[i]]
        nodes = [kept[k] for k in inner]
        own, drawn = self._column("name", nodes), self._column("label", nodes)
        for k, i, name, label in zip(inner, nodes, own, drawn, strict=True):
            key = self.keys[i]
            names[k] = str(name or "") or name_of(
                str(label or (key if isinstance(key, str) else ""))
            )
        return names

    def _labels(self, kept: list[int], lenient: bool) -> dict[int, str]:
        """Return the label of every leaf."""
        leaves = [i for i in kept if not self.below[i]]
        labels = {
            i: label_of(str(self.keys[i])) if given is None else str(given)
            for i, given in zip(leaves, self._column("label", leaves), strict=True)
        }
        first: dict[str, int] = {}
        twice = {i for i in leaves if first.setdefault(labels[i], i) != i}
        if not twice:
            return labels
        i = min(twice)
        if not lenient:
            raise HierarchyError(
                f"The {self.called}s {short(self.keys[first[labels[i]]])} and "
                f"{short(self.keys[i])} both give the label {short(labels[i])}; tell them apart by "
                "an attribute label."
            )
        said = counted(len({labels[k] for k in twice}), "label stands", "labels stand")
        self.notes.append(
            f"{said} for several classes, such as {short(labels[i])}; these are called by their "
            "keys instead"
        )
        shared = {labels[k] for k in twice}
        return {k: label_of(str(self.keys[k])) if x in shared else x for k, x in labels.items()}


def _is_absent(value: object) -> bool:
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
