"""The bottleneck block of the deeper ResNets (He et al. 2016), from ResNet-50 on."""

from __future__ import annotations

from torch import Tensor, nn

from taxonomy.design.families import quarter
from taxonomy.nets.layers import ConvNorm, Fan, StochasticDepth


class BottleneckBlock(nn.Module):
    """A 1x1 convolution to a quarter of the channels, a 3x3 and a 1x1 back, beside an identity.

    Args:
        width: channels of each node.
        nodes: how many nodes run side by side.
    """

    def __init__(self, width: int, nodes: int) -> None:
        super().__init__()
        narrow, each = quarter(width), (Fan(nodes, 1),)
        self.narrow = ConvNorm(width, narrow, 1, 1, each)
        self.spatial = ConvNorm(narrow, narrow, 3, 1, each)
        self.widen = ConvNorm(narrow, width, 1, 1, each)
        self.drop = StochasticDepth(nodes)
        # Starting as the identity makes the first steps of deep branches stable (Goyal 2017).
        nn.init.zeros_(self.widen.norm.get_parameter("weight"))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to the same shape."""
        inner = self.spatial(self.narrow(x).relu_()).relu_()
        changed: Tensor = self.drop(self.widen(inner))
        return changed.add_(x).relu_()
