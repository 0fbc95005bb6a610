"""JSON nested as deep as a tree is: read and written without recursion.

The parsers of the standard library and of msgspec recurse, and so end at about a thousand levels; a
dendrogram of many classes may be deeper.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from taxonomy._core.decoding import INT64
from taxonomy._core.errors import FileFormatError, told

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None}
_SURROGATE = re.compile("[\ud800-\udfff]")

MOST_LEVELS = 50_000
"""Of lists and objects in each other: more than any tree has, so that a short file of brackets is
refused at once."""


def parse_deep(text: str, where: str) -> Any:
    """Return the value of a JSON text, however deep its lists and objects lie in each other.

    That is up to 50,000 levels. Integers fit into 64 bits, other numbers are finite, texts hold no
    lone surrogate, and no key is given twice in an object.

    Raises:
        FileFormatError: the text is no JSON or outside these limits; the message names the line.

    >>> parse_deep('{"pets": ["cat", {"dogs": 2}]}', "f")
    {'pets': ['cat', {'dogs': 2}]}
    """
    return _Parser(text, where).value()


class _Parser:
    """A place in a text."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.at = text, where, 0

    def fault(self, wanted: str) -> FileFormatError:
        line = self.text.count("\n", 0, self.at) + 1
        column = self.at - self.text.rfind("\n", 0, self.at)
        return FileFormatError(
            told(self.where, f"not valid JSON: expected {wanted} at line {line} column {column}.")
        )

    def peek(self) -> str:
        self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
        return self.text[self.at : self.at + 1]

    def value(self) -> Any:
        """Return the one value of the text."""
        self.open: list[Any] = []  # the lists and objects around the place
        self.keys: list[str] = []  # of those that are objects, the key whose value is read
        while True:
            mark = self.peek()
            if mark not in ("[", "{"):
                item = self.scalar(mark)
            elif (item := self.opened(mark)) is None:
                continue
            if self.placed(item):
                if self.peek():
                    raise self.fault("the end of the text")
                return self.whole

    def opened(self, mark: str) -> Any:
        """Enter a list or object; return it at once where it is empty."""
        self.at += 1
        inside: Any = [] if mark == "[" else {}
        if len(self.open) == MOST_LEVELS:
            raise self.fault(f"at most {MOST_LEVELS:,} lists and objects in each other")
        if self.peek() == ("]" if mark == "[" else "}"):
            self.at += 1
            return inside
        self.open.append(inside)
        if mark == "{":
            self.keys.append(self.key(inside))
        return None

    def placed(self, item: Any) -> bool:
        """Put a value in its place and close what ends after it; return whether all has ended."""
        while self.open:
            around = self.open[-1]
            is_list = isinstance(around, list)
            if is_list:
                around.append(item)
            else:
                around[self.keys.pop()] = item
            mark = self.peek()
            if mark == ",":
                self.at += 1
                if not is_list:
                    self.keys.append(self.key(around))
                return False
            if mark != ("]" if is_list else "}"):
                raise self.fault("a comma or the end of a list or object")
            self.at += 1
            item = self.open.pop()
        self.whole = item
        return True

    def key(self, around: Mapping[str, Any]) -> str:
        """Return the key before a colon."""
        self.peek()
        key = self.string()
        if key in around:
            raise self.fault(f"another key than {key[:40]!r}, which is given already,")
        if self.peek() != ":":
            raise self.fault("a colon")
        self.at += 1
        return key

    def string(self) -> str:
        """Return the text in quotes."""
        if self.text[self.at : self.at + 1] != '"':
            raise self.fault("a text in double quotes")
        try:
            text, end = scanstring(self.text, self.at + 1, True)
        except ValueError:
            raise self.fault("a text that ends, without control characters") from None
        if _SURROGATE.search(text):
            raise self.fault("valid text (no lone surrogate)")
        self.at = end
        return str(text)

    def scalar(self, mark: str) -> Any:
        """Return a text, number or word."""
        if mark == '"':
            return self.string()
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        match = _NUMBER.match(self.text, self.at)
        if not match:
            raise self.fault("a value")
        written = match.group()
        is_whole = match[1] is None and match[2] is None
        number: Any = None
        if len(written) <= 400:
            number = int(written) if is_whole else float(written)
        if number is None or (number not in INT64 if is_whole else not math.isfinite(number)):
            raise self.fault("a number of at most 64 bits")
        self.at = match.end()
        return number


def dump_deep(value: Any) -> str:
    """Return a value as JSON text on one line, however deep it is nested.

    >>> dump_deep({"pets": ["cat", {"dogs": 2}], "none": []})
    '{"pets": ["cat", {"dogs": 2}], "none": []}'
    """
    parts: list[str] = []
    stack: list[tuple[bool, Any]] = [(False, value)]  # text to be written as it is, or a value
    while stack:
        ready, item = stack.pop()
        if ready:
            parts.append(item)
        elif isinstance(item, dict):
            stack.append((True, "}"))
            for i, (key, below) in reversed(list(enumerate(item.items()))):
                stack += [(False, below), (True, f"{', ' if i else ''}{_scalar(key)}: ")]
            stack.append((True, "{"))
        elif isinstance(item, list):
            stack.append((True, "]"))
            for i, below in reversed(list(enumerate(item))):
                stack += [(False, below), (True, ", " if i else "")]
            stack.append((True, "["))
        else:
            parts.append(_scalar(item))
    return "".join(parts)


def _scalar(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
