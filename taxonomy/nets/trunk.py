"""Base networks: the stages of a trunk, which with several nodes are the branches' stages too.

Every tensor of a stage holds its nodes one after another along its first dimension, so that a
node's weights are a slice (`taxonomy.nets.hierarchical.unpacked_state`).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn

from taxonomy.design.blocks import Block
from taxonomy.design.spec import NetSpec
from taxonomy.nets.convnext import ConvNeXtBlock
from taxonomy.nets.layers import SINGLE, ConvNorm, Fan, nodes_of
from taxonomy.nets.resnet import ResidualBlock


class ResNetStage(nn.Module):
    """A 3x3 convolution, then residual blocks; many nodes run as groups.

    Args:
        block: the options of the family.
        width_in: channels that each node reads.
        width: channels that each node makes.
        depth: residual blocks.
        stride: of the opening convolution.
        fans: the nodes, by how many siblings read one parent's map.
    """

    def __init__(
        self,
        block: Block,
        width_in: int,
        width: int,
        depth: int,
        stride: int,
        fans: tuple[Fan, ...] = SINGLE,
    ) -> None:
        super().__init__()
        del block  # a ResNet stage has no options
        self.entry = ConvNorm(width_in, width, 3, stride, fans)
        self.blocks = nn.ModuleList(ResidualBlock(width, nodes_of(fans)) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, parents * width_in, H, W) to (B, nodes * width, H / stride, W / stride)."""
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
        fans: tuple[Fan, ...] = SINGLE,
    ) -> None:
        super().__init__()
        self.entry = ConvNorm(width_in, width, 3 if stride == 1 else stride, stride, fans)
        nodes = nodes_of(fans)
        self.blocks = nn.ModuleList(ConvNeXtBlock(block, width, nodes) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, parents * width_in, H, W) to (B, nodes * width, ceil(H / stride), …)."""
        x = self.entry(x)
        for block in self.blocks:
            x = block(x)
        return x


STAGES: dict[str, Callable[..., nn.Module]] = {"resnet": ResNetStage, "convnext": ConvNeXtStage}
"""The stage of each base family; one entry here and one in `taxonomy.design.cost` add a family."""


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
        stage = STAGES[part.block.family]
        stages.append(stage(part.block, width_in, part.width, part.depth, part.stride))
        width_in = part.width
    return nn.Sequential(*stages)
