"""What the study of rivals does beside training: networks as plain layers, pruned, and counted.

The study is ``analysis/studies/rivals.py``; pruning itself is torch-pruning's.
"""

import importlib
import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import taxonomy as tx
from taxonomy.export import ONNX
from taxonomy.export.pictures import colours
from taxonomy.studies.uncertainty import Resampled

STUDIES = Path(__file__).parents[2] / "analysis" / "studies"
PETS = ("cat", "cow", "dog", "horse", "pig")


@pytest.fixture(autouse=True)
def studies(monkeypatch):
    """The studies' folder is where their scripts find each other."""
    monkeypatch.syspath_prepend(str(STUDIES))


@pytest.fixture
def pruning(studies):
    return importlib.import_module("pruning")


@pytest.fixture(scope="module")
def pictures():
    return tx.get_data("icons").restrict(PETS).part("train")


@pytest.fixture(scope="module", params=["icons/tree", "icons/flat"])
def net(request):
    return tx.extract(tx.get_net(request.param), PETS)


def answers_of(net, shown):
    with torch.no_grad():
        return net(shown).numpy()


def test_plain_layers_answer_as_the_network_with_and_without_norms(net, pictures, pruning):
    plain, shown = pruning.Plain.of(net), pruning.some(pictures)
    known = answers_of(net, shown)
    assert np.abs(answers_of(plain, shown) - known).max() < 1e-4
    plain.normalise(shown)
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in plain.modules()) >= 9
    assert np.abs(answers_of(plain, shown) - known).max() < 1e-4
    # Each norm has these pictures' own statistics: a training begins where the answers are.
    assert np.abs(answers_of(plain.train(), shown) - known).max() < 1e-2


def test_the_file_of_plain_layers_answers_as_the_exported_network(net, pictures, pruning, tmp_path):
    plain = pruning.Plain.of(net)
    plain.normalise(pruning.some(pictures))
    shown, files = colours(pictures.images[:8]), {}
    for name, content in (("one", pruning.onnx_of(plain.lowered())), ("two", ONNX().model(net))):
        (tmp_path / name).write_bytes(content)
        files[name] = ONNX().runner(tmp_path / name)(shown)
    assert np.abs(files["one"] - files["two"]).max() < 1e-4


def test_a_graph_of_a_flat_network_counts_as_in_closed_form(pruning):
    net = tx.extract(tx.get_net("icons/flat"), PETS)
    macs, params = pruning.counted(pruning.Plain.of(net).lowered())
    cost = tx.cost(net.spec, net.hierarchy)
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert macs == cost.macs
    assert params == cost.params - sum(m.num_features for m in norms)  # scale and shift are a bias


needs_pruning = pytest.mark.skipif(
    importlib.util.find_spec("torch_pruning") is None, reason="needs torch-pruning"
)


@needs_pruning
def test_a_flat_network_is_pruned_until_it_is_small_enough(pictures, pruning):
    net = tx.extract(tx.get_net("icons/flat"), PETS)
    plain, most = pruning.Plain.of(net), 9_000_000
    plain.normalise(pruning.some(pictures))
    how = pruning.Pruning(steps=6, together=True)
    pruning.pruned(plain, pictures, net, how, 0, enough=lambda g: pruning.counted(g)[0] <= most)
    assert 0 < pruning.counted(plain.lowered())[0] <= most
    assert plain.lowered().steps[-1].arrays["weight"].shape[1] == len(PETS)


@needs_pruning
def test_branches_are_pruned_and_the_trunk_stays(pictures, pruning):
    of_branches = importlib.import_module("rival_nets").of_branches
    flat, net = (tx.extract(tx.get_net(f"icons/{name}"), PETS) for name in ("flat", "tree"))
    plain = of_branches(net, pictures, flat, pruning.Pruning(steps=1, share=0.5), 0)
    before, after = pruning.Plain.of(net).lowered().steps, plain.lowered().steps
    widths = [(a.channels, b.channels) for a, b in zip(before, after, strict=True)]
    changed = [pair for pair, step in zip(widths, after, strict=True) if "weight" in step.arrays]
    assert changed[:7] == [(n, n) for n in (12, 20, 20, 20, 40, 40, 160)]
    assert changed[8:11] == [(64, 32), (64, 32), (128, 64)]


def test_two_steps_add_up_where_shares_multiply_and_losses_sum():
    together = importlib.import_module("rivals").together
    names = ["flat 0.6x", "ours", "ours pruned, 1 epoch"]
    rows = [(kind, precision) for kind in names for precision in ("float", "int8")]
    size = dict(zip(rows, (1000, 400, 100, 50, 60, 30), strict=True))
    right = dict(zip(rows, (0.9, 0.89, 0.88, 0.87, 0.86, 0.84), strict=True))
    table = pd.DataFrame({"kind": k, "precision": p, "bytes": b} for (k, p), b in size.items())
    again = {
        "/".join(row): Resampled(np.full((1, 3), value), np.ones((1, 3)))
        for row, value in right.items()
    }
    made = together(table, again)
    cutting = made["cutting and int8"]  # .1 and .4 of the bytes; 2 points, 1 point and 3
    assert (cutting["bytes_left_expected"], cutting["bytes_left"]) == (0.04, 0.05)
    assert (cutting["one"], cutting["other"], cutting["both"]) == (2, 1, 3)
    assert cutting["more_lost"] == pytest.approx(0)
    pruned = made["pruning and int8, of an expert"]  # 2 and 1 points alone, 4 together
    assert pruned["more_lost"] == pytest.approx(1)
