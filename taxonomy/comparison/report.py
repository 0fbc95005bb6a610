"""A comparison of trees in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from taxonomy.comparison.cut_agreement import Agreement
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
    shown = {name: table[name].map(_number) for name in table if name not in ("a", "b")}
    lines = [table.assign(**shown).set_index(["a", "b"]).T.to_string()]
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
        lines += moves(moved(trees[first], trees[second]), most_moved)
    return "\n".join(lines)


def moves(table: pd.DataFrame, most: int) -> list[str]:
    """Return a line for each class that moved, at most so many, with its nearest before and after.

    Args:
        table: what `moved` returned.
        most: how many classes are listed.

    >>> import pandas as pd
    >>> moves(pd.DataFrame({"label": ["cat"], "moved": [0.0], "near_a": [()], "near_b": [()]}), 9)
    ['  none moved']
    """
    rows = table[table["moved"] > 0].head(most).to_dict("records")
    lines = [
        f"  {row['label']}: near {', '.join(row['near_a'])}; then {', '.join(row['near_b'])}"
        for row in rows
    ]
    return lines or ["  none moved"]


DEGREES = (
    (0.75, "are nearly the same"),
    (0.5, "are much alike"),
    (0.25, "are somewhat alike"),
    (0.05, "are a little alike"),
)
"""From which adjusted mutual information on, of 1 for equal trees and 0 for chance, two trees are
called what."""
SURE = 0.05
"""Up to which p-value trees are called more alike than by chance."""


def conclusion(
    names: tuple[str, str],
    values: Mapping[str, float],
    farthest: Sequence[str],
    found: Agreement | None = None,
) -> str:
    """Return what a comparison of two trees comes to, in a sentence.

    Args:
        names: what the trees are called.
        values: metrics of them, by name.
        farthest: what the classes that moved farthest are called.
        found: how the trees agree, where that is known.

    >>> conclusion(("A", "B"), {"adjusted_mutual_information": 0.3}, ["owl"])
    'A and B are somewhat alike: adjusted mutual information 0.30, where 1 is equal and 0 what \
chance gives. Moved farthest: owl.'
    """
    pair = f"{names[0]} and {names[1]}"
    if not farthest:
        return f"{pair} group all classes in the same way."
    parts = []
    agreed = values.get("adjusted_mutual_information", math.nan)
    if math.isnan(agreed) and found is not None:
        agreed = float(found.curve["adjusted_mutual_information"].mean())
    degree = "differ"
    if not math.isnan(agreed):
        degree = next((said for least, said in DEGREES if agreed >= least), "are hardly alike")
        parts.append(
            f"adjusted mutual information {round(agreed, 2) + 0:.2f}, where 1 is equal and 0 what "
            "chance gives"
        )
    if found is not None and not math.isnan(found.p):
        reached = round(found.p * (found.samples + 1)) - 1
        parts.append(
            f"{reached or 'none'} of {found.samples} permutations of the classes agree as well or "
            "better"
        )
        if found.p > SURE:
            degree = "are no more alike than chance makes them"
    if "triplet_distance" in values:
        parts.append(f"{values['triplet_distance']:.0%} of all triples of classes differ")
    why = f": {'; '.join(parts)}" if parts else ""
    return f"{pair} {degree}{why}. Moved farthest: {', '.join(farthest)}."


def _number(value: float) -> str:
    """Return a number to three digits after the point, a whole one without them.

    >>> _number(60), _number(0.25), _number(1.0)
    ('60', '0.250', '1.000')
    """
    return str(value) if isinstance(value, int) else f"{value:.3f}"
