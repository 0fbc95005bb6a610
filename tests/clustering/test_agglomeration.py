"""Agglomeration: scipy's tree where nothing ties, one tree for every order where something does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage as scipy_linkage
from scipy.spatial.distance import pdist, squareform

from taxonomy._core.errors import ClusteringError
from taxonomy.clustering import agglomeration
from taxonomy.clustering.agglomeration import Merges, agglomerate, check_euclidean
from taxonomy.clustering.linkage import LINKAGES

EUCLIDEAN = [name for name, linkage in LINKAGES.items() if linkage.euclidean]


def clades(merges: Merges, names: list[int]) -> dict[frozenset[int], float]:
    """Return every cluster of more than one item with its height."""
    below: list[set[int]] = [{name} for name in names]
    below += [set() for _ in range(len(merges.parent) - len(names))]
    for cluster, parent in enumerate(merges.parent):
        if parent >= 0:
            below[parent] |= below[cluster]
    pairs = zip(below[len(names) :], merges.height[len(names) :], strict=True)
    return {frozenset(items): height for items, height in pairs}


def binary_clades(matrix: np.ndarray, n: int) -> dict[frozenset[int], float]:
    below = [frozenset([i]) for i in range(n)]
    for a, b, _, _ in matrix:
        below.append(below[int(a)] | below[int(b)])
    return dict(zip(below[n:], matrix[:, 2], strict=True))


def tied(method: str, seed: int, n: int = 40, steps: int = 5) -> np.ndarray:
    """Return distances full of ties: points of a grid where Euclidean, else few levels."""
    rng = np.random.default_rng(seed)
    if method in EUCLIDEAN:
        return squareform(pdist(rng.integers(0, 4, size=(n, 3)).astype(float)))
    upper = np.triu(rng.integers(1, steps + 1, size=(n, n)) / steps, 1)
    return upper + upper.T


@pytest.mark.parametrize("method", LINKAGES)
@pytest.mark.parametrize("seed", range(5))
def test_without_ties_it_is_scipys_tree(method, seed):
    points = np.random.default_rng(seed).normal(size=(60, 4))
    distances = squareform(pdist(points))
    ours = clades(agglomerate(distances, method), list(range(60)))
    wanted = binary_clades(scipy_linkage(pdist(points), method), 60)
    assert ours.keys() == wanted.keys()
    assert all(ours[clade] == pytest.approx(wanted[clade]) for clade in ours)


@pytest.mark.parametrize("method", LINKAGES)
@pytest.mark.parametrize("seed", range(3))
def test_with_ties_100_orders_give_one_tree(method, seed):
    distances = tied(method, seed)
    whole = clades(agglomerate(distances, method), list(range(40)))
    rng = np.random.default_rng(seed)
    for _ in range(100):
        order = rng.permutation(40)
        again = clades(agglomerate(distances[np.ix_(order, order)], method), order.tolist())
        assert again.keys() == whole.keys()
        assert all(again[clade] == pytest.approx(whole[clade], abs=1e-9) for clade in whole)


@pytest.mark.parametrize("method", ["average", "complete", "single", "weighted"])
def test_equal_distances_make_one_node(method):
    merges = agglomerate(1.0 - np.eye(5), method)
    assert merges.parent.tolist() == [5, 5, 5, 5, 5, -1]
    assert merges.height[5] == 1


def test_a_chain_of_ties_merges_whole():
    """0-1 and 1-2 are both 1 apart, so all three merge, whatever 0-2 is."""
    line = np.abs(np.subtract.outer([0, 1, 2, 9], [0, 1, 2, 9])).astype(float)
    assert clades(agglomerate(line, "complete"), [0, 1, 2, 3]) == {
        frozenset([0, 1, 2]): 1.0,
        frozenset([0, 1, 2, 3]): 9.0,
    }


def test_a_merge_elsewhere_does_not_wait_for_order():
    """Two far pairs with different distances, merged in one step, keep their own heights."""
    points = np.array([[0.0], [1.0], [10.0], [12.0]])
    found = clades(agglomerate(squareform(pdist(points)), "average"), [0, 1, 2, 3])
    assert found[frozenset([0, 1])] == 1
    assert found[frozenset([2, 3])] == 2
    assert found[frozenset([0, 1, 2, 3])] == (10 + 12 + 9 + 11) / 4


def test_ward_of_a_tied_triangle_is_the_centroid_formula():
    """Three corners of side 1 and a point 2 above their middle: Ward's factor is 2*3*1/(3+1)."""
    corners = [[0, 0, 0], [1, 0, 0], [0.5, 3**0.5 / 2, 0]]
    middle = np.mean(corners, axis=0)
    points = np.array([*corners, middle + np.array([0, 0, 2])])
    merges = agglomerate(squareform(pdist(points)), "ward")
    assert merges.height[-2:].tolist() == pytest.approx([1, (1.5 * 2**2) ** 0.5])


def test_one_item_needs_no_merge():
    assert agglomerate(np.zeros((1, 1))).parent.tolist() == [-1]


def test_distances_that_are_not_euclidean_are_refused():
    check_euclidean(
        squareform(pdist(np.random.default_rng(0).normal(size=(9, 2)))), LINKAGES["ward"]
    )
    far = np.array([[0, 1, 1, 1], [1, 0, 2, 2], [1, 2, 0, 2], [1, 2, 2, 0.0]])
    with pytest.raises(ClusteringError, match="'ward' needs Euclidean"):
        check_euclidean(far, LINKAGES["ward"])


@pytest.mark.parametrize("method", ["centroid", "median"])
def test_a_tie_that_an_inversion_hides_is_seen(method):
    """Two crossed sides of length 1, so near that either middle is nearer to the other's ends.

    Whichever of them merged first would swallow the other's ends one by one.
    """
    points = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.75, 0.5], [0, 0.75, -0.5]])
    found = clades(agglomerate(squareform(pdist(points)), method), [0, 1, 2, 3])
    assert found == {
        frozenset([0, 1]): 1.0,
        frozenset([2, 3]): 1.0,
        frozenset([0, 1, 2, 3]): pytest.approx(0.75),
    }


@pytest.mark.parametrize("method", [name for name in LINKAGES if LINKAGES[name].scipy])
@pytest.mark.parametrize("digits", [None, 1])
def test_asking_scipy_first_later_or_never_gives_one_tree(monkeypatch, method, digits):
    """It is asked where there are few items, or when the search takes long; ties end that."""
    points = np.random.default_rng(3).normal(size=(40, 3))
    points = points if digits is None else points.round(0)
    points = np.unique(points, axis=0)
    apart = np.sqrt(((points[:, None] - points) ** 2).sum(2))
    found = []
    for few, looks in ((1000, 0), (0, 0), (0, 10**9)):
        monkeypatch.setattr(agglomeration, "FEW", few)
        monkeypatch.setattr(agglomeration, "MOST_LOOKS", looks)
        found.append(clades(agglomerate(apart, method), [*range(len(apart))]))
    for other in found[1:]:
        assert other == pytest.approx(found[0])
