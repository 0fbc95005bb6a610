"""Base networks: the stages of a trunk, which with several nodes are the branches' stages too.

Every tensor of a stage holds its nodes one after another along its first dimension, so that a
node's weights are a slice (`taxonomy.nets.hierarchical.unpacked_state`).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from taxonomy.nets.convnext import ConvNeXtBlock
from taxonomy.nets.layers import ConvNorm
from taxonomy.nets.resnet import ResidualBlock
from taxonomy.spec import Block, NetSpec


class ResNetStage(nn.Module):
    """A 3x3 convolution, then residual blocks; ``nodes`` independent copies run as groups.

    Args:
        block: the options of the family.
        width_in: channels that each node reads.
        width: channels that each node makes.
        depth: residual blocks.
        stride: of the opening convolution.
        nodes: how many nodes run side by side.
        shared_input: whether all nodes read one and the same map, not one each.
    """

    def __init__(
        self,
        block: Block,
        width_in: int,
        width: int,
        depth: int,
        stride: int,
        nodes: int = 1,
        shared_input: bool = True,
    ) -> None:
        super().__init__()
        del block  # a ResNet stage has no options
        read, groups = (width_in, 1) if shared_input else (width_in * nodes, nodes)
        self.entry = ConvNorm(read, width * nodes, 3, stride, groups)
        self.blocks = nn.ModuleList(ResidualBlock(width * nodes, nodes) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, read, H, W) to (B, nodes * width, H / stride, W / stride)."""
        x = self.entry(x).relu_()
        for block in self.blocks:
            x = block(x)
        return x


class ConvNeXtStage(nn.Module):
    """A convolution as large as its stride, then ConvNeXt blocks; arguments as `ResNetStage`."""

    def __init__(
        self,
        block: Block,
        width_in: int,
        width: int,
        depth: int,
        stride: int,
        nodes: int = 1,
        shared_input: bool = True,
    ) -> None:
        super().__init__()
        read, groups = (width_in, 1) if shared_input else (width_in * nodes, nodes)
        self.entry = ConvNorm(read, width * nodes, 3 if stride == 1 else stride, stride, groups)
        self.blocks = nn.ModuleList(ConvNeXtBlock(block, width, nodes) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, read, H, W) to (B, nodes * width, ceil(H / stride), ceil(W / stride))."""
        x = self.entry(x)
        for block in self.blocks:
            x = block(x)
        return x


STAGES: dict[str, Callable[..., nn.Module]] = {"resnet": ResNetStage, "convnext": ConvNeXtStage}
"""The stage of each base family; one entry here and one in `taxonomy.cost` add a family."""


def build_trunk(spec: NetSpec) -> nn.Sequential:
    """Return the trunk of a specification: one stage after another."""
    width_in = spec.channels
    stages = []
    for part in spec.trunk:
        stage = STAGES[part.block.family]
        stages.append(stage(part.block, width_in, part.width, part.depth, part.stride))
        width_in = part.width
    return nn.Sequential(*stages)
