"""Arrays of pictures kept as mapped .npy files, so that they are made once and may be large."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.errors import DataError, FileFormatError

try:
    import fcntl
except ModuleNotFoundError:  # not a Unix: processes that start together may decode the same twice
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

Images = npt.NDArray[np.uint8]
BLOCK = 2048
"""Pictures given to the decoding threads at a time."""


def stored(
    folder: Path,
    source: str,
    content: str,
    shape: tuple[int, ...],
    fill: Callable[[Images], dict[str, io.Json]],
    stale: Callable[[dict[str, io.Json]], bool] = lambda _: False,
    most: int = 0,
) -> tuple[Images, dict[str, io.Json]]:
    """Return a mapped uint8 array and the facts kept with it, filling it where it is not there.

    The array's file is complete and on disk before it gets its name, and its facts are written
    last, so a stopped or failed filling leaves nothing that would be taken for a cache. A new
    array replaces those of the same source with other content. The array is mapped copy-on-write:
    writing to it changes memory only.

    Args:
        folder: of all caches.
        source: digest of what is read and how, such as a path and a resolution.
        content: digest of all that the array depends on.
        shape: of the array.
        fill: writes into the array and returns facts about it, as JSON values.
        stale: tells from the facts whether to fill it again all the same.
        most: arrays that stay in the folder when one is added, the latest used; 0 for all.

    Raises:
        DataError: the folder cannot be written or lacks the space.
    """
    stem = f"{source[:20]}-{content[:32]}"
    array, facts = folder / f"{stem}.npy", folder / f"{stem}.json"
    if found := _found(array, facts, shape, stale):
        if most:
            with contextlib.suppress(OSError):  # a folder that is only read
                os.utime(facts)
        return found
    size = int(np.prod(shape))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder / f".{stem}.lock"):
            if found := _found(array, facts, shape, stale):  # another process was faster
                return found
            io.clear_unfinished(array)
            _check_space(folder, size)
            made = _filled(array, shape, fill)
            io.write_json(facts, made)
            _clear(folder, f"{source[:20]}-*", but=stem)
            if most:
                _forget(folder, most)
    except OSError as error:
        raise DataError(
            f"{folder}: the cache of pictures ({size / 1e9:.2g} GB) cannot be written "
            f"({error.strerror}); choose another folder with --cache or {io.CACHE_VARIABLE}."
        ) from error
    return _mapped(array, shape), made


def _found(
    array: Path,
    facts: Path,
    shape: tuple[int, ...],
    stale: Callable[[dict[str, io.Json]], bool],
) -> tuple[Images, dict[str, io.Json]] | None:
    if not facts.is_file():
        return None
    try:
        images, known = _mapped(array, shape), io.read_json(facts)
    except (FileFormatError, OSError, ValueError) as error:
        log.warning("%s: damaged (%s); it is made again.", array, error)
        return None
    return None if stale(known) else (images, known)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Let one process at a time fill a cache, as those of one distributed training all want it."""
    if fcntl is None:
        yield
        return
    with path.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def _clear(folder: Path, pattern: str, but: str = "") -> None:
    for old in folder.glob(pattern):
        if old.stem != but:
            old.unlink(missing_ok=True)


def _forget(folder: Path, most: int) -> None:
    """Remove all but the arrays used last; a process that has one mapped keeps it."""
    with contextlib.suppress(OSError):  # another process removes them too
        latest_first = sorted(folder.glob("*.json"), key=lambda x: -x.stat().st_mtime_ns)
        for facts in latest_first[most:]:
            log.info("%s: not used lately; removed.", facts.with_suffix(".npy"))
            _clear(folder, f"{facts.stem}.*")


def _mapped(path: Path, shape: tuple[int, ...]) -> Images:
    array: Images = np.load(path, mmap_mode="c", allow_pickle=False)
    if array.shape != shape or array.dtype != np.uint8:
        raise FileFormatError(f"{path}: holds another array.")
    return array


def _filled(
    path: Path, shape: tuple[int, ...], fill: Callable[[Images], dict[str, io.Json]]
) -> dict[str, io.Json]:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        array = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
        if hasattr(os, "posix_fallocate") and temporary.stat().st_size:
            # A mapped file without its space on disk would end the process, not raise an error.
            os.posix_fallocate(descriptor, 0, temporary.stat().st_size)
        facts = fill(array)
        array.flush()
        os.fsync(descriptor)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
    return facts


def _check_space(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DataError(
            f"{folder}: the cached pictures take {size / 1e9:.1f} GB and {free / 1e9:.1f} GB are "
            f"free; choose another folder with --cache or {io.CACHE_VARIABLE}, or a lower "
            "resolution."
        )


def fill_rows(images: Images, load: Callable[[int], Images], workers: int = 0) -> dict[int, str]:
    """Decode every picture into its row, move the rows of unreadable ones out, and return those.

    Pillow decodes and scales outside Python's lock, so threads use all cores; unlike processes
    they need no second import of the caller's script. A bar appears where it takes long.

    Args:
        images: written; readable pictures keep their order and come first.
        load: returns the picture of a row, or raises `DataError`.
        workers: threads; 0 for one a core.

    Returns:
        What was wrong, by row.
    """
    from tqdm import tqdm

    wrong: dict[int, str] = {}

    def work(row: int) -> None:
        try:
            images[row] = load(row)
        except DataError as error:
            wrong[row] = str(error)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    bar = tqdm(total=len(images), desc="decoding", unit="picture", delay=2, disable=None)
    with bar, ThreadPoolExecutor(workers or cores) as pool:
        for start in range(0, len(images), BLOCK):
            rows = range(start, min(start + BLOCK, len(images)))
            for _ in pool.map(work, rows):
                bar.update()
    _compact(images, sorted(wrong))
    return dict(sorted(wrong.items()))


def readable(load: Callable[[int], Images], row: int) -> bool:
    """Tell whether a picture can be read."""
    try:
        load(row)
    except DataError:
        return False
    return True


def _compact(images: Images, gaps: list[int]) -> None:
    """Move the rows after each gap up; what is left at the end is zero."""
    if not gaps:
        return
    for before, (gap, stop) in enumerate(pairwise([*gaps, len(images)])):
        for start in range(gap + 1, stop, BLOCK):
            block = images[start : min(start + BLOCK, stop)].copy()
            first = start - before - 1
            images[first : first + len(block)] = block
    images[len(images) - len(gaps) :] = 0
