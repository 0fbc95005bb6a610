"""Files that a command reads: it writes over none of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from pathlib import Path

from taxonomy._core.errors import WriteError

_OF_RUNS = (".json", ".safetensors")
_KEPT: ContextVar[tuple[Path, ...]] = ContextVar("kept", default=())


@contextlib.contextmanager
def keeping(given: Iterable[object], out: object = None) -> Iterator[None]:
    """Have nothing written over files in a block that reads them.

    Args:
        given: what may name them, whole lists of names, too; the rest is passed over. Of a run's
            folder, what it is of is meant; predictions and features are made again from that.
        out: the file that the block writes in the end, so that it is refused before the work.

    Raises:
        WriteError: a file is read and written.
    """
    before = _KEPT.set((*_KEPT.get(), *_files(given)))
    try:
        if isinstance(out, Path) and out.is_file():
            check_unread(out)
        yield
    finally:
        _KEPT.reset(before)


def check_unread(path: Path) -> None:
    """Refuse a place to write to that is a file that is read, or a folder which holds one.

    Raises:
        WriteError: it is.
    """
    if any(_holds(path, kept) for kept in _KEPT.get()):
        raise WriteError(path, "this command reads it")


def _holds(path: Path, kept: Path) -> bool:
    try:
        return path.samefile(kept) or path.resolve() in kept.resolve().parents
    except OSError:  # nothing is there yet
        return False


def _files(given: Iterable[object]) -> Iterator[Path]:
    for value in given:
        if isinstance(value, (list, tuple)):
            yield from _files(value)
        elif isinstance(value, (str, Path)):
            with contextlib.suppress(OSError, ValueError):  # words that no file can be named by
                if Path(value, "config.json").is_file():
                    yield from (x for x in Path(value).iterdir() if x.suffix in _OF_RUNS)
                elif Path(value).is_file():
                    yield Path(value)
