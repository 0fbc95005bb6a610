"""Class lists through the commands, as a newcomer brings them."""

from __future__ import annotations

import json
import re

import pytest

from taxonomy.cli import main
from taxonomy.formats import get_tree
from taxonomy.labels import LabelSet
from taxonomy.trees.hierarchy import Hierarchy


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *words):
    code = main(list(words))
    written = capsys.readouterr()
    return code, written.out.splitlines(), written.err


def test_wnids_alone(here, capsys):
    (here / "wnids.txt").write_text("n02691156\nn02958343\nn01503061\n")
    (here / "wnids.csv").write_text("id\nn02691156\nn02958343\nn01503061\n")
    for name in ("wnids.txt", "wnids.csv"):
        code, lines, _ = run(capsys, "labels", name, "--out", "out.csv")
        assert code == 0
        assert [line.split("\t")[:2] for line in lines[:3]] == [
            ["n01503061", "bird"],
            ["n02691156", "airplane"],
            ["n02958343", "car"],
        ]
        assert lines[3].startswith("3 labels, 3 with a WordNet id")
        assert LabelSet.read("out.csv")["n01503061"].name == "bird"


FOUR = ("n02084071", "n02121620", "n02958343", "n04490091")  # dog, cat, car, truck


@pytest.fixture
def folder(here):
    for name in FOUR:
        (here / "f" / name).mkdir(parents=True)
    return here


def test_embeddings_are_of_lemmas(folder, capsys):
    assert run(capsys, "generate", "f", "--source", "embedding", "--levels=")[0] == 0
    tree = get_tree("tree.json")
    assert {tree.clade(int(node)) for node in tree.nodes} == {FOUR, FOUR[:2], FOUR[2:]}


@pytest.mark.parametrize("form", ["wnids.txt", "coded.txt", "synsets.txt", "table.csv"])
@pytest.mark.parametrize("strategy", ["rows", "pairs", "describe"])
def test_prompts_hold_no_code_but_as_an_id(here, capsys, form, strategy):
    content = {
        "wnids.txt": "\n".join(FOUR),
        "coded.txt": "\n".join(f"{code}-{n}" for code, n in zip(FOUR, "abcd", strict=True)),
        "synsets.txt": "dog.n.01\ncat.n.01\ncar.n.01\ntruck.n.01\n",
        "table.csv": "id,wnid\n" + "\n".join(f"{code},{code}" for code in FOUR),
    }[form]
    (here / form).write_text(content)
    words = f"llm export {form} --model m --strategy {strategy} --out r.jsonl"
    assert run(capsys, *words.split())[0] == 0
    lines = (here / "r.jsonl").read_text().splitlines()
    asked = [json.loads(line)["body"]["messages"][1]["content"] for line in lines]
    shown = {name for user in asked for name in re.findall(r'"name":"([^"]*)"', user)}
    assert shown == ({*"abcd"} if form == "coded.txt" else {"dog", "cat", "car", "truck"})
    if form != "coded.txt":
        assert any("has been domesticated" in user for user in asked)


def test_every_strategy_exports_its_own_requests(folder, capsys):
    written = set()
    for strategy in ("rows", "pairs", "triplets", "describe", "groups", "assign"):
        words = f"llm export f --model m --strategy {strategy} --out r.jsonl"
        assert run(capsys, *words.split())[0] == 0
        written.add((folder / "r.jsonl").read_text())
    assert len(written) == 6


def test_shown_trees_have_names_beside_codes(folder, capsys):
    Hierarchy.from_nested([list(FOUR[:2]), list(FOUR[2:])]).save("tree.json")
    _, lines, _ = run(capsys, "show", "tree.json")
    assert lines[1:4] == ["├── (2)", "│   ├── n02084071 dog", "│   └── n02121620 cat"]
    (folder / "own.csv").write_text("id,name\nn02084071,hound\n")
    _, lines, _ = run(capsys, "show", "tree.json", "--labels", "own.csv")
    assert lines[2:4] == ["│   ├── n02084071 hound", "│   └── n02121620"]
    _, lines, _ = run(capsys, "show", "tree.json", "--out", "t.txt")
    assert "n02958343 car" in (folder / "t.txt").read_text()


def test_names_of_nodes_are_no_codes(folder, capsys):
    Hierarchy.from_nested([list(FOUR[:2]), list(FOUR[2:])]).save("tree.json")
    assert run(capsys, "name", "tree.json", "--by", "medoid", "--out", "n.json")[0] == 0
    assert "dog and cat (2)" in get_tree("n.json").to_text()
    assert run(capsys, "name", "tree.json", "--out", "n.json")[0] == 0
    assert "carnivore (2)" in get_tree("n.json").to_text()


def test_what_was_read_is_said(here, capsys, caplog):
    (here / "d.yaml").write_text("names:\n  0: person\n  1: bicycle\n")
    assert run(capsys, "labels", "d.yaml")[1][-1].startswith("2 labels")
    assert caplog.messages == ["d.yaml: read as YAML, 'names': names by number (2 classes)."]
    caplog.clear()
    run(capsys, "labels", "d.yaml", "-q")
    assert not caplog.messages


@pytest.mark.parametrize(("count", "words"), [(1, "1 class makes"), (2, "2 classes make")])
def test_lists_too_short_for_a_tree_are_told(here, capsys, count, words):
    (here / "few.txt").write_text("\n".join(["cat", "dog"][:count]))
    _, lines, _ = run(capsys, "generate", "few.txt", "--source", "random")
    assert f"{words} a root without groups; give at least 3 classes" in "\n".join(lines)


def test_a_tree_without_groups_is_told(here, capsys):
    (here / "three.txt").write_text("cat\ndog\ncow\n")
    _, lines, _ = run(capsys, "generate", "three.txt", "--builder", "star")
    assert "nothing is grouped: all classes lie directly below the root" in lines


def test_wnids_that_do_not_fit_are_told_wherever_labels_are_read(here, capsys):
    (here / "bad.csv").write_text("name,wnid\ncat,n02084071\ndog,n02084071\ncow,n01887787\n")
    note = "the WordNet id of 1 label does not fit its name; check: cat is dog.n.01"
    assert note in run(capsys, "labels", "bad.csv")[1]
    words = "generate bad.csv --same-synset allow"
    assert note in run(capsys, *words.split())[1]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("tench, Tinca tinca,crane", "stands in double quotes: '\"tench, Tinca tinca\",…'"),
        ('"tench, Tinca tinca,crane', "a name that has a comma itself into double quotes"),
        ("crane,Tinca tinca", "stands in double quotes"),
        ("tinch", "There are 3 classes"),
    ],
)
def test_classes_with_commas_say_which_quotes(here, capsys, given, message):
    Hierarchy.star(["tench, Tinca tinca", "crane", "bass"]).save("tree.json")
    code, _, said = run(capsys, "show", "tree.json", "--classes", given)
    assert code == 2
    assert message in said
    code, lines, _ = run(capsys, "show", "tree.json", "--classes", '"tench, Tinca tinca",crane')
    assert code == 0
    assert lines[2] == "└── tench, Tinca tinca"


def test_a_list_is_no_tree_and_a_tree_no_list(here, capsys):
    (here / "words.txt").write_text("cat\ndog\ncow\n")
    _, _, said = run(capsys, "show", "words.txt")
    assert "a list of classes, this makes a tree of it: taxonomy generate words.txt" in said
    Hierarchy.star(["cat", "dog"]).save("tree.json")
    _, _, said = run(capsys, "labels", "tree.json")
    assert "no list of classes; 'taxonomy show' prints a tree" in said
