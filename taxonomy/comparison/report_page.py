"""The page of a comparison's report: one HTML file with its pictures in it, and no scripts."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core.markup import html_table, in_html
from taxonomy._core.spelling import counted
from taxonomy.comparison import report_pictures as pictures
from taxonomy.comparison.table import METRICS

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.comparison.reporting import ComparisonReport

MOST_BYTES = 1_500_000
"""Pictures up to this size are in the page; larger ones are linked."""
SHOWN_MOVED = 12
MOST_OPEN = 10
"""Pairs of which table and sentences are shown at once; of more they unfold."""
SHOWN_LEFT_OUT = 10

LINES = (
    "Lines join the same class in both trees, which are drawn in an order in which few cross; "
    "coloured are the classes that moved."
)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
table { border-collapse: collapse; margin: 1rem 0; font-size: 0.85rem; display: block;
  overflow-x: auto; }
th, td { text-align: right; padding: 0.2rem 0.7rem; border-bottom: 1px solid #ddd;
  vertical-align: top; }
th:first-child, td:first-child, table.words th, table.words td { text-align: left; }
td:first-child { white-space: nowrap; }
table.words td:first-child { white-space: normal; min-width: 8rem; }
summary { cursor: pointer; margin: 0.5rem 0; }
th { border-bottom: 2px solid #888; }
img { max-width: 100%; }
h2 { margin-top: 2.5rem; } .small { color: #555; font-size: 0.85rem; }
"""

Tables = Mapping[str, tuple[list[str], list[list[str]]]]
Drawn = Mapping[str, tuple[str, int]]


def page(report: ComparisonReport, folder: Path, drawn: Drawn, tables: Tables) -> str:
    """Return a report's page.

    Args:
        report: what it is of.
        folder: where its pictures lie.
        drawn: the pictures' files, with how many classes each shows, by what they show.
        tables: a header and rows of text each, by name.
    """
    sentences = _list(report.conclusions.values())
    metrics = html_table(*tables["metrics"])
    if (pairs := len(report.table)) > MOST_OPEN:
        sentences = _overview(report) + _folded(
            f"A sentence on each of the {pairs} pairs", sentences
        )
        metrics = _folded(f"Every metric of the {pairs} pairs", metrics)
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        f"<title>{len(report.trees)} trees compared</title>",
        f"<style>{STYLE}</style></head><body>",
        f"<h1>{len(report.trees)} trees compared</h1>",
        sentences,
        "<h2>The trees</h2>",
        html_table(*tables["trees"]),
        _on_labels(report),
        "<h2>How alike they are</h2>",
        metrics,
        _on_chance(report),
    ]
    there = [what for what in ("heat maps", "map") if what in drawn]
    parts += [_picture(folder, drawn[what][0], what) for what in there]
    if "map" in drawn:
        parts.append(
            f'<p class="small">On the map the distances between trees are those of '
            f"{in_html(pictures.in_words(report.laid_out_by))}, as well as a plane can keep them "
            "(classical multidimensional scaling); the axes have no meaning.</p>"
        )
    moved = dict(iter(report.moved.groupby(["a", "b"], sort=False)))
    for pair in report.agreements:
        parts += _on_pair(report, pair, folder, drawn, moved[pair])
    parts.append(_on_files(report))
    return "\n".join(parts) + "\n</body></html>\n"


def _folded(summary: str, inside: str) -> str:
    return f"<details><summary>{in_html(summary)}</summary>{inside}</details>"


def _overview(report: ComparisonReport) -> str:
    """Return which of many pairs are the most and the least alike."""
    name = report.laid_out_by
    order = report.table.dropna(subset=[name]).sort_values(
        name, ascending=METRICS[name].alike == "low", kind="stable"
    )
    if order.empty:
        return ""
    said = [
        f"{row['a']} and {row['b']} are the {degree} alike ({row[name]:.2f})"
        for degree, row in (("most", order.iloc[0]), ("least", order.iloc[-1]))
    ]
    words = pictures.in_words(name)
    equal = f"equal trees have {METRICS[name].best:g}"
    return f"<p>{in_html(f'By {words} ({equal}), {said[0]}; {said[1]}.')}</p>"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{in_html(line)}</li>' for line in lines)}</ul>"


def _on_labels(report: ComparisonReport) -> str:
    """Return which classes the comparison is about, and which are left out."""
    shared = set(next(iter(report.shared.values())).leaves)
    left = {name: sorted({*tree.leaves} - shared) for name, tree in report.trees.items()}
    if not any(left.values()):
        return f"<p>All trees have the same {counted(len(shared), 'class')}.</p>"
    lines = []
    for name, labels in left.items():
        if labels:
            listed = ", ".join(_called(report, label) for label in labels[:SHOWN_LEFT_OUT])
            more = len(labels) - SHOWN_LEFT_OUT
            lines.append(f"{name}: {listed}{f' and {more:,} more' if more > 0 else ''}")
    return (
        f"<p>Compared are the {counted(len(shared), 'class')} that all trees have. Every tree was "
        f"restricted to these, and nodes left with one child were taken out; everything below is "
        f"about what remains. Left out are of</p>{_list(lines)}"
    )


def _on_chance(report: ComparisonReport) -> str:
    said = "Equal trees have the values given; a metric has none where it does not apply."
    if report.samples:
        said += (
            f" Chance and p are from {report.samples} permutations of the classes, seed "
            f"{report.seed}; chance is exact where a closed form is known."
        )
    return (
        f'<p class="small">{said} What each metric means is in the docstrings of '
        "<code>taxonomy.comparison</code>.</p>"
    )


def _on_pair(
    report: ComparisonReport, pair: tuple[str, str], folder: Path, drawn: Drawn, moved: pd.DataFrame
) -> list[str]:
    """Return what is known of two trees: sentence, pictures, and the classes that moved."""
    curve, _ = drawn[f"curve {pair}"]
    tangled, shown = drawn[f"tanglegram {pair}"]
    part = ""
    if shown < len(moved):
        part = (
            f" Of {len(moved):,} classes it shows the {pictures.FARTHEST} that moved farthest and "
            f"those near them, {shown:,} in all."
        )
    far = moved[moved["moved"] > 0].head(SHOWN_MOVED)
    rows = [
        [_called(report, row["label"]), *(_near(report, row[x]) for x in ("near_a", "near_b"))]
        for row in far.to_dict("records")
    ]
    words = html_table(["class", f"from near, in {pair[0]}", f"to near, in {pair[1]}"], rows)
    return [
        f"<h2>{in_html(pair[0])} and {in_html(pair[1])}</h2>",
        f"<p>{in_html(report.conclusions[pair])}</p>",
        _picture(folder, curve, f"agreement of {pair[0]} and {pair[1]} over k"),
        *(
            ["<h3>Moved farthest</h3>", words.replace("<table>", '<table class="words">')]
            if rows
            else []
        ),
        _picture(folder, tangled, f"tanglegram of {pair[0]} and {pair[1]}"),
        f'<p class="small">{LINES}{part}</p>',
    ]


def _near(report: ComparisonReport, labels: tuple[str, ...]) -> str:
    return ", ".join(_called(report, label) for label in labels)


def _called(report: ComparisonReport, label: str) -> str:
    return report.called.get(label, label)


def _picture(folder: Path, file: str, what: str) -> str:
    """Return a picture, in the page where it is small enough."""
    data = (folder / file).read_bytes()
    link = f'<a href="{in_html(file)}">{in_html(what)}</a>'
    if len(data) > MOST_BYTES:
        return f"<p>A large picture, in a file of its own: {link} (SVG).</p>"
    text = base64.b64encode(data).decode()
    return f'<p><img alt="{in_html(what)}" src="data:image/svg+xml;base64,{text}"></p>'


def _on_files(report: ComparisonReport) -> str:
    drawn, all_pairs = len(report.agreements), len(report.table)
    rest = (
        ""
        if drawn == all_pairs
        else (
            f" Pictures are drawn of the first {drawn} of {all_pairs} pairs only; more are with "
            f"<code>pairs={all_pairs}</code>."
        )
    )
    return (
        "<h2>Files</h2><p>Beside this page: <code>metrics.csv</code> (one row a metric and pair; "
        "also <code>.tex</code> and <code>.md</code>), <code>moved.csv</code> (all classes), "
        "<code>curves.csv</code>, <code>trees.csv</code>, the pictures as SVG, and "
        f"<code>comparison.json</code>, which says how this was made.{rest}</p>"
    )
