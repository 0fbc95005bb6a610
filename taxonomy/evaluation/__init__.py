"""Scores of a network's stored `Predictions`, and of anybody's, on a tree."""

from __future__ import annotations

from taxonomy.evaluation.calibration import (
    BINS,
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
    probabilities,
    reliability_table,
    task_calibration,
)
from taxonomy.evaluation.curves import Curve, cost_accuracy_curve
from taxonomy.evaluation.experts import (
    TaskScores,
    evaluate_tasks,
    mean_points,
    points,
    versus_flat,
)
from taxonomy.evaluation.hierarchical import (
    Overlap,
    hierarchical_distance,
    hierarchical_overlap,
    level_table,
    mistake_heights,
    mistake_severity,
)
from taxonomy.evaluation.networks import NetworkScores, evaluate_network
from taxonomy.evaluation.rejection import (
    Rejecting,
    Rejector,
    auroc,
    false_positives,
    rejection_table,
    siblings,
    threshold_for,
)
from taxonomy.evaluation.scores import Evaluation, evaluate
from taxonomy.evaluation.tables import class_table, group_table
from taxonomy.evaluation.tree_scores import TreeScores, score

__all__ = [
    "BINS",
    "Curve",
    "Evaluation",
    "NetworkScores",
    "Overlap",
    "Rejecting",
    "Rejector",
    "TaskScores",
    "TreeScores",
    "auroc",
    "brier_score",
    "class_table",
    "cost_accuracy_curve",
    "evaluate",
    "evaluate_network",
    "evaluate_tasks",
    "expected_calibration_error",
    "false_positives",
    "group_table",
    "hierarchical_distance",
    "hierarchical_overlap",
    "level_table",
    "mean_points",
    "mistake_heights",
    "mistake_severity",
    "negative_log_likelihood",
    "points",
    "probabilities",
    "rejection_table",
    "reliability_table",
    "score",
    "siblings",
    "task_calibration",
    "threshold_for",
    "versus_flat",
]
