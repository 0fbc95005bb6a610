"""Flags derived from frozen dataclasses of options."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from taxonomy._core.options import options_of, parse
from taxonomy._core.registry import Registry


def choice(argv: Sequence[str], flag: str, default: str) -> str:
    """Return the value of a flag that decides which other flags there are.

    >>> choice(["labels.csv", "--source=random"], "--source", "wordnet")
    'random'
    """
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    first.add_argument(flag, dest="value", default=default)
    try:
        return str(first.parse_known_args(list(argv))[0].value)
    except argparse.ArgumentError:  # a flag without a value: the real parser says so
        return default


def add_options(
    parser: argparse.ArgumentParser,
    owner: Callable[..., Any],
    title: str,
    prefix: str = "",
    skip: tuple[str, ...] = (),
) -> None:
    """Add a flag for every option of a dataclass or function that can be written as text.

    Args:
        parser: of the command.
        owner: a frozen dataclass, or a function with keyword-only arguments.
        title: of the group of flags.
        prefix: put before a flag that the command has already.
        skip: fields that become no flag.
    """
    group = parser.add_argument_group(title)
    for option in options_of(owner):
        if not option.placeholder or option.name in skip:
            continue
        bracket = f" [{option.shown_default}]" if option.shown_default else ""
        settings: dict[str, Any] = {
            "dest": f"{owner.__name__}.{option.name}",
            "default": argparse.SUPPRESS,
            "help": f"{option.help}{bracket}".replace("%", "%%"),
        }
        if option.hint is bool:
            settings["action"] = argparse.BooleanOptionalAction
        else:
            settings |= {"type": reader(option.hint), "metavar": option.placeholder}
        word = option.name.replace("_", "-")
        try:
            group.add_argument(f"--{word}", **settings)
        except argparse.ArgumentError:
            group.add_argument(f"--{prefix}-{word}", **settings)


def given_options(owner: Callable[..., Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options of a dataclass or function that were given as flags."""
    names = {f"{owner.__name__}.{option.name}": option.name for option in options_of(owner)}
    return {names[dest]: value for dest, value in vars(arguments).items() if dest in names}


def from_options(cls: Callable[..., Any], arguments: argparse.Namespace) -> Any:
    """Return an instance of a dataclass with the fields that were given as flags."""
    return cls(**given_options(cls, arguments))


def add_choice(
    parser: argparse.ArgumentParser,
    argv: Sequence[str],
    flag: str,
    registry: Registry[Any],
    default: str = "",
    text: str = "",
    with_options: bool = True,
) -> Any:
    """Add a flag for a registered name, and those of the class that the words choose by it.

    Args:
        parser: of the command.
        argv: the words after the command.
        flag: such as ``--source``.
        registry: of the names.
        default: a name, or nothing.
        text: put before the names in the help.
        with_options: whether the class's own flags are added.

    Returns:
        The class chosen, None where there is none.
    """
    shown = f"{text}{', '.join(registry)}" + (f" [{default}]" if default else "")
    action: Any = parser.add_argument(flag, default=default, help=shown)
    action.owners = registry.having
    if not (name := choice(argv, flag, default)):
        return None
    cls = registry.get(name)
    if with_options:
        add_options(parser, cls, f"options of {flag} {name}", flag.strip("-"))
    return cls


def reader(hint: Any) -> Callable[[str], Any]:
    """Return what turns a word of the command line into a value of a type."""

    def read(text: str) -> Any:
        try:
            return parse(hint, text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return read
