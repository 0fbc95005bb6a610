"""What every file is: read or refused, within limits of time, memory and words.

python -m tests.support.hostile [READER ...] [--start N] [--count N] [--show]

It prints each fault once, and for every reader a row of the table in docs/results/hostile-files.md.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from taxonomy._core.errors import MOST_CHARACTERS, TaxonomyError
from tests.support.readers import READERS, Reader

MOST_SECONDS = 2.0
"""Of processor time, which a busy machine does not lengthen much."""
MOST_BYTES = 256 << 20
"""Of memory that was written to."""
MOST_ASKED = 4 << 30
"""Of memory that was asked for, written to or not; a thread alone reserves a part of this."""


@dataclass
class Most:
    """The most that reading one of several files took.

    Attributes:
        seconds: of processor time.
        bytes: of memory.
        characters: of a message.
    """

    seconds: float = 0.0
    bytes: int = 0
    characters: int = 0

    def add(self, seconds: float, grown: int, found: object) -> None:
        """Count one file more."""
        self.seconds = max(self.seconds, seconds)
        self.bytes = max(self.bytes, grown)
        if isinstance(found, TaxonomyError):
            self.characters = max(self.characters, len(str(found)))


def read_or_refused(reader: Reader, path: Path, most: Most | None = None) -> Any:
    """Return what is read of a file, or the error by which it is refused.

    Args:
        reader: of its kind.
        path: of the file.
        most: where what it takes is kept.

    Raises:
        AssertionError: it took too long, too much memory, or too many words; or the file or what
            is wrong is not named.
        Exception: it is refused by anything but the toolkit's own error.
    """
    before = _resident(reset=True)
    started = time.process_time()
    found: Any
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = reader.read(path)
    except TaxonomyError as error:
        found = error
    seconds = time.process_time() - started
    grown = _resident() - before
    if most is not None:
        most.add(seconds, grown, found)
    assert seconds < MOST_SECONDS, f"{seconds:.1f} s of processor time"
    assert grown < MOST_BYTES, f"{grown >> 20} MiB"
    if isinstance(found, TaxonomyError):
        message = str(found)
        assert len(message) <= MOST_CHARACTERS, f"{len(message)} characters: {message[:300]}"
        assert message.isprintable(), f"not printable: {message!r}"
        assert not reader.names_file or str(path) in message, f"the file is not named: {message}"
    return found


def _resident(*, reset: bool = False) -> int:
    """Return the most memory that this process has had since the last reset, in bytes.

    Linux counts it; elsewhere it is 0. Where far more was asked for than is written to, as for an
    array of a declared size, it is that.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return 0
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    sizes = dict(line.split(":", 1) for line in status.read_text().splitlines())
    resident, peak, size = (
        int(sizes[name].split()[0]) << 10 for name in ("VmHWM", "VmPeak", "VmSize")
    )
    if reset:
        _seen["peak"], _seen["size"] = peak, size
        return resident
    asked = peak - _seen["size"] if peak > _seen["peak"] else 0
    return asked if asked > MOST_ASKED else resident


_seen = {"peak": 0, "size": 0}


def again(reader: Reader, value: Any, path: Path) -> None:
    """Check that what was read can be written, and read again to the same digest and bytes.

    Raises:
        AssertionError: the digest or the bytes differ.
        Exception: it cannot be written or read.
    """
    if reader.write is None:
        return
    texts = []
    for _ in range(2):
        for old in path.parent.iterdir():
            old.unlink()
        reader.write(value, path)
        (written,) = path.parent.iterdir()
        texts.append(written.read_bytes())
        found = reader.read_again(written)
        assert reader.digest(found) == reader.digest(value), "another digest when read again"
        value = found
    assert texts[0] == texts[1], "other bytes when written again"


@contextlib.contextmanager
def files(reader: Reader) -> Iterator[tuple[list[bytes], Path, Path]]:
    """Give valid files' bytes, a path to read from, and one to write to."""
    in_memory = Path("/dev/shm")  # where nothing waits for a disk
    with TemporaryDirectory(dir=in_memory if in_memory.is_dir() else None) as folder:
        base = Path(folder)
        for name in ("seeds", "read", "written"):
            (base / name).mkdir()
        if reader.name not in _seeds:
            _seeds[reader.name] = reader.seeds(base / "seeds")
        yield _seeds[reader.name], base / "read" / reader.file, base / "written" / reader.file


_seeds: dict[str, list[bytes]] = {}


def read_mutants(reader: Reader, numbers: range, most: Most | None = None) -> Counter[str]:
    """Read so many changed files; return how many were read and refused.

    Args:
        reader: of their kind.
        numbers: of the mutants.
        most: where what they take is kept.

    Raises:
        Exception: one was neither, and a note says which.
    """
    counts: Counter[str] = Counter()
    for number, refused, fault in outcomes(reader, numbers, most or Most()):
        if fault is not None:
            fault.add_note(f"mutant {number} of {reader.name}")
            raise fault
        counts["refused" if refused else "read"] += 1
    return counts


def outcomes(
    reader: Reader, numbers: range, most: Most
) -> Iterator[tuple[int, bool, Exception | None]]:
    """Yield each mutant's number, whether it was refused, and what should not have been raised."""
    with files(reader) as (seeds, path, written):
        for number in numbers:
            path.write_bytes(reader.mutant(number, seeds))
            found = fault = None
            try:
                found = read_or_refused(reader, path, most)
                if not isinstance(found, TaxonomyError):
                    again(reader, found, written)
            except Exception as error:  # noqa: BLE001 - every kind is a fault
                fault = error
            yield number, isinstance(found, TaxonomyError), fault


def main() -> int:
    """Read mutants and print each distinct fault once; return how many there are."""
    parser = argparse.ArgumentParser()
    parser.add_argument("readers", nargs="*")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--show", action="store_true", help="a traceback for each fault")
    given = parser.parse_args()
    torch.set_num_threads(1)
    logging.disable()
    faults = 0
    for reader in READERS:
        if given.readers and reader.name not in given.readers:
            continue
        most, all_refused = Most(), 0
        seen = set[str]()
        numbers = range(given.start, given.start + given.count)
        for number, refused, fault in outcomes(reader, numbers, most):
            all_refused += refused
            if fault is not None and (place := _place(fault)) not in seen:
                seen.add(place)
                sys.stdout.write(f"{place}: {str(fault)[:160]!r} (mutant {number})\n")
                if given.show:
                    traceback.print_exception(fault)
        faults += len(seen)
        row = [reader.name, f"{given.count:,}", f"{all_refused:,}", str(len(seen))]
        row += [f"{most.seconds:.2f}", str(most.bytes >> 20), str(most.characters)]
        sys.stdout.write(f"| {' | '.join(row)} |\n")
        sys.stdout.flush()
    return faults


def _place(error: Exception) -> str:
    """Return where in the toolkit's own code a fault came to light."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "/taxonomy/" in frame.filename] or frames
    return f"{type(error).__name__} at {Path(own[-1].filename).name}:{own[-1].lineno}"


if __name__ == "__main__":
    sys.exit(bool(main()))
