"""Packed levels: all nodes of one depth run as a few grouped convolutions.

A *pack* is the nodes of one depth that share a width and a parent pack, so that they can run as
one grouped convolution. With one width a level, every level is one pack.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import torch
from torch import Tensor, nn

from taxonomy.design.spec import NetSpec
from taxonomy.nets.layers import Fan, cell_mean, gather_nodes, parents_of
from taxonomy.nets.trunk import ResidualStage
from taxonomy.trees.hierarchy import Hierarchy

COSINE_SCALE = 10.0
"""The factor of a cosine head at the start."""


@dataclass(frozen=True)
class Read:
    """A map that the parents of a pack's nodes pass on: their own, or an ancestor's of theirs.

    Args:
        pack: index of the pack that makes the map.
        nodes: per parent the position of the node in that pack.
    """

    pack: int
    nodes: tuple[int, ...]


@dataclass(frozen=True)
class Layout:
    """Which nodes a pack holds and which it reads.

    Args:
        depth: of its nodes; 0 for the trunk.
        width: channels of each node.
        nodes: entries of the hierarchy, in the order of the channels: by how many siblings they
            have in the pack, then by parent.
        fans: the same as fans of parents that have equally many children here.
        reads: the packs of the ancestors, trunk first, parents last; none for the trunk.
        leaves: entries of the leaves that hang directly below its nodes.
        leaf_nodes: per such leaf the position of its node in this pack.
    """

    depth: int
    width: int
    nodes: tuple[int, ...]
    fans: tuple[Fan, ...]
    reads: tuple[Read, ...]
    leaves: tuple[int, ...]
    leaf_nodes: tuple[int, ...]


def plan(spec: NetSpec, hierarchy: Hierarchy) -> list[Layout]:
    """Return the packs of a network, trunk first, parents before children.

    Raises:
        SpecError: the hierarchy has nodes deeper than there are levels.
    """
    widths = spec.widths(hierarchy)
    place = {0: (0, 0)}
    groups: list[tuple[int, list[int]]] = [(int(widths[0]), [0])]
    inner = hierarchy.nodes
    for depth in range(1, int(hierarchy.depth[inner].max()) + 1):
        keys: dict[tuple[int, int], list[int]] = {}
        for node in inner[hierarchy.depth[inner] == depth]:
            pack, _ = place[int(hierarchy.parent[node])]
            keys.setdefault((pack, int(widths[node])), []).append(int(node))
        for (_, width), nodes in sorted(keys.items()):
            children = Counter(int(hierarchy.parent[node]) for node in nodes)
            nodes.sort(key=partial(_rank, hierarchy, place, children))
            place.update({node: (len(groups), i) for i, node in enumerate(nodes)})
            groups.append((width, nodes))
    below: list[list[int]] = [[] for _ in groups]
    for leaf in hierarchy.leaf_entries:
        below[place[int(hierarchy.parent[leaf])][0]].append(int(leaf))
    return [
        Layout(
            depth=int(hierarchy.depth[nodes[0]]),
            width=width,
            nodes=tuple(nodes),
            fans=_fans(hierarchy, nodes),
            reads=_reads(hierarchy, nodes, place),
            leaves=tuple(leaves),
            leaf_nodes=tuple(place[int(hierarchy.parent[leaf])][1] for leaf in leaves),
        )
        for (width, nodes), leaves in zip(groups, below, strict=True)
    ]


def _rank(
    hierarchy: Hierarchy, place: dict[int, tuple[int, int]], siblings: Counter[int], node: int
) -> tuple[int, int, int]:
    """Return what nodes of a pack are ordered by.

    Siblings lie together, and parents with equally many children too. Among siblings those with
    fewer inner children come first, so that the next level finds its parents in order and need not
    gather them.
    """
    parent = int(hierarchy.parent[node])
    inner = sum(hierarchy.leaf[child] is None for child in hierarchy.children(node))
    return siblings[parent], place[parent][1], inner


def _fans(hierarchy: Hierarchy, nodes: list[int]) -> tuple[Fan, ...]:
    """Return fans of parents with equally many children, in the order of the nodes."""
    children = [len(list(group)) for _, group in groupby(hierarchy.parent[nodes])]
    return tuple(Fan(len(list(group)), count) for count, group in groupby(children))


def _reads(
    hierarchy: Hierarchy, nodes: list[int], place: dict[int, tuple[int, int]]
) -> tuple[Read, ...]:
    """Return the packs of a pack's ancestors; all its nodes have them in the same packs."""
    reads: list[Read] = []
    above = [int(parent) for parent, _ in groupby(hierarchy.parent[nodes])]
    while above[0] >= 0:
        reads.append(Read(place[above[0]][0], tuple(place[entry][1] for entry in above)))
        above = [int(hierarchy.parent[entry]) for entry in above]
    return tuple(reversed(reads))


class BranchPack(nn.Module):
    """The branches of one pack: all its nodes at once, each reading its parent's map."""

    def __init__(self, spec: NetSpec, layouts: list[Layout], index: int) -> None:
        super().__init__()
        layout = layouts[index]
        level = spec.levels[layout.depth - 1]
        reads = layout.reads if spec.nesting == "ancestors" else layout.reads[-1:]
        self.reads = tuple((read.pack, layouts[read.pack].width) for read in reads)
        self.stage = ResidualStage(
            level.block,
            sum(width for _, width in self.reads),
            layout.width,
            level.depth,
            level.stride,
            layout.fans,
            level.opening,
        )
        self.gate = Gate(self.reads[-1][1], layout) if spec.nesting == "gate" else None
        self.sizes = [len(layouts[read.pack].nodes) for read in reads]
        self.nodes = [read.nodes for read in reads]
        for position, nodes in enumerate(self.nodes):
            self.register_buffer(f"nodes{position}", torch.tensor(nodes), persistent=False)

    def forward(self, maps: list[Tensor]) -> Tensor:
        """Map all packs' (B, nodes * width, H, W) to this pack's (B, nodes * width, H', W')."""
        parents = maps[self.reads[-1][0]]
        parts = []
        for position, (pack, width) in enumerate(self.reads):
            x, nodes = _pooled_like(maps[pack], parents), self.nodes[position]
            if len(nodes) == 1:
                x = x.narrow(1, nodes[0] * width, width)
            elif nodes != tuple(range(self.sizes[position])):
                x = gather_nodes(x, self.get_buffer(f"nodes{position}"), width)
            parts.append(x)
        output: Tensor = self.stage(self._side_by_side(parts))
        return output if self.gate is None else output * self.gate(parents)

    def _side_by_side(self, parts: list[Tensor]) -> Tensor:
        """Join what is read so that each parent's channels lie together."""
        if len(parts) == 1:
            return parts[0]
        by_node = [
            part.permute(0, 2, 3, 1).reshape(*part.shape[:1], *part.shape[2:], -1, width)
            for part, (_, width) in zip(parts, self.reads, strict=True)
        ]
        return torch.cat(by_node, 4).flatten(3).permute(0, 3, 1, 2)


class Gate(nn.Module):
    """A factor for each node's whole map, read from its parent's average; 1 at the start.

    Args:
        width_in: channels of each parent.
        layout: the pack of the gated nodes.
    """

    def __init__(self, width_in: int, layout: Layout) -> None:
        super().__init__()
        self.width_in, self.width = width_in, layout.width
        self.weight = nn.Parameter(torch.zeros(len(layout.nodes), width_in))
        self.bias = nn.Parameter(torch.zeros(len(layout.nodes)))
        self.parents: Tensor
        by_node = torch.tensor(layout.reads[-1].nodes)[parents_of(layout.fans)]
        self.register_buffer("parents", by_node, persistent=False)

    def forward(self, parents: Tensor) -> Tensor:
        """Map the parent pack's (B, parents * width_in, H, W) to (B, nodes * width, 1, 1)."""
        pooled = cell_mean(parents).reshape(parents.shape[0], -1, self.width_in)
        read = pooled.index_select(1, self.parents)
        score = torch.einsum("bnw,nw->bn", read, self.weight.to(read.dtype)) + self.bias
        factor = 2 * score.sigmoid().repeat_interleave(self.width, dim=1)
        return factor.to(parents.dtype)[:, :, None, None]


def _pooled_like(x: Tensor, smaller: Tensor) -> Tensor:
    """Return a map averaged over cells down to the size of another."""
    if x.shape[2:] == smaller.shape[2:]:
        return x
    return nn.functional.adaptive_avg_pool2d(x, smaller.shape[-1])


class LeafHeads(nn.Module):
    """The heads of all leaves below one pack: a 1x1 convolution to one channel, then the average.

    The average is taken first, which gives the same number for one product a channel. A leaf's
    weights belong to that leaf alone. A cosine head divides by the lengths of the average and of
    the weights, and its second number is the logarithm of a factor instead of a bias.

    Args:
        layout: the pack.
        cosine: whether the heads are cosine heads.
    """

    def __init__(self, layout: Layout, cosine: bool = False) -> None:
        super().__init__()
        self.width = layout.width
        self.cosine = cosine
        self.weight = nn.Parameter(torch.empty(len(layout.leaves), layout.width))
        start = math.log(COSINE_SCALE) if cosine else 0.0
        self.bias = nn.Parameter(torch.full((len(layout.leaves),), start))
        self.nodes: Tensor
        self.register_buffer("nodes", torch.tensor(layout.leaf_nodes), persistent=False)
        self.only = layout.leaf_nodes[0] if len(set(layout.leaf_nodes)) == 1 else None
        nn.init.normal_(self.weight, std=math.sqrt(1.0 / layout.width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to logits (B, leaves)."""
        pooled = cell_mean(x).reshape(x.shape[0], -1, self.width)
        weight: Tensor = self.weight
        if self.cosine:
            pooled = nn.functional.normalize(pooled, dim=2)
            weight = nn.functional.normalize(weight, dim=1) * self.bias.exp()[:, None]
        bias = None if self.cosine else self.bias
        if self.only is not None:
            return nn.functional.linear(pooled[:, self.only], weight, bias)
        read = pooled.index_select(1, self.nodes)
        logits: Tensor = torch.einsum("blw,lw->bl", read, weight)
        return logits if bias is None else logits + bias
