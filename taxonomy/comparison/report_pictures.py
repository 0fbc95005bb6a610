"""The pictures of a comparison's report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy.comparison.cut_agreement import Agreement
from taxonomy.comparison.mapping import metric_matrix
from taxonomy.comparison.table import METRICS
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    "adjusted_mutual_information",
    "triplet_distance",
    "robinson_foulds",
    "ancestor_f1",
)
"""The metrics of which heat maps are drawn, where they were chosen; else the first four."""

MOST_CLASSES = 1200
"""Classes up to which a tanglegram shows all of them; of more, those that moved farthest."""
FARTHEST = 100
"""How many of these it shows then, with the classes near them in either tree."""

# Okabe & Ito's colours, told apart with any colour vision.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


NAMED_AFTER = ("baker", "foulds", "fowlkes", "f1", "mallows", "robinson", "spearman")


BESIDE = (
    *((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1)),
    *((1, 2), (1, -2), (-1, 2), (-1, -2)),
)
"""Where a name may stand by its point, the first choice first: sideways, and lines up."""


def in_words(metric: str) -> str:
    """Return a metric's name as people read it.

    >>> in_words("adjusted_mutual_information"), in_words("baker_gamma")
    ('adjusted mutual information', 'Baker gamma')
    """
    return " ".join(x.capitalize() if x in NAMED_AFTER else x for x in metric.split("_"))


def panels_of(table: pd.DataFrame) -> list[str]:
    """Return the metrics of which heat maps are drawn."""
    there = [name for name in METRICS if name in table]
    return [name for name in PANELS if name in there] or there[: len(PANELS)]


def heat_maps(table: pd.DataFrame, names: Mapping[str, str], order_by: str) -> Figure:
    """Draw a heat map of the trees for each of a few metrics, similar trees side by side.

    Args:
        table: what `taxonomy.comparison.compare` returned of three trees or more.
        names: what the trees are called, by the names in the table.
        order_by: the metric that decides which trees are similar.
    """
    from matplotlib.figure import Figure
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    from taxonomy.plots import plot_heat_map

    near = np.abs(METRICS[order_by].best - metric_matrix(table, order_by).to_numpy())
    merges = None if np.isnan(near).any() else linkage(squareform(near, checks=False), "average")
    panels = panels_of(table)

    def draw(metric: str, axes: Axes | None = None) -> Axes:
        chosen, square = METRICS[metric], metric_matrix(table, metric)
        square = square.mask(square.abs() < 0.005, 0.0)  # or it would be written as -0.00
        called = [names[name] for name in square]
        lower = "lower" if chosen.alike == "low" else "higher"
        return plot_heat_map(
            square,
            called,
            by=merges,
            bounds=(max(chosen.least, 0), chosen.most),
            title=in_words(metric),
            quantity=f"{lower} is more alike",
            axes=axes,
        )

    # One drawn by itself says how large each has to be.
    width, height = _figure_of(draw(panels[0])).get_size_inches()
    width = max(width, 4.2)
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    figure = Figure(figsize=(across * width, down * height))
    for i, metric in enumerate(panels):
        row, column = divmod(i, across)
        box = (column / across, 1 - (row + 1) / down, 1 / across, 1 / down)
        draw(metric, figure.add_axes(box))
    return figure


def curve_figure(found: Agreement, names: tuple[str, str]) -> Figure:
    """Draw B_k with its null band, and the adjusted mutual information, over k.

    Args:
        found: how two trees agree.
        names: what they are called.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    curve, marker = found.curve, "." if len(found.curve) < 30 else ""
    k = curve["k"].to_numpy()
    band = f"95 % of {found.samples} permutations of the classes, seed {found.seed}"
    left.fill_between(
        k, curve["null_low"], curve["null_high"], color="0.8", linewidth=0, label=band
    )
    left.plot(k, curve["null_mean"], color="0.45", linestyle="--", label="chance, exact mean")
    left.plot(k, curve["fowlkes_mallows"], color=COLOURS[0], marker=marker, label="the two trees")
    left.set_ylabel("B$_k$ (Fowlkes–Mallows)")
    right.axhline(0, color="0.45", linestyle="--")
    agreed = curve["adjusted_mutual_information"]
    right.plot(k, agreed, color=COLOURS[1], marker=marker)
    right.set_ylabel("adjusted mutual information")
    right.set_ylim(min(-0.05, float(agreed.min()) - 0.02) if len(k) else -0.05, 1.03)
    left.set_ylim(-0.03, 1.03)
    for axes in (left, right):
        axes.set_xlabel("k, clusters into which both trees are cut")
        axes.grid(visible=True, color="0.92")
        axes.set_axisbelow(True)
        if len(k) > 1 and k[-1] > 10 * k[0]:
            axes.set_xscale("log")
            axes.xaxis.set_major_formatter("{x:g}")
    figure.legend(
        *left.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8
    )
    figure.suptitle(f"{names[0]} and {names[1]}, cut by cut", fontsize=10, parse_math=False)
    return figure


def map_figure(
    laid: pd.DataFrame, metric: str, names: Mapping[str, str], groups: Mapping[str, str]
) -> Figure:
    """Draw a map of trees, those of a group with one colour and one marker.

    Args:
        laid: what `taxonomy.comparison.tree_map` returned.
        metric: the one that it was laid out by.
        names: what the trees are called, by the names on the map.
        groups: of each of them.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 5.5), layout="constrained")
    axes = figure.subplots()
    kinds = sorted(set(groups.values()))
    for i, kind in enumerate(kinds):
        chosen = laid[[groups[name] == kind for name in laid["tree"]]]
        colour, marker = COLOURS[i % len(COLOURS)], MARKERS[i % len(MARKERS)]
        axes.scatter(chosen["x"], chosen["y"], s=46, color=colour, marker=marker, label=kind)
    axes.set_aspect("equal", adjustable="datalim")
    low, high = laid["x"].min(), laid["x"].max()
    wide = max(high - low, laid["y"].max() - laid["y"].min(), 1e-3)
    y = laid["y"].mean()
    axes.update_datalim([(low - 0.2 * wide, y), (high + 0.3 * wide, y)])  # room for names
    axes.margins(x=0, y=0.1)
    if len(kinds) > 1:
        legend = axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)
    axes.grid(visible=True, color="0.93")
    axes.set_axisbelow(True)
    kept = 100 * laid.attrs["kept"]
    axes.set_title(
        f"{len(laid)} trees: distances are those of {in_words(metric)}, {kept:.0f} % shown",
        fontsize=10,
    )
    axes.tick_params(labelsize=8)
    figure.draw_without_rendering()  # only then is it known where the points lie
    _write_beside(axes, laid, names)
    return figure


def _write_beside(axes: Axes, laid: pd.DataFrame, names: Mapping[str, str]) -> None:
    """Write the trees' names beside their points, each where it overlaps the least."""
    scale = 72 / axes.figure.dpi
    points = axes.transData.transform(laid[["x", "y"]].to_numpy()) * scale
    inside = np.asarray(axes.get_window_extent().extents) * scale
    taken = [_box(point, (0, 0), (9, 9)) for point in points]

    def hidden(box: FloatArray) -> float:
        outside = np.prod(box[2:] - box[:2]) - _overlap(box, inside)
        return float(outside) + sum(_overlap(box, other) for other in taken)

    for name, x, y, point in zip(laid["tree"], laid["x"], laid["y"], points, strict=True):
        text = names[name] if len(names[name]) <= 32 else names[name][:31] + "…"
        size = (0.56 * 7.5 * len(text), 9)
        best = min(BESIDE, key=lambda at: hidden(_box(point, at, size)))
        taken.append(_box(point, best, size))
        axes.annotate(
            text,
            (x, y),
            xytext=(best[0] * 6, best[1] * 9),
            textcoords="offset points",
            ha=("right", "center", "left")[best[0] + 1],
            va="center",
            fontsize=7.5,
            arrowprops={"arrowstyle": "-", "color": "0.6", "lw": 0.6} if best[1] else None,
            parse_math=False,
        )


def _box(point: FloatArray, at: tuple[int, int], size: tuple[float, float]) -> FloatArray:
    """Return left, low, right and high of a text beside a point, in points."""
    x = point[0] + at[0] * (6 + size[0] / 2)
    y = point[1] + at[1] * 9
    return np.array([x - size[0] / 2, y - size[1] / 2, x + size[0] / 2, y + size[1] / 2])


def _overlap(one: FloatArray, other: FloatArray) -> float:
    sides = np.minimum(one[2:], other[2:]) - np.maximum(one[:2], other[:2])
    return float(np.prod(np.maximum(sides, 0)))


def tanglegram(
    trees: tuple[Hierarchy, Hierarchy],
    names: tuple[str, str],
    moved: pd.DataFrame,
    labels: Mapping[str, str],
) -> tuple[Figure, int]:
    """Draw two trees face to face; of very large ones, the part that moved.

    Args:
        trees: of the same classes.
        names: what they are called.
        moved: what `taxonomy.comparison.moved` returned of them.
        labels: what the classes are called, by id.

    Returns:
        the picture and how many classes it shows: all up to `MOST_CLASSES`, of more the
        `FARTHEST` moved with those near them in either tree.
    """
    from taxonomy.plots import plot_tanglegram

    if len(moved) > MOST_CLASSES:
        far = moved.head(FARTHEST)
        shown = {*far["label"], *(x for side in ("near_a", "near_b") for y in far[side] for x in y)}
        one, other = (tree.restrict(sorted(shown), unary="collapse") for tree in trees)
        trees = one, other
    axes = plot_tanglegram(*trees, names=names, labels=labels)
    return _figure_of(axes), len(trees[0].leaves)


def _figure_of(axes: Axes) -> Figure:
    """Return the figure that axes were made with."""
    return cast("Figure", axes.figure)
