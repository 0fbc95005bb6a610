"""The command ``senses``: what it shows, stores and refuses."""

from __future__ import annotations

import json

import pytest

from taxonomy.cli import main
from taxonomy.labels import LabelSet
from taxonomy.similarity import SOURCES


@pytest.fixture
def names(tmp_path, monkeypatch):
    """Work in a folder that holds a list of class names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.txt").write_text("mouse\nkeyboard\nprinter\ncrane\nqwertz\n")
    return tmp_path


def run(capsys, *argv) -> list[str]:
    assert main(["senses", *argv]) == 0
    return capsys.readouterr().out.splitlines()


def test_a_choice_wins_and_is_stored(names, capsys):
    run(capsys, "names.txt", "--choose", "mouse=mouse.n.04", "--out", "labels.csv")
    stored = LabelSet.read("labels.csv")
    assert stored["mouse"].wnid == "n03793489"
    assert stored["mouse"].definition.startswith("a hand-operated electronic device")
    assert stored["qwertz"].wnid == ""
    lines = run(capsys, "labels.csv")
    assert any(line.split()[:2] == ["mouse", "mouse.n.04"] for line in lines)
    assert "4 by wnid; 1 without a synset" in lines[-2]
    lines = run(capsys, "labels.csv", "--choose", "mouse=mouse.n.01")
    assert any(line.split()[:2] == ["mouse", "mouse.n.01"] for line in lines)


def test_unsure_ones_are_marked_and_can_be_left_out(names, capsys):
    lines = run(capsys, "names.txt", "--sure", "--out", "labels.csv")
    marked = {line.split()[1] for line in lines if line.startswith("? ")}
    assert "qwertz" in marked
    assert {label.id for label in LabelSet.read("labels.csv") if not label.wnid} == marked
    assert f"{len(marked)} unsure (?)" in lines[-2]


def test_json_holds_every_alternative(names, capsys):
    rows = {row["id"]: row for row in json.loads("\n".join(run(capsys, "names.txt", "--json")))}
    assert rows["qwertz"]["by"] == "nothing"
    assert [sense["name"] for sense in rows["mouse"]["senses"]][:1] == ["mouse.n.01"]
    assert len(rows["mouse"]["senses"]) == 4


def test_a_source_votes(names, capsys):
    lines = run(capsys, "names.txt", "--source", "random", "--seed", "3")
    assert "1 without a synset" in lines[-2]


@pytest.mark.parametrize("source", list(SOURCES))
def test_the_options_of_every_source_fit(capsys, source):
    with pytest.raises(SystemExit) as stopped:
        main(["senses", "icons", "--source", source, "--help"])
    assert stopped.value.code == 0
    assert f"options of --source {source}" in capsys.readouterr().out


def test_large_sets_fit_a_screen(capsys):
    lines = run(capsys, "cifar-100", "--ignore-wnids")
    assert len(lines) <= 32
    assert lines[-2].startswith("100 labels: ")
    assert len(run(capsys, "cifar-100", "--ignore-wnids", "--all")) == 102


@pytest.mark.parametrize(
    ("text", "argv", "message"),
    [
        ("qwertz\nмышь\n", [], "No label is a noun of WordNet"),
        ("cat\n", ["--choose", "dog=dog.n.01"], "Unknown class 'dog'"),
        ("cat\n", ["--choose", "cat=cat.n.99"], "No noun synset 'cat.n.99'"),
        ("cat\n", ["--choose", "cat"], "write LABEL=SYNSET"),
        ("cat\n", ["--method", "meaning"], "embeddings"),
        ("cat\n", ["--embeddings", "."], "The embedding model '.' cannot be loaded"),
        ("cat\n", ["--source", "wordnet"], "taxonomy senses"),
    ],
)
def test_refusals(names, capsys, text, argv, message):
    (names / "few.txt").write_text(text)
    assert main(["senses", "few.txt", "--out", "made.csv", *argv]) == 2
    assert message in capsys.readouterr().err
    assert not (names / "made.csv").exists()


def test_wnids_that_do_not_fit_their_names_are_reported(tmp_path, capsys):
    """Two columns of a table that were sorted apart."""
    path = tmp_path / "labels.csv"
    path.write_text("name,wnid\ncat,n02084071\ndog,n02121620\ncar,n02958343\n")
    assert main(["senses", str(path)]) == 0
    said = capsys.readouterr().out
    assert "the WordNet ids of 2 labels do not fit their names; check: cat is dog.n.01" in said
    path.write_text("name,wnid\ncat,n02121620\ndog,n02084071\n")
    assert main(["senses", str(path)]) == 0
    assert "do not fit" not in capsys.readouterr().out
