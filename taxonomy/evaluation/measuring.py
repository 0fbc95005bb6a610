"""What is measured of every sample's answer; all scores are ratios of sums of these numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy.evaluation.answers import Answers, Scores
from taxonomy.evaluation.hierarchical import Levels, meet
from taxonomy.evaluation.operating import Curve, Steps, Stopping
from taxonomy.evaluation.ordering import hops, nearness
from taxonomy.evaluation.resampling import Ratio

MOST_LEVELS = 100
"""Depths at which accuracy is measured, from the top."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Numbers by sample, and the scores that are ratios of their sums.

    Args:
        columns: by name, each of shape (samples,).
        ratios: the scores of the answers.
        levels: by depth from 1, the number of nodes there and the ratios of its accuracies.
        curve: the operating curve, where there are scores of all classes.
    """

    columns: dict[str, FloatArray]
    ratios: tuple[Ratio, ...]
    levels: tuple[tuple[int, tuple[Ratio, ...]], ...]
    curve: Curve | None = None


def measured(answers: Answers, tops: tuple[int, ...]) -> Measured:
    """Measure every answer.

    Args:
        answers: one at least.
        tops: how many of the best classes distances and HOPS look at; numbers beyond the number of
            classes are left out.
    """
    tree, true, best = answers.tree, answers.true, answers.best
    common = meet(tree, true, best)
    shared = tree.depth[common]
    columns: dict[str, FloatArray] = {
        "one": np.ones(len(answers)),
        "wrong": (true != best).astype(np.float64),
        "height": np.where(true == best, 0, tree.height[common]),
        "shared": shared.astype(np.float64),
        "said": tree.depth[best].astype(np.float64),
        "true": tree.depth[true].astype(np.float64),
    }
    columns["both"] = (columns["said"] + columns["true"]) / 2
    ratios = [
        Ratio("error", "wrong"),
        Ratio("mistake_severity", "height", "wrong"),
        Ratio("hierarchical_distance", "height"),
        Ratio("hierarchical_precision", "shared", "said"),
        Ratio("hierarchical_recall", "shared", "true"),
        Ratio("hierarchical_f1", "shared", "both"),
    ]
    if not tree.is_leaf[best].all():
        stopped = ~tree.is_leaf[best]
        columns["stopped"] = stopped.astype(np.float64)
        columns["right_above"] = (stopped & (common == best)).astype(np.float64)
        ratios.append(Ratio("stopped_at_a_node", "stopped"))
        ratios.append(Ratio("right_where_stopped", "right_above", "stopped"))
    entries = tree.leaf_entries if answers.scores is None else answers.scores.entries
    levels = Levels(tree, entries, MOST_LEVELS)
    for depth in range(1, len(levels.counts) + 1):
        columns[f"at {depth}"] = ((true == best) | (shared >= depth)).astype(np.float64)
    kinds = [("accuracy", "at")]
    curve = None
    if answers.scores is not None:
        tops = tuple(sorted({top for top in tops if top <= len(entries)}))
        by_scores = _ByScores(answers, answers.scores, tops, levels)
        columns |= by_scores.columns
        ratios += by_scores.ratios
        kinds.append(("summed_accuracy", "summed at"))
        curve = Curve(by_scores.steps, true == best)
    return Measured(
        columns,
        tuple(ratios),
        tuple(
            (count, tuple(Ratio(name, f"{kind} {depth}") for name, kind in kinds))
            for depth, count in enumerate(levels.counts, start=1)
        ),
        curve,
    )


class _ByScores:
    """What scores of all classes tell beyond the best one; every block is gone through once."""

    def __init__(
        self, answers: Answers, scores: Scores, tops: tuple[int, ...], levels: Levels
    ) -> None:
        samples, classes = scores.values.shape
        # HOPS of all classes has no number; that of the best one is accuracy.
        self._hops = {top: f"hops_at_{top}" for top in tops if 1 < top < classes}
        self._hops[classes] = "hops"
        self._tops = {top: f"hierarchical_distance_at_{top}" for top in tops if top > 1}
        names = ["expected_distance", *self._tops.values(), *self._hops.values()]
        self.ratios = [Ratio(name, name) for name in names]
        names += [f"summed at {depth}" for depth in range(1, len(levels.counts) + 1)]
        self.columns = {name: np.empty(samples) for name in names}
        self.steps: list[Steps] = []
        self._stopping = Stopping(answers.tree, scores.entries)
        for rows in scores.blocks():
            self._measure(answers, scores, levels, rows)

    def _measure(self, answers: Answers, scores: Scores, levels: Levels, rows: np.ndarray) -> None:
        true = scores.true[rows]
        some, class_of = np.unique(true, return_inverse=True)
        near = nearness(answers.tree, scores.entries, some)
        ranking = scores.ranking(rows, len(scores.entries))
        heights = near.heights[class_of[:, None], ranking[:, : max(self._tops, default=1)]]
        for top, name in self._tops.items():
            self.columns[name][rows] = heights[:, :top].mean(axis=1)
        found = hops(near.ranks, class_of, ranking, tuple(self._hops))
        for name, values in zip(self._hops.values(), found, strict=True):
            self.columns[name][rows] = values
        sure = scores.probabilities(rows)
        self.columns["expected_distance"][rows] = (sure * near.heights[class_of]).sum(axis=1)
        for depth, nodes in enumerate(levels.summed(sure, ranking[:, 0])):
            right = nodes == levels.node_of[depth][true]
            self.columns[f"summed at {depth + 1}"][rows] = right
        self.steps.append(self._stopping.steps(sure, true, rows))
