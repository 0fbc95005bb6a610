"""Random trees for the oracles of the metrics, and slow, plain answers about them."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np

from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

PAIRS = 200
Clade = frozenset[str]


@dataclass(frozen=True)
class Plain:
    """A tree as the sets of labels and the heights of its inner nodes, root first."""

    tree: Hierarchy
    nodes: tuple[tuple[Clade, float], ...]

    @cached_property
    def labels(self) -> list[str]:
        return sorted(self.nodes[0][0])

    @cached_property
    def pairs(self) -> list[Clade]:
        """All pairs of labels, in the order of ``numpy.triu_indices``."""
        return [frozenset(pair) for pair in combinations(self.labels, 2)]

    @cached_property
    def meeting(self) -> list[tuple[Clade, float]]:
        """Of each pair, the least node that holds it."""
        by_size = sorted(self.nodes, key=lambda node: len(node[0]))
        return [next(node for node in by_size if pair <= node[0]) for pair in self.pairs]

    @cached_property
    def cuts(self) -> dict[int, list[Clade]]:
        """By number of clusters, the maximal clades with no node above a height, by first label."""
        tops = {
            clade: max(height for inner, height in self.nodes if inner <= clade)
            for clade, _ in self.nodes
        }
        found = {}
        for most in [-np.inf, *sorted(set(tops.values()))]:
            whole = [clade for clade, top in tops.items() if top <= most]
            whole += [frozenset([label]) for label in self.labels]
            clusters = [c for c in set(whole) if not any(c < other for other in whole)]
            found[len(clusters)] = sorted(clusters, key=min)
        return found

    def at_most(self, clusters: int) -> list[int]:
        """The cluster of each label in the finest cut that has no more clusters."""
        cut = self.cuts[max(k for k in self.cuts if k <= clusters)]
        place = {label: i for i, cluster in enumerate(cut) for label in cluster}
        return [place[label] for label in self.labels]

    @cached_property
    def together(self) -> list[int]:
        """Of each pair, the most clusters of a cut that has it in one."""
        return [
            max(k for k, cut in self.cuts.items() if any(pair <= c for c in cut))
            for pair in self.pairs
        ]

    @cached_property
    def inner_clades(self) -> set[Clade]:
        return {clade for clade, _ in self.nodes if 1 < len(clade) < len(self.labels)}

    @cached_property
    def newick(self) -> str:
        text = [""] * len(self.tree)
        for i in range(len(self.tree) - 1, -1, -1):
            below = ",".join(text[child] for child in self.tree.children(i))
            text[i] = self.tree.leaf[i] or f"({below})"
        return text[0] + ";"


def plain(raw: RawTree) -> Plain:
    """Return a tree with its clades worked out from the raw entries; children come later there."""
    below: list[set[str]] = [set() if leaf is None else {leaf} for leaf in raw.leaf]
    height = list(raw.height) or [0.0] * len(raw.leaf)
    for i in range(len(raw.parent) - 1, 0, -1):
        below[raw.parent[i]] |= below[i]
        if not raw.height:
            height[raw.parent[i]] = max(height[raw.parent[i]], height[i] + 1)
    nodes = [(frozenset(below[i]), height[i]) for i, leaf in enumerate(raw.leaf) if leaf is None]
    return Plain(Hierarchy.from_raw(raw), tuple(nodes))


def random_raw(labels: list[str], most: int, rng: random.Random) -> RawTree:
    """Split the labels at random, every node into 2 to ``most`` parts."""
    raw = RawTree()
    stack = [(-1, rng.sample(labels, len(labels)))]
    while stack:
        parent, held = stack.pop()
        if len(held) == 1:
            raw.add(parent, leaf=held[0])
            continue
        node = raw.add(parent)
        parts = rng.randint(2, min(most, len(held)))
        at = sorted(rng.sample(range(1, len(held)), parts - 1))
        stack += [(node, held[i:j]) for i, j in zip([0, *at], [*at, len(held)], strict=True)]
    return raw


def with_heights(raw: RawTree, kind: int, rng: random.Random) -> RawTree:
    """Give a tree no merge heights, rising ones with many ties, or any (with inversions)."""
    if kind == 0:
        return raw
    height = [0.0] * len(raw.parent)
    for i in range(len(raw.parent) - 1, -1, -1):
        if raw.leaf[i] is None:
            children = [k for k, parent in enumerate(raw.parent) if parent == i]
            least = max(height[k] for k in children) if kind == 1 else 0.0
            height[i] = least + rng.choice([0.0, 0.25, 0.25, 0.5] if kind == 1 else [0.5, 1, 2, 3])
    return RawTree(list(raw.parent), list(raw.leaf), list(raw.name), height)


def altered(raw: RawTree, rng: random.Random) -> RawTree:
    """Exchange a few labels, so that two trees are alike without being equal."""
    leaf = list(raw.leaf)
    places = [i for i, label in enumerate(leaf) if label is not None]
    for _ in range(rng.randint(1, 3)):
        i, j = rng.sample(places, 2)
        leaf[i], leaf[j] = leaf[j], leaf[i]
    return RawTree(list(raw.parent), leaf, list(raw.name))


def random_pair(seed: int) -> tuple[Plain, Plain]:
    """Return two trees of the same 5 to 40 labels.

    A quarter are binary, the rest have nodes of up to five children; half of the second trees are
    the first with labels exchanged; a third each have no merge heights, ties, and inversions.
    """
    rng = random.Random(seed)
    labels = [f"c{i:02d}" for i in range(rng.randint(5, 40))]
    most = 2 if seed % 4 == 0 else 5
    one = random_raw(labels, most, rng)
    other = altered(one, rng) if seed % 2 else random_raw(labels, most, rng)
    return tuple(plain(with_heights(raw, seed % 3, rng)) for raw in (one, other))


def from_linkage(merges: np.ndarray, labels: list[str]) -> Hierarchy:
    """Return scipy's linkage matrix as a hierarchy with merge heights."""
    n = len(labels)
    parent = [-1] * (2 * n - 1)
    for step, merge in enumerate(merges):
        parent[int(merge[0])] = parent[int(merge[1])] = n + step
    leaf = [*labels, *[None] * (n - 1)]
    return Hierarchy.from_raw(RawTree(parent, leaf, height=[0.0] * n + merges[:, 2].tolist()))


def caterpillar(labels: list[str]) -> Hierarchy:
    """Return the tree that splits one label off at every node, in the order given."""
    raw = RawTree()
    node = raw.add(-1)
    for label in labels[:-2]:
        raw.add(node, leaf=label)
        node = raw.add(node)
    for label in labels[-2:]:
        raw.add(node, leaf=label)
    return Hierarchy.from_raw(raw)
