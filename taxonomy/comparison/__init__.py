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

`comparing` makes that table, `cut_agreement` compares cut by cut with permuted labels, `mapping`
lays many trees out in the plane, and `reporting` gives all of it as data frames and as a folder.
"""

from __future__ import annotations

from taxonomy._core.spelling import counted
from taxonomy.comparison.ancestors import ancestor_f1
from taxonomy.comparison.baker import baker_gamma, baker_spearman
from taxonomy.comparison.bounds import BoundsCost, bounds_cost
from taxonomy.comparison.chance import AgainstChance, against_chance
from taxonomy.comparison.clades import robinson_foulds
from taxonomy.comparison.comparing import compare
from taxonomy.comparison.cut_agreement import Agreement, agreement
from taxonomy.comparison.cut_pairs import fowlkes_mallows, fowlkes_mallows_curve
from taxonomy.comparison.cuts import cut
from taxonomy.comparison.dasgupta import dasgupta_cost, share_of_chance
from taxonomy.comparison.edges import EdgeAgreement, edge_agreement, edge_f1
from taxonomy.comparison.edits import tree_edit_distance
from taxonomy.comparison.facing import entanglement, entanglement_of_orders
from taxonomy.comparison.heights import cophenetic_correlation, cophenetic_fit
from taxonomy.comparison.hierarchical_information import hierarchical_mutual_information
from taxonomy.comparison.mapping import metric_matrix, tree_map
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
from taxonomy.comparison.reporting import ComparisonReport, check_report
from taxonomy.comparison.table import FITS, METRICS
from taxonomy.comparison.triplets import triplet_distance
from taxonomy.trees.hierarchy import Hierarchy

__all__ = [
    "FITS",
    "METRICS",
    "AgainstChance",
    "Agreement",
    "BoundsCost",
    "ComparisonReport",
    "EdgeAgreement",
    "Metric",
    "Null",
    "adjusted_mutual_information",
    "adjusted_mutual_information_curve",
    "against_chance",
    "agreement",
    "ancestor_f1",
    "baker_gamma",
    "baker_spearman",
    "bounds_cost",
    "check_report",
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
    "metric_matrix",
    "moved",
    "null",
    "quartet_distance",
    "robinson_foulds",
    "share_of_chance",
    "summary",
    "tree_edit_distance",
    "tree_map",
    "triplet_distance",
]


def describe(tree: Hierarchy) -> str:
    """Return a tree's shape in words.

    >>> describe(Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]]))
    '4 classes, 2 nodes, depth 2, 2 top groups, lowest groups of 2 to 2 classes'
    """
    numbers = summary(tree)
    return (
        f"{counted(numbers['leaves'], 'class')}, {counted(numbers['nodes'], 'node')}, depth "
        f"{numbers['depth']}, {counted(numbers['groups'], 'top group')}, lowest groups of "
        f"{numbers['smallest']} to {counted(numbers['largest'], 'class')}"
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
