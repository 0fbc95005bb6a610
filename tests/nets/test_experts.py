"""Experts are exact: same logits, fewer weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from taxonomy._core.errors import LabelError
from taxonomy._core.shipped import path as shipped
from taxonomy.design import Bucket, Level, NetSpec, Stage, cost
from taxonomy.nets import extract
from taxonomy.trees.hierarchy import Hierarchy
from tests.nets.test_hierarchical import pictures, settled

TREE = Hierarchy.load(shipped("icons/trees/wordnet.json"))
SPEC = NetSpec(
    trunk=(Stage(6, 0), Stage(8, 1, 2)),
    levels=(Level((Bucket(6), Bucket(10, least=16))), Level((Bucket(4), Bucket(6, least=5)))),
)
SUBSETS = 200


def random_subsets() -> list[list[str]]:
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 40, SUBSETS)
    return [list(rng.choice(np.array(TREE.leaves), size, replace=False)) for size in sizes]


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-10)])
def test_logits_equal_the_full_networks(dtype, tolerance):
    net = settled(SPEC, TREE).to(dtype)
    x = pictures(3, 32).to(dtype)
    with torch.no_grad():
        whole = net(x)
        assert whole.std() > 0.01
        for classes in random_subsets():
            expert = extract(net, classes)
            wanted = whole[:, TREE.positions(expert.classes)]
            gap = (expert(x) - wanted).abs().max().item()
            assert gap <= tolerance * max(1.0, wanted.abs().max().item())


def test_cost_equals_the_closed_form_and_torchs_counter():
    net = settled(SPEC, TREE)
    for classes in random_subsets():
        expert, closed = extract(net, classes), cost(SPEC, TREE, classes)
        assert sum(p.numel() for p in expert.parameters()) == closed.params
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            expert(pictures(1, 32))
        assert counter.get_total_flops() == 2 * closed.macs


def test_an_expert_of_an_expert_is_the_expert():
    """Nodes keep the width that their span in the full tree gave them."""
    net = settled(SPEC, TREE)
    once = extract(net, ["cat", "dog", "car"])
    twice = extract(extract(net, ["cat", "dog", "cow", "car", "bus"]), ["car", "dog", "cat"])
    x = pictures(2, 32)
    assert torch.equal(once(x), twice(x))
    assert once.hierarchy == twice.hierarchy


def test_the_network_stays_as_it_is():
    net = settled(SPEC, TREE)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    expert = extract(net, ["cat", "dog"])
    with torch.no_grad():
        for parameter in expert.parameters():
            parameter.zero_()
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())


@pytest.mark.parametrize(
    ("classes", "message"),
    [(["catt"], "Did you mean 'cat'"), ([], "at least one"), (["cat", "cat"], "twice")],
)
def test_bad_classes_are_refused(classes, message):
    with pytest.raises(LabelError, match=message):
        extract(settled(SPEC, TREE), classes)
