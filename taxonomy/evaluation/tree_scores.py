"""`score`: anybody's predictions on a tree, with intervals, by level, class and group."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import DataError, check_whole
from taxonomy._core.spelling import counted
from taxonomy.evaluation.answers import Answers
from taxonomy.evaluation.measuring import Measured, measured
from taxonomy.evaluation.reading import Columns, read_answers
from taxonomy.evaluation.resampling import Interval, Ratio, intervals
from taxonomy.formats import get_tree
from taxonomy.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.labels import LabelSet
    from taxonomy.trees.hierarchy import Hierarchy

_SHARES = ("error", "precision", "recall", "f1", "stopped", "hops", "area", "right")
"""Words in the names of scores that are shares and are shown in percent."""

_PARTS = ("error", "mistake_severity", "hierarchical_distance")
"""The scores of a class or a group."""


@dataclass(frozen=True, eq=False)
class TreeScores:
    """What answers on a tree are worth; printing it shows all in words.

    Args:
        samples: how many were scored.
        classes: how many could be said.
        notes: what was taken for what in reading.
        scores: one row a score: ``score value low high samples``, the interval holding 95 of 100
            resamples, ``samples`` being how many the score is a mean over.
        levels: one row a depth: ``depth nodes accuracy low high``, and with scores of all classes
            ``summed_accuracy summed_low summed_high``.
        by_class: one row a class with samples: ``class samples``, error, severity and distance with
            their intervals, and ``mistaken_for``.
        by_group: the same for groups; None where samples are not grouped.
        operating: the curve, ``threshold information accuracy``; None without scores of all
            classes.
    """

    samples: int
    classes: int
    notes: tuple[str, ...]
    scores: pd.DataFrame
    levels: pd.DataFrame
    by_class: pd.DataFrame
    by_group: pd.DataFrame | None
    operating: pd.DataFrame | None

    def __getitem__(self, name: str) -> float:
        """Return the value of a score by its name."""
        found = self.scores.loc[self.scores["score"] == name, "value"]
        if not len(found):
            raise DataError(
                f"There is no score {name!r}; there are: {', '.join(self.scores.score)}."
            )
        return float(found.iloc[0])

    def __str__(self) -> str:
        """Return the scores as text, with the worst classes and the groups."""
        rows = {row.score: row for row in self.scores.itertuples()}
        error, severity, distance = (_interval(rows.pop(name)) for name in _PARTS)
        lines = [
            f"{counted(self.samples, 'sample')}, {counted(self.classes, 'class')}",
            *self.notes,
            f"error {error} × mistake severity {severity} = hierarchical distance {distance}",
            "severity alone can fall because more, milder mistakes appear: compare by all three",
            *(f"{name.replace('_', ' ')} {_interval(row)}" for name, row in rows.items()),
            "accuracy by depth in the tree:",
            self.levels.dropna(axis=1, how="all").round(4).to_string(index=False),
        ]
        worst = self.by_class.sort_values(
            ["hierarchical_distance", "samples"], ascending=[False, False], kind="stable"
        )
        tables = [(f"worst of {counted(len(worst), 'class')}, by distance:", worst.head(5))]
        if self.by_group is not None:
            tables.append(("by group:", self.by_group.head(20)))
        for title, table in tables:
            brief = table.drop(columns=[name for name in table if name.endswith(("low", "high"))])
            shown = {
                name: [json.dumps(str(text), ensure_ascii=False)[1:-1] for text in brief[name]]
                for name in brief.select_dtypes(exclude="number")
            }
            lines += [title, brief.assign(**shown).round(4).to_string(index=False, na_rep="")]
        return "\n".join(lines)

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return all tables by name."""
        every = {
            "scores": self.scores,
            "levels": self.levels,
            "classes": self.by_class,
            "groups": self.by_group,
            "operating": self.operating,
        }
        return {name: table for name, table in every.items() if table is not None}

    def to_json(self) -> str:
        """Return everything as JSON: samples, classes, notes, and every table as a list of rows."""
        rows = {
            name: [
                {key: None if value != value else value for key, value in row.items()}
                for row in table.to_dict("records")
            ]
            for name, table in self.tables().items()
        }
        about = {"samples": self.samples, "classes": self.classes, "notes": list(self.notes)}
        return io.indented_json({**about, **rows})

    def save(self, folder: Path | str) -> tuple[Path, ...]:
        """Write a folder's files, each atomically, and return their paths.

        ``scores.json`` with everything; ``scores.csv``, ``levels.csv``, ``classes.csv`` and, where
        there are any, ``groups.csv`` and ``operating.csv``; and ``operating.png`` where matplotlib
        is installed.
        """
        folder = Path(folder)
        files = {"scores.json": self.to_json() + "\n"}
        files |= {f"{n}.csv": table.to_csv(index=False) for n, table in self.tables().items()}
        for name, text in files.items():
            io.write_text(folder / name, text)
        written = [folder / name for name in files]
        if self.operating is not None and find_spec("matplotlib"):
            from taxonomy.plots import operating_figure, save_figure

            written.append(folder / "operating.png")
            save_figure(written[-1], operating_figure({"": self.operating}))
        return tuple(written)


def _interval(row: Any) -> str:
    """Return a score with its interval, shares in percent."""
    share = any(word in row.score for word in _SHARES)
    form = "{:.2%}" if share else "{:.3f}"
    if math.isnan(row.value):
        return "none"
    value, low, high = map(form.format, (row.value, row.low, row.high))
    return value if math.isnan(row.low) else f"{value} ({low} to {high})"


def score(
    predictions: Predictions | Path | str | Mapping[str, Any] | pd.DataFrame,
    tree: Hierarchy | Path | str,
    *,
    true: str = "",
    predicted: str = "",
    by: str = "",
    sample: str = "",
    category: str = "",
    value: str = "",
    ignore: tuple[str, ...] = (),
    classes: str | LabelSet | Path | Iterable[str] = "",
    kind: str = "",
    top: tuple[int, ...] = (1, 5, 20),
    resamples: int = 1000,
    seed: int = 0,
    split: str = "",
) -> TreeScores:
    """Score anybody's predictions on a tree: how often they are wrong, and how badly.

    Args:
        predictions: a file that ends in ``.csv``, ``.tsv``, ``.parquet`` or ``.npz``, a run's
            folder, a data frame, arrays by name, or `Predictions`. Columns are true classes, and
            either scores, a column a class; or sample, class and score, a row for each pair; or
            predicted classes, which may be inner nodes of the tree.
        tree: the tree, a file or a shipped name of one. It holds every class by its id or name.
        true: the column of true classes [by its name: true, target, label, ...].
        predicted: the column of predicted classes; where it is given, scores are not read.
        by: a column of groups that are scored one by one.
        sample: the column that tells samples apart, in a table of pairs.
        category: the column of the class that a pair's score is for.
        value: the column of scores of pairs, or the array of scores in an npz.
        ignore: columns that are not read.
        classes: what numbers stand for, from 0: a file with a class a line, a shipped set or a
            list; also the classes of scores whose columns have no names.
        kind: of the scores: ``logits`` or ``probabilities`` [by their values].
        top: how many of the best classes distance and HOPS look at; those beyond the number of
            classes are left out.
        resamples: how often samples are drawn again for the intervals.
        seed: of these draws.
        split: of a run's folder alone: ``val`` or ``test`` [val].

    Raises:
        DataError: no such column, a score that is no finite number, or values that do not fit.
        FileFormatError: the file cannot be read.
        LabelError: classes that the tree does not have.

    >>> tree = get_tree("icons/wordnet").restrict(["cat", "dog", "car"])
    >>> table = {"label": ["cat", "cat", "dog", "car"], "prediction": ["cat", "dog", "car", "car"]}
    >>> found = score(table, tree)
    >>> found["error"], found["mistake_severity"], found["hierarchical_distance"]
    (0.5, 2.0, 1.0)
    """
    check_whole("`resamples`", resamples, 0, 100_000, DataError)
    check_whole("`seed`", seed, 0, 2**63 - 1, DataError)
    for each in top:
        check_whole("`top`", each, 1, 2**31, DataError)
    columns = Columns(true, predicted, sample, category, value, by, ignore)
    listed = None if isinstance(classes, str) and not classes else classes
    answers = read_answers(predictions, get_tree(tree), columns, listed, kind, split)
    if not len(answers):
        raise DataError("There are no predictions to score.")
    return _scored(answers, tuple(top), resamples, seed)


def _scored(answers: Answers, tops: tuple[int, ...], resamples: int, seed: int) -> TreeScores:
    """Return the scores of answers, one at least."""
    import pandas as pd

    found = measured(answers, tops)
    levels = [ratio for _, ratios in found.levels for ratio in ratios]
    # Names of ratios are those of columns here: depths have the same names of scores.
    every = [*found.ratios, *(Ratio(ratio.over, ratio.over) for ratio in levels)]
    others = {"operating_area": found.curve.areas} if found.curve else {}
    values = intervals(found.columns, every, resamples, seed, others)
    over = {ratio.name: ratio.under for ratio in found.ratios}
    rows = [
        (name, *values[name], _count(found, over.get(name, "one"))) for name in [*over, *others]
    ]
    groups, part = None, partial(_parts, found, resamples=resamples, seed=seed)
    if answers.groups:
        names, of = np.unique(
            np.array(answers.groups, dtype=object).astype(str), return_inverse=True
        )
        groups = part(answers.by or "group", [str(name) for name in names], of)
    return TreeScores(
        samples=len(answers),
        classes=answers.class_count,
        notes=answers.notes,
        scores=pd.DataFrame(rows, columns=["score", "value", "low", "high", "samples"]),
        levels=_levels(found, values),
        by_class=_classes(answers, part),
        by_group=groups,
        operating=found.curve.table() if found.curve else None,
    )


def _count(found: Measured, under: str) -> int:
    """Return how many samples a score is a mean over."""
    under = under if under in ("one", "wrong", "stopped") else "one"
    return int(found.columns[under].sum())


def _levels(found: Measured, values: Mapping[str, Interval]) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for depth, (nodes, ratios) in enumerate(found.levels, start=1):
        row: dict[str, float] = {"depth": depth, "nodes": nodes}
        for ratio, prefix in zip(ratios, ("", "summed_"), strict=False):
            numbers = zip(
                (ratio.name, f"{prefix}low", f"{prefix}high"), values[ratio.over], strict=True
            )
            row |= dict(numbers)
        rows.append(row)
    return pd.DataFrame(rows)


def _parts(
    found: Measured, called: str, names: list[str], of: IntArray, resamples: int, seed: int
) -> pd.DataFrame:
    """Return error, severity and distance of every part of the samples, one row a part."""
    import pandas as pd

    ratios = [ratio for ratio in found.ratios if ratio.name in _PARTS]
    needed = {name for ratio in ratios for name in ratio[1:]}
    order = np.argsort(of, kind="stable")
    ends = np.cumsum(np.bincount(of, minlength=len(names)))
    rows = []
    for name, rows_of in zip(names, np.split(order, ends[:-1]), strict=True):
        part: dict[str, FloatArray] = {key: found.columns[key][rows_of] for key in needed}
        row: dict[str, Any] = {called: name, "samples": len(rows_of)}
        for key, numbers in intervals(part, ratios, resamples, seed).items():
            row |= dict(zip((key, f"{key}_low", f"{key}_high"), numbers, strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def _classes(answers: Answers, part: Any) -> pd.DataFrame:
    """Return the scores of every class that has samples, and what it is mistaken for."""
    tree = answers.tree
    entries, of = np.unique(answers.true, return_inverse=True)
    order = sorted(range(len(entries)), key=lambda i: str(tree.leaf[entries[i]]))
    place = np.argsort(order)
    table = part("class", [str(tree.leaf[entries[i]]) for i in order], place[of])
    wrong = answers.true != answers.best
    pairs, counts = np.unique(
        np.stack([answers.true[wrong], answers.best[wrong]]), axis=1, return_counts=True
    )
    most: dict[str, tuple[int, str]] = {}
    for (true, best), count in zip(pairs.T.tolist(), counts.tolist(), strict=True):
        said = tree.leaf[best] or tree.name[best] or f"node {best}"
        one = str(tree.leaf[true])
        most[one] = min(most.get(one, (0, "")), (-count, said))
    table["mistaken_for"] = [most.get(name, (0, ""))[1] for name in table["class"]]
    return table
