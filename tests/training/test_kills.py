"""Trainings that are killed, for real: what is on disk suffices to end as if nothing had been."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from safetensors.torch import load_file

ROOT = Path(__file__).parents[2]
STEPS = 24


def victim(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.support.victim", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_killed_at_five_random_steps_it_ends_with_the_same_weights(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    steps = {whole: [], killed: sorted(random.Random(1).sample(range(1, STEPS), 5))}
    for folder, fatal in steps.items():
        folder.mkdir()
        done = victim("train", folder, *fatal)
        assert done.returncode == 0, done.stderr
    one, other = (load_file(folder / "model.safetensors") for folder in (whole, killed))
    assert one.keys() == other.keys()
    assert all(one[name].equal(other[name]) for name in one)


def test_fifty_kills_of_a_writer_leave_a_checkpoint_that_loads(tmp_path):
    done = victim("write", tmp_path / "checkpoint.safetensors", 50)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 50
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]
