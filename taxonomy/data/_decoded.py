"""From encoded pictures to `Pictures`: through the cache, by the policy on unreadable ones."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.cached import Bytes, Facts, cached_array
from taxonomy._core.decoding import decode
from taxonomy._core.errors import DataError, FileFormatError
from taxonomy._core.progress import track
from taxonomy._core.registry import require
from taxonomy.data._decode import VERSION
from taxonomy.data._pictures import Pictures

log = logging.getLogger(__name__)

Unreadable = Literal["refuse", "skip"]
BLOCK = 2048
"""Pictures given to the decoding threads at a time."""


@dataclass(frozen=True)
class Encoded:
    """Pictures still encoded, sorted by split.

    Args:
        source: digest of where they come from and how they are read.
        content: digest of all that the decoded pictures depend on, but for the decoder.
        labels: the class of each.
        splits: index into `SPLITS` of each.
        load: decodes the picture of a row, or raises `DataError`.
        where: names the picture of a row in messages.
        groups: the group of each; none where left out.
    """

    source: str
    content: str
    labels: Sequence[str]
    splits: Sequence[int]
    load: Callable[[int], Bytes]
    where: Callable[[int], str]
    groups: Sequence[str] = ()


@dataclass(frozen=True)
class _Facts:
    """What is kept beside decoded pictures: which could not be read, and the others' digest."""

    unreadable: tuple[tuple[int, str], ...]
    digest: str


def decoded(
    encoded: Encoded, resolution: int, unreadable: Unreadable, cache: str, workers: int = 0
) -> Pictures:
    """Return the pictures, decoded into the cache or found there.

    Args:
        encoded: what to decode.
        resolution: side of the square pictures that it is decoded to.
        unreadable: ``refuse``, or ``skip`` to leave out what cannot be read.
        cache: folder of caches, or empty.
        workers: threads that decode; 0 for one a core.

    Raises:
        DataError: pictures that cannot be read, a class that is left with none, or no space.
    """
    count = len(encoded.labels)

    def fill(images: Bytes) -> Facts:
        wrong = fill_rows(images, encoded.load, workers)
        digest = _pictures(encoded, images, wrong).digest if len(wrong) < count else ""
        return {"unreadable": [[row, text] for row, text in wrong.items()], "digest": digest}

    def stale(facts: Facts) -> bool:
        known = decode(_Facts, facts, "the cache's facts")
        if any(not 0 <= row < count for row, _ in known.unreadable):
            raise FileFormatError("the cache's facts: unreadable: there is no such picture.")
        # A disk or a permission may have failed; a file may be mended and keep its time.
        return any(_readable(encoded.load, row) for row, _ in known.unreadable)

    shape = (count, 3, resolution, resolution)
    images, facts = cached_array(
        io.cache_folder(cache),
        encoded.source,
        io.digest([encoded.content, VERSION, require("PIL").__version__]),
        shape,
        fill,
        stale,
        remedy=f"name another folder (`cache`, or the environment variable {io.CACHE_VARIABLE})",
    )
    wrong = dict(facts["unreadable"])
    if wrong:
        _judge(encoded, wrong, unreadable)
    return _pictures(encoded, images, wrong, facts["digest"])


def _judge(encoded: Encoded, wrong: dict[int, str], unreadable: Unreadable) -> None:
    """Refuse unreadable pictures, or say that they are left out."""
    if unreadable == "refuse":
        first, *rest = wrong
        names = ", ".join(encoded.where(row) for row in rest[:5])
        so = "is 1 other" if len(rest) == 1 else f"are {len(rest):,} others"
        also = f" So {so}: {names}{', …' * (len(rest) > 5)}."
        raise DataError(
            f"{wrong[first]}{also if rest else ''} Or leave such pictures out "
            '(`unreadable="skip"`); what was decoded is kept.'
        )
    kept = {label for row, label in enumerate(encoded.labels) if row not in wrong}
    if lost := sorted(set(encoded.labels) - kept):
        raise DataError(f"The class {lost[0]!r} has no readable picture; add some.")
    total = len(encoded.labels)
    log.warning("%d of %d pictures cannot be read and are left out.", len(wrong), total)


def _pictures(encoded: Encoded, images: Bytes, wrong: dict[int, str], digest: str = "") -> Pictures:
    kept = [row for row in range(len(encoded.labels)) if row not in wrong]
    classes = tuple(sorted({encoded.labels[row] for row in kept}))
    position = {name: i for i, name in enumerate(classes)}
    return Pictures(
        images=images[: len(kept)],
        targets=np.array([position[encoded.labels[row]] for row in kept], dtype=np.int64),
        classes=classes,
        splits=np.array([encoded.splits[row] for row in kept], dtype=np.uint8),
        groups=np.array(
            [encoded.groups[row] for row in kept] if encoded.groups else [""] * len(kept)
        ),
        known_digest=digest,
    )


def fill_rows(images: Bytes, load: Callable[[int], Bytes], workers: int = 0) -> dict[int, str]:
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
    wrong: dict[int, str] = {}

    def work(row: int) -> None:
        try:
            images[row] = load(row)
        except DataError as error:
            wrong[row] = str(error)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    shown = track("decoding", "pictures", len(images))
    with shown as bar, ThreadPoolExecutor(workers or cores) as pool:
        for start in range(0, len(images), BLOCK):
            rows = range(start, min(start + BLOCK, len(images)))
            for _ in pool.map(work, rows):
                bar.update()
    _compact(images, sorted(wrong))
    return dict(sorted(wrong.items()))


def _readable(load: Callable[[int], Bytes], row: int) -> bool:
    try:
        load(row)
    except DataError:
        return False
    return True


def _compact(images: Bytes, gaps: list[int]) -> None:
    """Move the rows after each gap up; what is left at the end is zero."""
    if not gaps:
        return
    for before, (gap, stop) in enumerate(pairwise([*gaps, len(images)])):
        for start in range(gap + 1, stop, BLOCK):
            block = images[start : min(start + BLOCK, stop)].copy()
            first = start - before - 1
            images[first : first + len(block)] = block
    images[len(images) - len(gaps) :] = 0
