"""Packed levels: all nodes of one depth run as a few grouped convolutions.

A *pack* is the nodes of one depth that share a width and a parent pack, so that they can run as
one grouped convolution. With one width a level, every level is one pack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from taxonomy.hierarchy import Hierarchy
from taxonomy.nets.trunk import STAGES
from taxonomy.spec import NetSpec


@dataclass(frozen=True)
class Layout:
    """Which nodes a pack holds and which it reads.

    Args:
        depth: of its nodes; 0 for the trunk.
        width: channels of each node.
        nodes: entries of the hierarchy, in the order of the channels.
        parent_pack: index of the pack it reads; -1 for the trunk.
        parents: per node the position of its parent in the parent pack.
        leaves: entries of the leaves that hang directly below its nodes.
        leaf_nodes: per such leaf the position of its node in this pack.
    """

    depth: int
    width: int
    nodes: tuple[int, ...]
    parent_pack: int
    parents: tuple[int, ...]
    leaves: tuple[int, ...]
    leaf_nodes: tuple[int, ...]


def plan(spec: NetSpec, hierarchy: Hierarchy) -> list[Layout]:
    """Return the packs of a network, trunk first, parents before children.

    Raises:
        SpecError: the hierarchy has nodes deeper than there are levels.
    """
    widths = spec.widths(hierarchy)
    place = {0: (0, 0)}
    groups: list[tuple[int, int, list[int]]] = [(-1, int(widths[0]), [0])]
    inner = hierarchy.nodes
    for depth in range(1, int(hierarchy.depth[inner].max()) + 1):
        keys: dict[tuple[int, int], list[int]] = {}
        for node in inner[hierarchy.depth[inner] == depth]:
            pack, _ = place[int(hierarchy.parent[node])]
            keys.setdefault((pack, int(widths[node])), []).append(int(node))
        for (pack, width), nodes in sorted(keys.items()):
            nodes.sort(key=lambda node: place[int(hierarchy.parent[node])][1])
            place.update({node: (len(groups), i) for i, node in enumerate(nodes)})
            groups.append((pack, width, nodes))
    below: list[list[int]] = [[] for _ in groups]
    for leaf in hierarchy.leaf_entries:
        below[place[int(hierarchy.parent[leaf])][0]].append(int(leaf))

    def position(entry: int) -> int:
        return place[int(hierarchy.parent[entry])][1]

    return [
        Layout(
            depth=int(hierarchy.depth[nodes[0]]),
            width=width,
            nodes=tuple(nodes),
            parent_pack=pack,
            parents=tuple(position(node) for node in nodes) if pack >= 0 else (),
            leaves=tuple(leaves),
            leaf_nodes=tuple(position(leaf) for leaf in leaves),
        )
        for (pack, width, nodes), leaves in zip(groups, below, strict=True)
    ]


class BranchPack(nn.Module):
    """The branches of one pack: gather each node's parent map, then run all nodes at once."""

    def __init__(self, spec: NetSpec, layout: Layout, width_in: int) -> None:
        super().__init__()
        level = spec.levels[layout.depth - 1]
        # Nodes of one parent read one map: an ordinary convolution, with nothing to copy.
        self.shared = len(set(layout.parents)) == 1
        self.width_in = width_in
        self.stage = STAGES[spec.family](
            width_in, layout.width, level.depth, level.stride, len(layout.nodes), self.shared
        )
        self.parents: Tensor
        self.register_buffer("parents", torch.tensor(layout.parents), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map the parent pack's (B, parents * width_in, H, W) to (B, nodes * width, H', W')."""
        if self.shared:
            if x.shape[1] != self.width_in:
                first = int(self.parents[0]) * self.width_in
                x = x[:, first : first + self.width_in]
        else:
            x = gather_parents(x, self.parents, self.width_in)
        mapped: Tensor = self.stage(x)
        return mapped


def gather_parents(x: Tensor, parents: Tensor, width: int) -> Tensor:
    """Return each node's parent map side by side: (B, len(parents) * width, H, W).

    The copy runs over whole channel runs of a channels-last map, and stays channels-last.
    """
    batch, channels, height, side = x.shape
    last = x.permute(0, 2, 3, 1).reshape(batch, height, side, channels // width, width)
    return last.index_select(3, parents).flatten(3).permute(0, 3, 1, 2)


class LeafHeads(nn.Module):
    """The heads of all leaves below one pack: a 1x1 convolution to one channel, then the average.

    The average is taken first, which gives the same number for one product a channel. A leaf's
    weights belong to that leaf alone.

    Args:
        layout: the pack.
    """

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.width = layout.width
        self.weight = nn.Parameter(torch.empty(len(layout.leaves), layout.width))
        self.bias = nn.Parameter(torch.zeros(len(layout.leaves)))
        self.nodes: Tensor
        self.register_buffer("nodes", torch.tensor(layout.leaf_nodes), persistent=False)
        self.single = len(set(layout.leaf_nodes)) == 1
        nn.init.normal_(self.weight, std=float(np.sqrt(1.0 / layout.width)))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to logits (B, leaves)."""
        pooled = x.mean((2, 3)).reshape(len(x), -1, self.width)
        if self.single:
            return nn.functional.linear(pooled[:, int(self.nodes[0])], self.weight, self.bias)
        read = pooled.index_select(1, self.nodes)
        logits: Tensor = torch.einsum("blw,lw->bl", read, self.weight)
        return logits + self.bias
