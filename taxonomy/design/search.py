"""Design search: the best of many thousand networks within a budget, by cost alone.

A design is a trunk of a few stages, a split, and one width and depth a level. Its cost, and the
mean cost of its experts over a task list, are sums over (level, width) with closed-form terms, so
whole grids of designs are costed in one stroke of array arithmetic.

What a design will score can only be measured. The search ranks by two quantities that costs alone
can tell: the MACs on one class's path (what a single answer is computed from) and the parameters
of the whole network (what it can keep apart). A flat thin network has the longest path an expert's
budget buys and the fewest parameters; a wide tree has it the other way round. The score is the
geometric mean of both.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import SpecError, check_choice, check_whole
from taxonomy._core.spelling import counted
from taxonomy.design.blocks import (
    MOST_BLOCKS,
    MOST_MACS,
    MOST_WIDTH,
    Block,
    Bucket,
    Level,
    Stage,
    nearest_multiple,
    stage_cost,
)
from taxonomy.design.costs import kept_sum
from taxonomy.design.families import FAMILIES
from taxonomy.design.spec import MOST_RESOLUTION, MOST_STAGES, NetSpec
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd


CHANNELS = 3


@dataclass(frozen=True)
class DesignConfig:
    """What is searched, and within which budgets.

    Args:
        macs: most MACs of the whole network.
        expert_macs: most MACs of an expert, mean over the tasks; 0 for no bound.
        expert_params: most parameters of an expert, mean over the tasks; 0 for no bound.
        trunk_family: how the trunk is built, one of `FAMILIES`, with its default options.
        branch_family: how the branches are built, likewise.
        stages: numbers of trunk stages, so where the split may lie; from the second on, each
            halves the map.
        trunk_widths: channels of a trunk stage; from stage to stage they never fall.
        trunk_depths: residual blocks of a trunk stage from the second on; the first has none.
        widths: channels of a level's nodes.
        align: all widths are rounded to multiples of it, at least one: 8 or 16 makes networks that
            a processor which works on so many channels at once wastes nothing on; 1 leaves them.
        depths: residual blocks of a level's nodes.
        smallest_side: levels stop halving the map at this side, in pixels.
        resolution: side of the input, in pixels.
        best: designs returned.

    Raises:
        SpecError: an unknown family, an empty list, or a number out of range.
    """

    macs: int = 76_700_000
    expert_macs: int = 0
    expert_params: int = 0
    trunk_family: str = "resnet"
    branch_family: str = "resnet"
    stages: tuple[int, ...] = (2, 3)
    trunk_widths: tuple[int, ...] = (8, 12, 16, 24, 32, 48)
    trunk_depths: tuple[int, ...] = (0, 1, 2)
    widths: tuple[int, ...] = (16, 24, 32, 40, 48, 64)
    align: int = 1
    depths: tuple[int, ...] = (0, 1, 2)
    smallest_side: int = 4
    resolution: int = 32
    best: int = 10

    def __post_init__(self) -> None:
        """Check ranges."""
        for name in ("trunk_family", "branch_family"):
            check_choice(name, getattr(self, name), FAMILIES, SpecError)
        for name, least, most in (
            ("stages", 1, MOST_STAGES),
            ("trunk_widths", 1, MOST_WIDTH),
            ("trunk_depths", 0, MOST_BLOCKS),
            ("widths", 1, MOST_WIDTH),
            ("depths", 0, MOST_BLOCKS),
        ):
            if not getattr(self, name):
                raise SpecError(f"`{name}` is empty; give at least one number to search.")
            for size in getattr(self, name):
                check_whole(f"`{name}`", size, least, most, SpecError)
        check_whole("`resolution`", self.resolution, 1, MOST_RESOLUTION, SpecError)
        check_whole("`smallest_side`", self.smallest_side, 1, MOST_RESOLUTION, SpecError)
        check_whole("`best`", self.best, 1, MOST_DESIGNS, SpecError)
        check_whole("`align`", self.align, 1, MOST_WIDTH, SpecError)
        for name, least in (("macs", 1), ("expert_macs", 0), ("expert_params", 0)):
            check_whole(f"`{name}`", getattr(self, name), least, MOST_MACS, SpecError)

    def aligned(self, widths: tuple[int, ...]) -> list[int]:
        """Return widths rounded to multiples of ``align``, each once, the narrowest first."""
        return sorted({nearest_multiple(width, self.align) for width in widths})


@dataclass(frozen=True)
class Designs:
    """The best designs of a search.

    Args:
        specs: the designs, best first.
        table: one row each: ``macs params expert_macs expert_params path_macs score`` and the
            shape in words.
        searched: how many designs were costed.
        fitting: how many of them fit the budgets.
        tasks: how many the experts' costs are means over.
    """

    specs: tuple[NetSpec, ...]
    table: pd.DataFrame
    searched: int
    fitting: int
    tasks: int

    def __str__(self) -> str:
        """Return the designs as a table to read, costs in millions and thousands."""
        table = self.table.assign(score=self.table["score"] / self.table["score"].max())
        for name in ("macs", "expert_macs", "path_macs"):
            table[name] = (table[name] / 1e6).map("{:.1f}M".format)
        for name in ("params", "expert_params"):
            table[name] = (table[name] / 1e3).map("{:.0f}k".format)
        return (
            f"{counted(self.searched, 'design')} costed, {self.fitting} within the budgets; "
            "experts: mean over "
            f"{counted(self.tasks, 'task')}\n{table.round(3).to_string(index=False)}"
        )


MOST_DESIGNS = 10_000_000
"""Their costs take about 3 GB."""


def number_of_designs(config: DesignConfig, levels: int) -> int:
    """Return how many designs the grids of a configuration hold for a tree of some levels."""
    branches = (len(config.depths) * len(config.aligned(config.widths))) ** levels
    trunk_widths = len(config.aligned(config.trunk_widths))
    trunks = (
        len(config.trunk_depths) ** (stages - 1) * math.comb(trunk_widths + stages - 1, stages)
        for stages in config.stages
    )
    return int(branches * sum(trunks))


def design_search(
    hierarchy: Hierarchy, tasks: TaskList, config: DesignConfig | None = None
) -> Designs:
    """Search designs for a tree and the experts that will be asked for.

    Args:
        hierarchy: the tree; its depth fixes the number of levels.
        tasks: the experts whose mean cost counts.
        config: budgets and grids.

    Raises:
        SpecError: there are no tasks, the tree has no groups, or so many levels that the designs
            are too many, or no design fits the budgets.
        LabelError: the tasks ask for classes that the hierarchy lacks.

    >>> from taxonomy.tasks import Task
    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> pairs = TaskList([Task("pets", ("cat", "dog"))], tree.leaves)
    >>> found = design_search(tree, pairs, DesignConfig(macs=3_000_000, best=3))
    >>> len(found.specs), bool((found.table["macs"] <= 3_000_000).all())
    (3, True)
    """
    import pandas as pd

    check_kind(hierarchy, Hierarchy, "the tree", SpecError)
    check_kind(tasks, TaskList, "the task list", SpecError)
    if not len(tasks):
        raise SpecError("There is no task to cost experts for; leave out `kind` and `size`.")
    config = config or DesignConfig()
    levels = int(hierarchy.depth[hierarchy.nodes].max())
    if not levels:
        raise SpecError("The tree has no groups; a flat network has nothing to design.")
    if number_of_designs(config, levels) > MOST_DESIGNS:
        raise SpecError(
            f"A tree of {levels} levels makes more designs than the {MOST_DESIGNS:,} that are "
            "searched; give one of fewer levels, or fewer widths and depths."
        )
    counts = Counts.of(hierarchy, tasks)
    grids = [
        Grid(config, stages, (0, *trunk_depths), depths)
        for stages in config.stages
        for trunk_depths in itertools.product(config.trunk_depths, repeat=stages - 1)
        for depths in itertools.product(config.depths, repeat=levels)
    ]
    costs = pd.concat(
        [pd.DataFrame(grid.costs(counts)).assign(grid=i) for i, grid in enumerate(grids)]
    ).reset_index(names="row")
    fits = costs["macs"] <= config.macs
    for column in ("expert_macs", "expert_params"):
        if bound := getattr(config, column):
            fits &= costs[column] <= bound
    if not fits.any():
        least = costs.loc[costs["expert_macs"].idxmin()]
        raise SpecError(
            f"None of {counted(len(costs), 'design')} fits the budgets; the cheapest expert has "
            f"{least['expert_macs'] / 1e6:.1f} million MACs in a network of "
            f"{least['macs'] / 1e6:.1f} million. Raise a budget or allow narrower widths."
        )
    order = ["score", "grid", "row"]
    best = costs[fits].sort_values(order, ascending=[False, True, True]).head(config.best)
    specs = tuple(grids[g].spec(r) for g, r in zip(best["grid"], best["row"], strict=True))
    table = best.drop(columns=["grid", "row"]).reset_index(drop=True)
    table.insert(0, "shape", [describe(spec) for spec in specs])
    return Designs(specs, table, len(costs), int(fits.sum()), len(tasks))


def describe(spec: NetSpec) -> str:
    """Return a design in a few characters: width x depth of each stage, then of each level.

    >>> describe(NetSpec.flat((8, 16)))
    '8x1 16x1'
    """
    stages = " ".join(f"{stage.width}x{stage.depth}" for stage in spec.trunk)
    levels = (
        "/".join(str(b.width) for b in level.buckets) + f"x{level.depth}" for level in spec.levels
    )
    return " | ".join([stages, *levels])


@dataclass(frozen=True)
class Counts:
    """How many nodes and heads the whole network, a mean expert and a mean class have, by level.

    Args:
        nodes: entries at depths 1, 2, … of the whole network; shape (levels,).
        heads: leaves below the trunk and below each level's nodes; shape (levels + 1,).
        expert_nodes: the same as ``nodes``, mean over the tasks.
        expert_heads: the same as ``heads``, mean over the tasks.
        path_nodes: share of the classes whose path has a node at each depth.
    """

    nodes: FloatArray
    heads: FloatArray
    expert_nodes: FloatArray
    expert_heads: FloatArray
    path_nodes: FloatArray

    @classmethod
    def of(cls, hierarchy: Hierarchy, tasks: TaskList) -> Counts:
        """Count a tree's entries, and those that each task keeps.

        Raises:
            LabelError: the tasks ask for classes that the hierarchy lacks.
        """
        inner = np.zeros(len(hierarchy), dtype=bool)
        inner[hierarchy.nodes] = True
        depth = hierarchy.depth
        levels = int(depth[inner].max())
        nodes = np.array([(inner & (depth == d)) for d in range(1, levels + 1)], dtype=np.int64)
        heads = np.array([(~inner & (depth == d + 1)) for d in range(levels + 1)], dtype=np.int64)
        leaf_depth = depth[hierarchy.leaf_entries]
        return cls(
            nodes=nodes.sum(1).astype(float),
            heads=heads.sum(1).astype(float),
            expert_nodes=kept_sum(hierarchy, tasks, nodes).mean(0),
            expert_heads=kept_sum(hierarchy, tasks, heads).mean(0),
            path_nodes=np.array([(leaf_depth > d).mean() for d in range(1, levels + 1)]),
        )


@dataclass(frozen=True)
class Grid:
    """All choices of widths for one split and one choice of depths.

    Args:
        config: the widths to choose from.
        stages: of the trunk.
        trunk_depths: residual blocks of each stage.
        depths: residual blocks of each level's nodes.
    """

    config: DesignConfig
    stages: int
    trunk_depths: tuple[int, ...]
    depths: tuple[int, ...]

    @cached_property
    def widths(self) -> IntArray:
        """One column a design: the widths of the trunk's stages, then of the levels.

        A trunk never narrows: what one stage throws away no later one gets back.
        """
        trunks = itertools.combinations_with_replacement(
            self.config.aligned(self.config.trunk_widths), self.stages
        )
        widths = self.config.aligned(self.config.widths)
        branches = itertools.product(widths, repeat=len(self.depths))
        rows = [(*trunk, *branch) for trunk, branch in itertools.product(trunks, list(branches))]
        return np.array(rows, dtype=np.int64).T

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """The strides of stages and levels: 2 from the second on, 1 where the map is small."""
        strides, side = [1], self.config.resolution
        for i in range(1, self.stages + len(self.depths)):
            in_trunk = i < self.stages
            strides.append(2 if in_trunk or side >= 2 * self.config.smallest_side else 1)
            side = -(-side // strides[-1])
        return tuple(strides)

    def costs(self, counts: Counts) -> dict[str, FloatArray]:
        """Return every design's costs and score, each of shape (designs,)."""
        blocks = [Block(self.config.trunk_family)] * self.stages
        blocks += [Block(self.config.branch_family)] * len(self.depths)
        side, read = self.config.resolution, np.array(float(CHANNELS))
        whole = expert = path = np.zeros(1)
        for i, width in enumerate(self.widths.astype(np.float64)):
            level = i - self.stages
            depth = self.trunk_depths[i] if level < 0 else self.depths[level]
            side = -(-side // self.strides[i])
            part = np.array(stage_cost(blocks[i], read, width, depth, self.strides[i], side))
            whole = whole + part * (1 if level < 0 else counts.nodes[level])
            expert = expert + part * (1 if level < 0 else counts.expert_nodes[level])
            path = path + part[1] * (1 if level < 0 else counts.path_nodes[level])
            if level >= -1:  # heads hang below the trunk's last stage and below every level
                head = np.array([width + 1, width])
                whole = whole + head * counts.heads[level + 1]
                expert = expert + head * counts.expert_heads[level + 1]
            read = width
        return {
            "macs": whole[1],
            "params": whole[0],
            "expert_macs": expert[1],
            "expert_params": expert[0],
            "path_macs": path,
            "score": np.sqrt(path * whole[0]),
        }

    def spec(self, row: int) -> NetSpec:
        """Return one design."""
        widths = [int(width) for width in self.widths[:, row]]
        trunk_block, block = Block(self.config.trunk_family), Block(self.config.branch_family)
        trunk = zip(widths, self.trunk_depths, self.strides, strict=False)
        levels = zip(widths[self.stages :], self.depths, self.strides[self.stages :], strict=True)
        return NetSpec(
            trunk=tuple(Stage(w, d, s, trunk_block) for w, d, s in trunk),
            levels=tuple(Level((Bucket(w),), d, s, block) for w, d, s in levels),
            resolution=self.config.resolution,
        )
