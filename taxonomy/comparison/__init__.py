"""Comparison of hierarchies over the same labels.

Trees of different label sets are first restricted to the labels they share; the table says how
many those are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from taxonomy._registry import lookup
from taxonomy.comparison.clades import robinson_foulds
from taxonomy.comparison.heights import cophenetic_correlation
from taxonomy.errors import HierarchyError
from taxonomy.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["METRICS", "compare", "cophenetic_correlation", "robinson_foulds", "summary"]

METRICS: dict[str, Callable[[Hierarchy, Hierarchy], float]] = {
    "cophenetic_correlation": cophenetic_correlation,
    "robinson_foulds": robinson_foulds,
}
"""Metrics of two trees over the same labels, by name."""


def compare(trees: Mapping[str, Hierarchy], metrics: tuple[str, ...] = ()) -> pd.DataFrame:
    """Return a tidy table with one row for every two trees and a column for every metric.

    Args:
        trees: at least two, by display name.
        metrics: names from `METRICS`; all when empty.

    Raises:
        HierarchyError: fewer than two trees, or fewer than three shared labels.
        RegistryError: an unknown metric.
    """
    import pandas as pd

    if len(trees) < 2:
        raise HierarchyError("Comparison needs at least two trees.")
    chosen = {name: lookup("metric", METRICS, name) for name in metrics or METRICS}
    shared = sorted(set.intersection(*(set(tree.leaves) for tree in trees.values())))
    if len(shared) < 3:
        raise HierarchyError(f"The trees share {len(shared)} labels; comparison needs 3 or more.")
    common = {name: tree.restrict(shared, unary="collapse") for name, tree in trees.items()}
    rows = [
        {"a": a, "b": b, "labels": len(shared)}
        | {name: metric(common[a], common[b]) for name, metric in chosen.items()}
        for a, b in combinations(trees, 2)
    ]
    return pd.DataFrame(rows)


def summary(tree: Hierarchy) -> dict[str, float]:
    """Return a tree's shape in numbers.

    Keys: ``leaves``, ``nodes``, ``depth`` (edges from the root to the deepest leaf), ``groups``
    (children of the root that are nodes), ``largest`` and ``smallest`` (leaves of the lowest
    nodes), ``singletons`` (lowest nodes with one leaf).
    """
    has_node_below = {int(tree.parent[node]) for node in tree.nodes[1:]}
    lowest = [int(tree.leaf_counts[n]) for n in tree.nodes if int(n) not in has_node_below]
    return {
        "leaves": len(tree.leaves),
        "nodes": len(tree.nodes) - 1,
        "depth": int(tree.depth.max()),
        "groups": sum(tree.leaf[child] is None for child in tree.children(0)),
        "largest": max(lowest),
        "smallest": min(lowest),
        "singletons": lowest.count(1),
    }
