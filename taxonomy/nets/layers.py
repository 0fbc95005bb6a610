"""Layers that every base family uses: convolutions by fans of parents, and stochastic depth."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

Net = TypeVar("Net", bound=nn.Module)


@dataclass(frozen=True)
class Fan:
    """Parents that have equally many children: one grouped convolution with a group a parent.

    Args:
        parents: how many.
        children: of each parent.
    """

    parents: int
    children: int


SINGLE = (Fan(1, 1),)
"""One node that reads one map, as a trunk's stage does."""


def nodes_of(fans: tuple[Fan, ...]) -> int:
    """Return how many nodes some fans make."""
    return sum(fan.parents * fan.children for fan in fans)


def parents_of(fans: tuple[Fan, ...]) -> Tensor:
    """Return the position of every node's parent, shape (nodes,)."""
    children = torch.tensor([fan.children for fan in fans for _ in range(fan.parents)])
    return torch.arange(len(children)).repeat_interleave(children)


class FanConv(nn.Module):
    """A convolution in which every node reads its parent's map, with nothing copied for siblings.

    Of a single picture the maps are copied all the same where there are several fans: one grouped
    convolution more than makes up for it there.

    The parents lie side by side in the input, those of the first run first, and so do their
    children in the output. The weight holds all nodes along its first dimension, whatever the fans.

    Args:
        width_in: channels of each parent.
        width: channels of each node.
        kernel: side of the kernel.
        stride: of the convolution.
        padding: at every edge.
        fans: how many children the parents have.
    """

    def __init__(
        self,
        width_in: int,
        width: int,
        kernel: int,
        stride: int = 1,
        padding: int = 0,
        fans: tuple[Fan, ...] = SINGLE,
    ) -> None:
        super().__init__()
        self.stride, self.padding, self.fans = stride, padding, fans
        self.weight = nn.Parameter(torch.empty(nodes_of(fans) * width, width_in, kernel, kernel))
        self.bias: nn.Parameter | None = None
        self.parents: Tensor
        self.register_buffer("parents", parents_of(fans), persistent=False)
        self.inputs = [fan.parents * width_in for fan in fans]
        self.outputs = [fan.parents * fan.children * width for fan in fans]
        nn.init.kaiming_normal_(self.weight, mode="fan_in", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, parents * width_in, H, W) to (B, nodes * width, H', W')."""
        if self.training and self._takes_patches(x):
            return self._of_patches(x)
        if len(self.fans) == 1:
            return self._convolve(x, self.weight, self.bias, self.fans[0].parents)
        if x.shape[0] == 1:
            siblings = gather_nodes(x, self.parents, self.weight.shape[1])
            return self._convolve(siblings, self.weight, self.bias, len(self.parents))
        biases = (
            [None] * len(self.fans) if self.bias is None else torch.split(self.bias, self.outputs)
        )
        parts = zip(
            torch.split(x, self.inputs, 1),
            torch.split(self.weight, self.outputs),
            biases,
            self.fans,
            strict=True,
        )
        outputs = [self._convolve(part, w, bias, fan.parents) for part, w, bias, fan in parts]
        return torch.cat(outputs, 1)

    def _takes_patches(self, x: Tensor) -> bool:
        """Tell whether one map is cut into squares that do not overlap, as large as the kernel."""
        kernel = self.weight.shape[-1]
        whole = not any(side % kernel for side in x.shape[2:])
        alone = len(self.fans) == 1 and self.fans[0].parents == 1
        return alone and whole and 1 < kernel == self.stride and not self.padding

    def _of_patches(self, x: Tensor) -> Tensor:
        """Convolve by one matrix product over all patches.

        The same sums as a convolution's; forth and back it takes about a third of the time on a
        CPU, whose libraries are slow with gradients of strided convolutions.
        """
        batch, channels, height, width = x.shape
        k, out = self.stride, len(self.weight)
        rows = x.permute(0, 2, 3, 1).reshape(batch, height // k, k, width // k, k, channels)
        patches = rows.transpose(2, 3).reshape(-1, k * k * channels)
        weight = self.weight.permute(0, 2, 3, 1).reshape(out, -1)
        cells = nn.functional.linear(patches, weight, self.bias)
        return cells.reshape(batch, height // k, width // k, out).permute(0, 3, 1, 2)

    def _convolve(self, x: Tensor, weight: Tensor, bias: Tensor | None, groups: int) -> Tensor:
        return nn.functional.conv2d(x, weight, bias, self.stride, self.padding, groups=groups)


def gather_nodes(x: Tensor, nodes: Tensor, width: int) -> Tensor:
    """Return the maps of the given nodes side by side: (B, len(nodes) * width, H, W).

    The copy goes over whole stretches of a channels-last map, and stays channels-last.
    """
    batch, channels, height, side = x.shape
    last = x.permute(0, 2, 3, 1).reshape(batch, height, side, channels // width, width)
    return last.index_select(3, nodes).flatten(3).permute(0, 3, 1, 2)


def cell_mean(x: Tensor) -> Tensor:
    """Average maps (B, C, H, W) over their cells to (B, C).

    As `mean` over the last two dimensions, but the gradient of a channels-last map is again
    channels-last, which spares every layer below a transposition; and in bf16 a sum is faster than
    a mean.
    """
    return x.permute(0, 2, 3, 1).flatten(1, 2).sum(1) / (x.shape[2] * x.shape[3])


class ConvNorm(nn.Module):
    """A convolution and batch normalisation, which folds into it; both per node.

    An odd kernel pads by half its side. An even one, which is as large as its stride, cuts the map
    into patches, the last of them padded where the side is no multiple. Arguments as `FanConv`.
    """

    def __init__(
        self, width_in: int, width: int, kernel: int, stride: int, fans: tuple[Fan, ...]
    ) -> None:
        super().__init__()
        self.patch = kernel if kernel % 2 == 0 else 1
        padding = kernel // 2 if kernel % 2 else 0
        self.conv = FanConv(width_in, width, kernel, stride, padding, fans)
        self.norm: nn.Module = nn.BatchNorm2d(nodes_of(fans) * width)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, parents * width_in, H, W) to (B, nodes * width, ceil(H / stride), …)."""
        below, right = (-side % self.patch for side in x.shape[2:])
        if below or right:
            x = nn.functional.pad(x, (0, right, 0, below))
        normed: Tensor = self.norm(self.conv(x))
        return normed

    @torch.no_grad()
    def fold(self) -> None:
        """Move the normalisation into the convolution; exact in evaluation mode."""
        norm = self.norm
        if not isinstance(norm, nn.BatchNorm2d):
            return
        mean, variance = norm.running_mean, norm.running_var
        assert mean is not None
        assert variance is not None
        scale = norm.weight / (variance + norm.eps).sqrt()
        self.conv.weight.mul_(scale[:, None, None, None])
        self.conv.bias = nn.Parameter(norm.bias - mean * scale)
        self.norm = nn.Identity()


def folded(net: Net) -> Net:
    """Return a copy for inference alone, in evaluation mode, its normalisations folded away.

    It answers what the network answers, up to rounding, and is faster; it is neither trained nor
    saved further.
    """
    copy = deepcopy(net).eval()
    for module in copy.modules():
        if isinstance(module, ConvNorm):
            module.fold()
    return copy.requires_grad_(False)


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
        kept = torch.rand(change.shape[0], self.nodes, device=change.device) >= self.rate
        scale = kept.to(change.dtype) / (1 - self.rate)
        width = change.shape[1] // self.nodes
        return change * scale.repeat_interleave(width, dim=1)[:, :, None, None]


def set_drop_path(net: nn.Module, rate: float) -> None:
    """Set the rate at which every block of a network drops its change in training, in [0, 1)."""
    for module in net.modules():
        if isinstance(module, StochasticDepth):
            module.rate = rate
