"""Folders of pictures: both layouts, any mode and size, and faults named by file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from taxonomy._core.cached import cached_array
from taxonomy._core.errors import DataError, LabelError, RegistryError, TaxonomyError
from taxonomy._core.io import cache_folder
from taxonomy.data import get_data
from taxonomy.data._pictures import Pictures, Selection
from taxonomy.data.folder import ImageFolder
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
    with pytest.raises(DataError, match="`root`"):
        ImageFolder()()
    with pytest.raises(DataError, match="nowhere: no such folder"):
        ImageFolder("nowhere")()
    with pytest.raises(RegistryError, match="'nowhere'"):
        get_data("nowhere")


def fill(root, split, names=("cat", "dog"), count=30):
    for name in names:
        for i in range(count):
            paint(root / split / name / f"{i}.png", size=(4, 4), colour=(i, len(split), 0))


class TestSplits:
    """What train, val and test mean where one of them is missing."""

    def test_without_test_val_is_the_test(self, tmp_path, caplog):
        fill(tmp_path, "train")
        fill(tmp_path, "val", count=5)
        pictures = ImageFolder(str(tmp_path), 4, held_out=0.2)()
        assert set(pictures.part("test").images[:, 1, 0, 0]) == {len("val")}
        assert set(pictures.part("val").images[:, 1, 0, 0]) == {len("train")}
        assert len(pictures.part("test")) == 10
        assert 4 < len(pictures.part("val")) < 20
        assert len(pictures.part("val")) + len(pictures.part("train")) == 60
        assert "its 'val' is the test split, and 20% of 'train'" in caplog.text

    def test_the_names_are_kept_when_asked(self, tmp_path):
        fill(tmp_path, "train")
        fill(tmp_path, "val", count=5)
        pictures = ImageFolder(str(tmp_path), 4, splits="named")()
        assert [len(pictures.part(split)) for split in ("train", "val")] == [60, 10]
        with pytest.raises(DataError, match="no pictures in its test split"):
            pictures.part("test")

    def test_without_val_it_is_drawn_from_train(self, tmp_path):
        fill(tmp_path, "train")
        fill(tmp_path, "test", count=5)
        pictures = ImageFolder(str(tmp_path), 4, held_out=0.2)()
        assert len(pictures.part("test")) == 10
        assert set(pictures.part("val").images[:, 1, 0, 0]) == {len("train")}

    def test_train_alone_is_refused(self, tmp_path):
        fill(tmp_path, "train", count=1)
        with pytest.raises(DataError, match="give the folder 'train' itself"):
            ImageFolder(str(tmp_path), 4)()
        with pytest.raises(DataError, match="between 0 and 1"):
            ImageFolder(str(tmp_path), 4, held_out=1)()

    def test_the_vehicle_is_no_split(self, tmp_path):
        for name in ("train", "bus"):
            paint(tmp_path / name / "1.png", size=(4, 4))
        assert get_data(tmp_path, 4).classes == ("bus", "train") == LabelSet.read(tmp_path).ids

    def test_labels_of_wnid_folders_have_synsets(self, tmp_path):
        fill(tmp_path, "train", ("n02121808", "n02084071"), 1)
        fill(tmp_path, "val", ("n02121808", "n02084071"), 1)
        labels = LabelSet.read(tmp_path)
        assert labels.ids == ("n02084071", "n02121808")
        assert [label.wnid for label in labels] == list(labels.ids)

    def test_classes_of_val_need_training_pictures(self, tmp_path):
        fill(tmp_path, "train", count=1)
        fill(tmp_path, "val", ("cat", "horse"), 1)
        with pytest.raises(DataError, match=r"val/horse: the class has no folder in .*train"):
            get_data(tmp_path, 4)

    def test_loose_validation_pictures_are_explained(self, tmp_path):
        fill(tmp_path, "train", count=1)
        paint(tmp_path / "val" / "ILSVRC2012_val_00000001.JPEG")
        with pytest.raises(DataError, match=r"pictures but no class folders.*development kit"):
            get_data(tmp_path, 4)

    def test_an_empty_class_folder_in_any_split_is_named(self, tmp_path):
        fill(tmp_path, "train", count=1)
        fill(tmp_path, "val", ("cat",), 1)
        (tmp_path / "val" / "dog").mkdir()
        with pytest.raises(DataError, match="val/dog: the class folder holds no pictures"):
            get_data(tmp_path, 4)


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
        assert "2 pictures lie deeper than their class's folder" in caplog.text

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


class TestNamesOfSplits:
    """All usual names, in any capitals, and as archives wrap them."""

    @pytest.mark.parametrize(
        "names",
        [
            ("train", "valid", "test"),
            ("Train", "Validation", "Test"),
            ("training", "dev", "testing"),
            ("TRAIN", "VAL", "TEST"),
            ("training_set", "validation-set", "test set"),
            ("train_images", "val_images", "test_images"),
            ("trainval", "eval", "holdout"),
            ("Training", "Validate", "Testing"),
            ("train", "evaluation", "hold_out"),
            ("1_train", "2_val", "3_test"),
            ("01-trn", "02-dev", "03-tst"),
        ],
    )
    @pytest.mark.parametrize("wrapped", ["", "my-data-v2"])
    def test_usual_names(self, tmp_path, names, wrapped):
        for name, count in zip(names, (3, 2, 1), strict=True):
            fill(tmp_path / wrapped, name, count=count)
        if wrapped:
            (tmp_path / "README.txt").write_text("what this is")
            paint(tmp_path / "__MACOSX" / wrapped / "._x.png")
        pictures = get_data(tmp_path, 4)
        assert [len(pictures.part(split)) for split in ("train", "val", "test")] == [6, 4, 2]
        assert pictures.classes == LabelSet.read(tmp_path).ids == ("cat", "dog")

    @pytest.mark.parametrize("pair", [("val", "valid"), ("train", "Training"), ("test", "TEST")])
    def test_two_names_of_one_split_are_refused(self, tmp_path, pair):
        for name in {"train", "val", "test", *pair}:
            fill(tmp_path, name, count=1)
        with pytest.raises(DataError, match="both mean the split"):
            get_data(tmp_path, 4)

    def test_other_folders_beside_splits_are_said_to_be_left_out(self, tmp_path, caplog):
        for name in ("train", "val", "test", "unlabelled"):
            fill(tmp_path, name, count=1)
        assert len(get_data(tmp_path, 4)) == 6
        assert "no splits, and left out: unlabelled" in caplog.text

    def test_a_wrapped_folder_of_classes(self, tmp_path):
        fill(tmp_path, "photos", count=2)
        assert get_data(tmp_path, 4).classes == LabelSet.read(tmp_path).ids == ("cat", "dog")

    def test_one_class_alone_is_not_looked_through(self, tmp_path):
        paint(tmp_path / "cat" / "1.png", size=(4, 4))
        paint(tmp_path / "cat" / "more" / "1.png", size=(4, 4))
        paint(tmp_path / "cat" / "less" / "1.png", size=(4, 4))
        assert get_data(tmp_path, 4).classes == LabelSet.read(tmp_path).ids == ("cat",)

    def test_words_that_only_begin_like_a_split_are_classes(self, tmp_path):
        fill(tmp_path, "pictures", ("trains", "valley", "tester", "evaluator", "7_up"), count=1)
        assert get_data(tmp_path, 4).classes == ("7_up", "evaluator", "tester", "trains", "valley")


ONE, TWO = "caf\u00e9", "cafe\u0301"
"""One word, written with one character for its last letter and with two."""


class TestSpelling:
    """Folders whose names look alike are one class, however their system writes it."""

    def test_a_class_and_its_pictures_splits_do_not_depend_on_the_writing(self, tmp_path):
        for name in (ONE, TWO):
            for i in range(40):
                paint(tmp_path / ascii(name) / name / f"{ONE if i % 2 else TWO}{i}.png", (4, 4))
        one, two = (get_data(tmp_path / ascii(name), 4) for name in (ONE, TWO))
        assert one.classes == two.classes == LabelSet.read(tmp_path / ascii(TWO)).ids == (ONE,)
        assert one.digest == two.digest

    def test_both_at_once_are_refused(self, tmp_path):
        paint(tmp_path / ONE / "1.png", (4, 4))
        paint(tmp_path / TWO / "1.png", (4, 4))
        with pytest.raises(DataError, match=r"u0301.* are the same class .* other characters"):
            get_data(tmp_path, 4)
        with pytest.raises(LabelError, match="occurs twice"):
            LabelSet.read(tmp_path)

    def test_splits_may_write_it_differently(self, tmp_path):
        fill(tmp_path, "train", (ONE, "bar"), 2)
        fill(tmp_path, "val", (TWO, "bar"), 1)
        fill(tmp_path, "test", (TWO, "bar"), 1)
        assert [len(get_data(tmp_path, 4).part(s)) for s in ("train", "val")] == [4, 2]


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


WRITER = """
import os, sys
from pathlib import Path
from taxonomy._core.sharing import create_temporary
create_temporary(Path(sys.argv[1]))
sys.stdout.write("left")
"""
"""Ends before what it writes has its name, like a killed process."""


class TestCache:
    """Decoded once, mapped, replaced when the folder changes, never half written."""

    @pytest.fixture
    def data(self, plain, tmp_path_factory):
        return ImageFolder(str(plain), 8, cache=str(tmp_path_factory.mktemp("own")))

    def files(self, data):
        return sorted(p.suffix for p in Path(data.cache).iterdir())

    def test_the_second_time_nothing_is_decoded(self, data, monkeypatch):
        first = data()
        monkeypatch.setattr("taxonomy.data.preprocessing.decode", None)
        again = data()
        assert np.array_equal(again.images, first.images)
        assert again.digest == first.digest
        assert self.files(data) == [".json", ".npy"]

    def test_the_digest_is_of_the_content(self, data):
        mapped = data()
        held = replace(mapped, images=np.array(mapped.images))
        assert mapped.digest == held.digest

    def test_pictures_are_mapped_and_parts_are_views(self, data):
        pictures = data()
        assert isinstance(pictures.images, np.memmap)
        for split in ("train", "val", "test"):
            part = pictures.part(split)
            assert isinstance(part.images, np.memmap)
            assert np.shares_memory(part.images, pictures.images)
        pictures.images[:] = 0  # changes memory only
        assert data().images.any()

    def test_a_restriction_reads_nothing_before_it_is_asked(self, data):
        part = data().restrict(("dog",))
        held = replace(data(), images=np.array(data().images)).restrict(("dog",))
        assert isinstance(part.images, Selection)
        assert isinstance(held.images, np.ndarray)
        assert part.digest == held.digest
        rows = np.array([5, 0, 39])
        assert np.array_equal(part.images[rows], held.images[rows])
        assert np.array_equal(part.images, held.images)
        twice, both = part.part("train"), held.part("train")
        assert np.array_equal(twice.images, both.images)
        assert not isinstance(twice.images, Selection) or twice.images.base is part.images.base

    def test_torch_reads_the_map_in_place(self, data):
        part = data().part("train")
        tensor = torch.from_numpy(part.images)
        assert tensor.data_ptr() == part.images.ctypes.data

    def test_a_changed_folder_is_decoded_anew_and_replaces_the_old(self, data, plain):
        before = data()
        paint(plain / "cat" / "7.png", size=(9, 9), colour=(200, 0, 0))
        after = data()
        assert before.digest != after.digest
        assert (after.images[:, 0, 0, 0] == 200).sum() == 1
        assert self.files(data) == [".json", ".npy"]

    def test_options_have_caches_of_their_own(self, data):
        data()
        replace(data, resolution=4)()
        assert self.files(data) == [".json", ".json", ".npy", ".npy"]

    @pytest.mark.parametrize("ending", [".npy", ".json"])
    def test_a_damaged_cache_is_made_again(self, data, caplog, ending):
        digest = data().digest
        file = next(p for p in Path(data.cache).iterdir() if p.suffix == ending)
        file.write_bytes(file.read_bytes()[:20])
        assert data().digest == digest
        assert "made again" in caplog.text

    def test_stopped_in_the_middle_nothing_is_left(self, data, monkeypatch):
        calls = []

        def stop(*arguments):
            calls.append(1)
            if len(calls) == 10:
                raise KeyboardInterrupt
            return np.zeros((3, 8, 8), np.uint8)

        monkeypatch.setattr("taxonomy.data.preprocessing.decode", stop)
        with pytest.raises(KeyboardInterrupt):
            data()
        assert self.files(data) == []

    def test_a_full_disk_is_noticed_before(self, data, monkeypatch):
        usage = SimpleNamespace(total=10**6, used=10**6 - 100, free=100)
        monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
        with pytest.raises(DataError, match=r"GB are free; name another folder .`cache`"):
            data()
        assert self.files(data) == []

    def test_a_cache_that_cannot_be_written(self, data, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match=r"cannot be written.*`cache`.*TAXONOMY_CACHE"):
            replace(data, cache=str(tmp_path / "file" / "below"))()

    def test_processes_that_start_together_decode_once(self, data):
        """Eight threads stand for processes: each opens the lock for itself."""
        from concurrent.futures import ThreadPoolExecutor

        calls = []

        def fill(images):
            calls.append(1)
            time.sleep(0.2)
            images[:] = 7
            return {"digest": "x"}

        def work(_):
            return cached_array(Path(data.cache), "s" * 20, "c" * 32, (4, 3, 2, 2), fill)

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(work, range(8)))
        assert len(calls) == 1
        assert all((images == 7).all() and facts == {"digest": "x"} for images, facts in results)

    def test_what_a_killed_process_left_is_removed(self, data):
        digest = data().digest
        facts = next(p for p in Path(data.cache).iterdir() if p.suffix == ".json")
        facts.unlink()
        writer = subprocess.run(
            [sys.executable, "-c", WRITER, str(facts.with_suffix(".npy"))],
            check=True,
            capture_output=True,
        )
        assert writer.stdout == b"left"
        assert len(list(facts.parent.glob(".*.tmp"))) == 1
        assert data().digest == digest
        assert self.files(data) == [".json", ".npy"]

    def test_where_it_is(self, monkeypatch, tmp_path):
        assert cache_folder("here") == Path("here")
        monkeypatch.setenv("TAXONOMY_CACHE", "there")
        assert cache_folder() == Path("there")
        monkeypatch.delenv("TAXONOMY_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setattr("sys.platform", "linux")
        assert cache_folder() == tmp_path / "taxonomy-experts"

    def test_any_number_of_threads_gives_the_same(self, data):
        one, many = (replace(data, workers=n, cache=f"{data.cache}/{n}")() for n in (1, 7))
        assert one.digest == many.digest

    def test_unreadable_pictures_can_be_left_out(self, data, plain, monkeypatch, caplog):
        whole = data()
        spoilt = [plain / "cat" / "0.png", plain / "cat" / "39.png", plain / "dog" / "7.png"]
        for path in spoilt:
            path.write_bytes(b"spoilt")
        with pytest.raises(DataError, match=r"So are 2 others: .*`unreadable=.skip.`.; what was"):
            data()
        fill_rows = "taxonomy.data._decoded.fill_rows"
        with monkeypatch.context() as patch:
            patch.setattr(fill_rows, None)  # what was decoded is kept
            kept = replace(data, unreadable="skip")()
        assert len(kept) == 77
        assert "3 of 80 pictures cannot be read" in caplog.text
        rows = [i for i, f in enumerate(data.files()) if f.path not in spoilt]
        for name in ("images", "targets", "splits"):
            assert np.array_equal(getattr(kept, name), getattr(whole, name)[rows]), name
        assert kept.digest == replace(kept).digest

    def test_a_picture_that_can_be_read_again_is(self, data, plain):
        """Mended, with the size and the time that it had."""
        path = plain / "cat" / "0.png"
        sound, times = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
        whole = data().digest
        path.write_bytes(b"x" * len(sound))
        os.utime(path, ns=times)
        shutil.rmtree(data.cache)
        with pytest.raises(DataError, match=r"0\.png"):
            data()
        path.write_bytes(sound)
        os.utime(path, ns=times)
        assert data().digest == whole

    def test_a_class_of_unreadable_pictures_only(self, data, plain):
        for path in (plain / "cat").iterdir():
            path.write_bytes(b"spoilt")
        with pytest.raises(DataError, match="'cat' has no readable picture"):
            replace(data, unreadable="skip")()

    def test_names_that_are_no_utf8(self, tmp_path):
        for i in range(3):
            paint(tmp_path / "cat" / f"{i}.png", size=(4, 4))
        (tmp_path / "cat" / "0.png").rename(tmp_path / "cat" / os.fsdecode(b"\xff.png"))
        assert len(get_data(tmp_path, 4)) == 3


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

    def test_neighbours_are_not_copied(self):
        whole = self.make()
        assert np.shares_memory(whole.part("val").images, whole.images)
        mixed = self.make(splits=np.array([0, 1, 0, 1], dtype=np.uint8)).part("train")
        assert mixed.images[:, 0, 0, 0].tolist() == [0, 2]

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


class TestGroups:
    """Three variants of each of twenty originals a class; none may leave its fellows."""

    @pytest.fixture
    def variants(self, tmp_path):
        for name in ("dog", "cat"):
            for i in range(20):
                for variant in range(3):
                    paint(tmp_path / name / f"{i:02}_v{variant}.png", colour=(i, variant, 0))
        return tmp_path

    def splits_of(self, files):
        """Return how many splits each original's pictures are in, by class and original."""
        found: dict[str, set[int]] = {}
        for file in files:
            found.setdefault(file.key.partition("_")[0], set()).add(file.split)
        return [len(of) for of in found.values()]

    def test_without_groups_variants_leak(self, variants):
        assert max(self.splits_of(ImageFolder(str(variants)).files())) > 1

    @pytest.mark.parametrize("pattern", ["(.*)_v[0-9]", "^[0-9]+"])
    def test_a_pattern_keeps_them_together(self, variants, pattern):
        files = ImageFolder(str(variants), groups=pattern).files()
        assert set(self.splits_of(files)) == {1}
        assert {file.split for file in files} == {0, 1, 2}
        pictures = get_data(variants, 8, groups=pattern)
        assert len(set(pictures.groups)) == 40
        assert "cat/07" in pictures.groups

    def test_a_table_may_join_classes(self, variants, tmp_path):
        """Pictures 0 to 9 of both classes are by one photographer; the others by nobody known."""
        table = tmp_path / "by.csv"
        rows = [
            f"{c}/{i:02}_v{v}.png,Ann" for c in ("cat", "dog") for i in range(10) for v in range(3)
        ]
        table.write_text("\n".join(["File, Group", *rows]))
        files = ImageFolder(str(variants), groups=str(table)).files()
        assert len({file.split for file in files if file.group == "Ann"}) == 1
        assert sum(file.group == "Ann" for file in files) == 60
        assert {file.group for file in files} == {"Ann", ""}

    def test_groups_across_named_splits_are_told(self, variants, caplog):
        for split in ("train", "val", "test"):
            for name in ("cat", "dog"):
                paint(variants / "named" / split / name / f"tom_v{len(split)}.png")
        ImageFolder(str(variants / "named"), groups="(.*)_v").files()
        assert "2 groups have pictures in several of the folders" in caplog.text

    @pytest.mark.parametrize(
        ("groups", "said"),
        [
            ("(", "no regular expression"),
            ("kitten", "finds no picture's group"),
            ("x.csv", "x.csv"),
        ],
    )
    def test_what_gives_no_groups_is_refused(self, variants, groups, said, monkeypatch):
        monkeypatch.chdir(variants)
        with pytest.raises(TaxonomyError, match=said):
            ImageFolder(str(variants), groups=groups).files()

    def test_a_table_needs_its_columns(self, variants, tmp_path):
        (tmp_path / "t.csv").write_text("picture,group\na,b\n")
        with pytest.raises(DataError, match="it needs file and group"):
            ImageFolder(str(variants), groups=str(tmp_path / "t.csv")).files()
