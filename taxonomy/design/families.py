"""Base families: what a residual block is called, costs and holds, one record a family; no torch.

Every stage, in the trunk and in branches alike, opens with a convolution and batch normalisation
and goes on with residual blocks of its family.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

Number = Any
"""A number or an array of numbers, of whole numbers or floats: the closed forms take them all."""


class BlockCost(NamedTuple):
    """What one residual block of one node costs.

    ``params`` are its parameters, ``cell_macs`` its multiply-accumulates for every cell of the
    map, and ``picture_macs`` those that it needs once a picture.
    """

    params: Number
    cell_macs: Number
    picture_macs: Number


@dataclass(frozen=True)
class Family:
    """A kind of residual block: everything that the toolkit knows of it, without loading torch.

    To add one, write its block as a torch module in a file of its own and add one record to
    `FAMILIES`; the conformance tests find it there.

    Args:
        name: as specifications name it.
        module: its torch module, as ``"module:Class"``; called with the channels of a node, the
            number of nodes that run side by side, and the options.
        options: the fields of `Block` that it has; they are keywords of ``module``, ``cost`` and
            ``alive``.
        opening: side of the kernel of a stage's opening convolution, by that convolution's stride.
        opening_relu: whether a ReLU follows the opening convolution.
        cost: what a block costs, by the channels of its node.
        alive: the channels of the maps that a block holds at once, by the channels of its node.
    """

    name: str
    module: str
    options: tuple[str, ...]
    opening: Callable[[int], int]
    opening_relu: bool
    cost: Callable[..., BlockCost]
    alive: Callable[..., Number]


def _patches(stride: int) -> int:
    return 3 if stride == 1 else stride


def _resnet_cost(width: Number) -> BlockCost:
    weights = 2 * 9 * width * width
    return BlockCost(weights + 2 * 2 * width, weights, 0 * width)


def _resnet_alive(width: Number) -> Number:
    return 3 * width  # its input, and what goes into and comes out of a convolution


def quarter(width: Number) -> Number:
    """Return a quarter of some channels, at least 1: what bottlenecks and squeezing reduce to.

    >>> quarter(256), quarter(3)
    (64, 1)
    """
    narrow = np.maximum(1, width // 4)
    return narrow if isinstance(width, np.ndarray) else int(narrow)


def _bottleneck_cost(width: Number) -> BlockCost:
    narrow = quarter(width)
    weights = 2 * width * narrow + 9 * narrow * narrow
    return BlockCost(weights + 2 * (2 * narrow + width), weights, 0 * width)


def _bottleneck_alive(width: Number) -> Number:
    return 2 * width + quarter(width)  # its input, what goes into the last convolution, its output


def _convnext_cost(width: Number, expand: int, kernel: int, recalibrate: str) -> BlockCost:
    wide = expand * width
    params, weights, _ = _adapter_cost(width, wide, kernel)
    if recalibrate == "grn":
        return BlockCost(params + 2 * wide, weights, 0 * width)
    if recalibrate == "se":
        narrow = quarter(wide)
        squeezed = 2 * wide * narrow
        return BlockCost(params + squeezed + narrow + wide, weights, squeezed)
    return BlockCost(params, weights, 0 * width)


def _convnext_alive(width: Number, expand: int, **_: object) -> Number:
    return _adapter_alive(width, expand * width)


def _adapter_cost(width: Number, bottleneck: Number, kernel: int) -> BlockCost:
    weights = kernel**2 * width + 2 * width * bottleneck
    # Beside the weights the two norms, and the bias of the convolution to the middle.
    return BlockCost(weights + 2 * 2 * width + bottleneck, weights, 0 * width)


def _adapter_alive(width: Number, bottleneck: Number, **_: object) -> Number:
    # Its input and its middle, and beside them what the middle is made of, or becomes.
    return width + bottleneck + np.maximum(width, bottleneck)


FAMILIES = {
    family.name: family
    for family in (
        Family(
            name="resnet",
            module="taxonomy.nets.resnet:ResidualBlock",
            options=(),
            opening=lambda stride: 3,  # noqa: ARG005 (a kernel of 3 whatever the stride)
            opening_relu=True,
            cost=_resnet_cost,
            alive=_resnet_alive,
        ),
        Family(
            name="bottleneck",
            module="taxonomy.nets.bottleneck:BottleneckBlock",
            options=(),
            opening=lambda stride: stride,
            opening_relu=True,
            cost=_bottleneck_cost,
            alive=_bottleneck_alive,
        ),
        Family(
            name="convnext",
            module="taxonomy.nets.convnext:ConvNeXtBlock",
            options=("expand", "kernel", "recalibrate"),
            opening=_patches,
            opening_relu=False,
            cost=_convnext_cost,
            alive=_convnext_alive,
        ),
        Family(
            name="adapter",
            module="taxonomy.nets.convnext:AdapterBlock",
            options=("bottleneck", "kernel"),
            opening=_patches,
            opening_relu=False,
            cost=_adapter_cost,
            alive=_adapter_alive,
        ),
    )
}
"""The base families, by name; one record here and one torch module add a family."""
