"""`NetSpec`: what a hierarchical network looks like, described without torch."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import IntArray
from taxonomy._core.decoding import decode
from taxonomy._core.errors import SpecError, check_choice, check_whole, shown
from taxonomy._core.spelling import counted
from taxonomy.design.blocks import (
    CONVNEXT,
    MOST_BLOCKS,
    MOST_BUCKETS,
    MOST_WIDTH,
    RESNET,
    Backbone,
    Block,
    Bucket,
    Level,
    Stage,
    check_width,
    nearest_multiple,
)

if TYPE_CHECKING:
    from taxonomy.trees.hierarchy import Hierarchy


Nesting = Literal["parent", "ancestors", "gate"]
Head = Literal["linear", "cosine"]

MOST_SCALED = 1000
LANES = 8
"""The channels that processors work on at once, or half of them."""

MOST_POWER = 10
MOST_STAGES = 200
MOST_RESOLUTION = 16_384


@dataclass(frozen=True)
class NetSpec:
    """The shape of a network: its trunk, where it splits into branches, and their levels.

    `tree` and `flat` make the usual ones, `recommended` the one that fits a tree. A network without
    levels, over a star tree, is a flat one.

    Args:
        trunk: stages that every class shares; the first reads the picture or the backbone's map.
        levels: one entry for every depth at which the hierarchy has nodes below the root.
        nesting: what a node reads: its parent's map (``parent``), the maps of all its ancestors,
            the trunk's too, pooled to its parent's side (``ancestors``), or its parent's map with
            its own map scaled by a gate that reads the parent's average (``gate``).
        head: a leaf's logit: a weighted sum of its node's average map (``linear``), or a learned
            scale times the cosine between that average and the leaf's weights (``cosine``).
        resolution: side of the square input, in pixels.
        channels: input channels.
        backbone: a pretrained model's first stages, before the trunk; needs timm to be built.

    Raises:
        SpecError: an impossible size.

    >>> spec = NetSpec(trunk=(Stage(16), Stage(32, stride=2)), levels=(Level((Bucket(48),)),))
    >>> spec.side(0), spec.side(1)
    (16, 8)
    """

    trunk: tuple[Stage, ...]
    levels: tuple[Level, ...] = ()
    nesting: Nesting = "parent"
    head: Head = "linear"
    resolution: int = 32
    channels: int = 3
    backbone: Backbone | None = None

    def __post_init__(self) -> None:
        """Check all sizes."""
        if not self.trunk and self.backbone is None:
            raise SpecError("A network needs at least one trunk stage.")
        if max(len(self.trunk), len(self.levels)) > MOST_STAGES:
            raise SpecError(f"A network has at most {MOST_STAGES} trunk stages and levels.")
        blocks = sum(part.depth for part in self.trunk) + sum(part.depth for part in self.levels)
        if blocks > MOST_BLOCKS:
            raise SpecError(
                f"The stages and levels have {blocks:,} residual blocks; give at most "
                f"{MOST_BLOCKS:,} in all."
            )
        check_whole("resolution", self.resolution, 1, MOST_RESOLUTION, SpecError)
        check_whole("channels", self.channels, 1, MOST_WIDTH, SpecError)
        check_choice("nesting", self.nesting, Nesting, SpecError)
        check_choice("head", self.head, Head, SpecError)
        self._check_openings()

    def _check_openings(self) -> None:
        """Check that what has no opening convolution has the width of the map that it reads.

        Raises:
            SpecError: see there.
        """
        if self.backbone is None and not self.trunk[0].opening:
            raise SpecError("The first stage reads the picture; give it an `opening` convolution.")
        above = {self.backbone.width} if self.backbone else set()
        parts: list[tuple[bool, set[int]]] = [(s.opening, {s.width}) for s in self.trunk]
        parts += [(level.opening, {b.width for b in level.buckets}) for level in self.levels]
        for opening, widths in parts:
            if not opening and above != widths:
                raise SpecError(
                    "A part without an `opening` convolution has the width of the map that it "
                    f"reads, {' or '.join(map(str, sorted(above)))}, not "
                    f"{' or '.join(map(str, sorted(widths)))}."
                )
            above = widths
        if self.nesting == "ancestors" and not all(level.opening for level in self.levels):
            raise SpecError(
                "A level without `opening` convolutions goes on with one map and cannot read those "
                "of all ancestors; give another `nesting`."
            )

    @classmethod
    def flat(
        cls,
        widths: tuple[int, ...] = (24, 48, 96, 192),
        depth: int = 1,
        block: Block = RESNET,
        **others: Any,
    ) -> NetSpec:
        """Return a flat network: stages of these widths, halving the map from one to the next.

        Args:
            widths: channels of each stage.
            depth: residual blocks of each stage.
            block: how all stages are built.
            others: the remaining fields of `NetSpec`, such as ``resolution``.

        Raises:
            SpecError: a size out of range.

        >>> NetSpec.flat((24, 48)).side(0)
        16
        """
        return cls(trunk=_stages([(width, depth) for width in widths], block), **others)

    @classmethod
    def tree(
        cls,
        levels: Sequence[tuple[int, int]] = ((48, 1), (32, 1)),
        *,
        trunk: Sequence[tuple[int, int]] = ((16, 0), (32, 1)),
        block: Block = RESNET,
        **others: Any,
    ) -> NetSpec:
        """Return a tree network from (width, depth) pairs, halving the map at every step.

        Args:
            levels: channels and residual blocks of the nodes of each level, coarse to fine; one
                pair for every depth at which the hierarchy has nodes below its root.
            trunk: channels and residual blocks of each stage of the trunk, first to last.
            block: how all stages and nodes are built.
            others: the remaining fields of `NetSpec`, such as ``resolution``.

        Raises:
            SpecError: something else than pairs, or a size out of range.

        >>> spec = NetSpec.tree(levels=((48, 1), (32, 1)))
        >>> [level.buckets[0].width for level in spec.levels], spec.side(2)
        ([48, 32], 4)
        """
        nodes = (Level((Bucket(w),), d, block=block) for w, d in _pairs("levels", levels))
        return cls(_stages(_pairs("trunk", trunk), block), tuple(nodes), **others)

    @classmethod
    def recommended(cls, hierarchy: Hierarchy) -> NetSpec:
        """Return the network that did best on the icons, with the levels that a tree needs.

        Over a star, which has no nodes below its root, it is flat.

        Args:
            hierarchy: the tree.

        Raises:
            SpecError: the tree has nodes at more than three depths below its root.

        >>> from taxonomy.trees.hierarchy import Hierarchy
        >>> spec = NetSpec.recommended(Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]]))
        >>> [stage.width for stage in spec.trunk], [level.buckets[0].width for level in spec.levels]
        ([12, 20, 40], [64])
        """
        return RECOMMENDED_PATH.split(int(hierarchy.depth[hierarchy.nodes].max()))

    def scaled(self, factor: float) -> NetSpec:
        """Return the same network with all widths multiplied and rounded, at least 1.

        Bottlenecks are widths too.

        Raises:
            SpecError: the factor is not positive, or above 1,000.

        >>> [stage.width for stage in NetSpec.flat().scaled(0.25).trunk]
        [6, 12, 24, 48]
        """
        if not 0 < factor <= MOST_SCALED:
            raise SpecError(
                f"The width factor is {factor}; give a positive number up to {MOST_SCALED:,}, such "
                "as 0.5."
            )
        return self._with_widths(lambda width: max(1, round(width * factor)))

    def aligned(self, align: int) -> NetSpec:
        """Return the same network with all widths rounded to multiples of a number, at least one.

        Bottlenecks are widths too. Processors work on 8 or 16 channels at once and runtimes fill up
        the last of them, so that other widths take the time of the next multiple, of all layers'
        weights and of their maps.

        Args:
            align: what widths are to be multiples of, such as 8 or 16.

        Raises:
            SpecError: the number is below 1, or a width becomes too large.

        >>> [stage.width for stage in NetSpec.flat((12, 20, 29, 40)).aligned(8).trunk]
        [16, 16, 32, 40]
        """
        check_whole("`align`", align, 1, MOST_WIDTH, SpecError)
        return self._with_widths(lambda width: nearest_multiple(width, align))

    def narrowed(self, width: float) -> NetSpec:
        """Return the network that the first share of this one's channels is.

        `taxonomy.nets.widths` cuts it from trained weights. Where all widths are multiples of 8,
        so are the narrower ones, as `aligned` makes them.

        Args:
            width: share of the channels that every stage and node keeps, above 0 and at most 1.

        Raises:
            SpecError: the share is out of range, or a pretrained backbone is in front, which has
                one width.

        >>> [stage.width for stage in NetSpec.flat((12, 20, 40)).narrowed(0.5).trunk]
        [6, 10, 20]
        >>> [stage.width for stage in NetSpec.flat((16, 24, 40)).narrowed(0.25).trunk]
        [8, 8, 8]
        """
        check_width(width, "width", SpecError)
        if width == 1:
            return self
        if self.backbone is not None:
            raise SpecError(
                "A network behind a `backbone` has one width; give it a trunk of its own instead."
            )
        blocks = [*(stage.block for stage in self.trunk), *(level.block for level in self.levels)]
        own = {stage.width for stage in self.trunk}
        own |= {bucket.width for level in self.levels for bucket in level.buckets}
        own |= {block.bottleneck for block in blocks if "bottleneck" in block.options}
        narrower = self.scaled(width)
        return narrower if any(each % LANES for each in own) else narrower.aligned(LANES)

    def _with_widths(self, changed: Callable[[int], int]) -> NetSpec:
        def within(block: Block) -> Block:
            if "bottleneck" not in block.record.options:
                return block
            return replace(block, bottleneck=changed(block.bottleneck))

        return replace(
            self,
            trunk=tuple(
                replace(stage, width=changed(stage.width), block=within(stage.block))
                for stage in self.trunk
            ),
            levels=tuple(
                replace(
                    level,
                    buckets=tuple(replace(b, width=changed(b.width)) for b in level.buckets),
                    block=within(level.block),
                )
                for level in self.levels
            ),
        )

    def proportional(
        self, hierarchy: Hierarchy, power: float = 0.5, buckets: int = 3, multiple: int = 8
    ) -> NetSpec:
        """Return the same network with wider nodes where there are more classes below.

        The nodes of a level are parted into buckets of about equally many by their classes, and a
        bucket's width is the level's own times (its mean number of classes / the level's mean) to
        the power, rounded.

        Args:
            hierarchy: the full tree, whose nodes' classes count.
            power: 0 leaves all nodes alike, 1 makes widths proportional to classes; at most 10.
            buckets: widths a level, at most.
            multiple: widths are rounded to multiples of it, at least one.

        Raises:
            SpecError: a level has several widths already, or a number is out of range.
        """
        if not 0 <= power <= MOST_POWER:
            raise SpecError(f"`power` is {power}; give a number from 0 to {MOST_POWER}.")
        check_whole("`buckets`", buckets, 1, MOST_BUCKETS, SpecError)
        check_whole("`multiple`", multiple, 1, MOST_WIDTH, SpecError)
        inner = hierarchy.nodes
        levels = []
        for depth, level in enumerate(self.levels, start=1):
            if len(level.buckets) > 1:
                raise SpecError(f"Level {depth} has several widths already.")
            sizes = np.sort(hierarchy.span[inner[hierarchy.depth[inner] == depth]])
            starts = np.linspace(0, len(sizes), buckets, endpoint=False).astype(int)
            least = [1, *sorted({int(size) for size in sizes[starts]})[1:]]
            held = np.digitize(sizes, least)  # nodes of equal size share a bucket
            means = [sizes[held == i + 1].mean() for i in range(len(least))]
            shares = (np.array(means) / sizes.mean()) ** power
            widths = [
                nearest_multiple(level.buckets[0].width * share, multiple) for share in shares
            ]
            sized = tuple(Bucket(w, m) for w, m in zip(widths, least, strict=True))
            levels.append(replace(level, buckets=sized))
        return replace(self, levels=tuple(levels))

    def path(self) -> NetSpec:
        """Return the flat network that one class's path is: the trunk, then a stage a level.

        Over a star tree it answers for all classes from one node's capacity. Trained first, it is
        what every branch can start from (`taxonomy.nets.initialise.start_from`).

        Raises:
            SpecError: a level has several widths, or nodes read more than their parents.

        >>> [stage.width for stage in NetSpec.tree(levels=((48, 1), (24, 1))).path().trunk]
        [16, 32, 48, 24]
        """
        if self.nesting == "ancestors" or any(len(level.buckets) > 1 for level in self.levels):
            raise SpecError(
                "Only a network with one width a level, whose nodes read their parents alone, has "
                "a path that is a flat network."
            )
        stages = (
            Stage(x.buckets[0].width, x.depth, x.stride, x.block, x.opening) for x in self.levels
        )
        return replace(self, trunk=(*self.trunk, *stages), levels=(), nesting="parent")

    def split(self, levels: int) -> NetSpec:
        """Return the tree network whose paths are this flat network: the inverse of `path`.

        Args:
            levels: how many stages become levels; at least one stays trunk.

        Raises:
            SpecError: there are not so many stages, or the network has levels already.

        >>> tree = NetSpec.flat().split(2)
        >>> [stage.width for stage in tree.trunk], [level.buckets[0].width for level in tree.levels]
        ([24, 48], [96, 192])
        """
        if self.levels or not 0 <= levels < len(self.trunk):
            raise SpecError(
                f"A flat network of {counted(len(self.trunk), 'stage')} is split into at most "
                f"{counted(len(self.trunk) - 1, 'level')}, not {levels}; for a deeper tree give a "
                "specification of your own, such as NetSpec.tree(levels=…)."
            )
        kept = len(self.trunk) - levels
        nodes = (
            Level((Bucket(s.width),), s.depth, s.stride, s.block, s.opening)
            for s in self.trunk[kept:]
        )
        return replace(self, trunk=self.trunk[:kept], levels=tuple(nodes))

    def side(self, depth: int) -> int:
        """Return the side of the maps after the trunk (depth 0) or after a level, in pixels."""
        side = self.resolution
        strides = [self.backbone.stride] if self.backbone else []
        strides += [stage.stride for stage in self.trunk]
        strides += [level.stride for level in self.levels[:depth]]
        for stride in strides:
            side = -(-side // stride)
        return side

    @property
    def trunk_width(self) -> int:
        """Channels of the map that the first level reads."""
        if self.trunk:
            return self.trunk[-1].width
        assert self.backbone is not None  # or the specification had been refused
        return self.backbone.width

    def widths(self, hierarchy: Hierarchy) -> IntArray:
        """Return the channels of each entry's map: root = trunk, node = branch, leaf = 1.

        Raises:
            SpecError: the hierarchy has nodes deeper than there are levels.
        """
        inner = hierarchy.nodes
        deepest = int(hierarchy.depth[inner].max())
        if deepest > len(self.levels):
            raise SpecError(
                f"The hierarchy has nodes at {counted(deepest, 'depth')} below the root, and the "
                f"network has {counted(len(self.levels), 'level')}; bring the tree to fewer levels "
                "or give the network more."
            )
        widths = np.ones(len(hierarchy), dtype=np.int64)
        widths[0] = self.trunk_width
        for node in inner[1:]:
            level = self.levels[hierarchy.depth[node] - 1]
            widths[node] = level.width_of(int(hierarchy.span[node]))
        return widths

    @cached_property
    def digest(self) -> str:
        """The sha256 of the canonical JSON."""
        return io.digest(self.to_dict())

    def to_dict(self) -> dict[str, io.Json]:
        """Return plain JSON values."""
        content: dict[str, io.Json] = _without_later(json.loads(io.canonical_json(asdict(self))))
        return content

    @classmethod
    def from_dict(cls, content: io.Json, where: Path | str = "specification") -> NetSpec:
        """Read what `to_dict` returned.

        Args:
            content: plain JSON values.
            where: where they come from, for messages.

        Raises:
            SpecError: a missing or unknown field, or a value of another type or out of range.

        >>> NetSpec.from_dict({"trunk": [{"widht": 16}]})
        Traceback (most recent call last):
        taxonomy._core.errors.SpecError: specification: trunk[0]: unknown field 'widht'. \
Did you mean 'width'?
        """
        return decode(cls, content, where, SpecError)

    @classmethod
    def load(cls, path: Path | str) -> NetSpec:
        """Read a specification from JSON.

        Raises:
            FileFormatError: the file is missing or is not JSON.
            SpecError: it is no specification; the place in the file is named.
        """
        return cls.from_dict(io.read_json(path), path)

    def save(self, path: Path | str) -> None:
        """Write the specification atomically as JSON."""
        io.write_json(path, self.to_dict())


def _stages(pairs: Sequence[tuple[int, int]], block: Block) -> tuple[Stage, ...]:
    return tuple(Stage(w, d, 1 if i == 0 else 2, block) for i, (w, d) in enumerate(pairs))


def _pairs(name: str, given: Any) -> list[tuple[int, int]]:
    try:
        return [(width, depth) for width, depth in given]
    except (TypeError, ValueError) as error:
        raise SpecError(
            f"{name} is {shown(given)}; give (width, depth) pairs, coarse to fine, such as "
            "((48, 1), (32, 1)), or a single one as ((48, 1),)."
        ) from error


LATER = {"backbone": None, "opening": True, "bottleneck": Block.bottleneck}
"""Fields that older files lack. They are written where they say something, so that specifications
of before have the digests that they had."""


def _without_later(content: Any) -> Any:
    """Return plain values without the later fields that are at their defaults."""
    if isinstance(content, list):
        return [_without_later(item) for item in content]
    if not isinstance(content, dict):
        return content
    return {
        name: _without_later(value)
        for name, value in content.items()
        if name not in LATER or value != LATER[name]
    }


RECOMMENDED_PATH = NetSpec(
    trunk=(
        Stage(12, 0),
        Stage(20, 1, 2),
        Stage(40, 1, 2, CONVNEXT),
        Stage(64, 1, 2, Block("convnext", expand=2)),
    )
)
"""One path of the tree network that does best on the icons; `NetSpec.recommended` makes that."""
