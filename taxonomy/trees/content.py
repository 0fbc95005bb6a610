"""The toolkit's JSON of a tree: written one entry a line, read with the place of what is wrong.

``hierarchy.schema.json`` describes it. Whatever could not be written again is refused in reading.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
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
_IN_FILES = {"label": "leaf", "merge_height": "height"}
"""What entries have under another name in a file than in `Hierarchy.attributes`."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def columns_of(tree: Hierarchy) -> dict[str, list[Any]]:
    """Return what entries have, by name as `Hierarchy.attributes`; None where an entry lacks it.

    >>> from taxonomy.trees import Hierarchy
    >>> columns_of(Hierarchy.from_nested({"pets": ["cat"]}))
    {'label': [None, None, 'cat'], 'name': [None, 'pets', None]}
    """
    cut = (tree.span != tree.leaf_counts).tolist()
    known = [] if tree.support is None else (~np.isnan(tree.support)).tolist()
    return {
        "label": list(tree.leaf),
        "name": [name or None for name in tree.name],
        **({} if tree.merge_height is None else {"merge_height": tree.merge_height.tolist()}),
        **({"span": _where(cut, tree.span)} if any(cut) else {}),
        **({} if tree.support is None else {"support": _where(known, tree.support)}),
    }


def _where(known: list[bool], values: IntArray | FloatArray) -> list[Any]:
    return [x if is_known else None for is_known, x in zip(known, values.tolist(), strict=True)]


def content_of(tree: Hierarchy) -> dict[str, io.Json]:
    """Return a tree's canonical content, which its digest is of."""
    nodes: list[dict[str, io.Json]] = [{"parent": above} for above in tree.parent.tolist()]
    for name, column in columns_of(tree).items():
        key = _IN_FILES.get(name, name)
        for entry, value in zip(nodes, column, strict=True):
            if value is not None:
                entry[key] = value
    return {"format": FORMAT, "version": 1, "nodes": nodes}


def digest_of(tree: Hierarchy) -> str:
    """Return the sha256 of `content_of` as JSON, whose text is made here three times as fast."""
    before, after = io.canonical_json({"format": FORMAT, "nodes": [], "version": 1}).split("[]")
    text = f"{before}[{','.join(_entries(tree))}]{after}"
    return hashlib.sha256(text.encode()).hexdigest()


def _entries(tree: Hierarchy) -> list[str]:
    """Return the canonical JSON of every entry."""
    columns = {_IN_FILES.get(name, name): x for name, x in columns_of(tree).items()}
    columns["parent"] = tree.parent.tolist()
    parts = []
    for key, column in sorted(columns.items()):
        written: Callable[[Any], str] = encode_basestring if key in ("leaf", "name") else repr
        before = f',"{key}":'
        parts.append(["" if x is None else before + written(x) for x in column])
    return ["{" + "".join(entry)[1:] + "}" for entry in zip(*parts, strict=True)]


def to_json(tree: Hierarchy) -> str:
    """Return a tree as JSON text, one entry a line."""
    nodes = ",\n  ".join(_entries(tree))
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
    for i, entry in enumerate(nodes):
        if not isinstance(entry, dict):
            refuse_file(where, f"nodes[{i}]: expected an object, not {_shown(entry)}.")
    unknown = set[str]().union(*nodes) - {*_ENTRY_KEYS}
    for i, entry in enumerate(nodes if unknown else ()):
        _check_keys(entry, _ENTRY_KEYS, f"nodes[{i}].", where)
    raw = RawTree(
        parent=_column(nodes, "parent", _whole, where),
        leaf=_column(nodes, "leaf", _text, where, None),
        name=_column(nodes, "name", _text, where, ""),
        height=_column(nodes, "height", _number, where, None),
        span=_column(nodes, "span", _whole, where, 0),
        support=_column(nodes, "support", _number, where, math.nan),
    )
    without = [i for i, height in enumerate(raw.height) if height is None]
    if 0 < len(without) < len(nodes):
        message = "is missing; some entries have a height and some have none."
        refuse_file(where, f"nodes[{without[0]}].height: {message}")
    raw.height = [] if without else list(map(float, raw.height))
    raw.support = list(map(float, raw.support))
    return raw


def refuse_file(where: str, message: str) -> NoReturn:
    """Raise the error that a file is malformed, in at most 400 characters.

    Raises:
        FileFormatError: always.
    """
    raise FileFormatError(told(where, message))


_MISSING: Any = object()


def _column(
    nodes: list[dict[str, Any]],
    key: str,
    fault: Callable[[Any], str],
    where: str,
    default: Any = _MISSING,
) -> list[Any]:
    """Return the values of a key, the default where an entry lacks it.

    Args:
        nodes: the entries.
        key: one of their keys.
        fault: says what is wrong with a value, or nothing.
        where: the file's name, for messages.
        default: where the key may be missing.
    """
    values = [entry.get(key, _MISSING) for entry in nodes]
    wrong = ((i, fault(x)) for i, x in enumerate(values) if x is not _MISSING)
    for i, words in wrong:
        if words:
            refuse_file(where, f"nodes[{i}].{key}: {words}")
    if default is _MISSING and _MISSING in values:
        refuse_file(where, f"nodes[{values.index(_MISSING)}].{key}: is missing.")
    return [default if x is _MISSING else x for x in values]


def _whole(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int):
        return f"expected a whole number, not {_shown(value)}."
    return "" if -(2**63) <= value < 2**63 else f"{_shown(value)} is beyond 64 bits."


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"expected a number, not {_shown(value)}."
    try:
        return "" if math.isfinite(value) else f"{_shown(value)} is not a finite number."
    except OverflowError:
        return f"{_shown(value)} is not a finite number."


def _text(value: Any) -> str:
    if not isinstance(value, str):
        return f"expected text, not {_shown(value)}; leave it out if unknown."
    if not value.isascii() and _SURROGATE.search(value):
        return f"{_shown(value)} holds half a character (a lone surrogate)."
    return ""


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
