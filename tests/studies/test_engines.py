"""Workers are killed, the study is killed, cells go through xargs: the tables stay the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import taxonomy as tx
from taxonomy.studies import LocalEngine, engines, prepare
from taxonomy.studies.engines import Ended, Job
from taxonomy.studies.store import Store
from tests.support.studies import Inline, study_folder, tables

ROOT = Path(__file__).parents[2]
PATIENCE = 300


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return study_folder(tmp_path_factory.mktemp("study"), epochs=12)


@pytest.fixture(scope="module")
def undisturbed(file):
    out = file.parent / "undisturbed"
    tx.study(file, out, engine=Inline(), progress=False)
    return tables(out)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch):
    """Workers find the package whatever folder they start in."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def until(condition):
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def begun(out):
    """Return the cells of which an epoch is done and not all of them are."""
    return [
        path.parents[1].name
        for path in (out / "cells").glob("*/run/metrics.jsonl")
        if not (path.parents[1] / "done.json").exists()
    ]


@pytest.mark.slow
def test_a_killed_worker_costs_its_cell_the_time_since_its_last_checkpoint(
    file, undisturbed, tmp_path, monkeypatch
):
    started: list[subprocess.Popen] = []

    def start(cell, job):
        started.append(real(cell, job))
        return started[-1]

    real = engines.start
    monkeypatch.setattr(engines, "start", start)

    def kill():
        until(lambda: begun(tmp_path))
        started[-1].kill()

    killer = threading.Thread(target=kill)
    killer.start()
    tx.study(file, tmp_path, workers=1, progress=False)
    killer.join()
    assert len(started) == 9  # eight cells, and the killed one again
    assert tables(tmp_path) == undisturbed


@pytest.mark.slow
def test_a_killed_study_continues_and_leaves_no_worker_behind(file, undisturbed, tmp_path):
    command = [sys.executable, "-m", "taxonomy", "study", str(file), "--out", str(tmp_path)]
    study = subprocess.Popen([*command, "--workers", "2", "--quiet"])
    (cell, *_) = until(lambda: begun(tmp_path))
    os.kill(study.pid, signal.SIGKILL)
    study.wait()
    until(lambda: not workers(tmp_path))
    assert cell in begun(tmp_path)
    tx.study(file, tmp_path, engine=Inline(), progress=False)
    assert tables(tmp_path) == undisturbed


def workers(out: Path) -> list[str]:
    """Return the processes that work on a study's cells."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "--cell" in words and str(out) in words:
            found.append(path.parent.name)
    return found


@pytest.mark.slow
def test_lines_given_to_xargs_do_the_same(file, undisturbed, tmp_path):
    out = tmp_path / "a folder; with $odd 'letters'"
    command = [sys.executable, "-m", "taxonomy", "study", str(file), "--out", str(out)]
    listed = subprocess.run([*command, "--list"], capture_output=True, text=True, check=True)
    assert len(listed.stdout.splitlines()) == 8
    subprocess.run(
        ["xargs", "-P", "2", "-d", "\n", "-I", "{}", "sh", "-c", "{}"],
        input=listed.stdout,
        text=True,
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
    )
    again = subprocess.run([*command, "--list"], capture_output=True, text=True, check=True)
    assert again.stdout.strip() == ""
    tx.study(file, out, engine=Inline(), progress=False)
    assert tables(out) == undisturbed


def ended(file, tmp_path, monkeypatch, code: str) -> tuple[list[Ended], int]:
    """Have a worker of our own run on one cell; return how it ended and how often it was begun."""
    tries = []

    def start(cell, job):
        tries.append(cell)
        return subprocess.Popen([sys.executable, "-c", code])

    monkeypatch.setattr(engines, "start", start)
    monkeypatch.setattr(engines, "POLL_SECONDS", 0.01)
    asked = prepare(file, tmp_path)
    found = LocalEngine(1).work(asked.pending[:1], asked.job)
    return [end for end in found if end is not None], len(tries)


def test_a_worker_that_is_killed_again_and_again_is_given_up(file, tmp_path, monkeypatch):
    ends, tries = ended(file, tmp_path, monkeypatch, "import os; os.kill(os.getpid(), 9)")
    assert tries == engines.MOST_TRIES
    assert "killed (signal 9), 3 times" in ends[0].failure
    assert Store(tmp_path / "cells").failed(ends[0].cell) == ends[0].failure


def test_a_training_that_fails_is_not_tried_again(file, tmp_path, monkeypatch):
    ends, tries = ended(file, tmp_path, monkeypatch, "raise SystemExit(2)")
    assert (len(ends), tries) == (1, 1)


def test_a_line_is_safe_for_a_shell(tmp_path):
    job = Job(Store(tmp_path / "x;rm -rf $HOME"), tmp_path / "it's.toml", tmp_path / "a b", 1)
    line = job.line("0123")
    said = subprocess.run(
        ["sh", "-c", f"printf '%s\\n' {line}"], capture_output=True, text=True, check=True
    )
    assert said.stdout.splitlines() == job.command("0123")
