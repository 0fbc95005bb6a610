"""The page's numbers are those of the rest of the toolkit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from taxonomy.design import CONVNEXT, NetSpec, cost
from taxonomy.explorer import Explorer, Timing
from taxonomy.explorer.figures import MOST_CALLED, Network
from taxonomy.export.figures import wilson
from taxonomy.export.sizes import model_bytes
from taxonomy.nets import build_net, extract, get_net
from taxonomy.tasks import get_tasks
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.explored import scored_by_chance, tiny_networks

ROOT = Path(__file__).parents[2]
IDS = [f"c{i:02d}" for i in range(12)]
NETS = tiny_networks(IDS)
PAGE = Explorer.of(NETS)


def subsets(count: int, ids: list[str]) -> list[list[str]]:
    rng = np.random.default_rng(0)
    return [sorted(rng.choice(ids, rng.integers(1, len(ids) + 1), False)) for _ in range(count)]


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("nesting", ["parent", "ancestors", "gate"])
def test_costs_are_those_of_the_closed_form(name, nesting):
    net = NETS[name]
    net = dataclasses.replace(net, spec=dataclasses.replace(net.spec, nesting=nesting))
    page = Explorer.of({name: net})
    for classes in subsets(30, IDS):
        found, wanted = page.ask(name, classes), cost(net.spec, net.hierarchy, classes)
        assert (found.params, found.macs) == (wanted.params, wanted.macs)
        assert found.nodes == len(net.hierarchy.restrict(classes).nodes)


@pytest.mark.parametrize("name", NETS)
def test_accuracy_is_the_masked_networks_with_wilsons_interval(name):
    for classes in subsets(30, IDS):
        found = PAGE.ask(name, classes)
        part = NETS[name].predictions.restrict(classes)
        assert found.accuracy == part.accuracy()
        assert found.pictures == len(part)
        assert (found.low, found.high) == wilson(found.right, found.pictures)


def test_classes_without_pictures_have_no_accuracy():
    net = scored_by_chance(Hierarchy.star(IDS), NetSpec.flat((4,)))
    rows = np.flatnonzero(net.predictions.targets > 1)
    some = type(net.predictions)(
        IDS, net.predictions.logits[rows], net.predictions.targets[rows], "val"
    )
    page = Explorer.of({"x": type(net)(net.spec, net.hierarchy, some)})
    found = page.ask("x", IDS[:2])
    assert found.pictures == 0
    assert np.isnan([found.accuracy, found.low, found.high]).all()


WIDE = {
    "tree": NetSpec.tree(levels=((48, 1), (32, 1))),
    "convnext": NetSpec.tree(levels=((48, 1), (32, 1)), block=CONVNEXT),
    "gate": NetSpec.tree(levels=((64, 1), (48, 1)), nesting="gate"),
    "flat": NetSpec.flat((24, 48, 96)),
}


@pytest.mark.parametrize("name", WIDE)
def test_float_files_are_predicted_as_elsewhere(name):
    ids = [f"c{i:03d}" for i in range(60)]
    nested = [[ids[:10], ids[10:20]], [ids[20:30], ids[30:45]], ids[45:]]
    tree = Hierarchy.star(ids) if name == "flat" else Hierarchy.from_nested(nested)
    page = Explorer.of({name: scored_by_chance(tree, WIDE[name], each=1)})
    for classes in subsets(10, ids):
        wanted = model_bytes(WIDE[name], tree.restrict(classes))
        assert page.ask(name, classes).float_bytes == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize("name", WIDE)
def test_int8_files_are_predicted(name):
    pytest.importorskip("onnxruntime")
    from taxonomy.export import ONNX
    from taxonomy.export.checking import made_up

    ids = [f"c{i:02d}" for i in range(20)]
    nested = [[ids[:5], ids[5:10]], ids[10:]]
    tree = Hierarchy.star(ids) if name == "flat" else Hierarchy.from_nested(nested)
    page = Explorer.of({name: scored_by_chance(tree, WIDE[name], each=1)})
    target = ONNX(precision="int8")
    for classes in (ids[:2], ids[3:14:2]):
        net = build_net(WIDE[name], tree)
        for parameter in net.parameters():  # in a fresh network some are zero, and kept once
            torch.nn.init.normal_(parameter, std=0.1)
        expert = extract(net, classes)
        written = len(target.quantized(expert, target.model(expert), made_up(expert)))
        assert page.ask(name, classes).int8_bytes == pytest.approx(written, rel=0.05)


def test_files_of_two_hundred_written_experts_are_predicted():
    """They were written and measured by ``analysis/bench/int8.py``."""
    net, tasks = get_net("icons/tree"), get_tasks("icons")
    page = Explorer.of({"tree": scored_by_chance(net.hierarchy, net.spec, each=1)}, tasks=tasks)
    written = pd.read_csv(ROOT / "analysis/results/int8.csv").set_index("task")
    assert len(written) == 200
    for task, row in written[["bytes_in_floats", "bytes"]].iterrows():
        found = page.ask("tree", tasks[task].classes)
        assert found.float_bytes == pytest.approx(row["bytes_in_floats"], rel=0.002)
        assert found.int8_bytes == pytest.approx(row["bytes"], rel=0.004)


def test_a_network_that_is_not_exported_has_no_file():
    from taxonomy.design.blocks import Backbone

    spec = NetSpec((), backbone=Backbone("resnet18", 1, 64, 8, 1000, 2000))
    found = Explorer.of({"x": scored_by_chance(Hierarchy.star(IDS), spec)}).ask("x", IDS[:3])
    assert found.float_bytes is None
    assert found.int8_bytes is None


def test_times_are_told_where_they_were_measured():
    timing = Timing(0.5, 0.25, 0.125, 0.02, 24, "onnxruntime", 1, "a laptop")
    page = Explorer.of(NETS, timings={"two": timing})
    found = page.ask("two", IDS[:2])
    assert found.ms == 0.5 + 0.25 * found.macs / 1e6 + 0.125 * 2
    assert page.ask("flat", IDS[:2]).ms is None
    assert "a laptop, 2% off" in str(page)


def test_large_trees_have_names_without_comparing_all_pairs():
    ids = [f"c{i:05d}" for i in range(MOST_CALLED + 2)]
    tree = Hierarchy.from_nested([ids[:3], [ids[3]], {"name": "rest", "leaves": ids[4:]}])
    spec = NetSpec.tree(levels=((4, 0),))
    content = Network.of("x", "x", scored_by_chance(tree, spec, each=1, lead=99), None).content
    assert content["names"] == {"1": "c00000 and 2 more", "5": "c00003", "7": "rest"}
    assert json.dumps(content)
