"""Cost: products that can be multiplied by hand, and sums that agree with them."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import taxonomy as tx
from taxonomy._core import shipped
from taxonomy._core.errors import FileFormatError, LabelError, SpecError
from taxonomy.design import Block, Bucket, Level, NetSpec, Stage, cost, expert_costs
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy

# 8x8 RGB -> trunk of 4 at 8x8 -> nodes of 5 at 4x4 (3 for those of fewer than 3 classes)
SPEC = NetSpec(
    trunk=(Stage(4, depth=0),),
    levels=(Level((Bucket(3), Bucket(5, least=3)), depth=0, stride=2),),
    resolution=8,
)
TREE = Hierarchy.from_nested([["a", "b"], ["c", "d", "e"], "f"])

# 3x3 weights, then scale and shift of the normalisation
TRUNK = 9 * 3 * 4 + 2 * 4
PAIR = 9 * 4 * 3 + 2 * 3
TRIPLE = 9 * 4 * 5 + 2 * 5
# a head is one weight a channel of its parent, and a bias
HEADS = 2 * (3 + 1) + 3 * (5 + 1) + (4 + 1)


class TestFrontDoor:
    """The line of the README: a tree network on paper, and what two of its classes cost."""

    def test_the_cost_of_an_expert_is_one_line(self):
        tree = tx.Hierarchy.from_nested([[["cat", "dog"], ["cow", "pig"]], [["bus"], ["car"]]])
        spec = tx.NetSpec.tree(levels=((48, 1), (32, 1)))
        assert tx.cost(spec, tree, ["cat", "dog"]) == cost(spec, tree.restrict(["cat", "dog"]))
        assert tx.cost(spec, tree).macs > tx.cost(spec, tree, ["cat", "dog"]).macs

    def test_it_prints_on_a_few_lines_with_units(self):
        lines = str(cost(SPEC, TREE)).splitlines()
        assert len(lines) == 4
        assert f"{4 * cost(SPEC, TREE).params:,} bytes" in lines[2]
        assert cost(SPEC, TREE).weight_bytes == 4 * cost(SPEC, TREE).params


class TestByHand:
    def test_parameters(self):
        assert cost(SPEC, TREE).params == TRUNK + PAIR + TRIPLE + HEADS

    def test_macs(self):
        trunk, pair, triple = 9 * 3 * 4 * 8**2, 9 * 4 * 3 * 4**2, 9 * 4 * 5 * 4**2
        heads = 2 * 3 + 3 * 5 + 4
        assert cost(SPEC, TREE).macs == trunk + pair + triple + heads

    def test_an_expert_pays_for_its_paths(self):
        """Two of the triple: the node keeps its width of 5."""
        assert cost(SPEC, TREE, ["c", "e"]).params == TRUNK + TRIPLE + 2 * (5 + 1)
        assert cost(SPEC, TREE, ["f"]).params == TRUNK + (4 + 1)

    def test_a_residual_block_is_two_convolutions(self):
        star = Hierarchy.star("abc")
        plain, deep = (cost(NetSpec.flat((6,), d, resolution=8), star) for d in (0, 2))
        assert deep.params - plain.params == 2 * 2 * (9 * 6 * 6 + 2 * 6)
        assert deep.macs - plain.macs == 2 * 2 * 9 * 6 * 6 * 8**2

    def test_activations_at_their_peak(self):
        """One map read and one made: 3 and 4 channels at 8x8, or 4 at 8x8 and 3 + 5 at 4x4."""
        trunk, level = (3 + 4) * 8**2, 4 * 8**2 + (3 + 5) * 4**2
        assert cost(SPEC, TREE).peak_activation_bytes == 4 * max(trunk, level)

    def test_a_level_of_several_parents_copies_their_maps(self):
        """Two nodes of 8 at 4x4, once copied into order, and four children of 4 at 2x2."""
        spec = NetSpec.tree(trunk=((4, 0),), levels=((8, 0), (4, 0)), resolution=8)
        tree = Hierarchy.from_nested([[["a", "b"], ["c", "d"]], [["e", "f"], ["g", "h"]]])
        level = 2 * 8 * 4**2 + 2 * 8 * 4**2 + 4 * 4 * 2**2
        assert cost(spec, tree).peak_activation_bytes == 4 * level


class TestOnward:
    """Two nodes that share an opening convolution of the trunk's and add a block of their own."""

    SPEC = NetSpec(
        (Stage(4, 0), Stage(6, 0, 2)),
        (Level.onward(6, Block("adapter", bottleneck=5)),),
        resolution=8,
    )
    # a depthwise 3x3, a 1x1 to the middle with its bias, one back, and two normalisations
    WEIGHTS = 9 * 6 + 2 * 6 * 5
    BLOCK = WEIGHTS + 5 + 2 * 2 * 6
    TRUNK = 9 * 3 * 4 + 2 * 4 + 9 * 4 * 6 + 2 * 6

    def test_what_is_shared_is_paid_once(self):
        assert cost(self.SPEC, TREE, ["a"]).params == self.TRUNK + self.BLOCK + 7
        assert cost(self.SPEC, TREE, ["a", "b"]).params == self.TRUNK + self.BLOCK + 14
        assert cost(self.SPEC, TREE).params == self.TRUNK + 2 * self.BLOCK + 6 * 7

    def test_macs(self):
        trunk = 9 * 3 * 4 * 8**2 + 9 * 4 * 6 * 4**2
        assert cost(self.SPEC, TREE).macs == trunk + 2 * self.WEIGHTS * 4**2 + 6 * 6

    def test_nothing_is_copied_into_order_and_the_block_holds_its_middle(self):
        """The shared map, and each node's map twice beside its middle of 5."""
        shared, nodes = 6 * 4**2, 2 * (6 + 5 + 6) * 4**2
        assert cost(self.SPEC, TREE).peak_activation_bytes == 4 * (shared + nodes)


class TestProportional:
    TREE = Hierarchy.from_nested([list("ab"), list("cdef"), list("ghijkl")])
    SPEC = NetSpec((Stage(4),), (Level((Bucket(32),)),))

    def test_widths_follow_the_classes(self):
        """Nodes of 2, 4 and 6 classes, 4 on average: half, all and one and a half of the width."""
        spec = self.SPEC.proportional(self.TREE, power=1)
        assert spec.levels[0].buckets == (Bucket(16, 1), Bucket(32, 4), Bucket(48, 6))
        assert sorted(spec.widths(self.TREE)[self.TREE.nodes[1:]]) == [16, 32, 48]

    def test_a_power_of_none_leaves_all_alike(self):
        spec = self.SPEC.proportional(self.TREE, power=0)
        assert {bucket.width for bucket in spec.levels[0].buckets} == {32}
        assert cost(spec, self.TREE) == cost(self.SPEC, self.TREE)

    def test_equal_nodes_share_one_bucket(self):
        even = Hierarchy.from_nested([list("ab"), list("cd"), list("ef")])
        assert self.SPEC.proportional(even, power=1).levels[0].buckets == (Bucket(32, 1),)

    def test_an_expert_keeps_the_widths_of_the_full_tree(self):
        spec = self.SPEC.proportional(self.TREE, power=1)
        part = self.TREE.restrict(["g", "h"])
        assert spec.widths(part)[1] == 48

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"power": -1}, "`power` is -1"),
            ({"power": float("nan")}, "`power` is nan"),
            ({"power": 1e308}, "`power` is"),
            ({"power": 10, "buckets": 6}, "width is"),
            ({"buckets": 0}, "`buckets` is 0"),
            ({"multiple": 10**30}, "`multiple` is"),
        ],
    )
    def test_impossible_wishes_are_refused(self, options, message):
        pairs = [[f"{i}x", f"{i}y"] for i in range(5)]
        uneven = Hierarchy.from_nested([[f"a{i}" for i in range(200)], *pairs])
        with pytest.raises(SpecError, match=message):
            self.SPEC.proportional(uneven, **options)

    def test_several_widths_are_refused(self):
        with pytest.raises(SpecError, match="several widths"):
            self.SPEC.proportional(self.TREE, 1).proportional(self.TREE)


class TestExperts:
    TREE = Hierarchy.load(shipped.path("icons/trees/wordnet.json"))
    SPEC = NetSpec(
        trunk=(Stage(6, 0), Stage(8, 1, 2)),
        levels=(Level((Bucket(6), Bucket(10, least=16))), Level((Bucket(4), Bucket(6, least=5)))),
    )

    def test_all_at_once_equal_one_by_one(self):
        rng = np.random.default_rng(0)
        ids = np.array(self.TREE.leaves)
        tasks = TaskList(
            (
                Task(f"t{i}", tuple(sorted(map(str, rng.choice(ids, size, replace=False)))))
                for i, size in enumerate([*rng.integers(1, 40, 150), 1, len(ids)])
            ),
            self.TREE.leaves,
        )
        costs = expert_costs(self.SPEC, self.TREE, tasks)
        one_by_one = [cost(self.SPEC, self.TREE, task.classes) for task in tasks]
        assert costs.params.tolist() == [one.params for one in one_by_one]
        assert costs.macs.tolist() == [one.macs for one in one_by_one]

    def test_tasks_over_some_of_the_classes(self):
        tasks = TaskList([Task("pets", ("cat", "dog"))], ["car", "cat", "dog"])
        whole = cost(self.SPEC, self.TREE, ["cat", "dog"])
        assert expert_costs(self.SPEC, self.TREE, tasks).macs.tolist() == [whole.macs]
        with pytest.raises(LabelError, match="'griffin'"):
            expert_costs(self.SPEC, self.TREE, TaskList([], ["griffin"]))

    @given(st.sets(st.sampled_from("abcdef"), min_size=1), st.data())
    def test_an_expert_of_an_expert_costs_the_same(self, classes, data):
        fewer = data.draw(st.sets(st.sampled_from(sorted(classes)), min_size=1))
        assert cost(SPEC, TREE.restrict(classes), fewer) == cost(SPEC, TREE, fewer)
        assert cost(SPEC, TREE, fewer).params <= cost(SPEC, TREE, classes).params


class TestSpec:
    def test_widths_follow_the_classes_of_the_full_tree(self):
        # preorder: root, (a b), a, b, (c d e), c, d, e, f
        assert SPEC.widths(TREE).tolist() == [4, 3, 1, 1, 5, 1, 1, 1, 1]
        assert SPEC.widths(TREE.restrict(["a", "c"])).tolist() == [4, 3, 1, 5, 1]

    def test_sides_are_halved_upwards(self):
        spec = NetSpec.tree(trunk=((4, 0), (4, 0)), levels=((4, 0), (4, 0)), resolution=33)
        assert [spec.side(depth) for depth in (0, 1, 2)] == [17, 9, 5]

    def test_scaled(self):
        half = SPEC.scaled(0.5)
        assert half.trunk[0].width == 2
        assert [b.width for b in half.levels[0].buckets] == [2, 2]  # 1.5 and 2.5 round to even
        assert SPEC.scaled(0.01).trunk[0].width == 1
        assert SPEC.scaled(1) == SPEC
        for factor in (0, -1, 1e9, float("nan"), float("inf")):
            told = f"width factor is {factor}; give a positive number up to 1,000"
            with pytest.raises(SpecError, match=re.escape(told)):
                SPEC.scaled(factor)

    def test_round_trip(self, tmp_path):
        SPEC.save(tmp_path / "spec.json")
        assert NetSpec.load(tmp_path / "spec.json") == SPEC
        assert NetSpec.load(tmp_path / "spec.json").digest == SPEC.digest
        assert SPEC.scaled(0.5).digest != SPEC.digest

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda c: c.update(trunk=[]), "at least one trunk stage"),
            (lambda c: c.pop("trunk"), "trunk"),
            (lambda c: c.update(depth=3), "depth"),
            (
                lambda c: c["trunk"][0].update(width=0),
                r"trunk\[0\]: width is 0; give a",
            ),
            (
                lambda c: c["trunk"][0].update(width=2.5),
                r"trunk\[0\].width: expected an integer, found 2.5",
            ),
            (
                lambda c: c["trunk"][0].update(width="4"),
                r"trunk\[0\].width: expected an integer, found '4'",
            ),
            (
                lambda c: c["trunk"][0].update(widht=4),
                r"trunk\[0\]: unknown field 'widht'. Did you mean 'width'",
            ),
            (lambda c: c["trunk"][0].update(depth=-1), r"trunk\[0\]: depth is -1; .* from 0"),
            (lambda c: c["levels"][0].update(stride=0), r"levels\[0\]: stride is 0; .* from 1"),
            (lambda c: c["levels"][0].update(buckets=[]), "'least' 1"),
            (lambda c: c["levels"][0]["buckets"].pop(0), "'least' 1"),
            (
                lambda c: c["trunk"][0]["block"].update(family="vit"),
                r"trunk\[0\].block: `family` is 'vit'",
            ),
            (lambda c: c["trunk"][0]["block"].update(kernel=5), "'resnet' has no such option"),
            (lambda c: c.update(resolution=None), "resolution: expected an integer, found None"),
            (lambda c: c.update(head="cosin"), "Did you mean 'cosine'"),
        ],
    )
    def test_errors_name_the_file(self, tmp_path, change, message):
        content = SPEC.to_dict()
        change(content)
        (tmp_path / "spec.json").write_text(json.dumps(content))
        with pytest.raises(SpecError, match=rf"spec\.json: .*{message}"):
            NetSpec.load(tmp_path / "spec.json")

    def test_no_json(self, tmp_path):
        (tmp_path / "spec.json").write_text("{")
        with pytest.raises(FileFormatError, match=r"spec\.json"):
            NetSpec.load(tmp_path / "spec.json")
        (tmp_path / "spec.json").write_text("[]")
        with pytest.raises(SpecError, match=r"spec\.json: expected an object"):
            NetSpec.load(tmp_path / "spec.json")

    def test_a_tree_that_is_too_deep_is_refused_with_advice(self):
        deep = Hierarchy.from_nested([[["a", "b"], "c"], "d"])
        with pytest.raises(SpecError, match=r"2 depths .* 1 level; bring the tree"):
            cost(SPEC, deep)
