"""Blocks with a middle, run for many nodes at once: ConvNeXt's and the adapter.

ConvNeXt's is of Liu et al. 2022 and Woo et al. 2023, the adapter's narrow middle of Rebuffi et al.
2018 ("Efficient parametrization of multi-domain deep neural networks").

Batch normalisation stands where the papers have layer normalisation: it folds into the
convolutions, and unlike a layer norm over all channels it never mixes nodes.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from taxonomy.design.blocks import Recalibration
from taxonomy.design.families import quarter
from taxonomy.nets.layers import ConvNorm, Fan, StochasticDepth, cell_mean


class MiddleBlock(nn.Module):
    """Depthwise convolution, a 1x1 convolution to a middle and one back, beside an identity.

    Args:
        width: channels of each node.
        nodes: how many nodes run side by side.
        middle: channels between the 1x1 convolutions.
        kernel: side of the depthwise convolution.
        recalibrate: what reweights the middle, one of `RECALIBRATIONS`.
    """

    def __init__(
        self, width: int, nodes: int, middle: int, kernel: int, recalibrate: Recalibration
    ) -> None:
        super().__init__()
        self.spatial = ConvNorm(1, 1, kernel, 1, (Fan(width * nodes, 1),))
        self.widen = nn.Conv2d(width * nodes, middle * nodes, 1, groups=nodes)
        self.recalibrate = RECALIBRATIONS[recalibrate](middle, nodes)
        self.narrow = ConvNorm(middle, width, 1, 1, (Fan(nodes, 1),))
        self.drop = StochasticDepth(nodes)
        nn.init.kaiming_normal_(self.widen.weight, mode="fan_in", nonlinearity="relu")
        nn.init.zeros_(self.widen.bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.narrow.norm.get_parameter("weight"))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to the same shape."""
        wide = self.recalibrate(nn.functional.gelu(self.widen(self.spatial(x))))
        changed: Tensor = self.drop(self.narrow(wide))
        return changed.add_(x)


class ConvNeXtBlock(MiddleBlock):
    """A ConvNeXt block, whose middle is wider than its ends by a factor.

    Args:
        width: channels of each node.
        nodes: how many nodes run side by side.
        expand: how much wider the middle is than the ends.
        kernel: side of the depthwise convolution.
        recalibrate: what reweights the wide channels, one of `RECALIBRATIONS`.
    """

    def __init__(
        self, width: int, nodes: int, expand: int, kernel: int, recalibrate: Recalibration
    ) -> None:
        super().__init__(width, nodes, width * expand, kernel, recalibrate)


class AdapterBlock(MiddleBlock):
    """A block whose middle has a number of channels of its own, most often a small one.

    Args:
        width: channels of each node.
        nodes: how many nodes run side by side.
        bottleneck: channels of the middle.
        kernel: side of the depthwise convolution.
    """

    def __init__(self, width: int, nodes: int, bottleneck: int, kernel: int) -> None:
        super().__init__(width, nodes, bottleneck, kernel, "none")


class GlobalResponse(nn.Module):
    """Global response normalisation (Woo et al. 2023), over the channels of each node alone."""

    def __init__(self, width: int, nodes: int) -> None:
        super().__init__()
        self.width = width
        self.scale = nn.Parameter(torch.zeros(width * nodes))
        self.shift = nn.Parameter(torch.zeros(width * nodes))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to the same shape."""
        size = x.float().square().sum((2, 3)).add(1e-12).sqrt().reshape(x.shape[0], -1, self.width)
        relative = (size / (size.mean(2, keepdim=True) + 1e-6)).reshape(x.shape[0], -1)
        factor = 1 + self.scale * relative
        return x * factor.to(x.dtype)[:, :, None, None] + self.shift.to(x.dtype)[:, None, None]


class SqueezeExcite(nn.Module):
    """Squeeze and excite (Hu et al. 2018) to a quarter of the channels, per node."""

    def __init__(self, width: int, nodes: int) -> None:
        super().__init__()
        narrow = quarter(width)
        self.squeeze = nn.Conv2d(width * nodes, narrow * nodes, 1, groups=nodes)
        self.excite = nn.Conv2d(narrow * nodes, width * nodes, 1, groups=nodes)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, nodes * width, H, W) to the same shape."""
        pooled = cell_mean(x)[:, :, None, None]
        factor: Tensor = self.excite(self.squeeze(pooled).relu()).sigmoid()
        return x * factor


RECALIBRATIONS: dict[Recalibration, Callable[[int, int], nn.Module]] = {
    "none": nn.Identity,
    "grn": GlobalResponse,
    "se": SqueezeExcite,
}
