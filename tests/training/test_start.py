"""What a training takes from its data, and what it says before it starts."""

from __future__ import annotations

import pytest
from PIL import Image

import taxonomy as tx
from taxonomy._core.io import read_json
from taxonomy.data import DataRequest
from taxonomy.training import TrainConfig, scored
from tests.support.stripes import TREE, picture_folder

SPEC = tx.NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    picture_folder(tmp_path / "data")
    return tmp_path


def batch_size(folder) -> int:
    return read_json(folder / "config.json")["config"]["batch_size"]


def test_the_batch_size_follows_the_data_unless_it_is_given(here):
    """Of the 288 training pictures batches of 16 would make 18 steps, less than 24; of 8, 36."""
    common = {"spec": SPEC, "progress": False}
    tx.train("a", TREE, "data", epochs=1, **common)
    tx.train("b", TREE, "data", epochs=1, batch_size=48, **common)
    tx.train("c", TREE, "data", config=TrainConfig(epochs=1), **common)
    assert [batch_size(here / name) for name in "abc"] == [8, 48, 64]


def test_too_few_steps_are_told_with_the_remedy(here, caplog):
    run = tx.train("run", TREE, "data", spec=SPEC, epochs=1, progress=False)
    assert "too few to train a network from scratch" in caplog.text
    assert "`init_from='icons/tree'`" in caplog.text
    caplog.clear()
    tx.train("more", TREE, "data", spec=SPEC, epochs=1, init_from=run.net(), progress=False)
    assert "too few" not in caplog.text


def test_a_class_of_few_pictures_is_told_too(here, caplog):
    for path in sorted((here / "data" / "train" / "dots").iterdir())[5:]:
        path.unlink()
    tx.train("run", TREE, "data", spec=SPEC, epochs=10, progress=False)
    assert "The class 'dots' has 5 training pictures, and 1 classes have fewer" in caplog.text


def test_large_pictures_are_not_made_small_without_a_word(here, caplog):
    for path in (here / "data").rglob("*.png"):
        with Image.open(path) as picture:
            large = picture.resize((64, 64))
        large.save(path)
    run = tx.train("small", TREE, "data", spec=SPEC, epochs=1, progress=False)
    assert "typically 64 pixels a side are read at 16; `resolution=32` keeps more" in caplog.text
    assert run.spec.resolution == 16
    caplog.clear()
    options = {"epochs": 1, "progress": False, "resolution": 64}
    assert tx.train("large", TREE, "data", spec=SPEC, **options).spec.resolution == 64
    assert "pixels a side" not in caplog.text


def test_a_data_set_of_one_size_names_the_option(here):
    with pytest.raises(tx.TaxonomyError, match="`resolution=32`"):
        tx.train("run", None, DataRequest("icons"), spec=SPEC, progress=False)


def test_a_network_s_device_is_checked(here):
    tx.train("run", TREE, "data", spec=SPEC, epochs=1, progress=False)
    with pytest.raises(tx.TaxonomyError, match="Unknown `device` 'tpu'"):
        scored("run/model.safetensors", "val", "data", device="tpu")


@pytest.mark.parametrize("name", ["icons/flat", "icons/flat-0.25x"])
def test_a_flat_start_gives_a_flat_network_its_shape(tmp_path, monkeypatch, name):
    """The default shape is that of no shipped network, whose weights would fit nothing."""
    monkeypatch.chdir(tmp_path)
    data = picture_folder(tmp_path / "data")
    run = tx.train("run", None, data, init_from=name, epochs=1, progress=False)
    assert run.spec == tx.get_net(name).spec
