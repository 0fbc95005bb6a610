"""The wheel holds the package, the shipped files, and nothing else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = "taxonomy/_shipped/"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out)]
    done = subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = out.iterdir()
    with zipfile.ZipFile(path) as archive:
        yield archive


def files(wheel) -> list[str]:
    return [name for name in wheel.namelist() if not name.endswith("/")]


def test_the_top_level_is_the_package_and_its_metadata(wheel):
    top = {name.partition("/")[0] for name in files(wheel)}
    assert len(top) == 2
    assert "taxonomy" in top
    assert (top - {"taxonomy"}).pop().startswith("taxonomy_experts-")
    assert {name.rpartition("/")[2] for name in files(wheel)} >= {"LICENSE", "NOTICE", "METADATA"}


def test_shipped_files_are_those_of_the_index_with_their_bytes(wheel):
    listed = tomllib.loads((ROOT / "hierarchies/index.toml").read_text())["files"]
    held = {name.removeprefix(SHIPPED) for name in files(wheel) if name.startswith(SHIPPED)}
    assert held == {"index.toml", *listed}
    for name, digest in listed.items():
        assert hashlib.sha256(wheel.read(SHIPPED + name)).hexdigest() == digest, name


def test_code_is_the_checkouts(wheel):
    kinds = {".py", ".json", ".typed", ".txt", ".html", ".css", ".js", ".toml", ".md"}
    ours = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "taxonomy").rglob("*")
        if path.suffix in kinds and "__pycache__" not in path.parts
    } | {"taxonomy/py.typed"}
    held = {n for n in files(wheel) if n.startswith("taxonomy/") and not n.startswith(SHIPPED)}
    assert held == ours
    for name in held:
        assert wheel.read(name) == (ROOT / name).read_bytes(), name
