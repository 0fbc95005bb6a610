"""Costs node by node: they add up to the expert's, and changes are what costs differ by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from taxonomy._core.errors import LabelError
from taxonomy.design import Level, NetSpec, cost, explain_cost
from taxonomy.design.blocks import Bucket
from taxonomy.formats import get_tree
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested(
    [
        {"name": "animals", "children": [{"name": "pets", "leaves": ["cat", "dog"]}, "fox"]},
        {"name": "cars", "leaves": ["bus", "car"]},
    ]
)
SPEC = NetSpec.tree(levels=((8, 1), (4, 0)))


class TestParts:
    def test_by_hand(self):
        found = explain_cost(SPEC, TREE, ["cat", "dog"])
        assert [part.name for part in found.parts] == ["trunk", "animals", "pets"]
        assert [part.depth for part in found.parts] == [0, 1, 2]
        assert [(part.classes, part.of) for part in found.parts] == [
            (("cat", "dog"), 5),
            (("cat", "dog"), 3),
            (("cat", "dog"), 2),
        ]
        # Two heads of four weights and a bias on the pets' node.
        one = explain_cost(SPEC, TREE, ["cat"])
        assert found.parts[2].params - one.parts[2].params == 5
        assert found.parts[2].macs - one.parts[2].macs == 4

    @pytest.mark.parametrize("nesting", ["parent", "ancestors", "gate"])
    @pytest.mark.parametrize("seed", range(5))
    def test_they_add_up_to_the_experts_cost(self, seed, nesting):
        tree = get_tree("icons/llm-rows-24")
        wide = (Bucket(8), Bucket(16, least=12))
        spec = replace(NetSpec.tree(), levels=(Level(wide), Level((Bucket(4),))), nesting=nesting)
        rng = np.random.default_rng(seed)
        chosen = rng.choice(tree.leaves, rng.integers(1, 40), replace=False).tolist()
        found, whole = explain_cost(spec, tree, chosen), cost(spec, tree, chosen)
        assert (found.params, found.macs) == (whole.params, whole.macs)
        for change in (*found.joining[::40], *found.leaving[::5]):
            other = set(chosen) ^ {change.name}
            moved = cost(spec, tree, other)
            sign = 1 if len(other) > len(chosen) else -1
            assert moved.params - whole.params == sign * change.params
            assert moved.macs - whole.macs == sign * change.macs


class TestChanges:
    def test_a_class_beside_a_kept_one_joins_for_its_output(self):
        found = explain_cost(SPEC, TREE, ["cat", "bus"])
        joining = {change.name: change for change in found.joining}
        assert {name for name, change in joining.items() if not change.node} == {
            "dog",
            "car",
            "fox",
        }
        assert joining["dog"].params == 5
        assert joining["fox"].params == 9
        assert [change.node for change in found.leaving] == ["animals", "cars"]

    def test_the_words(self):
        found = explain_cost(SPEC, TREE, ["cat", "bus"])
        text = found.suggestions()
        assert "  dog: 20 bytes" in text
        share = found.leaving[0].params / found.params
        assert f"  cat: without it {found.leaving[0].params:,} parameters ({share:.0%})" in text
        assert found.suggestions(most=1).count("  and ") == 2
        assert "  and 2 more" in found.suggestions(most=1)
        alone = explain_cost(SPEC, TREE, TREE.leaves)
        assert alone.joining == ()
        assert alone.suggestions().count("none") == 2

    def test_a_single_class_cannot_leave(self):
        assert explain_cost(SPEC, TREE, ["cat"]).leaving == ()

    def test_what_joins_far_away_is_named(self):
        found = explain_cost(SPEC, TREE, ["bus", "car"])
        assert {change.node for change in found.joining} == {"animals"}
        assert "none; the cheapest is fox" in found.suggestions()


def test_unknown_classes():
    with pytest.raises(LabelError, match="cot"):
        explain_cost(SPEC, TREE, ["cot"])
