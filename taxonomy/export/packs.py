"""Which nodes run together in a graph, and in which order, so that nothing has to be moved.

A pack is the nodes of one depth whose subtrees have one shape. Then the parents of a pack are
another whole pack, in its order, all with equally many children in it: a grouped convolution reads
the parents' map as it is, and no channel is gathered, split or joined on the way.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from taxonomy._core.errors import SpecError, check_choice
from taxonomy.design.spec import NetSpec
from taxonomy.trees.hierarchy import Hierarchy

Lowering = Literal["auto", "grouped", "sliced", "dense"]
"""How a level's nodes are run:

- ``grouped``: as one convolution with a group a parent, then with one a node.
- ``sliced``: as dense convolutions, one after another, on their parents' slices of the map.
- ``dense``: as one dense convolution whose weights between nodes are zero.
- ``auto``: what `chosen` says of each level.
"""


@dataclass(frozen=True)
class Pack:
    """Nodes that run together.

    Args:
        depth: of its nodes; 0 for the trunk.
        width: channels of each node.
        nodes: entries of the hierarchy, in the order of the channels; those of one parent lie
            together.
        parent: index of the pack of their parents; -1 for the trunk.
        first: position of their first parent in that pack.
        parents: how many parents, which lie side by side there.
        lowering: how it is run, one of `Lowering` but ``auto``.
    """

    depth: int
    width: int
    nodes: tuple[int, ...]
    parent: int
    first: int
    parents: int
    lowering: str


def chosen(family: str, nodes: int, width: int) -> str:
    """Return the lowering that onnxruntime runs fastest, of those that cost no bytes.

    Measured by ``analysis/bench/export.py``: onnxruntime takes its fast kernel for a grouped 3x3
    convolution only where a group's channels are a multiple of its block, 16 with AVX-512 and 8
    with AVX2; otherwise it copies and multiplies group by group, and a few dense convolutions on
    slices take .77 to 1.01 of the time. Grouped 1x1 convolutions, a ConvNeXt block's, are always as
    fast. Dense weights with zeros are faster only for few narrow nodes, and as many times larger.

    Args:
        family: of the level's blocks.
        nodes: how many nodes run together.
        width: channels of each.

    >>> chosen("resnet", 5, 64), chosen("resnet", 5, 44), chosen("convnext", 5, 44)
    ('grouped', 'sliced', 'grouped')
    """
    if family != "resnet" or nodes == 1 or width % BLOCK == 0:
        return "grouped"
    return "sliced" if NARROW * nodes <= width else "grouped"


BLOCK = 16
"""Channels of a group are a multiple of it where onnxruntime takes its fast kernel everywhere."""

NARROW = 6
"""Nodes that are run one after another are at least so many times as wide as they are many."""


def packed(spec: NetSpec, hierarchy: Hierarchy, lowering: str = "auto") -> list[Pack]:
    """Return the packs of a network's graph, trunk first, parents before children.

    Args:
        spec: shape of the network.
        hierarchy: its tree.
        lowering: one of `Lowering`, for all levels.

    Raises:
        SpecError: an unknown lowering, or more levels of nodes than the network has.

    >>> tree = Hierarchy.from_nested([["a", "b"], ["c", "d"], [["e", "f"], "g"]])
    >>> for pack in packed(NetSpec.tree(levels=((8, 0), (8, 0))), tree):
    ...     print(pack.depth, pack.nodes, pack.parents, pack.lowering)
    0 (0,) 1 grouped
    1 (1, 4) 1 grouped
    1 (7,) 1 grouped
    2 (8,) 1 grouped
    """
    check_choice("lowering", lowering, get_args(Lowering), SpecError)
    widths = spec.widths(hierarchy)
    shape = _shapes(hierarchy, widths.tolist())
    packs = [Pack(0, int(widths[0]), (0,), -1, 0, 1, "grouped")]
    for index, pack in enumerate(packs):  # grows while it is read
        below: dict[int, list[int]] = defaultdict(list)
        for node in pack.nodes:
            inner = [c for c in hierarchy.children(node) if hierarchy.leaf[c] is None]
            for child in inner:
                below[shape[child]].append(child)
        for number in sorted(below, key=lambda number: below[number][0]):
            nodes, width = below[number], int(widths[below[number][0]])
            block = spec.levels[pack.depth].block
            how = chosen(block.family, len(nodes), width) if lowering == "auto" else lowering
            if how != "sliced":
                parents = len(pack.nodes)
                packs.append(Pack(pack.depth + 1, width, tuple(nodes), index, 0, parents, how))
                continue
            each = len(nodes) // len(pack.nodes)
            packs += [
                Pack(pack.depth + 1, width, (node,), index, position // each, 1, how)
                for position, node in enumerate(nodes)
            ]
    return packs


def _shapes(hierarchy: Hierarchy, widths: list[int]) -> list[int]:
    """Return a number a node, equal where the inner nodes below, with their widths, are alike."""
    numbers: dict[tuple[int, tuple[int, ...]], int] = {}
    below: list[list[int]] = [[] for _ in widths]
    shape = [-1] * len(widths)
    for node in np.flip(hierarchy.nodes).tolist():  # children before parents
        key = (widths[node], tuple(sorted(below[node])))
        shape[node] = numbers.setdefault(key, len(numbers))
        if node:
            below[int(hierarchy.parent[node])].append(shape[node])
    return shape
