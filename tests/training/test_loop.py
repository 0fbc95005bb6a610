"""Training: it learns, it is reproducible, and it continues as if never stopped."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from taxonomy._core.errors import FileFormatError, TrainingError
from taxonomy.design.spec import NetSpec
from taxonomy.nets import build_net
from taxonomy.training import Objective, Run, TrainConfig, fit, predictions_on, train_run
from taxonomy.training.augment import Augment
from taxonomy.training.checkpoint import Place
from taxonomy.training.loop import Training, batches
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.stripes import TREE

SPEC = NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16)
CONFIG = TrainConfig(
    epochs=4, batch_size=36, precision="fp32", augment=Augment(rotation=3, scale=0.05, shift=0.02)
)


def weights(net: torch.nn.Module) -> list[torch.Tensor]:
    return list(net.state_dict().values())


class StopError(Exception):
    """What a test stops a training with."""


def stop_after(epochs: int):
    def report(row):
        if row["epoch"] == epochs:
            raise StopError

    return report


def test_it_learns(stripes):
    net = build_net(SPEC, TREE, 0)
    rows = []
    fit(net, stripes, replace(CONFIG, epochs=8), report=rows.append, progress=False)
    assert rows[-1]["loss"] < 0.6 * rows[0]["loss"]
    assert predictions_on(net, stripes.part("test")).accuracy() > 0.9


def test_a_flat_network_learns_in_the_same_loop(stripes):
    net = build_net(NetSpec.flat((6, 8), resolution=16), Hierarchy.star(stripes.classes), 0)
    fit(net, stripes, replace(CONFIG, epochs=8), progress=False)
    assert predictions_on(net, stripes.part("val")).accuracy() > 0.9


def test_the_same_seed_gives_the_same_weights(stripes):
    nets = [build_net(SPEC, TREE, 0) for _ in range(2)]
    for net in nets:
        fit(net, stripes, replace(CONFIG, epochs=2), progress=False)
    assert all(torch.equal(a, b) for a, b in zip(*map(weights, nets), strict=True))


@pytest.mark.parametrize("stop", [1, 3])
def test_a_stopped_run_ends_with_the_uninterrupted_ones_weights(stripes, tmp_path, stop):
    whole, part = build_net(SPEC, TREE, 0), build_net(SPEC, TREE, 0)
    fit(whole, stripes, CONFIG, progress=False)
    with pytest.raises(StopError):
        fit(part, stripes, CONFIG, tmp_path / "c.st", stop_after(stop), progress=False)
    fresh = build_net(SPEC, TREE, 0)
    rows = []
    fit(fresh, stripes, CONFIG, tmp_path / "c.st", rows.append, progress=False)
    assert [row["epoch"] for row in rows] == list(range(stop, 5))  # no report is lost
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(fresh), strict=True))


def test_an_epoch_s_seconds_count_those_before_a_stop(stripes, tmp_path, monkeypatch):
    """By a clock that every step moves on by one second."""
    clock = [0.0]
    taken = Training.step

    def step(self, rows, place):
        if stops and clock[0] == 2:
            raise StopError
        clock[0] += 1
        return taken(self, rows, place)

    monkeypatch.setattr("taxonomy.training.loop.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr(Training, "step", step)
    config, rows, stops = replace(CONFIG, epochs=1, checkpoint_steps=1), [], True
    with pytest.raises(StopError):
        fit(build_net(SPEC, TREE, 0), stripes, config, tmp_path / "c.st", progress=False)
    stops, clock[0] = False, 1e6
    fit(build_net(SPEC, TREE, 0), stripes, config, tmp_path / "c.st", rows.append, progress=False)
    assert [row["seconds"] for row in rows] == [len(batches(len(stripes.part("train")), 36))]


def test_a_checkpoint_of_another_training_is_refused(stripes, tmp_path):
    config = replace(CONFIG, epochs=1)
    fit(build_net(SPEC, TREE, 0), stripes, config, tmp_path / "c.st", progress=False)
    with pytest.raises(TrainingError, match="other settings"):
        fit(
            build_net(SPEC, TREE, 0),
            stripes,
            replace(config, learning_rate=1e-3),
            tmp_path / "c.st",
            progress=False,
        )


def test_a_damaged_checkpoint_is_named(stripes, tmp_path):
    (tmp_path / "c.st").write_bytes(b"\x00" * 30)
    with pytest.raises(FileFormatError, match=r"c\.st.*Remove it"):
        fit(build_net(SPEC, TREE, 0), stripes, CONFIG, tmp_path / "c.st", progress=False)


def test_a_diverging_loss_stops_with_advice(stripes):
    net = build_net(SPEC, TREE, 0)
    with torch.no_grad():
        next(net.heads.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="learning_rate"):
        fit(net, stripes, CONFIG, progress=False)


def test_a_loss_that_turns_nan_leaves_the_last_checkpoint(stripes, tmp_path, monkeypatch):
    """The second epoch fails; what the first has learned is on disk and loads."""
    net, path = build_net(SPEC, TREE, 0), tmp_path / "c.st"
    step = Training.step

    def spoiled(training, rows, place):
        return math.nan if place.epoch else step(training, rows, place)

    with monkeypatch.context() as patch:
        patch.setattr(Training, "step", spoiled)
        with pytest.raises(TrainingError, match=r"epoch 2, step 1; lower.*checkpoint is kept"):
            fit(net, stripes, CONFIG, path, progress=False)
    whole, again = build_net(SPEC, TREE, 0), build_net(SPEC, TREE, 0)
    fit(whole, stripes, CONFIG, progress=False)
    fit(again, stripes, CONFIG, path, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(weights(whole), weights(again), strict=True))


def test_other_classes_are_refused(stripes):
    net = build_net(SPEC, Hierarchy.from_nested([["a", "b"], ["c"]]), 0)
    with pytest.raises(TrainingError, match="classes"):
        fit(net, stripes, CONFIG, progress=False)


def test_predicting_changes_nothing(stripes):
    net = build_net(SPEC, TREE, 0).train()
    before = [tensor.clone() for tensor in weights(net)]
    predictions = predictions_on(net, stripes.part("val"), batch_size=10)
    assert net.training
    assert predictions.split == "val"
    assert predictions.groups[0].startswith("group-")
    assert all(torch.equal(a, b) for a, b in zip(before, weights(net), strict=True))


class TestMixing:
    ROWS = np.arange(6)

    def loss(self, data, share, **objective):
        """Return a training's loss of six pictures, and what its network saw."""
        config = replace(CONFIG, mixup=share, objective=Objective(label_smoothing=0, **objective))
        training = Training(build_net(SPEC, TREE, 0), data, config, TREE, None)
        seen = []
        training.net.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        generator = torch.Generator().manual_seed(1)
        return training.loss_of(self.ROWS, Place(), generator).item(), seen[0], training

    def test_pictures_and_targets_are_blended_by_the_same_share(self, stripes):
        _, plain, _ = self.loss(stripes, 0.0)
        loss, mixed, training = self.loss(stripes, 1.0)
        gap = plain.roll(1, 0) - plain
        other = (((mixed - plain) * gap).sum() / (gap * gap).sum()).item()
        assert 0 < other < 1
        torch.testing.assert_close(mixed, (1 - other) * plain + other * plain.roll(1, 0))
        targets = torch.from_numpy(training.part.targets[self.ROWS])
        losses = torch.nn.functional.cross_entropy(training.net(mixed), targets)
        losses = (1 - other) * losses + other * torch.nn.functional.cross_entropy(
            training.net(mixed), targets.roll(1, 0)
        )
        assert loss == pytest.approx(losses.item(), rel=1e-4)

    def test_a_share_of_the_steps_is_left_alone(self, stripes):
        _, plain, _ = self.loss(stripes, 0.0)
        _, rarely, _ = self.loss(stripes, 1e-9)
        assert torch.equal(plain, rarely)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of torch's own, within torch.compile
def test_a_compiled_training_learns_the_same_and_continues_exactly(stripes, tmp_path):
    config = replace(CONFIG, compile=True, mixup=0.5, drop_path=0.1)
    nets = [build_net(SPEC, TREE, 0) for _ in range(3)]
    fit(nets[0], stripes, replace(config, compile=False), progress=False)
    fit(nets[1], stripes, config, progress=False)
    assert predictions_on(nets[1], stripes.part("val")).accuracy() > 0.9
    file = tmp_path / "checkpoint.safetensors"
    with pytest.raises(StopError):
        fit(nets[2], stripes, config, file, report=stop_after(2), progress=False)
    again = build_net(SPEC, TREE, 5)
    fit(again, stripes, config, file, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(weights(nets[1]), weights(again), strict=True))


class TestRunDirectory:
    def test_holds_the_files_of_the_design(self, stripes, tmp_path):
        run = train_run(tmp_path / "r", SPEC, TREE, stripes, CONFIG, progress=False)
        assert {path.name for path in run.path.iterdir()} == {
            *("config.json", "hierarchy.json", "spec.json", "model.safetensors", "metrics.jsonl"),
            *("predictions-val.npz", "predictions-test.npz", "manifest.json"),
        }
        assert run.hierarchy == TREE
        assert run.spec == SPEC
        again = predictions_on(run.net(), stripes.part("test"))
        assert again.digest == run.predictions("test").digest
        assert run.manifest["val_accuracy"] == run.predictions("val").accuracy()
        assert not any("test" in name for name in run.manifest)  # scored only where asked for

    def test_writes_events_for_tensorboard_where_wanted(self, stripes, tmp_path):
        pytest.importorskip("tensorboard")
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        run = train_run(
            tmp_path / "r", SPEC, TREE, stripes, CONFIG, progress=False, tensorboard=True
        )
        events = EventAccumulator(str(run.path / "tensorboard")).Reload()
        rows = [json.loads(x) for x in (run.path / "metrics.jsonl").read_text().splitlines()]
        shown = [(event.step, event.value) for event in events.Scalars("loss")]
        assert shown == [(row["epoch"], pytest.approx(row["loss"])) for row in rows]

    def test_a_finished_run_is_returned_and_not_trained_again(self, stripes, tmp_path):
        run = train_run(tmp_path / "r", SPEC, TREE, stripes, CONFIG, progress=False)
        before = (run.path / "model.safetensors").stat().st_mtime_ns
        train_run(tmp_path / "r", SPEC, TREE, stripes, CONFIG, progress=False)
        assert (run.path / "model.safetensors").stat().st_mtime_ns == before

    def test_other_settings_are_refused(self, stripes, tmp_path):
        train_run(tmp_path / "r", SPEC, TREE, stripes, CONFIG, progress=False)
        with pytest.raises(TrainingError, match="another config"):
            train_run(tmp_path / "r", SPEC, TREE, stripes, replace(CONFIG, seed=5), progress=False)

    def test_a_foreign_folder_is_left_alone(self, stripes, tmp_path):
        (tmp_path / "letter.txt").write_text("mine")
        with pytest.raises(TrainingError, match="not empty"):
            train_run(tmp_path, SPEC, TREE, stripes, CONFIG, progress=False)
        assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]

    def test_an_unfinished_folder_is_no_run(self, tmp_path):
        with pytest.raises(FileFormatError, match="no finished run"):
            Run(tmp_path)
