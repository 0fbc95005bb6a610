"""Matrices from files: every fault is named with its line."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import FileFormatError, SimilarityError
from taxonomy.labels import LabelSet
from taxonomy.similarity.precomputed import Precomputed

GOOD = ",dog,cat,car\ndog,1,0.5,0.25\ncat,0.5,1,0\ncar,0.25,0,1\n"
PETS = LabelSet(["cat", "dog"])


def read(folder, text, labels=PETS):
    path = folder / "scores.csv"
    path.write_text(text)
    return Precomputed(str(path))(labels)


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD])
def test_csv(tmp_path, text):
    similarity = read(tmp_path, text, LabelSet(["cat", "dog", "car"]))
    assert similarity.ids == ("car", "cat", "dog")
    assert similarity.values.tolist() == [[1, 0, 0.25], [0, 1, 0.5], [0.25, 0.5, 1]]


def test_labels_that_are_not_asked_for_are_left_out(tmp_path):
    assert read(tmp_path, GOOD).values.tolist() == [[1, 0.5], [0.5, 1]]


def test_npz(tmp_path):
    whole = read(tmp_path, GOOD, LabelSet(["cat", "dog", "car"]))
    whole.save(tmp_path / "scores.npz")
    assert Precomputed(str(tmp_path / "scores.npz"))(PETS).between("cat", "dog") == 0.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cat,0.5,1,0", "cat,0.5,1", "line 3: 2 numbers, but the header has 3 ids"),
        ("cat,0.5,1,0", "cat,0.5,1,0,0", "line 3: 4 numbers"),
        ("cat,0.5,1,0", "cat,0.5,one,0", "line 3: .*'one'"),
        ("\ncat,", '\n\n"a\nb",0,x,0\ncat,', "line 5: .*'x'"),
        ("cat,0.5,1,0\n", "", "same ids in the same order; they part at number 2"),
        ("car,0.25,0,1\n", "", "part at number 3"),
        ("cat,0.5", "cat,0.75", "not symmetric: 'dog' to 'cat' is 0.5, and back it is 0.75"),
        ("cat,0.5,1,0", "cat,0.5,1,nan", "of 'cat' and 'car' is nan"),
        ("1,0.5,0.25", "1,0.5,1.25", "'dog' to 'car' is 1.25"),
        ("cat,0.5,1", "cat,0.5,0.9", "'cat' to itself is 0.9"),
        (",dog,cat,car\ndog,", ",dog,dog,car\ndog,", "part at number 2"),
        ("cat", "dog", "'dog' was given twice"),
        ("car,0.25,0,1", '"car,0.25', "line 4: not valid CSV"),
    ],
)
def test_faults_are_named(tmp_path, old, new, message):
    with pytest.raises(SimilarityError, match=message) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert "scores.csv" in str(caught.value)


def test_values_outside_the_range_are_named(tmp_path):
    text = GOOD.replace("0.25", "1.25")
    with pytest.raises(SimilarityError, match=r"'dog' and 'car' is 1.25, outside"):
        read(tmp_path, text)


def test_missing_labels_get_a_suggestion(tmp_path):
    with pytest.raises(SimilarityError, match=r"lacks 1 of 2 labels.*'kat'. Did you mean 'cat'"):
        read(tmp_path, GOOD, LabelSet(["kat", "dog"]))


def test_no_file():
    with pytest.raises(SimilarityError, match="--path FILE"):
        Precomputed()(PETS)
    for name in ("none.csv", "none.npz"):
        with pytest.raises(FileFormatError, match=name):
            Precomputed(name)(PETS)


@pytest.mark.parametrize("text", ["", "a\n", "\n\n"])
def test_an_empty_file(tmp_path, text):
    with pytest.raises(SimilarityError, match="expected a header row"):
        read(tmp_path, text)
