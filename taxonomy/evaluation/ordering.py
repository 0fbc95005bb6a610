"""HOPS: whether a classifier ranks all classes as a tree does, nearest to the true one first."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.evaluation.hierarchical import meet
from taxonomy.trees.hierarchy import Hierarchy


class Nearness(NamedTuple):
    """How near every class is to some of them.

    Args:
        heights: of the node where the two meet, shape (some, classes).
        ranks: 0 for the nearest, 1 for those at the next larger height, and so on; of this shape.
    """

    heights: FloatArray
    ranks: IntArray


def nearness(tree: Hierarchy, entries: IntArray, some: IntArray) -> Nearness:
    """Return how near all classes are to some of them.

    Args:
        tree: of the classes.
        entries: the leaf of each class.
        some: the classes asked about, as positions in ``entries``.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> nearness(tree, tree.leaf_entries, np.array([1])).ranks.tolist()  # of car, cat and dog
    [[2, 0, 1]]
    """
    shape = (len(some), len(entries))
    one = np.broadcast_to(entries[some][:, None], shape)
    heights = tree.height[meet(tree, one, np.broadcast_to(entries, shape))]
    heights[np.arange(len(some)), some] = 0
    order = np.argsort(heights, axis=1, kind="stable")
    ordered = np.take_along_axis(heights, order, axis=1)
    steps = np.diff(ordered, axis=1, prepend=ordered[:, :1]) > 0
    ranks = np.empty(shape, dtype=np.int64)
    np.put_along_axis(ranks, order, np.cumsum(steps, axis=1), axis=1)
    return Nearness(heights, ranks)


def hops(
    near: IntArray, class_of: IntArray, ranking: IntArray, tops: tuple[int, ...]
) -> FloatArray:
    r"""Return the Hierarchically Ordered Preference Score of samples, shape (tops, samples).

    Every class has a rank by how near it is to the true one, the true class the rank 0. The best
    order of classes has ranks z that never fall; the classifier's has ranks y. With the weights w,

        HOPS@k = max(0, 1 - sum w |z - y| / sum w |z - reversed z|), sums over the first k places,

    where only these k of the best order are reversed. It is 1 if the first k come in an order that
    the tree allows, and 0 if that is as bad as the best k backwards, or worse. HOPS@1 is top-1
    accuracy; for all classes it is called HOPS. The weights fall by half from rank to rank, and
    evenly between: of the n classes of rank r, the one that comes i-th (from 0) has
    2^-r (1 - i/2n), or 2^-r (1 - i/n) at the last rank; at the rank 0 it is 1.

    Source: Sani & Anand 2025, "Learning and evaluating hierarchical feature representations",
    arXiv 2503.07853; places and weights as in the authors' own computation of their tables.

    Args:
        near: the ranks of all classes by true class, as `nearness` returns.
        class_of: the row of each sample's class in ``near``, shape (samples,).
        ranking: all classes of each sample as columns, best first, shape (samples, classes).
        tops: the numbers k; at most all classes.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> near = nearness(tree, tree.leaf_entries, np.array([1])).ranks
    >>> hops(near, np.array([0, 0]), np.array([[1, 2, 0], [1, 0, 2]]), (1, 3)).tolist()
    [[1.0, 1.0], [1.0, 0.7]]
    """
    best = np.sort(near, axis=1)
    weights = _weights(best)
    obtained = near[class_of[:, None], ranking]
    losses = weights[class_of] * np.abs(obtained - best[class_of])
    scores = np.empty((len(tops), len(class_of)))
    for i, top in enumerate(tops):
        if top == 1:
            scores[i] = obtained[:, 0] == 0
            continue
        first = best[:, :top]
        worst = (weights[:, :top] * np.abs(first - first[:, ::-1])).sum(axis=1)[class_of]
        lost = losses[:, :top].sum(axis=1)
        scores[i] = 1 - np.divide(lost, worst, out=np.zeros_like(lost), where=worst > 0)
    return np.maximum(scores, 0, out=scores)


def _weights(best: IntArray) -> FloatArray:
    """Return the weight of every place of the best order, shape as ``best``."""
    places = np.arange(best.shape[1])
    opens = np.diff(best, axis=1, prepend=-1) > 0
    start = np.maximum.accumulate(np.where(opens, places, 0), axis=1)
    closes = np.diff(best, axis=1, append=best[:, -1:] + 1) > 0
    ends = np.where(closes, places + 1, best.shape[1])
    stop = np.minimum.accumulate(ends[:, ::-1], axis=1)[:, ::-1]
    last = best == best[:, -1:]
    fall = np.where(last, 1.0, np.where(best == 0, 0.0, 0.5))
    weights: FloatArray = 0.5**best * (1 - fall * (places - start) / (stop - start))
    return weights
