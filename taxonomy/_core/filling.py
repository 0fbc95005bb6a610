"""Nested values that are filled while a parser's events come in."""

from __future__ import annotations

from typing import Any


def put(value: Any, waiting: list[tuple[Any, list[Any]]], done: list[Any]) -> bool:
    """Put a value where the parser stands: at the end, into a list, or as a key or its value.

    Args:
        value: that has come.
        waiting: the lists and dictionaries that are being filled, outermost first, each with the
            key that waits for its value.
        done: values with nothing around them.

    Returns:
        False where it should be a key, and is no text or is there already; it is not put then.

    >>> mapping, done = {}, []
    >>> waiting = [(mapping, [])]
    >>> put("name", waiting, done), put("cat", waiting, done), put("name", waiting, done), mapping
    (True, True, False, {'name': 'cat'})
    """
    if not waiting:
        done.append(value)
        return True
    around, key = waiting[-1]
    if isinstance(around, list):
        around.append(value)
    elif key:
        around[key.pop()] = value
    elif not isinstance(value, str) or value in around:
        return False
    else:
        key.append(value)
    return True
