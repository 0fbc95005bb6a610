"""Graphs answer what networks answer, over every shape of network and tree, however lowered."""

from __future__ import annotations

import ast
import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from taxonomy._core.errors import ExportError, SpecError
from taxonomy.design import FAMILIES, Backbone, Block, Bucket, Level, NetSpec, Stage
from taxonomy.export import packs
from taxonomy.export.lower import lower
from taxonomy.export.packs import packed
from taxonomy.export.sizes import model_bytes
from taxonomy.export.stages import BLOCKS
from taxonomy.export.to_onnx import ONNX, WRITTEN, session
from taxonomy.nets import build_net, extract, get_net
from taxonomy.nets.inputs import to_input
from taxonomy.tasks import get_tasks
from taxonomy.trees.hierarchy import Hierarchy
from tests.nets.test_hierarchical import RAGGED, SPEC, VARIANTS, settled, variant

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


CLOSE = 3e-5
"""A third of what a bundle is allowed to differ; rounding alone is left."""


def bytes_of(side: int, count: int = 3) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, side, side)).astype(np.uint8)


def gap(net, target=None, count: int = 3) -> float:
    """Return the largest difference of logits, over the largest logit where that is above 1."""
    target = target or ONNX()
    pictures = bytes_of(net.spec.resolution, count)
    with torch.no_grad():
        wanted = net(to_input(torch.from_numpy(pictures))).numpy()
    found = target.run(session(target.model(net)), pictures)
    assert wanted.std() > 1e-3
    return float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max()))


EVEN = Hierarchy.from_nested([[["a", "b"], ["c", "d"]], [["e", "f"], ["g", "h"]]])
MIXED = NetSpec.tree(trunk=((4, 0),), levels=((16, 1), (26, 1)), resolution=16)
"""Of which `unlike` runs one level grouped and the next sliced."""


def unlike(_runtime, _block, nodes, width) -> str:
    """Choose another lowering for every level, as a runtime's table may."""
    return "padded" if nodes == 1 else "sliced" if width % 16 else "grouped"


SHAPES = {
    **{name: (spec, RAGGED) for name, spec in VARIANTS.items()},
    "ancestors of uneven sides": (
        replace(variant(nesting="ancestors"), resolution=18),
        RAGGED,
    ),
    "aligned, then not": (MIXED, EVEN),
    "aligned, then not, gated": (replace(MIXED, nesting="gate"), EVEN),
    "aligned, then not, ancestors": (replace(MIXED, nesting="ancestors"), EVEN),
}


@pytest.mark.parametrize("lowering", ["grouped", "padded", "sliced", "dense", "auto", "unlike"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_variant_is_exact(name, lowering, monkeypatch):
    if lowering == "unlike":
        monkeypatch.setattr(packs, "chosen", unlike)
        lowering = "auto"
    assert gap(settled(*SHAPES[name]), ONNX(lowering=lowering)) < CLOSE


def test_a_flat_network_is_exact():
    net = settled(NetSpec.flat((4, 8), resolution=16), Hierarchy.star("abcdef"))
    assert gap(net) < CLOSE
    assert gap(get_net("icons/flat-0.25x")) < CLOSE


@pytest.mark.parametrize("target", [ONNX(input="float"), ONNX(batch=0), ONNX(batch=2)], ids=repr)
def test_every_form_of_input_is_exact(target):
    assert gap(settled(SPEC, RAGGED), target) < CLOSE


def test_all_families_and_kinds_of_steps_are_written(monkeypatch):
    monkeypatch.setattr(packs, "chosen", unlike)
    assert BLOCKS.keys() == FAMILIES.keys()
    nets = [settled(*shape) for shape in SHAPES.values()]
    graphs = [lower(net, how) for net in nets for how in ("auto", "grouped")]
    assert {step.kind for graph in graphs for step in graph.steps} == WRITTEN.keys()


class TestTheModel:
    net = extract(get_net("icons/tree"), ["cat", "dog", "horse"])

    def test_it_holds_a_handful_of_operators(self):
        model = onnx.load_from_string(ONNX().model(self.net))
        kinds = {node.op_type for node in model.graph.node}
        activations = {"Relu", "Gelu"}
        assert kinds - activations == {
            *("Cast", "Sub", "Conv", "Add", "GlobalAveragePool", "Flatten", "Concat", "Gemm"),
        }

    def test_older_runtimes_read_what_they_can(self):
        models = [ONNX().model(get_net(f"icons/{name}")) for name in ("flat-0.25x", "tree")]
        flat, tree = map(onnx.load_from_string, models)
        assert (flat.opset_import[0].version, flat.ir_version) == (17, 8)
        assert (tree.opset_import[0].version, tree.ir_version) == (20, 9)

    def test_written_twice_it_has_the_same_bytes(self):
        again = extract(get_net("icons/tree"), ["horse", "dog", "cat"])
        assert ONNX().model(self.net) == ONNX().model(again)

    def test_nothing_of_a_dropped_class_is_in_it(self):
        whole = get_net("icons/tree")
        data = ONNX().model(self.net)
        metadata = {p.key: p.value for p in onnx.load_from_string(data).metadata_props}
        assert ast.literal_eval(metadata["names"]) == {0: "cat", 1: "dog", 2: "horse"}
        assert json.loads(metadata["class_names"]) == {"0": "cat", "1": "dog", "2": "horse"}
        for name in set(whole.classes) - set(self.net.classes):
            assert f"'{name}'".encode() not in data
            assert f'"{name}"'.encode() not in data
        kept = set(self.net.hierarchy.clade(0))
        dropped = build_head_rows(whole, kept)
        assert len(dropped) == 209
        for row in dropped:
            assert row.tobytes() not in data

    def test_names_from_strangers_survive(self):
        odd = ['a"b', "c'd", "{e: f}", "猫", "g\\n"]
        net = settled(NetSpec.flat((4,), resolution=8), Hierarchy.star(odd))
        metadata = {p.key: p.value for p in onnx.load_from_string(ONNX().model(net)).metadata_props}
        assert list(ast.literal_eval(metadata["names"]).values()) == sorted(odd)
        assert list(json.loads(metadata["class_names"]).values()) == sorted(odd)


class TestTheHeadTakesOverTheEndOfABlock:
    TREE = Hierarchy.from_nested([["a", "b"], ["c", "d", "e"]])

    def products(self, **options) -> list[tuple[int, ...]]:
        """Return the shapes of the level's products of 1x1 cells, and the head's."""
        spec = NetSpec.tree(
            trunk=((4, 0),), levels=((8, 1),), block=Block("convnext", 2), resolution=16, **options
        )
        net = settled(spec, self.TREE)
        assert gap(net) < CLOSE
        steps = lower(net, "grouped").steps
        return [step.arrays["weight"].shape for step in steps if "weight" in step.arrays][-3:]

    def test_its_product_is_in_the_head(self):
        """Two nodes of 8 channels, widened to 16: averages of 32 and 16 channels, not of 16."""
        assert self.products() == [(16, 1, 3, 3), (32, 8, 1, 1), (48, 5)]

    @pytest.mark.parametrize("options", [{"head": "cosine"}, {"nesting": "gate"}], ids=repr)
    def test_not_where_something_else_follows(self, options):
        assert (16, 16, 1, 1) in self.products(**options)

    def test_not_where_it_would_take_more_numbers(self, monkeypatch):
        monkeypatch.setattr(
            self, "TREE", Hierarchy.from_nested([list("abcd"), list("efgh")]), False
        )
        assert self.products() == [(32, 8, 1, 1), (16, 16, 1, 1), (16, 8)]


def test_channels_are_filled_up_to_what_kernels_read():
    net = settled(NetSpec.flat((14, 29), resolution=16), Hierarchy.star("abc"))
    steps = [step for step in lower(net).steps if step.kind == "convolution"]
    shapes = [step.arrays["weight"].shape[:2] for step in steps]
    assert shapes == [(16, 3), (16, 16), (16, 16), (32, 16), (32, 32), (32, 32)]
    assert not steps[-1].arrays["weight"][29:].any()
    as_it_is = [
        step for step in lower(net, runtime="ai-edge-litert").steps if "bias" in step.arrays
    ]
    assert as_it_is[0].arrays["weight"].shape == (14, 3, 3, 3)


def build_head_rows(net, kept: set[str]) -> list[np.ndarray]:
    """Return the weights of the dropped classes' heads."""
    from taxonomy.nets.hierarchical import unpacked_state

    state, tree = unpacked_state(net), net.hierarchy
    return [
        state[f"leaf.{entry}.weight"].numpy()
        for name, entry in zip(tree.leaves, tree.leaf_entries, strict=True)
        if name not in kept
    ]


def test_packs_read_whole_packs():
    """Parents with equally shaped subtrees lie together, so that nothing is gathered."""
    graph = lower(build_net(SPEC, RAGGED, seed=0), "grouped")
    assert not {"slice"} & {step.kind for step in graph.steps}
    found = packed(SPEC, RAGGED, "grouped")
    assert sorted(node for pack in found for node in pack.nodes) == RAGGED.nodes.tolist()
    for pack in found[1:]:
        parents = [int(RAGGED.parent[node]) for node in pack.nodes]
        assert list(dict.fromkeys(parents)) == list(found[pack.parent].nodes)


def test_a_deep_tree_needs_no_deep_stack():
    nested: list = ["x"]
    for number in range(150):
        nested = [f"l{number:03}", nested]
    tree = Hierarchy.from_nested(nested)
    levels = tuple(Level((Bucket(1),), 0, 1) for _ in range(150))
    net = build_net(NetSpec((Stage(1, 0),), levels, resolution=2), tree, seed=0)
    assert len(packed(net.spec, tree)) == 151
    ONNX().model(net)


def test_what_cannot_be_exported_is_refused():
    spec = NetSpec((), backbone=Backbone("resnet18", 1, 64, 4, 1000, 1000))
    net = object.__new__(type(settled(SPEC, RAGGED)))
    torch.nn.Module.__init__(net)
    net.spec, net.hierarchy = spec, Hierarchy.star("ab")
    with pytest.raises(ExportError, match="resnet18"):
        lower(net)
    with pytest.raises(SpecError, match="Did you mean 'grouped'"):
        lower(settled(SPEC, RAGGED), "groupd")
    with pytest.raises(ExportError, match="batch"):
        ONNX(batch=-1)


def filled(net):
    """Return a network without zeros, as a trained one is; biases of zero are not written."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.01)
    return net


@pytest.mark.parametrize("lowering", ["grouped", "padded", "sliced", "dense"])
@pytest.mark.parametrize("name", SHAPES)
def test_bytes_are_foretold_without_a_network(name, lowering):
    """Within 3 % from 100 kB on; all shapes here are made six times as wide."""
    spec, tree = SHAPES[name]
    wide = spec.scaled(6)
    found = len(ONNX(lowering=lowering).model(filled(settled(wide, tree))))
    assert found > 100_000
    assert model_bytes(wide, tree, "onnx", lowering) == pytest.approx(found, rel=0.03)


def test_bytes_of_shipped_experts_are_foretold():
    net = get_net("icons/tree")
    for task in list(get_tasks("icons"))[::160]:
        expert = extract(net, task.classes)
        found = len(ONNX().model(expert))
        assert model_bytes(net.spec, expert.hierarchy) == pytest.approx(found, rel=0.005)
