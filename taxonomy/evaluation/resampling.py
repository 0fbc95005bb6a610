"""Ratios of sums over samples, with intervals from samples drawn again (the bootstrap)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import FloatArray

INTERVAL = (2.5, 97.5)
"""Percentiles between which an interval lies."""

_NUMBERS = 1 << 22
"""Numbers drawn at a time."""


class Ratio(NamedTuple):
    """A score that is one sum over samples divided by another one.

    Args:
        name: of the score.
        over: the column that is summed.
        under: the column whose sum divides it.
    """

    name: str
    over: str
    under: str = "one"


class Interval(NamedTuple):
    """A score and the interval that 95 of 100 resamples lie in; NaN where a ratio is of nothing."""

    value: float
    low: float
    high: float


def weights(samples: int, resamples: int, seed: int) -> Iterator[FloatArray]:
    """Yield how often each sample is drawn, shape (samples, some resamples), block by block.

    Every resample draws as many samples as there are, each as likely as any other.
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, _NUMBERS // samples)
    for start in range(0, resamples, at_once):
        count = min(at_once, resamples - start)
        drawn = rng.integers(samples, size=(count, samples))
        drawn += np.arange(count)[:, None] * samples
        counts = np.bincount(drawn.ravel(), minlength=count * samples)
        yield counts.reshape(count, samples).T.astype(np.float64)


def intervals(
    columns: Mapping[str, FloatArray],
    ratios: Sequence[Ratio],
    resamples: int,
    seed: int,
    others: Mapping[str, Callable[[FloatArray], FloatArray]] | None = None,
) -> dict[str, Interval]:
    """Return scores with their intervals, all from the same resamples.

    Source: Efron 1979, the bootstrap; percentile intervals. Samples count as independent of each
    other.

    Args:
        columns: numbers by sample, each of shape (samples,).
        ratios: the scores.
        resamples: how often samples are drawn again; with 0, low and high are NaN.
        seed: of the draws.
        others: scores that are no ratios, by name: computed from weights of shape (samples,
            resamples), they return one number a resample.

    >>> some = {"one": np.ones(4), "wrong": np.array([0, 1, 0, 1.0])}
    >>> intervals(some, [Ratio("error", "wrong")], 200, 0)["error"]
    Interval(value=0.5, low=0.0, high=1.0)
    """
    others = others or {}
    needed = list(dict.fromkeys(name for ratio in ratios for name in ratio[1:]))
    place = {name: i for i, name in enumerate(needed)}
    table = np.stack([columns[name] for name in needed]).astype(np.float64)

    # Sorted, so that the order of samples changes neither draws nor sums; those that are equal in
    # every column are interchangeable.
    order = np.lexsort(table[::-1])
    table, place_of = table[:, order], np.argsort(order)

    def values(counts: FloatArray) -> FloatArray:
        sums = table @ counts
        with np.errstate(invalid="ignore", divide="ignore"):
            rows = [sums[place[ratio.over]] / sums[place[ratio.under]] for ratio in ratios]
        return np.stack([*rows, *(other(counts[place_of]) for other in others.values())])

    samples = table.shape[1]
    (whole,) = values(np.ones((samples, 1))).T
    drawn = [values(counts) for counts in weights(samples, resamples, seed)]
    low = high = np.full(len(whole), np.nan)
    if drawn:
        several = np.concatenate(drawn, axis=1)
        known = ~np.isnan(several).all(axis=1)
        low, high = low.copy(), high.copy()
        low[known], high[known] = np.nanpercentile(several[known], INTERVAL, axis=1)
    names = [*(ratio.name for ratio in ratios), *others]
    return {
        name: Interval(*map(float, numbers))
        for name, *numbers in zip(names, whole, low, high, strict=True)
    }
