"""Options that hold what their types say, wherever they come from: a call, a flag, a file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from typing import Any, Literal, get_args, get_origin, get_type_hints

from taxonomy._core.errors import TaxonomyError, did_you_mean

_KINDS: dict[Any, tuple[str, tuple[type, ...]]] = {
    str: ("a text", (str, os.PathLike)),
    bool: ("True or False", (bool,)),
    int: ("a whole number", (int,)),
    float: ("a number", (int, float)),
}


def check_kind(value: object, kind: type, what: str, error: type[TaxonomyError]) -> None:
    """Check that a value is of a type, before something deep inside fails at it.

    Args:
        value: what was given.
        kind: what it must be.
        what: how the caller calls it, such as: the tree.
        error: what is raised.

    Raises:
        TaxonomyError: of the kind given; it says which of the value's parts would do.

    >>> check_kind("tree.json", int, "the number", TaxonomyError)
    Traceback (most recent call last):
    taxonomy._core.errors.TaxonomyError: the number is a str; give a int.
    """
    if isinstance(value, kind):
        return
    parts = getattr(value, "__dict__", {}).items()
    held = [name for name, part in parts if isinstance(part, kind)]
    for name, method in vars(type(value)).items():
        if getattr(method, "__annotations__", {}).get("return") in (kind, kind.__name__):
            held.append(f"{name}()")
    held = [name for name in held if not name.startswith("_")]
    hint = f", such as its .{held[0]}" if held else ""
    raise error(f"{what} is a {type(value).__name__}; give a {kind.__name__}{hint}.")


def check_path(value: object, what: str, error: type[TaxonomyError]) -> None:
    """Check that what names a file, a folder or something shipped is a text or a path.

    Raises:
        TaxonomyError: of the kind given.

    >>> check_path(["cat"], "the task list", TaxonomyError)
    Traceback (most recent call last):
    taxonomy._core.errors.TaxonomyError: the task list is a list; give the name or path of one.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise error(f"{what} is a {type(value).__name__}; give the name or path of one.")


def check_several(values: object, what: str, error: type[TaxonomyError]) -> None:
    """Refuse one text where several are wanted: its letters would be taken for them.

    Raises:
        TaxonomyError: of the kind given; also where there is nothing that can be gone through.
    """
    if not isinstance(values, Iterable):
        kind = type(values).__name__
        raise error(f"A {kind} is given where {what} are wanted; give a list of them.")
    if isinstance(values, str):
        raise error(f"{values[:60]!r} is one text where {what} are wanted; give a list of them.")


def check_options(options: Any, error: type[TaxonomyError]) -> None:
    """Check that every field of a dataclass that is a word of a few, a text or a number is one.

    Raises:
        TaxonomyError: of the kind given; it names the field and what it takes.
    """
    for name, hint in get_type_hints(type(options)).items():
        value = getattr(options, name)
        if get_origin(hint) is Literal:
            if value not in get_args(hint):
                known = get_args(hint)
                near = did_you_mean(value, map(str, known)) if isinstance(value, str) else ""
                raise error(
                    f"The option `{name}` is {repr(value)[:60]}.{near} "
                    f"Choose from: {', '.join(map(repr, known))}."
                )
        elif hint in _KINDS:
            kind, types = _KINDS[hint]
            if not isinstance(value, types) or (isinstance(value, bool) and hint is not bool):
                raise error(f"The option `{name}` is {repr(value)[:60]}; give {kind}.")
        elif _holds_several(hint) and not isinstance(value, (str, tuple, list, type(None))):
            raise error(f"The option `{name}` is {repr(value)[:60]}; give a tuple.")


def check_range(
    options: Any,
    names: Iterable[str],
    least: float,
    error: type[TaxonomyError],
    most: float = math.inf,
) -> None:
    """Check that some of a dataclass's numbers lie within bounds, which infinity and NaN never do.

    Args:
        options: the dataclass.
        names: of its fields.
        least: the smallest number allowed.
        error: what is raised.
        most: the largest.

    Raises:
        TaxonomyError: of the kind given; it names the field and the bounds.

    >>> from types import SimpleNamespace
    >>> check_range(SimpleNamespace(flip=2), ["flip"], 0, TaxonomyError, 1)
    Traceback (most recent call last):
    taxonomy._core.errors.TaxonomyError: `flip` is 2; give a number from 0 to 1.
    """
    wanted = f"{least} or more" if most == math.inf else f"a number from {least} to {most}"
    for name in names:
        value = getattr(options, name)
        if not least <= value <= most or value == math.inf:
            raise error(f"`{name}` is {value}; give {wanted}.")


def _holds_several(hint: Any) -> bool:
    """Return whether an option's type is a tuple, or may be one."""
    return tuple in {get_origin(part) for part in (hint, *get_args(hint))}
