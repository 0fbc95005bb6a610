"""Files that are read are not written over, by whatever name."""

from __future__ import annotations

import pytest

from taxonomy._core import io
from taxonomy._core.errors import WriteError
from taxonomy._core.kept import keeping

REFUSED = r"cannot be written \(this command reads it\)"


def test_what_is_read_stays_within_the_block_alone(tmp_path):
    path = tmp_path / "read.txt"
    path.write_text("old")
    with keeping([str(path)]), pytest.raises(WriteError, match=REFUSED):
        io.write_text(tmp_path / "." / "read.txt", "new")
    assert path.read_text() == "old"
    io.write_text(path, "new")


def test_the_file_to_be_written_is_refused_before_the_work(tmp_path):
    path = tmp_path / "read.txt"
    path.write_text("old")
    (tmp_path / "same.txt").hardlink_to(path)
    with (
        pytest.raises(WriteError, match=r"same\.txt: cannot"),
        keeping([path], path.with_stem("same")),
    ):
        pytest.fail("the block was entered")


def test_no_folder_is_replaced_that_holds_what_is_read(tmp_path):
    made = tmp_path / "made"
    made.mkdir()
    (made / "mark").touch()
    with keeping([made / "mark"]):
        with pytest.raises(WriteError, match=REFUSED), io.atomic_folder(made, "mark"):
            pytest.fail("the block was entered")
        io.write_text(made / "beside.txt", "new")
    assert {path.name for path in made.iterdir()} == {"mark", "beside.txt"}


@pytest.mark.parametrize("given", ["", "no such", "x" * 5000, "a\x00b", 7, None, True, [["x"], 3]])
def test_what_names_no_file_is_passed_over(tmp_path, given):
    with keeping([given, (given,)]):
        io.write_text(tmp_path / "new.txt", "new")


def test_of_a_run_what_is_made_again_may_be_written(tmp_path):
    for name in ("config.json", "model.safetensors", "predictions-val.npz"):
        (tmp_path / name).touch()
    with keeping([str(tmp_path)]):
        io.write_bytes(tmp_path / "predictions-val.npz", b"")
        with pytest.raises(WriteError, match=REFUSED):
            io.write_bytes(tmp_path / "model.safetensors", b"")
