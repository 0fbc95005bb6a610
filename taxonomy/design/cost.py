"""Closed-form cost of a network and of all its experts, without building any.

Parameters are weights, biases and normalisation scales and shifts. MACs are multiply-accumulates
of convolutions and heads, at batch 1; normalisation, activation and pooling are left out, as
torch's own counter leaves them out (it counts 2 per MAC).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from taxonomy.design.blocks import Block
from taxonomy.design.spec import NetSpec
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy

IntArray = npt.NDArray[np.int64]
FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Cost:
    """What a network costs.

    Args:
        params: learned numbers.
        macs: multiply-accumulates of one picture.
        peak_activation_bytes: the most bytes of feature maps alive at once, one picture, float32.
    """

    params: int
    macs: int
    peak_activation_bytes: int


class Costs(NamedTuple):
    """Costs of many experts, one entry a task: ``params`` and ``macs``, shape (tasks,)."""

    params: IntArray
    macs: IntArray


def cost(spec: NetSpec, hierarchy: Hierarchy, task: Iterable[str] | None = None) -> Cost:
    """Return the cost of the full network or, given its classes, of one expert.

    >>> from taxonomy.design.spec import Block, NetSpec
    >>> star = Hierarchy.star(f"c{i:03d}" for i in range(212))
    >>> cost(NetSpec.flat(), star)
    Cost(params=1142732, macs=51134208, peak_activation_bytes=294912)
    """
    if task is not None:
        hierarchy = hierarchy.restrict(task)
    params, macs = entry_costs(spec, hierarchy)
    return Cost(int(params.sum()), int(macs.sum()), _peak_bytes(spec, hierarchy))


def expert_costs(spec: NetSpec, hierarchy: Hierarchy, tasks: TaskList) -> Costs:
    """Return the cost of every task's expert in one matrix product.

    Raises:
        LabelError: the tasks ask for classes that the hierarchy lacks.
    """
    params, macs = kept_sum(hierarchy, tasks, np.array(entry_costs(spec, hierarchy))).T
    return Costs(params, macs)


def kept_sum(hierarchy: Hierarchy, tasks: TaskList, values: IntArray) -> IntArray:
    """Sum values of the entries that each task's expert keeps: those on some class's path.

    Args:
        hierarchy: the tree.
        tasks: classes of each expert.
        values: one row a quantity, shape (quantities, entries).

    Returns:
        Sums, shape (tasks, quantities).

    Raises:
        LabelError: the tasks ask for classes that the hierarchy lacks.
    """
    from scipy import sparse

    columns = hierarchy.positions(tasks.ids)
    rows, entries = [], []
    for leaf, entry in enumerate(hierarchy.leaf_entries):
        while entry >= 0:
            rows.append(leaf)
            entries.append(entry)
            entry = hierarchy.parent[entry]
    on_path = sparse.csr_matrix(
        (np.ones(len(rows)), (rows, entries)), shape=(len(hierarchy.leaves), len(hierarchy))
    )
    kept = (sparse.csr_matrix(tasks.membership.astype(float)) @ on_path[columns]) > 0
    return np.asarray(kept @ values.T, dtype=np.int64)


def entry_costs(spec: NetSpec, hierarchy: Hierarchy) -> tuple[IntArray, IntArray]:
    """Return parameters and MACs of each entry: root = trunk, node = branch, leaf = head.

    Raises:
        SpecError: the hierarchy has nodes deeper than there are levels.
    """
    widths = spec.widths(hierarchy)
    params = np.zeros(len(hierarchy), dtype=np.int64)
    macs = np.zeros(len(hierarchy), dtype=np.int64)
    params[0], macs[0] = _trunk_cost(spec)
    above = widths[np.maximum(hierarchy.parent, 0)]
    is_leaf = np.zeros(len(hierarchy), dtype=bool)
    is_leaf[hierarchy.leaf_entries] = True
    # A head is a 1x1 convolution to one channel and a global average; averaging first is the same
    # number and needs one product a channel.
    params[is_leaf] = above[is_leaf] + 1
    macs[is_leaf] = above[is_leaf]
    read = read_widths(spec, hierarchy, widths)
    for depth, level in enumerate(spec.levels, start=1):
        nodes = np.flatnonzero((hierarchy.depth == depth) & ~is_leaf)
        params[nodes], macs[nodes] = stage_cost(
            level.block, read[nodes], widths[nodes], level.depth, level.stride, spec.side(depth)
        )
        if spec.nesting == "gate":
            params[nodes] += above[nodes] + 1
            macs[nodes] += above[nodes]
    return params, macs


def read_widths(spec: NetSpec, hierarchy: Hierarchy, widths: IntArray) -> IntArray:
    """Return the channels that each node reads, shape (entries,); 0 at the root."""
    parents = np.maximum(hierarchy.parent, 0)
    if spec.nesting != "ancestors":
        return np.where(hierarchy.parent < 0, 0, widths[parents])
    read = np.zeros(len(hierarchy), dtype=np.int64)
    for entry in range(1, len(hierarchy)):  # preorder: parents come first
        read[entry] = read[parents[entry]] + widths[parents[entry]]
    return read


def stage_cost(
    block: Block,
    width_in: IntArray | int,
    width: IntArray | int,
    depth: int,
    stride: int,
    side: int,
) -> tuple[IntArray, IntArray]:
    """Return parameters and MACs of one stage.

    Args:
        block: how it is built.
        width_in: channels read.
        width: channels made.
        depth: residual blocks.
        stride: of the opening convolution.
        side: of the map made, in pixels.
    """
    w_in, w = np.asarray(width_in, dtype=np.int64), np.asarray(width, dtype=np.int64)
    return STAGE_COSTS[block.family](block, w_in, w, depth, stride, side)


def _resnet_cost(
    block: Block, width_in: IntArray, width: IntArray, depth: int, stride: int, side: int
) -> tuple[IntArray, IntArray]:
    del block, stride  # a ResNet stage has neither options nor a kernel that follows its stride
    weights = 9 * width_in * width + depth * 2 * 9 * width * width
    norms = 2 * width * (1 + 2 * depth)
    return weights + norms, weights * side * side


def _convnext_cost(
    block: Block, width_in: IntArray, width: IntArray, depth: int, stride: int, side: int
) -> tuple[IntArray, IntArray]:
    wide = block.expand * width
    opening = width_in * width * (9 if stride == 1 else stride**2)
    weights = opening + depth * (block.kernel**2 * width + 2 * width * wide)
    params = weights + 2 * width + depth * (2 * 2 * width + wide)  # norms, the wide bias
    macs = weights * side * side
    if block.recalibrate == "grn":
        params = params + depth * 2 * wide
    if block.recalibrate == "se":
        narrow = np.maximum(1, wide // 4)
        params = params + depth * (2 * wide * narrow + narrow + wide)
        macs = macs + depth * 2 * wide * narrow
    return params, macs


STAGE_COSTS = {"resnet": _resnet_cost, "convnext": _convnext_cost}
"""The closed form of each base family's stage."""


def _trunk_cost(spec: NetSpec) -> tuple[int, int]:
    params = macs = 0
    width_in, side = spec.channels, spec.resolution
    if spec.backbone:
        params, macs = spec.backbone.params, spec.backbone.macs
        width_in, side = spec.backbone.width, -(-side // spec.backbone.stride)
    for stage in spec.trunk:
        side = -(-side // stage.stride)
        more_params, more_macs = stage_cost(
            stage.block, width_in, stage.width, stage.depth, stage.stride, side
        )
        params, macs = params + int(more_params), macs + int(more_macs)
        width_in = stage.width
    return params, macs


def _peak_bytes(spec: NetSpec, hierarchy: Hierarchy) -> int:
    """Return the largest sum of maps alive in one step: input, copies, output, shortcut.

    A level keeps the maps it reads until all its packs are done; where it has several parents it
    may have to bring their maps into order first, a copy of each, and then makes its own. A
    ConvNeXt block holds its input and its wide map before and after the activation. Of a timm
    backbone only the input and the map it makes are known, so its own peak is not in the figure.
    """
    widths = spec.widths(hierarchy)
    peak, before, side = 0, spec.channels * spec.resolution**2, spec.resolution
    if spec.backbone:
        side = -(-side // spec.backbone.stride)
        made = spec.backbone.width * side**2
        peak, before = before + made, made
    for stage in spec.trunk:
        side = -(-side // stage.stride)
        made = stage.width * side**2
        peak = max(peak, before + made, _block_maps(stage.block) * made if stage.depth else 0)
        before = made
    inner = np.zeros(len(hierarchy), dtype=bool)
    inner[hierarchy.nodes] = True
    read = read_widths(spec, hierarchy, widths)
    older = 0
    for depth, level in enumerate(spec.levels, start=1):
        nodes = np.flatnonzero(inner & (hierarchy.depth == depth))
        if not len(nodes):
            break
        firsts = nodes[np.unique(hierarchy.parent[nodes], return_index=True)[1]]
        copies = len(firsts) > 1 or spec.nesting == "ancestors"
        gathered = int(read[firsts].sum()) * spec.side(depth - 1) ** 2 if copies else 0
        made = int(widths[nodes].sum()) * spec.side(depth) ** 2
        kept = older + before
        in_block = kept + _block_maps(level.block) * made if level.depth else 0
        peak = max(peak, kept + gathered + made, in_block)
        older = kept if spec.nesting == "ancestors" else 0
        before = made
    return peak * FLOAT32_BYTES


def _block_maps(block: Block) -> int:
    """Return how many maps of its own width a residual block holds at once."""
    return 3 if block.family == "resnet" else 1 + 2 * block.expand
