"""Every script of the studies, benches and shipped data can be loaded, and tells what it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted(
    path
    for folder in ("analysis/bench", "analysis/studies", "hierarchies", "hierarchies/*")
    for path in ROOT.glob(f"{folder}/*.py")
)
UNINSTALLED = ("hatchling", "torch_pruning")
"""Packages of few scripts, which not every developer has."""

LOAD = """
import contextlib, io, runpy, sys
from pathlib import Path

given = list(sys.path)
for name in sys.argv[1:]:
    known, sys.path[0] = set(sys.modules), str(Path(name).parent)
    told = io.StringIO()
    try:
        found = runpy.run_path(name, run_name="loaded")
        if "argparse" in Path(name).read_text(encoding="utf-8") and "main" in found:
            sys.argv[1:] = ["--help"]
            with contextlib.redirect_stdout(told):
                found["main"]()
    except SystemExit as end:
        if end.code or "usage:" not in told.getvalue():
            print(name, "ended with", end.code)
    except ModuleNotFoundError as error:
        if error.name not in UNINSTALLED:
            print(name, repr(error))
    except Exception as error:
        print(name, repr(error))
    for module in set(sys.modules) - known:  # scripts of two folders may have one name
        if str(getattr(sys.modules[module], "__file__", "")).startswith(sys.path[0]):
            del sys.modules[module]
    sys.path[:] = given
"""


def test_scripts_load_and_help(tmp_path: Path) -> None:
    assert len(SCRIPTS) > 40
    program = f"UNINSTALLED = {UNINSTALLED}\n{LOAD}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *map(str, SCRIPTS)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.stdout, done.returncode) == ("", 0), done.stderr
    assert list(tmp_path.iterdir()) == []
