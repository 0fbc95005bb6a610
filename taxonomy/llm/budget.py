"""Ceilings on money and requests that are never overshot: the worst case is reserved first."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, InvalidOperation

from taxonomy._core.errors import BudgetError
from taxonomy._core.spelling import counted
from taxonomy.llm.plan import PICO, dollars
from taxonomy.llm.question import Question
from taxonomy.llm.store import Store


@dataclass(frozen=True)
class Price:
    """What a model costs, in pico-dollars a token.

    Args:
        read: of a token of the request.
        write: of a token of the answer.
    """

    read: int
    write: int

    @classmethod
    def parse(cls, text: str) -> Price:
        """Read ``0.15,0.60``: dollars per million tokens read and written.

        Raises:
            BudgetError: not two non-negative numbers.

        >>> Price.parse("0.15,0.60")
        Price(read=150000, write=600000)
        """
        try:
            read, write = (Decimal(part.strip()) * 10**6 for part in text.split(","))
            if not 0 <= min(read, write) <= max(read, write) < PICO:
                raise ValueError
        except (ValueError, InvalidOperation):
            raise BudgetError(
                f"The price {text!r} is not two numbers such as 0.15,0.60: dollars per million "
                "tokens read and written."
            ) from None
        return cls(*(int(part.to_integral_value(ROUND_CEILING)) for part in (read, write)))

    def of(self, read: int, written: int) -> int:
        """Return the pico-dollars of so many tokens."""
        return read * self.read + written * self.write

    def halved(self) -> Price:
        """Return the price of batches, which is half, rounded up."""
        return Price(-(-self.read // 2), -(-self.write // 2))


class Budget:
    """Ceilings in dollars and in requests, on all that a store has sent and will send.

    Args:
        store: whose ledger is kept.
        price: of the model; None when unknown.
        max_usd: ceiling in dollars; None for none.
        max_requests: ceiling on requests; None for none.

    Raises:
        BudgetError: a ceiling in dollars without a price, or a negative ceiling.
    """

    def __init__(
        self,
        store: Store,
        price: Price | None = None,
        max_usd: float | str | None = None,
        max_requests: int | None = None,
    ) -> None:
        if max_usd is not None and price is None:
            raise BudgetError(
                "A ceiling in dollars (`max_usd`) needs the model's price; set `price` to "
                "READ,WRITTEN, in dollars per million tokens, from the provider's price list."
            )
        self.store = store
        self.price = price
        self._under_way: set[int] = set()
        self.max_requests = max_requests
        self.max_pico: int | None = None
        if max_usd is not None:
            ceiling = Decimal(str(max_usd))
            if not ceiling.is_finite() or ceiling < 0:
                raise BudgetError(f"The ceiling {max_usd} is no amount of dollars.")
            self.max_pico = int((ceiling * PICO).to_integral_value(ROUND_FLOOR))
        if max_requests is not None and max_requests < 0:
            raise BudgetError(f"The ceiling of {counted(max_requests, 'request')} is negative.")

    @property
    def prices(self) -> tuple[int | None, ...]:
        """Both prices of a token, None when unknown."""
        return _pair(self.price)

    def reserve(self, question: Question, room: int, *, batch: bool = False) -> int | None:
        """Reserve a request's worst case and return the number of its send.

        Returns None where it does not fit now but may once others, whose worst case is reserved,
        have ended. A request of a batch costs half.

        Raises:
            BudgetError: it does not fit and nothing is under way that could make room.
        """
        read, written = question.most_read, room
        price = self.price.halved() if self.price and batch else self.price
        with self.store.locked_bill(self.prices) as bill:
            more = price.of(read, written) if price else 0
            if self.max_requests is not None and bill.requests + 1 > self.max_requests:
                raise BudgetError(
                    f"The ceiling of {counted(self.max_requests, 'request')} is reached; "
                    "answers so far are "
                    "kept. Raise `max_requests` and run again to continue."
                )
            if self.max_pico is not None and bill.pico_usd + more > self.max_pico:
                if self._under_way:
                    return None
                raise BudgetError(
                    f"The next request may cost {dollars(more)} on top of "
                    f"{dollars(bill.pico_usd)}, which would pass the ceiling of "
                    f"{dollars(self.max_pico)}; answers so far are kept. Raise `max_usd` and run "
                    "again to continue."
                )
            send = self.store.open_send(question.key, read, written, _pair(price))
        self._under_way.add(send)
        return send

    def failed(self, send: int, *, charged: bool) -> None:
        """Close a send that brought no answer; its reserve counts if it may have been charged."""
        self.store.close_send(send, "failed", None if charged else (0, 0))
        self._under_way.discard(send)

    def answered(self, send: int, key: str, answer: object, usage: tuple[int, int] | None) -> None:
        """Store the answer and what it cost; without a usage, all that was reserved."""
        self.store.finish(send, key, answer, usage)
        self._under_way.discard(send)

    def spent(self) -> str:
        """Return what all sends of the store cost at most, for people."""
        bill = self.store.bill(self.prices)
        money = dollars(bill.pico_usd) if self.price else "price unknown"
        return f"{counted(bill.requests, 'request')}, {money}"


def _pair(price: Price | None) -> tuple[int | None, ...]:
    return (price.read, price.write) if price else (None, None)
