"""Figures are written as their names say, and the same figure gives the same file."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from taxonomy._core.endings import FIGURES
from taxonomy._core.errors import FileFormatError
from taxonomy.plots import save_figure, tree_figure
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested([["cat", "dog"], ["car", "bus"]])
BEGINS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
DRAW = """
import sys
from taxonomy.plots import save_figure, tree_figure
from taxonomy.trees.hierarchy import Hierarchy
save_figure(sys.argv[1], tree_figure(Hierarchy.from_nested([["cat", "dog"], ["car", "bus"]])))
"""


@pytest.mark.parametrize("ending", FIGURES)
def test_the_ending_decides_and_bytes_are_equal_on_another_day(tmp_path, ending):
    path, other = tmp_path / f"here{ending.upper()}", tmp_path / f"there{ending}"
    save_figure(path, tree_figure(TREE))
    assert path.read_bytes().startswith(BEGINS[ending])
    # matplotlib takes the date of SOURCE_DATE_EPOCH where a file is dated.
    environment = os.environ | {"SOURCE_DATE_EPOCH": "86400"}
    subprocess.run([sys.executable, "-c", DRAW, str(other)], env=environment, check=True)
    assert path.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("name", ["x.tex", "x.jpeg", "x", "x.png.gz", ".svg"])
def test_other_endings_are_refused_with_the_list(tmp_path, name):
    with pytest.raises(FileFormatError, match=r"\.png, \.svg or \.pdf"):
        save_figure(tmp_path / name, tree_figure(TREE))
    assert list(tmp_path.iterdir()) == []
