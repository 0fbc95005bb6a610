"""OpenVINO models: stable files, trees as OpenVINO's Model API reads them, whole numbers."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import torch

from taxonomy._core.errors import MissingExtraError
from taxonomy.cli import main
from taxonomy.data import get_data
from taxonomy.design import NetSpec
from taxonomy.export import Bundle, OpenVINO, bundle
from taxonomy.export.graph import Builder, Graph
from taxonomy.export.model_info import HEADS, model_info
from taxonomy.export.pictures import colours
from taxonomy.export.ranges import Range
from taxonomy.export.target import write_files
from taxonomy.export.to_onnx import WRITTEN as WRITTEN_BY_ONNX
from taxonomy.nets import extract, get_net
from taxonomy.trees.hierarchy import Hierarchy
from tests.export.test_bundling import small
from tests.export.test_graph import bytes_of
from tests.nets.test_hierarchical import settled

openvino = pytest.importorskip("openvino")

from taxonomy.export.openvino_steps import WRITTEN, write  # noqa: E402
from taxonomy.export.to_openvino import COMPUTING  # noqa: E402

FARM = ("cat", "cow", "dog", "horse", "pig")
TREE = Hierarchy.from_nested([{"name": "pets", "leaves": ["cat", "guinea pig"]}, ["bus", "taxi"]])


def read(model: bytes, place, to=None):
    """Return a written model as OpenVINO reads it."""
    write_files(to or OpenVINO(), model, place)
    return openvino.Core().read_model(place / "model.xml")


def info(model) -> dict[str, str]:
    return {name: value.value for name, value in model.get_rt_info()["model_info"].items()}


def test_all_kinds_of_steps_are_written():
    assert WRITTEN.keys() == WRITTEN_BY_ONNX.keys()


class TestTheFiles:
    def test_bytes_are_the_same_whatever_the_process_has_made_before(self):
        expert = extract(get_net("icons/tree"), FARM)
        first = OpenVINO().model(expert)
        OpenVINO().model(small())
        assert OpenVINO().model(extract(get_net("icons/tree"), FARM[::-1])) == first

    def test_weights_are_float32(self, tmp_path):
        model = read(OpenVINO().model(small()), tmp_path)
        kinds = {op.get_element_type().to_string() for op in model.get_ops()}
        assert "f32" in kinds
        assert not kinds & {"f16", "bf16"}

    def test_names_from_strangers_survive(self, tmp_path):
        odd = ["</net>", "a<b>&\"'", "猫"]
        net = settled(NetSpec.flat((4,), resolution=8), Hierarchy.star(odd))
        told = info(read(OpenVINO().model(net), tmp_path))
        assert told["labels"].split() == sorted(odd)
        ET.parse(tmp_path / "model.xml")

    def test_the_line_to_type_where_openvino_is_missing(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "openvino", None)
        monkeypatch.delitem(sys.modules, "openvino.opset13", raising=False)
        with pytest.raises(MissingExtraError, match=r'pip install "taxonomy-experts\[openvino\]"'):
            OpenVINO().model(small())


class TestModelInfo:
    def test_labels_are_words_in_the_order_of_the_logits(self):
        told = model_info(TREE)
        assert told["labels"].split() == ["bus", "cat", "guinea_pig", "taxi"]
        assert (told["model_type"], told["hierarchical"]) == ("Classification", "False")

    def test_no_two_labels_are_one_word(self):
        tree = Hierarchy.from_nested([{"name": "a b", "leaves": ["a b", "x"]}, ["a_b", "y"]])
        told = model_info(tree, hierarchical=True)
        words = told["labels"].split()
        assert len(set(words)) == len(words) == 6

    def test_the_tree_by_hand(self):
        """Root: two nodes; each of two classes. Heads are the root's, then each node's."""
        config = json.loads(model_info(TREE, hierarchical=True)["hierarchical_config"])
        heads = config["cls_heads_info"]
        bus, pets = ["bus", "taxi"], ["cat", "guinea_pig"]
        assert heads["all_groups"] == [["bus_and_taxi", "pets"], bus, pets]
        assert heads["head_idx_to_logits_range"] == {"0": [0, 2], "1": [2, 4], "2": [4, 6]}
        assert heads["class_to_group_idx"]["guinea_pig"] == [2, 1]
        assert sorted(heads["label_to_idx"].values()) == list(range(6))
        assert ["guinea_pig", "pets"] in config["label_tree_edges"]
        assert len(config["label_tree_edges"]) == 4

    def test_shares_of_children_are_those_of_the_softmax(self, tmp_path):
        """At a node, a child's share is the sum of its classes' probabilities over the node's."""
        to, net = OpenVINO(hierarchical=True, batch=0), small()
        model = read(to.model(net), tmp_path)
        assert [output.get_any_name() for output in model.outputs] == [HEADS, "logits"]
        request = openvino.Core().compile_model(model, "CPU", COMPUTING).create_infer_request()
        found = request.infer({"image": bytes_of(16, 4)})
        logits = torch.from_numpy(found["logits"].copy())
        heads = torch.from_numpy(found[HEADS].copy())
        chances = logits.softmax(1)  # bus, cat, dog, taxi
        cars = chances[:, 0] + chances[:, 3]
        config = json.loads(info(model)["hierarchical_config"])["cls_heads_info"]
        first, ranges = config["all_groups"][0], config["head_idx_to_logits_range"]
        shares = heads[:, slice(*ranges["0"])].softmax(1)[:, first.index("car")]
        np.testing.assert_allclose(shares, cars, atol=1e-6)
        within = config["all_groups"].index(["bus", "taxi"])
        shares = heads[:, slice(*ranges[str(within)])].softmax(1)[:, 0]
        np.testing.assert_allclose(shares, chances[:, 0] / cars, atol=1e-5)

    @pytest.mark.parametrize("hierarchical", [False, True])
    def test_model_api_names_the_class_that_the_network_names(self, hierarchical, tmp_path):
        """Of pictures in the network's size; with the tree, the path to it."""
        models = pytest.importorskip("model_api.models", reason="needs openvino-model-api")
        made = bundle(
            "icons/tree", tmp_path / "b", "openvino", classes=FARM, hierarchical=hierarchical
        )
        part = get_data("icons").part("val").restrict(FARM)
        shown = colours(part.images)
        known = OpenVINO().runner(made.path / "model.xml")(shown).argmax(1)
        api = models.ClassificationModel.create_model(str(made.path / "model.xml"), device="CPU")
        for picture, best in zip(shown, known, strict=True):
            answer = api(np.ascontiguousarray(picture.transpose(1, 2, 0)))
            names = {label.name for label in answer.top_labels}
            assert FARM[best] in names
            assert len(names) == (2 if hierarchical else 1)


class TestWholeNumbers:
    def test_a_bundle_in_int8_keeps_its_answers(self, tmp_path):
        made = bundle("icons/tree", tmp_path / "b", "openvino", classes=FARM, precision="int8")
        told = made.manifest["measured"]
        assert told["int8"]["points_lost"] == 0
        assert made.manifest["cost"]["bytes"] < 0.55 * told["bytes_in_floats"]

    def test_whatever_a_convolution_reads_is_rounded(self, tmp_path):
        to, net = OpenVINO(), small()
        model = read(to.quantized(net, to.model(net), bytes_of(16, 8)), tmp_path)
        ops = [op for op in model.get_ops() if "Convolution" in op.get_type_name()]
        assert len(ops) > 3
        for op in ops:
            given, weight = (op.input_value(i).get_node() for i in (0, 1))
            assert given.get_type_name() == "FakeQuantize"
            assert weight.get_type_name() == "Multiply"

    def test_zero_is_one_of_the_steps(self):
        """By hand: from -1 to 1.55 a step is .01, and -128 - (-1 / .01) = -28 stands for 0."""
        build = Builder()
        build.channels["input"] = 1
        arrays = {"weight": np.ones((1, 1, 1, 1)), "bias": np.zeros(1)}
        made = build.add(
            "convolution", "input", arrays=arrays, stride=1, pads=(0, 0, 0, 0), groups=1
        )
        build.add("flatten", build.add("average", made))
        graph = Graph(tuple(build.steps), 1, 1, ("a",))
        model = write(graph, False, 1, {"input": Range(-1.0, 1.55)})
        request = openvino.Core().compile_model(model, "CPU", COMPUTING).create_infer_request()
        for given, wanted in ((0.0, 0.0), (0.014, 0.01), (-2.0, -1.0), (9.0, 1.55)):
            found = request.infer({"image": np.full((1, 1, 1, 1), given, np.float32)})[0]
            assert found.item() == pytest.approx(wanted, abs=1e-6)


def test_the_command_and_its_options(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["extract", "icons/tree", "--classes", "cat,dog,horse", "--target", "openvino"]
    assert main([*words, "--hierarchical", "-o", "pets"]) == 0
    assert Bundle.load("pets").manifest["options"]["hierarchical"] is True
    assert "pip install numpy openvino pillow" in (tmp_path / "pets/README.md").read_text()
