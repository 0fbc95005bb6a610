"""Intervals: equal for equal seeds, and those of SciPy's bootstrap but for its other draws."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import bootstrap

from taxonomy.evaluation.resampling import Ratio, intervals

RNG = np.random.default_rng(1)
COLUMNS = {
    "one": np.ones(400),
    "wrong": (RNG.random(400) < 0.3).astype(float),
    "never": np.zeros(400),
}
COLUMNS["height"] = COLUMNS["wrong"] * RNG.integers(1, 4, 400)
RATIOS = [
    Ratio("error", "wrong"),
    Ratio("severity", "height", "wrong"),
    Ratio("none", "never", "never"),
]


def test_intervals_are_scipys():
    found = intervals(COLUMNS, RATIOS[:2], 4000, 0)
    for ratio in RATIOS[:2]:

        def statistic(over, under, axis=-1):
            return over.sum(axis=axis) / under.sum(axis=axis)

        data = (COLUMNS[ratio.over], COLUMNS[ratio.under])
        known = bootstrap(
            data, statistic, paired=True, vectorized=True, n_resamples=4000, rng=2,
            method="percentile",
        ).confidence_interval  # fmt: skip
        assert found[ratio.name].value == statistic(*data)
        assert found[ratio.name][1:] == pytest.approx((known.low, known.high), abs=0.01)


def test_equal_seeds_give_equal_numbers_and_others_do_not():
    first, again, other = (intervals(COLUMNS, RATIOS[:2], 100, seed) for seed in (0, 0, 1))
    assert first == again != other


def test_a_ratio_of_nothing_is_no_number_and_disturbs_no_other():
    found = intervals(COLUMNS, RATIOS, 50, 0)
    assert np.isnan(found["none"]).all()
    assert np.isfinite(found["error"]).all()


def test_without_resamples_there_is_no_interval():
    value, low, high = intervals(COLUMNS, RATIOS[:1], 0, 0)["error"]
    assert value == COLUMNS["wrong"].mean()
    assert np.isnan([low, high]).all()
