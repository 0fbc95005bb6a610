"""Every choice that a registered dataclass offers, so that new ones are tested by themselves."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import fields
from typing import Any


def choices(cls: type) -> Iterator[dict[str, Any]]:
    """Yield one option at a time: every value of every ``Literal`` or ``bool`` but the default."""
    hints = typing.get_type_hints(cls)
    for field in fields(cls):
        for value in _values(hints[field.name]):
            if value != field.default:
                yield {field.name: value}


def _values(hint: Any) -> Iterator[Any]:
    if typing.get_origin(hint) is typing.Literal:
        yield from typing.get_args(hint)
    elif hint is bool:
        yield from (False, True)
    else:
        for part in typing.get_args(hint):
            yield from _values(part)
