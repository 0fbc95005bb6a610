"""What a service takes on at most: `Limits`, and the two that keep them, `Desk` and `Rates`."""

from __future__ import annotations

import asyncio
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from taxonomy._core.checked import check_options, check_range
from taxonomy._core.errors import ExportError, TaxonomyError

Answer = TypeVar("Answer")

MOST_CLIENTS = 4096
"""Clients whose requests are counted at a time; the one that was silent longest is forgotten."""


@dataclass(frozen=True)
class Limits:
    """What a service takes on at most.

    Args:
        max_bytes: of a request's body, and so of a picture's file.
        max_pixels: of a picture, by its head, before it is decoded.
        max_classes: of a request.
        at_once: pictures that are named at a time, each on one thread; bundles have a thread of
            their own.
        waiting: requests that wait for their turn, or whose bodies are on the way; the next one is
            turned away with 503.
        per_minute: requests of one client, by its address, in a minute; those beyond are turned
            away with 429. 0 for any number.
        seconds: for a body to arrive, and for an answer to be made.
        kept: experts, and bundles, that are kept for the next request, the last used ones.

    Raises:
        ExportError: a number that is not positive.
    """

    max_bytes: int = 8_000_000
    max_pixels: int = 16_000_000
    max_classes: int = 1000
    at_once: int = 1
    waiting: int = 64
    per_minute: int = 600
    seconds: float = 30.0
    kept: int = 32

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_options(self, ExportError)
        for field in fields(self):
            least = 0 if field.name in ("waiting", "per_minute") else 1
            check_range(self, [field.name], least, ExportError)


class RefusedError(TaxonomyError):
    """A request that is not answered; the client reads the status and the message.

    Args:
        status: of HTTP.
        message: what was wrong, and what to do next.
        after: seconds after which another try makes sense; 0 where none does.
    """

    def __init__(self, status: int, message: str, after: int = 0) -> None:
        super().__init__(message)
        self.status, self.after = status, after


class Desk:
    """So many seats for requests, and before them the threads that compute.

    A request has its seat from before its body is read until it is answered, so that no more bodies
    are in memory than there are seats.

    Args:
        limits: how many compute, how many wait, and how long.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.taken = 0
        """Seats that are taken; counted in the event loop's thread alone."""
        self._pool = ThreadPoolExecutor(limits.at_once, thread_name_prefix="taxonomy-serve")

    @contextmanager
    def seat(self) -> Iterator[None]:
        """Take a seat for a block.

        Raises:
            RefusedError: all are taken.
        """
        if self.taken >= self.limits.at_once + self.limits.waiting:
            raise RefusedError(503, "Too many requests wait already; try again shortly.", after=1)
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1

    async def run(self, work: Callable[..., Answer], *given: Any) -> Answer:
        """Return what a function makes of its arguments, once it is its turn.

        What has begun and takes longer than the limit keeps its thread until it is done.

        Raises:
            RefusedError: it takes too long.
        """
        task = asyncio.get_running_loop().run_in_executor(self._pool, work, *given)
        try:
            return await asyncio.wait_for(task, self.limits.seconds)
        except TimeoutError:
            seconds = f"{self.limits.seconds:g}"
            message = f"There was no answer within {seconds} seconds; try again later."
            raise RefusedError(503, message, after=5) from None


class Rates:
    """How many requests each client may still send: so many at once, and as many again a minute.

    Args:
        per_minute: of one client; 0 for any number.

    >>> rates = Rates(60)
    >>> [rates.wait("10.0.0.1", now) for now in [0.0] * 60] == [0] * 60
    True
    >>> rates.wait("10.0.0.1", 0.0), rates.wait("10.0.0.2", 0.0), rates.wait("10.0.0.1", 1.0)
    (1, 0, 0)
    """

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, address: str, now: float) -> int:
        """Count a request, or return after how many seconds the client may send one.

        Args:
            address: of the client.
            now: in seconds, of a clock that never goes back.
        """
        if not self.per_minute:
            return 0
        client = _network(address)
        left, then = self._left.pop(client, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - then) * self.per_minute / 60)
        admitted = left >= 1
        self._left[client] = (left - admitted, now)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)
        return 0 if admitted else math.ceil((1 - left) * 60 / self.per_minute)


def _network(address: str) -> str:
    """Return by what a client is known: of IPv6 the network, in which it has any address it likes.

    >>> _network("10.0.0.1"), _network("2001:db8::1:2"), _network("")
    ('10.0.0.1', '2001:db8::/64', '')
    """
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))
