"""Networks with predictions for the explorer's tests: made up by chance, nothing trained."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from taxonomy.design import NetSpec
from taxonomy.predictions import Predictions
from taxonomy.training import Scored
from taxonomy.trees.hierarchy import Hierarchy

HOSTILE = (
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "'; rm -rf ~; '",
    '$(touch x) `id` "q"',
    "a,b & <b>c</b>",
    "-x=1 --classes",
    "back\\slash\\u0041 {{data}}",
    "Ünï ☃ 漢字",
    "*?[a-z]",
    "&lt;already&gt;%3Cb%3E",
    "#net=x&classes=y",
    "__proto__",
)
"""Names that would do something if a page, a shell, an address or a program believed them."""


def scored_by_chance(
    tree: Hierarchy, spec: NetSpec, seed: int = 0, each: int = 6, lead: float = 1.5
) -> Scored:
    """Return a network's shape with logits drawn by chance, those of the true class a bit higher.

    Args:
        tree: of the classes.
        spec: of the network.
        seed: of the logits; the pictures are the same for every seed.
        each: pictures of every class.
        lead: how much higher.
    """
    rng, count = np.random.default_rng(seed), len(tree.leaves)
    targets = np.repeat(np.arange(count), each)
    logits = rng.normal(size=(len(targets), count)).round(1)  # rounded, so that some are equal
    logits[np.arange(len(targets)), targets] += lead
    return Scored(spec, tree, Predictions(tree.leaves, logits, targets, "val"))


def tiny_networks(ids: Iterable[str]) -> dict[str, Scored]:
    """Return a tree network, another one over a tree two levels deep, and a flat one."""
    ids = sorted(ids)
    half = len(ids) // 2
    two = Hierarchy.from_nested([ids[:half], ids[half:]])
    deep = Hierarchy.from_nested([[ids[:2], ids[2:half]], [ids[half:-1]], ids[-1]])
    return {
        "two": scored_by_chance(two, NetSpec.tree(levels=((8, 1),)), 0),
        "deep": scored_by_chance(deep, NetSpec.tree(levels=((8, 1), (6, 0))), 1),
        "flat": scored_by_chance(Hierarchy.star(ids), NetSpec.flat((6, 12)), 2, lead=1.0),
    }
