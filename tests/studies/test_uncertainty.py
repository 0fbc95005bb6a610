"""Intervals widen with what differs, shrink by pairing, and p-values are corrected for many."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse, stats

from taxonomy._core.errors import DataError
from taxonomy.studies.counting import Counts
from taxonomy.studies.uncertainty import Scored, estimate, gains, holm, p_value, resample

TASKS, DESIGNERS, RESAMPLES = 30, 12, 2000
ONE_GROUP = np.ones((1, TASKS), dtype=bool)
STRATA = [0] * TASKS


def counts(accuracy, pictures=20):
    """Return counts of which so large a share of each task's and designer's answers is right."""
    accuracy = np.broadcast_to(accuracy, (TASKS, DESIGNERS))
    shown = np.full(accuracy.shape, float(pictures))
    names = tuple(f"designer-{i}" for i in range(DESIGNERS))
    return Counts(sparse.csr_array(shown * accuracy), sparse.csr_array(shown), names)


def scored(*of_seeds, macs=1_000_000):
    return Scored([counts(x) for x in of_seeds], np.full(TASKS, macs))


def drawn(**settings):
    return resample(settings, ONE_GROUP, STRATA, RESAMPLES)


def test_what_does_not_vary_has_no_interval():
    found = drawn(a=scored(0.75))["a"]
    assert estimate(found.accuracy[0]) == (0.75, 0.75, 0.75)
    assert (found.macs == 1e6).all()


def test_the_interval_over_designers_is_that_of_the_normal_distribution():
    rng = np.random.default_rng(1)
    of_designers = rng.uniform(0.4, 0.9, DESIGNERS)
    value, low, high = estimate(drawn(a=scored(of_designers[None, :]))["a"].accuracy[0])
    assert value == pytest.approx(of_designers.mean())
    spread = of_designers.std() / np.sqrt(DESIGNERS)
    assert high - low == pytest.approx(2 * 1.96 * spread, rel=0.1)


def test_tasks_and_seeds_are_drawn_too():
    rng = np.random.default_rng(2)
    of_tasks = rng.uniform(0.4, 0.9, (TASKS, 1))
    _, low, high = estimate(drawn(a=scored(of_tasks))["a"].accuracy[0])
    assert high - low == pytest.approx(2 * 1.96 * of_tasks.std() / np.sqrt(TASKS), rel=0.1)
    _, low, high = estimate(drawn(a=scored(0.6, 0.8))["a"].accuracy[0])
    assert (low, high) == pytest.approx((0.6, 0.8))


def test_tasks_take_the_place_of_tasks_of_their_stratum_only():
    accuracy = np.where(np.arange(TASKS) < TASKS // 2, 0.2, 0.9)[:, None]
    strata = (np.arange(TASKS) < TASKS // 2).astype(int)
    found = resample({"a": scored(accuracy)}, ONE_GROUP, strata, RESAMPLES)["a"]
    np.testing.assert_allclose(found.accuracy, 0.55)


def test_differences_are_paired():
    """Two settings that are right about the same pictures differ by a fixed step, whoever draws."""
    of_designers = np.random.default_rng(3).uniform(0.3, 0.8, DESIGNERS)[None, :]
    found = drawn(a=scored(of_designers + 0.1), b=scored(of_designers))
    difference = found["a"].accuracy[0] - found["b"].accuracy[0]
    np.testing.assert_allclose(difference, 0.1)
    assert p_value(difference) == pytest.approx(2 / (RESAMPLES + 1))
    assert p_value(found["a"].accuracy[0] - found["a"].accuracy[0]) == 1.0


def test_settings_of_other_pictures_cannot_be_paired():
    other = Scored([counts(0.5, pictures=10)], np.ones(TASKS, dtype=np.int64))
    with pytest.raises(DataError, match="different pictures"):
        drawn(a=scored(0.5), b=other)


def test_the_gain_is_over_the_line_between_flat_networks():
    found = drawn(
        own=scored(0.8, macs=2_000_000),
        thin=scored(0.6, macs=1_000_000),
        wide=scored(0.7, macs=4_000_000),
        dear=scored(0.9, macs=5_000_000),
    )
    family = [found["wide"], found["thin"]]
    np.testing.assert_allclose(gains(found["own"], family), 0.15)  # halfway in the logarithm
    assert np.isnan(gains(found["dear"], family)).all()
    assert np.isnan(gains(found["own"], [])).all()
    assert estimate(gains(found["thin"], family)[0]).value == pytest.approx(0.0)


def test_holm_is_what_its_definition_says():
    """And is never below the rates of false discoveries, which control less."""
    values = np.random.default_rng(4).uniform(size=20)
    order = np.argsort(values)
    expected = np.empty(20)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (20 - rank) * values[place]))
        expected[place] = highest
    np.testing.assert_allclose(holm(values), expected)
    assert (holm(values) >= stats.false_discovery_control(values) - 1e-12).all()
    assert np.isnan(holm([0.5, np.nan])).tolist() == [False, True]
    assert holm([0.5, np.nan])[0] == 0.5
