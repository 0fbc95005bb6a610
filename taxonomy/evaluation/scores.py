"""`Evaluation`: all scores of a network on one split."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import DataError
from taxonomy._core.spelling import counted
from taxonomy.evaluation.calibration import (
    BINS,
    brier_score,
    expected_calibration_error,
    negative_log_likelihood,
    reliability_table,
)
from taxonomy.evaluation.hierarchical import (
    Overlap,
    hierarchical_distance,
    hierarchical_overlap,
    level_table,
    mistake_severity,
)
from taxonomy.evaluation.tables import class_table, group_table
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

TOPS = (1, 5, 20)
"""How many of the best classes `hierarchical_distance` looks at, as published for ImageNet."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """All scores of one network on one split.

    Args:
        scores: single numbers by name; shares in [0, 1], heights in edges (or as the tree's merge
            heights), ``negative_log_likelihood`` in nats.
        levels: accuracy by depth, see `level_table`.
        classes: one row a class, see `class_table`.
        groups: one row a group, see `group_table`.
        reliability: confidence and accuracy by bin, see `reliability_table`.
    """

    scores: dict[str, float]
    levels: pd.DataFrame
    classes: pd.DataFrame
    groups: pd.DataFrame
    reliability: pd.DataFrame

    def to_text(self, most: int = 5) -> str:
        """Return the scores as text, with the ``most`` worst classes and groups.

        Names are shown as they are written in JSON, so that none can disturb the page.
        """
        s = self.scores
        distances = ", ".join(
            f"@{name.rpartition('_')[2]} {value:.3f}"
            for name, value in s.items()
            if name.startswith("hierarchical_distance")
        )
        severity = "none" if s["top1_accuracy"] == 1 else f"severity {s['mistake_severity']:.3f}"
        lines = [
            f"{counted(s['pictures'], 'picture')}, {counted(s['classes'], 'class')}",
            f"accuracy: top-1 {s['top1_accuracy']:.2%}, top-5 {s['top5_accuracy']:.2%}",
            f"mistakes: {severity}, hierarchical distance {distances}",
            "hierarchical: precision {:.2%}, recall {:.2%}, F1 {:.2%}".format(
                *(s[f"hierarchical_{name}"] for name in Overlap._fields)
            ),
            "calibration: error {:.2%} in {} bins, NLL {:.3f} nats, Brier {:.3f}".format(
                s["expected_calibration_error"],
                len(self.reliability),
                s["negative_log_likelihood"],
                s["brier_score"],
            ),
            "accuracy by depth in the tree:",
            self.levels.round(4).to_string(index=False),
        ]
        for title, table in (("classes", self.classes), ("groups", self.groups)):
            if len(table) > 1:
                worst = table.dropna(subset="accuracy").sort_values(
                    ["accuracy", "pictures"], ascending=[True, False], kind="stable"
                )
                lines += [f"worst of {len(table):,} {title}:", _shown(worst.head(most))]
        return "\n".join(lines)

    def save(self, folder: Path | str) -> tuple[Path, ...]:
        """Write the tables as CSV files into a folder, each atomically, and return their paths.

        ``scores.csv``, ``levels.csv``, ``classes.csv``, ``groups.csv``, ``reliability.csv``.
        """
        import pandas as pd

        tables = {
            "scores": pd.DataFrame(self.scores.items(), columns=["score", "value"]),
            "levels": self.levels,
            "classes": self.classes,
            "groups": self.groups,
            "reliability": self.reliability,
        }
        paths = tuple(Path(folder) / f"{name}.csv" for name in tables)
        for path, table in zip(paths, tables.values(), strict=True):
            io.write_text(path, table.to_csv(index=False))
        return paths


def _shown(table: pd.DataFrame) -> str:
    """Return a table as text, its own texts written as in JSON."""
    texts = {
        column: [json.dumps(str(text), ensure_ascii=False)[1:-1] for text in table[column]]
        for column in table.select_dtypes(exclude="number")
    }
    text: str = table.assign(**texts).round(4).to_string(index=False, na_rep="")
    return text


def evaluate(predictions: Predictions, tree: Hierarchy, bins: int = BINS) -> Evaluation:
    """Return all scores of a network's predictions; a tree says how severe a mistake is.

    Args:
        predictions: a network's logits on one split; restrict them to score an expert.
        tree: holds the classes of the predictions; not necessarily the network's own.
        bins: of the calibration error.

    Raises:
        LabelError: the tree lacks a class of the predictions.
        DataError: there are no pictures, fewer than one bin, or something else than predictions.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> some = Predictions(["car", "cat", "dog"], [[0, 1, 2], [2, 1, 0]], [1, 0], "val")
    >>> scores = evaluate(some, tree).scores
    >>> scores["top1_accuracy"], scores["mistake_severity"], scores["hierarchical_distance_at_1"]
    (0.5, 1.0, 0.5)
    """
    check_kind(predictions, Predictions, "what is evaluated", DataError)
    if not len(predictions):
        raise DataError("There are no predictions to evaluate.")
    overlap = hierarchical_overlap(predictions, tree)
    scores = {
        "pictures": len(predictions),
        "classes": len(predictions.ids),
        "top1_accuracy": predictions.accuracy(),
        "top5_accuracy": predictions.accuracy(top=5),
        "mistake_severity": mistake_severity(predictions, tree),
    }
    for top in TOPS:
        if top <= len(predictions.ids):
            name = f"hierarchical_distance_at_{top}"
            scores[name] = hierarchical_distance(predictions, tree, top)
    scores |= {f"hierarchical_{name}": value for name, value in overlap._asdict().items()}
    scores |= {
        "expected_calibration_error": expected_calibration_error(predictions, bins),
        "negative_log_likelihood": negative_log_likelihood(predictions),
        "brier_score": brier_score(predictions),
    }
    return Evaluation(
        scores=scores,
        levels=level_table(predictions, tree),
        classes=class_table(predictions, tree),
        groups=group_table(predictions, tree),
        reliability=reliability_table(predictions, bins),
    )
