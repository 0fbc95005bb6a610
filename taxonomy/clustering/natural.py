"""A dendrogram's own groups on few levels: those that keep most similarity beyond chance.

Of all nodes of a dendrogram a few stay, no more than a given number above one another. What they
keep of the similarity beyond chance is, with t the similarities less their mean and within(v) the
sum of t over the pairs below node v,

    sum over the nodes v that stay of within(v) * (leaves(node above v that stays) - leaves(v))

which is the mean cost of the tree by chance less its cost (Dasgupta 2016), as in
`taxonomy.clustering.shaped`. What a node adds depends on the nodes below it and on how many leaves
the next one above has, so the best choice of all is found from the leaves up. No number of groups
is forced and no class into a group: one that is like no other stays beside the groups.

Where a class stands in the dendrogram was settled when it first merged. So classes move afterwards,
those that gain most first, as long as any gains.
"""

from __future__ import annotations

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy._core.errors import ClusteringError
from taxonomy.clustering.binary import Merges
from taxonomy.clustering.levels import merges_of
from taxonomy.clustering.steps import LEAST_GAIN
from taxonomy.similarity import DenseSimilarity
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree


def natural_groups(
    similarity: DenseSimilarity, levels: int = 2, method: str = "average", least: int = 3
) -> Hierarchy:
    """Return the dendrogram's groups on few levels that keep most similarity beyond chance.

    Equally good moves go by the ids, so that the order of the labels never matters but, where
    scores tie, a renaming can.

    Args:
        similarity: of n labels.
        levels: the most nodes above one another, the root apart; at least 1.
        method: one of `taxonomy.clustering.linkage.LINKAGES`.
        least: fewest classes of a node; at least 2.

    Raises:
        ClusteringError: fewer levels or classes of a node than that, or a linkage that needs
            Euclidean distances where there are none.
        RegistryError: an unknown method.

    >>> near = np.kron(np.eye(2), np.ones((3, 3)))
    >>> s = DenseSimilarity("abcdefg", np.eye(7) + np.pad(0.8 * near * (1 - np.eye(6)), (0, 1)))
    >>> print(natural_groups(s).to_text())
    (7)
    ├── (3)
    │   ├── a
    │   ├── b
    │   └── c
    ├── (3)
    │   ├── d
    │   ├── e
    │   └── f
    └── g
    """
    if levels < 1 or least < 2:
        raise ClusteringError(
            f"{levels} levels of groups of at least {least} classes: give at least 1 level and "
            "2 classes."
        )
    values = similarity.all_pairs().values
    merges = merges_of(similarity, method)
    groups = _Groups(*_best_groups(values, merges, levels, least), values, least)
    groups.settle()
    made = {
        **io.provenance(
            "natural_groups",
            ("scipy",),
            levels=levels,
            linkage=method,
            least=least,
            similarity=similarity.digest,
        ),
        "source": similarity.provenance,
    }
    return groups.tree(similarity.ids).with_provenance(**made)


def _mean_of_pairs(values: FloatArray) -> float:
    n = len(values)
    return float((values.sum() - np.trace(values)) / max(1, n * (n - 1)))


def _best_groups(
    values: FloatArray, merges: Merges, levels: int, least: int
) -> tuple[IntArray, IntArray]:
    """Choose the nodes that stay.

    Returns:
        the node above each node, parents first, -1 for the root; the node above each label.
    """
    n, above = len(values), merges.parent
    children: list[list[int]] = [[] for _ in above]
    for cluster, parent in enumerate(above.tolist()):
        if parent >= 0:
            children[parent].append(cluster)
    size, within = _sizes(values, children)
    root = len(above) - 1
    # The sizes of the clusters above each, from the root down: what a node adds depends on them.
    sizes_above: list[FloatArray] = [np.zeros(0)] * len(above)
    for cluster in range(root - 1, n - 1, -1):
        parent = int(above[cluster])
        sizes_above[cluster] = np.append(sizes_above[parent], size[parent])
    slack = LEAST_GAIN * max(1.0, float(np.abs(within).max(initial=0.0)))
    best: dict[int, FloatArray] = {}  # by levels left, and by the next node above that stays
    stays: dict[int, BoolArray] = {}
    for cluster in range(n, root):
        higher = sizes_above[cluster]
        below = np.zeros((levels + 1, len(higher) + 1))
        for child in children[cluster]:
            below += best.pop(child, 0.0)
        without = below[:, :-1]
        kept = np.full_like(without, -np.inf)
        if size[cluster] >= least:
            kept[1:] = within[cluster] * (higher - size[cluster]) + below[:-1, -1:]
        stays[cluster] = kept > without + slack
        best[cluster] = np.where(stays[cluster], kept, without)
    parents, home = [-1], np.zeros(n, dtype=np.int64)
    todo = [(child, 0, 0, levels) for child in children[root]] if root >= n else []
    while todo:
        cluster, node, place, left = todo.pop()
        if cluster < n:
            home[cluster] = node
            continue
        if stays[cluster][left, place]:
            parents.append(node)
            node, place, left = len(parents) - 1, len(sizes_above[cluster]), left - 1
        todo += [(child, node, place, left) for child in children[cluster]]
    return np.array(parents), home


def _sizes(values: FloatArray, children: list[list[int]]) -> tuple[FloatArray, FloatArray]:
    """Return the labels of every cluster, and the similarity less the mean of all pairs within."""
    mean = _mean_of_pairs(values)
    members: dict[int, list[int]] = {i: [i] for i in range(len(values))}
    size, within = np.ones(len(children)), np.zeros(len(children))
    for cluster, parts in enumerate(children):
        if not parts:
            continue
        joined: list[int] = []
        for part in parts:
            added = members.pop(part)
            within[cluster] += within[part]
            if joined:
                between = float(values[np.ix_(added, joined)].sum())
                within[cluster] += between - mean * len(added) * len(joined)
            joined += added
        members[cluster] = joined
        size[cluster] = len(joined)
    return size, within


class _Groups:
    """Nodes and labels, and what every move of a label would keep more.

    Args:
        parent: the node above each node, parents first, -1 for the root.
        home: the node that each label hangs below.
        values: the similarities.
        least: fewest labels of a node, the root apart.
    """

    def __init__(self, parent: IntArray, home: IntArray, values: FloatArray, least: int) -> None:
        self.parent, self.home, self.values, self.least = parent, home, values, least
        self.mean = _mean_of_pairs(values)
        nodes = len(parent)
        self.path = np.eye(nodes, dtype=bool)  # of each node: the nodes from the root to it
        for node in range(1, nodes):
            self.path[node] |= self.path[parent[node]]
        inside = self.path[home]
        self.size = inside.sum(0).astype(np.float64)
        # Of each label, the similarity beyond the mean to the other labels below each node.
        self.near = values @ inside - self.mean * (self.size - inside)
        self.near -= inside * np.diag(values)[:, None]

    def settle(self) -> None:
        """Move labels while it keeps more, those that gain most first."""
        if len(self.parent) == 1:
            return
        scale = max(1.0, float(np.abs(self.near[:, 0]).sum() / 2 * self.size[0]))
        moved = True
        while moved:
            moved = False
            gain = self.gains(np.arange(len(self.home))).max(1) / scale
            # What the first moves change is seen by those that come after them.
            for label in np.argsort(-gain.round(12), kind="stable").tolist():
                if gain[label] <= LEAST_GAIN:
                    break
                found = self.gains(np.array([label]))[0] / scale
                if found.max() > LEAST_GAIN:
                    self.move(label, int(found.round(12).argmax()))
                    moved = True

    def gains(self, labels: IntArray) -> FloatArray:
        """Return what moving each label below each node keeps more; shape (labels, nodes).

        A label below the nodes v of a path costs, with near(v) its similarity to what is below v,
        the sum of near(v) * (leaves(v) - leaves(parent of v)) and of the similarity of the pairs
        that meet at v, all counted without it.
        """
        above, near = self.parent[1:], self.near[labels]
        on = self.path[self.home[labels]]
        size = self.size - on
        within = self._within()
        meet = within.copy()
        np.subtract.at(meet, above, within[1:])
        mine = near * on  # of the pairs that meet at a node, those of the label itself
        np.subtract.at(mine.T, above, (near * on)[:, 1:].T)
        cost = meet - mine + near * (size - size[:, np.maximum(self.parent, 0)])
        cost[:, 0] = 0.0
        for node in range(1, len(self.parent)):
            cost[:, node] += cost[:, self.parent[node]]
        own = np.arange(len(labels))
        gain: FloatArray = cost[own, self.home[labels]][:, None] - cost
        poor = on & (size < self.least)
        poor[:, 0] = False
        leaves_poor = poor.sum(1)[:, None] > poor.astype(np.int64) @ self.path.T
        gain[leaves_poor] = -np.inf
        gain[own, self.home[labels]] = -np.inf
        return gain

    def _within(self) -> FloatArray:
        """Return the similarity beyond the mean of all pairs below each node."""
        within: FloatArray = np.einsum("lv,lv->v", self.near, self.path[self.home]) / 2
        return within

    def move(self, label: int, node: int) -> None:
        """Hang a label below another node."""
        change = self.path[node].astype(np.int64) - self.path[self.home[label]]
        others = self.values[label] - self.mean
        others[label] = 0.0
        for changed in np.flatnonzero(change):
            self.near[:, changed] += change[changed] * others
        self.size += change
        self.home[label] = node

    def tree(self, ids: tuple[str, ...]) -> Hierarchy:
        """Return the tree; a node that all labels of the one above moved to is that one."""
        raw = RawTree()
        for parent in self.parent.tolist():
            raw.add(parent)
        for label, node in zip(ids, self.home.tolist(), strict=True):
            raw.add(node, leaf=label)
        return Hierarchy.from_raw(raw).collapse_unary()
