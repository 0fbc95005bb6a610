"""What can be set for a process as a whole only: threads, memory, how output is written."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import io
import logging
import os
from collections.abc import Callable
from typing import Any, TextIO

from taxonomy._core.errors import printable, shortened


def prepare_process(*written: TextIO) -> None:
    """Set how threads wait, memory is freed and output written; before torch is first imported.

    Torch's threads spin long while they wait for one another, which makes training several times
    slower beside another busy process; spinning shortly costs nothing on idle cores.

    glibc gives large blocks back to the system as soon as they are freed, and pays with a page
    fault for every 4 KiB when the next step asks for them again; it is told to keep them. Other
    libraries are left as they are.

    Python looks for cycles among its objects after every 700 new ones, and a tree of a hundred
    thousand entries has many and no cycle: a fifth of the time in reading it. It is told to look
    less often.

    Args:
        written: the streams that are written to.
    """
    _prepare_streams(written)
    gc.set_threshold(100_000, 20, 20)
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        trim_threshold, mmap_threshold = -1, -3  # glibc's malloc.h
        if mallopt(mmap_threshold, 1 << 30):  # refused by old versions, which adapt it themselves
            mallopt(trim_threshold, (1 << 31) - 1)


def give_memory_back() -> None:
    """Have memory given back to the system as it is freed, for a process that stays.

    The opposite of `prepare_process`, which suits work that asks for the same blocks again: who
    serves is sent something else each time, and what is kept of the largest never ends. Cycles are
    looked for as often as Python does by itself: a request that was refused may lie in one, with
    its body.
    """
    gc.set_threshold(700, 10, 10)
    with contextlib.suppress(AttributeError, OSError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        trim_threshold, mmap_threshold, arena_max = -1, -3, -8  # glibc's malloc.h
        mallopt(mmap_threshold, 1 << 18)
        mallopt(trim_threshold, 1 << 24)
        mallopt(arena_max, 2)


def _prepare_streams(streams: tuple[TextIO, ...]) -> None:
    """Have output in an encoding that lacks what trees are drawn with written as UTF-8.

    A terminal of such an encoding shows ``?`` in its place, for it would misread UTF-8.
    """
    for stream in streams:
        try:
            "├──│└…é".encode(stream.encoding or "utf-8")
        except (UnicodeEncodeError, LookupError):
            if isinstance(stream, io.TextIOWrapper) and stream.isatty():
                stream.reconfigure(errors="replace")
            elif isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(encoding="utf-8")


class Unbroken:
    """A stream whose reader may go, as with ``| head``; the rest is dropped without an error.

    A command that prints and then writes files would else lose those with what nobody reads.

    Args:
        stream: that is written to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write a text, or nothing where nobody reads."""
        return self._tried(lambda: self._stream.write(text)) or len(text)

    def flush(self) -> None:
        """Write what is held back, or nothing where nobody reads."""
        self._tried(self._stream.flush)

    def _tried(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
            return None


class Notes(logging.StreamHandler[Any]):
    """What is logged, on a stream, so that no name in it disturbs a terminal.

    Args:
        stream: that is written to.
        reworded: what a message is put through first, such as `with_flags`.
    """

    def __init__(self, stream: TextIO, reworded: Callable[[str], str] = str) -> None:
        super().__init__(stream)
        self.setFormatter(logging.Formatter())  # else `logging.basicConfig` sets one of its own
        self.reworded = reworded

    def format(self, record: logging.LogRecord) -> str:
        """Return the message alone, printable and of a length that can be read."""
        warns = "warning: " if record.levelno >= logging.WARNING else ""
        return warns + printable(shortened(self.reworded(super().format(record)), _LONGEST_NOTE))


_LONGEST_NOTE = 4_000
