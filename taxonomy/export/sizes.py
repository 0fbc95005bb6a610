"""How large a bundle's model will be, from the specification and the tree alone."""

from __future__ import annotations

from collections.abc import Iterator

from taxonomy._core.errors import ExportError, check_choice
from taxonomy.design.blocks import Block
from taxonomy.design.families import quarter
from taxonomy.design.spec import NetSpec
from taxonomy.export.packs import Pack, packed
from taxonomy.trees.hierarchy import Hierarchy

FLOAT_BYTES = 4

WORDS = {
    "executorch": (389, -48, 8423),
    "onnx": (27, 158, 290),
    "openvino": (493, 1808, 351),
    "tflite": (101, 239, 1032),
    "torch-export": (637, 2547, 6518),
}
"""By target: bytes of a step without weights, of a convolution beside its weights, of the rest."""

Shape = tuple[int, int, int, int]
"""Of a convolution: channels out, channels in of a group, side of the kernel, groups."""


def model_bytes(
    spec: NetSpec, hierarchy: Hierarchy, target: str = "onnx", lowering: str = "auto"
) -> int:
    """Return how many bytes a model in floats takes, without building a network.

    Within 3 % for models from 100 kB on; of smaller ones names and other words are a larger part.
    Normalisations are folded away; the head is one dense product, in which a class has a weight for
    every channel of every node that has classes, zero but for its own node's.

    Args:
        spec: shape of the network.
        hierarchy: its tree, an expert's being the restricted one.
        target: name of the format, one of `WORDS`.
        lowering: as in `taxonomy.export.ONNX`.

    Raises:
        ExportError: the network has a timm backbone, or another target is asked for.
        SpecError: more levels of nodes than the network has.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> cats = tree.restrict(["cat", "dog"])
    >>> round(model_bytes(NetSpec.tree(levels=((48, 1),)), cats), -4)
    320000
    """
    check_choice("target", target, WORDS, ExportError)
    if spec.backbone:
        raise ExportError("A network with a timm `backbone` is not exported.")
    if target != "onnx" and lowering == "auto":
        lowering = "grouped"  # as `taxonomy.export.target.Device.graph` has it
    packs = packed(spec, hierarchy, lowering)
    numbers = convolutions = steps = 0
    for shapes, others, more in _parts(spec, packs):
        for out, inner, kernel, _ in shapes:
            numbers += out * inner * kernel**2 + out
        convolutions += len(shapes)
        steps += others
        numbers += more
    with_leaves = {int(hierarchy.parent[entry]) for entry in hierarchy.leaf_entries}
    holding = [pack for pack in packs if with_leaves & set(pack.nodes)]
    channels = sum(pack.width * len(pack.nodes) for pack in holding)
    numbers += (channels + 1) * len(hierarchy.leaves)
    steps += len(holding) * (8 if spec.head == "cosine" else 2) + 2
    names = sum(2 * len(name.encode()) + 14 for name in hierarchy.leaves)
    step, convolution, rest = WORDS[target]
    return FLOAT_BYTES * numbers + convolution * convolutions + step * steps + rest + names


def _parts(spec: NetSpec, packs: list[Pack]) -> Iterator[tuple[list[Shape], int, int]]:
    """Yield per stage and pack its convolutions, other steps, and numbers outside convolutions."""
    width_in = spec.channels
    for stage in spec.trunk:
        part = _blocks(stage.block, stage.width, stage.depth, 1, False)
        opening = (stage.width, width_in, stage.block.record.opening(stage.stride), 1)
        yield [opening, *part[0]], part[1] + stage.block.record.opening_relu, part[2]
        width_in = stage.width
    for pack in packs[1:]:
        level, nodes = spec.levels[pack.depth - 1], len(pack.nodes)
        reads, above = [packs[pack.parent]], packs[pack.parent].parent
        while spec.nesting == "ancestors" and above >= 0:
            reads.append(packs[above])
            above = packs[above].parent
        dense = pack.lowering == "dense"
        kernel = level.block.record.opening(level.stride)
        shapes = [
            (nodes * pack.width, read.width * (len(read.nodes) if dense else 1), kernel, 1)
            for read in reads
        ]
        part = _blocks(level.block, pack.width, level.depth, nodes, dense)
        others, more = part[1] + level.block.record.opening_relu, part[2]
        others += 2 * (len(reads) - 1)
        if spec.nesting == "gate":
            held = pack.parents if dense else 1
            shapes.append((nodes * pack.width, reads[0].width * held, 1, 1))
            others += 4
        yield [*shapes, *part[0]], others, more


def _blocks(
    block: Block, width: int, depth: int, nodes: int, dense: bool
) -> tuple[list[Shape], int, int]:
    """Return the convolutions of residual blocks, their other steps and other numbers."""
    all_of_it, held = width * nodes, nodes if dense else 1
    if block.family == "resnet":
        return [(all_of_it, width * held, 3, 1)] * 2 * depth, 3 * depth, 0
    if block.family == "bottleneck":
        narrow = quarter(width)
        each = [(narrow * nodes, width * held, 1, 1), (narrow * nodes, narrow * held, 3, 1)]
        return [*each, (all_of_it, narrow * held, 1, 1)] * depth, 4 * depth, 0
    wide = width * block.expand
    shapes = [
        (all_of_it, 1, block.kernel, all_of_it),
        (wide * nodes, width * held, 1, 1),
        (all_of_it, wide * held, 1, 1),
    ]
    others, more = 2, 0
    if block.recalibrate == "grn":
        others, more = others + 14, wide * nodes
    elif block.recalibrate == "se":
        narrow = quarter(wide)
        shapes += [(narrow * nodes, wide * held, 1, 1), (wide * nodes, narrow * held, 1, 1)]
        others += 4
    return shapes * depth, others * depth, more * depth
