"""NEXUS: blocks of commands, one of which holds a tree in Newick."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Reading
from taxonomy.formats.newick import Newick, parse, spelled
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents

_STOP = re.compile(r"[;'\[]")
_BRACKETS = re.compile(r"[\[\]]")
_TREE = re.compile(r"\s*u?tree\b[\s*]*(?:'(?:[^']|'')*'|[^=\s]+)\s*=", re.IGNORECASE)
_PAIR = re.compile(r"\s*('(?:[^']|'')*'|[^\s,']+)\s+('(?:[^']|'')*'|[^\s,']+)\s*(?:,|$)")


@dataclass(frozen=True)
class Nexus(Newick):
    """NEXUS text with one tree; its options are Newick's.

    Numbers and short names of a ``translate`` command are replaced. NEXUS does not tell upper from
    lower case, so programs may take classes that differ in case only for one.

    >>> print(Nexus().write(Hierarchy.star(["cat", "dog"])).decode(), end="")
    #NEXUS
    begin taxa;
      dimensions ntax=2;
      taxlabels cat dog;
    end;
    begin trees;
      tree hierarchy = [&R] (cat,dog);
    end;
    """

    endings: ClassVar[tuple[str, ...]] = (".nex", ".nexus", ".nxs")
    sure: ClassVar[int] = 3
    plain: ClassVar[re.Pattern[str]] = re.compile(r"[^\W_]+")
    """Labels that stand without quotes: signs are punctuation in NEXUS."""

    def fits(self, content: Content) -> bool:
        """Return whether the text begins as NEXUS does."""
        return content.start[:6].upper() == "#NEXUS"

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read the one tree of a file."""
        text = content.text
        short: dict[str, str] = {}
        trees: list[int] = []
        block = ""
        for start, command in _commands(text):
            word, _, rest = command.strip().partition(" ")
            if word.lower() == "begin":
                block = rest.strip().lower()
            elif block == "trees" and word.lower().startswith("translate"):
                short = _translation(command.strip()[len("translate") :])
            elif block == "trees" and (match := _TREE.match(text, start)):
                trees.append(match.end())
        if len(trees) != 1:
            raise HierarchyError(
                f"The file holds {counted(len(trees), 'tree')} (commands such as tree NAME = "
                "(…); in a block "
                "named trees); one is wanted."
            )
        parsed = parse(text, trees[0])
        for i, label in enumerate(parsed.label):
            if label in short and not parsed.is_node[i]:
                parsed.label[i], parsed.quoted[i] = short[label], True
        return self.reading(parsed)

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the tree in a block of its own, after one that lists its labels."""
        labels = " ".join(spelled(label, plain=self.plain) for label in tree.leaves)
        lines = [
            "#NEXUS",
            "begin taxa;",
            f"  dimensions ntax={len(tree.leaves)};",
            f"  taxlabels {labels};",
            "end;",
            "begin trees;",
            f"  tree hierarchy = [&R] {self.text_of(tree)}",
            "end;",
        ]
        return ("\n".join(lines) + "\n").encode()


def _commands(text: str) -> Iterator[tuple[int, str]]:
    """Yield every command with its place; quotes and comments may hold semicolons."""
    at = start = 0
    while match := _STOP.search(text, at):
        mark, at = match.group(), match.end()
        if mark == ";":
            yield start, text[start : at - 1].removeprefix("#NEXUS")
            start = at
        elif mark == "'":
            at = text.find("'", at) + 1 or len(text)
        else:
            at = _after_comment(text, at)


def _after_comment(text: str, at: int) -> int:
    depth = 1
    while depth:
        match = _BRACKETS.search(text, at)
        if not match:
            return len(text)
        depth += 1 if match.group() == "[" else -1
        at = match.end()
    return at


def _translation(words: str) -> dict[str, str]:
    """Return the labels that short names stand for."""
    short, at = {}, 0
    while words[at:].strip():
        match = _PAIR.match(words, at)
        if not match:
            raise HierarchyError(f"The command translate holds {shown(words[at:][:40].strip())}.")
        short[_plain(match[1])] = _plain(match[2])
        at = match.end()
    return short


def _plain(word: str) -> str:
    return word[1:-1].replace("''", "'") if word.startswith("'") else word
