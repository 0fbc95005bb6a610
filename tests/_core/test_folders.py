"""Names of splits, and folders that only wrap another."""

from __future__ import annotations

import pytest

from taxonomy._core.folders import (
    SPLITS,
    class_root,
    is_ignored,
    split_folders,
    split_of,
    unwrapped,
)


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train", "train"), ("Train", "train"), ("TRAINING", "train"), ("training_set", "train"),
        ("val", "val"), ("Valid", "val"), ("validation", "val"), ("dev", "val"),
        ("test", "test"), ("Testing", "test"), ("test-images", "test"), ("tst", "test"),
        ("trains", ""), ("trainer", ""), ("value", ""), ("device", ""), ("contest", ""),
        ("testament", ""), ("", ""), ("training camp", ""),
    ],
)  # fmt: skip
def test_names_of_splits(name, split):
    assert split_of(name) == split


@pytest.mark.parametrize("name", [".git", ".DS_Store", "__MACOSX", "Thumbs.db", "DESKTOP.INI"])
def test_what_is_left_alone(name):
    assert is_ignored(name)
    assert not is_ignored(name.lstrip("._") + "x")


def tree(root, *names):
    for name in names:
        (root / name).mkdir(parents=True)
    return root


def test_the_root_of_the_classes(tmp_path):
    assert class_root(tree(tmp_path / "a", "cat", "dog")) == tmp_path / "a"
    assert class_root(tree(tmp_path / "b", "train/cat", "val/cat")) == tmp_path / "b" / "train"
    assert class_root(tree(tmp_path / "c", "x/Training/cat")) == tmp_path / "c" / "x" / "Training"
    assert class_root(tree(tmp_path / "d", "train", "bus")) == tmp_path / "d"
    assert class_root(tree(tmp_path / "e", "x/y/train/cat")) == tmp_path / "e"  # one level alone


def test_a_wrapped_folder_is_looked_into_once(tmp_path):
    wrapped = tree(tmp_path / "a", "x/cat", "x/dog", "__MACOSX/x")
    assert unwrapped(wrapped) == wrapped / "x"
    assert unwrapped(wrapped / "x") == wrapped / "x"
    (wrapped / "x" / "1.png").touch()
    assert unwrapped(wrapped) == wrapped


def test_splits_are_in_their_order(tmp_path):
    folders = split_folders(tree(tmp_path, "Testing/cat", "DEV/cat", "training/cat"))
    assert tuple(folders) == SPLITS
    assert [path.name for path in folders.values()] == ["training", "DEV", "Testing"]
