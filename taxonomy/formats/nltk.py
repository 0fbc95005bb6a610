"""Bracketed trees, as nltk and treebanks write them: ``(pets cat dog)``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from taxonomy._core.errors import HierarchyError
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, label_of, name_of
from taxonomy.trees.raw_tree import RawTree

_TOKEN = re.compile(r"\s*(?:([()])|([^\s()]+))")
_ESCAPES = (("(", "-LRB-"), (")", "-RRB-"))


@dataclass(frozen=True)
class Brackets(Format):
    """Bracketed text as ``nltk.Tree.fromstring`` reads it: a node's name, then what lies below it.

    Words end at spaces and brackets and cannot be quoted. So spaces are written as underscores,
    and are lost, and brackets as ``-LRB-`` and ``-RRB-``, as treebanks do; merge heights, spans
    and support are lost, too. nltk takes the first word after a bracket for the node's name, so
    that nodes without one are written ``node:3``.

    >>> print(Brackets().write(Hierarchy.from_nested({"pets": ["cat", "dog"]})).decode(), end="")
    (node:0 (pets cat dog))
    """

    endings: ClassVar[tuple[str, ...]] = (".mrg", ".ptb", ".brackets")
    sure: ClassVar[int] = 1

    def fits(self, content: Content) -> bool:
        """Return whether the text begins and ends with round brackets."""
        return content.start.startswith("(") and content.data[-64:].rstrip().endswith(b")")

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read the one tree of a file."""
        raw = RawTree()
        open_: list[int] = []
        is_named = True
        at = 0
        while match := _TOKEN.match(content.text, at):
            mark, word = match.groups()
            place, at = match.start(), match.end()
            if raw.parent and not open_:
                raise HierarchyError(f"A second tree begins at character {place}; one is wanted.")
            if mark == "(":
                open_.append(raw.add(open_[-1] if open_ else -1))
                is_named = False
            elif not open_:
                raise HierarchyError("The text does not begin with an opening bracket.")
            elif mark == ")":
                open_.pop()
                is_named = True
            elif is_named:
                raw.add(open_[-1], leaf=label_of(_unescaped(word)))
            else:
                raw.name[open_[-1]] = name_of(_unescaped(word))
                is_named = True
        if open_ or not raw.parent:
            raise HierarchyError(f"{counted(len(open_), 'bracket is', 'brackets are')} not closed.")
        return Reading(raw)

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the tree on one line."""
        keys = [_escaped(key) for key in keys_of(tree, unique=False)]
        parts: list[str] = []
        stack: list[int] = [0]
        while stack:
            i = stack.pop()
            if i < 0:
                parts.append(")")
                continue
            is_node = tree.leaf[i] is None
            parts.append(f"{' ' if parts else ''}{'(' if is_node else ''}{keys[i]}")
            if is_node:
                stack += [-1, *reversed(tree.children(i))]
        return f"{''.join(parts)}\n".encode()


def _escaped(key: str) -> str:
    for sign, word in _ESCAPES:
        key = key.replace(sign, word)
    return "_".join(key.split())


def _unescaped(word: str) -> str:
    for sign, escape in _ESCAPES:
        word = word.replace(escape, sign)
    return word
