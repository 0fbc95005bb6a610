"""Folders of pictures: both layouts, any mode and size, and faults named by file."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from taxonomy._core.errors import DataError, RegistryError
from taxonomy.data import get_data
from taxonomy.data.folder import ImageFolder
from taxonomy.labels import LabelSet
from tests.support.painting import paint


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
    with pytest.raises(DataError, match="`root`"):
        ImageFolder()()
    with pytest.raises(DataError, match="nowhere: no such folder"):
        ImageFolder("nowhere")()
    told = (
        "`data` is 'nowhere'. Choose from: cifar10, .* or give a folder of class folders: none here"
    )
    with pytest.raises(RegistryError, match=told):
        get_data("nowhere")


class TestFiles:
    """Which files are pictures, and what is said of the others."""

    def test_every_format_is_read(self, tmp_path):
        for ending in ("png", "TIF", "tiff", "bmp", "gif", "webp", "jpeg", "JPG", "jfif", "ppm"):
            paint(tmp_path / "cat" / f"{ending}.{ending}", size=(4, 4))
        assert len(get_data(tmp_path, 4)) == 10

    def test_what_is_left_out_is_counted_by_kind_in_one_line(self, plain, caplog):
        for name in ("1.heic", "2.HEIC", "notes.txt", "LICENSE"):
            (plain / "cat" / name).write_bytes(b"x")
        assert len(get_data(plain, 4)) == 80
        (record,) = caplog.records
        assert record.message == (
            f"{plain}: 4 of 84 files are left out, being of kinds that are not read: "
            ".heic (2), without an ending (1), .txt (1)."
        )

    def test_a_class_of_files_that_are_not_read_is_named_with_their_kinds(self, plain):
        (plain / "horse").mkdir()
        (plain / "horse" / "1.heic").write_bytes(b"x")
        with pytest.raises(DataError, match=r"horse: .* no pictures of a kind .*are \.heic"):
            get_data(plain, 4)

    def test_what_systems_and_archives_leave_behind_is_passed_over(self, plain, caplog):
        before = get_data(plain, 4)
        for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._1.png", ".hidden.png"):
            (plain / "cat" / name).write_bytes(b"x")
        (plain / ".DS_Store").write_bytes(b"x")
        for name in ("__MACOSX", ".git", "cat/__MACOSX", "cat/.thumbs"):
            paint(plain / name / "cat" / "._1.png", size=(4, 4))
        assert get_data(plain, 4).digest == before.digest
        assert LabelSet.read(plain).ids == ("cat", "dog")
        assert caplog.records == []

    @pytest.mark.parametrize("target", ["nowhere.png", "b.png"])
    def test_a_broken_link_is_counted(self, plain, caplog, target):
        (plain / "cat" / "b.png").symlink_to(plain / "cat" / target)  # to nothing, or to itself
        assert len(get_data(plain, 4)) == 80
        assert "1 of 81 files are left out" in caplog.text
        assert "broken links (1)" in caplog.text

    def test_a_link_to_a_picture_or_a_class_is_read(self, plain, tmp_path_factory):
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        paint(elsewhere / "owl" / "1.png", size=(4, 4))
        (plain / "owl").symlink_to(elsewhere / "owl")
        (plain / "cat" / "linked.png").symlink_to(elsewhere / "owl" / "1.png")
        pictures = get_data(plain, 4)
        assert pictures.classes == ("cat", "dog", "owl")
        assert len(pictures) == 82

    def test_pictures_deeper_in_a_class_are_of_it(self, tmp_path, caplog):
        for name in ("cat/1.png", "cat/more/2.png", "cat/more/still more/3.png", "dog/1.png"):
            paint(tmp_path / name, size=(4, 4))
        pictures = get_data(tmp_path, 4)
        assert pictures.targets.tolist().count(0) == 3
        assert "2 pictures lie deeper than the folder of a class" in caplog.text

    def test_links_in_a_ring_end(self, tmp_path, caplog):
        paint(tmp_path / "cat" / "1.png", size=(4, 4))
        paint(tmp_path / "dog" / "1.png", size=(4, 4))
        (tmp_path / "cat" / "again").symlink_to(tmp_path / "cat")
        (tmp_path / "dog" / "up").symlink_to(tmp_path)
        with caplog.at_level("WARNING"):
            pictures = get_data(tmp_path, 4)
        assert (pictures.targets == 0).sum() == 1
        assert "links to a folder above" in caplog.text

    def test_a_class_of_folders_alone_is_refused_by_their_names(self, tmp_path):
        for name in ("animals/cat/1.png", "animals/dog/1.png", "car/1.png"):
            paint(tmp_path / name, size=(4, 4))
        with pytest.raises(DataError, match=r"animals: .* folders \(cat, dog\) and no pictures"):
            get_data(tmp_path, 4)

    def test_tiny_imagenets_folders_of_images_are_no_classes(self, tmp_path):
        for split in ("train", "val"):
            for name in ("n02121808", "n02084071"):
                paint(tmp_path / split / name / "images" / "0.JPEG", size=(4, 4))
                (tmp_path / split / name / f"{name}_boxes.txt").write_text("0 0 1 1")
        data = ImageFolder(str(tmp_path), 4, splits="named")
        assert data().classes == ("n02084071", "n02121808")

    def test_a_folder_that_may_not_be_read_is_named(self, plain, monkeypatch):
        def refuse(path):
            raise PermissionError(13, "Permission denied", str(path))

        monkeypatch.setattr("os.scandir", refuse)
        with pytest.raises(DataError, match=r"cannot be read .Permission denied"):
            get_data(plain, 4)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("splits", "nmaed", "'nmaed'. Did you mean .*named"),
        ("unreadable", "skipp", "'skipp'. Did you mean .*skip"),
        ("unreadable", ["skip"], "Choose from: 'refuse', 'skip'"),
        ("held_out", "0.1", "give a number"),
        ("held_out", None, "give a number"),
        ("held_out", True, "give a number"),
        ("workers", 1.5, "give a whole number"),
        ("workers", -1, "give 0 or more"),
        ("cache", 3, "give a text"),
    ],
)
def test_an_option_of_another_kind_is_refused(plain, field, value, message):
    with pytest.raises(DataError, match=rf"`{field}` is .*{message}"):
        get_data(plain, 4, **{field: value})
