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

from taxonomy.hierarchy import Hierarchy
from taxonomy.spec import NetSpec
from taxonomy.tasks import TaskList

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

    >>> from taxonomy.spec import NetSpec
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

    An expert keeps the trunk, the nodes on its classes' paths and their heads, so its cost is the
    sum over the entries of the tree that lie on some path.

    Raises:
        LabelError: the tasks ask for classes that the hierarchy lacks.
    """
    from scipy import sparse

    params, macs = entry_costs(spec, hierarchy)
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
    return Costs(np.asarray(kept @ params, dtype=np.int64), np.asarray(kept @ macs, dtype=np.int64))


def entry_costs(spec: NetSpec, hierarchy: Hierarchy) -> tuple[IntArray, IntArray]:
    """Return parameters and MACs of each entry: root = trunk, node = branch, leaf = head.

    Raises:
        SpecError: the hierarchy has nodes deeper than there are levels.
    """
    widths = spec.widths(hierarchy)
    params = np.zeros(len(hierarchy), dtype=np.int64)
    macs = np.zeros(len(hierarchy), dtype=np.int64)
    params[0], macs[0] = _trunk_cost(spec)
    parents = np.maximum(hierarchy.parent, 0)
    below = widths[parents]
    is_leaf = np.zeros(len(hierarchy), dtype=bool)
    is_leaf[hierarchy.leaf_entries] = True
    # A head is a 1x1 convolution to one channel and a global average; averaging first is the same
    # number and needs one product a channel.
    params[is_leaf] = below[is_leaf] + 1
    macs[is_leaf] = below[is_leaf]
    for depth, level in enumerate(spec.levels, start=1):
        nodes = np.flatnonzero((hierarchy.depth == depth) & ~is_leaf)
        params[nodes], macs[nodes] = stage_cost(
            below[nodes], widths[nodes], level.depth, spec.side(depth)
        )
    return params, macs


def stage_cost(
    width_in: IntArray | int, width: IntArray | int, depth: int, side: int
) -> tuple[IntArray, IntArray]:
    """Return parameters and MACs of one ResNet stage: 3x3 convolution, then residual blocks.

    Args:
        width_in: channels read.
        width: channels made.
        depth: residual blocks, each of two 3x3 convolutions.
        side: of the map made, in pixels.
    """
    first = 9 * np.asarray(width_in, dtype=np.int64) * width
    block = 2 * 9 * np.asarray(width, dtype=np.int64) * width
    weights = first + depth * block
    norms = 2 * np.asarray(width, dtype=np.int64) * (1 + 2 * depth)
    return weights + norms, weights * side * side


def _trunk_cost(spec: NetSpec) -> tuple[int, int]:
    params = macs = 0
    width_in, side = spec.channels, spec.resolution
    for stage in spec.trunk:
        side = -(-side // stage.stride)
        more_params, more_macs = stage_cost(width_in, stage.width, stage.depth, side)
        params, macs = params + int(more_params), macs + int(more_macs)
        width_in = stage.width
    return params, macs


def _peak_bytes(spec: NetSpec, hierarchy: Hierarchy) -> int:
    """Return the largest sum of maps alive in one step: input, copies, output, shortcut.

    A level keeps its parents' maps until all its packs are done; where it has several parents it
    first copies each child's parent map (the gather), then makes its own.
    """
    widths = spec.widths(hierarchy)
    peak, before, side = 0, spec.channels * spec.resolution**2, spec.resolution
    for stage in spec.trunk:
        side = -(-side // stage.stride)
        made = stage.width * side**2
        peak = max(peak, before + made, 3 * made if stage.depth else 0)
        before = made
    inner = np.zeros(len(hierarchy), dtype=bool)
    inner[hierarchy.nodes] = True
    for depth, level in enumerate(spec.levels, start=1):
        nodes = np.flatnonzero(inner & (hierarchy.depth == depth))
        if not len(nodes):
            break
        parents = hierarchy.parent[nodes]
        several = len(np.unique(parents)) > 1
        gathered = int(widths[parents].sum()) * spec.side(depth - 1) ** 2 if several else 0
        made = int(widths[nodes].sum()) * spec.side(depth) ** 2
        peak = max(peak, before + gathered + made, before + 3 * made if level.depth else 0)
        before = made
    return peak * FLOAT32_BYTES
