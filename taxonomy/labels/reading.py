"""The reader of class lists: it recognises what it is given, and says what it took."""

from __future__ import annotations

import logging
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.decoding import parse_json
from taxonomy._core.errors import FileFormatError, LabelError, TaxonomyError, naming
from taxonomy._core.folders import class_root, subfolders
from taxonomy._core.spelling import code_points, composed, counted, strange_in, tidied
from taxonomy.labels.entries import Entry, Found, codes_alone, to_labels, with_codes
from taxonomy.labels.foreign import refuse_bytes, refuse_ending, refuse_lines, refuse_text
from taxonomy.labels.label import Label
from taxonomy.labels.lines import content_lines, hashed, in_one_line, read_lines
from taxonomy.labels.structures import parse_yaml, read_structure
from taxonomy.labels.tables import is_table, read_table

log = logging.getLogger(__name__)

_TABLES = (".csv", ".tsv", ".tab")
_YAML = (".yaml", ".yml")
_NAMED = (*_TABLES, *_YAML)


def read_labels(source: Path, told: bool = True) -> list[Label]:
    """Return the labels of a file or of a folder of class folders.

    Args:
        source: the file or folder.
        told: whether it is logged what the source was read as.

    Raises:
        LabelError: the source is malformed or of a form that is not known; the message names it,
            and the line or the place in it.
        FileFormatError: it is no readable text.
    """
    with naming(source):
        found, strange = _found(source)
        entries, codes = with_codes(found.entries)
        if not entries:
            raise LabelError("there are no names in it; give at least one class.")
    labels = to_labels(entries, str(source), strange)
    form = "; ".join(part for part in (found.form, codes) if part)
    if told and form:
        log.info("%s: read as %s (%s).", source, form, counted(len(labels), "class"))
    for doubt in filter(None, (strange, found.doubt, codes_alone(labels))):
        log.warning("%s: %s.", source, doubt)
    return labels


def is_list(source: Path) -> bool:
    """Return whether something can be read as a list of classes, without a word about it.

    >>> is_list(Path("no-such-file.txt"))
    False
    """
    try:
        return bool(_found(source)[0].entries)
    except TaxonomyError:
        return False


def _found(source: Path) -> tuple[Found, str]:
    """Return what a file or folder holds, and in words what was taken out of the file's text."""
    if source.is_dir():
        return _of_folder(source), ""
    text, strange = _tidied(_text_of(source))
    return _of_text(text, source), strange


def _of_folder(folder: Path) -> Found:
    names = subfolders(class_root(folder))
    if not names:
        raise LabelError(f"holds no class folders; expected {folder}/CLASS/picture.")
    return Found([Entry("", composed(name)) for name in names])


def _text_of(path: Path) -> str:
    """Return the text of a file, compressed or not.

    Raises:
        LabelError: its name's ending, or how it begins, tells that it holds no list of classes.
    """
    refuse_ending(_ending(path))
    if path.suffix.lower() == ".gz":
        return io.read_gzip_text(path)
    refuse_bytes(io.read_start(path))
    return io.read_text(path)


def _ending(path: Path) -> str:
    return (path.with_suffix("") if path.suffix.lower() == ".gz" else path).suffix.lower()


def _of_text(text: str, path: Path) -> Found:
    """Recognise by its name's ending, or by how it begins, what a text is, and read it.

    Raises:
        LabelError: it is malformed, or nothing that is read.
    """
    ending, start = _ending(path), text.lstrip()[:64]
    refuse_text(text)
    lines = content_lines(text)
    braces = start.startswith(("{", "[")) and not re.match(r"\[\d+\]\s*\w", start)
    if ending == ".json" or (ending not in _NAMED and braces):
        return read_structure(*_json_or_yaml(text, path, ending))
    named = re.search(r"^names:\s*([\[{#]|$)", text, re.MULTILINE)
    if ending in _YAML or named or re.match(r"---\s*\n", start):
        return read_structure(parse_yaml(text), "YAML")
    tabs = len(lines) > 1 and all("\t" in line for _, line in lines)
    if ending in _TABLES or tabs or is_table(text.lstrip()):
        return read_table(text, tabs=ending in (".tsv", ".tab") or tabs)
    refuse_lines(text, lines)
    found = in_one_line(lines) or read_lines(lines)
    return replace(found, doubt=hashed(text)) if found.entries else found


def _json_or_yaml(text: str, path: Path, ending: str) -> tuple[Any, str]:
    """Return the values of a JSON text, or of the YAML that some write in its place.

    ``{0: 'tench', 1: 'goldfish'}``, as Python prints a dict, is YAML and no JSON.

    Raises:
        LabelError: it is neither.
    """
    try:
        return parse_json(text, path), "JSON"
    except FileFormatError as error:
        if (records := _json_lines(text, path)) is not None:
            return records, "JSON lines"
        if ending != ".json":
            try:
                return parse_yaml(text), "YAML"
            except LabelError:
                pass
        raise LabelError(str(error).removeprefix(f"{path}: ")) from error


def _json_lines(text: str, path: Path) -> list[Any] | None:
    """Return the values of a text that has one of JSON on every line; None for any other.

    Raises:
        LabelError: the first line is JSON by itself, and a later one is not.
    """
    lines = [(number, x) for number, x in enumerate(text.splitlines(), start=1) if x.strip()]
    values: list[Any] = []
    for number, line in lines if len(lines) > 1 else ():
        try:
            values.append(parse_json(line, path))
        except FileFormatError as error:
            if not values:
                return None
            fault = str(error).removeprefix(f"{path}: ")
            raise LabelError(f"line {number} of JSON lines: {fault}") from error
    return values or None


def _tidied(text: str) -> tuple[str, str]:
    """Return a text without invisible characters, and in words where there were some."""
    tidy = tidied(text)
    if tidy == text:
        return text, ""
    lines = [(number, strange_in(line)) for number, line in enumerate(text.split("\n"), start=1)]
    found = [(number, characters) for number, characters in lines if characters]
    places = "; ".join(f"{code_points(chars)} in line {number}" for number, chars in found[:5])
    more = f" and {len(found) - 5} more lines" * (len(found) > 5)
    return tidy, f"characters that cannot be seen were taken out or made spaces: {places}{more}"
