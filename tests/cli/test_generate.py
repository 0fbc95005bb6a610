"""``taxonomy generate`` with every source and builder: at most ten lines of what was done."""

from __future__ import annotations

import pytest

from taxonomy.builders import BUILDERS
from taxonomy.cli import main
from taxonomy.similarity import SOURCES
from taxonomy.trees.hierarchy import Hierarchy
from tests.builders.test_conformance import OPTIONS as BUILDER_OPTIONS
from tests.similarity.test_conformance import LABELS
from tests.similarity.test_conformance import OPTIONS as SOURCE_OPTIONS


def flags(options: dict) -> list[str]:
    words = []
    for name, value in options.items():
        if isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{name.replace('_', '-')}")
            continue
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    return words


def generate(folder, capsys, *words: str) -> list[str]:
    LABELS.save(folder / "labels.csv")
    out = folder / "tree.json"
    assert main(["generate", str(folder / "labels.csv"), *words, "--out", str(out)]) == 0
    assert Hierarchy.load(out).leaves == LABELS.ids
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("name", SOURCES.names())
def test_with_every_source(tmp_path, capsys, name):
    options = flags(SOURCE_OPTIONS[name](tmp_path))
    lines = generate(tmp_path, capsys, "--source", name, *options, "--stability", "2")
    assert 3 <= len(lines) <= 10
    assert all(len(line) < 400 for line in lines)


@pytest.mark.parametrize("name", BUILDERS.names())
def test_with_every_builder(tmp_path, capsys, name):
    lines = generate(tmp_path, capsys, "--builder", name, *flags(BUILDER_OPTIONS[name][-1]))
    assert 2 <= len(lines) <= 10
    assert lines[0].startswith(name)


def test_says_what_experts_cost_where_it_knows_what_is_asked_for(tmp_path, capsys):
    options = flags(BUILDER_OPTIONS["cooccurrence"][0])
    lines = generate(tmp_path, capsys, "--builder", "cooccurrence", *options)
    assert lines[1].startswith("experts of its ")
    assert "on average; within these bounds no tree's take less than" in lines[1]


def test_a_dry_run_reads_the_labels_from_their_file(tmp_path, capsys):
    LABELS.save(tmp_path / "labels.csv")
    asked = ["--source", "llm", "--model", "m", "--price", "1,1", "--store", str(tmp_path / "s")]
    assert main(["generate", str(tmp_path / "labels.csv"), *asked, "--dry-run"]) == 0
    assert "requests" in capsys.readouterr().out


def test_a_very_large_group_is_named_with_what_to_try(tmp_path, capsys):
    tree = str(tmp_path / "tree.json")
    assert main(["generate", "imagenet-1k", "--out", tree]) == 0
    assert "of the 1,000 classes and no groups below it" in (said := capsys.readouterr().out)
    assert "--levels auto makes groups of bounded size" in said
    assert main(["generate", "imagenet-1k", "--levels", "auto", "--out", tree]) == 0
    assert "no groups below it" not in capsys.readouterr().out
