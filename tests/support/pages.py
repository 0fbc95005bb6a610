"""What the README and the documentation show: Python with its output, commands, links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"(<!-- slow -->\n)?^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"`((?:taxonomy|tx)(?:\.\w+)+)[`(]")
PATH = re.compile(r"`((?:analysis|docs|hierarchies|notebooks|taxonomy|tests)/[^`<>{}…]*)`")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and whether running it takes long."""

    language: str
    text: str
    is_slow: bool = False


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    found = FENCE.findall(page.read_text(encoding="utf-8"))
    return [Block(language, text, bool(slow)) for slow, language, text in found]


def python_with_output(page: Path) -> list[tuple[Block, str | None]]:
    """Return the Python blocks of a page, each with the output that is shown right below it."""
    every = blocks(page)
    shown = []
    for block, following in pairwise([*every, Block("", "")]):
        if block.language == "python":
            shown.append((block, following.text if following.language == "text" else None))
    return shown


def commands(page: Path) -> list[str]:
    """Return the command lines of a page, without comments and what starts the command."""
    lines = (
        line.partition("  #")[0]
        for block in blocks(page)
        if block.language in ("", "bash")
        for line in block.text.replace("\\\n", " ").splitlines()
    )
    starts = r"(?:torchrun .*? -m )?taxonomy (.*)"
    return [match[1].strip() for line in lines if (match := re.fullmatch(starts, line))]


def links(page: Path) -> list[str]:
    """Return the relative links of a page."""
    return LINK.findall(page.read_text(encoding="utf-8"))


def names(page: Path) -> list[str]:
    """Return the dotted names of the library that a page mentions."""
    return NAME.findall(page.read_text(encoding="utf-8"))


def paths(page: Path) -> list[str]:
    """Return the files and folders of the repository that a page mentions, some as patterns."""
    return [path.rstrip("/") for path in PATH.findall(page.read_text(encoding="utf-8"))]
