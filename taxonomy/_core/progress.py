"""Progress of long work: a bar on a terminal or in a notebook, else a log line now and then."""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from typing import Any

log = logging.getLogger("taxonomy")

INTERVAL = 15.0
"""Seconds between two log lines of one piece of work, where there is no bar."""

DELAY = 2.0
"""Seconds after which a bar appears, so that short work shows none."""


class Progress:
    """How far a piece of work is; made by `track`.

    Args:
        what: is done, such as ``training``.
        unit: what is counted, such as ``pictures``.
        total: how many there are.
        done: how many were done before, by a run that continues.
        bar: a tqdm bar, or None to log instead.
    """

    def __init__(self, what: str, unit: str, total: int, done: int, bar: Any) -> None:
        self.what, self.unit, self.total, self.done = what, unit, total, done
        self.bar = bar
        self.note = ""
        self._started = self._told = time.monotonic()
        self._before = done

    def update(self, count: int = 1) -> None:
        """Count some more as done."""
        self.done += count
        if self.bar is not None:
            self.bar.set_postfix_str(self.note, refresh=False)
            self.bar.update(count)
            return
        now = time.monotonic()
        if now - self._told >= INTERVAL:
            self._told = now
            rate = (self.done - self._before) / (now - self._started)
            left = (self.total - self.done) / rate
            log.info(
                "%s: %d of %d %s (%.0f%%), %.3g a second, about %.0f s left%s",
                *(self.what, self.done, self.total, self.unit, 100 * self.done / self.total),
                *(rate, left, f"; {self.note}" if self.note else ""),
            )

    def line(self, text: str) -> None:
        """Say something where there is no bar that shows it, such as an epoch's result."""
        if self.bar is None:
            log.info("%s: %s", self.what, text)
            self._told = time.monotonic()


@contextlib.contextmanager
def track(
    what: str, unit: str, total: int, done: int = 0, *, shown: bool = True
) -> Iterator[Progress]:
    """Show how far a piece of work is, while it lasts.

    On a terminal and in a notebook there is a bar; elsewhere, as in a log file, a line every 15
    seconds through the logger ``taxonomy`` at level INFO. A logger that is set above WARNING
    silences both.

    Args:
        what: is done, such as ``training``.
        unit: what is counted, such as ``pictures``.
        total: how many there are.
        done: how many were done before.
        shown: whether to show anything.

    >>> with track("counting", "sheep", 3, shown=False) as flock:
    ...     for _ in range(3):
    ...         flock.update()
    >>> flock.done
    3
    """
    quiet = not (shown and log.isEnabledFor(logging.WARNING))
    if quiet or not _has_bars():
        yield Progress(what, unit, total, done, _Silent() if quiet else None)
        return
    from tqdm.auto import tqdm

    with tqdm(
        total=total, initial=done, desc=what, unit=f" {unit}", unit_scale=True, delay=DELAY
    ) as bar:
        yield Progress(what, unit, total, done, bar)


def _has_bars() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


class _Silent:
    """A bar that shows nothing."""

    def update(self, _: int) -> None:
        """Do nothing."""

    def set_postfix_str(self, _: str, refresh: bool = False) -> None:
        """Do nothing."""
