"""Large arrays kept as mapped .npy files in a cache folder, so that they are made only once."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.errors import DataError, FileFormatError
from taxonomy._core.sharing import clear_temporaries, create_temporary, lock

log = logging.getLogger(__name__)

Bytes = npt.NDArray[np.uint8]
Facts = dict[str, io.Json]


def cached_array(
    folder: Path,
    source: str,
    content: str,
    shape: tuple[int, ...],
    fill: Callable[[Bytes], Facts],
    stale: Callable[[Facts], bool] = lambda _: False,
    most: int = 0,
    remedy: str = f"set {io.CACHE_VARIABLE} to another folder",
) -> tuple[Bytes, Facts]:
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
        fill: writes into the array, of which it keeps no reference, and returns facts about it,
            as JSON values.
        stale: tells from the facts whether to fill it again all the same; it raises
            `FileFormatError` where they are none.
        most: arrays that stay in the folder when one is added, the latest used; 0 for all.
        remedy: what to do where the folder cannot be used, for messages.

    Raises:
        DataError: the folder cannot be written or lacks the space.
    """
    stem = f"{source[:20]}-{content[:32]}"
    array, facts = folder / f"{stem}.npy", folder / f"{stem}.json"
    held = folder / f".{stem}.lock"
    if found := _found(array, facts, shape, stale):
        with contextlib.suppress(OSError):  # a folder that is only read
            if most:
                os.utime(facts)
            if held.exists():  # of a process that was killed when all was done
                _clear_leftovers(folder)
        return found
    size = int(np.prod(shape))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # One process at a time fills it, as those of one distributed training all want it.
        with lock(held):
            if found := _found(array, facts, shape, stale):  # another process was faster
                return found
            _clear_leftovers(folder)
            _check_space(folder, size, remedy)
            made = _filled(array, shape, fill)
            io.write_json(facts, made)
            _remove(folder, f"{source[:20]}-*", but=stem)
            if most:
                _forget(folder, most)
    except OSError as error:
        raise DataError(
            f"{folder}: the cache ({size / 1e9:.2g} GB) cannot be written ({error.strerror}); "
            f"{remedy}."
        ) from error
    return _mapped(array, shape), made


def _found(
    array: Path, facts: Path, shape: tuple[int, ...], stale: Callable[[Facts], bool]
) -> tuple[Bytes, Facts] | None:
    if not facts.is_file():
        return None
    try:
        images, known = _mapped(array, shape), io.read_json(facts)
        return None if stale(known) else (images, known)
    except (FileFormatError, *io.DAMAGED) as error:
        log.warning("%s: damaged (%s); it is made again.", array, error)
        return None


def _clear_leftovers(folder: Path) -> None:
    """Remove what killed processes have left: half-filled arrays, and locks that nobody holds."""
    clear_temporaries(folder)
    for left in folder.glob(f".{'?' * 20}-{'?' * 32}.lock"):
        with lock(left, wait=False):
            pass  # a lock that is given back takes its file with it


def _remove(folder: Path, pattern: str, but: str = "") -> None:
    for old in folder.glob(pattern):
        if old.stem != but:
            with contextlib.suppress(PermissionError):  # Windows, where another process has it open
                old.unlink(missing_ok=True)


def _forget(folder: Path, most: int) -> None:
    """Remove all but the arrays used last; a process that has one mapped keeps it."""
    with contextlib.suppress(OSError):  # another process removes them too
        latest_first = sorted(folder.glob("*.json"), key=lambda x: -x.stat().st_mtime_ns)
        for facts in latest_first[most:]:
            log.info("%s: not used lately; removed.", facts.with_suffix(".npy"))
            _remove(folder, f"{facts.stem}.*")


def _mapped(path: Path, shape: tuple[int, ...]) -> Bytes:
    array: Bytes = np.load(path, mmap_mode="c", allow_pickle=False)
    if array.shape != shape or array.dtype != np.uint8:
        raise FileFormatError(f"{path}: holds another array.")
    return array


def _filled(path: Path, shape: tuple[int, ...], fill: Callable[[Bytes], Facts]) -> Facts:
    descriptor, temporary = create_temporary(path)
    try:
        try:
            facts = _fill(descriptor, temporary, shape, fill)
        finally:
            os.close(descriptor)  # before the renaming: Windows renames no open file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return facts


def _fill(
    descriptor: int, temporary: Path, shape: tuple[int, ...], fill: Callable[[Bytes], Facts]
) -> Facts:
    array = np.lib.format.open_memmap(temporary, "w+", np.uint8, shape)
    if hasattr(os, "posix_fallocate") and temporary.stat().st_size:
        # A mapped file without its space on disk would end the process, not raise an error.
        os.posix_fallocate(descriptor, 0, temporary.stat().st_size)
    facts = fill(array)
    array.flush()
    os.fsync(descriptor)
    return facts


def _check_space(folder: Path, size: int, remedy: str) -> None:
    free = shutil.disk_usage(folder).free
    if free < size:
        raise DataError(
            f"{folder}: the cache takes {size / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; "
            f"{remedy}, or choose a lower resolution."
        )
