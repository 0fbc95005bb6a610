"""Stability: clear clades survive, ties do not, and the noise is what it says."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import SimilarityError
from taxonomy.clustering.levels import dendrogram
from taxonomy.clustering.stability import grid_step, stability
from taxonomy.similarity import DenseSimilarity

CLEAR = DenseSimilarity(
    "abcd", [[1, 0.9, 0.1, 0.1], [0.9, 1, 0.1, 0.1], [0.1, 0.1, 1, 0.8], [0.1, 0.1, 0.8, 1]]
)


def test_clear_clades_survive_and_leaves_and_root_always_do():
    found = stability(CLEAR, dendrogram, noise=0.05)
    assert (found.support == 1).all()
    assert found.mean == 1


def test_a_clade_that_hangs_on_little_survives_in_part():
    """a-b leads a-c and b-c by .01, so noise of .1 often puts another pair first."""
    close = DenseSimilarity("abc", [[1, 0.51, 0.5], [0.51, 1, 0.5], [0.5, 0.5, 1]])
    found = stability(close, dendrogram, runs=400, noise=0.1)
    assert 0.3 < found.mean < 0.5


def test_noise_defaults_to_half_a_step_of_the_grid():
    assert grid_step(CLEAR) == pytest.approx(0.1)
    assert stability(CLEAR, dendrogram, runs=2).noise == pytest.approx(0.05)
    assert grid_step(DenseSimilarity("ab", [[1, 0.5], [0.5, 1]])) == 0


def test_the_same_seed_gives_the_same_support():
    rng = np.random.default_rng(0)
    values = rng.random((12, 12)).round(1)
    values = np.maximum(values, values.T)
    np.fill_diagonal(values, 1)
    similarity = DenseSimilarity([f"c{i:02d}" for i in range(12)], values)
    one, other = (stability(similarity, dendrogram, runs=20) for _ in range(2))
    assert one.support.tolist() == other.support.tolist()
    assert one.mean < 1


def test_no_runs_and_negative_noise_are_refused():
    for options in ({"runs": 0}, {"noise": -1.0}, {"noise": float("nan")}):
        with pytest.raises(SimilarityError, match="at least one run"):
            stability(CLEAR, dendrogram, **options)


def test_the_tree_carries_its_support():
    found = stability(CLEAR, dendrogram, runs=3, noise=0.05)
    tree = found.with_support()
    assert tree.with_support(None) == found.tree
    assert tree.support[tree.nodes].tolist() == found.support[found.tree.nodes].tolist()
    assert tree.provenance["stability"] == {"runs": 3, "noise": 0.05, "seed": 0}
    assert tree.provenance["made_by"] == "dendrogram"
