"""A run's folder: its files are read with their types checked."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import FileFormatError
from taxonomy.training.run import Metrics, Run


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", r"manifest\.json: expected an object, found \[1\]"),
        ('{"macs": NaN}', r"manifest\.json: macs: expected a finite number"),
        ("{", r"manifest\.json: not valid JSON"),
    ],
)
def test_a_damaged_manifest_is_named(tmp_path, text, message):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        _ = Run(tmp_path).manifest


def test_a_damaged_line_of_metrics_is_named(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1, "seconds": 2.5}\n{"epoch": \n')
    with pytest.raises(FileFormatError, match=r"metrics\.jsonl, line 2: not valid JSON"):
        Metrics(tmp_path / "metrics.jsonl")
