"""The shipped icons: no leak between splits, every class everywhere, every set licensed."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from taxonomy._core import io, shipped
from taxonomy.data import get_data
from taxonomy.data._pictures import SPLITS
from taxonomy.data.icons import coarse, together
from taxonomy.labels import get_labels

ROOT = Path(__file__).parents[2]
SETS = ("icons", "icons-600")


@pytest.fixture(scope="module", params=SETS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def pictures(name):
    return get_data(name)


@pytest.fixture(scope="module")
def arrays(name):
    return io.load_npz(shipped.path(f"{name}/icons.npz"), "sets", "set")


def test_the_file_is_the_one_of_the_index(name):
    file = f"{name}/icons.npz"
    assert io.file_digest(shipped.path(file)) == shipped.index()[file]


def test_they_are_32_pixels_of_the_shipped_labels(pictures, name):
    assert pictures.images.shape == (len(pictures), 4, 32, 32)
    assert pictures.classes == get_labels(name).ids


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


def test_every_set_is_in_the_notice_with_author_and_licence(arrays, name):
    used = {str(name) for name in arrays["sets"][np.unique(arrays["set"])]}
    notice = (ROOT / "NOTICE").read_text().partition(f"<!-- {name}: made")[2]
    notice = notice.partition(f"<!-- {name}: to here")[0]
    entry = r"^.* \(([a-z0-9-]+)\), (\d+) pictures?\n  by \S.*\n  \S.* \(([\w.-]+)\), \S"
    found = {
        prefix: (int(n), licence) for prefix, n, licence in re.findall(entry, notice, re.MULTILINE)
    }
    assert used - found.keys() == set()
    for prefix in used:
        place = arrays["sets"].tolist().index(prefix)
        assert found[prefix][0] == (arrays["set"] == place).sum(), prefix
        assert found[prefix][1], prefix


class TestIcons600:
    """The icons' classes and 388 more."""

    def test_it_holds_the_icons_classes_with_the_same_meanings(self):
        more, icons = get_labels("icons-600"), get_labels("icons")
        assert len(more) == 600
        assert [more[label.id] for label in icons] == list(icons)

    def test_designers_are_on_the_same_sides_as_in_the_icons(self):
        icons, more = get_data("icons"), get_data("icons-600")
        sides = dict(zip(icons.groups, icons.splits, strict=True))
        both = [(sides[g], s) for g, s in zip(more.groups, more.splits, strict=True) if g in sides]
        assert all(one == other for one, other in both)
        assert len(both) > 0.99 * len(more)

    def test_every_class_is_drawn_by_ten_sets_each_once(self):
        icons, more = (io.load_npz(shipped.path(f"{name}/icons.npz")) for name in SETS)
        whole = together(icons, more)
        pairs = np.stack([whole["label"], whole["set"]], axis=1)
        assert len(np.unique(pairs, axis=0)) == len(pairs)
        assert np.bincount(whole["label"]).min() >= 10

    def test_old_and_new_classes_have_the_same_grey_values(self):
        # else a network could tell them apart by those
        assert set(np.unique(get_data("icons-600").images)) == set(range(0, 256, 17))

    def test_coarse_takes_the_nearest_of_16_values(self):
        every = np.arange(256, dtype=np.uint8)
        gaps = np.abs(every[:, None].astype(int) - np.arange(0, 256, 17))
        assert coarse(every).tolist() == (17 * gaps.argmin(axis=1)).tolist()

    def test_what_was_left_out_has_a_reason_and_is_no_class(self):
        text = (ROOT / "hierarchies" / "icons-600" / "left-out.toml").read_text()
        classes = set(get_labels("icons-600").ids)
        for reason, concepts in tomllib.loads(text).items():
            assert not classes & set(concepts.get("concepts", concepts)), reason

    @pytest.mark.slow
    def test_a_small_network_trains_an_epoch(self, tmp_path):
        import taxonomy as tx

        run = tx.train(
            tmp_path / "run",
            "icons-600/wordnet",
            "icons-600",
            spec=tx.NetSpec.tree(trunk=((8, 0), (8, 0)), levels=((8, 0), (8, 0))),
            epochs=1,
            progress=False,
        )
        assert run.predictions("val").logits.shape[1] == 600
