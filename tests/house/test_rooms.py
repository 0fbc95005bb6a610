"""The house keeps its plan: few rooms, few layers, no circle; import-linter holds the rest."""

from __future__ import annotations

import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "taxonomy"


def test_the_first_level_is_small():
    entries = [p.name for p in LIBRARY.iterdir() if p.name not in ("__pycache__", "_shipped")]
    assert len(entries) <= 27, sorted(entries)


def test_the_layers_are_few():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert len(linter["contracts"][0]["layers"]) <= 13


def test_no_module_imports_itself_by_a_detour():
    graph = grimp.build_graph("taxonomy", exclude_type_checking_imports=True, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    TopologicalSorter(imports).prepare()  # raises on a circle
