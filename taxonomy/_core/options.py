"""Options as text, for command lines and recipes: fields of a dataclass, keywords of a function.

A class of options is a frozen dataclass whose docstring has a Google-style section ``Args:``; of a
function the keyword-only arguments are its options. Those of simple types can be written as text:
whole numbers, numbers, words, truth values, choices (``Literal``), lists of these, and one of
several of these.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from taxonomy._core.errors import did_you_mean


@dataclasses.dataclass(frozen=True)
class Option:
    """One field of a class of options, or one keyword of a function.

    Args:
        name: of the field or keyword.
        hint: its type.
        default: its default value; `dataclasses.MISSING` where it must be given.
        help: what its docstring says of it, on one line.
    """

    name: str
    hint: Any
    default: Any
    help: str

    @property
    def shown_default(self) -> str:
        """Its default as a help text shows it; empty where there is none to show.

        >>> Option("levels", tuple[int, ...], (12, 48), "").shown_default
        '12,48'
        """
        default = self.default
        if default is dataclasses.MISSING or default is inspect.Parameter.empty or default is None:
            return ""
        if isinstance(default, bool):
            return "yes" if default else "no"
        return ",".join(map(str, default)) if isinstance(default, tuple) else str(default)

    @property
    def placeholder(self) -> str:
        """What stands for the value in a help text; empty for what cannot be written as text.

        >>> Option("levels", tuple[int, ...] | typing.Literal["auto"], "auto", "").placeholder
        'N,N|auto'
        """
        return _placeholder(self.hint)


def options_of(owner: Callable[..., Any]) -> tuple[Option, ...]:
    """Return the options of a dataclass, in the order of its fields, or of a function.

    >>> @dataclasses.dataclass(frozen=True)
    ... class Example:
    ...     '''One line.
    ...
    ...     Args:
    ...         seed: picks the
    ...             matrix.
    ...     '''
    ...
    ...     seed: int = 0
    >>> options_of(Example)
    (Option(name='seed', hint=<class 'int'>, default=0, help='picks the matrix.'),)
    """
    helps = argument_helps(owner)
    if dataclasses.is_dataclass(owner):
        hints = typing.get_type_hints(owner)
        defaults = {field.name: field.default for field in dataclasses.fields(owner) if field.init}
    else:
        parameters = inspect.signature(owner).parameters.values()
        defaults = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        hints = _hints_of_keywords(owner, defaults)
    return tuple(Option(n, hints[n], default, helps.get(n, "")) for n, default in defaults.items())


def _hints_of_keywords(function: Any, names: Iterable[str]) -> dict[str, Any]:
    """Return the types of a function's keywords; of those that only the type checker sees, Any."""
    hints = {}
    for name in names:
        text = function.__annotations__[name]
        try:
            hints[name] = eval(text, function.__globals__)  # noqa: S307 (our own annotations)
        except NameError:
            hints[name] = Any
    return hints


def argument_helps(owner: Any) -> dict[str, str]:
    """Return each argument's text from Google-style docstrings, those of base classes included."""
    helps: dict[str, str] = {}
    for each in reversed(getattr(owner, "__mro__", (owner,))):
        _, _, section = (each.__doc__ or "").partition("Args:\n")
        section = re.split(r"\n\s*\n", section)[0]
        found = re.findall(r"^ {8}(\w+): (.*(?:\n {9,}.*)*)", section, flags=re.MULTILINE)
        helps |= {name: re.sub(r"\s+", " ", text.replace("`", "")).strip() for name, text in found}
    return helps


def with_flags(message: str, flags: Mapping[str, str]) -> str:
    """Return a message of the library with a command's flags for the fields that it names.

    Args:
        message: fields and their values stand in backquotes.
        flags: the flag of each field.

    >>> flags = {"max_usd": "--max-usd", "flat": "--flat"}
    >>> with_flags("The run may cost $3; raise `max_usd`, such as `max_usd=3`.", flags)
    'The run may cost $3; raise --max-usd, such as --max-usd 3.'
    >>> with_flags("Leave out `flat`, or `flat=True`; `other` is none.", flags)
    'Leave out --flat, or --flat; `other` is none.'
    """

    def flag(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in flags:
            return match.group()
        plain = (value or "").strip("'\"")
        return f"{flags[name]} {'' if plain in ('True', 'False') else plain}".rstrip()

    return re.sub(r"`(\w+)(?:=([^`]*))?`", flag, message)


def parse(hint: Any, text: str) -> Any:
    """Return a text as a value of a type.

    Raises:
        ValueError: it is none of that type; the message says what is wanted.

    >>> parse(tuple[int, ...], "12,48"), parse(bool, "yes"), parse(float | None, "0.5")
    ((12, 48), True, 0.5)
    >>> parse(typing.Literal["wup", "lin"], "lim")
    Traceback (most recent call last):
    ValueError: 'lim' is none of: wup, lin. Did you mean 'lin'?
    """
    if hint is bool:
        return _truth(text)
    if hint is int or hint is float:
        return _number(hint, text)
    if hint is str:
        return text
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return _choice(inside, text)
    if origin is tuple:
        return tuple(parse(inside[0], part.strip()) for part in text.split(",") if part.strip())
    if origin in (typing.Union, types.UnionType):
        return _first(hint, text)
    raise ValueError(f"{text!r} cannot be given as text")


def _truth(text: str) -> bool:
    known = {"yes": True, "true": True, "no": False, "false": False}
    if text.lower() not in known:
        raise ValueError(f"{text!r} is neither yes nor no")
    return known[text.lower()]


def _number(kind: type[int | float], text: str) -> int | float:
    try:
        return kind(text)
    except ValueError:
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"{text!r} is not {wanted}") from None


def _choice(choices: tuple[Any, ...], text: str) -> Any:
    known = {str(choice): choice for choice in choices}
    if text not in known:
        raise ValueError(f"{text!r} is none of: {', '.join(known)}.{did_you_mean(text, known)}")
    return known[text]


def _first(hint: Any, text: str) -> Any:
    """Return a text as the first of several types that it is one of; words before free text."""
    kinds = [kind for kind in typing.get_args(hint) if _placeholder(kind)]
    for kind in sorted(kinds, key=_eagerness):
        try:
            return parse(kind, text)
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not of the form {_placeholder(hint)}")


def _eagerness(kind: Any) -> tuple[bool, bool]:
    """Return what sorts types by how much text they take: words first, free text last."""
    origin: Any = typing.get_origin(kind)
    return kind is str, origin is tuple


_PLACEHOLDERS = {bool: "yes|no", int: "N", float: "X", str: "TEXT"}


def _placeholder(hint: Any) -> str:
    if hint in _PLACEHOLDERS:
        return _PLACEHOLDERS[hint]
    origin, inside = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return "|".join(map(str, inside))
    if origin is tuple and len(inside) == 2 and inside[1] is Ellipsis:
        one = _placeholder(inside[0])
        return f"{one},{one}" if one else ""
    if origin in (typing.Union, types.UnionType):
        return "|".join(filter(None, map(_placeholder, inside)))
    return ""
