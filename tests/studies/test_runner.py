"""Series of trainings: finished cells stay finished."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import FileFormatError
from taxonomy.studies.runner import run_cells

CELLS = {"a": {"width": 1}, "b": {"width": 2}, "c": {"width": 3}}


class Work:
    """Squares a width, remembers what it was asked for, and stops where told to."""

    def __init__(self, stop_at: str = "") -> None:
        self.done: list[str] = []
        self.stop_at = stop_at

    def __call__(self, name, settings, folder):
        if name == self.stop_at:
            raise KeyboardInterrupt
        self.done.append(name)
        return {"square": settings["width"] ** 2}


def test_rows_come_in_the_order_of_the_cells(tmp_path):
    rows = run_cells(tmp_path, CELLS, Work())
    assert rows == [
        {"cell": "a", "square": 1},
        {"cell": "b", "square": 4},
        {"cell": "c", "square": 9},
    ]


def test_a_finished_cell_is_never_done_twice(tmp_path):
    first = run_cells(tmp_path, CELLS, Work())
    again = Work()
    order = dict(reversed(CELLS.items()))
    assert run_cells(tmp_path, order, again) == first[::-1]
    assert again.done == []


def test_changed_settings_are_done_again(tmp_path):
    run_cells(tmp_path, CELLS, Work())
    work = Work()
    rows = run_cells(tmp_path, CELLS | {"b": {"width": 5}}, work)
    assert work.done == ["b"]
    assert [row["square"] for row in rows] == [1, 25, 9]


def test_an_interrupted_series_continues(tmp_path):
    work = Work(stop_at="c")
    with pytest.raises(KeyboardInterrupt):
        run_cells(tmp_path, CELLS, work)
    again = Work()
    rows = run_cells(tmp_path, CELLS, again)
    assert (work.done, again.done) == (["a", "b"], ["c"])
    assert [row["square"] for row in rows] == [1, 4, 9]


def test_cells_of_another_series_stay_in_the_record(tmp_path):
    run_cells(tmp_path, {"a": CELLS["a"]}, Work())
    run_cells(tmp_path, {"b": CELLS["b"]}, Work())
    work = Work()
    run_cells(tmp_path, {"a": CELLS["a"], "b": CELLS["b"]}, work)
    assert work.done == []


def test_each_cell_has_a_folder_of_its_own(tmp_path):
    folders = []
    run_cells(tmp_path, CELLS, lambda name, settings, folder: folders.append(folder) or {})
    assert folders == [tmp_path / name for name in CELLS]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_survives_in_a_row(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("series")
    cells = {"a": {"text": text}}
    first = run_cells(folder, cells, lambda *_: {"text": text})
    assert run_cells(folder, cells, pytest.fail) == first


ENTRY = {"cell": "a", "settings": "x", "row": {}}


@pytest.mark.parametrize(
    "record",
    [
        *("{", "[]", "3", "[" * 9000, '{"cell": 1e999}', '"\\ud800"'),
        *(json.dumps({k: v for k, v in ENTRY.items() if k != key}) for key in ENTRY),
        *(json.dumps(ENTRY | {key: 3}) for key in ENTRY),
        json.dumps(ENTRY | {"more": 3}),
    ],
)
def test_a_damaged_record_is_named(tmp_path, record):
    (tmp_path / "cells.jsonl").write_text(f"{json.dumps(ENTRY)}\n{record}\n")
    with pytest.raises(FileFormatError, match=r"cells\.jsonl, line 2: .*Remove the line"):
        run_cells(tmp_path, CELLS, pytest.fail)


@pytest.mark.parametrize("value", [float("nan"), 2**64, "\ud800"])
def test_a_row_that_could_not_be_read_again_is_refused(tmp_path, value):
    with pytest.raises(FileFormatError, match=r"cells\.jsonl, the row of a: value: expected"):
        run_cells(tmp_path, {"a": {}}, lambda *_: {"value": value})
    assert not (tmp_path / "cells.jsonl").exists()


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", ".hidden"])
def test_a_name_that_is_no_folder_is_refused(tmp_path, name):
    with pytest.raises(FileFormatError, match="cannot name a folder"):
        run_cells(tmp_path, {name: {}}, pytest.fail)


def test_a_cell_waits_for_those_it_needs(tmp_path):
    order = []

    def work(name, settings, folder):
        order.append(name)
        return {}

    cells = {"student": {}, "teacher": {}}
    run_cells(tmp_path, cells, work, {"student": ("teacher",)})
    assert order == ["teacher", "student"]


SHARED = """
import sys, time
from pathlib import Path
from taxonomy.studies.runner import run_cells

def work(name, settings, folder):
    with Path(sys.argv[1], "log").open("a") as log:
        log.write(name + "\\n")
    time.sleep(0.05)
    return {"square": settings["n"] ** 2}

rows = run_cells(sys.argv[1], {f"c{n}": {"n": n} for n in range(12)}, work)
assert [row["square"] for row in rows] == [n * n for n in range(12)]
"""


def test_processes_share_a_series_and_do_every_cell_once(tmp_path):
    running = [subprocess.Popen([sys.executable, "-c", SHARED, str(tmp_path)]) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    log = (tmp_path / "log").read_text().split()
    assert sorted(log) == sorted({f"c{n}" for n in range(12)})


def test_a_killed_processs_cell_is_free_again(tmp_path):
    code = SHARED.replace("time.sleep(0.05)", "time.sleep(60)")
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)]) as victim:
        while not (tmp_path / "log").exists():
            time.sleep(0.02)
        victim.kill()
    done = subprocess.run([sys.executable, "-c", SHARED, str(tmp_path)], timeout=60)
    assert done.returncode == 0
