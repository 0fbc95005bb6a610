"""Layers that every base family uses: convolution with normalisation, and stochastic depth."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNorm(nn.Module):
    """A convolution and batch normalisation, which folds into it; both per group.

    An odd kernel pads by half its side. An even one, which is as large as its stride, cuts the map
    into patches, the last of them padded where the side is no multiple.
    """

    def __init__(self, width_in: int, width: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            width_in,
            width,
            kernel,
            stride=stride,
            padding=kernel // 2 if kernel % 2 else 0,
            groups=groups,
            bias=False,
        )
        self.norm = nn.BatchNorm2d(width)
        self.patch = kernel if kernel % 2 == 0 else 1
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_in", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, width_in, H, W) to (B, width, ceil(H / stride), ceil(W / stride))."""
        below, right = (-side % self.patch for side in x.shape[2:])
        if below or right:
            x = nn.functional.pad(x, (0, right, 0, below))
        normed: Tensor = self.norm(self.conv(x))
        return normed


class StochasticDepth(nn.Module):
    """Drop a block's change for random pictures, each node by itself (Huang et al. 2016).

    The rate is set by the training (`set_drop_path`); in evaluation mode nothing is dropped.

    Args:
        nodes: how many nodes run side by side.
    """

    def __init__(self, nodes: int) -> None:
        super().__init__()
        self.nodes = nodes
        self.rate = 0.0

    def forward(self, change: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to the same shape."""
        if not self.training or not self.rate:
            return change
        kept = torch.rand(len(change), self.nodes, device=change.device) >= self.rate
        scale = kept.to(change.dtype) / (1 - self.rate)
        width = change.shape[1] // self.nodes
        return change * scale.repeat_interleave(width, dim=1)[:, :, None, None]


def set_drop_path(net: nn.Module, rate: float) -> None:
    """Set the rate at which every block of a network drops its change in training, in [0, 1)."""
    for module in net.modules():
        if isinstance(module, StochasticDepth):
            module.rate = rate
