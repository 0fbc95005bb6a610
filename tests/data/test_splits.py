"""Which pictures are for training, validation and the test: by folders, by name, by groups."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import DataError, LabelError, TaxonomyError
from taxonomy.data import get_data
from taxonomy.data.folder import ImageFolder
from taxonomy.labels import LabelSet
from tests.support.painting import fill, paint


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

    @pytest.mark.parametrize("head", ["x" * 9000, "\x1b[31m,other", '"a\nb",c'])
    def test_a_strange_heading_is_shown_short_and_printable(self, variants, tmp_path, head):
        (tmp_path / "by.csv").write_text(f"{head}\n1,2\n")
        with pytest.raises(DataError, match=r"by\.csv: the columns are ") as refused:
            get_data(variants, 8, groups=str(tmp_path / "by.csv"))
        assert str(refused.value).isprintable()
        assert len(str(refused.value)) <= 400
