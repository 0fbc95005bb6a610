"""The parts a network is described by: blocks, stages, levels and their widths; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taxonomy._core.errors import SpecError, did_you_mean

FAMILIES = ("resnet", "convnext")
"""The base families; `design.cost` and `nets.trunk` each hold one entry for each."""

RECALIBRATIONS = ("none", "grn", "se")


@dataclass(frozen=True)
class Block:
    """How a stage is built, in the trunk and in branches alike.

    ``resnet``: the stage opens with a 3x3 convolution, and a block is two of them beside an
    identity (He et al. 2016). ``convnext``: it opens with a convolution of the size of its stride
    (3x3 where that is 1), and a block is a depthwise convolution, a 1x1 convolution that widens
    and one that narrows, beside an identity (Liu et al. 2022). Normalisation is batch
    normalisation in both, so that it folds into the convolutions.

    Args:
        family: ``resnet`` or ``convnext``.
        expand: how much wider the middle of a ConvNeXt block is than its ends.
        kernel: side of a ConvNeXt block's depthwise convolution; odd.
        recalibrate: what reweights a ConvNeXt block's wide channels, per node: ``none``, ``grn``
            (global response normalisation, Woo et al. 2023) or ``se`` (squeeze and excite to a
            quarter, Hu et al. 2018).
    """

    family: str = "resnet"
    expand: int = 4
    kernel: int = 3
    recalibrate: Literal["none", "grn", "se"] = "none"

    def __post_init__(self) -> None:
        """Check names and sizes."""
        if self.family not in FAMILIES:
            raise SpecError(
                f"Unknown family {self.family!r}.{did_you_mean(str(self.family), FAMILIES)} "
                f"Choose from: {', '.join(FAMILIES)}."
            )
        if self.recalibrate not in RECALIBRATIONS:
            raise SpecError(
                f"Unknown recalibration {self.recalibrate!r}; "
                f"choose from: {', '.join(RECALIBRATIONS)}."
            )
        if not all(isinstance(n, int) and n >= 1 for n in (self.expand, self.kernel)):
            raise SpecError("A block's expansion and kernel must be whole numbers, at least 1.")
        if self.kernel % 2 == 0:
            raise SpecError(f"A block's kernel is {self.kernel}; give an odd number such as 3.")


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
    """

    width: int
    depth: int = 1
    stride: int = 1
    block: Block = RESNET


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
        params: learned numbers up to there.
        macs: multiply-accumulates of one picture at the network's resolution.
    """

    name: str
    stage: int
    width: int
    stride: int
    params: int
    macs: int


@dataclass(frozen=True)
class Bucket:
    """The width of the nodes that hold at least so many classes.

    Args:
        width: channels of each such node.
        least: classes that a node must hold, in the full tree, to get this width.
    """

    width: int
    least: int = 1


@dataclass(frozen=True)
class Level:
    """One level of branches: every node at one depth of the hierarchy.

    Args:
        buckets: a node takes the bucket with the largest ``least`` that it reaches.
        depth: residual blocks of each node.
        stride: of each node's opening convolution.
        block: how each node is built.
    """

    buckets: tuple[Bucket, ...]
    depth: int = 1
    stride: int = 2
    block: Block = RESNET

    def width_of(self, classes: int) -> int:
        """Return the width of a node that holds so many classes."""
        return max((b for b in self.buckets if b.least <= classes), key=lambda b: b.least).width
