"""Comparing trees with one another, and with the similarities or groups they should fit.

One meaning a file: `heights` (cophenetic correlation), `baker`, `cut_pairs` (Fowlkes-Mallows),
`mutual_information`, `hierarchical_information`, `clades` (Robinson-Foulds), `triplets`,
`quartets`, `edits` (tree edit distance), `edges` (edge-F1), `ancestors` (ancestor-F1);
`facing` (entanglement, no metric); `dasgupta`
and `purity` are fits of one tree, `bounds` what bounds on its shape cost, `chance` how far it is
from chance. `cuts` says what a cut into k clusters is, `cells` what every two clades share,
`relabelling` what chance gives, `movement` which classes moved. Trees of
different label sets are first restricted to the labels they share; the table says how many those
are, and how many are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from taxonomy._core.checked import check_kind, check_several
from taxonomy._core.errors import HierarchyError, RegistryError
from taxonomy._core.registry import lookup
from taxonomy.comparison.ancestors import ancestor_f1
from taxonomy.comparison.baker import baker_gamma, baker_spearman
from taxonomy.comparison.bounds import BoundsCost, bounds_cost
from taxonomy.comparison.chance import AgainstChance, against_chance
from taxonomy.comparison.clades import robinson_foulds
from taxonomy.comparison.cut_pairs import fowlkes_mallows, fowlkes_mallows_curve
from taxonomy.comparison.cuts import cut
from taxonomy.comparison.dasgupta import dasgupta_cost, share_of_chance
from taxonomy.comparison.edges import EdgeAgreement, edge_agreement, edge_f1
from taxonomy.comparison.edits import tree_edit_distance
from taxonomy.comparison.facing import entanglement, entanglement_of_orders
from taxonomy.comparison.heights import cophenetic_correlation, cophenetic_fit
from taxonomy.comparison.hierarchical_information import hierarchical_mutual_information
from taxonomy.comparison.metric import Metric
from taxonomy.comparison.movement import moved
from taxonomy.comparison.mutual_information import (
    adjusted_mutual_information,
    adjusted_mutual_information_curve,
)
from taxonomy.comparison.purity import dendrogram_purity
from taxonomy.comparison.quartets import quartet_distance
from taxonomy.comparison.relabelling import Null, null
from taxonomy.comparison.report import comparison_text
from taxonomy.comparison.table import FITS, METRICS
from taxonomy.comparison.triplets import triplet_distance
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "FITS",
    "METRICS",
    "AgainstChance",
    "BoundsCost",
    "EdgeAgreement",
    "Metric",
    "Null",
    "adjusted_mutual_information",
    "adjusted_mutual_information_curve",
    "against_chance",
    "ancestor_f1",
    "baker_gamma",
    "baker_spearman",
    "bounds_cost",
    "compare",
    "comparison_text",
    "cophenetic_correlation",
    "cophenetic_fit",
    "cut",
    "dasgupta_cost",
    "dendrogram_purity",
    "describe",
    "edge_agreement",
    "edge_f1",
    "entanglement",
    "entanglement_of_orders",
    "fowlkes_mallows",
    "fowlkes_mallows_curve",
    "hierarchical_mutual_information",
    "moved",
    "null",
    "quartet_distance",
    "robinson_foulds",
    "share_of_chance",
    "summary",
    "tree_edit_distance",
    "triplet_distance",
]


def compare(
    trees: Mapping[str, Hierarchy],
    metrics: tuple[str, ...] = (),
    samples: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare trees: one row for every pair of trees, one column for every metric.

    Args:
        trees: at least two, by display name.
        metrics: names from `METRICS`; all when empty.
        samples: random relabellings drawn for every metric of every row (see `null`); with 0 none
            are.
        seed: of the relabellings.

    Returns:
        columns ``a`` and ``b``; ``labels``, how many all the trees share and the row is about;
        ``left_out``, how many others the row's two trees have; one column a metric and, with
        samples, beside it ``<metric>_expected`` and ``<metric>_p``. Its ``attrs["alike"]`` says of
        every metric whether a ``high`` or a ``low`` value means that two trees are alike.

    Raises:
        HierarchyError: fewer than two trees, or fewer than three shared labels.
        RegistryError: an unknown metric.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> print(compare({"A": a, "B": b}, ("robinson_foulds",)).round(2).to_string(index=False))
    a b  labels  left_out  robinson_foulds
    A B       4         1             0.33
    >>> compare({"A": a, "B": b}, ("robinson_foulds", "ancestor_f1")).attrs["alike"]
    {'robinson_foulds': 'low', 'ancestor_f1': 'high'}
    """
    import pandas as pd

    if not isinstance(trees, Mapping):
        raise HierarchyError(
            f"what is compared is a {type(trees).__name__}; give a dictionary of trees by name, "
            "such as {'one': tree, 'other': other}."
        )
    check_several(metrics, "metrics", RegistryError)
    for title, tree in trees.items():
        check_kind(tree, Hierarchy, f"the tree {title!r}", HierarchyError)
    if len(trees) < 2:
        raise HierarchyError("Comparison needs at least two trees.")
    chosen = {name: lookup("metric", METRICS, name) for name in metrics or METRICS}
    shared = sorted(set.intersection(*(set(tree.leaves) for tree in trees.values())))
    if len(shared) < 3:
        raise HierarchyError(f"The trees share {len(shared)} labels; comparison needs 3 or more.")
    common = {name: tree.restrict(shared, unary="collapse") for name, tree in trees.items()}
    rows = []
    for a, b in combinations(trees, 2):
        left_out = len({*trees[a].leaves, *trees[b].leaves}) - len(shared)
        row: dict[str, object] = {"a": a, "b": b, "labels": len(shared), "left_out": left_out}
        for name, metric in chosen.items():
            if samples:
                found = null(metric, common[a], common[b], samples, seed)
                row[name] = found.value
                row |= {f"{name}_expected": found.mean, f"{name}_p": found.p}
            else:
                row[name] = metric(common[a], common[b])
        rows.append(row)
    table = pd.DataFrame(rows)
    table.attrs["alike"] = {name: metric.alike for name, metric in chosen.items()}
    return table


def describe(tree: Hierarchy) -> str:
    """Return a tree's shape in words.

    >>> describe(Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]]))
    '4 classes, 2 nodes, depth 2, 2 top groups, lowest groups of 2 to 2 classes'
    """
    numbers = summary(tree)
    return (
        f"{numbers['leaves']} classes, {numbers['nodes']} nodes, depth {numbers['depth']}, "
        f"{numbers['groups']} top groups, lowest groups of {numbers['smallest']} to "
        f"{numbers['largest']} classes"
    )


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
