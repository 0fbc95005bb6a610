"""What property tests draw: nested trees, and plain answers about them to compare with."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from taxonomy.similarity import DenseSimilarity
from taxonomy.trees import Hierarchy

IDS = [f"c{i:02d}" for i in range(30)]
Nested = Any


@st.composite
def nested_trees(draw: st.DrawFn, least: int = 2, most: int = 14) -> Nested:
    """Draw a nested list over ``c00, c01, …``; some lists hold a single item."""
    items: Nested = list(draw(st.permutations(IDS[: draw(st.integers(least, most))])))
    for _ in range(draw(st.integers(0, 8))):
        start = draw(st.integers(0, len(items) - 1))
        stop = draw(st.integers(start + 1, len(items)))
        items[start:stop] = [items[start:stop]]
    return items


@st.composite
def similarities(
    draw: st.DrawFn, least: int = 2, most: int = 30, ties: bool = False
) -> DenseSimilarity:
    """Draw a similarity matrix; with ties, its values are multiples of 0.1."""
    n = draw(st.integers(least, most))
    values = np.random.default_rng(draw(st.integers(0, 2**32))).random((n, n))
    values = (values + values.T) / 2
    if ties:
        values = values.round(1)
    np.fill_diagonal(values, 1)
    return DenseSimilarity(IDS[:n], values)


def shuffled(nested: Nested, seed: int) -> Nested:
    """Return the same tree with the children of every node in another order."""
    if isinstance(nested, str):
        return nested
    children = [shuffled(child, seed + 1) for child in nested]
    random.Random(seed).shuffle(children)
    return children


def leaves_of(nested: Nested) -> frozenset[str]:
    """Return the labels below."""
    if isinstance(nested, str):
        return frozenset([nested])
    return frozenset().union(*(leaves_of(child) for child in nested))


def clades_of(nested: Nested) -> set[frozenset[str]]:
    """Return the label sets of all lists, the outermost too."""
    if isinstance(nested, str):
        return set()
    return {leaves_of(nested)}.union(*(clades_of(child) for child in nested))


ODD_LABELS = ["0", "12", "node:1", "leaf:node:1", "None", "a <b> & 'c'", "näme", "😀", '"quoted"']
"""Labels that a careless format confuses with something else."""
NAMES = ["", "", "pets", "4", "node:2", "x & <y>", "two words", "größer"]


@st.composite
def trees(draw: st.DrawFn, labels: list[str] = IDS + ODD_LABELS) -> Hierarchy:
    """Draw a tree, by chance named, with merge heights, cut from a larger one, with support."""
    ids = draw(st.permutations(labels))
    new = dict(zip(IDS, ids, strict=False))
    raw = Hierarchy.from_nested(draw(nested_trees())).to_raw()
    raw.leaf = [leaf and new[leaf] for leaf in raw.leaf]
    n = len(raw.parent)

    def a_list(of: st.SearchStrategy[Any]) -> list[Any]:
        return draw(st.lists(of, min_size=n, max_size=n))

    if draw(st.booleans()):
        raw.name = a_list(st.sampled_from(NAMES))
    if draw(st.booleans()):
        numbers = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([0.0, 0.1])
        raw.height = a_list(numbers)
    if draw(st.booleans()):
        raw.support = a_list(st.floats(0, 1) | st.just(float("nan")))
    tree = Hierarchy.from_raw(raw, draw(st.sampled_from([{}, {"made_by": "test", "of": [1, {}]}])))
    if draw(st.booleans()):
        kept = draw(st.sets(st.sampled_from(tree.leaves), min_size=1))
        tree = tree.restrict(kept, draw(st.sampled_from(["keep", "collapse"])))
    return tree
