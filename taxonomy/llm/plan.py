"""What a run would send and cost at most, and who agrees before many requests are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from taxonomy._core.errors import BudgetError
from taxonomy._core.spelling import counted

PICO = 10**12
"""Money is counted in whole pico-dollars, so that sums are exact."""

MANY = 200
"""Requests that a run sends without anybody's agreement."""


@dataclass(frozen=True)
class Plan:
    """What a run would send at most, before faulty answers are asked for again.

    Args:
        requests: number of requests that are not answered yet.
        read: most tokens that they hold.
        written: most tokens that their answers take.
        pico_usd: most that they cost, in pico-dollars; None when the price is unknown.
        stored: number of answers that are there already.
        more: whether further requests depend on these answers.
    """

    requests: int
    read: int
    written: int
    pico_usd: int | None
    stored: int
    more: bool = False

    def __str__(self) -> str:
        """Say it in one line."""
        money = "price unknown" if self.pico_usd is None else f"at most {dollars(self.pico_usd)}"
        return (
            f"{counted(self.requests, 'request')} to send"
            f"{' first, more to follow' if self.more else ''}"
            f", {counted(self.stored, 'answer')} stored; at most {self.read} tokens to read "
            f"and {self.written} to write; {money}"
        )


Confirm = Callable[[Plan], bool]
"""Tells whether a plan may be carried out."""

_confirm: ContextVar[Confirm | None] = ContextVar("confirm", default=None)


@contextmanager
def confirming(confirm: Confirm | None) -> Iterator[None]:
    """Have a function decide, within a ``with`` block, whether many requests are sent.

    Without one, more than `MANY` requests are refused unless the option ``yes`` is set. The command
    installs a question at the terminal.

    >>> with confirming(lambda plan: plan.requests < 1000):
    ...     require_consent(Plan(300, read=9000, written=3000, pico_usd=None, stored=0))
    """
    token = _confirm.set(confirm)
    try:
        yield
    finally:
        _confirm.reset(token)


def require_consent(plan: Plan) -> None:
    """Let a plan pass if the function that `confirming` installed agrees to it.

    Raises:
        BudgetError: it does not, or there is none.
    """
    confirm = _confirm.get()
    if confirm is None or not confirm(plan):
        raise BudgetError(
            f"Nobody agreed to so many requests, so they were not sent: {plan}. Set `yes` to send "
            "them."
        )


def dollars(pico: int) -> str:
    """Return an amount of pico-dollars in dollars, as text.

    >>> dollars(1_234_500_000_000), dollars(420_000_000)
    ('$1.23', '$0.00042')
    """
    return f"${pico / PICO:.2f}" if pico >= PICO // 10 else f"${pico / PICO:.2g}"
