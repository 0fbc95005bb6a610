"""The ``taxonomy`` command: one file a command, of its name; each parses, calls and prints.

A command's module has ``EXAMPLES``, ``add_arguments(parser, argv)`` and ``run(arguments)``; its
first line says what it does, and ``taxonomy --help`` reads that line and imports none of them.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout

from taxonomy import __version__
from taxonomy._core.errors import TaxonomyError, did_you_mean
from taxonomy._core.kept import keeping
from taxonomy._core.options import with_flags
from taxonomy._core.process import Notes, Unbroken, prepare_process
from taxonomy.cli._parsers import SUMMARIES, overview, parser_of
from taxonomy.llm.plan import Plan, confirming

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 2 on bad input, 130 when interrupted."""
    prepare_process(sys.stdout, sys.stderr)  # before torch is imported
    with redirect_stdout(Unbroken(sys.stdout)) as out:
        try:
            return _main(argv)
        finally:
            out.flush()


def _main(argv: Sequence[str] | None) -> int:
    words = [*(sys.argv[1:] if argv is None else argv)]  # list is the command's module here
    flags: dict[str, str] = {}
    try:
        if not words or words[0] in ("-h", "--help"):
            print(overview())
            return 0
        if words[0] == "--version":
            print(f"taxonomy {__version__}")
            return 0
        if words[0] not in SUMMARIES:
            near = did_you_mean(words[0], SUMMARIES)
            print(
                f"taxonomy: Unknown command {words[0]!r}.{near} See: taxonomy --help",
                file=sys.stderr,
            )
            return 2
        parser = parser_of(words[0], words[1:])
        flags = parser.get_default("flags")
        arguments = parser.parse_args(words[1:])
        _set_up_logging(arguments)
        read = {name: value for name, value in vars(arguments).items() if name != "out"}
        with confirming(agreed), keeping(read.values(), vars(arguments).get("out")):
            importlib.import_module(f"taxonomy.cli.{words[0]}").run(arguments)
    except TaxonomyError as error:
        message = with_flags(" ".join(str(error).split()), flags)
        print(f"taxonomy: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("taxonomy: interrupted; the same command continues.", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"taxonomy: {error}", file=sys.stderr)
        return 2
    return 0


def _set_up_logging(arguments: argparse.Namespace) -> None:
    level = logging.ERROR if arguments.quiet else logging.INFO
    if arguments.verbose:
        level = logging.DEBUG
    handler = Notes(sys.stderr, lambda text: with_flags(text, arguments.flags))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("taxonomy").setLevel(level)


def agreed(plan: Plan) -> bool:
    """Show what would be sent and ask for a yes; without a terminal nobody agrees."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(f"{plan}\nSend them? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
