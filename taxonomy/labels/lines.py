"""Classes one a line, with or without codes and numbers around their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from taxonomy._core.spelling import composed
from taxonomy.labels.entries import MACHINE_ID, Entry, Found, first_name, of_code

Line = tuple[int, str]
"""A line's number, from 1, and its text."""

_BETWEEN = r"(?:\s*[:,;=|\t]\s*|\s+)"
_NUMBER_FIRST = re.compile(r"(\d{1,7})(?:\s*[:,;=|\t)]\s*|\.?\s+)(\S.*)")
_NUMBER_LAST = re.compile(rf"(.*\S){_BETWEEN}(\d{{1,7}})")
_CODE = rf"n\d{{8}}|{MACHINE_ID.pattern}"
_CODE_FIRST = re.compile(rf"({_CODE}){_BETWEEN}(\S.*)")
_CODE_LAST = re.compile(rf"(\S.*?){_BETWEEN}({_CODE})")
_BULLET = re.compile(r"[-*+•–]\s+(\S.*)")
_QUOTED = re.compile(r"""(["'])(.*)\1\s*,?""")
_PLACES = re.compile(r"/([a-z])/(\S.*)")

_MANY = 8
"""From so many lines on, growing numbers with gaps count the lines, as COCO's ids do."""


def content_lines(text: str) -> list[Line]:
    """Return the lines that say something: blank ones and those that begin with # do not."""
    lines = ((number, line.strip()) for number, line in enumerate(text.splitlines(), start=1))
    return [(number, line) for number, line in lines if line and not line.startswith("#")]


def read_lines(lines: Sequence[Line]) -> Found:
    """Tell names from what stands around them, where all lines have it.

    >>> [e.id for e in read_lines([(1, "0 person"), (2, "1 bicycle")]).entries]
    ['person', 'bicycle']
    >>> read_lines([(1, "n01440764 tench, Tinca tinca")]).entries[0].name
    'tench'
    """
    forms: list[str] = []
    texts = [text for _, text in lines]
    if all(matches := [_BULLET.fullmatch(text) for text in texts]):
        texts = [match[1] for match in matches if match]
        forms.append("a bullet before each name, which is left out")
    if all(matches := [_QUOTED.fullmatch(text) for text in texts]):
        texts = [match[2] for match in matches if match]
        forms.append("names in quotes")
    if numbered := _numbered(texts):
        texts, where = numbered
        forms.append(f"a number {where} each name, which is left out")
    elif all(map(_NUMBER_FIRST.fullmatch, texts)):
        forms.append("names that begin with numbers, which stay, for they do not count the lines")
    coded = [_coded(f"line {number}", text) for (number, _), text in zip(lines, texts, strict=True)]
    if codes := [entry for entry in coded if entry is not None]:
        some = "" if len(codes) == len(lines) else f" in {len(codes)} of {len(lines)} lines"
        forms.append(f"a code and a name{some}")
        # ImageNet's map_clsloc.txt has a number between the two.
        if all(coded) and (inner := _numbered([entry.name for entry in codes])):
            coded = [replace(entry, name=n) for entry, n in zip(codes, inner[0], strict=True)]
    elif all(matches := [_PLACES.fullmatch(text) for text in texts]) and all(
        match[2].startswith(match[1]) for match in matches if match
    ):
        texts = [match[2] for match in matches if match]
        forms.append("a folder named by the first letter, which is left out")
    entries = [
        entry or Entry(f"line {number}", text)
        for (number, _), text, entry in zip(lines, texts, coded, strict=True)
    ]
    return Found(entries, "; ".join(forms))


def _coded(place: str, text: str) -> Entry | None:
    """Return the entry of a line with a code before or after its name; None for others."""
    if match := _CODE_FIRST.fullmatch(text):
        code, name = match.groups()
    elif match := _CODE_LAST.fullmatch(text):
        name, code = match.groups()
    else:
        return None
    return of_code(place, code, first_name(name) if code.startswith("n") else name)


def _numbered(texts: Sequence[str]) -> tuple[list[str], str] | None:
    """Return the texts without the numbers that count them, and where those stood.

    Numbers count the lines where all have one, they grow without gaps, or in a long list with
    gaps, and the rests are all different: ``2 door``, ``4 door`` is no such list.
    """
    for pattern, number, name, where in (
        (_NUMBER_FIRST, 1, 2, "before"),
        (_NUMBER_LAST, 2, 1, "after"),
    ):
        matches = [pattern.fullmatch(text) for text in texts]
        found = [match for match in matches if match]
        if len(found) < len(texts):
            continue
        numbers = [int(match[number]) for match in found]
        names = [match[name].strip() for match in found]
        ordered = sorted(numbers)
        counts = ordered in (list(range(len(texts))), list(range(1, len(texts) + 1)))
        grows = len(texts) >= _MANY and numbers == ordered and len(set(numbers)) == len(numbers)
        if (counts or (grows and where == "before")) and len({*map(composed, names)}) == len(names):
            return names, where
    return None
