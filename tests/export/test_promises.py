"""What every expert's file keeps: exact, of the cost and size foretold, its classes alone."""

from __future__ import annotations

import copy
from functools import cache
from typing import get_args

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from taxonomy.design import FAMILIES, Block, Bucket, Level, NetSpec, Stage, cost
from taxonomy.design.spec import Nesting
from taxonomy.export.sizes import model_bytes
from taxonomy.export.to_onnx import ONNX, session
from taxonomy.nets import extract
from taxonomy.nets.hierarchical import load_unpacked_state, unpacked_state
from taxonomy.nets.inputs import to_input
from taxonomy.trees.operations import to_levels
from tests.builders.test_conformance import LABELS, OPTIONS, build
from tests.export.test_graph import CLOSE, bytes_of
from tests.nets.test_hierarchical import settled

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

LOWERINGS = ("grouped", "auto", "sliced")


@cache
def tree_of(builder: str):
    """Return a builder's tree of 31 classes, with two levels of nodes at most."""
    tree = build(builder, OPTIONS[builder][0], LABELS)
    return to_levels(tree, 2) if tree.depth[tree.nodes].max() > 2 else tree


def spec_of(family: str, nesting: str) -> NetSpec:
    """Return a shape with two widths a level."""
    block = Block(family)
    levels = (
        Level((Bucket(16), Bucket(24, least=9)), block=block),
        Level((Bucket(12), Bucket(20, least=4)), block=block),
    )
    trunk = (Stage(16, 0, block=block), Stage(32, 1, 2, block))
    return NetSpec(trunk, levels, nesting=nesting, resolution=16)


def without(net, classes):
    """Return a network whose weights for other classes alone are other ones."""
    tree, state = net.hierarchy, unpacked_state(net)
    kept = {int(tree.leaf_entries[at]) for at in tree.positions(classes)}
    for entry in tuple(kept):
        while entry:
            entry = int(tree.parent[entry])
            kept.add(entry)
    changed = {
        name: tensor
        if name.startswith("trunk.") or int(name.split(".")[1]) in kept
        else torch.full_like(tensor, 7)
        for name, tensor in state.items()
    }
    assert len(classes) == len(tree.leaves) or any(
        (tensor == 7).all() for tensor in changed.values()
    )
    other = copy.deepcopy(net)
    load_unpacked_state(other, changed)
    return other


@pytest.mark.parametrize("nesting", get_args(Nesting))
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("builder", OPTIONS)
@pytest.mark.parametrize("count", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_random_subsets(builder, family, nesting, count):
    """Trees of every builder; the slow ones are 504 subsets in all."""
    net = settled(spec_of(family, nesting), tree_of(builder), seed=3)
    rng, tree = np.random.default_rng(count), net.hierarchy
    pictures = bytes_of(16)
    given = to_input(torch.from_numpy(pictures))
    with torch.no_grad():
        whole = net(given)
    size = max(1.0, float(whole.abs().max()))
    for number in range(count):
        many = int(rng.integers(1, 13))
        classes = tuple(sorted(rng.choice(np.array(tree.leaves), many, replace=False).tolist()))
        expert, to = extract(net, classes), ONNX(lowering=LOWERINGS[number % 3])
        wanted = whole[:, tree.positions(classes)]

        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            torch.testing.assert_close(expert(given), wanted, rtol=0, atol=1e-5 * size)
        closed = cost(net.spec, tree, classes)
        assert sum(p.numel() for p in expert.parameters()) == closed.params
        assert counter.get_total_flops() == 2 * closed.macs * len(pictures)

        data = to.model(expert)
        found = to.run(session(data), pictures)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=CLOSE * size)
        foretold = model_bytes(net.spec, tree.restrict(classes), "onnx", to.lowering)
        assert foretold == pytest.approx(len(data), rel=0.03, abs=3000)

        assert to.model(extract(without(net, classes), classes)) == data
        for name in set(tree.leaves) - set(classes):
            assert f"'{name}'".encode() not in data
            assert f'"{name}"'.encode() not in data
