"""Predictions of any pictures: the accuracy that scoring states, and node by node coherent."""

from __future__ import annotations

import json
from csv import DictReader
from io import StringIO

import numpy as np
import pytest
import torch
from PIL import Image

from taxonomy._core.errors import DataError
from taxonomy.data import get_data
from taxonomy.design import NetSpec
from taxonomy.nets import build_net, extract, get_net, predict, save_net
from taxonomy.nets.classified import Classified
from taxonomy.training import scored
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested({"pet": ["cat", "dog"], "car": ["bus", "taxi"]})
CHANCES = np.array([[0.02, 0.7, 0.2, 0.08]])  # of bus, cat, dog, taxi


@pytest.fixture(scope="module")
def icons():
    return get_data("icons").part("test")


def test_the_accuracy_is_the_one_that_evaluate_states(icons):
    answers = predict("icons/flat-0.25x", icons)
    right = answers.probabilities.argmax(axis=1) == icons.targets
    assert right.mean() == scored("icons/flat-0.25x", "test").predictions.accuracy()


def test_files_are_answered_as_the_data_set_is(icons, tmp_path):
    """Written as PNG and read again; compositing on white in bytes moves no class."""
    net, rows = get_net("icons/tree"), np.arange(0, len(icons), 64)
    for row in rows:
        Image.fromarray(icons.images[row].transpose(1, 2, 0)).save(tmp_path / f"{row:05}.png")
    read = predict(net, tmp_path, batch_size=50)
    known = predict(net, icons.images[rows])
    assert [name.rpartition("/")[2] for name in read.pictures] == [f"{r:05}.png" for r in rows]
    np.testing.assert_allclose(read.probabilities, known.probabilities, atol=0.02)
    assert (read.probabilities.argmax(1) == known.probabilities.argmax(1)).all()


def test_other_forms_and_an_expert(icons):
    whole = get_net("icons/tree")
    expert = extract(whole, ["cat", "dog", "horse"])
    image = icons.images[3].transpose(1, 2, 0)[..., :3]
    given = [image, Image.fromarray(image), np.ascontiguousarray(image[None])]
    answers = predict(expert, given)
    assert answers.classes == ("cat", "dog", "horse")
    assert np.ptp(answers.probabilities, axis=0).max() < 1e-6
    masked = predict(whole, image).probabilities[:, whole.hierarchy.positions(expert.classes)]
    np.testing.assert_allclose(
        answers.probabilities[0], masked[0] / masked[0].sum(), rtol=1e-4, atol=1e-7
    )


def test_a_network_ends_in_the_mode_it_was_in(icons):
    net = build_net(NetSpec.tree(trunk=((4, 0),), levels=((4, 0),)), TREE, seed=0)
    net.train()
    net.trunk.eval()
    predict(net, icons.images[:2])
    assert net.training
    assert not net.trunk.training


def test_preprocessing_and_source_travel_with_the_file(tmp_path):
    whole = get_net("icons/tree")
    assert whole.source.name == "icons/tree"
    assert (whole.source.hierarchy, whole.source.classes) == (whole.hierarchy.digest, 212)
    expert = extract(whole, ["cat", "dog"])
    save_net(tmp_path / "pets.safetensors", expert)
    read = get_net(tmp_path / "pets.safetensors")
    assert (read.source, read.preprocessing) == (whole.source, whole.preprocessing)
    header = (tmp_path / "pets.safetensors").read_bytes()
    text = json.loads(header[8 : 8 + int.from_bytes(header[:8], "little")])["__metadata__"]
    assert json.loads(text["taxonomy-net"])["preprocessing"]["ground"] == "white"


class TestNodes:
    def test_a_nodes_probability_is_its_classes_sum(self):
        answers = Classified(["a.png"], TREE, np.log(CHANCES))
        named = dict(zip(TREE.name, answers.node_probabilities[0], strict=True))
        assert named["pet"] == pytest.approx(0.9)
        assert named["car"] == pytest.approx(0.1)
        assert answers.node_probabilities[0, 0] == pytest.approx(1)

    def test_the_way_down(self):
        answers = Classified(["a.png"], TREE, np.log(CHANCES))
        assert [step.name for step in answers.path(0)] == ["pet", "cat"]
        assert [step.name for step in answers.path(0, "taxi")] == ["car", "taxi"]
        assert [step.name for step in answers.best(0, 2)] == ["cat", "dog"]

    def test_nodes_without_a_name_are_called_by_their_classes(self):
        tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "taxi"]])
        answers = Classified(["a.png"], tree, np.log(CHANCES))
        assert answers.path(0)[0].name == "cat and dog"

    def test_equal_logits_are_ordered_by_id_and_huge_ones_are_no_problem(self):
        answers = Classified(["a"], TREE, [[1e4, 1e4, -1e4, 0]])
        assert [step.name for step in answers.best(0, 2)] == ["bus", "cat"]
        assert answers.probabilities[0].tolist() == [0.5, 0.5, 0, 0]

    def test_tables(self):
        answers = Classified(['a, "b".png'], TREE, np.log(CHANCES))
        rows = list(DictReader(StringIO(answers.to_csv(2))))
        assert [row["class"] for row in rows] == ["cat", "dog"]
        assert rows[0]["picture"] == 'a, "b".png'
        assert rows[0]["path"] == "pet 0.900 > cat 0.700"
        (one,) = answers.to_dicts(1)
        assert one["path"][0] == {"name": "pet", "probability": 0.9}

    @pytest.mark.parametrize("top", [0, -1])
    def test_at_least_one_class_is_asked_for(self, top):
        with pytest.raises(DataError, match=f"`top` is {top}"):
            Classified(["a"], TREE, np.log(CHANCES)).to_text(top)

    @pytest.mark.parametrize("logits", [[[1, 2]], [[np.nan, 0, 0, 0]]])
    def test_what_is_no_answer_is_refused(self, logits):
        with pytest.raises(DataError):
            Classified(["a"], TREE, logits)


def test_a_flat_network_has_no_way_but_the_class(icons):
    (step,) = predict("icons/flat-0.25x", icons.images[0:1]).path(0)
    assert 0 < step.probability <= 1


def test_a_network_without_colours_reads_no_pictures():
    net = build_net(NetSpec.flat((4,), channels=2), Hierarchy.star(["a", "b"]), seed=0)
    with pytest.raises(DataError, match="2 channels"):
        predict(net, torch.zeros(1, 8, 8, 3, dtype=torch.uint8).numpy())
