"""The commands, their parsers, and how errors of the library name the command's flags."""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Sequence
from typing import Any

COMMANDS = {
    "labels": {
        "labels": "Read a list of classes, check it and print it.",
        "senses": "Find the WordNet synset that each class name means.",
    },
    "trees": {
        "generate": "Build a tree of classes.",
        "show": "Print a tree.",
        "check": "Check a tree file: errors, warnings, notes.",
        "compare": "Compare trees over the classes they share.",
        "refine": "Improve a tree by moving classes while its cost falls.",
        "name": "Name the inner nodes of a tree.",
        "plot": "Draw a tree as a picture.",
    },
    "networks": {
        "design": "Propose networks within a budget, without building one.",
        "train": "Train a network that a tree shapes; a stopped run continues.",
        "evaluate": "Print a network's scores, and those of its experts.",
        "extract": "Cut the expert of a few classes out of a trained network.",
        "curve": "Draw experts' accuracy over their cost, beside flat networks.",
        "features": "Compute a trained network's class features for the source 'visual'.",
    },
    "language models": {
        "llm": "Batches and transcripts of a language model's answers.",
    },
    "all of it": {
        "demo": "Go the whole way on the shipped icons, from class names to experts.",
    },
}
"""The commands by what they are about, in the order of work."""

SUMMARIES = {name: text for group in COMMANDS.values() for name, text in group.items()}


def parser_of(name: str, argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return the parser of one command, with the options of what the words choose.

    Args:
        name: of the command.
        argv: the words after it; ``--source embedding`` brings the options of that source.
    """
    command: Any = importlib.import_module(f"taxonomy.cli.{name}")
    parser = argparse.ArgumentParser(
        prog=f"taxonomy {name}",
        description=SUMMARIES[name],
        epilog="examples:\n  " + "\n  ".join(command.EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # or "--sourc random" would bring the flags of another source
    )
    command.add_arguments(parser, argv)
    told = parser.add_mutually_exclusive_group()
    told.add_argument("-q", "--quiet", action="store_true", help="print results and errors only")
    told.add_argument("-v", "--verbose", action="store_true", help="print what is being done, too")
    return parser


def parsers() -> dict[str, argparse.ArgumentParser]:
    """Return the parsers of all commands, for documentation."""
    return {name: parser_of(name) for name in SUMMARIES}


def with_flags(message: str, parser: argparse.ArgumentParser) -> str:
    """Return an error of the library with the command's flags for the fields that it names.

    >>> parser = argparse.ArgumentParser()
    >>> _ = parser.add_argument("--max-usd", dest="Settings.max_usd")
    >>> with_flags("The run may cost $3; raise `max_usd`, such as `max_usd=3`.", parser)
    'The run may cost $3; raise --max-usd, such as --max-usd 3.'
    """
    flags = {
        action.dest.rpartition(".")[2]: action.option_strings[0]
        for action in parser._actions  # noqa: SLF001
        if action.option_strings
    }

    def flag(match: re.Match[str]) -> str:
        name, value = match.groups()
        if name not in flags:
            return match.group()
        plain = (value or "").strip("'\"")
        if plain in ("True", "False"):
            plain = ""
        return f"{flags[name]} {plain}".rstrip()

    return re.sub(r"`(\w+)(?:=([^`]*))?`", flag, message)


def overview() -> str:
    """Return what ``taxonomy --help`` prints."""
    lines = ["usage: taxonomy COMMAND …", "", ABOUT]
    for heading, group in COMMANDS.items():
        lines += ["", f"{heading}:", *(f"  {name:10} {text}" for name, text in group.items())]
    return "\n".join([*lines, "", FIRST])


ABOUT = """Class hierarchies from WordNet, embeddings or language models, and the small expert
networks that they shape."""
FIRST = """taxonomy COMMAND --help tells more, with examples. A first one:
  taxonomy generate icons --out tree.json"""
