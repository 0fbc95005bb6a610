"""Reading what is meant as a JSON object and is none: quotes of Python, comments, more commas."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

from taxonomy._core.decoding import MOST_DEPTH
from taxonomy.llm.reply import Object

_TOKEN = re.compile(
    r"""
    (?P<space> \s++ | //[^\n]*+ | \#[^\n]*+ | /\*(?:[^*]|\*(?!/)){0,1000}+\*/ )
  | (?P<text> "(?:[^"\\]|\\.){0,9999}+" | '(?:[^'\\]|\\.){0,9999}+' | “[^“”]{0,9999}+” )
  | (?P<mark> [{}\[\],:] )
  | (?P<number> -?\d{1,20}+(?:\.\d{1,20}+)?+(?:[eE][+-]?\d{1,3})?+ )
  | (?P<key> [^\W\d]\w{0,99}+ (?=\s{0,9}:) )
  | (?P<word> [Tt]rue | [Ff]alse | null | None | NaN | -?Infinity )
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = {"True": "true", "False": "false", "None": "null"}
_ESCAPE = re.compile(r"\\(.)|\"", re.DOTALL)
_ESCAPED = re.compile(r"\{\s*+(?:\\+\"|&quot;|&#34;)")
_MOST_BRACES = 100
"""Braces that are tried; an answer that is meant as an object has few before it."""

_DECODER = json.JSONDecoder(object_pairs_hook=Object, strict=False)


def mended(text: str, start: int, end: int) -> Iterator[tuple[Object, int, int]]:
    r"""Yield the objects in a part of a text that are JSON but for how it is written.

    Nothing is guessed: no value is made up, changed or left out. Read are quotes of other kinds or
    with backslashes, keys without quotes, comments, a comma before a closing brace, escapes that
    JSON lacks, lines within a text, and an end without the last braces.

    Args:
        text: the answer.
        start: where to begin.
        end: where to end.

    Yields:
        An object, and where it begins and ends.

    >>> [found for found, _, _ in mended("It's {'a': 1, b: [2,], /* c */}.", 0, 32)]
    [{'a': 1, 'b': [2]}]
    """
    part = text[start:end]
    if _ESCAPED.search(part):
        part = html.unescape(part) if "&" in part else part
        part = re.sub(r"\\+\"", '"', part)
    at = part.find("{")
    for _ in range(_MOST_BRACES):
        if at < 0:
            return
        written, stop = _written(part, at)
        try:
            found = _DECODER.decode(written)
        except (ValueError, RecursionError):
            at = part.find("{", max(stop, at + 1))
        else:
            yield found, start + at, min(start + stop, end)
            at = part.find("{", stop)


def _written(text: str, at: int) -> tuple[str, int]:
    """Return an object as JSON has it, or nothing, and where it ends or breaks."""
    made: list[str] = []
    closing: list[str] = []
    while token := _TOKEN.match(text, at):
        at, said, kind = token.end(), token[0], token.lastgroup
        if kind == "mark":
            if said in "}]" and made[-1] == ",":
                made.pop()
            if not _nested(said, closing):
                return "", at
        if kind != "space":
            made.append(_in_json(said, kind))
        if not closing:
            return "".join(made), at
    ended = at == len(text) or text.startswith("```", at)
    # After a number the text may have been cut off.
    whole = ended and made and made[-1][-1] in '}]"'
    return "".join(made + closing[::-1]) if whole else "", at


def _nested(mark: str, closing: list[str]) -> bool:
    """Keep what must be closed; tell whether a mark may stand here."""
    if mark in "{[":
        closing.append("}" if mark == "{" else "]")
    return len(closing) <= MOST_DEPTH and (mark not in "}]" or closing.pop() == mark)


def _in_json(said: str, kind: str | None) -> str:
    if kind == "text":
        return _quoted(said)
    return f'"{said}"' if kind == "key" else _WORDS.get(said, said)


def _quoted(said: str) -> str:
    """Return a text in JSON's quotes, without the escapes that JSON lacks."""

    def kept(found: re.Match[str]) -> str:
        if found[1] is None:
            return '\\"'
        return found[0] if found[1] in '"\\/bfnrtu' else found[1]

    return f'"{_ESCAPE.sub(kept, said[1:-1])}"'
