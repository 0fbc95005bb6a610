"""What was shipped and published before keeps its bytes, and is still what the code makes."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from taxonomy._core.io import file_digest
from taxonomy.formats import get_tree
from taxonomy.labels import get_labels
from taxonomy.nets import get_net

ROOT = Path(__file__).parents[2]
KNOWN = json.loads((ROOT / "tests" / "golden" / "digests.json").read_text())


@pytest.mark.parametrize("name", KNOWN["files"])
def test_committed_files_keep_their_bytes(name):
    assert file_digest(ROOT / name) == KNOWN["files"][name]


@pytest.mark.parametrize("name", KNOWN["trees"])
def test_shipped_trees_keep_their_digests(name):
    assert get_tree(f"icons/{name}").digest == KNOWN["trees"][name]


@pytest.mark.parametrize("name", KNOWN["networks"])
def test_shipped_networks_keep_their_digests(name):
    net = get_net(f"icons/{name}")
    assert net.spec.digest == KNOWN["networks"][name]["spec"]
    assert net.hierarchy.digest == KNOWN["networks"][name]["hierarchy"]


def test_the_script_still_makes_the_shipped_trees():
    script = ROOT / "hierarchies" / "icons" / "make_trees.py"
    spec = importlib.util.spec_from_file_location("make_trees", script)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    trees = made.make_trees(get_labels("icons"))
    assert {name: tree.digest for name, tree in trees.items()} == KNOWN["trees"]
