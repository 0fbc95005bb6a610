"""What ships is listed, whole, sound and made again by its scripts; every name is taken."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

import taxonomy as tx
from taxonomy._core import shipped
from taxonomy._core.errors import FileFormatError, LabelError, TaxonomyError
from taxonomy.cli import main
from taxonomy.llm.transcript import Transcript
from taxonomy.trees.checks import check

HIERARCHIES = Path(__file__).parents[2] / "hierarchies"
TREES = [tree.name for tree in tx.list_shipped("trees")]
BY_EMBEDDING = [name for name in TREES if name.endswith("/embedding")]
OTHERS = [n for n in TREES if n not in BY_EMBEDDING and not n.startswith("icons/")]
"""The trees that are made again on every push; the icons' are in test_digests.py."""


def script(name: str) -> ModuleType:
    """Return a script of ``hierarchies`` as a module."""
    sys.path.insert(0, str(HIERARCHIES))
    try:
        spec = importlib.util.spec_from_file_location(name, HIERARCHIES / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(HIERARCHIES))
    return module


@pytest.mark.parametrize("file", shipped.index())
def test_files_have_their_checksums(file):
    assert shipped.path(file, verify=True).is_file()


def test_the_index_is_what_its_script_writes(tmp_path, monkeypatch):
    made = script("make_index")
    monkeypatch.setattr(made, "write_text", lambda _, text: (tmp_path / "made").write_text(text))
    made.main()
    assert (tmp_path / "made").read_text() == (HIERARCHIES / "index.toml").read_text()


def test_sets_have_their_trees():
    for labels in ("cifar-10", "cifar-100", "imagenet-1k", "icons"):
        assert {f"{labels}/{x}" for x in ("wordnet", "hypernyms", "embedding", "random")} <= {
            *TREES
        }
    assert "cifar-100/superclasses" in TREES


@pytest.mark.parametrize("name", TREES)
def test_trees_are_sound_and_of_their_label_set(name):
    tree, labels = tx.get_tree(name), tx.get_labels(name.partition("/")[0])
    assert tree.leaves == labels.ids
    serious = [x for x in check(tree.to_raw(), labels) if x.severity == "error"]
    assert serious == []
    assert main(["check", name, "--labels", name.partition("/")[0], "--quiet"]) == 0
    assert {"made_by", "versions"} <= set(tree.provenance)


@pytest.mark.parametrize("name", OTHERS)
def test_trees_are_made_again(name):
    assert script("make_trees").MAKERS[name]() == tx.get_tree(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in BY_EMBEDDING if not n.startswith("icons/")])
def test_trees_of_embeddings_are_made_again(name, monkeypatch, tmp_path):
    """With vectors of its own, and not those that are kept."""
    monkeypatch.setenv("TAXONOMY_CACHE", str(tmp_path))
    assert script("make_trees").MAKERS[name]() == tx.get_tree(name)
    weights = tx.get_tree(name).provenance["source"]["identity"]
    assert weights.startswith("all-MiniLM-L6-v2 53aa51172d14")


def test_superclasses_of_cifar_100_are_its_authors():
    tree = tx.get_tree("cifar-100/superclasses")
    assert len(tree.nodes) == 21
    assert sorted(len(tree.clade(int(i))) for i in tree.nodes[1:]) == [5] * 20
    (trees,) = [int(i) for i in tree.nodes if tree.name[i] == "trees"]
    assert tree.clade(trees) == (
        *("maple_tree", "oak_tree", "palm_tree", "pine_tree", "willow_tree"),
    )


TAKES = {
    "labels": tx.get_labels,
    "trees": tx.get_tree,
    "tasks": tx.get_tasks,
    "networks": tx.get_net,
    "transcripts": Transcript.load,
}
COUNTS = {
    "labels": len,
    "trees": lambda tree: len(tree.leaves),
    "tasks": lambda tasks: len(tasks.ids),
    "networks": lambda net: len(net.hierarchy.leaves),
    "transcripts": lambda told: len(told.labels),
}
THINGS = [thing for thing in tx.list_shipped() if thing.kind != "data"]


@pytest.mark.parametrize("thing", THINGS, ids=lambda thing: f"{thing.kind} {thing.name}")
def test_every_name_is_taken_and_what_is_said_of_it_is_so(thing):
    found = TAKES[thing.kind](thing.name)
    assert COUNTS[thing.kind](found) == thing.classes
    assert thing.path.stat().st_size == thing.bytes
    assert thing.made
    assert thing.licence


@pytest.mark.parametrize(
    ("kind", "wrong", "right"),
    [
        ("labels", "cifar100", "'cifar-100'"),
        ("trees", "imagenet/hypernyms", "'imagenet-1k/hypernyms'"),
        ("tasks", "icon", "'icons'"),
        ("networks", "icons/tre", "'icons/tree'"),
        ("transcripts", "cifar-100/llm-row", "'cifar-100/llm-rows'"),
    ],
)
def test_a_wrong_name_gets_a_suggestion(kind, wrong, right):
    with pytest.raises((FileFormatError, LabelError), match=f"Did you mean {right}"):
        TAKES[kind](wrong)


class TestList:
    def test_all_that_ships_by_kind(self, capsys):
        assert main(["list"]) == 0
        lines = capsys.readouterr().out.splitlines()
        kinds = [line for line in lines if not line.startswith("  ")]
        assert kinds == ["labels:", "trees:", "tasks:", "networks:", "transcripts:", "data:"]
        (line,) = [line for line in lines if "cifar-100/superclasses" in line]
        assert line.split()[1:5] == ["100", "classes", "5", "kB"]
        assert "MIT" in line
        assert "Krizhevsky (2009)" in line

    def test_one_kind_as_json(self, capsys):
        assert main(["list", "networks", "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [x["name"] for x in told][-1] == "icons/tree-slim"
        assert Path(told[-1]["path"]).stat().st_size == told[-1]["bytes"]

    def test_an_unknown_kind(self, capsys):
        assert main(["list", "tree"]) == 2
        assert "Did you mean 'trees'?" in capsys.readouterr().err
        with pytest.raises(TaxonomyError, match="Choose from: labels, trees"):
            tx.list_shipped("tree")
