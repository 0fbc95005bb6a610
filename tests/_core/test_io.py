"""Files: whole or not at all, one text per value, never a pickle."""

from __future__ import annotations

import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, WriteError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcé"), inner),
    max_leaves=8,
)  # fmt: skip


class Interrupt(BaseException):
    """Stands for Ctrl-C."""


@pytest.mark.parametrize("kind", [ValueError, Interrupt])
def test_an_error_leaves_the_old_file_and_no_other(tmp_path, kind):
    path = tmp_path / "kept.txt"
    path.write_text("old")
    with pytest.raises(kind), io.atomic_open(path) as file:  # noqa: PT012
        file.write(b"half of the new")
        raise kind
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_readers_see_the_old_file_until_all_is_written(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    with io.atomic_open(path) as file:
        file.write(b"new")
        assert not path.exists()
    assert path.read_text() == "new"


def test_an_error_makes_no_first_file(tmp_path):
    with pytest.raises(ValueError), io.atomic_open(tmp_path / "new.txt"):
        raise ValueError
    assert list(tmp_path.iterdir()) == []


@given(JSON)
def test_canonical_json_reads_back_and_ignores_the_order_of_keys(value):
    import json

    text = io.canonical_json(value)
    assert json.loads(text) == value
    if isinstance(value, dict):
        assert io.canonical_json(dict(reversed(value.items()))) == text


def test_canonical_json_refuses_nan():
    with pytest.raises(ValueError, match="not JSON compliant"):
        io.canonical_json(float("nan"))


@pytest.mark.parametrize(
    "content", [b"", b'{"a": ', b"\xff\xfe", b"\x00", b"[" * 100_000], ids=range(5)
)
def test_damaged_json_is_named(tmp_path, content):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(FileFormatError, match=r"x\.json"):
        io.read_json(tmp_path / "x.json")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path):
    (tmp_path / "x.json").write_bytes(b"\xef\xbb\xbf[1]")
    assert io.read_json(tmp_path / "x.json") == [1]


ARRAYS = {
    "matrix": np.arange(6.0).reshape(2, 3),
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "words": np.array(["é", "b"]),
    "single": np.array("val"),
    "empty": np.zeros((0, 4)),
}


def test_npz_round_trips_with_shapes_and_types(tmp_path):
    io.save_npz(tmp_path / "x.npz", ARRAYS)
    loaded = io.load_npz(tmp_path / "x.npz", "matrix")
    assert loaded.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert loaded[name].dtype == array.dtype
        assert loaded[name].shape == array.shape
        assert (loaded[name] == array).all()


def test_equal_arrays_give_equal_bytes(tmp_path):
    io.save_npz(tmp_path / "a.npz", ARRAYS)
    io.save_npz(tmp_path / "b.npz", dict(reversed(ARRAYS.items())))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_objects_are_refused_and_nothing_is_written(tmp_path):
    with pytest.raises(FileFormatError, match="'x' holds Python objects"):
        io.save_npz(tmp_path / "x.npz", {"x": np.array([None])})
    assert list(tmp_path.iterdir()) == []


class Trap:
    """Fails the test if it is ever unpickled."""

    def __reduce__(self):
        return pytest.fail, ("a pickle was read",)


@pytest.mark.parametrize("how", ["member", "whole"])
def test_a_pickle_is_never_read(tmp_path, how):
    path = tmp_path / "x.npz"
    if how == "member":
        with path.open("wb") as file:
            np.savez(file, x=np.array([Trap()], dtype=object))
    else:
        path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(FileFormatError, match=r"x\.npz"):
        io.load_npz(path)


def test_any_damage_to_an_npz_is_a_format_error(tmp_path):
    """Flipped bytes and lost tails either do no harm or are reported, never a traceback."""
    path = tmp_path / "x.npz"
    io.save_npz(path, ARRAYS)
    whole = path.read_bytes()
    chooser = random.Random(0)
    refused = 0
    for _ in range(300):
        data = bytearray(whole)
        data[chooser.randrange(len(data))] ^= 1 << chooser.randrange(8)
        path.write_bytes(data if chooser.random() < 0.7 else data[: chooser.randrange(len(data))])
        try:
            io.load_npz(path)
        except FileFormatError as error:
            refused += 1
            assert "x.npz" in str(error)
    assert refused > 150


def test_a_single_array_file_and_a_missing_array_are_named(tmp_path):
    with (tmp_path / "x.npz").open("wb") as file:
        np.save(file, np.ones(2))
    with pytest.raises(FileFormatError, match=r"x\.npz"):
        io.load_npz(tmp_path / "x.npz")
    io.save_npz(tmp_path / "y.npz", {"a": np.ones(2)})
    with pytest.raises(FileFormatError, match="lacks the array 'b'"):
        io.load_npz(tmp_path / "y.npz", "a", "b")
    with pytest.raises(FileFormatError, match=r"none\.npz"):
        io.load_npz(tmp_path / "none.npz")


def test_array_digests_see_type_shape_and_content_but_not_byte_order():
    array = np.array([1, 2], dtype="<i4")
    assert io.array_digest(array) == io.array_digest(array.astype(">i4"))
    others = [array.astype("<i8"), array.reshape(2, 1), array[::-1]]
    assert len({io.array_digest(other) for other in [array, *others]}) == 4


def test_the_npz_is_a_plain_zip_of_npy_members(tmp_path):
    io.save_npz(tmp_path / "x.npz", ARRAYS)
    with zipfile.ZipFile(tmp_path / "x.npz") as archive:
        assert archive.namelist() == sorted(f"{name}.npy" for name in ARRAYS)


class TestAtomicFolder:
    def write(self, place, text, mark="mark"):
        with io.atomic_folder(place, mark) as folder:
            (folder / "mark").write_text(text)

    def test_it_appears_whole_and_replaces_its_kind(self, tmp_path):
        self.write(tmp_path / "a" / "b", "one")
        self.write(tmp_path / "a" / "b", "two")
        assert (tmp_path / "a" / "b" / "mark").read_text() == "two"
        assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]

    def test_an_empty_folder_is_taken_and_another_kind_is_not(self, tmp_path):
        (tmp_path / "b").mkdir()
        self.write(tmp_path / "b", "one")
        with pytest.raises(WriteError, match="holds no other"):
            self.write(tmp_path / "b", "two", "other")
        (tmp_path / "file").write_text("x")
        with pytest.raises(WriteError):
            self.write(tmp_path / "file", "two")
        assert (tmp_path / "b" / "mark").read_text() == "one"

    def test_what_was_there_stays_when_writing_fails(self, tmp_path):
        self.write(tmp_path / "b", "one")
        with pytest.raises(TypeError):  # in the middle, with the file begun
            self.write(tmp_path / "b", 2)
        assert (tmp_path / "b" / "mark").read_text() == "one"
        assert [path.name for path in tmp_path.iterdir()] == ["b"]

    def test_what_was_there_comes_back_when_the_last_rename_fails(self, tmp_path, monkeypatch):
        self.write(tmp_path / "b", "one")
        rename = Path.rename

        def fail(self, target):
            if target == tmp_path / "b" and (self / "mark").read_text() == "two":
                raise OSError(28, "No space left on device")
            return rename(self, target)

        monkeypatch.setattr(Path, "rename", fail)
        with pytest.raises(WriteError, match="No space left"):
            self.write(tmp_path / "b", "two")
        assert (tmp_path / "b" / "mark").read_text() == "one"
        assert [path.name for path in tmp_path.iterdir()] == ["b"]
