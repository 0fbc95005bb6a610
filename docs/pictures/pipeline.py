"""Draw the picture of the front page: names, tree, network with one branch coloured, a small file.

    python docs/pictures/pipeline.py

The classes are eight of the icons; the figures of the file are those of the real expert.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch, Polygon

import taxonomy as tx

OUT = Path(__file__).with_name("pipeline.svg")
GROUPS = {"animals": ("cat", "dog", "horse"), "vehicles": ("bus", "car"), "food": ("apple", "pear")}
KEPT = "animals"
INK, GREY, PALE, ACCENT, TINT = "#1f2933", "#8a96a3", "#e8ecf0", "#c2410c", "#fde5d8"
ROW = 0.62
"""Height between two classes."""


def expert_facts() -> tuple[str, str]:
    """Return the size of the coloured branch's file and its share of the network's MACs."""
    net = tx.get_net("icons/tree")
    expert = tx.extract(net, GROUPS[KEPT])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "pets.safetensors")
        tx.save_net(path, expert)
        size = path.stat().st_size
    part, whole = (tx.cost(net.spec, tree).macs / 1e6 for tree in (expert.hierarchy, net.hierarchy))
    return f"{size / 1000:.0f} kB", f"{part:.1f} of {whole:.1f} million MACs"


def box(ax: Axes, x: float, y: float, width: float, height: float, kept: bool) -> None:
    """Draw a rounded block, coloured where it is kept."""
    face, edge = (TINT, ACCENT) if kept else (PALE, GREY)
    style = "round,pad=0,rounding_size=0.12"
    ax.add_patch(FancyBboxPatch((x, y), width, height, style, fc=face, ec=edge, lw=1.4))


def line(ax: Axes, xs: list[float], ys: list[float], kept: bool) -> None:
    """Draw a polyline, coloured where it is kept."""
    ax.plot(
        xs, ys, color=ACCENT if kept else GREY, lw=2.2 if kept else 1.4, zorder=3 if kept else 1
    )


def rows() -> dict[str, float]:
    """Return the height of every class, the groups set apart."""
    places, y = {}, 5.0
    for classes in GROUPS.values():
        for name in classes:
            places[name] = y
            y -= ROW
        y -= 0.33
    return places


def middle(group: str) -> float:
    """Return the height of a group's node."""
    places = rows()
    return sum(places[name] for name in GROUPS[group]) / len(GROUPS[group])


def draw_names(ax: Axes) -> None:
    """Write the classes in alphabetical order, as a plain list."""
    names = sorted(rows())
    top, bottom = max(rows().values()), min(rows().values())
    step = (top - bottom) / (len(names) - 1)
    for i, name in enumerate(names):
        ax.text(1.0, top - i * step, name, color=INK, va="center", fontsize=13)


def draw_tree(ax: Axes, x: float) -> None:
    """Draw the hierarchy, the kept branch coloured."""
    root = middle("vehicles")
    ax.plot([x], [root], "o", color=INK, ms=7, zorder=4)
    for group, classes in GROUPS.items():
        kept, y = group == KEPT, middle(group)
        line(ax, [x, x + 0.45, x + 0.45, x + 0.95], [root, root, y, y], kept)
        ax.plot([x + 0.95], [y], "o", color=ACCENT if kept else GREY, ms=7, zorder=4)
        for name in classes:
            place = rows()[name]
            line(ax, [x + 0.95, x + 1.35, x + 1.35, x + 1.7], [y, y, place, place], kept)
            ax.text(x + 1.8, place, name, color=ACCENT if kept else INK, va="center", fontsize=13)


def draw_network(ax: Axes, x: float) -> None:
    """Draw the trunk and one narrow branch a group, each with its classes' outputs."""
    root = middle("vehicles")
    box(ax, x, root - 1.15, 0.85, 2.3, kept=True)
    ax.text(x + 0.42, root, "shared\ntrunk", ha="center", va="center", color=INK, fontsize=12)
    for group, classes in GROUPS.items():
        kept, y = group == KEPT, middle(group)
        line(ax, [x + 0.85, x + 1.35], [root + 0.55 * (y - root) / 2.2, y], kept)
        box(ax, x + 1.35, y - 0.4, 1.1, 0.8, kept)
        ax.text(x + 1.9, y, "branch", ha="center", va="center", color=INK, fontsize=12)
        for name in classes:
            line(ax, [x + 2.45, x + 2.8], [y, rows()[name]], kept)
            ax.plot([x + 2.86], [rows()[name]], "s", color=ACCENT if kept else GREY, ms=7, zorder=4)


def draw_file(ax: Axes, x: float, size: str, share: str) -> None:
    """Draw the file that the coloured parts become."""
    y, width, height, fold = 2.25, 1.5, 1.9, 0.4
    corner = [(x + width - fold, y + height), (x + width, y + height - fold)]
    outline = [(x, y), (x, y + height), *corner, (x + width, y)]
    ax.add_patch(Polygon(outline, fc=TINT, ec=ACCENT, lw=1.6, joinstyle="round"))
    ax.plot(
        [x + width - fold] * 2 + [x + width],
        [y + height, y + height - fold, y + height - fold],
        color=ACCENT,
        lw=1.6,
    )
    ax.text(x + width / 2, y + 0.78, "cat\ndog\nhorse", ha="center", va="center", fontsize=13)
    ax.text(x + width / 2, y - 0.38, size, ha="center", color=ACCENT, weight="bold", fontsize=15)
    ax.text(x + width / 2, y - 0.8, share, ha="center", color=INK, fontsize=11.5)


def main() -> None:
    """Draw and write."""
    mpl.rcParams.update({"svg.hashsalt": "pipeline", "svg.fonttype": "path"})
    figure = Figure(figsize=(11.4, 4.3))
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 14.2), ylim=(0.0, 6.5))
    ax.set_axis_off()
    card = "round,pad=0,rounding_size=0.25"
    ax.add_patch(FancyBboxPatch((0.08, 0.08), 14.04, 6.34, card, fc="white", ec="#d5dbe1", lw=1.2))
    for x, title in (
        (1.45, "class names"),
        (4.3, "hierarchy"),
        (8.6, "network"),
        (12.45, "expert"),
    ):
        ax.text(x, 5.9, title, ha="center", color=INK, weight="bold", fontsize=15)
    draw_names(ax)
    draw_tree(ax, 3.2)
    draw_network(ax, 7.0)
    draw_file(ax, 11.7, *expert_facts())
    for start, end in ((1.95, 2.75), (5.9, 6.7), (10.15, 11.2)):
        style = "-|>,head_length=7,head_width=4"
        arrow = FancyArrowPatch((start, 3.2), (end, 3.2), arrowstyle=style, color=INK, lw=1.8)
        ax.add_patch(arrow)
    notes = {
        (2.35, 2.7): "WordNet,\nembeddings,\nan LLM",
        (6.3, 2.7): "shapes",
        (10.68, 2.7): "cut out:\nno training,\nno data",
    }
    for (x, y), text in notes.items():
        ax.text(x, y, text, ha="center", va="top", color=INK, fontsize=11)
    figure.savefig(OUT, metadata={"Date": None}, transparent=True)


if __name__ == "__main__":
    main()
