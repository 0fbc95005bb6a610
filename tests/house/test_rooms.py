"""The house keeps its plan: few rooms, few layers, no circle; import-linter holds the rest."""

from __future__ import annotations

import ast
import importlib
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from types import ModuleType

import grimp

from taxonomy.cli._parsers import SUMMARIES

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "taxonomy"


def test_the_first_level_is_small():
    """The explorer is the last room of the plan."""
    entries = [p.name for p in LIBRARY.iterdir() if p.name not in ("__pycache__", "_shipped")]
    assert len(entries) <= 28, sorted(entries)


def test_the_layers_are_few():
    linter = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert len(linter["contracts"][0]["layers"]) <= 13


def test_no_module_imports_itself_by_a_detour():
    graph = grimp.build_graph("taxonomy", exclude_type_checking_imports=True, cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    TopologicalSorter(imports).prepare()  # raises on a circle


def test_the_command_is_thin():
    """One file a command, of its name; each short, sixty lines a command with all they share."""
    lines = {
        path.name: len(path.read_text().splitlines()) for path in (LIBRARY / "cli").glob("*.py")
    }
    assert max(lines.values()) <= 120, lines
    own = {name.removesuffix(".py") for name in lines if not name.startswith("_")}
    assert own == set(SUMMARIES)
    assert sum(lines.values()) <= 60 * len(own), lines


CONSOLE = {"stdin", "stdout", "stderr", "__stdin__", "__stdout__", "__stderr__"}


def uses_of_the_console(text: str) -> list[int]:
    """Return the lines that print, or that read from or write to the console themselves."""
    lines = []
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Name(id="print" | "input")):
                lines.append(node.lineno)
            case ast.Attribute(value=ast.Name(id="sys"), attr=name) if name in CONSOLE:
                lines.append(node.lineno)
            case ast.ImportFrom(module="sys", names=names):
                lines += [node.lineno for one in names if one.name in CONSOLE]
    return lines


def test_only_the_command_talks_to_a_person():
    """The library returns, raises and logs; progress bars are tqdm's."""
    found = {
        f"{path.relative_to(ROOT)}:{line}"
        for path in sorted(LIBRARY.rglob("*.py"))
        if "cli" not in path.relative_to(LIBRARY).parts and path.name != "progress.py"
        for line in uses_of_the_console(path.read_text(encoding="utf-8"))
    }
    assert not found


def test_a_use_of_the_console_is_found():
    text = (
        "import sys\nfrom sys import stdin\nprint(1)\ninput()\nsys.stderr.write('')\nsys.exit()\n"
    )
    assert uses_of_the_console(text) == [2, 3, 4, 5]


def test_scripts_of_studies_use_the_public_library_only():
    for path in (ROOT / "analysis").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                names = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
                if names[0] == "taxonomy":
                    assert not [name for name in names if name.startswith("_")], path


def test_no_public_name_is_also_a_module_of_its_package():
    """Importing the module would put it in the name's place."""
    inside = (path.parent for path in LIBRARY.rglob("__init__.py"))
    packages = [folder for folder in inside if "_shipped" not in folder.parts]
    for folder in packages:
        name = ".".join(folder.relative_to(ROOT).parts)
        package = importlib.import_module(name)
        public = getattr(package, "__all__", ())
        values = {n for n in public if not isinstance(getattr(package, n), ModuleType)}
        modules = {path.stem for path in folder.iterdir()} - {"__init__"}
        assert not values & modules, name
