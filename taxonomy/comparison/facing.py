"""Entanglement: how far equal labels stand apart when two trees are drawn face to face.

It says how legible a tanglegram is. It is none of `taxonomy.comparison.METRICS`, because it does
not tell a tree from all others: in a tree with large multiway nodes many relabellings leave none.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from taxonomy._core.errors import HierarchyError
from taxonomy.comparison.heights import same_labels
from taxonomy.labels import check_same_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.untangling import untangle

POWER = 1.5


def entanglement(a: Hierarchy, b: Hierarchy) -> float:
    """Return the entanglement of two trees, drawn in orders that leave little of it.

    That is `entanglement_of_orders` of the orders that `taxonomy.trees.untangling.untangle` finds.
    Range [0, 1], 0 for equal trees and for two of which one refines the other; lower is more
    similar. Heights and their ties play no part. The children of a multiway node may stand in any
    order, so that a star is 0 from everything; a node with a single child adds nothing. The orders
    are the best of a search, not of all there are, and so the value is an upper bound. Its mean
    under random relabelling is known in no closed form; `null` samples it. Sources: Galili 2015,
    Bioinformatics 31, for the measure in R's dendextend, whose ``untangle`` searches in other ways
    and may leave more or less.

    Args:
        a: a tree.
        b: a tree over the same labels.

    Raises:
        HierarchyError: the trees have different labels, or fewer than three.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> b = Hierarchy.from_nested([["cat", "bus"], ["dog", "car"]])
    >>> round(entanglement(a, b), 3)  # two neighbours of four in each other's places
    0.161
    """
    same_labels(a, b)
    found = untangle(a, b)
    return entanglement_of_orders(found.first, found.second)


def entanglement_of_orders(
    first: Sequence[str], second: Sequence[str], power: float = POWER
) -> float:
    """Return the entanglement of two orders of the same labels, as they are.

    The sum over labels of the distance between the label's two places, to a power, over that of
    an order and its reverse. Range [0, 1], 0 for equal orders and 1 for reversed ones. Source:
    Galili 2015; dendextend's ``entanglement``, whose ``L`` is the power.

    Args:
        first: labels, each once.
        second: the same labels.
        power: of the distances; the greater, the more do long ways count.

    Raises:
        HierarchyError: different labels, a label twice, or a power that is not positive.

    >>> round(entanglement_of_orders("abcd", "bacd"), 3)  # 2 * 1**1.5 / (2 * 3**1.5 + 2 * 1**1.5)
    0.161
    """
    check_same_labels(sorted(first), sorted(second), HierarchyError, ("the first", "the second"))
    if len(set(first)) < len(first):
        raise HierarchyError("An order holds a label twice; name each one once.")
    if not power > 0:
        raise HierarchyError(f"`power` is {power}; a distance is taken to a power above 0.")
    n = len(first)
    place = {label: i for i, label in enumerate(second)}
    at = np.arange(n)
    apart = np.abs(at - np.array([place[label] for label in first], dtype=np.int64))
    worst = np.abs(at - at[::-1])
    return float((apart**power).sum() / (worst**power).sum()) if n > 1 else 0.0
