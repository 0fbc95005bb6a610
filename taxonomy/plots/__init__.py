"""Figures of trees, and of accuracy over cost or information, drawn with matplotlib."""

from taxonomy._core.registry import require

require("matplotlib")

from taxonomy.plots._files import save_figure  # noqa: E402
from taxonomy.plots.curve import cost_accuracy_figure  # noqa: E402
from taxonomy.plots.dendrogram import plot_dendrogram  # noqa: E402
from taxonomy.plots.heat_map import plot_heat_map  # noqa: E402
from taxonomy.plots.icicle import plot_icicle  # noqa: E402
from taxonomy.plots.operating import operating_figure  # noqa: E402
from taxonomy.plots.radial import plot_radial  # noqa: E402
from taxonomy.plots.tanglegram import plot_tanglegram  # noqa: E402
from taxonomy.plots.tree import plot_tree, tree_figure  # noqa: E402

__all__ = [
    "cost_accuracy_figure",
    "operating_figure",
    "plot_dendrogram",
    "plot_heat_map",
    "plot_icicle",
    "plot_radial",
    "plot_tanglegram",
    "plot_tree",
    "save_figure",
    "tree_figure",
]
