"""Nested dictionaries and lists in JSON or YAML, as people write trees by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from taxonomy._core.errors import FileFormatError, HierarchyError, shown, told
from taxonomy._core.filling import put
from taxonomy._core.registry import require
from taxonomy._core.spelling import counted
from taxonomy.formats._format import NO_GROUPS, Content, Format, Reading
from taxonomy.formats._json import dump_deep
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents
from taxonomy.trees.nested import read_nested

MOST_YAML_DEPTH = 200
_YAML = re.compile(r"^[^\s#:][^\n:]*:[ \t]*\n\s*(?:- |[^\s:-][^\n:]*:(?:\s|$))", re.MULTILINE)
"""A key alone, and below it a key or an item; indented text has no such second line."""
_LISTS = ("children", "leaves")
_KNOWN = {"name", "merge_height", "span", "support", "label", *_LISTS}


@dataclass(frozen=True)
class Nested(Format):
    """JSON or YAML of nested lists and dictionaries, as `taxonomy.trees.nested` reads them.

    ``{"pets": ["cat", "dog"]}`` names nodes by keys; D3's ``{"name": "pets", "children": […]}``
    names them by attributes. A key with nothing below it (``cat:``, ``{"cat": {}}``,
    ``{"cat": 3}``) is a class. YAML's words are texts: ``no`` is no truth value. JSON is nested as
    deep as it may be, YAML 200 levels. Nothing but provenance is lost.

    >>> print(Nested().write(Hierarchy.from_nested({"pets": ["cat", "dog"]})).decode(), end="")
    [{"name": "pets", "children": ["cat", "dog"]}]
    """

    endings: ClassVar[tuple[str, ...]] = (".yaml", ".yml")
    also: ClassVar[tuple[str, ...]] = (".json", ".txt")
    sure: ClassVar[int] = 1

    def fits(self, content: Content) -> bool:
        """Return whether the text is a list or object of JSON that holds something, or YAML's."""
        if content.start[:1] in ("[", "{"):
            return content.data.strip() not in (b"{}", b"[]")
        return _YAML.search(content.start) is not None

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read nested values."""
        value = _json_or_yaml(content)
        notes: list[str] = []
        raw = read_nested(_own_form(value, notes))
        leaves = [
            above for above, leaf in zip(raw.parent, raw.leaf, strict=True) if leaf is not None
        ]
        if len(leaves) > 1 and len(set(leaves)) == 1:
            notes.append(NO_GROUPS)
        return Reading(raw, tuple(notes))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the tree as JSON, which YAML's parsers read, too."""
        return f"{dump_deep(tree.to_nested())}\n".encode()


def _own_form(value: Any, notes: list[str]) -> Any:
    """Return a value in the forms that `read_nested` reads, from those of other programs."""
    holder: list[Any] = [value]
    stack: list[tuple[Any, Any]] = [(holder, 0)]  # a container and a place in it
    dropped: dict[str, int] = {}
    while stack:
        around, at = stack.pop()
        item = around[at]
        if isinstance(item, dict) and isinstance(item.get("name"), str) and _is_object(item):
            for key in item.keys() - _KNOWN:
                dropped[key] = dropped.get(key, 0) + 1
            below = [*(item.get("children") or ()), *(item.get("leaves") or ())]
            rest = {key: x for key, x in item.items() if key in _KNOWN - {*_LISTS, "label"}}
            item = {**rest, "children": below} if below else {"label": item["name"]}
            around[at] = item
            stack += [(below, i) for i in range(len(below))]
        elif isinstance(item, dict) and "label" not in item:
            if not {*_LISTS} & item.keys():
                around[at] = item = _with_leaves(item)
            inside = item["children"] if isinstance(item.get("children"), list) else None
            places: Iterator[Any] = iter(range(len(inside)) if inside is not None else item)
            stack += [(item if inside is None else inside, place) for place in places]
        elif isinstance(item, list):
            stack += [(item, i) for i in range(len(item))]
    if dropped:
        keys = ", ".join(sorted(dropped)[:5])[:100]
        notes.append(f"{counted(len(dropped), 'key was', 'keys were')} left out: {keys}")
    return holder[0]


def _is_object(item: dict[str, Any]) -> bool:
    """Return whether a dictionary is a node with a name, and not one of several that it names."""
    lists = [item[key] for key in _LISTS if key in item]
    return all(isinstance(x, list) or x is None for x in lists) and not any(
        isinstance(x, dict | list) for key, x in item.items() if key not in _LISTS
    )


def _with_leaves(item: dict[str, Any]) -> Any:
    """Return a dictionary of names in which those with nothing below are leaves."""
    leaves = [
        key for key, x in item.items() if x in (None, {}, []) or isinstance(x, bool | int | float)
    ]
    if not leaves:
        return item
    others = {key: x for key, x in item.items() if key not in set(leaves)}
    return {"children": [*leaves, *([others] if others else [])]}


def _json_or_yaml(content: Content) -> Any:
    if content.start[:1] not in ("[", "{"):
        return _yaml(content)
    try:
        return content.json
    except FileFormatError:
        if not content.where.lower().endswith((".yaml", ".yml")):
            raise
        return _yaml(content)  # such as {cat: , dog: }


def _yaml(content: Content) -> Any:
    """Return what YAML says, every scalar as the text that it is; read event by event."""
    yaml = require("yaml")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    done: list[Any] = []
    open_: list[tuple[Any, list[Any]]] = []  # containers, and the key that waits for a value
    try:
        for event in yaml.parse(content.text, Loader=loader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise HierarchyError("Anchors and aliases stand in it; write each node out.")
            if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                open_.append(({} if isinstance(event, yaml.MappingStartEvent) else [], []))
                if len(open_) > MOST_YAML_DEPTH:
                    raise HierarchyError(f"YAML is nested more than {MOST_YAML_DEPTH} deep.")
                continue
            if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                item = open_.pop()[0]
            elif isinstance(event, yaml.ScalarEvent):
                is_null = event.implicit[0] and event.value in ("", "~", "null", "Null", "NULL")
                item = None if is_null else event.value
            else:
                continue
            if not put(item, open_, done):
                raise HierarchyError(f"The key {shown(item)} is no text, or given twice.")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        words = " ".join(str(error).split())
        raise FileFormatError(told(content.where, f"not readable as YAML ({words}).")) from error
    if len(done) != 1:
        raise HierarchyError(f"The file holds {len(done)} documents; one is wanted.")
    return done[0]
