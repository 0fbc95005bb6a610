"""`NetSpec`: what a hierarchical network looks like, described without torch."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.errors import SpecError
from taxonomy.design.blocks import CONVNEXT, RESNET, Backbone, Block, Bucket, Level, Stage

if TYPE_CHECKING:
    from taxonomy.trees.hierarchy import Hierarchy


NESTINGS = ("parent", "ancestors", "gate")
HEADS = ("linear", "cosine")
MOST_SCALED = 1000


@dataclass(frozen=True)
class NetSpec:
    """A frozen description of trunk, split and levels.

    A network without levels, over a star tree, is a flat one: use `flat`.

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
    nesting: Literal["parent", "ancestors", "gate"] = "parent"
    head: Literal["linear", "cosine"] = "linear"
    resolution: int = 32
    channels: int = 3
    backbone: Backbone | None = None

    def __post_init__(self) -> None:
        """Check all sizes."""
        if not self.trunk and self.backbone is None:
            raise SpecError("A network needs at least one trunk stage.")
        sizes = [self.resolution, self.channels]
        if self.backbone is not None:
            sizes += [self.backbone.width, self.backbone.stride, self.backbone.params]
        for stage in self.trunk:
            sizes += [stage.width, stage.stride, stage.depth + 1]
        for level in self.levels:
            if min((bucket.least for bucket in level.buckets), default=2) > 1:
                raise SpecError("Every level needs a bucket with 'least' 1, for its small nodes.")
            sizes += [level.stride, level.depth + 1, *(bucket.width for bucket in level.buckets)]
        for size in sizes:
            if isinstance(size, bool) or not isinstance(size, int):
                raise SpecError(f"A width, depth, stride or size is {size!r}, no whole number.")
        if min(sizes) < 1:
            raise SpecError("Widths, strides and sizes must be at least 1, depths at least 0.")
        _check_choice("nesting", self.nesting, NESTINGS)
        _check_choice("head", self.head, HEADS)

    @classmethod
    def flat(
        cls,
        widths: tuple[int, ...] = (24, 48, 96, 192),
        depth: int = 1,
        block: Block = RESNET,
        **others: Any,
    ) -> NetSpec:
        """Return a flat network: stages of these widths, halving the map from one to the next."""
        stages = (Stage(w, depth, 1 if i == 0 else 2, block) for i, w in enumerate(widths))
        return cls(trunk=tuple(stages), **others)

    def scaled(self, factor: float) -> NetSpec:
        """Return the same network with all widths multiplied and rounded, at least 1.

        Raises:
            SpecError: the factor is not positive, or above 1,000.

        >>> [stage.width for stage in NetSpec.flat().scaled(0.25).trunk]
        [6, 12, 24, 48]
        """
        if not 0 < factor <= MOST_SCALED:
            raise SpecError(f"The width factor is {factor}; give a positive number such as 0.5.")

        def scale(width: int) -> int:
            return max(1, round(width * factor))

        return replace(
            self,
            trunk=tuple(replace(stage, width=scale(stage.width)) for stage in self.trunk),
            levels=tuple(
                replace(
                    level, buckets=tuple(replace(b, width=scale(b.width)) for b in level.buckets)
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
            power: 0 leaves all nodes alike, 1 makes widths proportional to classes.
            buckets: widths a level, at most.
            multiple: widths are rounded to multiples of it, at least one.

        Raises:
            SpecError: a level has several widths already, or a number is out of range.
        """
        if not (0 <= power < math.inf and buckets >= 1 and multiple >= 1):
            raise SpecError("Power must not be negative; buckets and multiple are at least 1.")
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
            widths = np.maximum(1, np.round(level.buckets[0].width * shares / multiple)) * multiple
            made = [Bucket(int(w), m) for w, m in zip(widths, least, strict=True)]
            levels.append(replace(level, buckets=tuple(made)))
        return replace(self, levels=tuple(levels))

    def path(self) -> NetSpec:
        """Return the flat network that one class's path is: the trunk, then a stage a level.

        Over a star tree it answers for all classes from one node's capacity. Trained first, it is
        what every branch can start from (`taxonomy.nets.initialise.start_from`).

        Raises:
            SpecError: a level has several widths, or nodes read more than their parents.

        >>> [stage.width for stage in branching(((16, 0),), ((48, 1), (24, 1))).path().trunk]
        [16, 48, 24]
        """
        if self.nesting == "ancestors" or any(len(level.buckets) > 1 for level in self.levels):
            raise SpecError(
                "Only a network with one width a level, whose nodes read their parents alone, has "
                "a path that is a flat network."
            )
        stages = (Stage(x.buckets[0].width, x.depth, x.stride, x.block) for x in self.levels)
        return replace(self, trunk=(*self.trunk, *stages), levels=(), nesting="parent")

    def split(self, levels: int) -> NetSpec:
        """Return the tree network whose nodes are this flat network's last stages: `path`, undone.

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
                f"A flat network of {len(self.trunk)} stages is split into at most "
                f"{len(self.trunk) - 1} levels, not {levels}; give a specification of your own "
                "(--spec) for deeper trees."
            )
        kept = len(self.trunk) - levels
        made = (Level((Bucket(s.width),), s.depth, s.stride, s.block) for s in self.trunk[kept:])
        return replace(self, trunk=self.trunk[:kept], levels=tuple(made))

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

    def widths(self, hierarchy: Hierarchy) -> npt.NDArray[np.int64]:
        """Return the channels of each entry's map: root = trunk, node = branch, leaf = 1.

        Raises:
            SpecError: the hierarchy has nodes deeper than there are levels.
        """
        inner = hierarchy.nodes
        deepest = int(hierarchy.depth[inner].max())
        if deepest > len(self.levels):
            raise SpecError(
                f"The hierarchy has nodes at {deepest} depths below the root, and the network has "
                f"{len(self.levels)} levels; bring the tree to fewer levels "
                "(taxonomy generate --levels 12,48) or give the network more."
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
        content: dict[str, io.Json] = json.loads(io.canonical_json(asdict(self)))
        if self.backbone is None:
            del content["backbone"]
        return content

    @classmethod
    def from_dict(cls, content: io.Json) -> NetSpec:
        """Read what `to_dict` returned.

        Raises:
            SpecError: a missing or unknown key, or an impossible size.
        """
        try:
            levels = tuple(
                Level(**{**_with_block(x), "buckets": tuple(Bucket(**b) for b in x["buckets"])})
                for x in content.get("levels", ())
            )
            trunk = tuple(Stage(**_with_block(stage)) for stage in content["trunk"])
            others = {k: v for k, v in content.items() if k not in ("trunk", "levels")}
            if "backbone" in others:
                others["backbone"] = Backbone(**others["backbone"])
            return cls(trunk=trunk, levels=levels, **others)
        except (TypeError, KeyError, AttributeError) as error:
            raise SpecError(f"Not a network specification ({error}).") from error

    @classmethod
    def load(cls, path: Path | str) -> NetSpec:
        """Read a specification from JSON.

        Raises:
            FileFormatError: the file is missing or is not JSON.
            SpecError: it is no specification.
        """
        content = io.read_json(path)
        try:
            return cls.from_dict(content)
        except SpecError as error:
            raise SpecError(f"{path}: {error}") from error

    def save(self, path: Path | str) -> None:
        """Write the specification atomically as JSON."""
        io.write_json(path, self.to_dict())


def branching(
    trunk: tuple[tuple[int, int], ...] = ((16, 0), (32, 1)),
    levels: tuple[tuple[int, int], ...] = ((48, 1), (32, 1)),
    block: Block = RESNET,
    **others: Any,
) -> NetSpec:
    """Return a tree network from (width, depth) pairs, halving the map at every step.

    >>> branching().side(2)
    4
    """
    return NetSpec(
        trunk=tuple(Stage(w, d, 1 if i == 0 else 2, block) for i, (w, d) in enumerate(trunk)),
        levels=tuple(Level((Bucket(w),), d, block=block) for w, d in levels),
        **others,
    )


def _check_choice(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        raise SpecError(f"Unknown {what} {name!r}; choose from: {', '.join(known)}.")


def _with_block(content: io.Json) -> dict[str, io.Json]:
    return {**content, "block": Block(**content["block"])} if "block" in content else content


RECOMMENDED = NetSpec(
    trunk=(
        Stage(12, 0),
        Stage(20, 1, 2),
        Stage(40, 1, 2, CONVNEXT),
        Stage(64, 1, 2, Block("convnext", expand=2)),
    )
)
"""One path of the tree network that does best on the icons; `NetSpec.split` makes the network."""
