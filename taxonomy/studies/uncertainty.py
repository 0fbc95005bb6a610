"""How sure a study is: designers, seeds and tasks drawn again, paired, many comparisons at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import BoolArray, FloatArray
from taxonomy._core.errors import DataError
from taxonomy.evaluation.resampling import INTERVAL, Interval
from taxonomy.studies.counting import Counts

AT_ONCE = 500
"""Resamples that are worked out together."""

MOST_OUTSIDE = 0.05
"""Share of the resamples in which a gain may lie outside the flat family's range."""

SIZES = ((0.005, "negligible"), (0.01, "small"), (0.03, "moderate"), (np.inf, "large"))
"""What differences of accuracy are called, up to which size: half a point is about what two
trainings differ by that differ in their seed alone."""


@dataclass(frozen=True, eq=False)
class Scored:
    """One setting's trainings, counted.

    Args:
        counts: of each seed.
        macs: of each task's expert, shape (tasks,).
    """

    counts: Sequence[Counts]
    macs: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Resampled:
    """A setting's means over groups of tasks: as measured first, then in each resample.

    Args:
        accuracy: shape (groups, 1 + resamples).
        macs: likewise, the mean over the tasks.
    """

    accuracy: FloatArray
    macs: FloatArray


def resample(
    settings: Mapping[str, Scored],
    groups: BoolArray,
    strata: npt.ArrayLike,
    resamples: int,
    seed: int = 0,
) -> dict[str, Resampled]:
    """Draw designers, seeds and, within their strata, tasks again; return the means over groups.

    All settings see the same draws, so that their differences are paired. A task's accuracy in a
    resample is that over the pictures of the designers drawn, mean over the seeds drawn; a group's
    is the mean over its tasks drawn. With one seed or one designer nothing is drawn of them.

    Source: Efron and Tibshirani 1993, An Introduction to the Bootstrap; each level of the design
    with replacement.

    Args:
        settings: by name, each with equally many seeds.
        groups: the tasks of each group, shape (groups, tasks).
        strata: a number a task; tasks take the place of tasks with the same one.
        resamples: how many.
        seed: of the draws.

    Raises:
        DataError: the settings were scored on different pictures.
    """
    first = next(iter(settings.values())).counts[0]
    for scored in settings.values():
        for counts in scored.counts:
            if abs(counts.pictures - first.pictures).sum():
                raise DataError("The settings were scored on different pictures.")
    seeds = len(next(iter(settings.values())).counts)
    members = groups.astype(np.float64)
    made: dict[str, list[tuple[FloatArray, FloatArray]]] = {name: [] for name in settings}
    for designers, of_seeds, of_tasks in _draws(first, seeds, strata, resamples, seed):
        pictures = first.pictures @ designers
        known = of_tasks * (pictures > 0)
        under = np.where(pictures > 0, pictures, 1.0)
        tasks = members @ known
        for name, scored in settings.items():
            right = sum(
                (counts.right @ designers) * of_seeds[i] for i, counts in enumerate(scored.counts)
            )
            with np.errstate(invalid="ignore", divide="ignore"):
                accuracy = members @ (right / under * known) / (seeds * tasks)
                macs = members @ (scored.macs[:, None] * known) / tasks
            made[name].append((accuracy, macs))
    joined = {
        name: [np.concatenate(p, axis=1) for p in zip(*b, strict=True)] for name, b in made.items()
    }
    return {name: Resampled(*parts) for name, parts in joined.items()}


def _draws(
    counts: Counts, seeds: int, strata: npt.ArrayLike, resamples: int, seed: int
) -> Iterator[tuple[FloatArray, FloatArray, FloatArray]]:
    """Yield how often designers, seeds and tasks are drawn, some resamples at a time.

    The first are all drawn once: what was measured.
    """
    tasks, designers = counts.right.shape
    yield np.ones((designers, 1)), np.ones((seeds, 1)), np.ones((tasks, 1))
    rng = np.random.default_rng(seed)
    stratum = np.asarray(strata)
    parts = [np.flatnonzero(stratum == one) for one in np.unique(stratum)]
    for start in range(0, resamples, AT_ONCE):
        count = min(AT_ONCE, resamples - start)

        def drawn(of: int, count: int = count) -> FloatArray:
            return rng.multinomial(of, np.full(of, 1 / of), size=count).T.astype(np.float64)

        of_tasks = np.empty((tasks, count))
        of_designers, of_seeds = drawn(designers), drawn(seeds)
        for part in parts:
            of_tasks[part] = drawn(len(part))
        yield of_designers, of_seeds, of_tasks


def gains(own: Resampled, family: Sequence[Resampled]) -> FloatArray:
    """Return accuracy minus the flat family's at equal MACs, shape (groups, 1 + resamples).

    The family is interpolated linearly over the logarithm of the MACs; NaN outside its range.

    Args:
        own: of a setting.
        family: of the flat networks.
    """
    if not family:
        return np.full(own.accuracy.shape, np.nan)
    ordered = sorted(family, key=lambda flat: float(np.nanmean(flat.macs)))
    with np.errstate(invalid="ignore", divide="ignore"):
        place = np.log(own.macs)
        flat = np.full(place.shape, np.nan)
        for one, other in pairwise(ordered):
            low, high = np.log(one.macs), np.log(other.macs)
            share = (place - low) / (high - low)
            inside = (share >= 0) & (share <= 1)
            between = one.accuracy + share * (other.accuracy - one.accuracy)
            flat = np.where(inside, between, flat)
    made: FloatArray = own.accuracy - flat
    return made


def estimate(values: FloatArray) -> Interval:
    """Return the first value with the interval of the others.

    >>> estimate(np.array([1.0, *range(101)]))
    Interval(value=1.0, low=2.5, high=97.5)
    """
    value, drawn = float(values[0]), values[1:]
    known = drawn[~np.isnan(drawn)]
    if np.isnan(value) or len(known) < (1 - MOST_OUTSIDE) * len(drawn) or not len(known):
        return Interval(value, float("nan"), float("nan"))
    low, high = np.percentile(known, INTERVAL)
    return Interval(value, float(low), float(high))


def p_value(values: FloatArray) -> float:
    """Return how seldom resamples lie beyond 0, on the rarer side, doubled; at most 1.

    One is added to both counts, so that it is never 0 (Davison and Hinkley 1997, 4.2).

    >>> p_value(np.array([1.0, 1.0, 2.0, -1.0])), p_value(np.array([1.0] + [2.0] * 199))
    (1.0, 0.01)
    """
    drawn = values[1:][~np.isnan(values[1:])]
    if np.isnan(values[0]) or len(drawn) < (1 - MOST_OUTSIDE) * (len(values) - 1):
        return float("nan")
    beyond = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return min(1.0, 2 * (beyond + 1) / (len(drawn) + 1))


def holm(values: npt.ArrayLike) -> FloatArray:
    """Return p-values corrected for their number (Holm 1979, step-down); NaNs are none.

    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(values, dtype=float)
    corrected = np.full(len(given), np.nan)
    order = [i for i in np.argsort(given, kind="stable") if not np.isnan(given[i])]
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * given[place]))
        corrected[place] = highest
    return corrected


def in_words(difference: float) -> str:
    """Return what a difference of accuracies is called.

    >>> [in_words(value) for value in (0.003, -0.02, 0.5)]
    ['negligible', 'moderate', 'large']
    """
    return next(word for most, word in SIZES if abs(difference) < most)
