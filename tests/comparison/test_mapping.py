"""Trees in the plane, and metrics as matrices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from taxonomy._core.errors import HierarchyError, RegistryError
from taxonomy.comparison import metric_matrix, tree_map

NAMES = ["w", "x", "y", "z"]


def table_of(places: list[tuple[float, ...]], metric: str = "triplet_distance") -> pd.DataFrame:
    pairs = [(i, j) for i in range(len(places)) for j in range(i + 1, len(places))]
    rows = [(NAMES[i], NAMES[j], np.hypot(*np.subtract(places[i], places[j]))) for i, j in pairs]
    return pd.DataFrame(rows, columns=["a", "b", metric])


def test_distances_in_the_plane_are_kept():
    square = [(0.0, 0.0), (0.3, 0.0), (0.3, 0.4), (0.0, 0.4)]
    laid = tree_map(table_of(square))
    assert laid["tree"].tolist() == NAMES
    assert laid.attrs["kept"] == 1
    for i, j, length in [(0, 1, 0.3), (1, 2, 0.4), (0, 2, 0.5), (1, 3, 0.5)]:
        step = laid.loc[i, ["x", "y"]] - laid.loc[j, ["x", "y"]]
        assert np.hypot(*step.astype(float)) == pytest.approx(length)
    assert laid["x"].sum() == pytest.approx(0)  # the middle is the origin
    assert laid["x"][0] > 0
    assert laid["y"][0] > 0


def test_a_tetrahedron_loses_a_third():
    table = table_of([(0.0, 0.0)] * 4)
    table["triplet_distance"] = 1.0
    assert tree_map(table).attrs["kept"] == pytest.approx(2 / 3, abs=1e-6)  # of three equal axes


def test_equal_trees_lie_on_one_another():
    laid = tree_map(table_of([(0.0, 0.0)] * 3))
    assert (laid[["x", "y"]] == 0).all(axis=None)
    assert laid.attrs["kept"] == 1


def test_a_similarity_counts_as_what_it_lacks():
    far = table_of([(0.0, 0.0), (0.3, 0.0), (0.0, 0.4)])
    alike = far.rename(columns={"triplet_distance": "ancestor_f1"})
    alike["ancestor_f1"] = 1 - far["triplet_distance"]
    same = tree_map(alike, "ancestor_f1")[["x", "y"]].to_numpy()
    assert same == pytest.approx(tree_map(far)[["x", "y"]].to_numpy())
    assert metric_matrix(alike, "ancestor_f1").loc["w", "w"] == 1
    assert metric_matrix(far, "triplet_distance").loc["y", "x"] == 0.5


def test_what_cannot_be_laid_out_is_refused():
    with pytest.raises(HierarchyError, match="2 trees says nothing"):
        tree_map(table_of([(0.0, 0.0), (1.0, 0.0)]))
    with pytest.raises(HierarchyError, match="lacks ancestor_f1"):
        tree_map(table_of([(0.0, 0.0)] * 3), "ancestor_f1")
    with pytest.raises(RegistryError, match="triplet_distance"):
        tree_map(table_of([(0.0, 0.0)] * 3), "triplet_distanc")
    missing = table_of([(0.0, 0.0)] * 3)
    missing.loc[1, "triplet_distance"] = np.nan
    with pytest.raises(HierarchyError, match="no value for some pair"):
        tree_map(missing)
