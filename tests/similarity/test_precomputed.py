"""Numbers from files of every kind are read alike, and every fault is named by its place."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import parquet

from taxonomy._core.errors import FileFormatError, MissingExtraError, SimilarityError
from taxonomy._core.io import save_npz
from taxonomy.labels import LabelSet
from taxonomy.similarity import SparseSimilarity
from taxonomy.similarity.precomputed import Precomputed

GOOD = ",dog,cat,car\ndog,1,0.5,0.25\ncat,0.5,1,0\ncar,0.25,0,1\n"
PETS = LabelSet(["cat", "dog"])
ALL = LabelSet(["cat", "dog", "car"])
VALUES = np.array([[1, 0, 0.25], [0, 1, 0.5], [0.25, 0.5, 1]])
"""Of car, cat and dog, in sorted order."""


def read(folder, text, labels=PETS, name="scores.csv", **options):
    path = folder / name
    path.write_text(text)
    return Precomputed(str(path), **options)(labels)


def text_file(separator, *, commas=False):
    def write(path, ids, values):
        pairs = zip(ids, values.tolist(), strict=True)
        rows = [[name, *map(repr, row)] for name, row in pairs]
        if commas:
            rows = [[cell.replace(".", ",") for cell in row] for row in rows]
        path.write_text("\n".join(separator.join(row) for row in [["", *ids], *rows]))

    return write


def parquet_by_index(path, ids, values):
    pd.DataFrame(values, index=ids, columns=ids).to_parquet(path)


def parquet_by_column(path, ids, values):
    frame = pd.DataFrame(values, columns=ids)
    frame.insert(0, "label", ids)
    frame.to_parquet(path, index=False)


def npz_with_ids(path, ids, values):
    np.savez(path, ids=np.array(ids), scores=values)


KINDS = {
    "commas": (".csv", text_file(",")),
    "semicolons": (".csv", text_file(";")),
    "semicolons and decimal commas": (".csv", text_file(";", commas=True)),
    "tabs": (".tsv", text_file("\t")),
    "tabs in a text file": (".txt", text_file("\t")),
    "parquet by index": (".parquet", parquet_by_index),
    "parquet by column": (".parquet", parquet_by_column),
    "npz with ids": (".npz", npz_with_ids),
    "npz without ids": (".npz", lambda path, _, values: np.savez(path, values)),
    "npy": (".npy", lambda path, _, values: np.save(path, values)),
}


@pytest.fixture(params=KINDS)
def stored(request, tmp_path):
    """Write a table of car, cat and dog as each kind of file."""
    suffix, write = KINDS[request.param]

    def make(values):
        path = tmp_path / f"numbers{suffix}"
        write(path, ["car", "cat", "dog"], np.asarray(values))
        return str(path)

    return make


class TestEveryKindOfFile:
    def test_similarities(self, stored):
        made = Precomputed(stored(VALUES))(ALL)
        assert made.ids == ("car", "cat", "dog")
        assert made.values.tolist() == VALUES.tolist()
        assert "map" not in made.provenance

    def test_distances_become_one_less_their_share_of_the_largest(self, stored):
        made = Precomputed(stored([[0, 4, 3], [4, 0, 1], [3, 1, 0]]), distances=True)(ALL)
        assert made.values.tolist() == [[1, 0, 0.25], [0, 1, 0.75], [0.25, 0.75, 1]]
        assert made.provenance["map"] == "1 - distance / largest"
        assert made.provenance["largest"] == 4

    def test_scores_are_divided_by_their_scale(self, stored):
        made = Precomputed(stored(VALUES * 100), scale=100)(ALL)
        assert made.values.tolist() == VALUES.tolist()
        assert made.provenance["map"] == "score / 100"

    def test_vectors_are_compared_by_their_cosine(self, stored):
        made = Precomputed(stored([[2.0, 0, 0], [0, 0.5, 0], [-3, 0, 0]]), vectors=True)(ALL)
        assert made.values.tolist() == [[1, 0.5, 0], [0.5, 1, 0.5], [0, 0.5, 1]]
        assert made.provenance["map"] == "(1 + cosine) / 2"

    def test_rounding_is_mended(self, stored):
        values = VALUES.copy()
        values[0, 0], values[1, 1] = 1.0000001192092896, 0.9999998
        values[0, 1] = values[1, 0] = -1e-7
        values[0, 2] += 1e-7
        made = Precomputed(stored(values))(ALL)
        assert made.values == pytest.approx(VALUES, abs=2e-7)
        assert np.diag(made.values).tolist() == [1, 1, 1]
        assert (made.values >= 0).all()

    @pytest.mark.parametrize(
        ("options", "changes", "message"),
        [
            ({}, {(0, 1): 1.25, (1, 0): 1.25}, "row 'car', column 'cat': 1.25 is outside 0 to 1"),
            ({}, {(1, 2): -0.5, (2, 1): -0.5}, "row 'cat', column 'dog': -0.5 is outside"),
            ({}, {(2, 2): 0.5}, "row 'dog', column 'dog': 0.5 is the similarity .* must be 1"),
            ({}, {(0, 2): 0.5}, "row 'car', column 'dog': 0.5 differs .* round, 0.25; average"),
            ({}, {(0, 0): 1.00001}, "row 'car', column 'car': 1.00001 is outside"),
            ({"scale": 0.5}, {}, "row 'car', column 'car': 1 is outside 0 to 0.5"),
            ({"scale": 2}, {}, "row 'car', column 'car': 1 is the similarity .* must be 2"),
            ({"distances": True}, {}, "row 'car', column 'car': 1 is the distance .* must be 0"),
            ({"distances": True}, {(1, 0): -1.0}, "row 'cat', column 'car': -1 is negative"),
        ],
    )
    def test_a_number_at_fault_is_named(self, stored, options, changes, message):
        values = VALUES.copy()
        for place, value in changes.items():
            values[place] = value
        with pytest.raises(SimilarityError, match=message) as caught:
            Precomputed(path := stored(values), **options)(ALL)
        assert path in str(caught.value)


def test_the_case_of_single_precision(tmp_path):
    text = ",a,b\na,1.0000001192092896,0.5\nb,0.5,0.9999998\n"
    made = read(tmp_path, text, LabelSet(["a", "b"]))
    assert made.values.tolist() == [[1, 0.5], [0.5, 1]]


def test_vectors_of_single_precision_are_as_similar_as_their_cosines(tmp_path):
    vectors = np.random.default_rng(0).normal(size=(3, 384)).astype(np.float32)
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.save(tmp_path / "v.npy", vectors)
    np.save(tmp_path / "s.npy", (1 + unit @ unit.T) / 2)
    one = Precomputed(str(tmp_path / "v.npy"), vectors=True)(ALL)
    other = Precomputed(str(tmp_path / "s.npy"))(ALL)
    assert one.values == pytest.approx(other.values, abs=1e-6)
    assert one.provenance["dimensions"] == 384


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD,
                                  GOOD.replace(",", ", ")])  # fmt: skip
def test_csv(tmp_path, text):
    similarity = read(tmp_path, text, ALL)
    assert similarity.ids == ("car", "cat", "dog")
    assert similarity.values.tolist() == [[1, 0, 0.25], [0, 1, 0.5], [0.25, 0.5, 1]]


def test_separators_inside_quotes_part_nothing(tmp_path):
    text = ';"a,b";"c,d"\n"a,b";1;0.5\n"c,d";0.5;1\n'
    assert read(tmp_path, text, LabelSet(["a,b", "c,d"])).between("a,b", "c,d") == 0.5


def test_labels_that_are_not_asked_for_are_left_out(tmp_path):
    assert read(tmp_path, GOOD).values.tolist() == [[1, 0.5], [0.5, 1]]
    far = ",dog,cat,car\ndog,0,0.5,1\ncat,0.5,0,2\ncar,1,2,0\n"
    scaled = read(tmp_path, far, distances=True)
    assert scaled.between("cat", "dog") == 1 - 0.5 / 2  # of the largest in the whole file


def test_equal_labels_have_no_distance(tmp_path):
    made = read(tmp_path, ",dog,cat\ndog,0,0\ncat,0,0\n", distances=True)
    assert made.values.tolist() == [[1, 1], [1, 1]]


def test_what_the_toolkit_wrote(tmp_path):
    whole = read(tmp_path, GOOD, ALL)
    whole.save(tmp_path / "scores.npz")
    made = Precomputed(str(tmp_path / "scores.npz"))(PETS)
    assert made.between("cat", "dog") == 0.5
    assert made.digest == whole.restrict(PETS.ids).digest


def test_neighbours_stay_neighbours(tmp_path):
    sparse = SparseSimilarity(["car", "cat", "dog"], [1], [2], [0.5])
    sparse.save(tmp_path / "near.npz")
    path = str(tmp_path / "near.npz")
    made = Precomputed(path)(PETS)
    assert made.digest == sparse.restrict(PETS.ids).digest
    assert made.provenance["made_by"] == "precomputed"
    with pytest.raises(SimilarityError, match="leave out `distances`, `scale` and `vectors`"):
        Precomputed(path, scale=100)(PETS)
    with pytest.raises(SimilarityError, match="lacks 1 of 1 label"):
        Precomputed(path)(LabelSet(["bus"]))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("cat,0.5,1,0", "cat,0.5,1", "line 3: 2 numbers, but the header has 3 columns"),
        ("cat,0.5,1,0", "cat,0.5,1,0,0", "line 3: 4 numbers"),
        ("cat,0.5,1,0", "cat,0.5,one,0", "line 3, column 'cat': 'one' is no number"),
        ("cat,0.5,1,0", "cat,0.5,,0", "line 3, column 'cat': '' is no number"),
        ("\ncat,", '\n\n"a\nb",0,x,0\ncat,', "line 5, column 'cat': 'x'"),
        ("cat,0.5,1,0\n", "", "same ids in the same order; they part at number 2"),
        ("car,0.25,0,1\n", "", "part at number 3"),
        ("cat,0.5", "cat,0.75", "row 'dog', column 'cat': 0.5 differs .* round, 0.75"),
        ("cat,0.5,1,0", "cat,0.5,1,nan", "row 'cat', column 'car': nan is no finite number"),
        ("1,0.5,0.25", "1,0.5,inf", "row 'dog', column 'car': inf is no finite number"),
        (",dog,cat,car\ndog,", ",dog,dog,car\ndog,", "part at number 2"),
        ("cat", "dog", "'dog' was given twice"),
        ("car,0.25,0,1", '"car,0.25', "line 4: not valid CSV"),
    ],
)
def test_faults_of_text_are_named(tmp_path, old, new, message):
    with pytest.raises(SimilarityError, match=message) as caught:
        read(tmp_path, GOOD.replace(old, new))
    assert "scores.csv" in str(caught.value)


def test_decimal_commas_and_points_do_not_mix(tmp_path):
    text = ";dog;cat\ndog;1;0,5\ncat;0.5;1\n"
    with pytest.raises(SimilarityError, match="line 2, column 'cat': '0,5' is no number"):
        read(tmp_path, text)


def test_missing_labels_get_a_suggestion(tmp_path):
    with pytest.raises(SimilarityError, match=r"lacks 1 of 2 labels.*'kat'. Did you mean 'cat'"):
        read(tmp_path, GOOD, LabelSet(["kat", "dog"]))


def test_no_file():
    with pytest.raises(SimilarityError, match="name it in `path`"):
        Precomputed()(PETS)
    for name in ("none.csv", "none.npz", "none.npy", "none.parquet", "none.xls"):
        with pytest.raises(FileFormatError, match=name):
            Precomputed(name)(PETS)


@pytest.mark.parametrize("text", ["", "a\n", "\n\n"])
def test_an_empty_file(tmp_path, text):
    with pytest.raises(SimilarityError, match="expected a header row"):
        read(tmp_path, text)


def test_another_kind_of_file(tmp_path):
    with pytest.raises(FileFormatError, match=r"scores\.xlsx: .*ends with one of \.csv, \.tsv"):
        read(tmp_path, "", name="scores.xlsx")


@pytest.mark.parametrize("name", ["scores.npy", "scores.npz", "scores.parquet"])
def test_damaged_files(tmp_path, name):
    with pytest.raises(FileFormatError, match=f"{name}: not a readable"):
        read(tmp_path, "damaged", name=name)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 0}, "scale is 0; give a number above 0"),
        ({"scale": -1}, "give a number above 0"),
        ({"scale": float("nan")}, "give a number above 0"),
        ({"scale": 100, "distances": True}, "give one of `distances`, `scale` and `vectors`"),
        ({"vectors": True, "distances": True}, "give one of `distances`, `scale` and `vectors`"),
        ({"vectors": True}, "lacks 2 of 2 labels"),
    ],
)
def test_options(tmp_path, options, message):
    with pytest.raises(SimilarityError, match=message):
        read(tmp_path, GOOD.replace("cat", "bat").replace("dog", "hog"), **options)


@pytest.mark.parametrize(
    ("array", "options", "message"),
    [
        (np.eye(3), {}, r"3 rows of numbers for 2 labels.*sorted by id \(cat, dog, …\)"),
        (
            np.ones((2, 3)),
            {},
            "2 rows of 3 numbers; expected a column .*give `vectors`",
        ),
        (np.ones(4), {}, r"shape \(4,\) and type float64; expected"),
        (np.array([["1", "0"], ["0", "1"]]), {}, "type <U1; expected numbers"),
        (np.eye(2) * 1j, {}, "type complex128"),
        (np.array([[1, 0], [0, 0]]), {"vectors": True}, "row 'dog': the vector is zero"),
        (np.array([[1, np.nan], [0, 1]]), {"vectors": True}, "row 'cat', column 'dog': nan"),
        (np.array([[1, 0, np.inf], [0, 1, 0]]), {"vectors": True}, "row 'cat', column 3: inf"),
        (np.ones((2, 0)), {"vectors": True}, "have no numbers"),
    ],
)
def test_faults_of_arrays(tmp_path, array, options, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises((SimilarityError, FileFormatError), match=message):
        Precomputed(str(tmp_path / "a.npy"), **options)(PETS)


def test_objects_are_not_unpickled(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    with pytest.raises(FileFormatError, match="not a readable npy file"):
        Precomputed(str(tmp_path / "a.npy"))(PETS)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"ids": np.array(["cat"]), "v": np.eye(2)}, "2 rows of numbers, but 1 id"),
        ({"a": np.eye(2), "b": np.eye(2)}, "holds the arrays a, b; expected one of numbers"),
        ({"ids": np.array(["cat"])}, "expected one of numbers"),
        ({"ids": np.array(["cat", "cat"]), "v": np.eye(2)}, "'cat' was given twice"),
    ],
)
def test_faults_of_npz(tmp_path, arrays, message):
    save_npz(tmp_path / "a.npz", arrays)
    with pytest.raises(SimilarityError, match=message):
        Precomputed(str(tmp_path / "a.npz"))(PETS)


def test_parquet_of_text_is_refused_by_its_column(tmp_path):
    frame = pd.DataFrame({"id": ["cat", "dog"], "cat": [1, 0.5], "dog": ["half", "one"]})
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SimilarityError, match=r"column 'dog': holds .*no numbers"):
        Precomputed(str(tmp_path / "a.parquet"))(PETS)
    frame["dog"] = [None, 1.0]
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(SimilarityError, match="row 'cat', column 'dog': nan"):
        Precomputed(str(tmp_path / "a.parquet"))(PETS)


def test_parquet_that_its_own_notes_do_not_fit_is_refused(tmp_path):
    """The notes are what pandas wrote about the columns; these are one empty one."""
    table = pa.table({"id": ["cat", "dog"], "cat": [1, 0.5], "dog": [0.5, 1]})
    notes = {"pandas": '{"index_columns": [], "columns": [{"field_name": "id"}]}'}
    parquet.write_table(table.replace_schema_metadata(notes), tmp_path / "a.parquet")
    with pytest.raises(FileFormatError, match=r"a\.parquet: not a readable parquet file"):
        Precomputed(str(tmp_path / "a.parquet"))(PETS)


def test_parquet_that_would_become_thousands_of_times_as_long_is_refused(tmp_path):
    frame = pd.DataFrame({"cat": np.zeros(5_000_000, dtype=np.int8)})
    frame.to_parquet(tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 20_000
    with pytest.raises(FileFormatError, match="5,000,000 rows of 1 columns are declared"):
        Precomputed(str(tmp_path / "a.parquet"))(PETS)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"distances": True}, "row 'cat', column 'dog': -1e.308 is negative, so it is no distance"),
        ({"scale": 5e-324}, "row 'cat', column 'dog': -1e.308 is outside 0 to 4"),
    ],
)
def test_numbers_that_become_infinite_are_refused_as_what_they_are(tmp_path, options, message):
    text = ",cat,dog\ncat,0,-1e308\ndog,5e-324,0\n"
    with pytest.raises(SimilarityError, match=message):
        read(tmp_path, text, **options)


def test_parquet_without_its_package_is_explained(tmp_path, monkeypatch):
    parquet_by_index(tmp_path / "a.parquet", list(PETS.ids), np.eye(2))
    monkeypatch.setattr("taxonomy._core.parquet.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pip install pyarrow"):
        Precomputed(str(tmp_path / "a.parquet"))(PETS)
    assert "pyarrow" in sys.modules  # it was the check that refused


def test_ids_of_parquet_that_are_no_texts_are_refused(tmp_path):
    """They are read without a word, and fail when they are looked at."""
    ids = ["cät", *PETS.ids[1:]]
    frame = pd.DataFrame({"id": ids, **{name: [1.0] * len(ids) for name in ids[1:]}})
    frame.to_parquet(tmp_path / "a.parquet", compression=None)
    data = (tmp_path / "a.parquet").read_bytes()
    assert "cät".encode() in data
    (tmp_path / "a.parquet").write_bytes(data.replace("cät".encode(), b"c\xff\xfft"))
    with pytest.raises(FileFormatError, match="not a readable parquet file"):
        Precomputed(str(tmp_path / "a.parquet"))(PETS)
