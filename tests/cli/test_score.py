"""The command scores a file on a tree: text, JSON, a folder; its errors name its flags."""

from __future__ import annotations

import json

import pytest

from taxonomy.cli import main

CSV = "image,label,guess,site\na,cat,cat,x\nb,cat,dog,x\nc,dog,car,y\nd,car,car,y\n"


@pytest.fixture
def table(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text(CSV)


@pytest.mark.usefixtures("table")
def test_text_and_files(tmp_path, capsys):
    words = "score p.csv icons/wordnet --predicted guess --by site --resamples 10 --out scores"
    assert main(words.split()) == 0
    out = capsys.readouterr().out
    assert "true from 'label', predicted from 'guess'; not read: 'image'" in out
    assert "error 50.00% (" in out
    assert "× mistake severity 2.000 (" in out
    assert "by group:\nsite" in out
    files = {path.name for path in (tmp_path / "scores").iterdir()}
    assert files == {"scores.json", "scores.csv", "levels.csv", "classes.csv", "groups.csv"}


@pytest.mark.usefixtures("table")
def test_json_is_all_that_is_printed(capsys):
    words = "score p.csv icons/wordnet --predicted guess --json --resamples 10 --out scores"
    assert main(words.split()) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["samples"] == 4
    assert [row["class"] for row in told["classes"]] == ["car", "cat", "dog"]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--predicted gess", "no column 'gess' (--predicted). Did you mean 'guess'"),
        ("", "or one of predicted classes, as --predicted; and"),
        ("--predicted site", "2 of 2 in the column 'site' are no class or node of the tree: 'x'"),
    ],
)
def test_errors_name_flags(words, message, capsys):
    assert main(f"score p.csv icons/wordnet {words}".split()) == 2
    assert message in capsys.readouterr().err


def test_numbers_count_the_classes_of_a_list(tmp_path, capsys):
    path = tmp_path / "p.csv"
    path.write_text("target,pred\n0,0\n1,0\n")
    (tmp_path / "order.txt").write_text("dog\ncat\n")
    assert main(["score", str(path), "icons/wordnet", "--resamples", "0"]) == 2
    assert "as --classes: a file with one a line" in capsys.readouterr().err
    words = [
        "score",
        str(path),
        "icons/wordnet",
        "--classes",
        str(tmp_path / "order.txt"),
        "--json",
    ]
    assert main([*words, "--resamples", "0"]) == 0
    rows = json.loads(capsys.readouterr().out)["classes"]
    assert {row["class"]: row["mistaken_for"] for row in rows} == {"cat": "dog", "dog": ""}
