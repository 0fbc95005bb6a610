"""Typed decoding: JSON text to JSON values within stated limits, and those to frozen dataclasses.

Everything that is read passes here once, so that what comes out can be trusted by its type: a
message names the file and the place in it, such as ``spec.json: trunk[2].width: expected an
integer, found '96'``.
"""

from __future__ import annotations

import json
import math
import re
import types
import typing
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from taxonomy._core.errors import FileFormatError, TaxonomyError, did_you_mean, ending, shown, told

Value = TypeVar("Value")
Json = Any

MOST_DEPTH = 200
"""How deep lists and objects may lie in each other."""

INT64 = range(-(2**63), 2**63)


def parse_json(text: str, where: Path | str, error: type[TaxonomyError] = FileFormatError) -> Json:
    """Return the value of a JSON text, within the limits of `check_json`.

    Args:
        text: what was read.
        where: the file, for messages.
        error: what is raised.

    >>> parse_json('{"a": [1, 2.5]}', "x.json")
    {'a': [1, 2.5]}
    >>> parse_json('{"a": [1, 1e999]}', "x.json")
    Traceback (most recent call last):
    taxonomy._core.errors.FileFormatError: x.json: a[1]: expected a finite number, found inf.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError as fault:
        raise error(_message(where, "", f"character {fault.start} is no valid text")) from fault
    if _depth(data) > MOST_DEPTH:
        raise error(_message(where, "", f"nested more than {MOST_DEPTH} deep"))
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as fault:
        raise error(_message(where, "", f"not valid JSON ({fault})")) from fault
    if _may_exceed(data):
        check_json(value, where, error)
    return value


def _depth(data: bytes) -> int:
    """Return how deep the brackets of a JSON text lie in each other, those in strings left out."""
    if data.count(b"[") + data.count(b"{") <= MOST_DEPTH:
        return 0
    data = data.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NO_BRACKETS)
    marks = np.frombuffer(data, np.uint8)
    in_string = np.cumsum(marks == ord('"'), dtype=np.int32) % 2 == 1
    opened = (marks == ord("[")) | (marks == ord("{"))
    closed = (marks == ord("]")) | (marks == ord("}"))
    steps = np.where(in_string, 0, opened.astype(np.int8) - closed)
    return int(np.cumsum(steps, dtype=np.int32).max())


_NO_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))


def _may_exceed(data: bytes) -> bool:
    """Tell quickly whether a JSON text's numbers and texts may lie outside the limits; few do.

    A number outside has 19 digits or an exponent of three, and a lone surrogate is an escape.
    """
    alike = data.translate(_DIGITS_ALIKE)
    marks = (b"0" * 19, b"e000", b"e+000")
    return any(_is_in_number(mark, alike) for mark in marks) or any(
        mark in data for mark in (rb"\ud", rb"\uD", b"NaN", b"Infinity")
    )


def _is_in_number(mark: bytes, alike: bytes) -> bool:
    """Return whether a mark stands somewhere after digits alone; digests in quotes hold some."""
    at = alike.find(mark)
    while at >= 0:
        before = alike[max(0, at - 100) : at].rstrip(b"0.-")
        if not before or before[-1:] in b"[:, \t\r\n":
            return True
        at = alike.find(mark, at + len(mark))
    return False


_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")


def check_json(
    value: Json, where: Path | str, error: type[TaxonomyError] = FileFormatError
) -> None:
    """Check that a value can be written as JSON and read again by anybody.

    Lists and objects lie at most 200 deep in each other, integers fit into 64 bits, other numbers
    are finite, and texts hold no lone surrogate.

    Args:
        value: lists, mappings by text, texts, numbers, truth values and None.
        where: the file, for messages.
        error: what is raised.
    """
    waiting: list[tuple[Any, Any, int]] = [(value, None, 0)]  # with the path, linked upwards
    while waiting:
        item, path, depth = waiting.pop()
        if item is None or item is True or item is False:
            continue
        if isinstance(item, str):
            wrong = not _is_text(item) and "valid text"
        elif isinstance(item, int):
            wrong = item not in INT64 and "an integer of at most 64 bits"
        elif isinstance(item, float):
            wrong = not math.isfinite(item) and "a finite number"
        elif depth >= MOST_DEPTH:
            wrong = f"nesting of at most {MOST_DEPTH}"
        elif isinstance(item, Mapping):
            wrong = not all(isinstance(key, str) and _is_text(key) for key in item) and (
                "keys of valid text"
            )
            waiting += [(part, (path, key), depth + 1) for key, part in item.items()]
        elif isinstance(item, Sequence) and not isinstance(item, bytes):
            wrong = False
            waiting += [(part, (path, index), depth + 1) for index, part in enumerate(item)]
        else:
            wrong = "a JSON value"
        if wrong:
            raise error(_message(where, _path(path), f"expected {wrong}, found {shown(item)}"))


def _is_text(text: str) -> bool:
    return text.isascii() or not _SURROGATE.search(text)


_SURROGATE = re.compile(r"[\ud800-\udfff]")


def decode(
    cls: type[Value],
    value: Json,
    where: Path | str,
    error: type[TaxonomyError] = FileFormatError,
    *,
    closed: bool = True,
    checked: bool = False,
) -> Value:
    """Return JSON values as a dataclass, with every field of its type and no field unknown.

    Args:
        cls: a dataclass, or any other type that msgspec knows.
        value: what was read from a file or made by ``asdict``.
        where: the file, for messages.
        error: what is raised, also in the place of an error of the toolkit's own that the
            dataclass raises.
        closed: whether fields that the dataclass does not have are refused; else they are left out.
        checked: whether `parse_json` has read the value, so that it is known to be within limits.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Stage:
    ...     width: int
    ...     depth: int = 1
    >>> decode(Stage, {"width": 96}, "stage.json")
    Stage(width=96, depth=1)
    >>> decode(Stage, {"width": "96"}, "stage.json")
    Traceback (most recent call last):
    taxonomy._core.errors.FileFormatError: stage.json: width: expected an integer, found '96'.
    >>> decode(Stage, {"widht": 96}, "stage.json")
    Traceback (most recent call last):
    taxonomy._core.errors.FileFormatError: stage.json: unknown field 'widht'. Did you mean 'width'?
    """
    import msgspec

    if not checked:
        check_json(value, where, error)
    parts = list(_dataclasses(cls, value, ()))
    for part, content, path in parts if closed else ():
        known = [field.name for field in fields(part)]
        for name in content:
            if name not in known:
                near = did_you_mean(name, known) or f" Known fields: {', '.join(known)}."
                raise error(_message(where, _path(path), f"unknown field {shown(name)}.{near}"))
    try:
        return msgspec.convert(value, cls)
    except msgspec.ValidationError as fault:
        raise error(_message(where, *_explained(str(fault), cls, value))) from fault
    except TaxonomyError as fault:
        raise error(_message(where, _path(_place_of(fault, parts)), str(fault))) from fault


def _place_of(fault: TaxonomyError, parts: list[tuple[Any, Any, Any]]) -> Any:
    """Return the path of the first dataclass, and in it the innermost, that raises these words."""
    import msgspec

    place: Any = None
    for part, content, path in parts:
        try:
            msgspec.convert(content, part)
        except TaxonomyError as again:
            if str(again) == str(fault) and (place is None or _is_below(path, place)):
                place = path
        except msgspec.ValidationError:
            continue
    return place


def _is_below(path: Any, other: Any) -> bool:
    while path and path is not other:
        path, _ = path
    return path is other


def _dataclasses(hint: Any, value: Json, path: Any) -> Iterator[tuple[Any, Mapping[str, Any], Any]]:
    """Yield every object that becomes a dataclass, with its path; outer ones first."""
    if _is_dataclass(hint) and isinstance(value, Mapping):
        yield hint, value, path
    for part, item, step in _inner(hint, value):
        yield from _dataclasses(part, item, path if step is None else (path, step))


def _inner(hint: Any, value: Json) -> Iterator[tuple[Any, Json, Any]]:
    """Yield what lies directly in a value: its type, the value itself and the step to it."""
    if typing.get_origin(hint) in _UNIONS:
        yield from ((part, value, None) for part in typing.get_args(hint))
    elif isinstance(value, Mapping):
        if _is_dataclass(hint):
            yield from ((t, value[name], name) for name, t in _hints(hint).items() if name in value)
        elif _origin(hint) in (dict, Mapping):
            yield from ((typing.get_args(hint)[1], item, key) for key, item in value.items())
    elif isinstance(value, list | tuple) and _origin(hint) in (tuple, list):
        yield from ((_item(hint, index), item, index) for index, item in enumerate(value))


_UNIONS = (types.UnionType, typing.Union)


def _origin(hint: Any) -> Any:
    origin = typing.get_origin(hint)
    return Mapping if origin is not None and origin.__name__ == "Mapping" else origin


def _item(hint: Any, index: int) -> Any:
    """Return the type of one item of a list or tuple."""
    parts = typing.get_args(hint)
    if not parts or len(parts) == 1 or parts[-1] is ...:
        return parts[0] if parts else Any
    return parts[index] if index < len(parts) else Any


def _is_dataclass(hint: Any) -> bool:
    return is_dataclass(hint)


@cache
def _hints(cls: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cls)


_WORDS = {
    "int": "an integer",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _explained(message: str, hint: Any, value: Json) -> tuple[str, str]:
    """Return the path that a message of msgspec names, and the message in plain words."""
    words, _, place = message.partition(" - at `$")
    steps = re.findall(r"\.([^.[\]`]+)|\[(\d+)\]", place)
    path: Any = ()
    for name, index in steps:
        step = name or int(index)
        path = (path, step)
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return _path(path), words
        if typing.get_origin(hint) in _UNIONS:
            hint = next((x for x in typing.get_args(hint) if x is not type(None)), hint)
        hint = _hints(hint).get(name, Any) if _is_dataclass(hint) else _item(hint, int(index or 0))
    if match := re.match(r"Expected `(.*?)`( of length \d+)?, got", words):
        wanted = " or ".join(_WORDS.get(word, word) for word in match[1].split(" | "))
        return _path(path), f"expected {wanted}{match[2] or ''}, found {shown(value)}"
    if match := re.match(r"Object missing required field `(.*)`", words):
        return _path(path), f"lacks the field {match[1]!r}"
    if words.startswith("Invalid enum value") and typing.get_origin(hint) is typing.Literal:
        known = [str(choice) for choice in typing.get_args(hint)]
        near = did_you_mean(value, known) if isinstance(value, str) else ""
        return _path(path), f"expected one of {', '.join(known)}, found {shown(value)}.{near}"
    return _path(path), words


def _path(path: Any) -> str:
    """Return a linked path as text, such as ``trunk[2].width``."""
    steps = []
    while path:
        path, step = path
        steps.append(f"[{step}]" if isinstance(step, int) else f".{shown(step)[1:-1]}")
    return "".join(reversed(steps)).removeprefix(".")


_LONGEST_PATH = 120
"""The length of a path within a file in a message."""


def _message(where: Path | str, path: str, words: str) -> str:
    words = words if words.endswith((".", "?")) else f"{words}."
    return told(where, f"{ending(path, _LONGEST_PATH)}: {words}" if path else words)
