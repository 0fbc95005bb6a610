"""How the steps of a graph are written as TFLite's operators, in floats and in whole numbers.

In int8 the averages become floats before the head, since in 255 steps two classes would often be
the same. The first convolution is computed in floats, but for microcontrollers: XNNPACK's
whole-number kernel takes four times as long for its three channels, a third of a small expert's
time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from taxonomy._core.errors import ExportError
from taxonomy.export.graph import Step
from taxonomy.export.ranges import Range
from taxonomy.export.target import OUTPUT
from taxonomy.export.tflite_values import Values

SAME, VALID = 0, 1

IN_FLOATS = {"respond", "unit", "resample"}
"""Steps that are not written in whole numbers: rare ones, and no faster."""


def write(to: Values) -> bytes:
    """Return the TFLite file of a graph.

    Args:
        to: a file that is empty still, of the graph.

    Raises:
        ExportError: a step is not written in int8.
        MissingExtraError: ai-edge-litert is not installed.
    """
    graph, ranges, side = to.graph, to.ranges, to.graph.resolution
    if not to.micro:
        to.ranges = None  # up to the first convolution
    given = to.opened(graph.steps[0], [to.batch, side, side, graph.channels])
    for step in graph.steps[1:]:
        if step.output in to.fused.values():
            continue  # its input's step has written it
        if to.ranges is not None and step.kind in IN_FLOATS:
            raise ExportError(f"int8 with TFLite has no step {step.kind!r}; keep floats.")
        WRITTEN[step.kind](to, step)
        if ranges is not None and to.ranges is None and step.kind == "convolution":
            to.ranges = ranges
            to.rounded(step)
    to.file.describe("class_names", "\n".join(graph.classes))
    return to.file.data([given], [to.numbers[graph.steps[-1].output]])


def convolution(to: Values, step: Step) -> None:
    """Write a convolution, depthwise where a group reads one channel, and its padding."""
    weight, bias = step.arrays["weight"], step.arrays["bias"]
    stride, pads, groups = (step.settings[name] for name in ("stride", "pads", "groups"))
    (name,) = step.inputs
    read, side, kernel = to.numbers[name], to.side[name], weight.shape[2]
    top, _, bottom, _ = pads
    new = (side + top + bottom - kernel) // stride + 1
    padding = VALID
    if top or bottom:
        if _same(side, kernel, stride) == (top, bottom):
            padding = SAME
        else:
            read, padding = to.padded(step, read, side, top, bottom), VALID
    common = {
        "padding": padding,
        "strideW": stride,
        "strideH": stride,
        "fusedActivationFunction": to.activation(step),
    }
    depthwise = groups > 1 and weight.shape[1] == 1
    if depthwise:
        arrays = to.weights(weight.transpose(1, 2, 3, 0), bias, read, 3)
        common["depthMultiplier"] = len(weight) // groups
    else:
        arrays = to.weights(weight.transpose(0, 2, 3, 1), bias, read, 0)
    made = to.output(step, new)
    version = 6 if groups > 1 and not depthwise else 3 if to.ranges is not None else 1
    operator = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
    to.file.operator(operator, [read, *arrays], made, version, **common)


def gelu(to: Values, step: Step) -> None:
    """Write the exact GELU, or in ``micro`` models x · sigmoid(1.702 x)."""
    if to.ranges is None or not to.micro:
        to.add("GELU", step, approximate=False)
        return
    (name,) = step.inputs
    read, held = to.numbers[name], to.ranges[name]
    shape = to.file.tensors[read].shape
    wide = Range(1.702 * held.low, 1.702 * held.high)
    scaled = to.file.tensor(f"{step.output}.scaled", shape, np.int8, wide.scale, wide.zero)
    factor = to.file.constant(np.array([127], dtype=np.int8), 1.702 / 127)
    to.file.operator("MUL", [read, factor], scaled, 2)
    gate = to.file.tensor(f"{step.output}.gate", shape, np.int8, 1 / 256, -128)
    to.file.operator("LOGISTIC", [scaled], gate, 2)
    to.file.operator("MUL", [read, gate], to.output(step), 2)


def sigmoid(to: Values, step: Step) -> None:
    """Write the logistic function, which in whole numbers has a scale of its own."""
    if to.ranges is not None:
        to.ranges = {**to.ranges, step.output: Range(0.0, 255 / 256)}
    to.add("LOGISTIC", step)


def scale(to: Values, step: Step) -> None:
    """Write the product with a number."""
    factor = step.settings["factor"]
    if to.ranges is None:
        to.add("MUL", step, [to.number(factor)])
    else:
        whole = to.file.constant(np.array([127], dtype=np.int8), factor / 127)
        to.add("MUL", step, [whole])


def average(to: Values, step: Step) -> None:
    """Write the average over a map's cells."""
    axes = to.file.constant(np.array([1, 2], dtype=np.int32))
    to.add("MEAN", step, [axes], 1, keepDims=True)


def pool(to: Values, step: Step) -> None:
    """Write the averages over squares."""
    size = step.settings["size"]
    new = to.side[step.inputs[0]] // size
    sizes = {"strideW": size, "strideH": size, "filterWidth": size, "filterHeight": size}
    to.add("AVERAGE_POOL_2D", step, side=new, padding=VALID, **sizes)


def resample(to: Values, step: Step) -> None:
    """Write an average over unequal cells: along rows, turned, along columns, turned."""
    matrix = step.arrays["matrix"]
    (name,) = step.inputs
    value, side, new = to.numbers[name], to.side[name], len(matrix)
    rows = to.file.constant(matrix.reshape(1, new, side))
    order = to.file.constant(np.array([0, 2, 1, 3], dtype=np.int32))
    wide = step.channels
    for number, columns in enumerate((side, new)):
        flat = to.value(f"{step.output}.flat{number}", 0, [to.batch, side, columns * wide])
        to.reshaped(value, flat)
        less = to.value(f"{step.output}.less{number}", 0, [to.batch, new, columns * wide])
        to.file.operator("BATCH_MATMUL", [rows, flat], less)
        square = to.value(f"{step.output}.map{number}", 0, [to.batch, new, columns, wide])
        to.reshaped(less, square)
        if number:
            made = to.output(step, new)
        else:
            made = to.value(f"{step.output}.turned", 0, [to.batch, columns, new, wide])
        to.file.operator("TRANSPOSE", [square, order], made)
        value = made


def sliced(to: Values, step: Step) -> None:
    """Write some of the channels."""
    (name,) = step.inputs
    side = to.side[name]
    begin = np.array([0, 0, 0, step.settings["start"]], dtype=np.int32)
    size = np.array([to.batch, side, side, step.channels], dtype=np.int32)
    to.add("SLICE", step, [to.file.constant(begin), to.file.constant(size)])


def join(to: Values, step: Step) -> None:
    """Write several maps' channels side by side."""
    last = len(to.file.tensors[to.numbers[step.inputs[0]]].shape) - 1
    to.add("CONCATENATION", step, axis=last)


def flatten(to: Values, step: Step) -> None:
    """Write a map of side 1 as a vector."""
    shape = np.array([to.batch, step.channels], dtype=np.int32)
    to.add("RESHAPE", step, [to.file.constant(shape)], 0, newShape=shape)


def respond(to: Values, step: Step) -> None:
    """Write global response normalisation, as `taxonomy.nets.convnext.GlobalResponse`."""
    (name,) = step.inputs
    x, at, width = to.numbers[name], step.output, step.settings["width"]
    wide = step.channels
    squares = to.value(f"{at}.squares", x)
    to.file.operator("MUL", [x, x], squares)
    axes = to.file.constant(np.array([1, 2], dtype=np.int32))
    total = to.value(f"{at}.total", x, [to.batch, 1, 1, wide])
    to.file.operator("SUM", [squares, axes], total, keepDims=True)
    size = to.plus("SQRT", total, 1e-12, f"{at}.size")
    by_node = to.value(f"{at}.nodes", x, [to.batch, wide // width, width])
    to.reshaped(size, by_node)
    mean = to.value(f"{at}.mean", x, [to.batch, wide // width, 1])
    last = to.file.constant(np.array([2], dtype=np.int32))
    to.file.operator("MEAN", [by_node, last], mean, keepDims=True)
    above = to.plus("", mean, 1e-6, f"{at}.above")
    share = to.value(f"{at}.share", by_node)
    to.file.operator("DIV", [by_node, above], share)
    factor = to.value(f"{at}.factor", by_node)
    weight = to.file.constant(step.arrays["weight"].reshape(1, -1, width))
    to.file.operator("MUL", [share, weight], factor)
    more = to.plus("", factor, 1.0, f"{at}.more")
    back = to.value(f"{at}.back", x, [to.batch, 1, 1, wide])
    to.reshaped(more, back)
    to.file.operator("MUL", [x, back], to.output(step))


def unit(to: Values, step: Step) -> None:
    """Write vectors of length 1, as `torch.nn.functional.normalize` makes them."""
    (name,) = step.inputs
    x, at, width = to.numbers[name], step.output, step.settings["width"]
    by_node = to.value(f"{at}.nodes", x, [to.batch, step.channels // width, width])
    to.reshaped(x, by_node)
    made = to.value(f"{at}.unit", by_node)
    to.file.operator("L2_NORMALIZATION", [by_node], made)
    to.reshaped(made, to.output(step, 0))


def product(to: Values, step: Step) -> None:
    """Write the head, in floats; its weights become floats as the model runs."""
    (name,) = step.inputs
    read = to.numbers[name]
    weight = np.ascontiguousarray(step.arrays["weight"].T)
    if to.ranges is None:
        rows = to.file.constant(weight)
    else:
        read = to.value(f"{name}.floats", read)
        to.file.operator("DEQUANTIZE", [to.numbers[name]], read, 2)
        scale = max(float(np.abs(weight).max()), 1e-12) / 127
        whole = to.file.constant(np.rint(weight / scale).astype(np.int8), scale)
        rows = to.value("head.weight", whole)
        to.file.operator("DEQUANTIZE", [whole], rows, 2)
    made = to.file.tensor(OUTPUT, [to.batch, step.channels])
    bias = to.file.constant(step.arrays["bias"])
    to.file.operator("FULLY_CONNECTED", [read, rows, bias], made)
    to.numbers[step.output] = made


def _same(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return what TFLite's padding SAME adds before and after."""
    more = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return more // 2, more - more // 2


def _plain(operator: str, **options: Any) -> Callable[[Values, Step], None]:
    def write_it(to: Values, step: Step) -> None:
        to.add(operator, step, **options)

    return write_it


def _sum(to: Values, step: Step) -> None:
    to.add("ADD", step, fusedActivationFunction=to.activation(step))


WRITTEN: dict[str, Callable[[Values, Step], None]] = {
    "convolution": convolution,
    "relu": _plain("RELU"),
    "gelu": gelu,
    "sigmoid": sigmoid,
    "add": _sum,
    "multiply": _plain("MUL"),
    "scale": scale,
    "average": average,
    "pool": pool,
    "resample": resample,
    "slice": sliced,
    "join": join,
    "respond": respond,
    "flatten": flatten,
    "unit": unit,
    "product": product,
}
"""How each kind of step is written, but the subtraction, with which every graph begins."""
