"""`SparseSimilarity` is the matrix with zeros that it stands for, without its zeros."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import FileFormatError, LabelError, SimilarityError
from taxonomy._core.io import load_npz, save_npz
from taxonomy.clustering.levels import bounded_levels, dendrogram, distances
from taxonomy.clustering.refinement import refine
from taxonomy.clustering.shaped import shaped_tree
from taxonomy.clustering.stability import grid_step, stability
from taxonomy.comparison import bounds_cost, cophenetic_fit, dasgupta_cost
from taxonomy.comparison.similarities import disagreement
from taxonomy.similarity import DenseSimilarity, Similarity, SparseSimilarity
from taxonomy.similarity.mixture import mix
from taxonomy.similarity.shuffled import shuffle
from taxonomy.trees.hierarchy import Hierarchy

IDS = ["d", "b", "a", "c"]
SPARSE = SparseSimilarity(IDS, [0, 3, 2], [1, 0, 1], [0.5, 0.25, 1.0], {"made_by": "test"})
"""d-b .5, c-d .25, a-b 1; a-c, a-d and b-c are not listed."""


def test_is_sorted_and_sealed():
    assert SPARSE.ids == ("a", "b", "c", "d")
    pairs = zip(SPARSE.first, SPARSE.second, SPARSE.similarities, strict=True)
    assert list(pairs) == [(0, 1, 1.0), (1, 3, 0.5), (2, 3, 0.25)]
    with pytest.raises(ValueError, match="read-only"):
        SPARSE.similarities[0] = 0


def test_stands_for_a_whole_matrix():
    matrix = [[1, 1, 0, 0], [1, 1, 0, 0.5], [0, 0, 1, 0.25], [0, 0.5, 0.25, 1]]
    assert SPARSE.dense().values.tolist() == matrix
    for i, one in enumerate("abcd"):
        for j, other in enumerate("abcd"):
            assert SPARSE.between(one, other) == matrix[i][j]
    assert SPARSE.restrict(["b", "c", "d"]).dense().values.tolist() == [
        row[1:] for row in matrix[1:]
    ]
    with pytest.raises(LabelError, match="Unknown class"):
        SPARSE.between("a", "e")


def test_all_pairs_are_refused_with_advice():
    with pytest.raises(SimilarityError, match=r"only 3 pairs of neighbours.*`levels=auto`"):
        SPARSE.all_pairs()


def test_order_does_not_matter():
    again = SparseSimilarity("abcd", [3, 1, 3], [2, 0, 1], [0.25, 1.0, 0.5])
    assert again.digest == SPARSE.digest
    other = SparseSimilarity("abcd", [3, 1, 3], [2, 0, 1], [0.25, 1.0, 0.75])
    assert other.digest != SPARSE.digest


@pytest.mark.parametrize(
    ("first", "second", "numbers", "message"),
    [
        ([0, 1], [1, 0], [0.5, 0.5], "'b' and 'd' is listed twice"),
        ([0], [0], [1], "'d' is listed with itself"),
        ([0], [4], [1], "outside 0 to 3"),
        ([-1], [2], [1], "outside 0 to 3"),
        ([0], [1], [1.5], "of 'd' and 'b' is 1.5, outside"),
        ([0], [1], [-0.1], "of 'd' and 'b' is -0.1, outside"),
        ([0], [1], [np.nan], "of 'd' and 'b' is nan, outside"),
        ([0], [1, 2], [1], "1 and 2 positions and 1 similarities"),
    ],
)
def test_refusals(first, second, numbers, message):
    with pytest.raises(SimilarityError, match=message):
        SparseSimilarity(IDS, first, second, numbers)


def test_files_round_trip(tmp_path):
    SPARSE.save(tmp_path / "s.npz")
    loaded = SparseSimilarity.load(tmp_path / "s.npz")
    assert loaded.digest == SPARSE.digest
    assert loaded.provenance == {"made_by": "test"}
    damaged = load_npz(tmp_path / "s.npz") | {"similarities": np.array([2.0, 0, 0])}
    save_npz(tmp_path / "s.npz", damaged)
    with pytest.raises(SimilarityError, match=r"s\.npz: .*is 2\.0, outside"):
        SparseSimilarity.load(tmp_path / "s.npz")
    save_npz(tmp_path / "s.npz", damaged | {"provenance": np.array("{")})
    with pytest.raises(FileFormatError, match=r"s\.npz"):
        SparseSimilarity.load(tmp_path / "s.npz")


def test_a_file_of_the_other_kind_is_told(tmp_path):
    SPARSE.save(tmp_path / "sparse.npz")
    SPARSE.dense().save(tmp_path / "dense.npz")
    for name, kind, other in (
        ("sparse", SparseSimilarity, DenseSimilarity),
        ("dense", DenseSimilarity, SparseSimilarity),
    ):
        path = tmp_path / f"{name}.npz"
        loaded = Similarity.load(path)
        assert type(loaded) is kind
        assert loaded.digest == kind.load(path).digest
        assert loaded.has_all_pairs == (name == "dense")
        with pytest.raises(SimilarityError, match=f"{name}.npz: holds a {kind.__name__}; read it"):
            other.load(path)
    save_npz(tmp_path / "none.npz", {"ids": np.array(["a"])})
    with pytest.raises(FileFormatError, match="holds ids, but no similarities"):
        Similarity.load(tmp_path / "none.npz")


NEED_ALL_PAIRS = {
    "bounded_levels": lambda s: bounded_levels(s, (2,)),
    "bounds_cost": lambda s: bounds_cost(Hierarchy.star("abcd"), s),
    "cophenetic_fit": lambda s: cophenetic_fit(Hierarchy.star("abcd"), s),
    "dasgupta_cost": lambda s: dasgupta_cost(Hierarchy.star("abcd"), s),
    "disagreement": lambda s: disagreement(s, s),
    "distances": distances,
    "grid_step": grid_step,
    "mix": lambda s: mix([s]),
    "refine": lambda s: refine(Hierarchy.star("abcd"), s),
    "shaped_tree": shaped_tree,
    "shuffle": lambda s: shuffle(s, 0),
    "stability": lambda s: stability(s, dendrogram),
}


@pytest.mark.parametrize("name", NEED_ALL_PAIRS)
def test_what_needs_all_pairs_says_what_to_do_with_neighbours(name):
    with pytest.raises(SimilarityError, match=r"only 3 pairs of neighbours.*or take dense"):
        NEED_ALL_PAIRS[name](SPARSE)


def test_no_pair_at_all():
    alone = SparseSimilarity(["a", "b"], [], [], [])
    assert alone.between("a", "b") == 0
    assert alone.dense().values.tolist() == [[1, 0], [0, 1]]
