"""`taxonomy generate` with WordNet's options, on small sets and on all of ImageNet-21k."""

from __future__ import annotations

import time

import pytest

from taxonomy.cli import main
from taxonomy.trees.hierarchy import Hierarchy


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def generate(capsys, options: str) -> list[str]:
    assert main(["generate", *options.split()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 10
    return lines


def test_a_tree_of_hypernyms_says_what_was_cut(capsys):
    lines = generate(capsys, "icons --builder hypernyms --policy least")
    cut = Hierarchy.load("tree.json").provenance["cut"]
    assert lines[1].startswith(f"cut from WordNet's graph (least): {len(cut['links'])} links, ")
    assert f"; {len(cut['several_ways'])} classes had several ways up, " in lines[1]


def test_neighbours_only_are_told(capsys):
    lines = generate(capsys, "icons --measure lin --neighbours 8")
    assert "only each class's 8 nearest are scored; all other pairs count as 0" in lines[1]
    assert Hierarchy.load("tree.json").provenance["source"]["measure"] == "lin"


def test_labels_of_one_synset_are_told(here, capsys):
    (here / "few.csv").write_text("id,wnid\nauto,n02958343\ncar,n02958343\ncat,n02121620\n")
    assert main(["generate", "few.csv"]) == 2
    assert "--same-synset allow" in capsys.readouterr().err
    assert not (here / "tree.json").exists()
    lines = generate(capsys, "few.csv --same-synset allow")
    assert any("car.n.01 for auto, car" in line for line in lines)


@pytest.mark.parametrize(
    ("names", "options", "message"),
    [
        ("cat\ndogg", "", "'cat' has no WordNet synset (2 such labels)"),
        ("cat\nteapott", "--senses first", "Did you mean 'teapot'"),
        ("cat\nquickly", "--senses first", "no verbs, adjectives"),
        ("cat\nсобака", "--senses first", "in another script"),
        ("cat\nhouse cat\ntrue cat", "--senses first", "are one synset, cat.n.01"),
    ],
)
@pytest.mark.parametrize("builder", ["cluster", "hypernyms"])
def test_names_that_wordnet_cannot_place(here, capsys, builder, names, options, message):
    (here / "names.txt").write_text(names)
    assert main(["generate", "names.txt", "--builder", builder, *options.split()]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert not (here / "tree.json").exists()


def test_hypernyms_of_all_of_imagenet_21k(capsys):
    lines = generate(capsys, "imagenet-21k --builder hypernyms")
    assert lines[0].startswith("hypernyms: 21,841 classes")


@pytest.mark.slow
def test_clusters_of_all_of_imagenet_21k(capsys):
    """Within the minute promised; the bench measures memory too, in a process of its own."""
    started = time.perf_counter()
    lines = generate(capsys, "imagenet-21k")
    assert time.perf_counter() - started < 60
    assert lines[0].startswith("cluster of wordnet: 21841 classes")
    assert "50 nearest are scored" in lines[1]
