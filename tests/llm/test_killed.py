"""A run that is killed again and again pays for nothing twice and ends in the same tree."""

from __future__ import annotations

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from taxonomy.labels import LabelSet, get_labels
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.server import serve

CONCURRENCY = 4
ROOT = Path(__file__).parents[2]


def command(folder: Path, url: str, name: str) -> list[str]:
    text = f"-m taxonomy generate {folder}/classes.csv --source llm --model scripted --yes "
    text += f"--base-url {url} "
    text += f"--concurrency {CONCURRENCY} --store {folder / name}.sqlite --out {folder / name}.json"
    return [sys.executable, *text.split()]


def stored(folder: Path, name: str) -> set[str]:
    """Return the messages of all requests with a stored answer."""
    path = folder / f"{name}.sqlite"
    if not path.exists():
        return set()
    with sqlite3.connect(path) as base:
        try:
            rows = base.execute("SELECT request FROM requests JOIN answers USING (key)").fetchall()
        except sqlite3.OperationalError:  # killed before the tables were made
            return set()
    base.close()
    return {json.dumps(json.loads(row[0])["body"]["messages"]) for row in rows}


@pytest.mark.parametrize(
    ("count", "kills"), [(20, 2), pytest.param(212, 20, marks=pytest.mark.slow)]
)
def test_kills_pay_for_nothing_twice(tmp_path, count, kills):
    rng = random.Random(6)
    labels = LabelSet(list(get_labels("icons"))[:count])
    labels.save(tmp_path / "classes.csv")
    with serve() as whole:
        subprocess.run(
            command(tmp_path, whole.url, "whole"), cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
        assert len(whole.bodies) == count
    with serve() as server:
        server.delay = 0.05
        killed = 0
        for _ in range(kills):
            before, had = len(server.bodies), stored(tmp_path, "killed")
            process = subprocess.Popen(
                command(tmp_path, server.url, "killed"), cwd=ROOT, stdout=subprocess.DEVNULL
            )
            # At a random request of this run, and a random moment after it.
            target = before + rng.randint(1, 8)
            while process.poll() is None and len(server.bodies) < target:
                time.sleep(0.002)
            time.sleep(rng.random() * 0.06)
            process.send_signal(signal.SIGKILL)
            killed += process.wait() == -signal.SIGKILL
            again = {json.dumps(body["messages"]) for body in server.bodies[before:]} & had
            assert again == set(), "a request with a stored answer was sent again"
        assert killed == kills
        before = len(server.bodies)
        subprocess.run(
            command(tmp_path, server.url, "killed"), cwd=ROOT, check=True, stdout=subprocess.DEVNULL
        )
        duplicates = len(server.bodies) - count
        assert 0 <= duplicates <= CONCURRENCY * kills
        assert 0 < len(server.bodies) - before < count
    trees = [Hierarchy.load(tmp_path / f"{name}.json") for name in ("whole", "killed")]
    assert trees[0].to_json() == trees[1].to_json()
    assert trees[0].leaves == labels.ids
