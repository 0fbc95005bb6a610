"""Classes in tables: CSV by any delimiter, with a header or without, and records of JSON."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from io import StringIO

from taxonomy._core.errors import LabelError, shown
from taxonomy._core.spelling import counted
from taxonomy.labels.entries import MACHINE_ID, Entry, Found, as_synset, first_name
from taxonomy.labels.label import SYNSET, WNID

_NAMES: dict[str, tuple[str, ...]] = {
    "id": ("id", "labelid", "mid", "machineid", "key", "slug"),
    "name": (
        *("name", "displayname", "classname", "categoryname", "labelname", "class", "category"),
        *("label", "title", "commonname", "englishname", "names", "classes", "labels", "word"),
    ),
    "definition": ("definition", "def", "gloss", "description"),
    "wnid": ("wnid", "wordnetid", "synsetid", "synset", "wordnet", "wordnetsynset"),
    "number": (
        *("index", "idx", "number", "nr", "no", "classid", "categoryid", "classindex", "classidx"),
        *("labelindex", "categoryindex", "target", ""),
    ),
}
"""What columns are called, without capitals, spaces and underscores; the better name first."""

_USED = ("name", "definition", "wnid")
_BARS = re.compile(r"^[ \t]*\||\|[ \t]*$", re.MULTILINE)
_RULE = re.compile(r":?-+:?")
_RULED = re.compile(r"[^\n]*\|[^\n]*\n[ \t|:]*-[ \t|:-]*(?:\n|$)")
"""Around a row and below the header of a table in Markdown."""

_DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


def columns(header: Sequence[str]) -> dict[str, str]:
    """Return the column of a header that holds each field.

    >>> columns(["Index", " Class Name ", "WordNet ID", "colour"])
    {'name': ' Class Name ', 'wnid': 'WordNet ID', 'number': 'Index'}
    """
    plain = {re.sub(r"[\W_]", "", name.casefold()): name for name in reversed(header)}
    return {
        field: next(plain[name] for name in names if name in plain)
        for field, names in _NAMES.items()
        if not plain.keys().isdisjoint(names)
    }


def from_records(
    records: Sequence[tuple[str, Mapping[str, str]]], known: Mapping[str, str], unread: str = ""
) -> Found:
    """Return the classes of records, each with its place.

    Args:
        records: place, and text by column.
        known: the column of each field, ``id``, ``name`` or ``wnid`` among them.
        unread: columns that no field has, in words.
    """
    key = next(field for field in ("id", "name", "wnid") if field in known)
    entries = []
    for place, record in records:
        fields = {field: record.get(column, "") for field, column in known.items()}
        wnid = as_synset(fields.get("wnid", ""))
        code = wnid if key == "wnid" else fields[key]
        name = "" if key == "name" else fields.get("name", "")
        if "wnid" not in known and SYNSET.fullmatch(code):
            wnid = code
        entries.append(Entry(place, code, name, fields.get("definition", ""), wnid))
    used = [(field, name.strip()) for field, name in known.items() if field in (key, *_USED)]
    said = ", ".join(f"{field} from {name!r}" for field, name in used)
    return Found(entries, f"{said}{unread}")


def is_table(text: str) -> bool:
    r"""Return whether a text, of a file that may hold anything, begins with a table's header.

    >>> is_table("ID; Name"), is_table("tench, Tinca tinca"), is_table("a | b\n--|--\n")
    (True, False, True)
    """
    first = text.partition("\n")[0]
    if _separator(first) or _RULED.match(text):
        return True
    return any(len(columns(_cells(first, mark))) > 1 for mark in _DELIMITERS)


def read_table(text: str, tabs: bool = False) -> Found:
    """Read a table of any delimiter, with a header or without.

    Args:
        text: of the file.
        tabs: whether the file's name says that tabs delimit it.

    Raises:
        LabelError: not valid CSV, rows that are too long, or columns that say nothing known.
    """
    text, skipped = _without_remarks(text)
    first, _, rest = text.partition("\n")
    if mark := _separator(first):
        text, skipped = rest, skipped + 1
    else:
        mark = "\t" if tabs else _delimiter(text)
    if mark == "|":
        text = _BARS.sub("", text)
    rows = _rows(text, mark, skipped)
    if not rows:
        raise LabelError("the table is empty; give at least one class.")
    form = "CSV" if mark == "," else f"a table with {_DELIMITERS.get(mark, repr(mark))}"
    header = rows[0][1]
    known = columns(header)
    if not known or not known.keys() - {"definition", "number"}:
        return _without_header(rows, form)
    if known.get("name") and known.get("id") is None:
        known = _known_codes(header, rows[1:], known)
    records = []
    for number, cells in rows[1:]:
        if any(cells[len(header) :]):
            raise LabelError(
                f"line {number}: {counted(len(cells), 'cell')} where the header has "
                f"{len(header)}; put a name "
                'that has a comma itself into double quotes: "tench, Tinca tinca".'
            )
        records.append((f"line {number}", dict(zip(header, cells, strict=False))))
    used = {name for field, name in known.items() if field != "number"}
    others = [shown(name) for name in header if name and name not in used]
    unread = f"; not read: {', '.join(others[:6])}{', …' * (len(others) > 6)}" * bool(others)
    found = from_records(records, known, unread)
    usual = known == {field: field for field in known} and mark == "," and not others
    return Found(found.entries, "" if usual else f"{form}, {found.form}")


def _without_remarks(text: str) -> tuple[str, int]:
    """Return a table without the lines that begin with # above its header, and their number."""
    if match := re.match(r"(?:#.*\n|\s*\n)+", text):
        below = text[match.end() :]
        if columns(_cells(below.partition("\n")[0], _delimiter(below))):
            return below, match[0].count("\n")
    return text, 0


def _known_codes(
    header: Sequence[str], rows: Sequence[tuple[int, list[str]]], known: dict[str, str]
) -> dict[str, str]:
    """Take a column that holds machine ids alone for the ids, whatever it is called."""
    for column, name in enumerate(header):
        cells = [row[column] for _, row in rows if column < len(row)]
        if cells and all(map(MACHINE_ID.fullmatch, cells)):
            left = [other for other in header if other != name]
            return {**columns(left), "id": name}
    return known


def _without_header(rows: Sequence[tuple[int, list[str]]], form: str) -> Found:
    """Tell by their content what the columns of a table without header are.

    Raises:
        LabelError: it cannot be told.
    """
    width = max(len(cells) for _, cells in rows)
    table = [(number, cells + [""] * (width - len(cells))) for number, cells in rows]
    kinds = [_kind([cells[column] for _, cells in table]) for column in range(width)]
    texts = [column for column, kind in enumerate(kinds) if kind == "text"]
    codes = [column for column, kind in enumerate(kinds) if kind in ("wnid", "mid")]
    first = ", ".join(map(shown, rows[0][1][:6]))
    if len(texts) > 1 or len(codes) > 1 or not (texts or codes or width == 1):
        raise LabelError(
            f"line {rows[0][0]}: {first}: the columns are not known. Add a header line with 'id' "
            "or 'name', and where there are such columns 'definition' and 'wnid'; a name that has "
            'a comma itself stands in double quotes: "tench, Tinca tinca".'
        )
    entries = []
    for number, cells in table:
        name = cells[texts[0]] if texts else ""
        if not codes:
            entries.append(Entry(f"line {number}", name or cells[0]))
            continue
        code = cells[codes[0]]
        wnid = code if WNID.fullmatch(code) else ""
        name = first_name(name) if wnid else name
        entries.append(Entry(f"line {number}", code, name, wnid=wnid))
    parts = {"text": "a name", "wnid": "a WordNet id", "mid": "a code", "number": "a number"}
    said = " and ".join(parts[kind] for kind in dict.fromkeys(kinds) if kind in parts)
    return Found(entries, f"{form} without a header, {said} a line, the first being {first}")


def _kind(cells: Sequence[str]) -> str:
    for kind, pattern in (("wnid", WNID), ("mid", MACHINE_ID), ("number", re.compile(r"\d+"))):
        if all(map(pattern.fullmatch, cells)):
            return kind
    return "text" if any(cells) else ""


def _separator(first: str) -> str:
    """Return the delimiter that a first line ``sep=;`` names, as Excel writes it."""
    match = re.fullmatch(r"\s*\"?sep=([^\w\"])\"?[\s,;]*", first, re.IGNORECASE)
    return match[1] if match else ""


def _delimiter(text: str) -> str:
    """Return the delimiter by which the first line has most known columns, or all lines the same.

    A comma where nothing tells.
    """
    lines = [line for line in text.splitlines() if line.strip()][:1000]
    if not lines:
        return ","
    best = max(_DELIMITERS, key=lambda mark: len(columns(_cells(lines[0], mark))))
    if columns(_cells(lines[0], best)):
        return best
    for mark in _DELIMITERS:
        widths = {len(_cells(line, mark)) for line in lines}
        if len(widths) == 1 and widths != {1}:
            return mark
    return ","


def _cells(line: str, mark: str) -> list[str]:
    rows = csv.reader([line], delimiter=mark, skipinitialspace=mark != "\t")
    try:
        return [cell.strip() for cell in next(rows, [])]
    except csv.Error:
        return [line]


def _rows(text: str, mark: str, skipped: int) -> list[tuple[int, list[str]]]:
    """Return the rows that hold anything, each with its line.

    Raises:
        LabelError: not valid CSV.
    """
    reader = csv.reader(
        StringIO(text, newline=""), delimiter=mark, skipinitialspace=mark != "\t", strict=True
    )
    rows = []
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells) and not (mark == "|" and all(map(_RULE.fullmatch, cells))):
                rows.append((reader.line_num + skipped, cells))
    except csv.Error as error:
        line = max(reader.line_num, 1) + skipped
        raise LabelError(f"line {line}: not valid CSV ({error}).") from error
    return rows
