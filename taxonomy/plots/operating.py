"""The operating curve: accuracy over how specific the answers are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.figure import Figure

from taxonomy.plots._drawing import COLOURS

if TYPE_CHECKING:
    import pandas as pd

STYLES = ("-", "--", "-.", ":")
"""Lines differ by more than colour."""
THRESHOLDS = (0.5, 0.9)
"""Where on a curve dots are."""


def operating_figure(curves: Mapping[str, pd.DataFrame]) -> Figure:
    """Draw accuracy over information, a line a classifier; the threshold falls to the right.

    Args:
        curves: by name, tables with ``threshold``, ``information`` and ``accuracy``, as
            `taxonomy.evaluation.TreeScores` has them; a single one needs no name.
    """
    figure = Figure(figsize=(5.2, 3.8), layout="constrained")
    axes = figure.subplots()
    for i, (name, table) in enumerate(curves.items()):
        colour = COLOURS[i % len(COLOURS)]
        axes.plot(
            [*(100 * table["information"]), 0],
            [*(100 * table["accuracy"]), 100],
            STYLES[i % len(STYLES)],
            color=colour,
            label=name,
        )
        # Right at the left end every answer is the root; at the right end it is a class.
        for threshold in THRESHOLDS:
            near = table.iloc[max(0, int((table["threshold"] <= threshold).sum()) - 1)]
            at = (100 * near["information"], 100 * near["accuracy"])
            axes.plot(*at, "o", color=colour, markersize=4)
            if len(curves) == 1:
                place: dict[str, Any] = {
                    "textcoords": "offset points",
                    "xytext": (-6, -4),
                    "fontsize": 8,
                }
                text = f"threshold {threshold:g}"
                axes.annotate(text, at, ha="right", va="top", color="0.3", **place)
    axes.set_xlim(0, 100)
    axes.set_xlabel("information in the answers, % of a class's")
    axes.set_ylabel("right answers, %")
    axes.set_ylim(top=100.5)
    axes.grid(visible=True, color="0.92")
    axes.set_axisbelow(True)
    if len(curves) > 1:
        dots = f"dots: thresholds {' and '.join(f'{each:g}' for each in THRESHOLDS)}"
        axes.legend(loc="lower left", frameon=False, fontsize=9, title=dots, title_fontsize=8)
    return figure
