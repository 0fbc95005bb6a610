"""Every flag of every command, whatever else is chosen, and every place that names one."""

from __future__ import annotations

import argparse
import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from taxonomy.builders import BUILDERS
from taxonomy.cli._parsers import SUMMARIES, parser_of
from taxonomy.data import DATASETS
from taxonomy.export import TARGETS
from taxonomy.formats import FORMATS
from taxonomy.similarity import SOURCES
from taxonomy.studies import ENGINES

ROOT = Path(__file__).parents[2]
FLAG = re.compile(r"(?<![\w/-])--[a-z][a-z-]*[a-z]")
LINE = re.compile(r"(?<![\w/.-])taxonomy ([a-z]+)((?: [^`\n]*)?)")

CHOICES = {
    "--builder": tuple(BUILDERS),
    "--source": tuple(SOURCES),
    "--data": tuple(DATASETS),
    "--target": tuple(TARGETS),
    "--by": ("model",),
    "--engine": tuple(ENGINES),
    "--from": tuple(FORMATS),
    "--to": tuple(FORMATS),
    "--strategy": ("rows", "groups", "senses"),
}
"""Flags that bring others."""


@cache
def flags_of(command: str) -> frozenset[str]:
    """Return all flags that a command can have."""
    words = [(flag, value) for flag, values in CHOICES.items() for value in values]
    found: set[str] = set()
    for chosen in [(), *words]:
        found |= set(_flags(parser_of(command, chosen)))
    if command == "llm":
        actions = ("export", "import", "submit", "collect", "transcript", "diff")
        for action, strategy in ((a, s) for a in actions for s in CHOICES["--strategy"]):
            found |= set(_flags(parser_of(command, (action, "--strategy", strategy))))
    return frozenset(found)


@cache
def all_flags() -> frozenset[str]:
    """Return the flags of all commands, and of the command itself."""
    return frozenset(chain({"--help", "--version"}, *map(flags_of, SUMMARIES)))


def _flags(parser: argparse.ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _flags(below)


def texts() -> Iterator[tuple[str, str]]:
    """Return every text that a user may read, with where it stands."""
    for path in sorted((ROOT / "taxonomy").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
            elif isinstance(node, ast.JoinedStr):
                parts = (p.value if isinstance(p, ast.Constant) else "X" for p in node.values)
                yield f"{path.relative_to(ROOT)}:{node.lineno}", "".join(map(str, parts))
    for path in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md"))):
        if path.exists():
            yield path.relative_to(ROOT).as_posix(), path.read_text().replace("\\\n", " ")
