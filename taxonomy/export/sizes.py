"""How large a bundle's model will be, from the specification and the tree alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy._core.errors import ExportError, check_choice
from taxonomy.design.blocks import Level, Stage
from taxonomy.design.families import quarter
from taxonomy.design.spec import NetSpec
from taxonomy.export.packs import Pack, can_end_in_head, ends_in_head, packed
from taxonomy.export.programs import RUNTIMES
from taxonomy.export.stages import Way
from taxonomy.trees.hierarchy import Hierarchy

FLOAT_BYTES = 4

WORDS = {
    "onnx": {"float": (27, 158, 290), "int8": (70, 390, 700)},
    "tflite": {"float": (81, 206, 1744), "int8": (22, 448, 1137)},
    "openvino": {"float": (531, 1595, 2852), "int8": (500, 4050, 5650)},
    "executorch": {"float": (304, 404, 2858)},
    "torch-export": {"float": (682, 2240, 8987)},
}
"""By target and precision: bytes of a step, of a convolution beside its weights, of the rest.
TFLite's convolutions and sums do the ReLUs."""

DEPTHWISE = {"executorch": 487}
"""By target: bytes of a depthwise convolution beside those of another. With them ExecuTorch's sizes
are within 1.1 % for one network of every shape that is exported, and experts of shipped ones."""

INT8_BESIDE = {"onnx": (12.6, 31), "openvino": (8, 9)}
"""By target in int8: bytes of a channel (bias, scales) and of a class beside the weights. These and
the same targets' `WORDS` in int8 are fitted, within 2.1 %, to experts of three shipped networks of
2 to 212 classes and one network of every shape that is exported."""

INT8_CHANNEL, INT8_CLASS, INT8_CONVOLUTION, INT8_AVERAGE = 12.7, 18, 440, 690
"""Of ONNX in int8, for `entry_bytes`: bytes of a channel, of a class and of a convolution beside
the weights, and of one more average that the head reads. Fitted to experts of three shipped
networks, of 1 to 212 classes."""

SCALE, ZERO = 4, 8
"""Bytes of what a channel's whole numbers are worth, and of the one that stands for 0."""

Shape = tuple[int, int, int]
"""Of a convolution's weights: channels out, channels in of a group, side of the kernel."""


@dataclass
class Parts:
    """What a graph is made of.

    Args:
        convolutions: the shapes of their weights.
        steps: others but ReLUs.
        relus: which TFLite's convolutions and sums do on the way.
        numbers: weights outside convolutions and the head.
        features: channels that the head reads, or of a pack's map.
    """

    convolutions: list[Shape] = field(default_factory=list)
    steps: int = 0
    relus: int = 0
    numbers: int = 0
    features: int = 0

    @property
    def weights(self) -> int:
        """Numbers in the convolutions' weights."""
        return sum(out * inner * kernel**2 for out, inner, kernel in self.convolutions)

    @property
    def depthwise(self) -> int:
        """Convolutions each of whose channels reads one."""
        return sum(inner == 1 and kernel > 1 for _, inner, kernel in self.convolutions)

    @property
    def channels(self) -> int:
        """Channels that the convolutions make, each with a bias."""
        return sum(out for out, _, _ in self.convolutions)


def model_bytes(
    spec: NetSpec,
    hierarchy: Hierarchy,
    target: str = "onnx",
    lowering: str = "auto",
    precision: str = "float",
) -> int:
    """Return how many bytes a model takes, without building a network.

    Within 3 % for models from 100 kB on (TFLite's: from 50 kB); of smaller ones names and other
    words are a larger part. Normalisations are folded away; the head is one dense product, in which
    a class has a weight for every channel of every node that has classes, zero but for its own
    node's.

    Args:
        spec: shape of the network.
        hierarchy: its tree, an expert's being the restricted one.
        target: name of the format, one of `WORDS`.
        lowering: as in `taxonomy.export.ONNX`.
        precision: ``float``, or ``int8`` for a target that has it.

    Raises:
        ExportError: the network has a timm backbone, or another target or precision is asked for.
        SpecError: more levels of nodes than the network has.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> cats, spec = tree.restrict(["cat", "dog"]), NetSpec.tree(levels=((48, 1),))
    >>> round(model_bytes(spec, cats), -4)
    320000
    >>> [round(model_bytes(spec, cats, "tflite", precision=one), -4) for one in ("float", "int8")]
    [320000, 90000]
    """
    check_choice("target", target, WORDS, ExportError)
    check_choice("precision", precision, WORDS[target], ExportError)
    if precision == "int8" and (target, lowering) == ("onnx", "auto"):
        lowering = "grouped"  # its whole-number kernels need no channels of zeros
    parts, names = parts_of(spec, hierarchy, lowering, RUNTIMES[target]), hierarchy.leaves
    if target == "tflite":
        return _tflite_bytes(parts, names, precision)
    if precision == "int8":
        return _int8_bytes(parts, names, target)
    step, convolution, whole = WORDS[target][precision]
    numbers = parts.numbers + (parts.features + 1) * len(names) + parts.weights + parts.channels
    named = sum(2 * len(name.encode()) + 14 for name in names)
    others = convolution * len(parts.convolutions) + step * (parts.steps + parts.relus)
    others += DEPTHWISE.get(target, 0) * parts.depthwise
    return FLOAT_BYTES * numbers + others + whole + named


def foretold(spec: NetSpec, hierarchy: Hierarchy) -> dict[str, dict[str, int]]:
    """Return the bytes of a network's model by target, and there by precision, as `model_bytes`.

    Args:
        spec: shape of the network.
        hierarchy: its tree, an expert's being the restricted one.

    Raises:
        ExportError: the network has a timm backbone.
        SpecError: more levels of nodes than the network has.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> found = foretold(NetSpec.tree(levels=((48, 1),)), tree)
    >>> list(found), list(found["onnx"]), list(found["executorch"])
    (['onnx', 'tflite', 'openvino', 'executorch', 'torch-export'], ['float', 'int8'], ['float'])
    """
    return {
        target: {one: model_bytes(spec, hierarchy, target, precision=one) for one in precisions}
        for target, precisions in WORDS.items()
    }


def _int8_bytes(parts: Parts, names: Sequence[str], target: str) -> int:
    """Return the bytes of a model in int8 for onnxruntime or OpenVINO, its head in int8 as well."""
    (step, convolution, whole), (channel, leaf) = WORDS[target]["int8"], INT8_BESIDE[target]
    written = 2 if target == "onnx" else 1  # times that a class is named
    named = sum(written * len(name.encode()) + leaf for name in names)
    weights = parts.weights + parts.features * len(names) + channel * parts.channels
    others = convolution * len(parts.convolutions) + step * parts.steps + whole
    return round(weights + FLOAT_BYTES * parts.numbers + others + named)


def _tflite_bytes(parts: Parts, names: Sequence[str], precision: str) -> int:
    """Return the bytes of TFLite's model.

    In int8 a channel costs, beside its weights, a bias and two scales; the zeros of all tensors
    with equally many channels are written once.
    """
    step, convolution, whole = WORDS["tflite"][precision]
    each = FLOAT_BYTES if precision == "float" else 1
    first, inner, kernel = parts.convolutions[0]
    opening = (FLOAT_BYTES - each) * first * inner * kernel**2  # it stays in floats
    beside = FLOAT_BYTES * parts.channels
    if precision == "int8":
        kinds = {out for out, _, _ in parts.convolutions}
        beside += 2 * SCALE * parts.channels + ZERO * sum(kinds)
    head = parts.features * len(names) * each + FLOAT_BYTES * len(names)
    named = sum(len(name.encode()) + 1 for name in names)
    others = convolution * len(parts.convolutions) + step * parts.steps + whole + named
    return opening + parts.weights * each + parts.numbers * FLOAT_BYTES + beside + head + others


def parts_of(spec: NetSpec, hierarchy: Hierarchy, lowering: str, runtime: str) -> Parts:
    """Return what the graph of a network is made of, as `taxonomy.export.lower.lower` makes it.

    Raises:
        ExportError: the network has a timm backbone.
        SpecError: more levels of nodes than the network has.
    """
    packs = _packs(spec, hierarchy, lowering, runtime)
    ending = ends_in_head(spec, hierarchy, packs)
    with_leaves = {int(hierarchy.parent[entry]) for entry in hierarchy.leaf_entries}
    made, averages = Parts(), 0
    for index, (pack, part) in enumerate(zip(packs, _each(spec, packs), strict=True)):
        if with_leaves & set(pack.nodes):
            made.features += part.features
            averages += 1
        if index in ending:
            _, inner, _ = part.convolutions.pop()
            made.features += inner * (1 if pack.lowering == "dense" else len(pack.nodes))
            averages += 1
            part.steps -= 1
        made.convolutions += part.convolutions
        made.steps, made.relus = made.steps + part.steps, made.relus + part.relus
        made.numbers += part.numbers
    made.steps += averages * (8 if spec.head == "cosine" else 2) + 1 + (averages > 1)
    return made


def _packs(spec: NetSpec, hierarchy: Hierarchy, lowering: str, runtime: str) -> list[Pack]:
    if spec.backbone:
        raise ExportError("A network with a timm `backbone` is not exported.")
    return packed(spec, hierarchy, lowering, runtime)


def _each(spec: NetSpec, packs: list[Pack]) -> list[Parts]:
    """Return of each pack what it is made of; ``features`` are the channels of its map."""
    each, read = [Parts() for _ in packs], spec.channels
    for stage in spec.trunk:
        way = Way(1, packs[0].lowering, stage.block)
        _stage(each[0], way, stage.width, [read] if stage.opening else [], stage)
        read = way.width(stage.width)
    wide = [read]
    each[0].features = read
    for index, pack in enumerate(packs[1:], start=1):
        level, nodes, above = spec.levels[pack.depth - 1], len(pack.nodes), pack.parent
        way, dense = Way(nodes, pack.lowering, level.block), pack.lowering == "dense"
        wide.append(way.width(pack.width))
        reads = [wide[above] * (pack.parents if dense else 1)]
        while spec.nesting == "ancestors" and packs[above].parent >= 0:
            above = packs[above].parent
            reads.append(wide[above] * (len(packs[above].nodes) if dense else 1))
        _stage(each[index], way, pack.width, reads if level.opening else [], level)
        if not level.opening and nodes != pack.parents:  # copies of the parents' maps
            each[index].steps += 1 + (pack.parents if pack.parents > 1 else 0)
        if spec.nesting == "gate":
            each[index].convolutions.append((nodes * wide[index], reads[0], 1))
            each[index].steps += 4
        each[index].features = nodes * wide[index]
    return each


class EntryBytes(NamedTuple):
    """What every entry of a tree adds to an ONNX model's bytes, in floats and in int8.

    An expert with ``n`` classes takes, in each precision, what its entries add, plus ``opened`` of
    every depth at which it has a node (the trunk's is 0), plus ``n`` times the channels that its
    classes' nodes have (``reads``) times the bytes of a weight, 4 or 1: the head is one dense
    product. Where ``n`` is below the channels of a node without nodes below it, the head takes over
    the end of its block, if there is one (``more`` is above 0): it reads so many channels more, and
    ``ends`` of the node falls away, and ``ended`` of its depth (negative where the words for it
    are more than those for what falls away). Nodes of a depth are taken to run
    as one pack; packs more are some 100 bytes each.

    Args:
        entries: shape (2, entries): in floats, in int8.
        reads: channels of each node, shape (entries,); 0 for leaves.
        opened: shape (2, depths).
        ends: shape (2, entries).
        more: channels, shape (entries,).
        ended: shape (2, depths).
    """

    entries: IntArray
    reads: IntArray
    opened: IntArray
    ends: IntArray
    more: IntArray
    ended: IntArray


def entry_bytes(spec: NetSpec, hierarchy: Hierarchy) -> EntryBytes:
    """Return what every entry adds to an expert's ONNX model, so that any expert's size is a sum.

    Over the 200 experts of ``analysis/results/int8.csv`` within 0.2 % of the written files in
    floats and 0.4 % in int8; narrow ConvNeXt networks are up to 5 % off in int8, and levels whose
    widths are filled up (`taxonomy.export.packs.filled_up`) some per cent in floats: how far
    depends on how many nodes are open.

    Args:
        spec: shape of the network.
        hierarchy: its tree, all of it.

    Raises:
        ExportError: the network has a timm backbone.
        SpecError: more levels of nodes than the network has.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> found = entry_bytes(NetSpec.tree(levels=((48, 1),)), tree)
    >>> kept = [0, 4, 5, 6]  # the trunk, the second node, cat and dog
    >>> int(found.entries[0, kept].sum() + found.opened[0].sum() + 2 * found.reads[4] * 4)
    318275
    """
    entries, ends = np.zeros((2, 2, len(hierarchy)))
    opened, ended = np.zeros((2, 2, 1 + len(spec.levels)))
    more = np.zeros(len(hierarchy))
    for i, lowering in enumerate(("auto", "grouped")):
        size = _float_size if i == 0 else _int8_size
        packs = _packs(spec, hierarchy, lowering, RUNTIMES["onnx"])
        for pack, part in zip(packs, _each(spec, packs), strict=True):
            nodes, same = list(pack.nodes), opened[i, pack.depth]
            each, fixed = size(part)
            entries[i, nodes] += each / len(nodes)
            opened[i, pack.depth] = max(same, fixed) if pack.depth else same + fixed
            if can_end_in_head(spec, pack):
                each, ended[i, pack.depth] = size(Parts(part.convolutions[-1:]))
                ended[i, pack.depth] -= INT8_AVERAGE if i else 0
                ends[i, nodes] = each / len(nodes)
                more[nodes] = part.convolutions[-1][1]
    step, _, whole = WORDS["onnx"]["float"]
    opened[0, 0] += whole + 4 * step
    for entry in hierarchy.leaf_entries.tolist():
        names = 2 * len(str(hierarchy.leaf[entry]).encode()) + 14
        entries[:, entry] = FLOAT_BYTES + names, INT8_CLASS + names
    reads = np.where(hierarchy.is_leaf, 0, spec.widths(hierarchy))
    numbers = (entries, reads, opened, ends, more, ended)
    return EntryBytes(*(np.rint(array).astype(np.int64) for array in numbers))


def _float_size(part: Parts) -> tuple[float, float]:
    """Return the bytes of a part's weights, and of the words around them."""
    step, convolution, _ = WORDS["onnx"]["float"]
    numbers = part.numbers + part.weights + part.channels
    words = convolution * len(part.convolutions) + step * (part.steps + part.relus)
    return FLOAT_BYTES * numbers, words


def _int8_size(part: Parts) -> tuple[float, float]:
    """Return the same of the part in int8."""
    numbers = part.weights + INT8_CHANNEL * part.channels + FLOAT_BYTES * part.numbers
    return numbers, INT8_CONVOLUTION * len(part.convolutions)


def _stage(made: Parts, way: Way, width: int, reads: list[int], part: Stage | Level) -> None:
    """Add a stage's convolutions, other steps, and numbers outside convolutions.

    Args:
        made: what they are added to.
        way: how its nodes are run.
        width: channels of each.
        reads: channels that its opening convolutions read; none where it has no opening.
        part: its stride and depth.
    """
    kernel, block = way.block.record.opening(part.stride), way.block
    made.convolutions += [(way.nodes * way.width(width), read, kernel) for read in reads]
    if reads:
        made.steps += 2 * (len(reads) - 1)
        made.relus += block.record.opening_relu
    for _ in range(part.depth):
        made.convolutions += _block(way, width)
        if block.family in ("resnet", "bottleneck"):
            relus = 2 if block.family == "resnet" else 3
            made.steps, made.relus = made.steps + 1, made.relus + relus
            continue
        made.steps += 2
        if block.recalibrate == "grn":
            made.steps, made.numbers = (
                made.steps + 14,
                made.numbers + way.nodes * block.middle(width),
            )
        elif block.recalibrate == "se":
            made.steps, made.relus = made.steps + 3, made.relus + 1


def _block(way: Way, width: int) -> Iterator[Shape]:
    """Yield the convolutions of a residual block."""
    nodes, held = way.nodes, way.nodes if way.lowering == "dense" else 1
    wide = way.width(width)
    if way.block.family == "resnet":
        yield from [(wide * nodes, wide * held, 3)] * 2
        return
    if way.block.family == "bottleneck":
        narrow = way.width(quarter(width))
        yield narrow * nodes, wide * held, 1
        yield narrow * nodes, narrow * held, 3
        yield wide * nodes, narrow * held, 1
        return
    hidden = way.width(way.block.middle(width))
    yield wide * nodes, 1, way.block.kernel
    yield hidden * nodes, wide * held, 1
    if way.block.recalibrate == "se":
        narrow = way.width(quarter(way.block.middle(width)))
        yield narrow * nodes, hidden * held, 1
        yield hidden * nodes, narrow * held, 1
    yield wide * nodes, hidden * held, 1
