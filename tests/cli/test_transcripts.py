"""The commands around a language model's answers: asked once, replayed for ever, with no key."""

from __future__ import annotations

import sys

import pytest

from taxonomy._core.spelling import counted
from taxonomy.cli import main
from taxonomy.formats import get_tree
from taxonomy.labels import LabelSet
from tests.support.forms import any_answer
from tests.support.server import serve

NAMES = ["ant", "bee", "cat", "dog", "cow", "car", "van", "bus", "pear", "fig"]
COMMANDS = {
    "rows": ("--source", "llm"),
    "describe": ("--source", "llm", "--strategy", "describe"),
    "groups": ("--builder", "llm"),
    "assign": ("--builder", "llm", "--strategy", "assign"),
}


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """A folder of its own, no key, and no package to ask with."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    LabelSet(NAMES).save("classes.csv")

    def cut():
        monkeypatch.setitem(sys.modules, "openai", None)

    return cut


def generated(out, *words):
    assert main(["generate", "classes.csv", *words, "--out", out]) == 0
    return get_tree(out).digest


@pytest.mark.parametrize("strategy", ["rows", "groups", "assign"])
def test_every_strategys_answers_become_a_transcript_that_gives_the_same_tree(
    offline, strategy, capsys
):
    words = COMMANDS[strategy]
    with serve(lambda body, _: any_answer(body)) as server:
        asked = generated("asked.json", *words, "--model", "m", "--base-url", server.url)
        count = len(server.bodies)
    offline()
    assert count
    model = ["--model", "m", "--strategy", strategy, "--out", "t.jsonl.xz"]
    assert main(["llm", "transcript", "classes.csv", *model]) == 0
    said = capsys.readouterr().out
    assert f"{counted(count, 'answer')} written to t.jsonl.xz" in said
    assert all(word in said for word in ("replay: taxonomy generate", *words, "--transcript"))
    assert generated("again.json", *words, "--transcript", "t.jsonl.xz") == asked


@pytest.mark.parametrize("strategy", ["rows", "groups", "assign"])
def test_where_all_answers_are_stored_no_key_and_no_package_is_needed(offline, strategy, capsys):
    words = COMMANDS[strategy]
    with serve(lambda body, _: any_answer(body)) as server:
        asked = generated("asked.json", *words, "--model", "m", "--base-url", server.url)
    offline()
    assert main(["generate", "classes.csv", *words, "--model", "m", "--dry-run"]) == 0
    assert "0 requests to send" in capsys.readouterr().out
    assert generated("again.json", *words, "--model", "m") == asked


def test_where_one_is_missing_a_key_is_asked_for(offline, capsys):
    words = ["generate", "classes.csv", "--source", "llm", "--model", "m"]
    assert main(words) == 2
    assert "set the environment variable OPENAI_API_KEY" in capsys.readouterr().err
