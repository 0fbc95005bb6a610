"""The residual block of the ResNet family (He et al. 2016)."""

from __future__ import annotations

from torch import Tensor, nn

from taxonomy.nets.layers import ConvNorm, Fan, StochasticDepth


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions beside an identity.

    Args:
        width: channels of each node.
        nodes: how many nodes run side by side.
    """

    def __init__(self, width: int, nodes: int) -> None:
        super().__init__()
        each = (Fan(nodes, 1),)
        self.first = ConvNorm(width, width, 3, 1, each)
        self.second = ConvNorm(width, width, 3, 1, each)
        self.drop = StochasticDepth(nodes)
        # Starting as the identity makes the first steps of deep branches stable (Goyal 2017).
        nn.init.zeros_(self.second.norm.get_parameter("weight"))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to the same shape."""
        changed: Tensor = self.drop(self.second(self.first(x).relu_()))
        return changed.add_(x).relu_()
