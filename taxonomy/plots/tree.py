"""A picture of a tree: a dendrogram or an icicle in columns, or a radial tree."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from taxonomy._core.checked import check_kind, check_path
from taxonomy._core.endings import FIGURES, check_ending
from taxonomy._core.errors import FileFormatError, HierarchyError, check_choice
from taxonomy._core.spelling import counted
from taxonomy.plots import _drawing as drawing
from taxonomy.plots._column import Column, in_columns, margins
from taxonomy.plots._files import save_figure
from taxonomy.plots.dendrogram import SUPPORT, draw_dendrogram
from taxonomy.plots.icicle import draw_icicle
from taxonomy.plots.radial import plot_radial
from taxonomy.trees.hierarchy import Hierarchy

Kind = Literal["dendrogram", "icicle", "radial"]
"""How a tree is drawn: ``dendrogram``, ``icicle`` or ``radial``."""


def plot_tree(
    tree: Hierarchy,
    path: Path | str,
    *,
    kind: Kind = "dendrogram",
    columns: int = 0,
    title: str = "",
    note: str | None = None,
    names: Mapping[str, str] | None = None,
    pictures: Mapping[str, Any] | None = None,
) -> None:
    """Draw a tree into a file; nodes are marked by their support, where the tree has any.

    Args:
        tree: a tree.
        path: the file; its ending decides the format: ``.png``, ``.svg`` or ``.pdf``. In the last
            two a thousand classes can be read, searched and enlarged.
        kind: ``dendrogram``, ``icicle`` (nodes as boxes side by side) or ``radial`` (the root in
            the middle).
        columns: side by side; 0 for one every 75 leaves. A radial tree has none.
        title: above.
        note: small print below; by default what the support is, where the tree says that.
        names: of classes, by id, which are written beside the ids.
        pictures: of classes, by id, which stand before their ids: arrays of shape
            (height, width) or (height, width, 3).

    Raises:
        HierarchyError: another kind, or fewer leaves than columns.
        FileFormatError: another ending.
    """
    check_kind(tree, Hierarchy, "the tree", HierarchyError)
    check_path(path, "the picture's file", FileFormatError)
    check_ending(path, FIGURES)
    save_figure(path, tree_figure(tree, columns, title, note, names, kind, pictures))


def tree_figure(
    tree: Hierarchy,
    columns: int = 0,
    title: str = "",
    note: str | None = None,
    names: Mapping[str, str] | None = None,
    kind: Kind = "dendrogram",
    pictures: Mapping[str, Any] | None = None,
) -> Figure:
    """Draw a tree, its leaves by id; in columns, if it is not radial, that break between groups.

    A node's place is its merge height or, without these, its depth; its name, if it has one, is
    written above the branch that leads to it. Columns are as wide as these names need, within
    limits; of names that would overlap all the same, those of smaller groups are left out. A node
    whose leaves lie in several columns is drawn in each, hollow where it goes on from the column
    before. Where the tree has support, the more a node has, the larger and darker it is; nodes are
    grey where it is not known. Every other level is shaded; trees with merge heights have lines at
    some of these instead. What boxes and circles show is told by `plot_icicle` and `plot_radial`.

    Args:
        tree: a tree; `Hierarchy.support` colours its nodes.
        columns: side by side; 0 for one every 75 leaves. A radial tree has none.
        title: above.
        note: small print below; by default what the support is, where the provenance says that.
        names: of classes, by id, which are written beside the ids.
        kind: ``"dendrogram"``, ``"icicle"`` or ``"radial"``.
        pictures: of classes, by id, which stand before their ids: arrays of shape
            (height, width) or (height, width, 3).

    Raises:
        HierarchyError: another kind, or fewer leaves than columns.
    """
    check_choice("kind", kind, Kind, HierarchyError)
    note = _note(tree) if note is None else note
    if kind == "radial":
        axes = plot_radial(tree, names=names, pictures=pictures, title=title, note=note)
        figure = axes.figure
        assert isinstance(figure, Figure)  # no part of one, as it was made there
        if tree.support is not None:
            _explain(figure, cax=axes.inset_axes((0.03, 0.03, 0.012, 0.2)))
        return figure
    parts = in_columns(tree, columns, names, pictures or {})
    figure = _in_columns(parts, draw_icicle if kind == "icicle" else draw_dendrogram)
    if title:
        figure.suptitle(drawing.shown(title, 200), fontsize=12, parse_math=False)
    if tree.support is not None and kind == "dendrogram":
        _explain(figure, ax=figure.axes, fraction=0.02, aspect=40, pad=0.01)
    if note:
        figure.supxlabel(note, fontsize=8, color=drawing.SMALL_PRINT, parse_math=False)
    return figure


def _in_columns(parts: list[Column], draw: Callable[[Any, Column, int], None]) -> Figure:
    """Return a figure of columns side by side, as large as they need."""
    one = parts[0]
    tallest = max(len(part.leaves) for part in parts)
    width = one.inches + sum(margins(one.tree, one.texts, one.pictures, one.row_inches)) + 0.1
    size = (width * len(parts) + 0.4, max(2.5, one.row_inches * tallest + 1.2))
    figure = Figure(figsize=size, layout="constrained")
    for axes, part in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        draw(axes, part, tallest)
    return figure


def _explain(figure: Figure, **where: Any) -> None:
    """Draw what the colours of support stand for."""
    bar = figure.colorbar(ScalarMappable(Normalize(0, 1), SUPPORT), **where)
    bar.set_label("support", fontsize=8)
    bar.ax.tick_params(labelsize=7)


def _note(tree: Hierarchy) -> str:
    """Return what a tree's support is, where its provenance says that."""
    stored = tree.provenance.get("stability")
    if tree.support is None or not isinstance(stored, dict):
        return ""
    runs, noise = stored.get("runs"), stored.get("noise")
    if not isinstance(runs, int) or not isinstance(noise, int | float):
        return ""
    return (
        f"support: the share of {counted(runs, 'run')} with noise of up to {noise:.2g} "
        "that keep a node"
    )
