"""The files of a comparison's report: tables, pictures, and the page that shows them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taxonomy._core import io
from taxonomy._core.markup import latex_table, markdown_table
from taxonomy.comparison import report_pictures as pictures
from taxonomy.comparison.report_page import page
from taxonomy.comparison.table import METRICS

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.comparison.reporting import ComparisonReport

MARK = "comparison.json"
"""The file by which a report's folder is known."""
FORMAT = "taxonomy-comparison"
MOST_ACROSS = 4
"""Pairs up to which each has a column."""
NO_VALUE = "none"
"""Where a metric has no value for two trees, or is not worked out for so many classes."""
DIGITS = "%.9g"
"""What machines agree on of the numbers in the tables."""


def write(report: ComparisonReport, folder: Path) -> None:
    """Write a report's files into an empty folder."""
    (folder / "pairs").mkdir()
    _write_tables(report, folder)
    drawn = dict(_draw(report, folder))
    io.write_text(folder / "report.html", page(report, folder, drawn, tables(report)))
    if not any((folder / "pairs").iterdir()):
        (folder / "pairs").rmdir()
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    io.write_json(
        folder / MARK,
        {
            "format": FORMAT,
            "version": 1,
            "trees": {name: tree.digest for name, tree in report.trees.items()},
            "options": {
                "metrics": list(report.values["metric"].unique()),
                "samples": report.samples,
                "seed": report.seed,
                "distance": report.laid_out_by,
                "pairs": report.pairs,
            },
            "conclusions": list(report.conclusions.values()),
            "versions": io.versions("numpy", "scipy", "pandas", "matplotlib"),
            "files": {file.relative_to(folder).as_posix(): io.file_digest(file) for file in files},
        },
    )


def _write_tables(report: ComparisonReport, folder: Path) -> None:
    _write_csv(folder / "metrics.csv", report.values)
    header, rows = tables(report)["metrics"]
    io.write_text(folder / "metrics.md", markdown_table(header, rows))
    io.write_text(folder / "metrics.tex", latex_table(header, rows))
    _write_csv(folder / "trees.csv", described(report))
    _write_csv(folder / "moved.csv", report.moved)
    _write_csv(folder / "curves.csv", report.curves)
    if report.map is not None:
        _write_csv(folder / "map.csv", report.map)


def _write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table; of several names in a cell, one stands behind another."""
    several = [name for name in ("near_a", "near_b") if name in table]
    joined = {name: table[name].map("; ".join) for name in several}
    text = table.assign(**joined).to_csv(index=False, float_format=DIGITS, lineterminator="\n")
    io.write_text(path, text)


def described(report: ComparisonReport) -> pd.DataFrame:
    """Return one row a tree: its group, its classes, those left out, its shape and its digest."""
    import pandas as pd

    rows = []
    for name, tree in report.trees.items():
        shared = len(report.shared[name].leaves)
        rows.append(
            {
                "tree": name,
                "group": report.group_of(name),
                "classes": len(tree.leaves),
                "left_out": len(tree.leaves) - shared,
                "nodes": len(tree.nodes),
                "depth": int(tree.depth.max()),
                "digest": tree.digest,
            }
        )
    return pd.DataFrame(rows)


def tables(report: ComparisonReport) -> dict[str, tuple[list[str], list[list[str]]]]:
    """Return the tables for people, by name: a header and rows of text each.

    ``metrics`` has a row for every metric and a column for every pair or, where these are many,
    the other way round.
    """
    metrics = list(report.values["metric"].unique())
    short = short_names(report.trees)
    pairs = {f"{short[a]} – {short[b]}": (a, b) for a, b in zip(*_pairs(report), strict=True)}
    by_pair = report.table.set_index(["a", "b"])

    def cell(pair: tuple[str, str], metric: str) -> str:
        found = by_pair.at[pair, metric]
        if math.isnan(found):
            return NO_VALUE
        value = f"{found:.3f}"
        if not report.samples:
            return value
        expected, p = (by_pair.at[pair, f"{metric}_{x}"] for x in ("expected", "p"))
        return f"{value} (chance {expected:.3f}, p = {p:.2g})"

    best = [f"{METRICS[metric].best:g}" for metric in metrics]
    words = [pictures.in_words(metric) for metric in metrics]
    if len(pairs) <= MOST_ACROSS:
        header = ["metric", "equal trees", *pairs]
        rows = [
            [word, equal, *(cell(pair, metric) for pair in pairs.values())]
            for word, equal, metric in zip(words, best, metrics, strict=True)
        ]
    else:
        header = ["trees", *words]
        rows = [[name, *(cell(pair, m) for m in metrics)] for name, pair in pairs.items()]
        rows.insert(0, ["equal trees", *best])
    about = described(report).drop(columns="digest")
    trees = [[str(value) for value in row] for row in about.to_numpy().tolist()]
    return {
        "metrics": (header, rows),
        "trees": ([name.replace("_", " ") for name in about], trees),
    }


def _pairs(report: ComparisonReport) -> tuple[list[str], list[str]]:
    return report.table["a"].tolist(), report.table["b"].tolist()


def short_names(names: Mapping[str, Any]) -> dict[str, str]:
    """Return names without the folder and the ending that all of them share.

    >>> short_names(dict.fromkeys(["icons/wordnet", "icons/random"]))
    {'icons/wordnet': 'wordnet', 'icons/random': 'random'}
    >>> short_names(dict.fromkeys(["runs/a.json", "runs/b.json"]))
    {'runs/a.json': 'a', 'runs/b.json': 'b'}
    """
    start = min(names).rfind("/") + 1
    while not all(name.startswith(min(names)[:start]) for name in names):
        start = min(names)[: start - 1].rfind("/") + 1
    endings = {Path(name).suffix for name in names}
    cut = len(endings.pop()) if len(endings) == 1 else 0
    return {name: name[start : len(name) - cut] or name for name in names}


def _draw(report: ComparisonReport, folder: Path) -> Iterator[tuple[str, tuple[str, int]]]:
    """Draw the pictures; yield what each shows, with its file and how many classes it has."""
    from taxonomy.plots import save_figure

    short = short_names(report.trees)
    if report.map is not None:
        groups = {name: report.group_of(name) for name in report.trees}
        figure = pictures.map_figure(report.map, report.laid_out_by, short, groups)
        save_figure(folder / "map.svg", figure)
        yield "map", ("map.svg", 0)
    if len(report.trees) > 2:
        figure = pictures.heat_maps(report.table, short, report.laid_out_by)
        save_figure(folder / "heat-maps.svg", figure)
        yield "heat maps", ("heat-maps.svg", 0)
    moved = dict(iter(report.moved.groupby(["a", "b"], sort=False)))
    digits = len(str(len(report.agreements)))
    for number, (pair, found) in enumerate(report.agreements.items(), 1):
        names = short[pair[0]], short[pair[1]]
        stem = f"pairs/{number:0{digits}d}-{slug(names[0])}--{slug(names[1])}"
        save_figure(folder / f"{stem}-curve.svg", pictures.curve_figure(found, names))
        yield f"curve {pair}", (f"{stem}-curve.svg", 0)
        trees = report.shared[pair[0]], report.shared[pair[1]]
        figure, shown = pictures.tanglegram(trees, names, moved[pair], report.called)
        save_figure(folder / f"{stem}-tanglegram.svg", figure)
        yield f"tanglegram {pair}", (f"{stem}-tanglegram.svg", shown)


def slug(name: str) -> str:
    """Return a name as part of a file's: short, of small letters, digits and hyphens.

    >>> slug("runs/WordNet (seed 1).json"), slug("../…")
    ('runs-wordnet-seed-1-json', 'tree')
    """
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "tree"
