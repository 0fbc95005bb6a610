"""A study from its file to its report, and what may be done to it on the way."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import taxonomy as tx
from taxonomy._core.errors import FileFormatError, TaxonomyError, TrainingError
from taxonomy._core.sharing import lock
from taxonomy.studies import prepare
from taxonomy.studies.store import Store
from taxonomy.studies.working import BusyError, work_on
from tests.support.studies import TASKS, Inline, study_folder, tables


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return study_folder(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def done(file):
    out = file.parent / "out"
    return tx.study(file, out, engine=Inline(), progress=False)


@pytest.fixture
def copied(done, tmp_path):
    shutil.copytree(done.folder / "cells", tmp_path / "cells")
    return tmp_path


def some_cell(file, out):
    return next(iter(prepare(file, out).plan.cells))


def test_every_task_is_scored_once_a_training(done):
    rows = pd.read_csv(done.folder / "tasks.csv", keep_default_na=False)
    assert len(rows) == (2 + 2) * 2 * len(TASKS)
    run = tx.Run(done.folder / "cells" / done.found.plan.places[0].cell / "run")
    own = rows[(rows["setting"] == "stripes") & (rows["seed"] == 0)]
    np.testing.assert_allclose(own["accuracy"], run.predictions("val").task_accuracies(TASKS))
    assert own["own_family"].tolist() == [True] * 3 + [False] * 15


def test_a_hierarchy_of_the_references_family_is_left_out_of_headlines(done):
    known = pd.read_csv(done.folder / "differences.csv")
    drawn = known[known["tasks"].str.contains("drawn from stripes")]
    assert set(drawn["a"]) == {"random"}
    fair = known[known["tasks"] == "random tasks of 2 classes"]
    assert ("stripes", "random") in zip(fair["a"], fair["b"], strict=True)
    settings = pd.read_csv(done.folder / "settings.csv", keep_default_na=False)
    whole = settings[settings["kind"] == "all"].set_index("setting")["tasks"]
    assert whole.to_dict() == {"stripes": 15, "random": 18, "flat 0.5x": 18, "flat 2x": 18}


def test_the_sample_agrees_on_every_answer(done):
    verified = done.verified
    assert verified.experts == 4
    assert verified.answers == verified.agreed == 4 * 20
    assert verified.largest_difference < 1e-5


def test_the_report_says_the_same_in_both_forms(done):
    text = (done.folder / "report.md").read_text()
    page = (done.folder / "report.html").read_text()
    assert "stripes †" in text
    assert "stripes †" in page
    assert "<script" not in page
    assert page.count("data:image/png") == 2
    manifest = json.loads((done.folder / "manifest.json").read_text())
    assert set(manifest["cells"]) == set(done.found.plan.cells)
    assert {*tables(done.folder)} < set(manifest["files"])


def test_a_finished_study_trains_nothing_and_writes_the_same(done, file):
    class Nobody:
        def work(self, cells, job):
            raise AssertionError(cells)

    before = {path.name: path.read_bytes() for path in done.folder.iterdir() if path.is_file()}
    tx.study(file, done.folder, engine=Nobody(), progress=False)
    after = {path.name: path.read_bytes() for path in done.folder.iterdir() if path.is_file()}
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"manifest.json"}  # which is dated


def test_two_names_of_one_tree_are_trained_once(file, tmp_path):
    config = tx.StudyConfig.load(file)
    twice = replace(
        config, hierarchies=dict.fromkeys(("one", "other"), config.hierarchies["stripes"])
    )
    asked = prepare(twice, tmp_path)
    assert len(asked.plan.places) == 8
    assert len(asked.plan.cells) == 6
    assert asked.lines()[0].endswith(f"--cell {asked.plan.places[0].cell}")
    assert prepare(tmp_path / "study.json", tmp_path).plan.places == asked.plan.places


def test_other_threads_are_refused_where_a_cell_was_begun(copied, file):
    cell = some_cell(file, copied)
    (copied / "cells" / cell / "done.json").unlink()
    more = replace(tx.StudyConfig.load(file), threads=2)
    with pytest.raises(TaxonomyError, match="begun with `threads` = 1 and the study says 2"):
        prepare(more, copied)


def test_a_worker_refuses_what_was_begun_with_other_threads(copied, file):
    store = Store(copied / "cells")
    cell = some_cell(file, copied)
    (copied / "cells" / cell / "done.json").unlink()
    (copied / "cells" / cell / "begun.json").write_text('{"threads": 3}')
    with pytest.raises(TrainingError, match="begun with `threads` = 3"):
        work_on(store, cell)


def test_a_cell_in_other_hands_is_left_alone(copied, file):
    cell = some_cell(file, copied)
    (copied / "cells" / cell / "done.json").unlink()
    with lock(copied / "cells" / cell / ".lock"), pytest.raises(BusyError):
        work_on(Store(copied / "cells"), cell)


@pytest.mark.parametrize("name", ["model.safetensors", "predictions-val.npz"])
def test_a_file_that_was_cut_off_is_made_again(copied, file, done, name):
    cell = some_cell(file, copied)
    path = copied / "cells" / cell / "run" / name
    whole = path.read_bytes()
    path.write_bytes(whole[:-10])
    assert prepare(file, copied).pending == [cell]
    work_on(Store(copied / "cells"), cell)
    assert path.read_bytes() == whole


def test_a_file_of_the_right_length_and_other_content_is_refused(copied, file):
    cell = some_cell(file, copied)
    path = copied / "cells" / cell / "run" / "predictions-val.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="is not what was stored"):
        tx.study(file, copied, engine=Inline(), progress=False)


def test_a_record_that_was_cut_off_is_none(copied, file):
    cell = some_cell(file, copied)
    record = copied / "cells" / cell / "done.json"
    record.write_bytes(record.read_bytes()[:-20])
    assert Store(copied / "cells").done(cell) is None


def test_what_fails_is_told_and_tried_again(file, tmp_path):
    config = tx.StudyConfig.load(file)
    wild = replace(config, flat=replace(config.flat, train={"learning_rate": 1e30}), seeds=(0,))
    with pytest.raises(TrainingError, match=r"2 of 4 cells failed: flat 0\.5x, seed 0 .*The loss"):
        tx.study(wild, tmp_path, engine=Inline(), progress=False)
    asked = prepare(wild, tmp_path)
    assert [*asked.states.values()] == ["done", "done", "failed", "failed"]
    assert "2 done, 2 failed" in str(asked)
    tame = replace(config, seeds=(0,))
    assert tx.study(tame, tmp_path, engine=Inline(), progress=False).found is not None


def test_what_does_not_fit_together_is_said(file, tmp_path):
    config = tx.StudyConfig.load(file)
    for change, told in (
        ({"references": {}}, "say which that is in `references`"),
        ({"size": 5}, "No task has `size` 5; give one that tasks have: 2"),
        ({"train": {"distill": 1.0}}, "name a `teacher`"),
        ({"train": {"epoch": 1}}, "Did you mean 'epochs'"),
        ({"flat": replace(config.flat, widths=(math.nan,))}, "flat network of width nan"),
    ):
        with pytest.raises(TaxonomyError, match=told):
            prepare(replace(config, **change), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_study_of_python_is_worked_on_from_any_folder(file, tmp_path, monkeypatch):
    monkeypatch.chdir(file.parent)
    config = replace(tx.StudyConfig.load(file), folder="", seeds=(0,))
    asked = prepare(config, "of-python")
    monkeypatch.chdir(tmp_path)
    (cell, *_) = asked.pending
    assert work_on(asked.job.store, cell)
    again = prepare(file.parent / "of-python" / "study.json", file.parent / "of-python")
    assert again.states[cell] == "done"


@pytest.mark.parametrize("cell", ["0123", "../elsewhere", "", "a\nb"])
def test_nothing_is_written_of_a_cell_that_is_not_planned(tmp_path, cell, capsys):
    from taxonomy.cli import main

    out = tmp_path / "out"
    assert main(["study", "study.toml", "--out", str(out), "--cell", cell, "--quiet"]) == 2
    assert "holds no cell" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_a_cell_under_the_name_of_another_is_refused(copied, file):
    cell = some_cell(file, copied)
    shutil.copytree(copied / "cells" / cell, copied / "cells" / "other")
    (copied / "cells" / "other" / "done.json").unlink()
    with pytest.raises(FileFormatError, match=f"holds the cell {cell}"):
        work_on(Store(copied / "cells"), "other")
