"""Classes in YAML and JSON: lists, mappings by number or by code, and records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taxonomy._core.errors import LabelError, shown
from taxonomy._core.filling import put
from taxonomy._core.spelling import counted
from taxonomy.labels.entries import Entry, Found, first_name, is_code, of_code
from taxonomy.labels.tables import columns, from_records

HOLDERS = (
    *("names", "categories", "classes", "class_names", "classnames", "labels", "id2label"),
    *("idx_to_class", "class_to_idx", "label2id"),
)
"""Keys under which files hold their classes: of YOLO, COCO, Hugging Face, Keras, torchvision."""

_SETTINGS = ({"train", "val"}, {"train", "nc"}, {"name", "version"})
"""Keys that together tell a file of settings, of a data set or a package, from classes by id."""

MOST_YAML = 4 << 20
"""Bytes of a YAML file; lists of classes are far shorter, and reading YAML is slow."""

MOST_DEPTH = 20
"""How deep lists and mappings of a YAML file may lie in each other."""


def parse_yaml(text: str) -> Any:
    """Return the lists, dicts and texts of a YAML document.

    All scalars stay texts, so that the class ``no`` is not a truth value and ``1.0`` no number.
    The events of the parser are put together here, not by its own loader, which silently keeps the
    last of equal keys and follows aliases, by which a short file can stand for an endless one.

    Raises:
        LabelError: not valid YAML, or beyond what a list of classes needs; it names the line.
    """
    import yaml

    if len(text) > MOST_YAML:
        raise LabelError(f"{len(text):,} characters are too many for YAML; write CSV or JSON.")
    loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    done: list[Any] = []
    waiting: list[tuple[Any, list[Any]]] = []  # what is being filled, and the key it waits for
    try:
        for event in yaml.parse(text, Loader=loader):
            line = event.start_mark.line + 1
            if isinstance(event, yaml.AliasEvent):
                raise LabelError(f"line {line}: the alias *{event.anchor} is not read.")
            if isinstance(event, yaml.DocumentStartEvent) and done:
                raise LabelError(f"line {line}: a second document begins; give a file of one.")
            if isinstance(event, yaml.ScalarEvent):
                _put(event.value, waiting, done, line)
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                if len(waiting) == MOST_DEPTH:
                    raise LabelError(f"line {line}: nested more than {MOST_DEPTH} deep.")
                one: Any = [] if isinstance(event, yaml.SequenceStartEvent) else {}
                _put(one, waiting, done, line)
                waiting.append((one, []))
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                waiting.pop()
    except (yaml.YAMLError, UnicodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = "" if mark is None else f"line {mark.line + 1}: "
        problem = getattr(error, "problem", None) or " ".join(str(error).split())
        raise LabelError(f"{line}not valid YAML ({problem}).") from error
    return done[0] if done else ""


def _put(value: Any, waiting: list[tuple[Any, list[Any]]], done: list[Any], line: int) -> None:
    """Put a value where the parser stands.

    Raises:
        LabelError: a key that is no text, or that the mapping has already.
    """
    if not put(value, waiting, done):
        raise LabelError(f"line {line}: the key {shown(value)} is no text, or occurs twice.")


def read_structure(value: Any, kind: str) -> Found:
    """Return the classes that JSON or YAML values hold.

    Args:
        value: lists, dicts by text, texts and numbers.
        kind: ``JSON`` or ``YAML``, for messages.

    Raises:
        LabelError: they hold no classes in a form that is known.

    >>> [entry.id for entry in read_structure({"names": {"0": "person"}}, "YAML").entries]
    ['person']
    """
    if isinstance(value, dict):
        written = value.get("format")
        if isinstance(written, str) and written.startswith("taxonomy-"):
            raise LabelError(
                f"a file of {written!r}, no list of classes; 'taxonomy show' prints a tree."
            )
        if holder := next((key for key in HOLDERS if isinstance(value.get(key), list | dict)), ""):
            found = _classes(value[holder], holder)
            doubt = _miscounted(value.get("nc"), len(found.entries))
            return Found(found.entries, f"{kind}, {holder!r}: {found.form}", doubt)
        if holder := next((key for key in HOLDERS if isinstance(value.get(key), str)), ""):
            raise _unknown(holder, value[holder])
        if any(value.keys() >= one for one in _SETTINGS):
            raise LabelError("settings without a list of classes; write it under 'names'.")
    found = _classes(value, "")
    return Found(found.entries, f"{kind}: {found.form}")


def _miscounted(said: Any, count: int) -> str:
    """Return in words that a file of YOLO says another number of classes than it names."""
    if not _is_number(said) or int(said) == count:
        return ""
    are = "is" if count == 1 else "are"
    return f"'nc' says {said}, and there {are} {counted(count, 'name')}; one of them is wrong"


def _classes(value: Any, path: str) -> Found:
    if isinstance(value, dict) and value:
        return _of_mapping(value, path)
    if not isinstance(value, list) or not value:
        raise _unknown(path, value)
    if any(isinstance(one, dict) for one in value):
        return _of_records({f"{path}[{i}]": one for i, one in enumerate(value)}, path)
    names = [_text(one, f"{path}[{i}]") for i, one in enumerate(value)]
    return Found([Entry(f"{path}[{i}]", name) for i, name in enumerate(names)], "a list of names")


def _of_mapping(value: Mapping[str, Any], path: str) -> Found:
    """Read a mapping: number to name, name to number, code to name, number to code and name."""
    numbered = all(map(_is_number, value))
    places = {key: f"{path}.{key[:40]}".removeprefix(".") for key in value}
    values = list(value.values())
    if all(isinstance(one, dict) for one in values):
        said = columns([name for one in values for name in one]).keys()
        keyed = not numbered and not said.isdisjoint({"name", "definition", "wnid"})
        return _of_records(
            {places[key]: {"id": key, **one} if keyed else one for key, one in value.items()}, path
        )
    if all(map(_is_number, values)) and not numbered:
        entries = [Entry(places[key], key.strip()) for key in value]
        return Found(entries, "names with numbers, which are left out")
    if numbered and all(isinstance(one, list) and len(one) == 2 for one in values):
        pairs = {key: [_text(part, places[key]) for part in one] for key, one in value.items()}
    else:
        pairs = {}
    if pairs and all(is_code(code) for code, _ in pairs.values()):
        entries = [of_code(places[key], code, first_name(n)) for key, (code, n) in pairs.items()]
        return Found(entries, "numbers with a code and a name")
    coded = all(map(is_code, value))
    if any(isinstance(one, list) for one in values) and not (coded or numbered):
        where = f"{path}: " if path else ""
        raise LabelError(f"{where}groups of classes are a tree; write the names alone as a list.")
    names = {key: _first(one, places[key]) for key, one in value.items()}
    if numbered:
        return Found([Entry(places[key], name) for key, name in names.items()], "names by number")
    entries = [of_code(places[key], key.strip(), name) for key, name in names.items()]
    return Found(entries, "names by id")


def _first(value: Any, place: str) -> str:
    """Return a name, or the first of several."""
    if isinstance(value, list) and value and len(value) <= 100:
        return _text(value[0], f"{place}[0]")
    return _text(value, place)


def _of_records(values: Mapping[str, Any], path: str) -> Found:
    """Read records, in which a number for an id counts the classes, as in COCO's files."""
    header: dict[str, None] = {}
    for place, record in values.items():
        if not isinstance(record, dict):
            raise _unknown(place, record)
        header |= dict.fromkeys(record)
    known = columns(list(header))
    if "name" in known and "id" in known:
        ids = [record.get(known["id"]) for record in values.values()]
        if all(map(_is_number, ids)):
            del known["id"]
    if not known.keys() - {"definition", "number"}:
        raise _unknown(path, next(iter(values.values())))
    used = set(known.values())
    records = [
        (place, {key: _text(part, f"{place}.{key}") for key, part in one.items() if key in used})
        for place, one in values.items()
    ]
    others = ", ".join(shown(name) for name in header if name not in used)
    return from_records(records, known, f"; not read: {others}" if others else "")


def _text(value: Any, place: str) -> str:
    """Return a text, or a whole number as one.

    Raises:
        LabelError: it is neither.
    """
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _unknown(place, value)


def _is_number(value: Any) -> bool:
    if isinstance(value, str):
        return value.isdecimal() and len(value) <= 9
    return isinstance(value, int) and not isinstance(value, bool)


def _unknown(place: str, value: Any) -> LabelError:
    """Return the error for a value that says no class's name."""
    where = f"{place}: " if place else ""
    return LabelError(
        f"{where}expected names, found {shown(value)}. Write a list of names, a mapping from "
        "number or id to name, or records with a 'name', alone or under 'names' or 'categories'."
    )
