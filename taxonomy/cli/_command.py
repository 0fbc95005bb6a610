"""What a subcommand is."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One subcommand.

    Args:
        name: what is typed.
        help: one line.
        examples: command lines that work in an empty folder.
        flags: adds the flags; it sees the raw arguments, to add those of a chosen source.
        run: does the work and prints.
    """

    name: str
    help: str
    examples: tuple[str, ...]
    flags: Callable[[argparse.ArgumentParser, Sequence[str]], None]
    run: Callable[[argparse.Namespace], None]


def chosen(argv: Sequence[str], flag: str, default: str) -> str:
    """Return the value of a flag before the real parsing.

    >>> chosen(["--source", "random"], "--source", "wordnet")
    'random'
    >>> chosen(["--source=random"], "--source", "wordnet")
    'random'

    Of several the last counts, as in argparse.
    """
    value = default
    for i, word in enumerate(argv):
        if word == flag and i + 1 < len(argv):
            value = argv[i + 1]
        elif word.startswith(f"{flag}="):
            value = word.partition("=")[2]
    return value


def class_names(text: str) -> list[str]:
    """Split label ids at commas.

    >>> class_names("cat, dog")
    ['cat', 'dog']
    """
    return [name.strip() for name in text.split(",")]
