"""Stages: an opening convolution, then residual blocks of a base family; and the trunk of them.

Every tensor of a stage holds its nodes one after another along its first dimension, so that a
node's weights are a slice (`taxonomy.nets.hierarchical.unpacked_state`).
"""

from __future__ import annotations

import importlib

from torch import Tensor, nn

from taxonomy.design.blocks import Block
from taxonomy.design.spec import NetSpec
from taxonomy.nets.layers import SINGLE, ConvNorm, Fan, gather_nodes, nodes_of, parents_of


class ResidualStage(nn.Module):
    """An opening convolution, then residual blocks; many nodes run as groups.

    Args:
        block: the family of the blocks, and its options.
        width_in: channels that each node reads.
        width: channels that each node makes.
        depth: residual blocks.
        stride: of the opening convolution.
        fans: the nodes, by how many siblings read one parent's map.
        opening: whether there is an opening convolution; else each node goes on with a copy of its
            parent's map.
    """

    def __init__(
        self,
        block: Block,
        width_in: int,
        width: int,
        depth: int,
        stride: int,
        fans: tuple[Fan, ...] = SINGLE,
        opening: bool = True,
    ) -> None:
        super().__init__()
        family, residual = block.record, block_module(block)
        self.entry: nn.Module = (
            ConvNorm(width_in, width, family.opening(stride), stride, fans)
            if opening
            else Copies(width, fans)
        )
        self.entry_relu = family.opening_relu and opening
        nodes = nodes_of(fans)
        self.blocks = nn.ModuleList(residual(width, nodes, **block.options) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, parents * width_in, H, W) to (B, nodes * width, ceil(H / stride), …)."""
        x = self.entry(x)
        if self.entry_relu:
            x = x.relu_()
        for block in self.blocks:
            x = block(x)
        return x


class Copies(nn.Module):
    """Every node's copy of its parent's map, where nodes have no opening convolutions.

    Args:
        width: channels of each parent.
        fans: how many children the parents have.
    """

    def __init__(self, width: int, fans: tuple[Fan, ...]) -> None:
        super().__init__()
        self.width, self.fans = width, fans
        self.parents: Tensor
        self.register_buffer("parents", parents_of(fans), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, parents * width, H, W) to (B, nodes * width, H, W)."""
        if all(fan.children == 1 for fan in self.fans):
            return x
        return gather_nodes(x, self.parents, self.width)


def block_module(block: Block) -> type[nn.Module]:
    """Return the torch module of a block's family."""
    module, _, name = block.record.module.partition(":")
    residual: type[nn.Module] = getattr(importlib.import_module(module), name)
    return residual


def build_trunk(spec: NetSpec) -> nn.Sequential:
    """Return the trunk of a specification: one stage after another, behind its backbone.

    Raises:
        MissingExtraError: the specification has a backbone, and timm is not installed.
    """
    width_in = spec.channels
    stages: list[nn.Module] = []
    if spec.backbone:
        from taxonomy.nets.backbone import TimmStages

        stages.append(TimmStages(spec.backbone))
        width_in = spec.backbone.width
    for part in spec.trunk:
        stages.append(
            ResidualStage(
                *(part.block, width_in, part.width, part.depth, part.stride), opening=part.opening
            )
        )
        width_in = part.width
    return nn.Sequential(*stages)
