"""Losses: each a number that can be redone by hand, or a law that ties it to another."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy

from taxonomy._core.errors import TrainingError
from taxonomy.training.objectives import TERMS, Loss, Objective, ancestors_by_level
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.strategies import nested_trees

# sorted: bus car cat cow dog fog
TREE = Hierarchy.from_nested([[["cat", "dog"], "cow"], ["bus", "car"], "fog"])
LOGITS = torch.log(torch.tensor([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]))
CAT, FOG = torch.tensor([2]), torch.tensor([5])


def only(**weights: float) -> Objective:
    """Return an objective of these losses alone, without label smoothing."""
    return Objective(**{"leaf": 0.0, "label_smoothing": 0.0, **weights})


def loss_of(objective: Objective, target: torch.Tensor, **others: torch.Tensor) -> float:
    return Loss(objective, TREE)(LOGITS, target, **others).item()


class TestByHand:
    """The exponentials of the logits are 1 to 6, so probabilities are ratios of small numbers."""

    def test_leaf(self):
        assert loss_of(only(leaf=1), CAT) == pytest.approx(-math.log(3 / 21))

    def test_clade_is_the_mean_over_levels(self):
        """Among cat, cow and dog, then among cat and dog."""
        expected = -(math.log(3 / 12) + math.log(3 / 8)) / 2
        assert loss_of(only(clade=1), CAT) == pytest.approx(expected)

    def test_inner_is_the_mean_over_levels(self):
        expected = -(math.log(12 / 21) + math.log(8 / 21)) / 2
        assert loss_of(only(inner=1), CAT) == pytest.approx(expected)

    def test_hierarchical_weights_each_step_by_the_height_it_ends_at(self):
        """Heights in edges: the animals 2, cat and dog 1, the leaf 0."""
        steps = [math.log(12 / 21), math.log(8 / 12), math.log(3 / 8)]
        weights = [math.exp(-2 * 0.5), math.exp(-0.5), 1]
        expected = -sum(w * s for w, s in zip(weights, steps, strict=True))
        assert loss_of(only(hierarchical=1, alpha=0.5), CAT) == pytest.approx(expected)

    def test_a_class_below_the_root_has_no_fellows(self):
        assert loss_of(only(clade=1), FOG) == pytest.approx(0, abs=1e-6)
        assert loss_of(only(inner=1), FOG) == pytest.approx(-math.log(6 / 21))
        assert loss_of(only(hierarchical=1), FOG) == pytest.approx(-math.log(6 / 21))

    def test_soft_targets_fall_with_the_common_ancestor(self):
        """From cat: itself 0, dog 1/3, cow 2/3, all others 1 of the tree's height."""
        closeness = [math.exp(-3 * d) for d in (1, 1, 0, 2 / 3, 1 / 3, 1)]
        logs = [math.log(x / 21) for x in range(1, 7)]
        expected = -sum(c * x for c, x in zip(closeness, logs, strict=True)) / sum(closeness)
        assert loss_of(only(soft=1, beta=3), CAT) == pytest.approx(expected)

    def test_distillation_is_a_divergence_times_the_squared_temperature(self):
        teacher = torch.zeros(1, 6)
        share = [x**0.5 for x in range(1, 7)]
        student = [math.log(x / sum(share)) for x in share]
        expected = 4 * sum(1 / 6 * (math.log(1 / 6) - x) for x in student)
        got = loss_of(only(distill=1, temperature=2), CAT, teacher=teacher)
        assert got == pytest.approx(expected, rel=1e-5)

    def test_distillation_in_a_clade_sees_its_classes_only(self):
        """The teacher agrees with the student on the animals, and on nothing else."""
        teacher = LOGITS.clone()
        teacher[:, :2] += 5
        assert loss_of(only(distill_clade=1), CAT, teacher=teacher) == pytest.approx(0, abs=1e-6)
        assert loss_of(only(distill=1), CAT, teacher=teacher) > 0.1


@given(nested_trees(), st.integers(0, 1000))
def test_the_steps_of_a_path_sum_to_the_cross_entropy(nested, seed):
    tree = Hierarchy.from_nested(nested)
    if len(tree.nodes) < 2:
        return
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(7, len(tree.leaves), generator=generator)
    targets = torch.randint(len(tree.leaves), (7,), generator=generator)
    got = Loss(only(hierarchical=1, alpha=0), tree)(logits, targets)
    torch.testing.assert_close(got, cross_entropy(logits, targets))


@given(nested_trees())
def test_a_level_groups_the_leaves_of_its_nodes(nested):
    tree = Hierarchy.from_nested(nested)
    entries, _ = ancestors_by_level(tree, alpha=0)
    for row, depth in zip(entries, range(1, len(entries) + 1), strict=True):
        for leaf, entry in zip(tree.leaves, row, strict=True):
            assert leaf in tree.clade(int(entry))
            assert tree.depth[entry] == min(
                depth, tree.depth[tree.leaf_entries[tree.leaves.index(leaf)]]
            )


class TestSubsets:
    LOSS = Loss(only(subset=1, subset_most=4, subset_coherent=0.5), TREE)

    def drawn(self, n: int = 4000) -> torch.Tensor:
        targets = torch.arange(6).repeat(n // 6 + 1)[:n]
        return self.LOSS.draw_subsets(targets, torch.Generator().manual_seed(0))

    def test_hold_the_target_and_at_most_so_many_others(self):
        drawn = self.drawn()
        rows = torch.arange(len(drawn))
        assert drawn[rows, rows % 6].all()
        assert drawn.sum(1).max() == 4

    def test_half_of_them_lie_in_a_clade(self):
        """A cat's coherent subsets hold no bus, car or fog; of the others nearly all do."""
        cats = self.drawn(24000)[2::6]
        outside = cats[:, [0, 1, 5]].any(1).float().mean().item()
        # 2, 3 or 4 classes: one, two or three of the five others, two of which are animals
        expected = 0.5 * (3 / 5 + (1 - 1 / 10) + 1) / 3
        assert outside == pytest.approx(expected, abs=0.03)

    def test_the_generator_fixes_them(self):
        assert torch.equal(self.drawn(), self.drawn())

    def test_a_star_draws_from_all_classes(self):
        loss = Loss(only(subset=1, subset_coherent=0), Hierarchy.star("abcd"))
        drawn = loss.draw_subsets(torch.zeros(100, dtype=torch.long), None)
        assert set(drawn.sum(1).tolist()) == {2, 3, 4}


def test_every_term_moves_the_logits():
    for term in TERMS:
        logits = LOGITS.clone().requires_grad_()
        loss = Loss(only(**{term: 1.0}), TREE)
        loss(logits, CAT, teacher=torch.randn(1, 6)).backward()
        assert logits.grad is not None
        assert torch.isfinite(logits.grad).all()
        assert logits.grad.abs().sum() > 0, term


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"leaf": 0.0}, "All losses"),
        ({"clade": -1.0}, "`clade` is -1"),
        ({"alpha": math.nan}, "alpha"),
        ({"label_smoothing": 1.0}, "`label_smoothing` is 1.0; give a share below 1"),
        ({"subset_most": 1}, "`subset_most` is 1; give 2 or more"),
        ({"subset_coherent": 1.5}, "`subset_coherent` is 1.5; give a number from 0 to 1"),
        ({"temperature": 0.0}, "`temperature` is 0; give a number above 0"),
    ],
)
def test_impossible_weights_are_refused(change, message):
    with pytest.raises(TrainingError, match=message):
        replace(Objective(), **change)


def test_a_loss_without_its_tree_or_teacher_says_what_to_name():
    with pytest.raises(TrainingError, match="`reference`"):
        Loss(only(clade=1), Hierarchy.star("abc"))
    with pytest.raises(TrainingError, match="`teacher`"):
        loss_of(only(distill=1), CAT)
