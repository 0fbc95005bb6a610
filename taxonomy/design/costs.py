"""Closed-form cost of a network and of all its experts, without building any.

Parameters are weights, biases and normalisation scales and shifts. MACs are multiply-accumulates
of convolutions and heads, at batch 1; normalisation, activation and pooling are left out, as
torch's own counter leaves them out (it counts 2 per MAC).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import IntArray
from taxonomy._core.checked import check_kind
from taxonomy._core.errors import SpecError
from taxonomy.design.blocks import MOST_MACS, MOST_PARAMS, stage_cost
from taxonomy.design.spec import NetSpec
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy

FLOAT32_BYTES = 4


@dataclass(frozen=True)
class Cost:
    """What a network costs; printed, one line a quantity with its unit.

    Args:
        params: parameters.
        macs: multiply-accumulates of one picture.
        peak_activation_bytes: the most bytes of feature maps alive at once, one picture, float32.

    >>> print(Cost(params=1142732, macs=51134208, peak_activation_bytes=294912))
    parameters           1,142,732
    multiply-accumulates 51,134,208 a picture
    weights              4,570,928 bytes in float32
    peak activation      294,912 bytes in float32, one picture
    """

    params: int
    macs: int
    peak_activation_bytes: int

    @property
    def weight_bytes(self) -> int:
        """Bytes of all parameters in float32."""
        return self.params * FLOAT32_BYTES

    def __str__(self) -> str:
        return (
            f"parameters           {self.params:,}\n"
            f"multiply-accumulates {self.macs:,} a picture\n"
            f"weights              {self.weight_bytes:,} bytes in float32\n"
            f"peak activation      {self.peak_activation_bytes:,} bytes in float32, one picture"
        )


class Costs(NamedTuple):
    """Costs of many experts, one entry a task: ``params`` and ``macs``, shape (tasks,)."""

    params: IntArray
    macs: IntArray


def cost(
    spec: NetSpec,
    hierarchy: Hierarchy,
    classes: Iterable[str] | None = None,
    *,
    width: float = 1.0,
) -> Cost:
    """Return the cost of a network or, given some of its classes, of their expert.

    Args:
        spec: the shape of the network.
        hierarchy: its tree.
        classes: label ids that an expert is asked for; by default all, which is the whole network.
        width: share of the channels that is kept, see `NetSpec.narrowed`.

    Raises:
        LabelError: no class, an unknown one, or one given twice.
        SpecError: something else is given, the hierarchy has nodes deeper than there are levels,
            the network has no such width, or more than 10^10 parameters or 10^15 MACs.

    >>> from taxonomy.design.spec import NetSpec
    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> spec = NetSpec.tree(levels=((48, 1),))
    >>> cost(spec, tree).params, cost(spec, tree, ["cat", "dog"]).params
    (135060, 79378)
    >>> cost(spec, tree, ["cat", "dog"], width=0.5).params
    20106
    >>> cost(NetSpec.flat(), Hierarchy.star(f"c{i:03d}" for i in range(212)))
    Cost(params=1142732, macs=51134208, peak_activation_bytes=294912)
    """
    check_kind(spec, NetSpec, "the specification", SpecError)
    check_kind(hierarchy, Hierarchy, "the tree", SpecError)
    spec = spec.narrowed(width)
    if classes is not None:
        hierarchy = hierarchy.restrict(classes)
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
        SpecError: the hierarchy has nodes deeper than there are levels, or the network has more
            than 10^10 parameters or 10^15 MACs.
    """
    widths = spec.widths(hierarchy).astype(np.float64)  # exact up to the limits, and past them safe
    params = np.zeros(len(hierarchy))
    macs = np.zeros(len(hierarchy))
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
            level.block,
            read[nodes],
            widths[nodes],
            level.depth,
            level.stride,
            spec.side(depth),
            level.opening,
        )
        if spec.nesting == "gate":
            params[nodes] += above[nodes] + 1
            macs[nodes] += above[nodes]
    for what, total, most in (
        ("parameters", params.sum(), MOST_PARAMS),
        ("MACs a picture", macs.sum(), MOST_MACS),
    ):
        if total > most:
            raise SpecError(
                f"The network would have {total:.1e} {what}, and at most {most:.0e} are built; "
                "give narrower or fewer stages."
            )
    return params.astype(np.int64), macs.astype(np.int64)


def read_widths(spec: NetSpec, hierarchy: Hierarchy, widths: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the channels that each node reads, shape (entries,); 0 at the root."""
    parents = np.maximum(hierarchy.parent, 0)
    if spec.nesting != "ancestors":
        return np.where(hierarchy.parent < 0, 0, widths[parents])
    read = np.zeros_like(widths)
    for entry in range(1, len(hierarchy)):  # preorder: parents come first
        read[entry] = read[parents[entry]] + widths[parents[entry]]
    return read


def _trunk_cost(spec: NetSpec) -> tuple[float, float]:
    params = macs = 0.0
    width_in, side = float(spec.channels), spec.resolution
    if spec.backbone:
        params, macs = float(spec.backbone.params), float(spec.backbone.macs)
        width_in, side = float(spec.backbone.width), -(-side // spec.backbone.stride)
    for stage in spec.trunk:
        side = -(-side // stage.stride)
        width = float(stage.width)
        more = stage_cost(
            stage.block, width_in, width, stage.depth, stage.stride, side, stage.opening
        )
        params, macs = params + more[0], macs + more[1]
        width_in = width
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
        output = spec.backbone.width * side**2
        peak, before = before + output, output
    for stage in spec.trunk:
        side = -(-side // stage.stride)
        output = stage.width * side**2
        in_block = int(stage.block.alive(stage.width)) * side**2 if stage.depth else 0
        peak = max(peak, before + output, in_block)
        before = output
    inner = np.zeros(len(hierarchy), dtype=bool)
    inner[hierarchy.nodes] = True
    read = read_widths(spec, hierarchy, widths)
    older = 0
    for depth, level in enumerate(spec.levels, start=1):
        nodes = np.flatnonzero(inner & (hierarchy.depth == depth))
        if not len(nodes):
            break
        firsts = nodes[np.unique(hierarchy.parent[nodes], return_index=True)[1]]
        copies = level.opening and (len(firsts) > 1 or spec.nesting == "ancestors")
        gathered = int(read[firsts].sum()) * spec.side(depth - 1) ** 2 if copies else 0
        output = int(widths[nodes].sum()) * spec.side(depth) ** 2
        kept = older + before
        held = int(level.block.alive(widths[nodes]).sum()) * spec.side(depth) ** 2
        in_block = kept + held if level.depth else 0
        peak = max(peak, kept + gathered + output, in_block)
        older = kept if spec.nesting == "ancestors" else 0
        before = output
    return peak * FLOAT32_BYTES
