"""A weighted mean of several sources, brought to one scale first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray
from taxonomy._core.checked import check_options
from taxonomy._core.errors import SimilarityError
from taxonomy._core.registry import lookup
from taxonomy.labels import LabelSet, check_same_labels
from taxonomy.similarity._recipe import Weighted, scored, sources_in, written
from taxonomy.similarity._value import DenseSimilarity, Source

DIGITS = 12
"""Similarities are rounded to this many digits before they are ranked, as in trees."""


@dataclass(frozen=True)
class Mixture:
    """The weighted mean of several sources after they were brought to one scale.

    Sources use their range differently: cosines of embeddings crowd in a tenth of it. Only the
    order of a source's scores enters, so any increasing map of them gives the same mixture; equal
    scores stay equal.

    Args:
        of: sources separated by semicolons, each with an optional weight before it and its options
            after it, such as: 2 llm transcript=icons/llm-rows; wordnet measure=path. In Python a
            source, or pairs of weights and sources, too.
        scale: rank puts a score's average rank among all pairs in its place, from 0 to 1; quantile
            puts the weighted mean of the scores of that rank in all sources there (Bolstad et al.
            2003), so that the mixture keeps the shape of their distributions.
    """

    of: str | Source | Sequence[Weighted] = "wordnet; embedding"
    scale: Literal["rank", "quantile"] = "rank"

    def __post_init__(self) -> None:
        """Check the choices, and keep pairs as they are now, whatever becomes of a list."""
        check_options(self, SimilarityError)
        if isinstance(self.of, Sequence) and not isinstance(self.of, str):
            object.__setattr__(self, "of", tuple(self.of))

    def __call__(self, labels: LabelSet) -> DenseSimilarity:
        """Score with every source and mix.

        Raises:
            SimilarityError: a faulty recipe, or a source that cannot score the labels.
        """
        parts = sources_in(self.of)
        made_of = [scored(source, labels) for _, source in parts]
        mixed = mix(made_of, [weight for weight, _ in parts], self.scale)
        made = dict(mixed.provenance) | {"of": written(self.of), "labels": labels.digest}
        return DenseSimilarity(mixed.ids, mixed.values, made)


def mix(
    similarities: Sequence[DenseSimilarity], weights: Sequence[float] = (), scale: str = "rank"
) -> DenseSimilarity:
    """Return the weighted mean of similarities of the same labels, brought to one scale.

    Args:
        similarities: at least one.
        weights: one each, not negative, not all 0; by default all alike.
        scale: ``rank`` or ``quantile``; see `Mixture`.

    Raises:
        SimilarityError: other labels in one than in another, or impossible weights.
        RegistryError: an unknown scale.

    >>> one = DenseSimilarity("abc", [[1, 0.9, 0.5], [0.9, 1, 0.5], [0.5, 0.5, 1]])
    >>> other = DenseSimilarity("abc", [[1, 0.2, 0.1], [0.2, 1, 0.0], [0.1, 0.0, 1]])
    >>> mix([one, other], [3, 1]).values.round(4).tolist()[0]
    [1.0, 1.0, 0.3125]
    """
    if not similarities:
        raise SimilarityError("Nothing to mix; give at least one similarity.")
    for number, other in enumerate(similarities, start=1):
        names = ("similarity 1", f"similarity {number}")
        check_same_labels(similarities[0].ids, other.ids, SimilarityError, names)
    shares = _shares(weights or [1.0] * len(similarities), len(similarities))
    similarities = [similarity.all_pairs() for similarity in similarities]
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
    return DenseSimilarity(ids, values, made)


def _by_rank(flat: FloatArray, shares: FloatArray) -> FloatArray:
    """Return the mean of ranks in [0, 1]; a single pair, or all pairs tied, is in the middle."""
    pairs = flat.shape[1]
    if pairs < 2:
        return np.full(pairs, 0.5)
    from scipy.stats import rankdata

    ranks = np.array([rankdata(row) - 1 for row in flat])  # equal scores share their mean rank
    mean: FloatArray = shares @ ranks / (pairs - 1)
    return mean.round(DIGITS)


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
