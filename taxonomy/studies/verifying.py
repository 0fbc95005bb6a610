"""Whether stored predictions are what experts answer: a sample is really cut out and run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from taxonomy._core.errors import TrainingError
from taxonomy.data import Pictures
from taxonomy.nets import extract
from taxonomy.studies.plan import Plan
from taxonomy.training import Run, predictions_on

TOLERANCE = 1e-5
"""By which logits of expert and network may differ, times the largest of them or 1."""


@dataclass(frozen=True)
class Verified:
    """What a sample of experts answered.

    Args:
        experts: that were cut out of their networks.
        answers: pictures that they were asked about.
        agreed: answers that are those of the stored predictions.
        ties: of the others, those whose two best logits are equal within the tolerance.
        largest_difference: between logits, as a share of the largest logit or 1.
    """

    experts: int
    answers: int
    agreed: int
    ties: int
    largest_difference: float

    def __str__(self) -> str:
        """Say what was compared and found."""
        ties = f" and {self.ties} more are ties" if self.ties else ""
        return (
            f"{self.experts} experts, drawn by chance, were cut out of their networks and asked "
            f"about all pictures of their classes: {self.agreed:,} of {self.answers:,} answers are "
            f"those of the stored predictions{ties}; logits differ by at most "
            f"{self.largest_difference:.1e}"
        )


def verify(plan: Plan, runs: Mapping[str, Run], seed: int = 0) -> Verified:
    """Cut experts for tasks drawn by chance out of trainings drawn by chance, and compare.

    Raises:
        TrainingError: an expert answers otherwise than its network's stored predictions say.
    """
    rng = np.random.default_rng(seed)
    tasks, cells = list(plan.tasks), sorted(plan.cells)
    read: dict[str, Pictures] = {}
    answers = agreed = ties = 0
    largest = 0.0
    for _ in range(plan.config.verify):
        cell = cells[int(rng.integers(len(cells)))]
        task = tasks[int(rng.integers(len(tasks)))]
        run, wanted = runs[cell], plan.cells[cell]
        stored = run.predictions(plan.config.split).restrict(task.classes)
        if wanted.data_digest not in read:
            whole = wanted.data.pictures(run.spec.resolution)
            read[wanted.data_digest] = whole.part(plan.config.split)
        expert = extract(run.net(), task.classes)
        made = predictions_on(expert, read[wanted.data_digest].restrict(task.classes))
        scale = max(1.0, float(np.abs(stored.logits).max()))
        largest = max(largest, float(np.abs(made.logits - stored.logits).max()) / scale)
        same = made.ranking()[:, 0] == stored.ranking()[:, 0]
        best = np.sort(stored.logits, axis=1)[:, -2:]
        near = ~same & (best[:, -1] - best[:, 0] <= 2 * TOLERANCE * scale)
        answers, agreed, ties = (
            answers + len(same),
            agreed + int(same.sum()),
            ties + int(near.sum()),
        )
        if not (same | near).all() or largest > TOLERANCE:
            raise TrainingError(
                f"The expert for {', '.join(task.classes)} of the cell {cell} answers otherwise "
                f"than its stored predictions ({int((~same).sum())} of {len(same)} pictures); "
                "remove the cell's folder to train it again."
            )
    return Verified(plan.config.verify, answers, agreed, ties, largest)
