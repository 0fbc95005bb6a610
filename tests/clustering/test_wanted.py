"""The tree of wanted subsets: of few classes the cheapest of all, of many cheaper than sources'."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core import shipped
from taxonomy._core.errors import ClusteringError, SpecError
from taxonomy.clustering.connectivity import Search
from taxonomy.clustering.levels import largest_group
from taxonomy.clustering.partition import Limits
from taxonomy.clustering.shaped import Shape
from taxonomy.clustering.wanted import cooccurrence, least_cost, level_prices, wanted_tree
from taxonomy.design.costs import expert_costs
from taxonomy.design.spec import NetSpec
from taxonomy.tasks import Task, TaskList, get_tasks
from taxonomy.trees.hierarchy import Hierarchy

SPEC = NetSpec.tree()
ONE_LEVEL = NetSpec.tree(levels=((48, 1),))


def some_tasks(n: int, count: int, seed: int) -> TaskList:
    """Draw tasks of 2 to 4 of n classes, asked for up to five times."""
    rng = np.random.default_rng(seed)
    ids = [f"c{i:02d}" for i in range(n)]
    return TaskList(
        (
            Task(
                str(i),
                tuple(sorted(rng.choice(ids, rng.integers(2, 5), replace=False).tolist())),
                count=int(rng.integers(1, 6)),
            )
            for i in range(count)
        ),
        ids,
    )


def mean_macs(tree: Hierarchy, tasks: TaskList, spec=SPEC) -> float:
    return float(np.average(expert_costs(spec, tree, tasks).macs, weights=tasks.counts))


@pytest.mark.parametrize("seed", range(5))
def test_the_cheapest_of_all_trees_is_found(seed):
    """Ten trees part six classes in two groups of three."""
    tasks = some_tasks(6, 12, seed)
    trees = [
        Hierarchy.from_nested([[tasks.ids[0], *pair], sorted({*tasks.ids[1:]} - {*pair})])
        for pair in combinations(tasks.ids[1:], 2)
    ]
    assert len(trees) == 10
    shape = Shape(levels=1, groups=(2,), least_leaves=(3,), most_leaves=(3,))
    found = wanted_tree(tasks, ONE_LEVEL, shape)
    cheapest = min(mean_macs(tree, tasks, ONE_LEVEL) for tree in trees)
    assert mean_macs(found, tasks, ONE_LEVEL) == pytest.approx(cheapest)
    assert found.provenance["mean_cost"] == pytest.approx(cheapest, abs=0.1)
    assert least_cost(tasks, ONE_LEVEL, shape) <= cheapest


@given(st.integers(0, 1000), st.sampled_from([1, 2, 3]))
def test_what_steps_are_said_to_change_is_what_they_change(seed, depth):
    """Classes, fine groups and coarse groups: every move and swap is made and costed again."""
    rng = np.random.default_rng(seed)
    tasks = some_tasks(12, 15, seed)
    fine = rng.permutation(np.repeat(np.arange(6), 2))
    middle = rng.permutation([0, 0, 1, 1, 2, 2])[fine]
    levels = [rng.permutation([0, 0, 1])[middle], middle, fine]
    free = [Limits(1, 12, 1, 12)] * 3
    search = Search(tasks.membership, tasks.counts, np.array([7.0, 3.0, 1.0]), free)
    before = search.cost(levels)
    block = levels[depth] if depth < 3 else np.arange(12)
    first = np.unique(block, return_index=True)[1]
    moves, swaps = search._steps(levels, depth, block, first)

    def cost_with(places: dict[int, int]) -> float:
        changed = [groups.copy() for groups in levels]
        for one, like in places.items():
            for groups, old in zip(changed[:depth], levels, strict=False):
                groups[block == one] = old[first[like]]
        return search.cost(changed)

    home = levels[depth - 1][first]
    for one in range(len(first)):
        for group in range(moves.change.shape[1]):
            like = int(np.flatnonzero(home == group)[0])
            assert before + moves.change[one, group] == cost_with({one: like})
        for other in range(len(first)):
            if home[one] != home[other]:
                assert before + swaps.change[one, other] == cost_with({one: other, other: one})


class TestIcons:
    TASKS = get_tasks("icons")
    N = len(TASKS.ids)
    SHAPE = Shape(
        groups=(12, 48),
        least_children=1,
        most_children=N,
        least_leaves=(1, 2),
        most_leaves=(largest_group(N, 12, 1.5), largest_group(N, 48, 1.5)),
    )

    @pytest.fixture(scope="class")
    @classmethod
    def found(cls):
        return wanted_tree(cls.TASKS, SPEC, cls.SHAPE, tries=1)

    @pytest.mark.parametrize("name", ["llm-rows", "wordnet", "embedding", "random"])
    def test_is_cheaper_than_the_shipped_trees_of_the_same_bounds(self, found, name):
        tree = Hierarchy.load(shipped.path(f"icons/trees/{name}.json"))
        least = least_cost(self.TASKS, SPEC, self.SHAPE)
        assert least < mean_macs(found, self.TASKS) < mean_macs(tree, self.TASKS)

    def test_keeps_the_bounds(self, found):
        for depth, (groups, most) in enumerate(
            zip((12, 48), self.SHAPE.most_leaves, strict=True), start=1
        ):
            nodes = [node for node in found.nodes if found.depth[node] == depth]
            assert len(nodes) == groups
            assert max(found.leaf_counts[nodes]) <= most
        assert min(found.leaf_counts[nodes]) >= 2

    def test_starts_from_a_tree_given(self, found):
        again = wanted_tree(self.TASKS, SPEC, self.SHAPE, tries=0, starts=[found])
        assert mean_macs(again, self.TASKS) <= mean_macs(found, self.TASKS)


def test_other_names_for_the_classes_change_nothing_else():
    tasks = some_tasks(14, 30, 3)
    other = {name: f"x{99 - int(name[1:])}" for name in tasks.ids}  # in the opposite order
    renamed = TaskList(
        (Task(t.id, tuple(sorted(other[c] for c in t.classes)), count=t.count) for t in tasks),
        other.values(),
    )
    shape = Shape(levels=1, groups=(4,), least_leaves=(2,), most_leaves=(5,))
    trees = [wanted_tree(some, ONE_LEVEL, shape, tries=3) for some in (tasks, renamed)]
    groups, as_renamed = ({frozenset(t.clade(node)) for node in t.nodes} for t in trees)
    assert {frozenset(other[c] for c in group) for group in groups} == as_renamed


def test_counts_decide():
    """Of two tasks that want the same class elsewhere, the one asked for more often gets it."""
    ids = ["a", "b", "c", "d"]
    shape = Shape(levels=1, groups=(2,), least_leaves=(2,), most_leaves=(2,))
    for often, rarely, expected in ((9, 1, ("a", "b")), (1, 9, ("a", "c"))):
        tasks = [Task("1", ("a", "b"), count=often), Task("2", ("a", "c"), count=rarely)]
        tree = wanted_tree(TaskList(tasks, ids), ONE_LEVEL, shape)
        assert expected in [tree.clade(node) for node in tree.nodes]


def test_prices_are_those_of_the_closed_form():
    """MACs of 3x3 convolutions: 32 to 48 channels, two of 48 to 48, on 8 x 8; then on 4 x 4."""
    coarse = (9 * 32 * 48 + 2 * 9 * 48 * 48) * 8 * 8
    fine = (9 * 48 * 32 + 2 * 9 * 32 * 32) * 4 * 4
    assert level_prices(SPEC, 2).tolist() == [coarse, fine]


def test_cooccurrence_of_nobodys_class_is_0():
    values = cooccurrence(TaskList([Task("1", ("a", "b"))], ["a", "b", "c", "d"])).values
    assert values[0].tolist() == [1, 1, 0, 0]
    assert values[2].tolist() == [0, 0, 1, 0]


class TestRefusals:
    TASKS = some_tasks(12, 9, 0)
    SHAPE = Shape(levels=1, groups=(3,), least_leaves=(2,), most_leaves=(6,))

    def test_several_widths_a_level(self):
        tree = Hierarchy.from_nested([["a", "b", "c"], ["d"]])
        wide = ONE_LEVEL.proportional(tree, power=1, buckets=2)
        with pytest.raises(SpecError, match=r"Level 1 has several widths.*NetSpec.proportional"):
            wanted_tree(self.TASKS, wide, self.SHAPE)

    def test_too_few_levels(self):
        with pytest.raises(SpecError, match="3 depths below the root"):
            wanted_tree(self.TASKS, SPEC, Shape(levels=3, least_leaves=(1,)))

    def test_an_unknown_quantity(self):
        with pytest.raises(ClusteringError, match="'flops'; choose from: params, macs"):
            wanted_tree(self.TASKS, ONE_LEVEL, self.SHAPE, quantity="flops")

    def test_starts_that_are_no_start(self):
        others = Hierarchy.from_nested([["a", "b"], ["c", "d"]])
        star = Hierarchy.star(self.TASKS.ids)
        uneven = Hierarchy.from_nested([list(self.TASKS.ids[:10]), list(self.TASKS.ids[10:])])
        for start, message in ((others, "different labels"), (star, "below 1"), (uneven, "bounds")):
            with pytest.raises(ClusteringError, match=message):
                wanted_tree(self.TASKS, ONE_LEVEL, self.SHAPE, starts=[start])
