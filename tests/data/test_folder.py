"""Folders of pictures: both layouts, any mode and size, and faults named by file."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from taxonomy.data import get_data
from taxonomy.data._pictures import Pictures
from taxonomy.data.folder import Data
from taxonomy.errors import DataError, RegistryError
from taxonomy.labels import LabelSet


def paint(path, size=(8, 8), mode="RGB", colour=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


@pytest.fixture
def plain(tmp_path):
    """Two classes of forty pictures each, in no splits."""
    for name in ("dog", "cat"):
        for i in range(40):
            paint(tmp_path / name / f"{i}.png", colour=(i, i, 0))
    return tmp_path


def test_splits_are_drawn_where_there_are_none(plain):
    pictures = get_data(plain, resolution=8)
    assert pictures.classes == ("cat", "dog") == LabelSet.read(plain).ids
    assert len(pictures) == 80
    assert np.bincount(pictures.splits, minlength=3).min() > 2
    assert 0.5 < (pictures.splits == 0).mean() < 0.9


def test_the_same_folder_gives_the_same_pictures(plain):
    assert get_data(plain, 8).digest == get_data(plain, 8).digest


def test_a_new_picture_moves_no_other_one(plain):
    before = get_data(plain, 8)
    paint(plain / "cat" / "00.png", colour=(99, 99, 99))
    after = get_data(plain, 8)
    old = (after.images[:, 0, 0, 0] != 99).nonzero()[0]
    assert np.array_equal(after.splits[old], before.splits)
    assert np.array_equal(after.images[old], before.images)


def test_given_splits_are_kept(tmp_path):
    for split, count in (("train", 3), ("val", 2), ("test", 1)):
        for name in ("cat", "dog"):
            for i in range(count):
                paint(tmp_path / split / name / f"{i}.jpg")
    pictures = get_data(tmp_path, 8)
    assert [len(pictures.part(split)) for split in ("train", "val", "test")] == [6, 4, 2]
    assert pictures.part("val").targets.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 255), (10, 20, 30)),
        ("RGBA", (10, 20, 30, 0), (255, 255, 255)),  # transparent parts are white
        ("L", 7, (7, 7, 7)),
        ("LA", (7, 255), (7, 7, 7)),
        ("1", 1, (255, 255, 255)),
        ("P", 0, (0, 0, 0)),
    ],
)
def test_modes(tmp_path, mode, colour, expected):
    paint(tmp_path / "cat" / "x.png", mode=mode, colour=colour)
    images = get_data(tmp_path, 4).images
    assert images.shape == (1, 3, 4, 4)
    assert (images[0] == np.array(expected)[:, None, None]).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (50, 3), (33, 31), (7, 8)])
def test_sizes(tmp_path, size):
    paint(tmp_path / "cat" / "x.png", size, colour=(1, 2, 3))
    images = get_data(tmp_path, 8).images
    assert images.shape == (1, 3, 8, 8)
    assert (images[0] == np.array([1, 2, 3])[:, None, None]).all()


def test_the_centre_is_kept(tmp_path):
    picture = np.zeros((8, 24), np.uint8)
    picture[:, 8:16] = 200  # the middle third is light
    (tmp_path / "cat").mkdir()
    Image.fromarray(picture).save(tmp_path / "cat" / "x.png")
    assert (get_data(tmp_path, 8).images == 200).all()


@pytest.mark.parametrize("content", [b"", b"no picture", None], ids=["empty", "text", "truncated"])
def test_an_unreadable_picture_is_named(plain, content):
    bad = plain / "dog" / "bad.png"
    if content is None:
        noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
        Image.fromarray(noise).save(bad)
        content = bad.read_bytes()[:2000]
    bad.write_bytes(content)
    with pytest.raises(DataError, match=r"dog/bad\.png: not a readable picture.*remove the file"):
        get_data(plain, 8)


def test_other_files_and_hidden_folders_are_left_alone(plain):
    (plain / "notes.txt").write_text("hello")
    (plain / "dog" / "notes.txt").write_text("hello")
    paint(plain / ".thumbnails" / "x.png")
    assert get_data(plain, 8).classes == ("cat", "dog")


def test_an_empty_class_folder_is_named(plain):
    (plain / "horse").mkdir()
    with pytest.raises(DataError, match="horse: the class folder holds no pictures"):
        get_data(plain, 8)


def test_folders_without_pictures(tmp_path):
    with pytest.raises(DataError, match=r"holds no pictures; expected .*/CLASS/picture\.png"):
        get_data(tmp_path)
    paint(tmp_path / "val" / "cat" / "x.png")
    with pytest.raises(DataError, match="a folder 'val' but no folder 'train'"):
        get_data(tmp_path)


def test_no_folder():
    with pytest.raises(DataError, match="--data FOLDER"):
        Data()()
    with pytest.raises(DataError, match="nowhere: no such folder"):
        Data("nowhere")()
    with pytest.raises(RegistryError, match="'nowhere'"):
        get_data("nowhere")


class TestPictures:
    def make(self, **changes) -> Pictures:
        values = {
            "images": np.arange(4, dtype=np.uint8)[:, None, None, None]
            * np.ones((1, 3, 2, 2), "u1"),
            "targets": np.array([0, 1, 2, 1]),
            "classes": ("a", "b", "c"),
            "splits": np.array([0, 0, 1, 1], dtype=np.uint8),
            "groups": np.array(["x", "x", "y", "y"]),
        }
        return Pictures(**values | changes)

    def test_part(self):
        part = self.make().part("val")
        assert part.images[:, 0, 0, 0].tolist() == [2, 3]
        assert part.groups.tolist() == ["y", "y"]
        with pytest.raises(DataError, match="no pictures in its test split"):
            self.make().part("test")
        with pytest.raises(DataError, match="Unknown split 'vall'"):
            self.make().part("vall")

    def test_restrict_counts_targets_anew(self):
        part = self.make().restrict(("b", "c"))
        assert part.classes == ("b", "c")
        assert part.images[:, 0, 0, 0].tolist() == [1, 2, 3]
        assert part.targets.tolist() == [0, 1, 0]

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"targets": np.array([0])}, "differ in number"),
            ({"targets": np.array([0, 1, 2, 3])}, "no class"),
            ({"classes": ("b", "a", "c")}, "sorted"),
            ({"images": np.zeros((4, 2, 2, 2), np.uint8)}, "neither RGB nor RGBA"),
        ],
    )
    def test_inconsistent_arrays_are_refused(self, changes, message):
        with pytest.raises(DataError, match=message):
            self.make(**changes)
