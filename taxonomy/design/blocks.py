"""The parts a network is described by: blocks, stages, levels and their widths; no torch."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from taxonomy._core.errors import SpecError, TaxonomyError, check_choice, check_whole, shown
from taxonomy.design.families import FAMILIES, Family, Number

Recalibration = Literal["none", "grn", "se"]

MOST_WIDTH = 65_536
MOST_CLASSES = 10**9
MOST_BUCKETS = 1_000
MOST_BLOCKS = 1_000
MOST_STRIDE = 1_024
MOST_EXPANSION = 64
MOST_KERNEL = 63
MOST_PARAMS = 10**10
"""The parameters of a whole network; in float32 they are 40 GB."""

MOST_MACS = 10**15
"""The MACs of one picture through a whole network; below, sums of floats are exact."""


@dataclass(frozen=True)
class Block:
    """How a stage is built, in the trunk and in branches alike.

    ``resnet``: the stage opens with a 3x3 convolution, and a block is two of them beside an
    identity (He et al. 2016). ``bottleneck``: it opens with a convolution of the size of its
    stride (1x1 where that is 1), and a block is a 1x1 convolution to a quarter of the channels, a
    3x3 and a 1x1 back, beside an identity, as in ResNet-50. ``convnext``: it opens with a
    convolution of the size of its stride (3x3 where that is 1), and a block is a depthwise
    convolution, a 1x1 convolution that widens and one that narrows, beside an identity (Liu et al.
    2022). ``adapter``: as ``convnext``, but its middle has the same number of channels whatever the
    width, which makes it the small private part of a node whose map is shared (Rebuffi et al.
    2018). Normalisation is batch normalisation in all, so that it folds into the convolutions.

    Args:
        family: one of `FAMILIES`: ``resnet``, ``bottleneck``, ``convnext`` or ``adapter``.
        expand: how much wider the middle of a ConvNeXt block is than its ends.
        kernel: side of a ConvNeXt block's or an adapter's depthwise convolution; odd.
        recalibrate: what reweights a ConvNeXt block's wide channels, per node: ``none``, ``grn``
            (global response normalisation, Woo et al. 2023) or ``se`` (squeeze and excite to a
            quarter, Hu et al. 2018).
        bottleneck: channels of an adapter's middle.

    Raises:
        SpecError: an unknown name, a size out of range, or an option that the family lacks.
    """

    family: str = "resnet"
    expand: int = 4
    kernel: int = 3
    recalibrate: Recalibration = "none"
    bottleneck: int = 16

    def __post_init__(self) -> None:
        """Check names and sizes, and that the family has the options that are set."""
        check_choice("family", self.family, FAMILIES, SpecError)
        check_choice("recalibrate", self.recalibrate, Recalibration, SpecError)
        check_whole("expand", self.expand, 1, MOST_EXPANSION, SpecError)
        check_whole("kernel", self.kernel, 1, MOST_KERNEL, SpecError)
        check_whole("bottleneck", self.bottleneck, 1, MOST_WIDTH, SpecError)
        if self.kernel % 2 == 0:
            raise SpecError(f"kernel is {self.kernel}; give an odd number such as 3.")
        for field in fields(self)[1:]:
            value = getattr(self, field.name)
            if field.name not in self.record.options and value != field.default:
                raise SpecError(
                    f"{field.name} is {shown(value)}, and the family {self.family!r} has no such "
                    "option; leave it out."
                )

    @property
    def record(self) -> Family:
        """The record of the block's family."""
        return FAMILIES[self.family]

    @property
    def options(self) -> dict[str, Any]:
        """The options of the block that its family has."""
        return {name: getattr(self, name) for name in self.record.options}

    def middle(self, width: int) -> int:
        """Return the channels between the 1x1 convolutions of a node's block."""
        return self.bottleneck if self.family == "adapter" else self.expand * width

    def alive(self, width: Number) -> Number:
        """Return the channels of the maps that a residual block of this width holds at once."""
        return self.record.alive(width, **self.options)


RESNET = Block("resnet")
CONVNEXT = Block("convnext")


@dataclass(frozen=True)
class Stage:
    """One stage of the trunk: an opening convolution, then residual blocks.

    Args:
        width: output channels.
        depth: residual blocks.
        stride: of the opening convolution; 2 halves the map's sides.
        block: how the stage is built.
        opening: whether it opens with a convolution; without one its blocks go on with the map of
            the stage before, in that stage's width.

    Raises:
        SpecError: a size out of range, or a stage without an opening that changes the map's side
            or has no blocks.
    """

    width: int
    depth: int = 1
    stride: int = 1
    block: Block = RESNET
    opening: bool = True

    def __post_init__(self) -> None:
        """Check all sizes."""
        check_whole("width", self.width, 1, MOST_WIDTH, SpecError)
        check_whole("depth", self.depth, 0, MOST_BLOCKS, SpecError)
        check_whole("stride", self.stride, 1, MOST_STRIDE, SpecError)
        _check_opening(self, "stage")


@dataclass(frozen=True)
class Backbone:
    """The first stages of a timm model, before a trunk's own stages.

    Make one with `taxonomy.nets.backbone.timm_backbone`, which builds the model once and counts;
    with the counts here, costs need neither torch nor timm.

    Args:
        name: of the timm model, such as ``resnet18``.
        stage: index of the feature map it is cut after, from 0.
        width: channels of that map.
        stride: the input's side over the map's.
        params: parameters up to there.
        macs: multiply-accumulates of one picture at the network's resolution.

    Raises:
        SpecError: a size out of range.
    """

    name: str
    stage: int
    width: int
    stride: int
    params: int
    macs: int

    def __post_init__(self) -> None:
        """Check all sizes."""
        check_whole("stage", self.stage, 0, MOST_BLOCKS, SpecError)
        check_whole("width", self.width, 1, MOST_WIDTH, SpecError)
        check_whole("stride", self.stride, 1, MOST_STRIDE, SpecError)
        check_whole("params", self.params, 1, MOST_PARAMS, SpecError)
        check_whole("macs", self.macs, 0, MOST_MACS, SpecError)


@dataclass(frozen=True)
class Bucket:
    """The width of the nodes that hold at least a given number of classes.

    Args:
        width: channels of each such node.
        least: classes that a node must hold, in the full tree, to get this width.

    Raises:
        SpecError: a size out of range.
    """

    width: int
    least: int = 1

    def __post_init__(self) -> None:
        """Check all sizes."""
        check_whole("width", self.width, 1, MOST_WIDTH, SpecError)
        check_whole("least", self.least, 1, MOST_CLASSES, SpecError)


@dataclass(frozen=True)
class Level:
    """One level of branches: every node at one depth of the hierarchy.

    Args:
        buckets: a node takes the bucket with the largest ``least`` that it reaches.
        depth: residual blocks of each node.
        stride: of each node's opening convolution.
        block: how each node is built.
        opening: whether each node opens with a convolution of its own. Without one its blocks go
            on with its parent's map, in the parent's width, so that all that comes before them is
            computed once for all siblings; see `onward`.

    Raises:
        SpecError: a size out of range, no bucket for nodes of one class, or a level without an
            opening that has several widths, changes the map's side or has no blocks.

    >>> Level((Bucket(32), Bucket(48, least=10))).width_of(12)
    48
    """

    buckets: tuple[Bucket, ...]
    depth: int = 1
    stride: int = 2
    block: Block = RESNET
    opening: bool = True

    @classmethod
    def onward(cls, width: int, block: Block, depth: int = 1) -> Level:
        """Return a level without opening convolutions: nodes go on with their parents' maps.

        Args:
            width: of the parents, and so of the nodes.
            block: how each node is built.
            depth: residual blocks of each node.

        Raises:
            SpecError: a size out of range.

        >>> Level.onward(64, Block("adapter", bottleneck=16)).stride
        1
        """
        return cls((Bucket(width),), depth, 1, block, opening=False)

    def __post_init__(self) -> None:
        """Check all sizes."""
        if min((bucket.least for bucket in self.buckets), default=2) > 1:
            raise SpecError("Every level needs a bucket with 'least' 1, for its small nodes.")
        if len(self.buckets) > MOST_BUCKETS:
            raise SpecError(f"A level has {len(self.buckets)} buckets; at most {MOST_BUCKETS}.")
        check_whole("depth", self.depth, 0, MOST_BLOCKS, SpecError)
        check_whole("stride", self.stride, 1, MOST_STRIDE, SpecError)
        _check_opening(self, "level")
        if not self.opening and len(self.buckets) > 1:
            raise SpecError(
                "A level without `opening` convolutions has its parents' width; give one bucket."
            )

    def width_of(self, classes: int) -> int:
        """Return the width of a node that holds this many classes."""
        return max((b for b in self.buckets if b.least <= classes), key=lambda b: b.least).width


def nearest_multiple(width: float, multiple: int) -> int:
    """Return the multiple of a number that is nearest to a width, at least the number itself.

    >>> [nearest_multiple(width, 8) for width in (3, 12, 13, 20.5)]
    [8, 16, 16, 24]
    """
    return max(1, round(width / multiple)) * multiple


def check_width(width: object, name: str, error: type[TaxonomyError]) -> None:
    """Check a share of the channels.

    Args:
        width: what was given.
        name: of the field that it was given in.
        error: what is raised.

    Raises:
        TaxonomyError: of the kind given; it is no number above 0 and up to 1.
    """
    number = isinstance(width, int | float) and not isinstance(width, bool)
    if not (number and 0 < width <= 1):  # type: ignore[operator]
        raise error(
            f"`{name}` is {shown(width)}; give a share of the channels above 0 and up to 1, such "
            "as 0.5."
        )


def _check_opening(part: Stage | Level, what: str) -> None:
    """Refuse a stage or level that without an opening convolution could not be, or do nothing.

    Raises:
        SpecError: see there.
    """
    if not part.opening and (part.stride != 1 or not part.depth):
        raise SpecError(
            f"A {what} without an `opening` convolution goes on with the map that it reads; give "
            "`stride` 1 and a `depth` of at least 1."
        )


def stage_cost(
    block: Block,
    width_in: Number,
    width: Number,
    depth: int,
    stride: int,
    side: int,
    opening: bool = True,
) -> tuple[Number, Number]:
    """Return the parameters and MACs of one stage: an opening convolution, then residual blocks.

    Args:
        block: how it is built.
        width_in: channels read; a number or an array of them.
        width: channels made, likewise.
        depth: residual blocks.
        stride: of the opening convolution.
        side: of the map made, in pixels.
        opening: whether there is an opening convolution.

    >>> params, macs = stage_cost(RESNET, width_in=3, width=8, depth=0, stride=1, side=32)
    >>> params == 9 * 3 * 8 + 2 * 8, macs == 9 * 3 * 8 * 32 * 32
    (True, True)
    """
    family, each = block.record, block.record.cost(width, **block.options)
    weights = family.opening(stride) ** 2 * width_in * width * opening
    params = weights + 2 * width * opening + depth * each.params
    macs = (weights + depth * each.cell_macs) * side * side + depth * each.picture_macs
    return params, macs
