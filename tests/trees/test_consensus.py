"""Consensus: plain counting of clades, whatever the order of trees and the labels' ids."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import HierarchyError
from taxonomy.trees.consensus import (
    METHODS,
    clade_numbers,
    clade_support,
    consensus_tree,
    leaf_spans,
)
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import shuffle_leaves, to_levels
from taxonomy.trees.raw_tree import RawTree
from tests.support.strategies import clades_of, leaves_of, nested_trees


def clades(tree: Hierarchy) -> set[frozenset[str]]:
    return {frozenset(tree.clade(node)) for node in tree.nodes}


@st.composite
def tree_samples(draw, most=7):
    """Draw some nested lists over the same labels."""
    first = draw(nested_trees(most=8))
    n = len(leaves_of(first))
    others = draw(st.lists(nested_trees(least=n, most=n), max_size=most - 1))
    repeats = draw(st.lists(st.integers(1, 3), min_size=most, max_size=most))
    return [
        tree for tree, times in zip([first, *others], repeats, strict=False) for _ in range(times)
    ]


def counted(sample) -> Counter[frozenset[str]]:
    return Counter(clade for nested in sample for clade in clades_of(nested) if len(clade) > 1)


def agree(one, other) -> bool:
    return not one & other or one <= other or other <= one


def by_hand(sample, method, threshold) -> set[frozenset[str]]:
    """Return the consensus clades by counting sets."""
    count, n = counted(sample), len(sample)
    if method == "strict":
        return {clade for clade in count if count[clade] == n}
    chosen = {clade for clade in count if count[clade] / n > threshold}
    if method == "greedy":
        for times in range(n, 0, -1):
            tied = {clade for clade in count if count[clade] == times} - chosen
            tied = {clade for clade in tied if all(agree(clade, other) for other in chosen)}
            chosen |= {clade for clade in tied if all(agree(clade, other) for other in tied)}
    return chosen


class TestConsensus:
    @given(tree_samples(), st.sampled_from(sorted(METHODS)), st.sampled_from([0.5, 0.7, 0.9]))
    def test_keeps_the_clades_counted_by_hand(self, sample, method, threshold):
        if method != "majority":
            threshold = 0.5
        trees = [Hierarchy.from_nested(nested) for nested in sample]
        tree = consensus_tree(trees, method, threshold)
        assert clades(tree) == by_hand(sample, method, threshold)
        assert len(tree.nodes) == len(clades(tree))  # each once
        count = counted(sample)
        for i in tree.nodes:
            assert tree.support[i] == count[frozenset(tree.clade(i))] / len(sample)
        assert tree == tree.with_support(clade_support(tree, trees))

    @given(nested_trees(), st.integers(1, 4), st.sampled_from(sorted(METHODS)))
    def test_of_equal_trees_is_the_tree(self, nested, times, method):
        tree = Hierarchy.from_nested(nested)
        agreed = consensus_tree([tree] * times, method)
        assert agreed.with_support(None) == tree.collapse_unary()
        assert (agreed.support[agreed.nodes] == 1).all()

    @given(tree_samples(), st.sampled_from(sorted(METHODS)), st.randoms())
    def test_neither_order_nor_ids_matter(self, sample, method, chance):
        trees = [Hierarchy.from_nested(nested) for nested in sample]
        ids = list(trees[0].leaves)
        new = dict(zip(ids, chance.sample(ids, len(ids)), strict=True))
        renamed = [
            Hierarchy.from_raw(RawTree(t.parent.tolist(), [x and new[x] for x in t.leaf]))
            for t in chance.sample(trees, len(trees))
        ]
        one, other = consensus_tree(trees, method), consensus_tree(renamed, method)
        assert {frozenset(new[x] for x in clade) for clade in clades(one)} == clades(other)

    @given(tree_samples())
    def test_greedy_refines_majority_and_majority_strict(self, sample):
        trees = [Hierarchy.from_nested(nested) for nested in sample]
        strict, majority, greedy = (
            clades(consensus_tree(trees, method)) for method in ("strict", "majority", "greedy")
        )
        assert strict <= majority <= greedy

    def test_by_hand(self):
        """Three of four trees join cat and dog; bus and car against bus and van tie."""
        trees = [
            Hierarchy.from_nested(nested)
            for nested in (
                [["cat", "dog"], ["bus", "car"], "van"],
                [["cat", "dog"], ["bus", "van"], "car"],
                [["cat", "dog"], "bus", "car", "van"],
                ["cat", ["dog", "bus", "car", "van"]],
            )
        ]
        pets = Hierarchy.from_nested([["cat", "dog"], "bus", "car", "van"])
        for method in ("majority", "greedy"):
            tree = consensus_tree(trees, method)
            assert tree.with_support(None) == pets
            shares = tree.support[tree.nodes]
            assert dict(zip(map(tree.clade, tree.nodes), shares, strict=True)) == {
                ("bus", "car", "cat", "dog", "van"): 1,
                ("cat", "dog"): 3 / 4,
            }
        star = Hierarchy.star(pets.leaves)
        assert consensus_tree(trees, "strict").with_support(None) == star
        assert consensus_tree(trees, threshold=0.75).with_support(None) == star
        greedy = consensus_tree([trees[0], trees[3], trees[0], trees[3], trees[1]], "greedy")
        # twice each: cat+dog thrice, bus+car twice, all but cat twice and against cat+dog
        assert clades(greedy) - clades(pets) == {frozenset(["bus", "car"])}

    def test_names_on_which_all_agree(self):
        def pets(name):
            return Hierarchy.from_nested([{"name": name, "leaves": ["cat", "dog"]}, "bus"])

        def name(*trees):
            return max(consensus_tree(trees).name)

        assert name(pets("pets"), pets("")) == "pets"
        assert name(pets("pets"), pets("animals")) == ""
        assert name(to_levels(pets("pets"), 4), pets("pets")) == "pets"

    def test_provenance_names_the_trees(self):
        trees = [Hierarchy.from_nested([["a", "b"], "c"]), Hierarchy.star("abc")]
        made = consensus_tree(trees, "strict").provenance
        assert made["made_by"] == "consensus"
        assert made["method"] == "strict"
        assert made["trees"] == [tree.digest for tree in trees]

    def test_refusals(self):
        tree, other = Hierarchy.star("abc"), Hierarchy.star("abd")
        with pytest.raises(HierarchyError, match="Tree 1 and tree 3 have different labels: 'c'"):
            consensus_tree([tree, tree, other])
        with pytest.raises(HierarchyError, match="'c' is in tree 1 only"):
            clade_support(tree, [other])
        with pytest.raises(HierarchyError, match="at least one tree"):
            consensus_tree([])
        with pytest.raises(HierarchyError, match="at least one tree"):
            clade_support(tree, [])
        with pytest.raises(HierarchyError, match="Did you mean 'majority'"):
            consensus_tree([tree], "majorty")
        with pytest.raises(HierarchyError, match="takes no threshold"):
            consensus_tree([tree], "strict", 0.7)
        for threshold in (0.4, 1.0, float("nan")):
            with pytest.raises(HierarchyError, match=r"at least 0\.5 and below 1"):
                consensus_tree([tree], threshold=threshold)

    def test_one_class(self):
        tree = Hierarchy.from_nested([["a"]])
        assert consensus_tree([tree, tree]).with_support(None) == Hierarchy.star("a")


class TestClades:
    @given(nested_trees(), nested_trees())
    def test_numbers_are_equal_for_equal_clades(self, one, other):
        trees = [Hierarchy.from_nested(t) for t in (one, other)]
        if trees[0].leaves != trees[1].leaves:
            return
        numbers = [clade_numbers(tree).T.tolist() for tree in trees]
        for i, j in itertools.product(*(range(len(tree)) for tree in trees)):
            same = trees[0].clade(i) == trees[1].clade(j)
            assert (numbers[0][i] == numbers[1][j]) == same

    def test_numbers_are_the_same_in_every_process(self):
        """Python's own hashes of texts are not."""
        code = (
            "from taxonomy.trees.consensus import clade_numbers\n"
            "from taxonomy.trees import Hierarchy\n"
            "print(clade_numbers(Hierarchy.from_nested([['a', 'b'], 'c'])).tolist())"
        )
        shown = {
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            for seed in ("1", "2")
        }
        numbers = clade_numbers(Hierarchy.from_nested([["a", "b"], "c"])).tolist()
        assert shown == {f"{numbers}\n"}

    @given(nested_trees())
    def test_spans_hold_the_labels_below(self, nested):
        tree = Hierarchy.from_nested(nested)
        in_preorder = [leaf for leaf in tree.leaf if leaf is not None]
        for i, (start, stop) in enumerate(zip(*leaf_spans(tree), strict=True)):
            assert sorted(in_preorder[start:stop]) == list(tree.clade(i))

    def test_support_counts_a_chain_once(self):
        tree = Hierarchy.from_nested([["a", "b"], "c"])
        chain = Hierarchy.from_nested([[["a", "b"]], "c"])
        assert clade_support(tree, [chain, Hierarchy.star("abc")])[1] == 1 / 2
        assert clade_support(chain, [tree]).tolist() == [1] * len(chain)


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_caterpillar_5000_deep(method):
    ids = [f"c{i:04d}" for i in range(5000)]
    nested = [ids[-1]]
    for name in reversed(ids[:-1]):
        nested = [name, nested]
    tree = Hierarchy.from_nested(nested)
    other = shuffle_leaves(tree, seed=0)
    if method != "strict":
        assert clades(consensus_tree([tree, tree, other], method)) == clades(tree.collapse_unary())
    both = consensus_tree([tree, other], method)
    assert both.with_support([1] * len(both)) == both
    assert both.with_support(None) == Hierarchy.star(ids)  # all other clades tie and contradict


def test_a_hundred_trees_of_a_thousand_labels():
    """Trees of one shape in which a few labels are dealt anew: all clades are found again."""
    groups = np.array_split([f"c{i:04d}" for i in range(1000)], 50)
    trees = []
    for seed in range(100):
        chance = random.Random(seed)
        dealt = [list(group) for group in groups]
        for _ in range(10):
            one, other = chance.sample(dealt, 2)
            other.append(one.pop(chance.randrange(len(one))))
        trees.append(Hierarchy.from_nested([dealt[:25], dealt[25:]]))
    agreed = consensus_tree(trees, "greedy")
    assert {frozenset(map(str, group)) for group in groups} <= clades(agreed)
    majority = consensus_tree(trees)
    assert 0.5 < np.nanmin(majority.support) < 1
    assert clades(majority) < clades(agreed)
