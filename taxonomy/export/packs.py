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
from taxonomy.design.blocks import Block
from taxonomy.design.spec import NetSpec
from taxonomy.trees.hierarchy import Hierarchy

Lowering = Literal["auto", "grouped", "padded", "sliced", "dense"]
"""How a level's nodes are run:

- ``grouped``: as one convolution with a group a parent, then with one a node.
- ``padded``: as ``grouped``, with channels of zeros where the runtime's fast kernels want more.
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


def chosen(runtime: str, block: Block, nodes: int, width: int) -> str:
    """Return the lowering that a runtime runs fastest, or nearly, by measurement.

    Measured by ``analysis/bench/lowering.py`` with AVX-512. LiteRT's XNNPACK runs groups of any
    width well. onnxruntime takes its fast kernel for a dense layer that reads a multiple of four
    channels, and for a grouped one where a group's channels are a multiple of its block, 16 with
    AVX-512 and 8 with AVX2; otherwise it copies and multiplies group by group. Zeros that fill a
    block up are worth it where they are not too many. A ConvNeXt block's grouped 1x1 convolutions
    need no block.

    Args:
        runtime: the package.
        block: how the level's nodes are built.
        nodes: how many run together.
        width: channels of each.

    >>> [chosen("onnxruntime", Block(), 5, width) for width in (12, 20, 44, 64)]
    ['dense', 'grouped', 'padded', 'grouped']
    >>> [chosen("onnxruntime", Block("convnext"), 5, width) for width in (29, 44)]
    ['padded', 'grouped']
    >>> chosen("ai-edge-litert", Block(), 5, 44)
    'grouped'
    """
    if runtime != "onnxruntime":
        return "grouped"
    if nodes == 1 or width % READ:
        return "padded"
    if block.family != "resnet" or width % BLOCK == 0:
        return "grouped"
    if nodes * width <= FEW:
        return "dense"
    return "padded" if filled_up(width, nodes, block) <= MOST_FILLED * width else "grouped"


BLOCK = 16
"""Channels of a group are a multiple of it where onnxruntime takes its fast kernel everywhere."""

READ = 4
"""Channels that a dense layer reads are a multiple of it where onnxruntime takes that kernel."""

FEW = 60
"""Channels of a whole level up to which products with zeros cost less than many small ones."""

MOST_FILLED = 1.5
"""A node is at most so many times as wide with its zeros as without."""


def filled_up(channels: int, nodes: int, block: Block) -> int:
    """Return to how many channels a node's map is filled up with zeros in a ``padded`` level.

    Global response normalisation averages over a node's channels, so that its are left alone.

    Args:
        channels: of a node's map.
        nodes: how many nodes run together; one is a dense layer.
        block: how they are built.

    >>> [filled_up(channels, 1, Block()) for channels in (12, 29, 40)]
    [16, 32, 40]
    >>> [filled_up(channels, 5, Block()) for channels in (12, 29, 40)]
    [16, 32, 48]
    """
    if block.recalibrate == "grn":
        return channels
    multiple = READ if nodes == 1 and channels > BLOCK else BLOCK
    return -(-channels // multiple) * multiple


def ends_in_head(spec: NetSpec, hierarchy: Hierarchy, packs: list[Pack]) -> set[int]:
    """Return the packs the end of whose last block the head can take over, and gains by it.

    A ConvNeXt's block ends in a product and a sum; where only the average and the head follow, and
    the classes are fewer than a node's channels, the head has both in it
    (`taxonomy.export.stages.Tail`).

    Args:
        spec: shape of the network.
        hierarchy: its tree.
        packs: its packs.
    """
    parents = {pack.parent for pack in packs}
    return {
        index
        for index, pack in enumerate(packs)
        if index not in parents
        and can_end_in_head(spec, pack)
        and len(hierarchy.leaves) < pack.width
    }


def can_end_in_head(spec: NetSpec, pack: Pack) -> bool:
    """Say whether a pack has an end that the head can take over, where nothing else reads it."""
    if not pack.depth or spec.nesting == "gate" or spec.head == "cosine":
        return False
    level = spec.levels[pack.depth - 1]
    return level.block.family == "convnext" and level.depth > 0


def packed(
    spec: NetSpec, hierarchy: Hierarchy, lowering: str = "auto", runtime: str = "onnxruntime"
) -> list[Pack]:
    """Return the packs of a network's graph, trunk first, parents before children.

    Args:
        spec: shape of the network.
        hierarchy: its tree.
        lowering: one of `Lowering`, for all levels; ``padded`` and ``auto`` fill up the trunk, too.
        runtime: the package that runs it, for which ``auto`` chooses.

    Raises:
        SpecError: an unknown lowering, or more levels of nodes than the network has.

    >>> tree = Hierarchy.from_nested([["a", "b"], ["c", "d"], [["e", "f"], "g"]])
    >>> for pack in packed(NetSpec.tree(levels=((16, 0), (16, 0))), tree):
    ...     print(pack.depth, pack.nodes, pack.parents, pack.lowering)
    0 (0,) 1 padded
    1 (1, 4) 1 grouped
    1 (7,) 1 padded
    2 (8,) 1 padded
    """
    check_choice("lowering", lowering, get_args(Lowering), SpecError)
    openings = [stage.opening for stage in spec.trunk] + [level.opening for level in spec.levels]
    if lowering in ("auto", "padded") and not all(openings):
        lowering = "grouped"  # what has no opening goes on with a map as wide as it is
    widths = spec.widths(hierarchy)
    shape = _shapes(hierarchy, widths.tolist())

    def way(block: Block, nodes: int, width: int) -> str:
        return chosen(runtime, block, nodes, width) if lowering == "auto" else lowering

    trunk = way(Block(), 1, int(widths[0]))
    packs = [Pack(0, int(widths[0]), (0,), -1, 0, 1, trunk if trunk == "padded" else "grouped")]
    for index, pack in enumerate(packs):  # grows while it is read
        below: dict[int, list[int]] = defaultdict(list)
        for node in pack.nodes:
            inner = [c for c in hierarchy.children(node) if hierarchy.leaf[c] is None]
            for child in inner:
                below[shape[child]].append(child)
        for number in sorted(below, key=lambda number: below[number][0]):
            nodes, width = below[number], int(widths[below[number][0]])
            how = way(spec.levels[pack.depth].block, len(nodes), width)
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
