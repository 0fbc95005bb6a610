"""The ``taxonomy`` command: parse, call, print."""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import logging
import os
import sys
from collections.abc import Sequence

from taxonomy import __version__
from taxonomy._core.errors import TaxonomyError
from taxonomy.cli import features, llm, names, networks, pictures, scores, senses, train, trees

COMMANDS = (
    *trees.COMMANDS,
    *pictures.COMMANDS,
    *senses.COMMANDS,
    *names.COMMANDS,
    *llm.COMMANDS,
    *train.COMMANDS,
    *networks.COMMANDS,
    *scores.COMMANDS,
    *features.COMMANDS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0, 2 on bad input, 130 when interrupted."""
    _prepare_process()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        arguments = build_parser(list(sys.argv[1:] if argv is None else argv))
        arguments.run(arguments)
    except TaxonomyError as error:
        print(f"taxonomy: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("taxonomy: interrupted; the same command continues.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of our output has gone, as with "| head"; nothing more can be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        print(f"taxonomy: {error}; choose another place with --out.", file=sys.stderr)
        return 2
    return 0


def _prepare_process() -> None:
    """Set what makes training faster and can only be set for the process as a whole.

    Torch's threads spin long while they wait for one another, which makes training several times
    slower beside another busy process; spinning shortly costs nothing on idle cores. It is read
    when torch is first imported, which is later than here.

    glibc gives large blocks back to the system as soon as they are freed, and pays with a page
    fault for every 4 KiB when the next step asks for them again; it is told to keep them. Other
    libraries are left as they are.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        trim_threshold, mmap_threshold = -1, -3  # glibc's malloc.h
        if mallopt(mmap_threshold, 1 << 30):  # refused by old versions, which adapt it themselves
            mallopt(trim_threshold, (1 << 31) - 1)


def build_parser(argv: Sequence[str]) -> argparse.Namespace:
    """Parse the arguments.

    Commands whose flags depend on a choice (``--source wordnet``) add them in a second pass.
    """
    parser = argparse.ArgumentParser(
        prog="taxonomy",
        description="Build class hierarchies, shape networks with them, cut out small experts.",
        epilog="example: taxonomy generate icons --source wordnet --out tree.json",
    )
    parser.add_argument("--version", action="version", version=f"taxonomy {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        below = commands.add_parser(
            command.name,
            help=command.help,
            description=command.help,
            epilog="example:\n  " + "\n  ".join(command.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,  # or "--sourc random" would bring the flags of another source
        )
        below.set_defaults(run=command.run)
        command.flags(below, argv)
    return parser.parse_args(argv)
