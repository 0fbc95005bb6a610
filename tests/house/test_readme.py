"""What the README and the documentation show runs as it stands, and is short where it has to be."""

from __future__ import annotations

import importlib
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from taxonomy.cli._parsers import SUMMARIES, parser_of
from tests.support.pages import PAGES, ROOT, commands, links, names, paths, python_with_output

README = ROOT / "README.md"
WITH_PYTHON = [page for page in PAGES if python_with_output(page)]
TYPED = [(page.relative_to(ROOT), command) for page in PAGES for command in commands(page)]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def make_photos(folder: Path) -> None:
    """Write eight classes of noisy pictures, each of one colour."""
    generator = np.random.default_rng(0)
    for number, name in enumerate(["apple", "bus", "car", "cat", "dog", "horse", "pear", "truck"]):
        place = folder / name
        place.mkdir(parents=True)
        colour = np.array([number & 1, number >> 1 & 1, number >> 2 & 1]) * 200
        for i in range(12):
            noise = generator.integers(0, 55, (32, 32, 3))
            Image.fromarray((colour + noise).astype(np.uint8)).save(place / f"{i}.png")


def run_page(page: Path, folder: Path, capsys: pytest.CaptureFixture[str], slow: bool) -> None:
    """Run a page's Python in a folder, block after block, and compare what it prints."""
    if slow:
        make_photos(folder / "photos")
    variables: dict[str, object] = {}
    for block, output in python_with_output(page):
        if block.is_slow and not slow:
            continue
        exec(block.text, variables)
        printed = capsys.readouterr().out
        if output is not None:
            assert printed == output


@pytest.mark.parametrize("page", WITH_PYTHON, ids=named)
def test_the_python_runs_and_prints_what_is_shown(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_page(page, tmp_path, capsys, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in WITH_PYTHON if any(b.is_slow for b, _ in python_with_output(p))], ids=named
)
def test_the_slow_python_runs_too(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run_page(page, tmp_path, capsys, slow=True)


@pytest.mark.parametrize(("page", "command"), TYPED, ids=lambda shown: str(shown)[:60])
def test_the_commands_parse(page, command):
    name, *words = shlex.split(command)
    parser_of(name, words).parse_args(words)


def test_every_command_is_shown():
    shown = {command.split()[0] for _, command in TYPED}
    assert shown >= set(SUMMARIES)


def test_the_readme_is_short():
    text = README.read_bytes()
    assert len(text) <= 6_000
    assert len(text.split()) <= 900


@pytest.mark.parametrize("page", ["README.md", "docs/results/experts.md"])
def test_the_headline_is_the_computed_one(page):
    table = (ROOT / "analysis/results/headline.md").read_text(encoding="utf-8")
    assert table in (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_links_lead_somewhere(page):
    generated = {"reference/cli.md", "reference/api", "notebooks", "explorer.html"}
    for link in links(page):
        place = (page.parent / link).resolve()
        within = place.relative_to(ROOT / "docs") if place.is_relative_to(ROOT / "docs") else None
        if within is None or not any(str(within).startswith(start) for start in generated):
            assert place.exists(), link


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_names_exist(page):
    for name in names(page):
        first, *rest = name.replace("tx.", "taxonomy.", 1).split(".")
        thing = importlib.import_module(first)
        for i, part in enumerate(rest, start=2):
            if not hasattr(thing, part):
                importlib.import_module(".".join([first, *rest][:i]))
            thing = getattr(thing, part)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_the_files_exist(page):
    for path in paths(page):
        assert any(ROOT.glob(path)), path


def test_the_citation_is_of_this_version():
    import taxonomy

    assert f"\nversion: {taxonomy.__version__}\n" in (ROOT / "CITATION.cff").read_text()
