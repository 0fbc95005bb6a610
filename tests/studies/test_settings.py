"""Series: trained once, scored from what is stored, teachers of the same seed."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from taxonomy._core.errors import TrainingError
from taxonomy.design.costs import expert_costs
from taxonomy.design.spec import NetSpec
from taxonomy.studies.settings import (
    Setting,
    mean_over_seeds,
    run_series,
    score_series,
    with_starts,
)
from taxonomy.tasks import Task, TaskList
from taxonomy.training import Objective, TrainConfig
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.stripes import CLASSES, TREE

CONFIG = TrainConfig(epochs=1, batch_size=36, precision="fp32")
SETTINGS = {
    "flat": Setting(NetSpec.flat((6, 8), resolution=16), Hierarchy.star(CLASSES), CONFIG),
    "tree": Setting(
        NetSpec.tree(trunk=((6, 1),), levels=((6, 1),), resolution=16),
        TREE,
        replace(CONFIG, objective=Objective(distill=1.0)),
        teacher="flat",
        start="flat",  # whose first stage is the tree network's trunk
    ),
}
TASKS = TaskList(
    [
        Task("a", ("across-fine", "across-wide"), "coherent"),
        Task("b", ("down-wide", "plain"), "random"),
    ],
    CLASSES,
)
KINDS = (("coherent", 2), ("random", 2))


@pytest.fixture(scope="module")
def runs(stripes, tmp_path_factory):
    folder = tmp_path_factory.mktemp("series")
    return folder, run_series(folder, SETTINGS, stripes, (0, 1), progress=False)


def test_scores_are_those_of_the_stored_predictions(runs):
    _, made = runs
    scores = score_series(made, TASKS, "val", KINDS)
    assert list(zip(scores["setting"], scores["seed"], strict=True)) == list(made)
    for row, run in zip(scores.itertuples(), made.values(), strict=True):
        predictions = run.predictions("val")
        assert row.accuracy == predictions.accuracy()
        assert row.coherent2_accuracy == predictions.accuracy(("across-fine", "across-wide"))
        costs = expert_costs(run.spec, run.hierarchy, TASKS)
        assert (row.random2_macs, row.random2_params) == (costs.macs[1], costs.params[1])


def test_means_over_seeds(runs):
    _, made = runs
    scores = score_series(made, TASKS, "val", KINDS)
    means = mean_over_seeds(scores).set_index("setting")
    flat = scores[scores["setting"] == "flat"]["accuracy"]
    assert means.loc["flat", "seeds"] == 2
    assert means.loc["flat", "accuracy"] == pytest.approx(flat.mean())
    assert means.loc["flat", "accuracy_sd"] == pytest.approx(flat.std())


def test_minutes_count_those_of_the_start(runs):
    _, made = runs
    scores = score_series(made, TASKS, "val", KINDS)
    alone = dict(zip(made, scores["train_minutes"], strict=True))
    counted = with_starts(scores, SETTINGS).set_index(["setting", "seed"])["train_minutes"]
    assert counted["flat", 1] == alone["flat", 1]
    assert counted["tree", 1] == alone["flat", 1] + alone["tree", 1]


def test_a_finished_series_trains_nothing(runs, stripes):
    folder, made = runs
    before = {
        run.path: (run.path / "model.safetensors").stat().st_mtime_ns for run in made.values()
    }
    again = run_series(folder, SETTINGS, stripes, (0, 1), progress=False)
    assert {
        run.path: (run.path / "model.safetensors").stat().st_mtime_ns for run in again.values()
    } == before


def test_a_run_whose_folder_is_gone_is_trained_again(stripes, tmp_path):
    first = run_series(tmp_path, {"flat": SETTINGS["flat"]}, stripes, progress=False)["flat", 0]
    model = first.manifest["model"]
    shutil.rmtree(first.path)
    again = run_series(tmp_path, {"flat": SETTINGS["flat"]}, stripes, progress=False)["flat", 0]
    assert again.manifest["model"] == model


def test_a_teacher_must_come_first(stripes, tmp_path):
    with pytest.raises(TrainingError, match="no earlier setting"):
        run_series(tmp_path, {"tree": SETTINGS["tree"]}, stripes, progress=False)


def test_a_network_may_teach(runs, stripes, tmp_path):
    """A file in place of an earlier setting teaches alike, and another file is another setting."""
    _, made = runs
    where = {seed: str(made["flat", seed].path / "model.safetensors") for seed in (0, 1)}
    by = {seed: replace(SETTINGS["tree"], teacher=where[seed], start=where[seed]) for seed in where}
    taught = run_series(tmp_path, {"tree": by[0]}, stripes, progress=False)["tree", 0]
    assert taught.manifest["model"] == made["tree", 0].manifest["model"]
    with pytest.raises(TrainingError, match="another start"):
        run_series(tmp_path, {"tree": by[1]}, stripes, progress=False)
