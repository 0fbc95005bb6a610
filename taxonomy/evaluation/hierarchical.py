"""Hierarchical scores: how severe mistakes are by a tree, and accuracy at each of its levels.

Conventions, for ragged trees too. A class is its leaf. A node's height is its merge height or, in
a tree without merge heights, the most edges down to a leaf, so that a star gives every mistake
the height 1. Nodes are compared by their place in the tree, never by name. The tree may hold more
classes than the predictions; those are never right or wrong, but their nodes count in heights and
depths. Pass a restricted tree to measure within a task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy.evaluation.calibration import probabilities
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd


def paths(predictions: Predictions, tree: Hierarchy) -> IntArray:
    """Return each class's path from the root as tree entries, shape (classes, depths + 1).

    Below its own depth a leaf stands for itself, so that two classes have the same entry at a
    depth exactly if the tree cannot tell them apart there.

    Raises:
        LabelError: the tree lacks a class of the predictions.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> some = Predictions(["car", "cat", "dog"], [[1, 0, 0]], [0], "val")
    >>> paths(some, tree).tolist()
    [[0, 1, 1], [0, 2, 3], [0, 2, 4]]
    """
    return paths_of(tree, class_entries(predictions, tree))


def paths_of(tree: Hierarchy, leaves: IntArray) -> IntArray:
    """Return the paths of leaves, as `paths` does; shape (leaves, depths + 1)."""
    depth = tree.depth[leaves]
    table = np.repeat(leaves[:, None], int(depth.max()) + 1, axis=1)
    entry = leaves.copy()
    rows = np.arange(len(leaves))
    while len(rows):
        table[rows, tree.depth[entry[rows]]] = entry[rows]
        rows = rows[entry[rows] > 0]
        entry[rows] = tree.parent[entry[rows]]
    return table


def class_entries(predictions: Predictions, tree: Hierarchy) -> IntArray:
    """Return the leaf of each class of the predictions, an entry of the tree; shape (classes,).

    Raises:
        LabelError: the tree lacks a class of the predictions.
    """
    return tree.leaf_entries[tree.positions(predictions.ids)]


def meet(tree: Hierarchy, a: IntArray, b: IntArray) -> IntArray:
    """Return the lowest common ancestor of entries, leaves or nodes; an entry is its own ancestor.

    Args:
        tree: of the entries.
        a: entries, of any shape.
        b: entries, of the same shape.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])  # 0: root, 1: car, 2: cat and dog
    >>> meet(tree, np.array([3, 3, 3]), np.array([4, 1, 2])).tolist()
    [2, 0, 2]
    """
    one, other = a.ravel().copy(), b.ravel()
    apart = np.flatnonzero(one != other)
    low, high = one[apart], other[apart]
    while len(apart):
        # In preorder the later entry is no ancestor of the earlier one, so it can be left.
        low, high = np.minimum(low, high), tree.parent[np.maximum(low, high)]
        one[apart] = low
        left = low != high
        apart, low, high = apart[left], low[left], high[left]
    return one.reshape(a.shape)


def mistake_heights(predictions: Predictions, tree: Hierarchy) -> FloatArray:
    """Return, per picture, the height of the node where the true and the predicted class meet.

    It is 0 where they are the same; shape (pictures,).
    """
    own = class_entries(predictions, tree)
    return tree.height[meet(tree, own[predictions.targets], own[predictions.ranking()[:, 0]])]


def mistake_severity(predictions: Predictions, tree: Hierarchy) -> float:
    """Return the mean height of the node where true and predicted class meet, over mistakes.

    Over mistakes only, so a network that makes fewer mistakes can have a higher severity; read it
    beside `hierarchical_distance`. NaN where nothing is mistaken. Source: Bertinetto, Mueller,
    Tertikas, Samangooei & Lord 2020, CVPR ("Making better mistakes").

    Raises:
        LabelError: the tree lacks a class of the predictions.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> logits = [[0, 1, 2], [2, 1, 0], [2, 1, 0]]  # dog for cat: 1; car for dog: 2; car
    >>> mistake_severity(Predictions(["car", "cat", "dog"], logits, [1, 2, 0], "val"), tree)
    1.5
    """
    wrong = predictions.ranking()[:, 0] != predictions.targets
    return mean(mistake_heights(predictions, tree)[wrong])


def hierarchical_distance(predictions: Predictions, tree: Hierarchy, top: int = 1) -> float:
    """Return the mean height at which the true class meets the ``top`` best, over all pictures.

    For ``top=1`` it is the share of mistakes times their severity. For more it has a floor above
    0, as only one of the best classes can be the true one. Source: as `mistake_severity`.

    Raises:
        LabelError: the tree lacks a class of the predictions.
        DataError: ``top`` is not between 1 and the number of classes.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> some = Predictions(["car", "cat", "dog"], [[0, 1, 2], [2, 1, 0]], [1, 0], "val")
    >>> hierarchical_distance(some, tree), hierarchical_distance(some, tree, top=2)
    (0.5, 0.75)
    """
    own = class_entries(predictions, tree)
    true = own[predictions.targets]
    columns = predictions.ranking(top).T
    meets = [tree.height[meet(tree, true, own[column])] for column in columns]
    return mean(np.mean(meets, axis=0))


class Overlap(NamedTuple):
    """Hierarchical precision, recall and their harmonic mean, each in [0, 1]."""

    precision: float
    recall: float
    f1: float


def hierarchical_overlap(predictions: Predictions, tree: Hierarchy) -> Overlap:
    """Return hierarchical precision, recall and F1 of the predicted class.

    With A the predicted class and its nodes and B the true class and its nodes, the root in
    neither, precision is sum |A and B| / sum |A| and recall sum |A and B| / sum |B|, sums over all
    pictures. Source: Kiritchenko, Matwin, Nock & Famili 2006; Silla & Freitas 2011.

    Raises:
        LabelError: the tree lacks a class of the predictions.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> some = Predictions(["car", "cat", "dog"], [[0, 1, 2], [2, 1, 0]], [1, 2], "val")
    >>> hierarchical_overlap(some, tree)  # shared 1 + 0; predicted 2 + 1; true 2 + 2
    Overlap(precision=0.3333333333333333, recall=0.25, f1=0.2857142857142857)
    """
    own = class_entries(predictions, tree)
    answers, truths = own[predictions.ranking()[:, 0]], own[predictions.targets]
    shared = int(tree.depth[meet(tree, truths, answers)].sum())
    guessed, true = int(tree.depth[answers].sum()), int(tree.depth[truths].sum())
    nan = float("nan")
    return Overlap(
        shared / guessed if guessed else nan,
        shared / true if true else nan,
        2 * shared / (guessed + true) if guessed + true else nan,
    )


def level_table(predictions: Predictions, tree: Hierarchy) -> pd.DataFrame:
    """Return the accuracy at every depth of the tree below the root, one row a depth.

    Columns: ``depth nodes accuracy summed_accuracy``.

    At a depth, a class counts as its ancestor there, or as itself where it lies higher up;
    ``nodes`` is how many of these there are. ``accuracy`` takes the ancestor of the best class;
    ``summed_accuracy`` the node with the largest sum of its classes' softmax probabilities, the
    first in the tree's order among equals, which is the best guess if only the node counts. The
    last row is plain top-1 accuracy.

    Raises:
        LabelError: the tree lacks a class of the predictions.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> some = Predictions(["car", "cat", "dog"], [[1.2, 1, 1], [0, 1, 2]], [1, 1], "val")
    >>> print(level_table(some, tree).to_string(index=False))
     depth  nodes  accuracy  summed_accuracy
         1      2       0.5              1.0
         2      3       0.0              0.0
    """
    import pandas as pd

    best, true = predictions.ranking()[:, 0], predictions.targets
    levels = Levels(tree, class_entries(predictions, tree))
    summed = levels.summed(probabilities(predictions), best)
    rows = [
        {
            "depth": depth + 1,
            "nodes": levels.counts[depth],
            "accuracy": mean(node_of[best] == node_of[true]),
            "summed_accuracy": mean(summed[depth] == node_of[true]),
        }
        for depth, node_of in enumerate(levels.node_of)
    ]
    return pd.DataFrame(rows)


class Levels:
    """The nodes at every depth of a tree below the root, as ranges of classes.

    Args:
        tree: of the classes.
        leaves: the entry of each class, shape (classes,).
        most: how many depths are looked at, from the top.

    Attributes:
        node_of: by depth, the number of each class's node there, shape (classes,).
        counts: by depth, how many nodes there are.
    """

    def __init__(self, tree: Hierarchy, leaves: IntArray, most: int | None = None) -> None:
        table = paths_of(tree, leaves)[:, 1 : most and most + 1]
        self._order = np.argsort(leaves)  # preorder: the classes of a node are neighbours
        in_order = table[self._order]
        opens = np.diff(in_order, axis=0, prepend=-1) > 0
        self._starts = [np.flatnonzero(column) for column in opens.T]
        self.counts = [len(starts) for starts in self._starts]
        self.node_of = [np.empty(len(leaves), dtype=np.int64) for _ in self._starts]
        for node_of, column in zip(self.node_of, opens.T, strict=True):
            node_of[self._order] = np.cumsum(column) - 1

    def summed(self, probabilities: FloatArray, best: IntArray) -> list[IntArray]:
        """Return by depth the node with the largest sum of probabilities, shape (pictures,).

        Args:
            probabilities: of the classes, shape (pictures, classes).
            best: the class with the largest one. Where every class is a node of its own, the node
                is this class's, so that both agree on ties too.
        """
        sums, below = probabilities[:, self._order], np.arange(len(self._order))
        found = []
        for starts, node_of in zip(self._starts[::-1], self.node_of[::-1], strict=True):
            if len(starts) < len(below):  # nodes of the depth below join, and their sums with them
                sums = np.add.reduceat(sums, np.searchsorted(below, starts), axis=1)
                below = starts
            alone = len(starts) == len(self._order)
            found.append(node_of[best] if alone else sums.argmax(1))
        return found[::-1]


def mean(values: FloatArray | BoolArray) -> float:
    """Return the mean, or NaN of nothing."""
    return float(np.mean(values)) if len(values) else float("nan")
