"""Commands killed before and after each of their renames: run again, they end as if never killed.

The same files with the same bytes, and nothing left over.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from taxonomy.cli import main
from taxonomy.design import NetSpec
from tests.support.asking import FOUR
from tests.support.server import serve
from tests.support.stripes import TREE, picture_folder

ROOT = Path(__file__).parents[2]


def kill_at_every_rename(folder: Path, *words: object) -> int:
    """Kill a command at every rename; return how many there are."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.support.victim", "renames", folder, *words]
    done = subprocess.run(
        list(map(str, command)), cwd=ROOT, capture_output=True, text=True, timeout=1800
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.fixture
def training(tmp_path):
    """The words of a training of seconds, on pictures that are decoded into the cache."""
    TREE.save(tmp_path / "tree.json")
    NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16).save(tmp_path / "spec.json")
    pictures = picture_folder(tmp_path / "pictures")
    words = f"train --hierarchy {tmp_path}/tree.json --data {pictures} --spec {tmp_path}/spec.json"
    words += " --epochs 2 --batch-size 96 --precision fp32 --checkpoint-steps 2 --quiet"
    return words.split()


@pytest.mark.slow
def test_a_training(tmp_path, training):
    """Settings, pictures in the cache, tree, specification, checkpoints, metrics, results."""
    renames = kill_at_every_rename(tmp_path / "runs", *training, "--out", "{}/run")
    assert renames >= 12


@pytest.mark.slow
def test_tables_of_an_evaluation(tmp_path, training):
    run = tmp_path / "run"
    assert main([*training, "--out", str(run)]) == 0
    renames = kill_at_every_rename(tmp_path / "out", "evaluate", run, "--out", "{}/scores")
    assert renames == 5


def test_a_tree_asked_of_a_model(tmp_path):
    FOUR.save(tmp_path / "four.csv")
    with serve() as server:
        words = f"generate {tmp_path}/four.csv --source llm --model m --base-url {server.url} --yes"
        words += " --store {}/store.sqlite --out {}/tree.json"
        assert kill_at_every_rename(tmp_path / "out", *words.split()) == 1
        asked = len(server.bodies)
    assert asked == 3 * len(FOUR)  # what was answered before a kill was not asked again
