"""Run the notebooks and write them with their outputs beside their text.

    python notebooks/run.py                (all)
    python notebooks/run.py llm-against-wordnet

Edit the ``.py``; the ``.ipynb`` is made from it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

HERE = Path(__file__).parent
NAMES = ("cut-check-deploy", "hierarchy-for-my-labels", "llm-against-wordnet")
SECONDS = 300
"""A cell that takes longer is stopped."""


def executed(name: str) -> NotebookNode:
    """Return a notebook with the outputs that its cells give now."""
    text = jupytext.read(HERE / f"{name}.py")
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": text.metadata["kernelspec"]})
    for number, cell in enumerate(text.cells):
        make = (
            nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        )
        notebook.cells.append(make(cell.source, id=f"cell-{number}"))
    NotebookClient(notebook, timeout=SECONDS, record_timing=False, kernel_name="python3").execute()
    notebook.metadata.pop("language_info", None)  # changes with every release of Python
    for cell in notebook.cells:
        if cell.cell_type == "code":  # warnings of other libraries on this machine are not shown
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
    return notebook


def main() -> None:
    """Run those that were named, or all."""
    for name in sys.argv[1:] or NAMES:
        nbformat.write(executed(name), HERE / f"{name}.ipynb")
        print(f"{name}.ipynb written")


if __name__ == "__main__":
    main()
