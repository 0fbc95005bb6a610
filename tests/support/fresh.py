"""Fresh environments that hold some packages and what these need, and nothing else of this one."""

from __future__ import annotations

import os
import subprocess
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement


def needed(names: Iterable[str]) -> dict[str, Distribution]:
    """Return the installed distributions of these names and of all that they require."""
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # pip's own metadata may name what this platform has no need of
        for line in found[name].requires or ():
            wanted = Requirement(line)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                waiting.append(wanted.name)
    return found


def environment(place: Path, *names: str) -> Path:
    """Make an environment of installed packages, linked and not fetched; return its Python.

    Args:
        place: where to.
        names: distributions; what they require comes with them.
    """
    venv.create(place, with_pip=False, symlinks=os.name != "nt")
    (packages,) = (
        place.glob("[lL]ib/python*/site-packages")
        if os.name != "nt"
        else [place / "Lib" / "site-packages"]
    )
    for one in needed(names).values():
        for top in {file.parts[0] for file in one.files or () if file.parts[0] != ".."}:
            source, link = Path(str(one.locate_file(top))), packages / top
            if source.exists() and not link.exists() and top != "__pycache__":
                link.symlink_to(source)
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run_there(python: Path, program: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a program with an environment's Python, without anything of this one's."""
    command = [str(python), "-I", "-W", "ignore", str(program), *map(str, words)]
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**kept, "OMP_NUM_THREADS": "1"}
    )
