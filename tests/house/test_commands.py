"""Every flag and every command line that a message, a docstring or a page names does exist."""

from __future__ import annotations

from collections.abc import Iterator

from taxonomy.cli._parsers import SUMMARIES
from tests.support.commands import FLAG, LINE, all_flags, flags_of, texts

OTHERS = {
    *("--force-reinstall", "--nproc-per-node", "--split", "--only", "--seeds", "--strict"),
    *("--no-deps", "--lib", "--files", "--onnx", "--every", "--runtime", "--subsets", "--stage"),
    *("--directory", "--data-binary"),
}
"""Flags of other programs, and of the scripts of studies."""


def test_the_texts_are_found():
    found = list(texts())
    assert len(found) > 3000
    assert any("taxonomy generate" in text for _, text in found)


def test_every_flag_exists():
    wrong = [
        (where, flag)
        for where, text in texts()
        for flag in FLAG.findall(text)
        if flag not in all_flags() | OTHERS and "argparse" not in text
    ]
    assert wrong == []


def test_every_command_line_parses():
    assert list(wrong_lines()) == []


def wrong_lines() -> Iterator[tuple[str, str]]:
    """Return the command lines whose command or flags do not exist."""
    for where, text in texts():
        for command, rest in LINE.findall(text):
            if command not in SUMMARIES:
                if rest.lstrip().startswith(("-", "<")):
                    yield where, f"taxonomy {command}{rest}"
                continue
            for flag in FLAG.findall(rest.partition("#")[0]):
                if flag not in flags_of(command) | OTHERS:
                    yield where, f"taxonomy {command}{rest}"
