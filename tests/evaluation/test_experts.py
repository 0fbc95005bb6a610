"""Points and gains of a table that can be averaged by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from taxonomy._core.errors import DataError
from taxonomy.design.costs import cost
from taxonomy.design.spec import NetSpec
from taxonomy.evaluation.curves import cost_accuracy_curve
from taxonomy.evaluation.experts import mean_points, points, versus_flat
from taxonomy.predictions import Predictions
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested([["a", "b"], ["c", "d"]])
SPEC = NetSpec.tree(trunk=((4, 0),), levels=((4, 0),), resolution=8)
TASKS = TaskList(
    [Task("x", ("a", "b"), "coherent", "tree"), Task("y", ("a", "c", "d"))], TREE.leaves
)
# a, b, c, d, each once; the picture of b looks like a
PREDICTIONS = Predictions(TREE.leaves, np.eye(4)[[0, 0, 2, 3]], [0, 1, 2, 3], "val")


def test_points_join_cost_and_masked_accuracy():
    table = points(SPEC, TREE, PREDICTIONS, TASKS)
    whole = [cost(SPEC, TREE, task.classes) for task in TASKS]
    assert table["accuracy"].tolist() == [1 / 2, 3 / 3]
    assert table["params"].tolist() == [one.params for one in whole]
    assert table["macs"].tolist() == [one.macs for one in whole]
    assert table[["task", "kind", "reference", "size"]].to_numpy().tolist() == [
        ["x", "coherent", "tree", 2],
        ["y", "named", "", 3],
    ]


def test_tasks_over_other_classes_are_refused():
    with pytest.raises(DataError, match="other classes"):
        points(SPEC, TREE, PREDICTIONS, TaskList([], ["a", "b"]))


def frame(*rows):
    keys = ["task", "kind", "reference", "size", "accuracy", "params", "macs"]
    return pd.DataFrame(rows, columns=keys)


def test_a_curve_names_the_network_of_other_classes():
    tree = Hierarchy.star(["a", "b"])
    net = SimpleNamespace(
        spec=NetSpec.flat((4,)),
        hierarchy=tree,
        predictions=Predictions(tree.leaves, [[0.0, 1.0]], [1], "val"),
    )
    with pytest.raises(DataError, match="the network 'flat': The tasks are over other classes"):
        cost_accuracy_curve({"flat": net}, TASKS)


def test_means_over_tasks():
    net = frame(
        ("1", "coherent", "w", 5, 0.8, 10, 100),
        ("2", "coherent", "w", 5, 0.9, 30, 300),
        ("3", "coherent", "w", 2, 1.0, 7, 70),
        ("kitchen", "named", "", 9, 0.5, 1, 10),
        ("street", "named", "", 9, 0.7, 3, 30),
    )
    table = mean_points({"net": net}).set_index(["kind", "size"])
    five, two, named = (table.loc[key] for key in [("coherent", 5), ("coherent", 2), ("named", 9)])
    assert five[["tasks", "accuracy", "params", "macs"]].tolist() == pytest.approx(
        [2, 0.85, 20, 200]
    )
    # the standard error of two numbers 0.1 apart: sd = 0.1 / sqrt(2), over sqrt(2)
    assert five["accuracy_se"] == pytest.approx(0.05)
    assert two["accuracy"] == 1.0
    assert np.isnan(two["accuracy_se"])
    assert named[["tasks", "accuracy", "macs"]].tolist() == pytest.approx([2, 0.6, 20])


def test_networks_stay_apart():
    row = ("1", "coherent", "w", 5, 0.8, 10, 100)
    table = mean_points({"one": frame(row), "other": frame(row)})
    assert table["network"].tolist() == ["one", "other"]


def test_gain_is_measured_from_the_flat_line_in_log_macs():
    nets = {
        "thin": (0.6, 100),
        "wide": (0.8, 10_000),
        "tree": (0.75, 1000),  # half way from 100 to 10,000 in the logarithm: the line is at 0.7
        "tiny": (0.5, 50),  # left of the line's end
        "huge": (0.9, 20_000),
    }
    frames = {n: frame(("1", "coherent", "w", 5, a, 1, m)) for n, (a, m) in nets.items()}
    means = mean_points(frames)
    gains = versus_flat(means, ["wide", "thin"]).set_index("network")["gain_at_equal_macs"]
    assert gains["tree"] == pytest.approx(0.05)
    assert gains[["thin", "wide"]].tolist() == pytest.approx([0, 0])
    assert gains[["tiny", "huge"]].isna().all()


def test_without_a_flat_family_there_is_no_gain():
    means = mean_points({"tree": frame(("1", "coherent", "w", 5, 0.8, 1, 10))})
    assert versus_flat(means, [])["gain_at_equal_macs"].isna().all()


def test_kinds_and_sizes_are_compared_with_their_own_line():
    flat = frame(("1", "coherent", "w", 5, 0.6, 1, 100), ("2", "random", "", 5, 0.8, 1, 100))
    tree = frame(("1", "coherent", "w", 5, 0.7, 1, 100), ("2", "random", "", 5, 0.7, 1, 100))
    table = versus_flat(mean_points({"flat": flat, "tree": tree}), ["flat"])
    gains = table[table["network"] == "tree"].set_index("kind")["gain_at_equal_macs"]
    assert gains.to_dict() == pytest.approx({"coherent": 0.1, "random": -0.1})
