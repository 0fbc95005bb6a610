"""The shipped icons: no leak between splits, every class everywhere, every set licensed."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from taxonomy._core import io, shipped
from taxonomy.data import get_data
from taxonomy.data._pictures import SPLITS
from taxonomy.labels import get_labels

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pictures():
    return get_data("icons")


@pytest.fixture(scope="module")
def arrays():
    return io.load_npz(shipped.path("icons/icons.npz"), "sets", "set", "designers", "designer")


def test_the_file_is_the_one_of_the_index():
    assert io.file_digest(shipped.path("icons/icons.npz")) == shipped.index()["icons/icons.npz"]


def test_they_are_32_pixels_of_the_shipped_labels(pictures):
    assert pictures.images.shape == (len(pictures), 4, 32, 32)
    assert pictures.classes == get_labels("icons").ids


def test_no_designer_is_in_two_splits(pictures):
    designers = [set(pictures.part(split).groups) for split in SPLITS]
    assert all(designers)
    assert len(set.union(*designers)) == sum(map(len, designers))


@pytest.mark.parametrize("split", SPLITS)
def test_every_class_is_in_every_split(pictures, split):
    assert set(pictures.part(split).targets) == set(range(len(pictures.classes)))


def test_no_picture_is_in_two_splits(pictures):
    seen = [
        {hashlib.sha256(image.tobytes()).digest() for image in pictures.part(split).images}
        for split in SPLITS
    ]
    assert len(set.union(*seen)) == sum(map(len, seen))


def test_no_picture_is_empty(pictures):
    assert (pictures.images[:, 3].reshape(len(pictures), -1).max(1) > 0).all()


def test_every_set_is_in_the_notice_with_author_and_licence(arrays):
    used = {str(name) for name in arrays["sets"][np.unique(arrays["set"])]}
    notice = (ROOT / "NOTICE").read_text()
    entry = r"^.* \(([a-z0-9-]+)\), (\d+) pictures?\n  by \S.*\n  \S.* \(([\w.-]+)\), \S"
    found = {
        name: (int(n), licence) for name, n, licence in re.findall(entry, notice, re.MULTILINE)
    }
    assert used - found.keys() == set()
    for name in used:
        place = arrays["sets"].tolist().index(name)
        assert found[name][0] == (arrays["set"] == place).sum(), name
        assert found[name][1], name
