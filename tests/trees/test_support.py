"""Support through operations: it stays with every node whose labels stay."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import name_nodes
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


class TestSupport:
    """Support stays with every node whose labels stay, and goes where they do not."""

    TREE = Hierarchy.from_nested(["ant", [["cat", "dog"], "cow"]]).with_support(
        [1, 0, 0.75, 0.5, 0, 0, 0]  # of the root, the node of three and that of two
    )
    MORE = Hierarchy.from_nested([["bus", "car"], "van"]).with_support([1, 0.25, 0, 0, 0])

    @staticmethod
    def shares(tree):
        support = [np.nan] * len(tree) if tree.support is None else tree.support
        return {tree.clade(node): float(support[node]) for node in tree.nodes}

    @staticmethod
    def of(clade):
        return tuple(clade.split())

    def test_of_parts(self):
        assert self.shares(prune(self.TREE, ["dog"])) == {
            self.of("ant cat cow"): 1,
            self.of("cat cow"): 0.75,
            self.of("cat"): 0.5,
        }
        assert self.shares(prune(self.TREE, ["dog"], "collapse")) == {
            self.of("ant cat cow"): 1,
            self.of("cat cow"): 0.75,
        }
        assert self.shares(subtree(self.TREE, 2)) == {
            self.of("cat cow dog"): 0.75,
            self.of("cat dog"): 0.5,
        }
        assert self.shares(collapse_to_depth(self.TREE, 1)) == {
            self.of("ant cat cow dog"): 1,
            self.of("cat cow dog"): 0.75,
        }

    def test_of_nodes_that_gain_labels(self):
        grown = graft(self.TREE, 3, self.MORE)
        shares = self.shares(grown)
        assert shares.pop(("bus", "car")) == 0.25
        assert shares.pop(("bus", "car", "van")) == 1
        assert len(shares) == 3
        assert np.isnan(list(shares.values())).all()
        joined = self.shares(graft(self.TREE, None, self.MORE.with_support(None)))
        assert joined[self.of("cat dog")] == 0.5
        assert np.isnan(joined[("bus", "car")])

    def test_of_a_turned_tree(self):
        shares = self.shares(reroot(self.TREE, 2))
        assert shares[self.of("cat dog")] == 0.5
        assert np.isnan([x for clade, x in shares.items() if clade != self.of("cat dog")]).all()

    def test_of_levels(self):
        even = to_levels(self.TREE, 2)
        assert even.support[even.nodes].tolist() == pytest.approx(
            [1, np.nan, np.nan, 0.75, 0.5, np.nan], nan_ok=True
        )

    def test_of_the_same_clades_with_other_names_or_heights(self):
        assert self.shares(name_nodes(self.TREE, {2: "pets"})) == self.shares(self.TREE)
        raw = self.TREE.to_raw()
        raw.height = [float(x) for x in self.TREE.height]
        assert drop_heights(Hierarchy.from_raw(raw)) == self.TREE

    def test_of_other_labels(self):
        assert shuffle_leaves(self.TREE, 0).support is None
