"""A study's figures: cost and accuracy beside the flat family, and gains with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.spelling import counted
from taxonomy.studies.config import FLAT
from taxonomy.studies.findings import Findings, Group

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 100
"""Points of accuracy in one."""


def cost_figure(found: Findings) -> Figure:
    """Draw accuracy over cost, means over seeds, beside the masked flat family."""
    from taxonomy.evaluation import mean_points
    from taxonomy.plots import cost_accuracy_figure

    keys = ["task", "kind", "reference", "size"]
    numbers = ["accuracy", "macs", "params"]
    shown = {
        str(name): rows.groupby(keys, sort=False, as_index=False)[numbers].mean()
        for name, rows in found.tasks.groupby("setting", sort=False)
    }
    config = found.plan.config
    seeds = counted(len(config.seeds), "seed")
    note = f"{config.split} split; means over {seeds}; bars: standard error over tasks"
    return cost_accuracy_figure(mean_points(shown), found.plan.flat, config.size, note)


def gain_figure(found: Findings) -> Figure:
    """Draw each hierarchy's gain over the flat family at equal MACs, a column of each headline.

    Hollow marks are of tasks that were drawn from a tree of the hierarchy's own family.
    """
    from matplotlib.figure import Figure

    names = [n for n, (place, *_) in found.plan.settings.items() if place.hierarchy != FLAT]
    columns = found.headlines
    height = 0.34 * len(names) + 1.6
    figure = Figure(figsize=(2.6 * len(columns) + 1.8, height), layout="constrained")
    grid = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, group in zip(grid, columns, strict=True):
        _draw(axes, found, group, names)
    grid[0].set_yticks(range(len(names)), names)
    grid[0].set_ylim(len(names) - 0.5, -0.5)
    figure.supxlabel("points of accuracy above the masked flat family at equal MACs", fontsize=9)
    return figure


def _draw(axes: Axes, found: Findings, group: Group, names: list[str]) -> None:
    rows = found.settings
    chosen = rows[(rows["kind"] == group.kind) & (rows["reference"] == group.reference)]
    chosen = chosen[chosen["size"] == group.size].set_index("setting")
    axes.axvline(0, color="black", linewidth=0.8)
    for height, name in enumerate(names):
        row = chosen.loc[name]
        value, low, high = (
            POINTS * float(row[f"gain_at_equal_macs{end}"]) for end in ("", "_low", "_high")
        )
        if np.isnan(value):
            axes.annotate("outside", (0, height), fontsize=7, color="0.4", ha="center", va="center")
            continue
        if not np.isnan(low):
            axes.plot([low, high], [height, height], color="#0072B2", linewidth=1.5)
        face = "white" if row["own_family"] else "#0072B2"
        axes.plot([value], [height], "o", color="#0072B2", markerfacecolor=face)
    axes.set_title(_title(group), fontsize=9)
    axes.grid(visible=True, axis="x", color="0.92")
    axes.set_axisbelow(True)


def _title(group: Group) -> str:
    """Return a group in two short lines."""
    if not group.size:
        return "all tasks"
    drawn = f"\nby {group.reference}" if group.reference else ""
    return f"{group.kind}, {group.size} classes{drawn}"
