"""The commands and their parsers."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from taxonomy._core.errors import MissingExtraError
from taxonomy._core.registry import Owners, unknown_option

COMMANDS = {
    "what there is": "list",
    "labels": "labels senses",
    "trees": "generate show check convert compare refine name plot",
    "networks": (
        "tasks design train predict evaluate score extract pack serve recommend cost curve "
        "explore features"
    ),
    "language models": "llm",
    "all of it": "study demo",
}
"""The commands by what they are about, in the order of work."""


def _summary(name: str) -> str:
    """Return what the first line of a command's module says of it, importing nothing."""
    line = Path(__file__).with_name(f"{name}.py").read_text(encoding="utf-8").partition("\n")[0]
    text = line.strip('"').partition(": ")[2]
    return text[:1].upper() + text[1:]


SUMMARIES = {name: _summary(name) for group in COMMANDS.values() for name in group.split()}


class Parser(argparse.ArgumentParser):
    """Reads the words of one command; of a flag that it lacks it says which one was meant."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the arguments, or print the usage and what is wrong, and exit with 2."""
        known = {flag for action in _actions(self) for flag in action.option_strings} | {"--"}
        wrong = [w for w in args if w.startswith("--") and w.partition("=")[0] not in known]
        given, rest = (None, wrong) if wrong else self.parse_known_args(args, namespace)
        if rest:
            word = rest[0].partition("=")[0]
            self.error(unknown_option(word, known - {word}, dict(_choosers(self))))
        return given


def parser_of(name: str, argv: Sequence[str] = ()) -> Parser:
    """Return the parser of one command, with the options of what the words choose.

    Args:
        name: of the command.
        argv: the words after it; ``--source embedding`` brings the options of that source.
    """
    command: Any = importlib.import_module(f"taxonomy.cli.{name}")
    parser = Parser(
        prog=f"taxonomy {name}",
        description=SUMMARIES[name],
        epilog="examples:\n  " + "\n  ".join(command.EXAMPLES),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # or "--sourc random" would bring the flags of another source
    )
    try:
        command.add_arguments(parser, argv)
    except MissingExtraError as error:
        if not {"-h", "--help"} & {*argv}:
            raise
        parser.epilog = f"{parser.epilog}\n\nThere are more options. {error}"
    told = parser.add_mutually_exclusive_group()
    told.add_argument("-q", "--quiet", action="store_true", help="print results and errors only")
    told.add_argument("-v", "--verbose", action="store_true", help="print what is being done, too")
    fields = {a.dest.rpartition(".")[2]: a.option_strings for a in _actions(parser)}
    parser.set_defaults(flags={name: flags[0] for name, flags in fields.items() if flags})
    return parser


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield all arguments of a command, those of its actions included."""
    for action in parser._actions:  # noqa: SLF001
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for below in action.choices.values():
                yield from _actions(below)


def _choosers(parser: argparse.ArgumentParser) -> Iterator[tuple[str, Owners]]:
    """Yield the flags and words that choose which options there are, and what has an option."""
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            yield "", partial(_words_with, action.choices)
        elif "owners" in vars(action):
            yield action.option_strings[0], vars(action)["owners"]


def _words_with(below: dict[str, argparse.ArgumentParser], option: str) -> list[str]:
    """Return the words of a command that have an option."""
    flag = f"--{option.replace('_', '-')}"
    return [n for n, p in below.items() if any(flag in a.option_strings for a in _actions(p))]


def overview() -> str:
    """Return what ``taxonomy --help`` prints."""
    lines = ["usage: taxonomy COMMAND …", "", ABOUT]
    for heading, group in COMMANDS.items():
        lines += ["", f"{heading}:", *(f"  {name:10} {SUMMARIES[name]}" for name in group.split())]
    return "\n".join([*lines, "", FIRST])


ABOUT = """Class hierarchies from WordNet, embeddings or language models, and the small expert
networks that they shape."""
FIRST = """taxonomy COMMAND --help tells more, with examples. A first one:
  taxonomy generate icons --out tree.json"""
