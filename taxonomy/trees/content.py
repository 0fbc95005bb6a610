"""The toolkit's JSON of a tree: written one entry a line, read with the place of what is wrong.

``hierarchy.schema.json`` describes it. Whatever could not be written again is refused in reading.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from taxonomy._core import io
from taxonomy._core.decoding import parse_json
from taxonomy._core.errors import FileFormatError, did_you_mean, told
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.trees.hierarchy import Hierarchy

FORMAT = "taxonomy-hierarchy"
DEEPEST_PROVENANCE = 100
"""Levels of nesting that the provenance in a file may have."""

_KEYS = ("format", "version", "digest", "provenance", "nodes")
_ENTRY_KEYS = ("parent", "leaf", "name", "height", "span", "support")
_SURROGATE = re.compile("[\ud800-\udfff]")


def content_of(tree: Hierarchy) -> dict[str, io.Json]:
    """Return a tree's canonical content, which its digest is of."""
    in_files = {"label": "leaf", "merge_height": "height"}
    nodes: list[dict[str, io.Json]] = [{"parent": above} for above in tree.parent.tolist()]
    for i, entry in enumerate(nodes):
        entry |= {in_files.get(key, key): value for key, value in tree.attributes(i).items()}
    return {"format": FORMAT, "version": 1, "nodes": nodes}


def to_json(tree: Hierarchy) -> str:
    """Return a tree as JSON text, one entry a line."""
    nodes = ",\n  ".join(io.canonical_json(entry) for entry in content_of(tree)["nodes"])
    return (
        f'{{"format": "{FORMAT}", "version": 1,\n "digest": "{tree.digest}",\n'
        f' "provenance": {io.canonical_json(dict(tree.provenance))},\n'
        f' "nodes": [\n  {nodes}\n ]}}\n'
    )


def decoded(path: Path | str) -> io.Json:
    """Return the JSON of a file that should be a tree.

    Raises:
        FileFormatError: it cannot be read, or is no JSON; text may be a list of classes.
    """
    text = io.read_text(path)
    if text.strip() and not text.lstrip().startswith(("{", "[")):
        refuse_file(
            str(path),
            "text, and no tree in the toolkit's JSON. If it is a list of classes, this makes a "
            f"tree of it: taxonomy generate {path}",
        )
    return parse_json(text, path)


def read_content(content: Any, where: str) -> RawTree:
    """Read the toolkit's decoded JSON.

    Args:
        content: what a JSON parser made of the text.
        where: the file's name, for messages.

    Raises:
        FileFormatError: another format or version, or a malformed value; the message names
            its place, such as ``nodes[3].parent``.

    >>> read_content({"format": FORMAT, "version": 1, "nodes": [{"parent": "x"}]}, "f")
    Traceback (most recent call last):
    taxonomy._core.errors.FileFormatError: f: nodes[0].parent: expected a whole number, not 'x'.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        refuse_file(where, f"not a {FORMAT} file; make one: taxonomy generate.")
    if type(content.get("version")) is not int or content["version"] != 1:
        version = _shown(content.get("version"))
        refuse_file(where, f"version: {version} is not readable; this toolkit reads 1.")
    _check_keys(content, _KEYS, "", where)
    _check_provenance(content.get("provenance", {}), where)
    nodes = content.get("nodes")
    if not isinstance(nodes, list):
        refuse_file(where, f"nodes: expected a list, not {_shown(nodes)}.")
    raw = RawTree()
    for i, entry in enumerate(nodes):
        if not isinstance(entry, dict):
            refuse_file(where, f"nodes[{i}]: expected an object, not {_shown(entry)}.")
        _check_keys(entry, _ENTRY_KEYS, f"nodes[{i}].", where)
        try:
            raw.parent.append(_integer(entry, "parent", None))
            raw.leaf.append(_text(entry, "leaf") if "leaf" in entry else None)
            raw.name.append(_text(entry, "name") if "name" in entry else "")
            raw.span.append(_integer(entry, "span", 0))
            raw.support.append(_number(entry, "support") if "support" in entry else math.nan)
            if "height" in entry:
                raw.height.append(_number(entry, "height"))
        except _ValueError as fault:
            refuse_file(where, f"nodes[{i}].{fault}")
    if 0 < len(raw.height) < len(nodes):
        place = next(i for i, entry in enumerate(nodes) if "height" not in entry)
        message = "is missing; some entries have a height and some have none."
        refuse_file(where, f"nodes[{place}].height: {message}")
    return raw


def refuse_file(where: str, message: str) -> NoReturn:
    """Raise the error that a file is malformed, in at most 400 characters.

    Raises:
        FileFormatError: always.
    """
    raise FileFormatError(told(where, message))


class _ValueError(Exception):
    """A value of one entry is malformed; the message begins with its key."""


def _integer(entry: dict[str, Any], key: str, default: int | None) -> int:
    value = entry.get(key, default)
    if key not in entry and default is None:
        raise _ValueError(f"{key}: is missing.")
    if isinstance(value, bool) or not isinstance(value, int):
        raise _ValueError(f"{key}: expected a whole number, not {_shown(value)}.")
    if not -(2**63) <= value < 2**63:
        raise _ValueError(f"{key}: {_shown(value)} is beyond 64 bits.")
    return value


def _number(entry: dict[str, Any], key: str) -> float:
    value = entry[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _ValueError(f"{key}: expected a number, not {_shown(value)}.")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise _ValueError(f"{key}: {_shown(value)} is not a finite number.")
    return number


def _text(entry: dict[str, Any], key: str) -> str:
    value = entry[key]
    if not isinstance(value, str):
        raise _ValueError(f"{key}: expected text, not {_shown(value)}; leave it out if unknown.")
    if _SURROGATE.search(value):
        raise _ValueError(f"{key}: {_shown(value)} holds half a character (a lone surrogate).")
    return value


def _check_keys(given: dict[str, Any], known: Sequence[str], place: str, where: str) -> None:
    for key in given:
        if key not in known:
            near = did_you_mean(str(key), known)
            refuse_file(where, f"{place}{str(key)[:60]}: unknown key.{near}")


def _check_provenance(value: Any, where: str) -> None:
    """Refuse a provenance that could not be written again."""
    if not isinstance(value, dict):
        refuse_file(where, f"provenance: expected an object, not {_shown(value)}.")
    stack = [("provenance", value, 0)]
    while stack:
        place, item, depth = stack.pop()
        if depth > DEEPEST_PROVENANCE:
            refuse_file(where, f"{place[:60]}…: nested more than {DEEPEST_PROVENANCE} deep.")
        if fault := _unwritable(item):
            refuse_file(where, f"{place[:200]}: {fault}")
        if isinstance(item, dict):
            stack += [(f"{place}.{key[:60]}", below, depth + 1) for key, below in item.items()]
        elif isinstance(item, list):
            stack += [(f"{place}[{i}]", below, depth + 1) for i, below in enumerate(item)]


def _unwritable(item: Any) -> str:
    """Return why a value, apart from what it holds, cannot be written as JSON, or nothing."""
    texts = [item] if isinstance(item, str) else list(item) if isinstance(item, dict) else []
    for text in texts:
        if not isinstance(text, str):
            return f"the key {_shown(text)} is no text."
        if _SURROGATE.search(text):
            return f"{_shown(text)} holds half a character (a lone surrogate)."
    if isinstance(item, float) and not math.isfinite(item):
        return f"{item} is not a finite number."
    known = item is None or isinstance(item, str | dict | list | int | float)
    return "" if known else f"{_shown(item)} is nothing that JSON holds."


def _shown(value: Any) -> str:
    """Return a value as a message shows it: short, and whatever it holds."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**40 else "a huge number"
    return text if len(text) <= 60 else text[:59] + "…"
