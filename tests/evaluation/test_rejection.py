"""None of these: scores, thresholds and tables by hand and beside scikit-learn."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from taxonomy._core.errors import DataError, LabelError
from taxonomy.evaluation.rejection import (
    Rejector,
    auroc,
    false_positives,
    rejection_table,
    siblings,
    threshold_for,
)
from taxonomy.predictions import Predictions
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested([[["cat", "dog"], "fox"], ["bus", "car"]])


class TestSiblings:
    def test_they_hang_on_the_nodes_that_are_open(self):
        """The fox is a leaf of the animals' node, which the cat's path goes through but the cat's
        leaf does not hang on."""
        assert siblings(TREE, ["cat"]) == ("dog",)
        assert siblings(TREE, ["fox", "bus"]) == ("car",)
        assert siblings(TREE, ["cat", "dog"]) == ()

    def test_unknown_classes(self):
        with pytest.raises(LabelError, match="cot"):
            siblings(TREE, ["cot"])


class TestScores:
    def test_by_hand(self):
        logits, others = [[math.log(3), 0.0]], [[math.log(4)]]
        assert Rejector("probability").scores(logits, others) == pytest.approx([3 / 4])
        assert Rejector("energy").scores(logits) == pytest.approx([math.log(4)])
        assert Rejector("siblings").scores(logits, others) == pytest.approx([3 / 8])
        assert Rejector("siblings").scores(logits, np.empty((1, 0))) == pytest.approx([3 / 4])
        assert Rejector("siblings").scores(logits) == pytest.approx([3 / 4])
        both = Rejector("both", rest=math.log(2))
        assert both.scores(logits, others) == pytest.approx([3 / 10])

    def test_everything_else_has_the_median_energy(self):
        """Energies ln 2, ln 3 and ln 6; 2 of 3 pictures are accepted at two thirds."""
        logits = [[math.log(each)] for each in (2, 3, 6)]
        fitted = Rejector.fitted(logits, "both", accepted=2 / 3)
        assert fitted.rest == pytest.approx(math.log(3))
        assert fitted.threshold == pytest.approx(3 / 6)
        assert fitted.accepts(logits).tolist() == [False, True, True]

    def test_large_logits_do_not_overflow(self):
        assert Rejector("energy").scores([[1e4, 0]]) == pytest.approx([1e4])
        assert Rejector("probability").scores([[1e4, 0]]) == pytest.approx([1])

    def test_an_unknown_method(self):
        with pytest.raises(DataError, match="Did you mean 'energy'"):
            Rejector("enrgy")


class TestCurves:
    @pytest.mark.parametrize("seed", range(5))
    def test_the_area_is_scikit_learns(self, seed):
        rng = np.random.default_rng(seed)
        inside, outside = rng.normal(1, 1, 40).round(1), rng.normal(0, 1, 70).round(1)
        truth = np.repeat([1, 0], [40, 70])
        wanted = roc_auc_score(truth, np.concatenate([inside, outside]))
        assert auroc(inside, outside) == pytest.approx(wanted)

    def test_a_threshold_accepts_at_least_the_share(self):
        rng = np.random.default_rng(0)
        for count in (1, 7, 20, 99):
            inside = rng.normal(size=count).round(1)
            for share in (0.05, 0.5, 0.95, 1.0):
                least = threshold_for(inside, share)
                assert (inside >= least).mean() >= share - 1e-12
                higher = inside[inside > least]
                assert len(higher) / count < share

    def test_false_positives_by_hand(self):
        """19 of 20 inside scores are at least 1, and of the outside ones 3 of 4."""
        assert false_positives(np.arange(20), [0, 1, 2, 30]) == 0.75

    def test_nothing_to_compare(self):
        assert math.isnan(auroc([], [1]))
        assert math.isnan(false_positives([1], []))
        with pytest.raises(DataError, match="give some"):
            threshold_for([])
        with pytest.raises(DataError, match="`accepted` is 0"):
            threshold_for([1], 0)


class TestTable:
    def test_near_and_far_by_hand(self):
        """Of the expert for cats: dogs are near, buses far; a dog's own logit tells it apart."""
        tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
        logits = {"cat": [-9, -9, 5, 0], "dog": [-9, -9, 5, 9], "bus": [9, -9, -5, -9]}
        ids = ("bus", "car", "cat", "dog")
        targets = [ids.index(name) for name in logits]
        predictions = Predictions(ids, list(logits.values()), targets, "val")
        tasks = TaskList([Task("pet", ("cat",))], ids)
        table = rejection_table(predictions, tree, tasks).set_index("method")
        assert table["near_pictures"].tolist() == table["far_pictures"].tolist() == [1] * 4
        # A single class's probability is always 1, and its energy is its logit.
        near, far = table["near_auroc"].to_dict(), table["far_auroc"].to_dict()
        assert near == {"probability": 0.5, "energy": 0.5, "siblings": 1.0, "both": 1.0}
        assert far == {"probability": 0.5, "energy": 1.0, "siblings": 1.0, "both": 1.0}
        assert table.loc["siblings", ["near_accepted", "far_accepted"]].tolist() == [0, 0]
        assert table.loc["probability", ["near_accepted", "far_accepted"]].tolist() == [1, 1]

    def test_other_classes_are_refused(self):
        predictions = Predictions(["a", "b"], [[0, 1]], [0], "val")
        with pytest.raises(DataError, match="same classes"):
            rejection_table(predictions, TREE, TaskList([], TREE.leaves))
