"""A map of many trees: the nearer two lie, the more alike they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import HierarchyError
from taxonomy._core.registry import lookup
from taxonomy._core.spelling import counted
from taxonomy.comparison.table import METRICS

if TYPE_CHECKING:
    import pandas as pd


def metric_matrix(table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return a metric of all pairs of trees as a square table, in the order of the trees.

    Args:
        table: what `taxonomy.comparison.compare` returned.
        metric: one of its columns.

    Returns:
        symmetric, with the value of equal trees on the diagonal.

    Raises:
        RegistryError: there is no such metric.
        HierarchyError: it is not in the table.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"a": ["x"], "b": ["y"], "ancestor_f1": [0.25]})
    >>> metric_matrix(table, "ancestor_f1").to_numpy().tolist()
    [[1.0, 0.25], [0.25, 1.0]]
    """
    import pandas as pd

    best = lookup("metric", METRICS, metric).best
    if metric not in table:
        raise HierarchyError(f"The table lacks {metric}; compare the trees by it, too.")
    names = list(dict.fromkeys([*table["a"], *table["b"]]))
    values = np.full((len(names), len(names)), float(best))
    i, j = ([names.index(name) for name in table[side]] for side in "ab")
    values[i, j] = values[j, i] = table[metric]
    return pd.DataFrame(values, index=names, columns=names)


def tree_map(table: pd.DataFrame, metric: str = "triplet_distance") -> pd.DataFrame:
    """Lay trees out in the plane so that the distances between them are kept as well as can be.

    Classical multidimensional scaling: the first two principal coordinates. A metric that is high
    for equal trees counts as its best value minus itself. Each axis points to where the first tree
    that is off the middle lies; distances mean something, the axes do not. Source: Torgerson 1952,
    Psychometrika 17; Gower 1966, Biometrika 53.

    Args:
        table: what `taxonomy.comparison.compare` returned of three trees or more.
        metric: one of its columns, by which trees are near or far.

    Returns:
        one row a tree, in their order: ``tree``, ``x`` and ``y``, in the metric's unit. Its
        ``attrs["kept"]`` is the share of the distances' squares that the plane shows, in [0, 1].

    Raises:
        RegistryError: there is no such metric.
        HierarchyError: it is not in the table, has no value for some pair, or there are fewer than
            three trees.

    >>> import pandas as pd
    >>> pairs = {"a": ["x", "x", "y"], "b": ["y", "z", "z"], "triplet_distance": [0.3, 0.4, 0.5]}
    >>> laid = tree_map(pd.DataFrame(pairs))
    >>> sides = np.hypot(laid["x"].diff(), laid["y"].diff()).tolist()[1:]
    >>> [round(side, 6) for side in sides], laid.attrs["kept"]  # x to y, and y to z
    ([0.3, 0.5], 1.0)
    """
    import pandas as pd

    square = metric_matrix(table, metric)
    if len(square) < 3:
        raise HierarchyError(
            f"A map of {counted(len(square), 'tree')} says nothing; give three or more."
        )
    distances = np.abs(METRICS[metric].best - square.to_numpy())
    if np.isnan(distances).any():
        raise HierarchyError(f"{metric} has no value for some pair of trees; take another.")
    places, kept = _principal_coordinates(distances)
    laid = pd.DataFrame({"tree": square.index, "x": places[:, 0], "y": places[:, 1]})
    laid.attrs["kept"] = kept
    return laid


def _principal_coordinates(distances: FloatArray) -> tuple[FloatArray, float]:
    """Return the first two principal coordinates, and the share of the squares that they keep."""
    squares = -0.5 * distances**2
    centred = squares - squares.mean(0) - squares.mean(1)[:, None] + squares.mean()
    values, vectors = np.linalg.eigh(centred)
    values, vectors = values[::-1], vectors[:, ::-1]
    places = vectors[:, :2] * np.sqrt(np.maximum(values[:2], 0))
    # What is left of rounding decides no sign, and differs between machines.
    places = places.round(9) + 0.0
    for axis in places.T:
        off = np.flatnonzero(axis)
        if len(off) and axis[off[0]] < 0:
            axis *= -1
    total = float(np.abs(values).sum())
    kept = float(np.maximum(values[:2], 0).sum()) / total if total > 0 else 1.0
    return places + 0.0, round(kept, 6)
