"""All metrics by name. To add one, write its function and add an entry here."""

from __future__ import annotations

import math

from taxonomy.comparison.ancestors import ancestor_f1, expected_ancestor_f1
from taxonomy.comparison.baker import baker_gamma, baker_spearman, expected_baker_spearman
from taxonomy.comparison.clades import expected_robinson_foulds, robinson_foulds
from taxonomy.comparison.cut_pairs import expected_fowlkes_mallows, fowlkes_mallows
from taxonomy.comparison.dasgupta import dasgupta_cost, expected_dasgupta_cost
from taxonomy.comparison.edges import edge_f1, expected_edge_f1
from taxonomy.comparison.edits import tree_edit_distance
from taxonomy.comparison.heights import (
    cophenetic_correlation,
    cophenetic_fit,
    expected_cophenetic_correlation,
    expected_cophenetic_fit,
)
from taxonomy.comparison.hierarchical_information import (
    expected_hierarchical_mutual_information,
    hierarchical_mutual_information,
)
from taxonomy.comparison.metric import Metric
from taxonomy.comparison.mutual_information import (
    adjusted_mutual_information,
    expected_adjusted_mutual_information,
)
from taxonomy.comparison.purity import dendrogram_purity, expected_dendrogram_purity
from taxonomy.comparison.quartets import expected_quartet_distance, quartet_distance
from taxonomy.comparison.triplets import expected_triplet_distance, triplet_distance

METRICS: dict[str, Metric] = {
    "cophenetic_correlation": Metric(
        cophenetic_correlation, -1, 1, expected=expected_cophenetic_correlation
    ),
    "baker_gamma": Metric(baker_gamma, -1, 1),
    "baker_spearman": Metric(baker_spearman, -1, 1, expected=expected_baker_spearman),
    "fowlkes_mallows": Metric(fowlkes_mallows, 0, 1, expected=expected_fowlkes_mallows),
    "adjusted_mutual_information": Metric(
        adjusted_mutual_information, -1, 1, expected=expected_adjusted_mutual_information
    ),
    "hierarchical_mutual_information": Metric(
        hierarchical_mutual_information, -1, 1, expected=expected_hierarchical_mutual_information
    ),
    "robinson_foulds": Metric(robinson_foulds, 0, 1, "low", expected_robinson_foulds),
    "triplet_distance": Metric(triplet_distance, 0, 1, "low", expected_triplet_distance),
    "quartet_distance": Metric(quartet_distance, 0, 1, "low", expected_quartet_distance),
    "tree_edit_distance": Metric(tree_edit_distance, 0, 1, "low"),
    "edge_f1": Metric(edge_f1, 0, 1, expected=expected_edge_f1),
    "ancestor_f1": Metric(ancestor_f1, 0, 1, expected=expected_ancestor_f1),
}
"""Metrics of two trees over the same labels, by name; all are symmetric."""

FITS: dict[str, Metric] = {
    "cophenetic_fit": Metric(cophenetic_fit, -1, 1, expected=expected_cophenetic_fit),
    "dasgupta_cost": Metric(dasgupta_cost, 0, math.inf, "low", expected_dasgupta_cost),
    "dendrogram_purity": Metric(dendrogram_purity, 0, 1, expected=expected_dendrogram_purity),
}
"""How well a tree fits a similarity or given groups of its labels, by name."""
