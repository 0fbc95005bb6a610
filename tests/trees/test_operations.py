"""Operations agree with plain set arithmetic, and undo each other where they should."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from taxonomy._core.errors import HierarchyError, LabelError
from taxonomy.clustering.levels import dendrogram
from taxonomy.trees.checks import check
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import (
    collapse_to_depth,
    drop_heights,
    graft,
    prune,
    reroot,
    shuffle_leaves,
    subtree,
    to_levels,
)
from taxonomy.trees.raw_tree import RawTree
from tests.support.strategies import IDS, clades_of, leaves_of, nested_trees, similarities

PETS = [["cat", "dog"], ["bus", ["car", "taxi"]]]


NAMED = {
    "name": "things",
    "children": [
        {"name": "pets", "leaves": ["cat", "dog"]},
        {"name": "road", "children": ["bus", {"name": "cars", "leaves": ["car", "taxi"]}]},
    ],
}


def clades(tree: Hierarchy) -> set[frozenset[str]]:
    return {frozenset(tree.clade(node)) for node in tree.nodes}


def node_of(tree: Hierarchy, *classes: str) -> int:
    """Return the lowest node that holds exactly these classes."""
    return max(node for node in tree.nodes if set(tree.clade(node)) == set(classes))


@st.composite
def trees_with_a_node(draw):
    tree = Hierarchy.from_nested(draw(nested_trees()))
    return tree, draw(st.sampled_from(tree.nodes.tolist()))


@st.composite
def two_trees(draw):
    """Draw two trees that share no label, and a node of the first."""
    tree, node = draw(trees_with_a_node())
    other = Hierarchy.from_nested(draw(nested_trees(most=6)))
    raw = RawTree(other.parent.tolist(), [x and f"other {x}" for x in other.leaf])
    return tree, node, Hierarchy.from_raw(raw)


class TestPrune:
    @given(nested_trees(), st.data(), st.sampled_from(["keep", "collapse"]))
    def test_is_restriction_to_the_rest(self, nested, data, unary):
        tree = Hierarchy.from_nested(nested)
        most = len(tree.leaves) - 1
        gone = data.draw(st.sets(st.sampled_from(tree.leaves), min_size=1, max_size=most))
        rest = set(tree.leaves) - gone
        assert prune(tree, gone, unary) == tree.restrict(rest, unary)
        left = {clade - gone for clade in clades_of(nested)} - {frozenset()}
        assert clades(prune(tree, gone)) == left

    def test_refusals(self):
        tree = Hierarchy.from_nested(PETS)
        with pytest.raises(HierarchyError, match="keep at least one"):
            prune(tree, tree.leaves)
        with pytest.raises(LabelError, match="Did you mean 'cat'"):
            prune(tree, ["kat"])
        with pytest.raises(LabelError, match="No classes"):
            prune(tree, [])


class TestSubtree:
    @given(trees_with_a_node())
    def test_holds_the_nodes_clades(self, drawn):
        tree, node = drawn
        branch = subtree(tree, node)
        assert branch.leaves == tree.clade(node)
        below = range(node, node + len(branch))
        assert [branch.clade(i) for i in range(len(branch))] == [tree.clade(i) for i in below]

    @given(similarities(), st.data())
    def test_keeps_heights_and_spans(self, similarity, data):
        whole = dendrogram(similarity)
        tree = whole.restrict(data.draw(st.sets(st.sampled_from(whole.leaves), min_size=1)))
        node = data.draw(st.sampled_from(tree.nodes.tolist()))
        branch = subtree(tree, node)
        rows = slice(node, node + len(branch))
        assert branch.height.tolist() == tree.height[rows].tolist()
        assert branch.span.tolist() == tree.span[rows].tolist()

    @pytest.mark.parametrize("entry", [2, 9, -1])
    def test_refuses_what_is_no_node(self, entry):
        tree = Hierarchy.from_nested(PETS)  # entry 2 is the leaf 'bus'
        for cut in (lambda: subtree(tree, entry), lambda: reroot(tree, entry)):
            with pytest.raises(HierarchyError, match=f"Entry {entry} is not an inner node"):
                cut()


class TestGraft:
    @given(two_trees())
    def test_adds_the_other_trees_clades(self, drawn):
        tree, node, other = drawn
        new = frozenset(other.leaves)
        path = {node, *(i for i in tree.nodes if set(tree.clade(node)) < set(tree.clade(i)))}
        path |= {i for i in tree.nodes if i < node and tree.clade(i) == tree.clade(node)}
        grown = {frozenset(tree.clade(i)) | (new if i in path else set()) for i in tree.nodes}
        assert clades(graft(tree, node, other)) == grown | clades(other)
        assert len(graft(tree, node, other)) == len(tree) + len(other)

    @given(two_trees())
    def test_none_joins_at_a_new_root(self, drawn):
        tree, _, other = drawn
        both = graft(tree, None, other)
        assert both == graft(other, None, tree)
        assert clades(both) == clades(tree) | clades(other) | {frozenset(both.leaves)}
        parts = [subtree(both, child) for child in both.children(0)]
        assert sorted(part.digest for part in parts) == sorted([tree.digest, other.digest])

    @given(two_trees())
    def test_pruning_undoes_it(self, drawn):
        tree, node, other = drawn
        again = prune(graft(tree, node, other), other.leaves)
        assert again.parent.tolist() == tree.parent.tolist()
        assert again.leaf == tree.leaf

    @given(two_trees(), st.data())
    def test_parts_graft_as_wholes_do(self, drawn, data):
        """Restricting before grafting is grafting before restricting, spans too."""
        tree, node, other = drawn
        inside = data.draw(st.sampled_from(tree.clade(node)))
        kept = data.draw(st.sets(st.sampled_from(tree.leaves))) | {inside}
        new = data.draw(st.sets(st.sampled_from(other.leaves), min_size=1))
        part, origin = tree.restrict_with_origin(kept)
        grafted = graft(part, origin.tolist().index(node), other.restrict(new))
        assert grafted == graft(tree, node, other).restrict(kept | new)

    def test_by_hand(self):
        tree, new = Hierarchy.from_nested(NAMED), Hierarchy.from_nested({"leaves": ["van", "suv"]})
        grown = graft(tree, node_of(tree, "car", "taxi"), new)
        assert grown.name == ("things", "road", "", "cars", "", *[""] * 4, "pets", "", "")
        assert grown.to_text().splitlines()[:8] == [
            "things (7)",
            "├── road (5)",
            "│   ├── bus",
            "│   └── cars (4)",
            "│       ├── car",
            "│       ├── (2)",
            "│       │   ├── suv",
            "│       │   └── van",
        ]
        assert grown.provenance["of"] == tree.digest
        assert grown.provenance["other"] == new.digest

    def test_heights(self):
        low = Hierarchy.from_raw(RawTree([-1, 0, 0], [None, "a", "b"], height=[0.2, 0, 0]))
        high = Hierarchy.from_raw(RawTree([-1, 0, 0], [None, "c", "d"], height=[0.5, 0, 0]))
        assert graft(high, 0, low).height.tolist() == [0.5, 0.2, 0, 0, 0, 0]
        assert graft(high, None, low).height.tolist() == [0.5, 0.2, 0, 0, 0.5, 0, 0]
        with pytest.raises(HierarchyError, match=r"0\.5 is above that of node 0, 0\.2"):
            graft(low, 0, high)
        with pytest.raises(HierarchyError, match="Only one tree has merge heights"):
            graft(low, None, drop_heights(high))

    def test_shared_labels_are_named(self):
        tree = Hierarchy.from_nested(PETS)
        with pytest.raises(HierarchyError, match=r"the label 'bus' \(2 shared\)"):
            graft(tree, 0, Hierarchy.star(["cat", "bus", "cow"]))
        with pytest.raises(HierarchyError, match="Entry 2 is not an inner node"):
            graft(tree, 2, Hierarchy.star(["cow"]))


class TestReroot:
    @given(trees_with_a_node())
    def test_turns_the_clades_on_the_path(self, drawn):
        tree, node = drawn
        everything, inside = frozenset(tree.leaves), set(tree.clade(node))
        path = {i for i in tree.nodes if i <= node and inside <= set(tree.clade(i))} - {0}
        turned = {everything - frozenset(tree.clade(i)) for i in path} - {frozenset()}
        rest = {frozenset(tree.clade(i)) for i in tree.nodes if i and i not in path}
        assert clades(reroot(tree, node)) == turned | rest | {everything}

    @given(trees_with_a_node())
    def test_back_and_forth(self, drawn):
        tree, node = drawn
        assume(len(tree.children(0)) > 1)
        there = reroot(tree, node)
        back = {reroot(there, old) for old in there.nodes.tolist()}
        assert tree in back
        assert len(there) == len(tree)

    @given(trees_with_a_node())
    def test_spans_are_leaf_counts_in_a_whole_tree(self, drawn):
        turned = reroot(*drawn)
        assert turned.span.tolist() == turned.leaf_counts.tolist()
        assert turned.leaves == drawn[0].leaves

    def test_the_root_stays_the_root(self):
        tree = Hierarchy.from_nested(NAMED)
        assert reroot(tree, 0) == tree
        assert reroot(tree, 0).name[0] == "things"

    def test_by_hand(self):
        tree = Hierarchy.from_nested(NAMED)
        turned = reroot(tree, node_of(tree, "car", "taxi"))
        # the node: car, taxi, and its parent: bus, and the old root: pets
        assert turned == Hierarchy.from_nested(
            ["car", "taxi", ["bus", [{"name": "pets", "leaves": ["cat", "dog"]}]]]
        )

    def test_a_chain_at_the_top_goes(self):
        tree = Hierarchy.from_nested([[[["cat", "dog"], "bus"]]])
        assert reroot(tree, 4) == Hierarchy.from_nested([["bus"], "cat", "dog"])

    def test_refuses_heights(self):
        tree = Hierarchy.from_raw(RawTree([-1, 0, 0], [None, "a", "b"], height=[0.2, 0, 0]))
        with pytest.raises(HierarchyError, match="drop_heights"):
            reroot(tree, 0)


class TestLevels:
    @given(nested_trees(), st.integers(0, 10))
    def test_every_leaf_lies_below_so_many_levels(self, nested, levels):
        tree = Hierarchy.from_nested(nested)
        even = to_levels(tree, levels)
        assert set(even.depth[even.leaf_entries].tolist()) == {levels + 1}
        assert even.collapse_unary() == collapse_to_depth(tree, levels).collapse_unary()
        codes = {finding.code for finding in check(RawTree(even.parent.tolist(), [*even.leaf]))}
        assert "H303" not in codes

    @given(nested_trees())
    def test_there_and_back(self, nested):
        tree = Hierarchy.from_nested(nested)
        even = to_levels(tree, int(tree.depth.max()) - 1)
        assert even.collapse_unary() == tree.collapse_unary()
        assert to_levels(even, int(even.depth.max()) - 1) == even

    @given(similarities(), st.data())
    def test_heights_names_and_spans_come_back(self, similarity, data):
        whole = dendrogram(similarity)
        tree = whole.restrict(data.draw(st.sets(st.sampled_from(whole.leaves), min_size=1)))
        names = ["" if leaf else f"n{i}" for i, leaf in enumerate(tree.leaf)]
        columns = (tree.height.tolist(), tree.span.tolist())
        tree = Hierarchy.from_raw(RawTree(tree.parent.tolist(), [*tree.leaf], names, *columns))
        even = to_levels(tree, tree.depth.max())
        assert even.collapse_unary() == tree.collapse_unary()

    @given(nested_trees(), st.sets(st.integers(1, 9)))
    def test_chosen_depths_become_the_levels(self, nested, depths):
        tree = Hierarchy.from_nested(nested)
        even = to_levels(tree, sorted(depths))
        for leaf in tree.leaves:
            old, new = tree.ancestors(leaf)[::-1], even.ancestors(leaf)[::-1]
            assert len(new) == len(depths) + 1
            for level, depth in enumerate(sorted(depths), start=1):
                if depth < len(old):
                    assert even.clade(new[level]) == tree.clade(old[depth])
                else:
                    assert set(even.clade(new[level])) <= set(tree.clade(old[-1]))

    def test_by_hand(self):
        """The lowest nodes keep their leaves together; a leaf beside nodes stands alone."""
        even = to_levels(Hierarchy.from_nested(NAMED), 2)
        assert even.to_text().splitlines() == [
            "things (5)",
            "├── road (3)",
            "│   ├── (1)",
            "│   │   └── bus",
            "│   └── cars (2)",
            "│       ├── car",
            "│       └── taxi",
            "└── pets (2)",
            "    └── pets (2)",
            "        ├── cat",
            "        └── dog",
        ]
        assert to_levels(Hierarchy.star("ab"), 1) == Hierarchy.from_nested([["a", "b"]])
        deep = Hierarchy.from_nested([[["a", "b"], ["c", ["d", "e"]]], ["f", "g"]])
        # at depth 2 lie (a, b) and (c, (d, e)); (f, g) ends above and stands in for itself
        assert to_levels(deep, [2]) == Hierarchy.from_nested(
            [["a", "b"], ["c", "d", "e"], ["f", "g"]]
        )
        # at depth 3 lies (d, e); c hangs beside it
        by_three = [["a", "b"], ["c"], ["d", "e"], ["f", "g"]]
        assert to_levels(deep, [3]) == Hierarchy.from_nested(by_three)
        assert to_levels(even, 0) == to_levels(even, []) == collapse_to_depth(even, 0)

    @pytest.mark.parametrize("levels", [-1, [0, 1], [2, 1], [1, 1]])
    def test_refusals(self, levels):
        with pytest.raises(HierarchyError, match="depths that increase from 1"):
            to_levels(Hierarchy.from_nested(PETS), levels)

    @given(nested_trees(), st.integers(0, 9))
    def test_collapse_to_depth(self, nested, depth):
        tree = Hierarchy.from_nested(nested)
        shallow = collapse_to_depth(tree, depth)
        kept = {frozenset(tree.clade(node)) for node in tree.nodes if tree.depth[node] <= depth}
        assert clades(shallow) == kept
        assert int(shallow.depth.max()) == min(int(tree.depth.max()), depth + 1)

    def test_no_negative_depth(self):
        with pytest.raises(HierarchyError, match="The depth is -1"):
            collapse_to_depth(Hierarchy.from_nested(PETS), -1)


class TestShuffling:
    @given(nested_trees(), st.integers(0, 9))
    def test_keeps_the_shape(self, nested, seed):
        tree = Hierarchy.from_nested(nested)
        dealt = shuffle_leaves(tree, seed)
        assert set(dealt.leaves) == leaves_of(nested)
        assert sorted(dealt.leaf_counts) == sorted(tree.leaf_counts)
        assert sorted(dealt.depth) == sorted(tree.depth)
        assert dealt == shuffle_leaves(tree, seed)

    def test_moves_leaves(self):
        tree = Hierarchy.from_nested([IDS[:5], IDS[5:10], IDS[10:15]])
        assert len({shuffle_leaves(tree, seed).digest for seed in range(20)}) == 20


@given(similarities())
def test_dropping_heights_keeps_the_clades(similarity):
    tree = dendrogram(similarity)
    bare = drop_heights(tree)
    assert bare.merge_height is None
    assert bare.parent.tolist() == tree.parent.tolist()
    assert bare.leaf == tree.leaf


def test_a_caterpillar_5000_deep():
    ids = [f"c{i:04d}" for i in range(5000)]
    nested = [ids[-1]]
    for name in reversed(ids[:-1]):
        nested = [name, nested]
    tree = Hierarchy.from_nested(nested)
    assert len(prune(tree, ids[::2]).leaves) == 2500
    lowest = int(tree.nodes[-1])
    assert subtree(tree, lowest).leaves == (ids[-1],)
    there = reroot(tree, lowest)
    assert int(there.depth.max()) == 5000
    assert reroot(there, int(there.nodes[-1])) == tree
    assert int(graft(tree, lowest, Hierarchy.star(["new"])).depth.max()) == 5001
    assert int(collapse_to_depth(tree, 10).depth.max()) == 11
    even = to_levels(tree, [1, 10, 100])
    assert int(even.depth.max()) == 4
    assert even.leaves == tree.leaves
    assert int(shuffle_leaves(tree, 0).depth.max()) == 5000
