"""Files that several processes share: temporary ones, locks, and what dead processes left."""

from __future__ import annotations

import contextlib
import glob
import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PROCESS = secrets.token_hex(4)
"""Tells this process from an earlier one of the same number, as after a container's restart."""

_WRITER = re.compile(r"\.([0-9a-f]{8})-(\d+)-([0-9a-f]{8})-[0-9a-f]{8}\.tmp$")
_DAY = 24 * 3600


@cache
def _machine() -> str:
    """Return eight letters for the machine and, on Linux, for the container on it."""
    space = ""
    with contextlib.suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:8]


def temporary_beside(path: Path) -> Path:
    """Return a fresh name beside a path that says which process writes it.

    So `clear_temporaries` knows when that process is gone.
    """
    writer = f"{_machine()}-{os.getpid()}-{_PROCESS}-{secrets.token_hex(4)}"
    return path.parent / f".{path.name}.{writer}.tmp"


def create_temporary(path: Path) -> tuple[int, Path]:
    """Create a file to be written and then renamed to ``path``; return its descriptor and name.

    Its permissions are those that the user's umask gives to any new file.
    """
    temporary = temporary_beside(path)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    return os.open(temporary, flags, 0o666), temporary


def clear_temporaries(folder: Path, name: str = "") -> None:
    """Remove the temporary files and folders that killed processes have left in a folder.

    What a live process is writing stays. A file from another machine, whose processes cannot be
    seen from here, stays until nothing was written to it for a day.

    Args:
        folder: where to look; it need not exist.
        name: only those of the file of that name; empty for all.
    """
    for left in folder.glob(f".{glob.escape(name)}.*.tmp" if name else ".*.tmp"):
        if _is_abandoned(left):
            with contextlib.suppress(OSError):  # somebody else's, or open on Windows
                shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def _is_abandoned(temporary: Path) -> bool:
    known = _WRITER.search(temporary.name)
    if known is None:  # another program's
        return False
    if known[1] == _machine():
        number = int(known[2])
        if number == os.getpid():
            return known[3] != _PROCESS
        return not _is_running(number)
    try:
        return time.time() - temporary.stat().st_mtime > _DAY
    except OSError:
        return False


def _is_running(number: int) -> bool:
    if sys.platform == "win32":
        return False  # where files that a process has open cannot be removed anyway
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


@contextlib.contextmanager
def lock(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a file's lock, which ends with the process that holds it; yield whether it was had.

    The file is removed when the lock is given back; who waits for it takes a new one.

    Args:
        path: the file of the lock; its folder is made.
        wait: for as long as another process or thread has it; else yield False at once.
    """
    from filelock import FileLock, Timeout

    path.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(path, timeout=-1 if wait else 0, is_singleton=False)
    try:
        held.acquire()
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):  # Windows removes it after the release, or not at all
            path.unlink()
        held.release()
