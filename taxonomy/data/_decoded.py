"""From encoded pictures to `Pictures`: through the cache, by the policy on unreadable ones."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import DataError
from taxonomy.data._cache import Images, fill_rows, readable, stored
from taxonomy.data._pictures import Pictures

log = logging.getLogger(__name__)

Unreadable = Literal["refuse", "skip"]


@dataclass(frozen=True)
class Encoded:
    """Pictures still encoded, sorted by split.

    Args:
        source: digest of where they come from and how they are read.
        content: digest of all that the decoded pictures depend on.
        labels: the class of each.
        splits: index into `SPLITS` of each.
        load: decodes the picture of a row, or raises `DataError`.
        where: names the picture of a row in messages.
    """

    source: str
    content: str
    labels: Sequence[str]
    splits: Sequence[int]
    load: Callable[[int], Images]
    where: Callable[[int], str]


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

    def fill(images: Images) -> dict[str, io.Json]:
        wrong = fill_rows(images, encoded.load, workers)
        digest = _pictures(encoded, images, wrong).digest if len(wrong) < count else ""
        return {"unreadable": [[row, text] for row, text in wrong.items()], "digest": digest}

    def stale(facts: dict[str, io.Json]) -> bool:
        # A disk or a permission may have failed; a file may be mended and keep its time.
        return any(readable(encoded.load, row) for row, _ in facts["unreadable"])

    shape = (count, 3, resolution, resolution)
    folder = io.cache_folder(cache)
    images, facts = stored(folder, encoded.source, encoded.content, shape, fill, stale)
    wrong = dict(facts["unreadable"])
    if wrong:
        _judge(encoded, wrong, unreadable)
    return _pictures(encoded, images, wrong, facts["digest"])


def _judge(encoded: Encoded, wrong: dict[int, str], unreadable: Unreadable) -> None:
    """Refuse unreadable pictures, or say that they are left out."""
    if unreadable == "refuse":
        first, *rest = wrong
        names = ", ".join(encoded.where(row) for row in rest[:5])
        also = f" So are {len(rest)} others: {names}{', …' * (len(rest) > 5)}."
        raise DataError(
            f"{wrong[first]}{also if rest else ''} Or leave such pictures out: --unreadable skip; "
            "what was decoded is kept."
        )
    kept = {label for row, label in enumerate(encoded.labels) if row not in wrong}
    if lost := sorted(set(encoded.labels) - kept):
        raise DataError(f"The class {lost[0]!r} has no readable picture; add some.")
    total = len(encoded.labels)
    log.warning("%d of %d pictures cannot be read and are left out.", len(wrong), total)


def _pictures(
    encoded: Encoded, images: Images, wrong: dict[int, str], digest: str = ""
) -> Pictures:
    kept = [row for row in range(len(encoded.labels)) if row not in wrong]
    classes = tuple(sorted({encoded.labels[row] for row in kept}))
    position = {name: i for i, name in enumerate(classes)}
    return Pictures(
        images=images[: len(kept)],
        targets=np.array([position[encoded.labels[row]] for row in kept], dtype=np.int64),
        classes=classes,
        splits=np.array([encoded.splits[row] for row in kept], dtype=np.uint8),
        groups=np.full(len(kept), ""),
        known_digest=digest,
    )
