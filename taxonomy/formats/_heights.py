"""Merge heights as lengths of branches, and back."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from taxonomy._core.errors import HierarchyError
from taxonomy._core.spelling import counted
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

_DIGITS = 12
"""To how many digits of the tree's height sums of lengths are rounded, which are never exact."""
_EVEN = 1e-6
"""How far apart leaves may end, as a share of the tree's height, and still be at one height."""


def branch_lengths(tree: Hierarchy) -> list[float] | None:
    """Return the length above each entry; None where there are no merge heights."""
    if tree.merge_height is None:
        return None
    with np.errstate(over="ignore"):
        lengths = tree.merge_height[tree.parent] - tree.merge_height
    lengths[0] = 0.0
    if not np.isfinite(lengths).all():
        raise HierarchyError(
            "Merge heights lie farther apart than numbers go; drop_heights() first."
        )
    return [float(length) for length in lengths]


def heights_of_lengths(
    raw: RawTree, length: Sequence[float | None]
) -> tuple[list[float], list[str]]:
    """Return the merge heights that lengths of branches give, and what does not fit.

    Heights count from the lowest leaf. Lengths that are all equal, which some programs write where
    nothing is known, give none.

    Args:
        raw: a tree whose entries come after their parents.
        length: above each entry; the root's counts for nothing.

    Raises:
        HierarchyError: a sum of lengths is no finite number.
    """
    inner = [x for x, parent in zip(length, raw.parent, strict=True) if parent >= 0]
    known = [x for x in inner if x is not None]
    if not known:
        return [], []
    if len(known) < len(inner):
        missing = counted(len(inner) - len(known), "branch has", "branches have")
        return [], [f"{missing} no length, so that there are no merge heights"]
    if len(set(known)) == 1 and known[0] in (0.0, 1.0):
        return [], [f"all lengths are {known[0]:g}, which was taken to say nothing"]
    depth = [0.0] * len(raw.parent)
    for i, parent in enumerate(raw.parent):
        if parent >= 0:
            depth[i] = depth[parent] + (length[i] or 0.0)
    leaves = [i for i, leaf in enumerate(raw.leaf) if leaf is not None]
    most, least = max(depth[i] for i in leaves), min(depth[i] for i in leaves)
    scale = max(most - min(depth), most - least)
    if not math.isfinite(scale):
        raise HierarchyError("The lengths of branches add up to more than a number can be.")
    digits = _DIGITS - math.ceil(math.log10(scale)) if scale > 0 else 0
    height = [_rounded(most - x, digits) for x in depth]
    if most - least <= _EVEN * scale:
        for i in leaves:
            height[i] = 0.0
        return height, []
    above = f"{most - least:.3g} above the lowest, from which merge heights count"
    return height, [f"the leaves end at different heights, up to {above}"]


def _rounded(value: float, digits: int) -> float:
    return round(value, min(digits, 300)) + 0.0
