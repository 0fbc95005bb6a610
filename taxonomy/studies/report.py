"""A study's report, in Markdown and in HTML, of the same parts."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.markup import Rows, html_table, in_html, in_markdown, markdown_table
from taxonomy._core.spelling import counted
from taxonomy.studies.config import FLAT, SURE
from taxonomy.studies.findings import ALL, FAMILY_AT_EQUAL_MACS, Findings, Group
from taxonomy.studies.uncertainty import in_words
from taxonomy.studies.verifying import Verified

if TYPE_CHECKING:
    import pandas as pd

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.85rem; display: block;
  overflow-x: auto; }
th, td { text-align: right; padding: 0.2rem 0.7rem; border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; white-space: nowrap; }
th { border-bottom: 2px solid #888; }
img { max-width: 100%; }
h2 { margin-top: 2.5rem; }
"""
GAIN = "gain_at_equal_macs"
OWN = "†"
"""Marks a row on tasks that were drawn from a tree of the hierarchy's own family."""


@dataclass(frozen=True)
class Heading:
    """A heading.

    Args:
        text: of it.
        level: 1 for the title.
    """

    text: str
    level: int = 2


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Args:
        header: names of the columns.
        rows: the cells.
    """

    header: Sequence[str]
    rows: Rows


@dataclass(frozen=True)
class Picture:
    """A figure.

    Args:
        file: its name beside the report.
        text: what it shows.
    """

    file: str
    text: str


Part = Heading | Table | Picture | str


def parts(found: Findings, verified: Verified) -> Iterator[Part]:
    """Yield the parts of a study's report."""
    plan = found.plan
    config = plan.config
    hierarchies = len(config.hierarchies)
    yield Heading("What the choice of hierarchy buys", 1)
    yield (
        f"{counted(hierarchies, 'hierarchy', 'hierarchies')}, "
        f"{counted(len(config.seeds), 'seed')}, {counted(len(plan.tasks), 'task')} over "
        f"{counted(len(plan.tasks.ids), 'class')}, beside "
        f"{counted(len(plan.flat), 'flat network')} masked to each task's classes; "
        f"{config.split} split. "
        f"{counted(len(plan.cells), 'training')}, each with {counted(config.threads, 'thread')}."
    )
    yield f"{verified}."
    yield Heading("In short")
    for group in found.headlines:
        yield from _headline(found, group)
    yield _method(found)
    yield Heading("Accuracy over cost")
    yield Picture("cost-accuracy.png", "accuracy over cost, with the masked flat family")
    yield Heading("Gain over the flat family at equal MACs")
    yield Picture("gains.png", "gain over the flat family with its interval, by kind of task")
    yield (
        "Hollow marks, and rows marked † below, are of tasks drawn from a tree of the hierarchy's "
        "own family, which flatters it; they are left out of what is said in short."
    )
    for group in found.headlines:
        yield Heading(_capital(str(group)), 3)
        if group.kind == ALL:
            yield "Each row is over its own tasks: gains can be compared, accuracies cannot."
        yield _table(found, group)
    yield Heading("Trainings")
    yield _trainings(found)


def _headline(found: Findings, group: Group) -> Iterator[str]:
    """Yield what a group of tasks says: who does not differ, who does, and the flat family."""
    rows = _rows(found.settings, group)
    fair = rows[~rows["own_family"] & (rows["hierarchy"] != FLAT)]
    if fair.empty:
        yield f"{_capital(str(group))}: every hierarchy is of the reference's family."
        return
    known = found.differences[found.differences["tasks"] == str(group)]
    if group.kind == ALL:
        lead = (
            "All tasks but, of each hierarchy, those drawn from a tree of its own family; as these "
            "differ, gains over the flat family are compared, each pair's over the tasks of both"
        )
        measure, said = GAIN, "gains most, in points: {}"
    else:
        lead, measure, said = _capital(str(group)), "accuracy", "is most often right: {} %"
    ordered = fair.dropna(subset=measure).sort_values(measure, ascending=False, kind="stable")
    if ordered.empty:
        return
    best = ordered.iloc[0]
    shown = _interval(best, GAIN) if measure == GAIN else _percent(best, measure)
    said = f"{best['setting']} {said.format(shown)}"
    if len(ordered) > 1:
        pairs = known[(known["measure"] == measure) & (known["b"] != FAMILY_AT_EQUAL_MACS)]
        said = _apart(pairs, said, list(ordered["setting"]))
    yield f"{lead}: {said}."
    if found.plan.flat:
        yield _against_flat(known)


def _apart(pairs: pd.DataFrame, said: str, ordered: list[str]) -> str:
    """Say which settings differ from the best beyond chance, and which do not.

    Args:
        pairs: the comparisons of a group of tasks by one measure.
        said: what is said of the best.
        ordered: the settings, the best first.
    """
    if not (pairs["p_corrected"] < SURE).any():
        return f"no two of {len(ordered)} hierarchies differ beyond their intervals; {said}"
    (best, *others), level, below = ordered, [], []
    for name in others:
        row = pairs[pairs["a"].isin((best, name)) & pairs["b"].isin((best, name))].iloc[0]
        if row["p_corrected"] < SURE:
            sign = 1 if row["a"] == name else -1
            words = in_words(row["difference"])
            below.append(f"{name} ({_points(sign * row['difference'])}, {words})")
        else:
            level.append(name)
    if level:
        said += f"; not told apart from it: {', '.join(level)}"
    if below:
        said += f"; lower beyond chance: {', '.join(below)}"
    return said


def _against_flat(known: pd.DataFrame) -> str:
    """Say which hierarchies lie above or below the flat family at equal MACs."""
    rows = known[known["b"] == FAMILY_AT_EQUAL_MACS]
    told: dict[str, list[str]] = {"above": [], "below": [], "level": [], "outside": []}
    for row in rows.to_dict("records"):
        gain = row["difference"]
        if np.isnan(gain) or np.isnan(row["p_corrected"]):
            told["outside"].append(row["a"])
        elif row["p_corrected"] < SURE:
            told["above" if gain > 0 else "below"].append(
                f"{row['a']} ({_points(gain)}, {in_words(gain)})"
            )
        else:
            told["level"].append(row["a"])
    words = {"outside": "outside the MACs that it covers", "level": "not told apart"}
    said = [f"{words.get(key, key)}: {', '.join(names)}" for key, names in told.items() if names]
    return f"Beside the masked flat family at equal MACs, {'; '.join(said)}."


def _method(found: Findings) -> str:
    config = found.plan.config
    seeds = "seeds, " if len(config.seeds) > 1 else ""
    alone = (
        "" if seeds else " There is one seed: how much trainings differ by chance is not in them."
    )
    return (
        f"Intervals hold 95 of 100 of {config.resamples:,} resamples of designers (the pictures' "
        f"groups), {seeds}and, within their kind, tasks; all settings see the same draws, so "
        f"differences are paired.{alone} A difference counts where its p-value, corrected for all "
        f"comparisons of its paragraph (Holm), lies below {SURE}. Below half a point it is called "
        "negligible, below one small, below three moderate, else large. A conclusion falls if "
        "other designers, seeds or tasks move its difference across 0; the tables show how far it "
        "is from that."
    )


def _table(found: Findings, group: Group) -> Table:
    measure = GAIN if group.kind == ALL else "accuracy"
    rows = _rows(found.settings, group).sort_values(measure, ascending=False, kind="stable")
    cells = []
    for row in rows.to_dict("records"):
        gain = row[GAIN]
        cells.append(
            [
                row["setting"] + (f" {OWN}" if row["own_family"] else ""),
                str(row["tasks"]),
                _percent(row, "accuracy"),
                f"{row['macs'] / 1e6:.2f}",
                "" if np.isnan(gain) else _interval(row, GAIN),
            ]
        )
    header = ["", "tasks", "accuracy, %", "million MACs", "points above flat at equal MACs"]
    return Table(header, cells)


def _trainings(found: Findings) -> Table:
    rows = [
        [
            f"{row['setting']}, seed {row['seed']}",
            row["cell"],
            f"{100 * row['accuracy']:.1f}",
            f"{row['macs'] / 1e6:.2f}",
            f"{row['params'] / 1e3:,.0f}",
        ]
        for row in found.trainings.to_dict("records")
    ]
    header = ["", "cell", "accuracy, all classes, %", "million MACs", "thousand parameters"]
    return Table(header, rows)


def _rows(settings: pd.DataFrame, group: Group) -> pd.DataFrame:
    chosen = settings[settings["kind"] == group.kind]
    return chosen[(chosen["reference"] == group.reference) & (chosen["size"] == group.size)]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f} points".replace("-", "−")


def _percent(row: object, name: str) -> str:
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))  # type: ignore[index]
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


def _interval(row: object, name: str) -> str:
    value, low, high = (100 * row[f"{name}{end}"] for end in ("", "_low", "_high"))  # type: ignore[index]
    text = f"{value:+.1f}" + ("" if np.isnan(low) else f" [{low:+.1f}, {high:+.1f}]")
    return text.replace("-", "−")


def in_full_markdown(all_parts: Sequence[Part]) -> str:
    """Return parts as Markdown; names in them are data and do nothing there."""
    made = []
    for part in all_parts:
        match part:
            case Heading(text, level):
                made.append(f"{'#' * level} {in_markdown(text)}\n")
            case Table(header, rows):
                made.append(markdown_table(header, rows))
            case Picture(file, text):
                made.append(f"![{in_markdown(text)}]({file})\n")
            case str():
                made.append(f"{in_markdown(part)}\n")
    return "\n".join(made)


def in_full_html(all_parts: Sequence[Part], pictures: dict[str, bytes]) -> str:
    """Return parts as one HTML page with its pictures in it, and no scripts.

    Args:
        all_parts: of the report.
        pictures: PNG files by name.
    """
    title = next(part.text for part in all_parts if isinstance(part, Heading))
    made = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>{in_html(title)}</title>",
        f"<style>{STYLE}</style></head><body>",
    ]
    for part in all_parts:
        match part:
            case Heading(text, level):
                made.append(f"<h{level}>{in_html(text)}</h{level}>")
            case Table(header, rows):
                made.append(html_table(header, rows))
            case Picture(file, text):
                data = base64.b64encode(pictures[file]).decode()
                made.append(f'<img alt="{in_html(text)}" src="data:image/png;base64,{data}">')
            case str():
                made.append(f"<p>{in_html(part)}</p>")
    return "\n".join(made) + "\n</body></html>\n"
