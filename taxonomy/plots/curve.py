"""The cost-accuracy figure: experts of tree networks beside masked flat networks."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from taxonomy.plots._drawing import COLOURS, SMALL_PRINT

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

KINDS = {"coherent": "coherent", "mixed": "from two or three clades", "random": "random"}
"""The kinds that the toolkit draws tasks of, in the order of the panels, and their titles."""
REFERENCES = {"wordnet": "WordNet", "llm-groups": "an LLM's groups"}
COSTS = (("macs", 1e6, "million MACs a picture"), ("params", 1e3, "thousand parameters"))
MARKERS = ("o", "s", "^", "D", "v", "P")


def cost_accuracy_figure(
    means: pd.DataFrame,
    flat: list[str],
    size: int,
    note: str = "",
    masked: Collection[str] = (),
) -> Figure:
    """Draw experts' accuracy over MACs and parameters, one column of panels per kind of task.

    Above are million MACs a picture, below thousands of parameters; accuracies are drawn in
    percent, with a bar of one standard error to each side. The flat family is black.

    Args:
        means: a row for every network, kind of task and size, as
            `taxonomy.evaluation.experts.mean_points` returns them, with the columns ``network``,
            ``kind``, ``reference`` (the tree that coherent tasks are drawn from), ``size``,
            ``accuracy`` and ``accuracy_se`` (shares, in [0, 1]), ``macs`` and ``params``.
        flat: the networks that are flat ones masked to the task; joined by a line.
        size: classes a task, of which rows are drawn.
        note: small print below, such as seed, split and number of tasks.
        masked: other flat networks, beside that line; their markers are hollow.

    Returns:
        the figure, of two rows of panels, which `save_figure` writes.

    >>> import pandas as pd
    >>> means = pd.DataFrame({
    ...     "network": ["flat", "tree"], "kind": "random", "reference": "", "size": 5,
    ...     "accuracy": [0.9, 0.92], "accuracy_se": 0.01, "macs": [8e6, 6e6], "params": [2e5, 1e5],
    ... })
    >>> [axes.get_title() for axes in cost_accuracy_figure(means, ["flat"], 5).axes]
    ['5 classes, random', '']
    """
    rows = means[means["size"] == size]
    panels = _panels(rows)
    figure = Figure(figsize=(3.4 * len(panels) + 0.6, 7.2), layout="constrained")
    grid = figure.subplots(len(COSTS), len(panels), sharey="col", squeeze=False)
    for column, (kind, reference, title) in enumerate(panels):
        chosen = _panel(rows, kind, reference)
        for row, (cost, unit, label) in enumerate(COSTS):
            axes = grid[row][column]
            _draw(axes, chosen, flat, masked, cost, unit)
            axes.set_xlabel(label)
            if row == 0:
                axes.set_title(f"{size} classes, {title}", fontsize=10)
            if column == 0:
                axes.set_ylabel("accuracy among the task's classes, %")
    handles, labels = grid[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=4, frameon=False, fontsize=9)
    if note:
        figure.supxlabel(note, fontsize=8, color=SMALL_PRINT)
    return figure


def _panels(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return kind, reference and title of each panel: one a kind, of coherent tasks one a tree."""
    pairs = dict.fromkeys(zip(rows["kind"], rows["reference"], strict=True))
    order = {name: place for place, name in enumerate(KINDS)}
    panels: dict[tuple[str, str], str] = {}
    for kind, reference in sorted(pairs, key=lambda pair: order.get(pair[0], len(order))):
        title = KINDS.get(kind, kind)
        if kind == "coherent" and reference:
            panels[kind, reference] = f"{title}, by {REFERENCES.get(reference, reference)}"
        else:
            panels[kind, ""] = title
    return [(kind, reference, title) for (kind, reference), title in panels.items()]


def _panel(rows: pd.DataFrame, kind: str, reference: str) -> pd.DataFrame:
    chosen = rows[rows["kind"] == kind]
    if reference:
        return chosen[chosen["reference"] == reference]
    numbers = ["accuracy", "accuracy_se", "params", "macs"]
    return chosen.groupby("network", sort=False)[numbers].mean().reset_index()


def _draw(
    axes: Axes,
    chosen: pd.DataFrame,
    flat: list[str],
    masked: Collection[str],
    cost: str,
    unit: float,
) -> None:
    family = chosen[chosen["network"].isin(flat)].sort_values(cost)
    axes.errorbar(
        family[cost] / unit,
        100 * family["accuracy"],
        100 * family["accuracy_se"],
        color="black",
        marker=".",
        capsize=2,
        label="flat networks of several widths, masked",
    )
    heights = family["accuracy"].tolist()
    rises = len(heights) > 1 and heights[-1] > heights[-2]
    for i, row in enumerate(family.itertuples()):
        last = i == len(heights) - 1  # left of its point, to stay inside, and off the line
        axes.annotate(
            str(row.network).removeprefix("flat "),
            (getattr(row, cost) / unit, 100 * row.accuracy),
            textcoords="offset points",
            xytext=(-4, 5 if rises else -11) if last else (4, -11),
            ha="right" if last else "left",
            fontsize=7,
            color="0.3",
        )
    trees = [name for name in chosen["network"] if name not in flat]
    for i, name in enumerate(trees):
        row = chosen[chosen["network"] == name].iloc[0]
        axes.errorbar(
            row[cost] / unit,
            100 * row["accuracy"],
            100 * row["accuracy_se"],
            color=COLOURS[i % len(COLOURS)],
            marker=MARKERS[(i + i // len(COLOURS)) % len(MARKERS)],  # no pair comes twice soon
            markerfacecolor="white" if name in masked else None,
            markersize=8,
            capsize=2,
            linestyle="none",
            label=f"{name}, masked" if name in masked else f"experts, {name}",
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.12)
    axes.grid(visible=True, which="both", color="0.92")
    axes.set_axisbelow(True)
