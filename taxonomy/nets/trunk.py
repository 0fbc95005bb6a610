"""Base networks: the stages of a trunk, which with groups are the branches' stages too."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from taxonomy.spec import NetSpec


class ConvNorm(nn.Module):
    """A 3x3 convolution and batch normalisation, both per group."""

    def __init__(self, width_in: int, width: int, stride: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            width_in, width, 3, stride=stride, padding=1, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(width)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_in", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, width, H / stride, W / stride)."""
        normed: Tensor = self.norm(self.conv(x))
        return normed


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside an identity (He et al. 2016)."""

    def __init__(self, width: int, groups: int) -> None:
        super().__init__()
        self.first = ConvNorm(width, width, 1, groups)
        self.second = ConvNorm(width, width, 1, groups)
        # Starting as the identity makes the first steps of deep branches stable (Goyal 2017).
        nn.init.zeros_(self.second.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width, H, W) to the same shape."""
        changed = self.second(torch.relu_(self.first(x)))
        return torch.relu_(changed + x)


class ResNetStage(nn.Module):
    """A 3x3 convolution, then residual blocks; ``nodes`` independent copies run as groups.

    Args:
        width_in: channels that each node reads.
        width: channels that each node makes.
        depth: residual blocks.
        stride: of the first convolution.
        nodes: how many nodes run side by side.
        shared_input: whether all nodes read one and the same map, not one each.
    """

    def __init__(
        self,
        width_in: int,
        width: int,
        depth: int,
        stride: int,
        nodes: int = 1,
        shared_input: bool = True,
    ) -> None:
        super().__init__()
        read = width_in if shared_input else width_in * nodes
        self.entry = ConvNorm(read, width * nodes, stride, 1 if shared_input else nodes)
        self.blocks = nn.ModuleList(ResidualBlock(width * nodes, nodes) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, read, H, W) to (B, nodes * width, H / stride, W / stride)."""
        x = torch.relu_(self.entry(x))
        for block in self.blocks:
            x = block(x)
        return x


STAGES = {"resnet": ResNetStage}
"""The stage of each base family; one entry here and one in `taxonomy.cost` add a family."""


def build_trunk(spec: NetSpec) -> nn.Sequential:
    """Return the trunk of a specification: one stage after another."""
    stage = STAGES[spec.family]
    width_in = spec.channels
    stages = []
    for part in spec.trunk:
        stages.append(stage(width_in, part.width, part.depth, part.stride))
        width_in = part.width
    return nn.Sequential(*stages)
