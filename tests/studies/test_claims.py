"""What is claimed against a flat family: every number from a table worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from taxonomy._core.errors import TrainingError
from taxonomy.studies.claims import claims, first_reached, sentence

COLUMNS = ["setting", "accuracy", "macs", "params", "c5_accuracy", "c5_macs", "c5_params"]
FLAT = ["thin", "middle", "wide"]


def table(*tree: float) -> pd.DataFrame:
    rows = [
        ("thin", 0.70, 1e6, 1e5, 0.80, 1e6, 9e4),
        ("middle", 0.78, 4e6, 4e5, 0.90, 4e6, 36e4),
        ("wide", 0.782, 16e6, 16e5, 0.92, 16e6, 15e5),
        ("tree", *tree),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


TREE = table(0.775, 8e6, 8e5, 0.85, 1e6, 9e4)


def test_whole_network_and_smallest_good_flat():
    """`middle` is within half a point of `wide`, the best."""
    made = claims("tree", FLAT, TREE, TREE, "c5")
    assert made["best_flat"] == "wide"
    assert made["smallest_good_flat"] == "middle"
    assert made["accuracy_behind_best_flat"] == pytest.approx(0.007)
    assert made["macs_over_best_flat"] == pytest.approx(0.5)
    assert made["expert_gain_over_it"] == pytest.approx(-0.05)
    assert made["expert_macs_over_it"] == pytest.approx(0.25)
    assert made["expert_params_over_it"] == pytest.approx(9 / 36)  # masked too


def test_against_the_family_between_its_widths():
    """85 % lie midway between `thin` and `middle`: at 2 million MACs, sqrt(9 * 36) params."""
    made = claims("tree", FLAT, TREE, TREE, "c5")
    assert made["expert_gain_at_equal_macs"] == pytest.approx(0.05)
    assert made["expert_macs_over_equally_good_flat"] == pytest.approx(0.5)
    assert made["expert_params_over_equally_good_flat"] == pytest.approx(0.5)


def test_nothing_is_claimed_outside_the_family():
    small = claims("tree", FLAT, (t := table(0.7, 1e6, 1e5, 0.79, 5e5, 5e4)), t, "c5")
    assert math.isnan(float(small["expert_gain_at_equal_macs"]))
    assert math.isnan(float(small["expert_macs_over_equally_good_flat"]))
    best = claims("tree", FLAT, (t := table(0.7, 1e6, 1e5, 0.95, 4e6, 4e5)), t, "c5")
    assert best["expert_macs_over_equally_good_flat"] == 0
    assert "0.0% of the MACs" in sentence(best)


def test_flats_are_chosen_on_validation():
    other = TREE.assign(accuracy=[0.9, 0.7, 0.7, 0.7])
    assert claims("tree", FLAT, TREE, other, "c5")["best_flat"] == "thin"


def test_a_dip_between_widths_is_not_used():
    """The line is first as high as wanted after the dip, where a user would have to look."""
    places = np.array([0.0, 1.0, 2.0])
    assert first_reached(3.5, np.array([3.0, 1.0, 6.0]), places) == pytest.approx(1.5)
    assert first_reached(3.0, np.array([3.0, 1.0, 6.0]), places) == 0


def test_a_setting_without_scores_is_named():
    with pytest.raises(TrainingError, match="No scores of wider"):
        claims("tree", [*FLAT, "wider"], TREE, TREE, "c5")
