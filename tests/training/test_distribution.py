"""Two processes train as one would, and the loss of one is told and loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from taxonomy._core.errors import TrainingError
from taxonomy.training import TrainConfig, distribution
from taxonomy.training.config import uses_bf16
from tests.support.stripes import TREE, picture_folder

ROOT = Path(__file__).parents[2]
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m")


class Report(UserWarning):
    """A figure that the end of a test run shows."""


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}


def gradients(path: Path, mode: str, launcher: tuple[str, ...]) -> dict[str, torch.Tensor]:
    command = [sys.executable, *launcher, "tests.support.parallel", str(path), mode]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return load_file(path)


@pytest.fixture(scope="module")
def steps(tmp_path_factory) -> dict[tuple[str, int], dict[str, torch.Tensor]]:
    folder = tmp_path_factory.mktemp("steps")
    launchers = {1: ("-m",), 2: TORCHRUN}
    return {
        (mode, n): gradients(folder / f"{mode}-{n}.safetensors", mode, launcher)
        for mode in ("eval", "train")
        for n, launcher in launchers.items()
    }


def largest_gap(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    assert one.keys() == other.keys()
    return max((one[name] - other[name]).abs().max().item() for name in one)


def test_averaged_gradients_equal_one_processs(steps):
    """An odd batch in three parts: the processes' shares differ in size, and still count right."""
    assert steps["eval", 1]["loss"] > 1
    assert largest_gap(steps["eval", 1], steps["eval", 2]) < 1e-6


@pytest.mark.filterwarnings("default::tests.training.test_distribution.Report")
def test_batch_norm_sees_each_processs_part_by_itself(steps, record_property):
    """The difference that smaller batches make in training mode is there, and is reported."""
    gap = largest_gap(steps["train", 1], steps["train", 2])
    record_property("largest difference of gradients with batch norm", gap)
    warnings.warn(f"with batch norm the gradients differ by up to {gap:.1e}", Report, stacklevel=1)
    assert 1e-6 < gap < 1


def workers_of(launcher: int) -> dict[str, int]:
    """Return the process ids of a launcher's workers by their rank."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            variables = (folder / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        if parent == launcher:
            values = dict(v.decode(errors="replace").partition("=")[::2] for v in variables if v)
            if "RANK" in values:
                found[values["RANK"]] = int(folder.name)
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_a_lost_worker_ends_the_run_with_a_message_and_the_run_continues(tmp_path):
    tree, out = tmp_path / "tree.json", tmp_path / "run"
    TREE.save(tree)
    command = [
        *(sys.executable, *TORCHRUN, "taxonomy", "train", "--epochs", "20"),
        *("--data", str(picture_folder(tmp_path / "data")), "--hierarchy", str(tree)),
        *("--spec", str(small_spec(tmp_path)), "--checkpoint-steps", "2", "--out", str(out)),
    ]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        wait_until(lambda: (out / "checkpoint.safetensors").exists(), running)
        os.kill(workers_of(running.pid)["1"], signal.SIGKILL)
        _, errors = running.communicate(timeout=120)
    assert running.returncode != 0
    assert b"Another process of this training was lost" in errors, errors.decode()
    from taxonomy.training.checkpoint import load_checkpoint

    with pytest.raises(Exception, match="other settings"):  # whole, and of that run
        load_checkpoint(out / "checkpoint.safetensors", {}, "another key")
    assert not (out / "manifest.json").exists()
    again = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120
    )
    assert again.returncode == 0, again.stderr
    epochs = [
        json.loads(line)["epoch"] for line in (out / "metrics.jsonl").read_text().splitlines()
    ]
    assert epochs == list(range(1, 21))


def test_two_processes_finish_and_score_the_network_that_they_save(tmp_path):
    tree, out = tmp_path / "tree.json", tmp_path / "run"
    TREE.save(tree)
    command = [
        *(sys.executable, *TORCHRUN, "taxonomy", "train", "--epochs", "2", "--ema", "0.9"),
        *("--data", str(picture_folder(tmp_path / "data")), "--hierarchy", str(tree)),
        *("--spec", str(small_spec(tmp_path)), "--out", str(out), "--precision", "fp32"),
    ]
    for _ in range(2):  # the second time there is nothing left to do
        done = subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
    assert not (out / "checkpoint.safetensors").exists()
    from taxonomy.data import get_data
    from taxonomy.training import Run, predictions_on

    run = Run(out)
    data = get_data(tmp_path / "data", 16).part("val")
    stored, again = run.predictions("val").logits, predictions_on(run.net(), data).logits
    assert len(stored) > 4
    np.testing.assert_allclose(stored, again, rtol=0, atol=1e-5)


def small_spec(folder: Path) -> Path:
    from taxonomy.design.spec import NetSpec

    path = folder / "spec.json"
    NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16).save(path)
    return path


def wait_until(holds, running: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not holds():
        assert running.poll() is None, running.stderr.read().decode()
        assert time.monotonic() < deadline
        time.sleep(0.05)


class TestDevices:
    """The processor, NVIDIA's cards and Apple's; none is taken for another."""

    def test_what_is_no_device_is_refused(self):
        with pytest.raises(TrainingError, match=r"`device` 'gpu'; choose from: cpu, cuda, mps"):
            distribution.check_device("gpu")

    @pytest.mark.parametrize(
        ("name", "question"),
        [("cuda", "torch.cuda.is_available"), ("mps", "torch.backends.mps.is_available")],
    )
    def test_what_is_not_there_is_refused(self, monkeypatch, name, question):
        monkeypatch.setattr(question, lambda: False)
        with pytest.raises(TrainingError, match=f"no device '{name}' here"):
            distribution.check_device(name)
        monkeypatch.setattr(question, lambda: True)
        distribution.check_device(name)

    def test_processes_do_not_share_apples(self, monkeypatch):
        monkeypatch.setattr("torch.backends.mps.is_available", lambda: True)
        with distribution.processes("mps") as device:
            assert device == "mps"
        monkeypatch.setenv("WORLD_SIZE", "2")
        with (
            pytest.raises(TrainingError, match="on `mps` start one alone"),
            distribution.processes("mps"),
        ):
            pass

    def test_half_precision_is_chosen_where_it_is_known_to_be_native(self):
        assert not uses_bf16(TrainConfig(), torch.device("mps"))
        assert uses_bf16(TrainConfig(precision="bf16"), torch.device("mps"))
