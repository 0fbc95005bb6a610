"""The notebooks run, are what their text says, and show what they print."""

from __future__ import annotations

import runpy
from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PAIRS = sorted(path.with_suffix("").name for path in NOTEBOOKS.glob("*.ipynb"))


def printed(notebook) -> list[str]:
    """Return what the cells print; tables and pictures depend on versions of other libraries."""
    return [
        "".join(output.text for output in cell.outputs if output.output_type == "stream")
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_every_text_has_its_notebook():
    texts = {path.with_suffix("").name for path in NOTEBOOKS.glob("*.py")} - {"run"}
    assert texts == set(PAIRS)


@pytest.mark.parametrize("name", PAIRS)
def test_text_and_notebook_are_one(name):
    text = jupytext.read(NOTEBOOKS / f"{name}.py")
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert [c.source for c in notebook.cells] == [c.source for c in text.cells]


@pytest.mark.slow
@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.filterwarnings("default")  # Jupyter's own
def test_it_runs_and_prints_what_is_shown(name):
    executed = runpy.run_path(str(NOTEBOOKS / "run.py"))["executed"]
    shown = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    assert printed(executed(name)) == printed(shown)
