"""Classes one a line, with or without codes and numbers around their names."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace

from taxonomy._core.spelling import composed, counted
from taxonomy.labels.entries import MACHINE_ID, Entry, Found, as_synset, first_name, of_code

Line = tuple[int, str]
"""A line's number, from 1, and its text."""

_BETWEEN = r"(?:\s*[:,;=|\t]\s*|\s+)"
_NUMBER_FIRST = re.compile(
    r"(?:(?:class|label|category)[ _#-]?)?[(\[]?(\d{1,7})"
    r"(?:\s*[-–—]\s+|\s*[:,;=|\t)\]]+\s*|\.?\s+)(\S.*)",
    re.IGNORECASE,
)
_NUMBER_LAST = re.compile(rf"(.*\S){_BETWEEN}(\d{{1,7}})")
_CODE = rf"[nN]\d{{8}}|{MACHINE_ID.pattern}"
_CODE_FIRST = re.compile(rf"({_CODE}){_BETWEEN}(\S.*)")
_CODE_LAST = re.compile(rf"(\S.*?){_BETWEEN}({_CODE})")
_BULLET = re.compile(r"[-*+•–]\s+(?:\[[ xX]?\]\s+)?(\S.*)")
_REMARK = re.compile(r"(?:^|\s+)(?:#(?:\s.*)?|//.*)$|^#.*")
_QUOTED = re.compile(r"""(["'])(.*)\1\s*,?""")
_WITH_COMMA = re.compile(r'^"([^"]*,[^"]*)"$')
_PLACES = re.compile(r"/([a-z])/(\S.*)")

_MANY = 8
"""From so many lines on, growing numbers with gaps count the lines, as COCO's ids do."""


def content_lines(text: str) -> list[Line]:
    r"""Return the lines that say something, without remarks: those after ``#`` or ``//``.

    >>> content_lines("# pets\ncat  # purrs\nC#\n\n// more\n")
    [(2, 'cat'), (3, 'C#')]
    """
    lines = enumerate(text.splitlines(), start=1)
    said = ((number, _REMARK.sub("", line.strip())) for number, line in lines)
    return [(number, line) for number, line in said if line]


def hashed(text: str) -> str:
    r"""Return in words which remarks may be names, as they have no space after the ``#``.

    >>> hashed("#cat\ndog\n")
    "1 line begins with # and no space, as '#cat'; left out as a remark"
    """
    left = [line for line in map(str.strip, text.splitlines()) if re.match(r"#\w", line)]
    if not left:
        return ""
    many = f"{len(left)} lines begin" if len(left) > 1 else "1 line begins"
    return f"{many} with # and no space, as {left[0][:40]!r}; left out as a remark"


def in_one_line(lines: Sequence[Line]) -> Found | None:
    """Return the names of a text that has all of them in one line; None for any other.

    >>> [entry.id for entry in in_one_line([(1, "cat, dog, bird")]).entries]
    ['cat', 'dog', 'bird']
    """
    if len(lines) != 1 or _coded("", lines[0][1]):
        return None
    (number, line), *_ = lines
    mark = ";" if ";" in line else ","
    quote = "'" if re.match(r"'[^']*'\s*[,;]", line) else '"'
    row = next(csv.reader([line], delimiter=mark, skipinitialspace=True, quotechar=quote))
    names = [name.strip() for name in row if name.strip()]
    if len(names) < 2 or _NUMBER_FIRST.fullmatch(line) or _NUMBER_LAST.fullmatch(line):
        return None
    between = "commas" if mark == "," else "semicolons"
    return Found([Entry(f"line {number}", name) for name in names], f"names between {between}")


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
    texts, quoted = _unquoted(texts)
    forms += filter(None, [quoted])
    if numbered := _numbered(texts):
        texts, where = numbered
        forms.append(f"a number {where} each name, which is left out")
    elif all(map(_NUMBER_FIRST.fullmatch, texts)):
        forms.append("names that begin with numbers, which stay, for they do not count the lines")
    elif len(texts) > 1 and all(map(_NUMBER_LAST.fullmatch, texts)):
        forms.append("names that end in numbers, which stay, for they do not count the lines")
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


def _unquoted(texts: list[str]) -> tuple[list[str], str]:
    """Return texts without the quotes around all, or around those with a comma, and say so.

    >>> _unquoted(['"tench, Tinca tinca"', "crane"])[0]
    ['tench, Tinca tinca', 'crane']
    """
    if all(matches := [_QUOTED.fullmatch(text) for text in texts]):
        return [match[2] for match in matches if match], "names in quotes"
    bare = [_WITH_COMMA.sub(r"\1", text) for text in texts]
    count = sum(text != one for text, one in zip(texts, bare, strict=True))
    said = f"quotes around {counted(count, 'name')} with a comma, which are left out"
    return bare, said if count else ""


def _coded(place: str, text: str) -> Entry | None:
    """Return the entry of a line with a code before or after its name; None for others."""
    if match := _CODE_FIRST.fullmatch(text):
        code, name = match.groups()
    elif match := _CODE_LAST.fullmatch(text):
        name, code = match.groups()
    else:
        return None
    code = as_synset(code)
    return of_code(place, code, name if code.startswith("/") else first_name(name))


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
