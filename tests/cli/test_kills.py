"""Commands killed before and after each time they save: run again, they end as if never killed.

The same files with the same bytes, and nothing left over.
"""

from __future__ import annotations

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from taxonomy.cli import main
from taxonomy.design import NetSpec
from taxonomy.labels import LabelSet
from taxonomy.similarity._vectors import PART
from tests.support.asking import FOUR
from tests.support.server import serve
from tests.support.stripes import TREE, picture_folder

ROOT = Path(__file__).parents[2]


def kill_at_every_rename(folder: Path, *words: object, what: str = "renames") -> int:
    """Kill a command at every rename, or other way of saving; return how many there are."""
    folder.mkdir()
    command = [sys.executable, "-m", "tests.support.victim", what, folder, *words]
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
def test_a_training_on_views_of_a_teacher(tmp_path, training):
    """As above, and the cache of the views: their bytes, then the facts that make them count."""
    teacher = tmp_path / "teacher"
    assert main([*training, "--out", str(teacher)]) == 0
    words = [*training, "--views", "2", "--teacher", str(teacher), "--distill", "0.5"]
    renames = kill_at_every_rename(tmp_path / "runs", *words, "--out", "{}/run")
    assert renames >= 14


@pytest.mark.slow
def test_tables_of_an_evaluation(tmp_path, training):
    run = tmp_path / "run"
    assert main([*training, "--out", str(run)]) == 0
    renames = kill_at_every_rename(tmp_path / "out", "evaluate", run, "--out", "{}/scores")
    assert renames == 5


@pytest.mark.slow
def test_a_report_of_a_comparison(tmp_path):
    """Every table and picture, the page, and what says how it was made."""
    words = "compare icons/wordnet icons/random --metrics robinson_foulds --quiet"
    renames = kill_at_every_rename(tmp_path / "out", *words.split(), "--out", "{}/report")
    assert renames == 10


def test_a_tree_asked_of_a_model(tmp_path):
    FOUR.save(tmp_path / "four.csv")
    with serve() as server:
        words = f"generate {tmp_path}/four.csv --source llm --model m --base-url {server.url} --yes"
        words += " --store {}/store.sqlite --out {}/tree.json"
        assert kill_at_every_rename(tmp_path / "out", *words.split()) == 1
        asked = len(server.bodies)
    assert asked == 3 * len(FOUR)  # what was answered before a kill was not asked again


def test_vectors_in_the_cache(tmp_path):
    """They are committed a part at a time, and no part is embedded twice once it is there."""
    LabelSet([f"class {number}" for number in range(PART + 10)]).save(tmp_path / "many.csv")
    with serve(_vectors) as server:
        words = f"generate {tmp_path}/many.csv --source embedding --server {server.url}"
        words += " --model m --out {}/tree.json"
        parts = kill_at_every_rename(tmp_path / "out", *words.split(), what="commits")
        asked = sum(len(body["input"]) for body in server.bodies)
    assert parts == 2
    whole, rest = PART + 10, 10
    killed = (PART + whole, PART + rest, whole + rest, whole)  # before the first commit, after it …
    assert asked == whole + sum(killed)


def _vectors(body, number):
    """Answer with three numbers that depend on the text."""
    data = [
        {"object": "embedding", "index": at, "embedding": [*sha256(text.encode()).digest()[:3]]}
        for at, text in enumerate(body["input"])
    ]
    return {"object": "list", "data": data, "model": "m", "usage": {"total_tokens": 1}}
