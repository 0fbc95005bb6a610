"""What property tests draw: nested trees, and plain answers about them to compare with."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from hypothesis import strategies as st

from taxonomy.similarity import Similarity

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
def similarities(draw: st.DrawFn, least: int = 2, most: int = 30, ties: bool = False) -> Similarity:
    """Draw a similarity matrix; with ties, its values are multiples of 0.1."""
    n = draw(st.integers(least, most))
    values = np.random.default_rng(draw(st.integers(0, 2**32))).random((n, n))
    values = (values + values.T) / 2
    if ties:
        values = values.round(1)
    np.fill_diagonal(values, 1)
    return Similarity(IDS[:n], values)


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
