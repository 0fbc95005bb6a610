"""Cuts into k clusters: ties open at once, and inversions with what is inside them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage
from sklearn.metrics import adjusted_rand_score

from taxonomy._core.errors import HierarchyError
from taxonomy.comparison.cuts import cluster_counts, cut, opening_order
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree
from tests.support.trees import from_linkage


@given(
    st.integers(2, 20), st.integers(0, 99), st.sampled_from(["average", "centroid"]), st.booleans()
)
def test_are_scipys(n, seed, method, ties):
    """With ties, on a line of whole numbers; centroid linkage makes inversions."""
    rng = np.random.default_rng(seed)
    points = rng.integers(0, 9, (n, 1)).astype(float) if ties else rng.random((n, 3))
    merges = linkage(points, method)
    tree = from_linkage(merges, [f"c{i:02d}" for i in range(n)])
    for k in range(1, n + 1):
        theirs = fcluster(merges, k, "maxclust")
        ours = cut(tree, k)
        assert adjusted_rand_score(ours, theirs) == pytest.approx(1)
        assert ours.max() + 1 in cluster_counts(tree)


def heights(*values: float) -> Hierarchy:
    """Return ((a, b), (c, d), e) with the heights of the root, ab and cd."""
    root, ab, cd = values
    return Hierarchy.from_raw(
        RawTree(
            parent=[-1, 0, 1, 1, 0, 4, 4, 0],
            leaf=[None, None, "a", "b", None, "c", "d", "e"],
            height=[root, ab, 0.0, 0.0, cd, 0.0, 0.0, 0.0],
        )
    )


@pytest.mark.parametrize(
    ("tree", "counts"),
    [
        (heights(3, 1, 2), [1, 3, 4, 5]),
        (heights(3, 2, 2), [1, 3, 5]),
        (heights(3, 2, 2 + 1e-12), [1, 3, 5]),  # equal up to rounding
        (heights(3, 3, 2), [1, 4, 5]),  # the root and ab open at once
        (heights(1, 3, 2), [1, 4, 5]),  # so they do if ab is above the root
        (heights(0, 0, 0), [1, 5]),
        (Hierarchy.star("abc"), [1, 3]),
        (Hierarchy.from_nested([["a", "b"], [["c", "d"], "e"]]), [1, 2, 3, 5]),
        (Hierarchy.from_nested([[["a", "b", "c"]]]), [1, 3]),  # single children open nothing
    ],
)
def test_available_numbers_of_clusters(tree, counts):
    assert cluster_counts(tree).tolist() == counts


def test_by_hand():
    tree = heights(3, 1, 2)
    assert opening_order(tree).tolist() == [0, 2, 1]
    assert cut(tree, 2).tolist() == [0, 0, 0, 0, 0]  # the next is into three
    assert cut(tree, 3).tolist() == [0, 0, 1, 1, 2]
    assert cut(tree, 4).tolist() == [0, 0, 1, 2, 3]
    assert cut(tree, 99).tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(HierarchyError, match="at least 1"):
        cut(tree, 0)
