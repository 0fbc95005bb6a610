"""A weighted mean of several sources, brought to one scale first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.errors import SimilarityError
from taxonomy._core.registry import lookup
from taxonomy.labels import LabelSet
from taxonomy.similarity._recipe import scored, weighted_sources
from taxonomy.similarity._value import Similarity

FloatArray = npt.NDArray[np.float64]

DIGITS = 12
"""Similarities are told apart to so many digits after the point, as in trees."""


@dataclass(frozen=True)
class Mixture:
    """The weighted mean of several sources after they were brought to one scale.

    Sources use their range differently: cosines of embeddings crowd in a tenth of it. Only the
    order of a source's scores enters, so any increasing map of them gives the same mixture; equal
    scores stay equal.

    Args:
        of: sources separated by semicolons, each with an optional weight before it and its options
            after it, such as: 2 llm transcript=icons/llm-rows; wordnet measure=path.
        scale: rank puts a score's average rank among all pairs in its place, from 0 to 1; quantile
            puts the weighted mean of the scores of that rank in all sources there (Bolstad et al.
            2003), so that the mixture keeps the shape of their distributions.
    """

    of: str = "wordnet; embedding"
    scale: Literal["rank", "quantile"] = "rank"

    def __call__(self, labels: LabelSet) -> Similarity:
        """Score with every source and mix.

        Raises:
            SimilarityError: a faulty recipe, or a source that cannot score the labels.
        """
        parts = weighted_sources(self.of)
        made_of = [scored(source, labels) for _, source in parts]
        mixed = mix(made_of, [weight for weight, _ in parts], self.scale)
        made = mixed.provenance | {"of": self.of, "labels": labels.digest}
        return Similarity(mixed.ids, mixed.values, made)


def mix(
    similarities: Sequence[Similarity], weights: Sequence[float] = (), scale: str = "rank"
) -> Similarity:
    """Return the weighted mean of similarities of the same labels, brought to one scale.

    Args:
        similarities: at least one.
        weights: one each, not negative, not all 0; by default all alike.
        scale: ``rank`` or ``quantile``; see `Mixture`.

    Raises:
        SimilarityError: other labels in one than in another, or impossible weights.
        RegistryError: an unknown scale.

    >>> one = Similarity("abc", [[1, 0.9, 0.5], [0.9, 1, 0.5], [0.5, 0.5, 1]])
    >>> other = Similarity("abc", [[1, 0.2, 0.1], [0.2, 1, 0.0], [0.1, 0.0, 1]])
    >>> mix([one, other], [3, 1]).values.round(4).tolist()[0]
    [1.0, 1.0, 0.3125]
    """
    if not similarities:
        raise SimilarityError("Nothing to mix; give at least one similarity.")
    for other in similarities[1:]:
        _check_labels(similarities[0], other)
    shares = _shares(weights or [1.0] * len(similarities), len(similarities))
    ids = similarities[0].ids
    pairs = np.triu_indices(len(ids), 1)
    flat = np.array([similarity.values[pairs].round(DIGITS) for similarity in similarities])
    mean = lookup("scale", SCALES, scale)(flat, shares)
    values = np.eye(len(ids))
    values[pairs] = mean
    values.T[pairs] = mean
    made = io.provenance(
        "mixture",
        scale=scale,
        parts=[
            {"weight": round(float(share), 12), "digest": part.digest, "source": part.provenance}
            for share, part in zip(shares, similarities, strict=True)
        ],
    )
    return Similarity(ids, values, made)


def average_ranks(values: FloatArray) -> FloatArray:
    """Return the rank of each value, from 0 for the least; equal ones share the mean of theirs.

    >>> average_ranks(np.array([0.5, 0.1, 0.5])).tolist()
    [1.5, 0.0, 1.5]
    """
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: FloatArray = (np.cumsum(counts) - (counts + 1) / 2)[which]
    return ranks


def _by_rank(flat: FloatArray, shares: FloatArray) -> FloatArray:
    """Return the mean of ranks in [0, 1]; a single pair, or all pairs tied, is in the middle."""
    pairs = flat.shape[1]
    if pairs < 2:
        return np.full(pairs, 0.5)
    ranks: FloatArray = shares @ np.array([average_ranks(row) for row in flat]) / (pairs - 1)
    return ranks.round(DIGITS)


def _by_quantile(flat: FloatArray, shares: FloatArray) -> FloatArray:
    """Return the mean after every source has been given the weighted mean distribution."""
    target = shares @ np.sort(flat, axis=1)
    total = np.concatenate([[0.0], np.cumsum(target)])
    mean = np.zeros(flat.shape[1])
    for share, row in zip(shares, flat, strict=True):
        _, which, counts = np.unique(row, return_inverse=True, return_counts=True)
        last = np.cumsum(counts)
        mean += share * ((total[last] - total[last - counts]) / counts)[which]
    return np.clip(mean, 0, 1).round(DIGITS)


SCALES = {"rank": _by_rank, "quantile": _by_quantile}
"""How sources are brought to one scale."""


def _shares(weights: Sequence[float], count: int) -> FloatArray:
    given = np.asarray(weights, dtype=np.float64)
    if given.shape != (count,):
        raise SimilarityError(f"{given.size} weights for {count} similarities; give one each.")
    if not (np.isfinite(given).all() and (given >= 0).all() and given.sum() > 0):
        raise SimilarityError(
            f"The weights are {given.tolist()}; give finite numbers of at least 0, not all 0."
        )
    shares: FloatArray = given / given.sum()
    return shares


def _check_labels(one: Similarity, other: Similarity) -> None:
    if one.ids == other.ids:
        return
    apart = next(pair for pair in zip_longest(one.ids, other.ids) if pair[0] != pair[1])
    raise SimilarityError(
        f"Similarities of different labels cannot be mixed: {len(one)} and {len(other)} of them, "
        f"which part at {apart[0]!r} and {apart[1]!r}; use restrict() on what both hold."
    )
