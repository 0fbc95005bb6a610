"""Design search: every figure is the closed form's, and what is proposed fits and is best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from taxonomy._core import shipped
from taxonomy._core.errors import LabelError, SpecError
from taxonomy.design import DesignConfig, NetSpec, cost, design_search, expert_costs
from taxonomy.design.search import describe, number_of_designs
from taxonomy.tasks import Task, TaskList, get_tasks
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.trees import caterpillar

TREE = Hierarchy.load(shipped.path("icons/trees/wordnet.json"))
RAGGED = Hierarchy.from_nested([[["a", "b"], ["c"], "d"], [["e", "f", "g"]], ["h", "i"], "j"])
TASKS = get_tasks("icons").select(kind="coherent", size=5)
SMALL = DesignConfig(
    macs=10**9,
    stages=(1, 2),
    trunk_widths=(8, 16),
    trunk_depths=(0, 1),
    widths=(8, 24),
    depths=(0, 2),
    best=10**6,
)


@pytest.mark.parametrize("families", [("resnet", "convnext"), ("convnext", "resnet")])
@pytest.mark.parametrize(
    ("tree", "tasks"),
    [
        (TREE, TASKS),
        (RAGGED, TaskList([Task("x", ("a", "g")), Task("y", ("c", "h", "j"))], RAGGED.leaves)),
    ],
)
def test_every_figure_is_the_closed_forms(tree, tasks, families):
    config = replace(SMALL, trunk_family=families[0], branch_family=families[1])
    found = design_search(tree, tasks, config)
    levels = int(tree.depth[tree.nodes].max())
    assert len(found.specs) == found.searched == found.fitting == number_of_designs(config, levels)
    for place in np.random.default_rng(0).choice(found.searched, 20, replace=False):
        spec, row = found.specs[place], found.table.iloc[place]
        whole, experts = cost(spec, tree), expert_costs(spec, tree, tasks)
        assert (row["macs"], row["params"]) == (whole.macs, whole.params)
        assert row["expert_macs"] == pytest.approx(experts.macs.mean())
        assert row["expert_params"] == pytest.approx(experts.params.mean())


def test_a_path_is_what_one_class_computes():
    """Without heads, the MACs of an expert of one class, averaged over the classes."""
    single = TaskList([Task(leaf, (leaf,)) for leaf in RAGGED.leaves], RAGGED.leaves)
    found = design_search(RAGGED, single, SMALL)
    heads = [
        np.mean([spec.widths(RAGGED)[RAGGED.ancestors(leaf)[0]] for leaf in RAGGED.leaves])
        for spec in found.specs[:5]
    ]
    paths = found.table["expert_macs"].to_numpy()[:5] - heads
    assert found.table["path_macs"].to_numpy()[:5] == pytest.approx(paths)


def test_what_is_proposed_fits_and_nothing_that_fits_is_better():
    bounds = {"macs": 20_000_000, "expert_macs": 6_000_000, "expert_params": 60_000}
    everything = design_search(TREE, TASKS, SMALL).table
    found = design_search(TREE, TASKS, replace(SMALL, **bounds, best=3))
    assert all((found.table[name] <= bound).all() for name, bound in bounds.items())
    fits = np.all([everything[name] <= bound for name, bound in bounds.items()], axis=0)
    assert found.fitting == fits.sum()
    assert found.table["score"].tolist() == everything["score"][fits].nlargest(3).tolist()


def test_a_trunk_never_narrows_and_small_maps_are_not_halved():
    for spec in design_search(TREE, TASKS, SMALL).specs:
        widths = [stage.width for stage in spec.trunk]
        assert widths == sorted(widths)
        assert spec.side(len(spec.levels)) >= 4
    deep = design_search(TREE, TASKS, replace(SMALL, resolution=8)).specs[0]
    assert deep.side(len(deep.levels)) == 4


def test_impossible_wishes_say_what_is_nearest():
    with pytest.raises(SpecError, match=r"cheapest expert has \d"):
        design_search(TREE, TASKS, replace(SMALL, expert_macs=1))
    with pytest.raises(SpecError, match="no groups"):
        design_search(Hierarchy.star(TREE.leaves), TASKS, SMALL)
    with pytest.raises(LabelError, match="airplane"):
        design_search(RAGGED, TASKS, SMALL)
    deep = caterpillar([f"c{i}" for i in range(3000)])
    with pytest.raises(SpecError, match="more designs than the 10,000,000"):
        design_search(deep, TaskList([Task("x", ("c0",))], ["c0"]), SMALL)
    with pytest.raises(SpecError, match="`trunk_family` is 'vit'"):
        DesignConfig(trunk_family="vit")


def test_a_design_in_words():
    assert describe(NetSpec.flat((8, 16), depth=2)) == "8x2 16x2"
    assert describe(design_search(TREE, TASKS, SMALL).specs[0]).count("|") == 2


def test_aligned_widths_are_searched_once():
    """Trunks of 8, 12 and 16 become one of 16; a level of 24 becomes 32, as 25 and 40 do."""
    config = replace(SMALL, trunk_widths=(8, 12, 16), widths=(16, 24, 25, 40), align=16, best=1000)
    assert config.aligned(config.trunk_widths) == [16]
    assert config.aligned(config.widths) == [16, 32]
    found = design_search(TREE, TASKS, config)
    widths = {part.width for spec in found.specs for part in spec.trunk}
    levels = [level for spec in found.specs for level in spec.levels]
    widths |= {bucket.width for level in levels for bucket in level.buckets}
    assert widths == {16, 32}
    with pytest.raises(SpecError, match="`align` is 0"):
        replace(SMALL, align=0)
