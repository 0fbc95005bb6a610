"""The ``taxonomy`` command: one file a command, of its name; each parses, calls and prints.

A command's module has ``EXAMPLES``, ``add_arguments(parser, argv)`` and ``run(arguments)``; its
one-line summary stands in `_parsers`, so that ``taxonomy --help`` imports none of them.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence

from taxonomy import __version__
from taxonomy._core.errors import TaxonomyError, did_you_mean
from taxonomy.cli._parsers import SUMMARIES, overview, parser_of, parsers, with_flags

__all__ = ["main", "parsers"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 2 on bad input, 130 when interrupted."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        print(overview())
        return 0
    if words[0] == "--version":
        print(f"taxonomy {__version__}")
        return 0
    if words[0] not in SUMMARIES:
        near = did_you_mean(words[0], SUMMARIES)
        print(
            f"taxonomy: Unknown command {words[0]!r}.{near} See: taxonomy --help", file=sys.stderr
        )
        return 2
    parser = argparse.ArgumentParser()
    try:
        parser = parser_of(words[0], words[1:])
        arguments = parser.parse_args(words[1:])
        _set_up_logging(arguments)
        importlib.import_module(f"taxonomy.cli.{words[0]}").run(arguments)
    except TaxonomyError as error:
        message = with_flags(" ".join(str(error).split()), parser)
        print(f"taxonomy: {message}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("taxonomy: interrupted; the same command continues.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as with "| head"; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"taxonomy: {error}", file=sys.stderr)
        return 2
    return 0


def _set_up_logging(arguments: argparse.Namespace) -> None:
    level = logging.INFO
    if arguments.quiet:
        level = logging.ERROR
    elif arguments.verbose:
        level = logging.DEBUG
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("taxonomy").setLevel(level)
