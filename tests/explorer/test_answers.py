"""From the page's bytes follows every expert's accuracy, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import FileFormatError
from taxonomy.explorer.answers import Answers
from taxonomy.predictions import Predictions

IDS = [f"c{i}" for i in range(7)]


@st.composite
def predictions(draw: st.DrawFn) -> Predictions:
    """Draw logits of which many are equal."""
    count = draw(st.integers(1, 20))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    logits = rng.integers(-3, 3, (count, len(IDS)))
    return Predictions(IDS, logits, rng.integers(0, len(IDS), count), "val")


@given(predictions(), st.sets(st.sampled_from(range(7)), min_size=1))
def test_an_expert_is_right_where_the_masked_network_is(made, chosen):
    asked, right = Answers.from_text(Answers.of(made).to_text(), 7).right(chosen)
    np.testing.assert_array_equal(asked, np.isin(made.targets, list(chosen)))
    if asked.any():
        part = made.restrict(IDS[i] for i in chosen)
        np.testing.assert_array_equal(right[asked], part.ranking()[:, 0] == part.targets)


def test_rivals_stand_best_first_and_ties_go_to_the_first_class():
    made = Predictions(["a", "b", "c", "d"], [[1, 4, 2, 4], [2, 2, 1, 0]], [2, 1], "val")
    found = Answers.of(made)
    assert found.counts.tolist() == [2, 1]
    assert found.rivals.tolist() == [1, 3, 0]


def test_logits_that_differ_in_their_last_bit_are_told_apart():
    """What 8 bits a logit cannot do."""
    one = np.float32(1)
    made = Predictions(["a", "b"], [[one, np.nextafter(one, np.float32(2))]] * 2, [0, 1], "val")
    assert Answers.of(made).right([0, 1])[1].tolist() == [False, True]


def test_many_pictures_are_looked_at_in_parts(monkeypatch):
    rng = np.random.default_rng(0)
    made = Predictions(IDS, rng.normal(size=(50, 7)), rng.integers(0, 7, 50), "val")
    whole = Answers.of(made).to_text()
    monkeypatch.setattr("taxonomy.explorer.answers._ROWS", 21)
    assert Answers.of(made).to_text() == whole


@pytest.mark.parametrize("text", ["", "!!", "AAAA", "AQAAAAMAAAA=", "AQAAAAAAAQAJAA=="])
def test_damaged_bytes_are_refused(text):
    with pytest.raises(FileFormatError):
        Answers.from_text(text, 3)
