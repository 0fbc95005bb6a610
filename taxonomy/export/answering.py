"""What an expert answers for pictures, kept in the cache by all that it depends on."""

from __future__ import annotations

import logging
from collections.abc import Callable

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError
from taxonomy.data import Pictures
from taxonomy.nets.hierarchical import HierarchicalNet, weights_digest
from taxonomy.predictions import Predictions
from taxonomy.training.scoring import predictions_on

log = logging.getLogger(__name__)


def answers_of(expert: HierarchicalNet, part: Pictures) -> Predictions:
    """Return what an expert answers for the pictures of its classes, all of one split."""
    key = ["float", part.digest, *identity(expert)]
    return remembered(key, lambda: predictions_on(expert, part))


def remembered(key: io.Json, make: Callable[[], Predictions]) -> Predictions:
    """Return predictions from the cache, by the digest of all that they depend on, or make them.

    A cache that is damaged or cannot be written is told of, and costs time only.

    Args:
        key: what they depend on, as JSON values.
        make: computes them.
    """
    path = io.cache_folder() / "predictions" / f"{io.digest(key)}.npz"
    if path.is_file():
        try:
            return Predictions.load(path)
        except FileFormatError as error:
            log.warning("%s; it is made again.", error)
    made = make()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        made.save(path)
    except OSError as error:
        log.warning("%s: the cache cannot be written (%s).", path, error.strerror)
    return made


def identity(expert: HierarchicalNet) -> list[io.Json]:
    """Return what an expert's answers depend on, beside the pictures."""
    shape = [expert.spec.digest, expert.hierarchy.digest, expert.preprocessing.to_dict()]
    return [weights_digest(expert), *shape]
