"""The shipped networks are what the study trained: their accuracy, cost and weights."""

from __future__ import annotations

import pytest
import torch

from taxonomy._core import io, shipped
from taxonomy.data import get_data
from taxonomy.design import cost
from taxonomy.nets import extract, get_net
from taxonomy.nets.inputs import to_input
from taxonomy.training import predictions_on

NAMES = ("flat", "flat-0.25x", "flat-0.35x", "tree")


@pytest.fixture(scope="module", params=NAMES)
def network(request):
    facts = io.read_json(shipped.path(f"icons/networks/{request.param}.json", verify=True))
    file = shipped.path(f"icons/networks/{request.param}.safetensors", verify=True)
    assert io.file_digest(file) == facts["model"]
    return get_net(f"icons/{request.param}"), facts


@pytest.fixture(scope="module")
def validation():
    return get_data("icons").part("val")


def test_accuracy_on_validation_is_the_recorded_one(network, validation):
    net, facts = network
    found = predictions_on(net, validation).accuracy()
    two_pictures = 2 / len(validation)  # processors round differently
    assert found == pytest.approx(facts["val_accuracy"], abs=two_pictures)


def test_costs_are_the_recorded_ones(network):
    net, facts = network
    made = cost(net.spec, net.hierarchy)
    assert (made.macs, made.params) == (facts["macs"], facts["params"])


def test_experts_give_the_same_logits(network, validation):
    net, _ = network
    pictures = to_input(torch.from_numpy(validation.images[:16]))
    expert = extract(net, ["cat", "dog", "horse", "bus", "apple"])
    with torch.no_grad():
        whole = net(pictures)[:, net.hierarchy.positions(expert.classes)]
        torch.testing.assert_close(expert(pictures), whole, rtol=0, atol=2e-5)
    part, all_of_it = (cost(n.spec, n.hierarchy) for n in (expert, net))
    assert part.params < all_of_it.params


def test_each_says_what_made_it(network):
    net, facts = network
    assert facts["spec"] == net.spec.digest
    assert facts["hierarchy"] == net.hierarchy.digest
    assert {"seed", "epochs"} <= set(facts["config"])
    assert {"numpy", "torch"} <= set(facts["versions"])


def test_together_they_are_small():
    files = [shipped.path(f"icons/networks/{name}.safetensors") for name in NAMES]
    assert sum(file.stat().st_size for file in files) <= 10_000_000
