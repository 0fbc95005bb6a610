"""Command-line flags derived from the fields and docstrings of frozen dataclasses."""

from __future__ import annotations

import argparse
import dataclasses
import re
import types
import typing
from typing import Any


def add_flags(
    parser: argparse.ArgumentParser, cls: type, title: str, skip: tuple[str, ...] = ()
) -> None:
    """Add one flag for every simple field of a dataclass, with its help from the docstring.

    Fields of type int, float, str, bool, a tuple of ints, or a ``Literal``, or one of these or
    None, become flags; others, and those to skip, keep their default.
    """
    group = parser.add_argument_group(title)
    helps = argument_helps(cls)
    hints = typing.get_type_hints(cls)
    for field in dataclasses.fields(cls):
        kind = _kind(hints[field.name])
        if kind is None or field.name in skip:
            continue
        default = field.default
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        text = f"{helps.get(field.name, '')} [{shown}]".replace("%", "%%")
        group.add_argument(
            f"--{field.name.replace('_', '-')}",
            dest=field.name,
            default=argparse.SUPPRESS,
            help=text.strip(),
            **kind,
        )


def from_flags(cls: type, arguments: argparse.Namespace) -> Any:
    """Return the dataclass with the fields that were given as flags."""
    names = {field.name for field in dataclasses.fields(cls)}
    return cls(**{name: value for name, value in vars(arguments).items() if name in names})


def argument_helps(cls: type) -> dict[str, str]:
    """Return each argument's text from Google-style docstrings, those of base classes included.

    >>> class Example:
    ...     '''One line.
    ...
    ...     Args:
    ...         seed: picks the
    ...             matrix.
    ...         measure: which one.
    ...     '''
    >>> argument_helps(Example)
    {'seed': 'picks the matrix.', 'measure': 'which one.'}

    Those of the classes that it extends count too.
    """
    helps: dict[str, str] = {}
    for each in reversed(cls.__mro__):
        _, _, section = (each.__doc__ or "").partition("Args:\n")
        section = re.split(r"\n\s*\n", section)[0]
        found = re.findall(r"^ {8}(\w+): (.*(?:\n {9,}.*)*)", section, flags=re.MULTILINE)
        helps |= {name: re.sub(r"\s+", " ", text.replace("`", "")).strip() for name, text in found}
    return helps


def integers(text: str) -> tuple[int, ...]:
    """Parse ``12,48``; the empty text is the empty tuple."""
    try:
        return tuple(int(part) for part in text.split(",") if part)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers such as 12,48") from None


def _kind(hint: Any) -> dict[str, Any] | None:
    """Return argparse's keywords for a type, or None for a type that is no flag."""
    if hint is bool:
        return {"action": "store_true"}
    if hint in (int, float, str):
        return {"type": hint, "metavar": hint.__name__.upper()}
    if typing.get_origin(hint) is typing.Literal:
        return {"choices": typing.get_args(hint)}
    if hint == tuple[int, ...]:
        return {"type": integers, "metavar": "N,N"}
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        some = [kind for kind in typing.get_args(hint) if kind is not types.NoneType]
        if len(some) == 1:
            return _kind(some[0])
        words = [w for a in typing.get_args(hint) for w in typing.get_args(a) if isinstance(w, str)]
        return {
            "type": lambda text: text if text in words else integers(text),
            "metavar": "|".join(["N,N", *words]),
        }
    return None
