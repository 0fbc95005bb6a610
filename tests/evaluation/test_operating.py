"""The operating curve against a search for the answer at every threshold, sample by sample."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given

from taxonomy.evaluation import operating
from taxonomy.evaluation.answers import Answers
from taxonomy.evaluation.calibration import probabilities
from taxonomy.evaluation.measuring import measured
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy
from tests.evaluation.test_evaluation import scored_trees


def answer_at(tree, sure, threshold):
    """Return the classes of the most specific node whose probabilities sum to more."""
    clades = {tree.clade(entry) for entry in range(len(tree))}
    sums = {clade: sum(sure[name] for name in clade) for clade in clades}
    enough = [c for c in clades if sums[c] > threshold + 1e-12 or len(c) == len(tree.leaves)]
    fewest = min(map(len, enough))
    return max((clade for clade in enough if len(clade) == fewest), key=sums.get)


@given(scored_trees(ties=False))
def test_every_point_by_search(case):
    tree, predictions = case
    n = len(predictions.ids)
    table = measured(Answers.of_predictions(predictions, tree), ()).curve.table()
    sure = [dict(zip(predictions.ids, row, strict=True)) for row in probabilities(predictions)]
    for row in table.itertuples():
        said = [answer_at(tree, each, row.threshold) for each in sure]
        worth = [1 - math.log(len(clade)) / math.log(max(n, 2)) for clade in said]
        right = [
            predictions.ids[target] in clade
            for target, clade in zip(predictions.targets, said, strict=True)
        ]
        assert row.information == pytest.approx(np.mean(worth))
        assert row.accuracy == pytest.approx(np.mean(right))


TREE = Hierarchy.from_nested([["ant", "bee"], ["car", "van"]])


def area(logits, targets):
    found = measured(
        Answers.of_predictions(Predictions(TREE.leaves, logits, targets, "val"), TREE), ()
    )
    return found.curve.areas(np.ones((len(targets), 1))).item()


def test_the_area_by_hand():
    # One sample: ant .4, bee .3, car .2, van .1; it is a bee. Threshold 0: ant, wrong, information
    # 1; from .4 on ant and bee, right, information 1/2; from .7 on the root, right, information 0.
    logits = [[math.log(p) for p in (0.4, 0.3, 0.2, 0.1)]]
    assert area(logits, [1]) == pytest.approx(0.5 * (0 + 1) / 2 + 0.5 * (1 + 1) / 2)


def test_who_is_sure_of_a_class_has_an_area_by_accuracy_alone():
    sure = 1000 * np.eye(4)
    assert area(sure, [0, 1, 2, 3]) == pytest.approx(1)
    assert area(sure, [0, 1, 3, 2]) == pytest.approx((1 + 0.5) / 2)


def test_many_samples_have_few_thresholds_and_the_same_area(monkeypatch):
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(size=(3000, 4)), rng.integers(0, 4, 3000)
    few = area(logits, targets)
    monkeypatch.setattr(operating, "POINTS", 10**6)
    assert few == pytest.approx(area(logits, targets), abs=1e-4)
