"""Figures, drawn with matplotlib's object interface so that no global state is touched."""

from taxonomy._core.registry import require

require("matplotlib")

from taxonomy.plots._files import save_figure  # noqa: E402
from taxonomy.plots.curve import cost_accuracy_figure  # noqa: E402
from taxonomy.plots.tree import tree_figure  # noqa: E402

__all__ = ["cost_accuracy_figure", "save_figure", "tree_figure"]
