"""How the parts of a stage are lowered: convolutions, the blocks of each family, their weights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import ExportError
from taxonomy.design.blocks import Block
from taxonomy.export.graph import Builder
from taxonomy.export.packs import filled_up

Array = npt.NDArray[np.float64]
NORM_EPSILON = 1e-5
"""What `torch.nn.BatchNorm2d` adds to a variance."""


class Weights:
    """The weights of nodes that run together, one after another along the first dimension.

    Args:
        state: of the network, per node.
        prefixes: what the names of each node's weights begin with.
    """

    def __init__(self, state: dict[str, Array], prefixes: Sequence[str]) -> None:
        self.state, self.prefixes = state, prefixes

    def __getitem__(self, name: str) -> Array:
        return np.concatenate([self.state[prefix + name] for prefix in self.prefixes])

    def below(self, name: str) -> Weights:
        """Return the weights whose names go on with a name."""
        return Weights(self.state, [f"{prefix}{name}." for prefix in self.prefixes])

    def folded(self) -> tuple[Array, Array]:
        """Return weight and bias of a convolution with its normalisation in them."""
        scale = self["norm.weight"] / np.sqrt(self["norm.running_var"] + NORM_EPSILON)
        weight = self["conv.weight"] * scale[:, None, None, None]
        return weight, self["norm.bias"] - self["norm.running_mean"] * scale


@dataclass(frozen=True)
class Way:
    """How a stage's nodes are run together.

    Args:
        nodes: how many.
        lowering: one of `taxonomy.export.packs.Lowering` but ``auto``.
        block: how they are built.
    """

    nodes: int
    lowering: str
    block: Block

    def width(self, channels: int) -> int:
        """Return of how many channels a node's map of so many is made."""
        return (
            filled_up(channels, self.nodes, self.block) if self.lowering == "padded" else channels
        )


def convolution(
    build: Builder,
    way: Way,
    value: str,
    weight: Array,
    bias: Array,
    groups: int,
    stride: int = 1,
    pads: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> str:
    """Add a convolution: grouped, or with zeros between the groups, or with channels of zeros.

    Args:
        build: what it is added to.
        way: how its nodes are run.
        value: what it reads.
        weight: (channels of all nodes, channels read by each, kernel, kernel).
        bias: (channels of all nodes,).
        groups: of how many nodes the value is that it reads, or how many channels where each is
            read alone.
        stride: from one cell to the next.
        pads: cells added at the top, left, bottom and right.
    """
    held, read, kernel = weight.shape[0] // way.nodes, weight.shape[1], weight.shape[2:]
    wide = way.width(held)
    if alone := groups == len(weight) > way.nodes and read == 1:
        groups = way.nodes * wide
    inner = 1 if alone else build.channels[value] // groups
    if (wide, inner) != (held, read):
        more = [(0, 0), (0, wide - held), (0, inner - read), (0, 0), (0, 0)]
        weight = np.pad(weight.reshape(way.nodes, held, read, *kernel), more)
        weight = weight.reshape(-1, inner, *kernel)
        bias = np.pad(bias.reshape(way.nodes, held), [(0, 0), (0, wide - held)]).reshape(-1)
    if way.lowering == "dense" and groups > 1 and not alone:
        weight, groups = _spread(weight, groups), 1
    return build.add(
        "convolution",
        value,
        channels=len(weight),
        arrays={"weight": weight, "bias": bias},
        stride=stride,
        pads=pads,
        groups=groups,
    )


def _spread(weight: Array, groups: int) -> Array:
    """Return the dense weights of a grouped convolution: zero between groups."""
    out, each = len(weight) // groups, weight.shape[1]
    spread = np.zeros((len(weight), each * groups, *weight.shape[2:]))
    for group in range(groups):
        rows = slice(group * out, (group + 1) * out)
        spread[rows, group * each : (group + 1) * each] = weight[rows]
    return spread


def resnet(build: Builder, way: Way, value: str, weights: Weights) -> str:
    """Add a ResNet's block."""
    changed = value
    for name in ("first", "second"):
        weight, bias = weights.below(name).folded()
        changed = convolution(build, way, changed, weight, bias, way.nodes, 1, (1, 1, 1, 1))
        if name == "first":
            changed = build.add("relu", changed)
    return build.add("relu", build.add("add", changed, value))


def bottleneck(build: Builder, way: Way, value: str, weights: Weights) -> str:
    """Add a bottleneck block."""
    changed = value
    for name, edge in (("narrow", 0), ("spatial", 1), ("widen", 0)):
        weight, bias = weights.below(name).folded()
        changed = convolution(build, way, changed, weight, bias, way.nodes, 1, (edge,) * 4)
        if name != "widen":
            changed = build.add("relu", changed)
    return build.add("relu", build.add("add", changed, value))


def convnext(build: Builder, way: Way, value: str, weights: Weights) -> str:
    """Add a ConvNeXt's block."""
    end = convnext_but_its_end(build, way, value, weights)
    changed = convolution(build, way, end.read, end.weight, end.bias, way.nodes)
    return build.add("add", changed, end.beside)


@dataclass(frozen=True)
class Tail:
    """The end of a ConvNeXt's block: a product, and a sum with what the block reads.

    Both are linear, and so is the average. Where only the average and the head follow, a class's
    weights times the product's read what that reads: with few classes fewer numbers than both.

    Args:
        read: the map that the product reads.
        beside: the map that is added to it.
        weight: (channels of all nodes, channels read by each, 1, 1).
        bias: (channels of all nodes,).
    """

    read: str
    beside: str
    weight: Array
    bias: Array


def convnext_but_its_end(build: Builder, way: Way, value: str, weights: Weights) -> Tail:
    """Add a ConvNeXt's block but for its last product and the sum."""
    nodes, wide = way.nodes, len(weights["spatial.conv.weight"])
    edge = (way.block.kernel // 2,) * 4
    weight, bias = weights.below("spatial").folded()
    changed = convolution(build, way, value, weight, bias, wide, 1, edge)
    changed = convolution(
        build, way, changed, weights["widen.weight"], weights["widen.bias"], nodes
    )
    changed = build.add("gelu", changed)
    weight, bias = weights.below("narrow").folded()
    own = weights.below("recalibrate")
    if way.block.recalibrate == "grn":
        scale = {"weight": own["scale"]}
        width = build.channels[changed] // nodes
        changed = build.add("respond", changed, arrays=scale, width=width)
        # What it adds to a channel is the same in every cell, so that the next layer's bias has it.
        shift = own["shift"].reshape(nodes, 1, -1)
        each = weight[:, :, 0, 0].reshape(nodes, wide // nodes, -1)
        bias = bias + (each * shift).sum(2).reshape(-1)
    elif way.block.recalibrate == "se":
        pooled = build.add("average", changed)
        own_weights = own["squeeze.weight"], own["squeeze.bias"]
        narrow = build.add("relu", convolution(build, way, pooled, *own_weights, nodes))
        factor = convolution(build, way, narrow, own["excite.weight"], own["excite.bias"], nodes)
        changed = build.add("multiply", changed, build.add("sigmoid", factor))
    return Tail(changed, value, weight, bias)


BLOCKS: dict[str, Callable[[Builder, Way, str, Weights], str]] = {
    "resnet": resnet,
    "bottleneck": bottleneck,
    "convnext": convnext,
    "adapter": convnext,
}
"""How each family's residual block is lowered."""


def block(build: Builder, way: Way, value: str, weights: Weights) -> str:
    """Add a residual block.

    Raises:
        ExportError: its family has no lowering.
    """
    if way.block.family not in BLOCKS:
        raise ExportError(f"Blocks of the family {way.block.family!r} are not exported yet.")
    return BLOCKS[way.block.family](build, way, value, weights)
