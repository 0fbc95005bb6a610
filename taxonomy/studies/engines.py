"""Engines: who works on a study's cells. Each cell is a command of its own, wherever it runs."""

from __future__ import annotations

import contextlib
import logging
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, TrainingError
from taxonomy._core.registry import Registry
from taxonomy.studies.store import Store
from taxonomy.studies.working import PARENT

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
MOST_TRIES = 3
"""How often a cell is begun whose worker is killed; a training that fails by itself is not tried
again before the study is."""

BUSY, FAILED = 75, 2
"""Exit codes of a worker: another one is at the cell; the cell cannot be trained."""


@dataclass(frozen=True)
class Ended:
    """How work on a cell ended.

    Args:
        cell: its id.
        failure: why it is not finished; empty where it is.
    """

    cell: str
    failure: str = ""


@dataclass(frozen=True)
class Job:
    """What an engine is asked to do.

    Args:
        store: where the cells are.
        config: the study's file, which the workers' commands name.
        out: the study's folder.
        threads: that each cell computes with.
    """

    store: Store
    config: Path
    out: Path
    threads: int

    def command(self, cell: str) -> list[str]:
        """Return the command that works on a cell, whatever the folder it is typed in."""
        words = [sys.executable, "-m", "taxonomy", "study", str(self.config.absolute())]
        words += ["--out", str(self.out.absolute()), "--cell", cell]
        if self.store.place != str((self.out / CELLS).absolute()):
            words += ["--store", self.store.place]
        return words

    def line(self, cell: str) -> str:
        """Return that command as one line that a POSIX shell reads."""
        return shlex.join(self.command(cell))


CELLS = "cells"
"""The folder of a study's cells in its own, unless they are stored elsewhere."""


class Engine(Protocol):
    """Works on cells and says of each how it ended, in the order in which they end."""

    def work(self, cells: Iterable[str], job: Job) -> Iterator[Ended | None]:
        """Work on cells; yield None now and then while nothing ends."""


@dataclass(frozen=True)
class LocalEngine:
    """Processes on this machine, one a cell.

    Args:
        workers: cells at a time; 0 for as many as the cores hold at the cells' threads.
    """

    workers: int = 0

    def __post_init__(self) -> None:
        """Check the number."""
        if self.workers < 0:
            raise TrainingError(f"`workers` is {self.workers}; give 0 or a positive number.")

    def work(self, cells: Iterable[str], job: Job) -> Iterator[Ended | None]:
        """Start a process a cell; one that is killed is begun again and continues its cell."""
        waiting = [(cell, 1) for cell in cells]
        most = self.workers or max(1, cores() // job.threads)
        running: dict[str, tuple[subprocess.Popen[bytes], int]] = {}
        try:
            while waiting or running:
                while waiting and len(running) < most:
                    cell, tries = waiting.pop(0)
                    running[cell] = (start(cell, job), tries)
                yield None
                time.sleep(POLL_SECONDS)
                for cell, (process, tries) in [*running.items()]:
                    if process.poll() is None:
                        continue
                    del running[cell]
                    again, ended = self._judged(cell, process.returncode, tries, job)
                    if ended is not None:
                        yield ended
                    else:
                        waiting.append((cell, again))
        finally:
            for process, _ in running.values():
                process.terminate()
            for process, _ in running.values():
                process.wait()

    @staticmethod
    def _judged(cell: str, code: int, tries: int, job: Job) -> tuple[int, Ended | None]:
        """Return the next try of a cell whose process has ended, or how it ended for good."""
        if code == BUSY:
            return tries, None
        if code == 0:
            return tries, Ended(cell)
        if code == FAILED:
            return tries, Ended(cell, job.store.failed(cell) or last_line(job.store, cell))
        how = f"its worker was killed (signal {-code})" if code < 0 else f"exit code {code}"
        if tries < MOST_TRIES:
            log.warning("cell %s: %s; it is continued.", cell, how)
            return tries + 1, None
        message = f"{how}, {MOST_TRIES} times; is there memory enough? {last_line(job.store, cell)}"
        job.store.fail(cell, message)
        return tries, Ended(cell, message)


def start(cell: str, job: Job) -> subprocess.Popen[bytes]:
    """Start the process of a cell; what it says goes to the cell's ``log.txt``."""
    path = log_of(job.store, cell)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as said:  # another process's worker may be writing to it
        return subprocess.Popen(  # noqa: S603 (our own command, no shell)
            job.command(cell),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env=os.environ | threads_environment(job.threads) | {PARENT: str(os.getpid())},
        )


def threads_environment(threads: int) -> Mapping[str, str]:
    """Return the variables by which libraries start with so many threads."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    return dict.fromkeys(names, str(threads))


def log_of(store: Store, cell: str) -> Path:
    """Return the file of what a cell's worker on this machine says."""
    return store.workspace(cell) / "log.txt"


def last_line(store: Store, cell: str) -> str:
    """Return the last line that a cell's worker said."""
    with contextlib.suppress(FileFormatError):
        lines = io.read_bytes(log_of(store, cell)).decode(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
    return ""


def cores() -> int:
    """Return the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


ENGINES: Registry[Engine] = Registry(
    "engine", {"local": f"{__name__}:LocalEngine", "ray": "taxonomy.studies.ray_engine:RayEngine"}
)
"""All engines by name."""
