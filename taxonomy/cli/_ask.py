"""The one question that the command asks at a terminal: whether many requests are sent."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from taxonomy.cli._arguments import Given

if TYPE_CHECKING:
    from taxonomy.llm.plan import Plan

Run = Callable[[Given], None]


def asked_at_terminal(run: Run) -> Run:
    """Have a command ask at the terminal before it sends many requests."""

    @functools.wraps(run)
    def asking(given: Given) -> None:
        from taxonomy.llm.plan import confirming

        with confirming(agreed):
            run(given)

    return asking


def agreed(plan: Plan) -> bool:
    """Show what would be sent and ask for a yes; without a terminal nobody agrees."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    sys.stderr.write(f"{plan}\nSend them? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")
