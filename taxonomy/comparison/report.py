"""A comparison of trees in words."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from taxonomy.comparison.movement import moved
from taxonomy.comparison.table import METRICS
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd


def comparison_text(
    table: pd.DataFrame, trees: Mapping[str, Hierarchy], most_moved: int = 0
) -> str:
    """Return what `taxonomy.comparison.compare` found as lines to read.

    Args:
        table: what it returned.
        trees: the trees compared, by the names in the table.
        most_moved: how many classes are listed, those first whose neighbours changed most.
    """
    lines = [table.round(3).set_index(["a", "b"]).T.to_string()]
    metrics = [name for name in METRICS if name in table]
    near = ", ".join(name for name in metrics if METRICS[name].alike == "low")
    lines.append("equal trees have 1" + (f", but 0 for: {near}" if near else ""))
    if any(f"{name}_p" in table for name in metrics):
        exact = ", ".join(name for name in metrics if METRICS[name].expected) or "none"
        lines.append(
            "_p is from random relabellings, and so is _expected but in closed form for: " + exact
        )
    for first, second in combinations(trees, 2) if most_moved else ():
        lines.append(f"moved farthest from {first} to {second}:")
        for row in moved(trees[first], trees[second]).head(most_moved).to_dict("records"):
            near_a, near_b = ", ".join(row["near_a"]), ", ".join(row["near_b"])
            lines.append(f"  {row['label']}: near {near_a}; then {near_b}")
    return "\n".join(lines)
