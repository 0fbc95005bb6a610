"""Only where it looks likely: which branches run, what that costs, and when none has to."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from taxonomy._core.errors import DataError, FileFormatError
from taxonomy.design import NetSpec, cost
from taxonomy.evaluation import likely
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested([["bus", "car"], ["cat", ["cow", "pig"]], "tree"])
SPEC = NetSpec.tree(trunk=((8, 0),), levels=((8, 1), (4, 0)), resolution=16)
HEAD = likely.CoarseHead(np.zeros((3, 2)), np.zeros(2))


def runs(*rows):
    return np.array(rows, dtype=bool)


def test_a_star_has_no_branches():
    star = Hierarchy.star(["bus", "cat"])
    assert likely.branches(star).tolist() == []
    assert likely.branch_of(star).tolist() == [-1, -1]


def test_a_class_alone_below_nodes_is_of_their_branch():
    tree = Hierarchy.from_nested([[["bus"]], "cat"])
    assert likely.branch_of(tree).tolist() == [0, -1]


class TestTheBestBranches:
    def test_they_run_until_they_hold_a_probability(self):
        chances = np.array([[0.6, 0.3, 0.1], [0.2, 0.2, 0.6]])
        assert likely.opened(chances, 1).tolist() == [[1, 0, 0], [0, 0, 1]]
        assert likely.opened(chances, 2).tolist() == [[1, 1, 0], [1, 0, 1]]
        assert likely.opened(chances, 3, mass=0.61).tolist() == [[1, 1, 0], [1, 0, 1]]
        assert likely.opened(chances, 3, mass=0.5).tolist() == [[1, 0, 0], [0, 0, 1]]
        assert likely.opened(chances, 3).all()

    @pytest.mark.parametrize(("most", "mass"), [(0, 1), (1, 0), (1, 1.5), (True, 1)])
    def test_useless_numbers_are_refused(self, most, mass):
        with pytest.raises(DataError):
            likely.opened(np.ones((1, 2)) / 2, most, mass)

    def test_an_answer_is_of_a_branch_that_runs_or_of_none(self):
        logits = [[9, 0, 1, 2, 3, 2.5]]  # bus, car, cat, cow, pig, tree
        found = Predictions(TREE.leaves, logits, [0], "val")
        answers = [
            likely.answers_of_opened(found, TREE, runs(row))[0]
            for row in ([1, 1], [0, 1], [1, 0], [0, 0])
        ]
        assert [TREE.leaves[i] for i in answers] == ["bus", "pig", "bus", "tree"]

    def test_with_all_of_them_answers_are_the_networks(self):
        logits = np.random.default_rng(0).normal(size=(50, 6))
        found = Predictions(TREE.leaves, logits, [0] * 50, "val")
        every = np.ones((50, 2), dtype=bool)
        answers = likely.answers_of_opened(found, TREE, every)
        assert answers.tolist() == found.ranking()[:, 0].tolist()
        with pytest.raises(DataError, match="do not fit"):
            likely.answers_of_opened(found, TREE, every[:, :1])


class TestCost:
    def test_it_is_the_cost_of_the_expert_with_the_coarse_head(self):
        for row, classes in (
            ([1, 1], TREE.leaves),
            ([1, 0], ("bus", "car", "tree")),
            ([0, 1], ("cat", "cow", "pig", "tree")),
        ):
            wanted = cost(SPEC, TREE.restrict(classes)).macs + HEAD.macs
            assert likely.mean_macs(SPEC, TREE, runs(row), HEAD) == wanted

    def test_it_is_a_mean_over_pictures(self):
        one, other = (likely.mean_macs(SPEC, TREE, runs(row), HEAD) for row in ([1, 0], [0, 1]))
        both = likely.mean_macs(SPEC, TREE, runs([1, 0], [0, 1]), HEAD)
        assert both == pytest.approx((one + other) / 2)


class TestTheHead:
    def test_it_is_kept_in_a_file(self, tmp_path):
        head = likely.fit_coarse_head([[0.0, 1.0], [1.0, 0.0], [0.1, 1.2]], [0, 1, 0])
        head.save(tmp_path / "head.npz")
        again = likely.CoarseHead.load(tmp_path / "head.npz")
        assert np.array_equal(again.weight, head.weight)
        assert np.array_equal(again.bias, head.bias)
        assert head.macs == 4
        (tmp_path / "bad.npz").write_bytes(b"no")
        with pytest.raises(FileFormatError):
            likely.CoarseHead.load(tmp_path / "bad.npz")

    def test_it_does_not_depend_on_the_features_units(self):
        rng = np.random.default_rng(1)
        x, y = rng.normal(size=(80, 3)), rng.integers(0, 3, 80)
        plain = likely.fit_coarse_head(x, y).probabilities(x)
        scaled = x * [1000, 1, 0.001] + [5, -7, 0]
        assert likely.fit_coarse_head(scaled, y).probabilities(scaled) == pytest.approx(
            plain, abs=1e-3
        )

    def test_it_is_scikit_learns(self):
        linear = pytest.importorskip("sklearn.linear_model")
        rng = np.random.default_rng(2)
        x, y = rng.normal(size=(150, 4)), rng.integers(0, 3, 150)
        x = (x - x.mean(0)) / x.std(0)
        known = linear.LogisticRegression(C=1 / (150 * 0.01), tol=1e-8, max_iter=5000).fit(x, y)
        found = likely.fit_coarse_head(x, y, ridge=0.01, steps=5000).probabilities(x)
        assert found == pytest.approx(known.predict_proba(x), abs=1e-4)

    @pytest.mark.parametrize(("x", "y"), [([], []), ([[1.0]], [0, 1]), ([1.0], [0])])
    def test_what_fits_no_head_is_refused(self, x, y):
        with pytest.raises(DataError, match="fit no head"):
            likely.fit_coarse_head(x, y)


class TestStopping:
    def test_the_bound_is_clopper_and_pearsons(self):
        bound = likely.upper_bound(3, 100, 0.95)
        assert binom.cdf(3, 100, bound) == pytest.approx(0.05)
        assert likely.upper_bound(0, 0, 0.95) == likely.upper_bound(2, 2, 0.95) == 1

    def test_the_lowest_threshold_that_holds_is_taken(self):
        sure = np.linspace(0.5, 1, 1001)
        chances = np.stack([sure, 1 - sure], axis=1)
        right = sure > 0.7  # all wrong below
        found = likely.stopping(chances, right, 0.05)
        assert 0.67 < found.threshold < 0.7
        assert found.bound <= 0.05
        assert found.errors == (sure[~right] >= found.threshold).sum()

    def test_where_no_answer_is_sure_enough_all_run(self):
        few = 4 * 59 - 1  # 59 without an error could tell, and four times as many are wanted
        found = likely.stopping(np.full((few, 2), 0.5), np.ones(few, dtype=bool), 0.05)
        assert (found.threshold, found.pictures, found.bound) == (np.inf, 0, 1)
        many = few + 1
        found = likely.stopping(np.full((many, 2), 0.5), np.ones(many, dtype=bool), 0.05)
        assert (found.threshold, found.pictures) == (0.5, many)

    def test_the_share_of_errors_holds_as_often_as_stated(self):
        rng, broken = np.random.default_rng(3), 0
        for _ in range(120):
            sure = rng.uniform(0.5, 1, 400)
            right = rng.uniform(size=400) < sure
            found = likely.stopping(np.stack([sure, 1 - sure], 1), right, 0.1)
            true = (1 - found.threshold) / 2  # the mean of 1 - p from the threshold to 1
            broken += true > 0.1
        assert broken <= binom.ppf(0.999, 120, 0.05)

    @pytest.mark.parametrize("shape", [(0, 2), (5, 0)])
    def test_nothing_to_calibrate_on_is_refused(self, shape):
        with pytest.raises(DataError, match="no pictures or no branches"):
            likely.stopping(np.zeros(shape), np.ones(shape[0], dtype=bool), 0.05)

    @pytest.mark.parametrize("share", [0, 1, -0.1])
    def test_a_share_is_between_0_and_1(self, share):
        with pytest.raises(DataError, match="most_errors"):
            likely.stopping(np.full((4, 2), 0.5), np.ones(4, dtype=bool), share)
