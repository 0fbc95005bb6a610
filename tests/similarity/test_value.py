"""`DenseSimilarity` refuses what is no similarity, and keeps what it was given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import FileFormatError, LabelError, SimilarityError
from taxonomy._core.io import save_npz
from taxonomy.similarity import DenseSimilarity
from tests.support.strategies import similarities

GOOD = [[1, 0.25, 0.5], [0.25, 1, 0], [0.5, 0, 1]]


def changed(**cells):
    values = np.array(GOOD)
    for cell, value in cells.items():
        values[int(cell[1]), int(cell[2])] = value
    return values


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones((2, 2)), r"shape \(2, 2\); 3 labels need \(3, 3\)"),
        (changed(_01=0.3), "not symmetric: 'b' to 'a' is 0.3, and back it is 0.25"),
        (changed(_12=np.nan, _21=np.nan), "of 'a' and 'c' is nan"),
        (changed(_02=np.inf, _20=np.inf), "of 'b' and 'c' is inf"),
        (changed(_01=1.5, _10=1.5), "of 'b' and 'a' is 1.5, outside"),
        (changed(_01=-0.5, _10=-0.5), "of 'b' and 'a' is -0.5, outside"),
        (changed(_11=0.5), "of 'a' to itself is 0.5"),
    ],
)
def test_refusals_name_the_pair(values, message):
    with pytest.raises(SimilarityError, match=message):
        DenseSimilarity(["b", "a", "c"], values)


def test_bad_ids_are_refused():
    with pytest.raises(LabelError, match="twice"):
        DenseSimilarity(["a", "a", "b"], GOOD)
    with pytest.raises(LabelError, match="at least one"):
        DenseSimilarity([], np.zeros((0, 0)))


def test_ids_are_sorted_with_their_rows():
    similarity = DenseSimilarity(["b", "a", "c"], GOOD)
    assert similarity.ids == ("a", "b", "c")
    assert similarity.values.tolist() == [[1, 0.25, 0], [0.25, 1, 0.5], [0, 0.5, 1]]
    assert similarity.between("c", "b") == 0.5
    with pytest.raises(LabelError, match="Unknown class"):
        similarity.between("a", "d")


def test_rounding_is_smoothed_away():
    similarity = DenseSimilarity(["b", "a", "c"], changed(_01=0.25 + 1e-12, _22=1 - 1e-12))
    assert (similarity.values == similarity.values.T).all()
    assert (np.diag(similarity.values) == 1).all()


def test_the_callers_matrix_is_copied_and_ours_is_sealed():
    given_values = np.array(GOOD)
    similarity = DenseSimilarity("bac", given_values)
    given_values[0, 1] = 0.9
    assert similarity.between("a", "b") == 0.25
    with pytest.raises(ValueError, match="read-only"):
        similarity.values[0, 0] = 0


@given(similarities(least=3), st.data())
def test_restrict_keeps_the_numbers(similarity, data):
    chosen = data.draw(st.sets(st.sampled_from(similarity.ids), min_size=1))
    part = similarity.restrict(chosen)
    assert part.ids == tuple(sorted(chosen))
    for one in chosen:
        for other in chosen:
            assert part.between(one, other) == similarity.between(one, other)


@given(similarities())
def test_files_round_trip(tmp_path_factory, similarity):
    path = tmp_path_factory.mktemp("similarity") / "s.npz"
    made = DenseSimilarity(similarity.ids, similarity.values, {"made_by": "test"})
    made.save(path)
    loaded = DenseSimilarity.load(path)
    assert loaded.digest == made.digest == similarity.digest
    assert loaded.provenance == {"made_by": "test"}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"values": changed(_01=0.3)}, SimilarityError),
        ({"values": np.array(["x", "y"])}, FileFormatError),
        ({"ids": np.array(["a", "a", "b"])}, FileFormatError),
        ({"provenance": np.array("{")}, FileFormatError),
        ({"provenance": np.array("3")}, FileFormatError),
    ],
)
def test_bad_files_are_named(tmp_path, change, error):
    arrays = {"ids": np.array(["a", "b", "c"]), "values": np.array(GOOD)}
    save_npz(tmp_path / "s.npz", arrays | change)
    with pytest.raises(error, match=r"s\.npz"):
        DenseSimilarity.load(tmp_path / "s.npz")
