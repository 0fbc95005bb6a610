"""How the steps of a graph are written as TFLite's operators, in floats and in whole numbers.

Maps are (batch, side, side, channels) here. In whole numbers activations are int8 with a scale and
a zero a value, and weights int8 with a scale a channel; the averages become floats before the head,
since in 255 steps two classes would often be the same. The first convolution is computed in floats,
but for microcontrollers: XNNPACK's whole-number kernel takes four times as long for its three
channels, a third of a small expert's time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import ExportError
from taxonomy.export.graph import Graph, Step
from taxonomy.export.ranges import Range, Ranges
from taxonomy.export.target import INPUT, OUTPUT
from taxonomy.export.tflite_file import TFLiteFile

SAME, VALID = 0, 1
NO_ACTIVATION, RELU = 0, 1

IN_FLOATS = {"respond", "unit", "resample"}
"""Steps that are not written in whole numbers: rare ones, and no faster."""


def write(graph: Graph, pixels: bool, batch: int, ranges: Ranges | None, micro: bool) -> bytes:
    """Return the file of a graph.

    Args:
        graph: what it computes.
        pixels: whether it takes bytes; numbers from 0 to 1 otherwise.
        batch: pictures at once.
        ranges: of all values, for a model in int8.
        micro: whether GELU is approximated by what TFLite-Micro has.

    Raises:
        ExportError: a step is not written in int8.
        MissingExtraError: ai-edge-litert is not installed.

    """
    return _Writer(graph, pixels, batch, ranges, micro).data()


class _Writer:
    def __init__(
        self, graph: Graph, pixels: bool, batch: int, ranges: Ranges | None, micro: bool
    ) -> None:
        self.graph, self.pixels, self.batch = graph, pixels, batch
        self.ranges, self.micro = ranges, micro
        self.file = TFLiteFile()
        self.numbers: dict[str, int] = {}
        self.side = {"input": graph.resolution}
        self.fused = _fused(graph)

    def data(self) -> bytes:
        """Return the file."""
        side = self.graph.resolution
        shape = [self.batch, side, side, self.graph.channels]
        first, ranges = self.graph.steps[0], self.ranges
        if not self.micro:
            self.ranges = None  # up to the first convolution
        given = self._opened(first, shape)
        for step in self.graph.steps[1:]:
            if step.output in self.fused.values():
                continue  # its input's step has written it
            if self.ranges is not None and step.kind in IN_FLOATS:
                raise ExportError(f"int8 with TFLite has no step {step.kind!r}; keep floats.")
            WRITTEN[step.kind](self, step)
            if ranges is not self.ranges and step.kind == "convolution":
                self.ranges = ranges
                self._rounded(step)
        self.file.describe("class_names", "\n".join(self.graph.classes))
        return self.file.data([given], [self.numbers[self.graph.steps[-1].output]])

    def _opened(self, step: Step, shape: list[int]) -> int:
        """Write the input and the subtraction of what stands for 0; return the input's number."""
        neutral = float(step.settings["number"])
        self.side[step.output] = self.side["input"]
        if not self.pixels:
            given = self.file.tensor(INPUT, shape)
            made = self.file.tensor(step.output, shape)
            self.file.operator("SUB", [given, self._number(neutral)], made)
            if self.ranges is not None:
                floats, made = made, self._made(f"{step.output}.int8", shape, step.output)
                self.file.operator("QUANTIZE", [floats], made)
        elif neutral == (zero := int(neutral)):
            # A byte that stands for 0 is a zero point, and there is nothing to subtract.
            given = self.file.tensor(INPUT, shape, np.uint8, 1.0, zero)
            if self.ranges is None:
                made = self.file.tensor(step.output, shape)
                self.file.operator("DEQUANTIZE", [given], made)
            else:
                made = self.file.tensor(step.output, shape, np.int8, 1.0, zero - 128)
                self.file.operator("QUANTIZE", [given], made)
        else:
            raise ExportError(f"No byte stands for 0, but {neutral:g}; export `input='float'`.")
        self.numbers[step.output] = made
        return given

    def _rounded(self, step: Step) -> None:
        """Write what a step made in floats as whole numbers."""
        name = self.fused.get(step.output, step.output)
        floats = self.file.tensors[self.numbers[name]]
        floats.name = f"{name}.floats".encode()
        made = self._made(name, floats.shape, name)
        self.file.operator("QUANTIZE", [self.numbers[name]], made)
        self.numbers.update({step.output: made, name: made})

    # What the steps are written with.

    def add(
        self,
        operator: str,
        step: Step,
        extra: Sequence[int] = (),
        side: int | None = None,
        version: int = 1,
        **options: Any,
    ) -> None:
        """Write a step as one operator on its inputs and some constants."""
        made = self.output(step, side)
        inputs = [self.numbers[name] for name in step.inputs]
        whole = version if self.ranges is None else max(version, VERSIONS_IN_INT8.get(operator, 1))
        self.file.operator(operator, [*inputs, *extra], made, whole, **options)

    def output(self, step: Step, side: int | None = None) -> int:
        """Add the tensor that a step makes, its activation included, and return its number."""
        name = self.fused.get(step.output, step.output)
        side = self.side[step.inputs[0]] if side is None else side
        shape = [self.batch, side, side, step.channels] if side else [self.batch, step.channels]
        made = self._made(name, shape, name)
        for known in {step.output, name}:
            self.numbers[known], self.side[known] = made, side
        return made

    def activation(self, step: Step) -> int:
        """Return which activation is written with a step."""
        return RELU if step.output in self.fused else NO_ACTIVATION

    def value(self, name: str, like: int, shape: Sequence[int] | None = None) -> int:
        """Add a tensor of floats, of another one's shape by default."""
        return self.file.tensor(name, self.file.tensors[like].shape if shape is None else shape)

    def _made(self, name: str, shape: Sequence[int], range_of: str) -> int:
        if self.ranges is None:
            return self.file.tensor(name, shape)
        held = self.ranges[range_of]
        return self.file.tensor(name, shape, np.int8, held.scale, held.zero)

    def _number(self, number: float) -> int:
        return self.file.constant(np.float32(number).reshape(1))

    def _weights(
        self, weight: npt.NDArray[np.float32], bias: npt.NDArray[np.float32], read: int, axis: int
    ) -> list[int]:
        """Add weights and a bias; in whole numbers with a scale an output channel."""
        if self.ranges is None:
            return [self.file.constant(weight), self.file.constant(bias)]
        others = tuple(i for i in range(weight.ndim) if i != axis)
        largest = np.maximum(np.abs(weight).max(axis=others).astype(np.float64), 1e-12)
        scale = (largest / 127).astype(np.float32)
        shape = [-1 if i == axis else 1 for i in range(weight.ndim)]
        whole = np.clip(np.rint(weight / scale.reshape(shape)), -127, 127).astype(np.int8)
        steps = scale.astype(np.float64) * float(self.file.tensors[read].quantization.scale[0])
        top = 2**30  # sums stay far from the ends of 32 bits
        shift = np.clip(np.rint(bias / steps), -top, top).astype(np.int32)
        return [
            self.file.constant(whole, scale, axis),
            self.file.constant(shift, steps.astype(np.float32), 0),
        ]

    # The steps.

    def convolution(self, step: Step) -> None:
        """Write a convolution, depthwise where a group reads one channel, and its padding."""
        weight, bias = step.arrays["weight"], step.arrays["bias"]
        stride, pads, groups = (step.settings[name] for name in ("stride", "pads", "groups"))
        (name,) = step.inputs
        read, side, kernel = self.numbers[name], self.side[name], weight.shape[2]
        top, _, bottom, _ = pads
        new = (side + top + bottom - kernel) // stride + 1
        padding = VALID
        if top or bottom:
            if _same(side, kernel, stride) == (top, bottom):
                padding = SAME
            else:
                read, padding = self._padded(step, read, side, top, bottom), VALID
        common = {
            "padding": padding,
            "strideW": stride,
            "strideH": stride,
            "fusedActivationFunction": self.activation(step),
        }
        depthwise = groups > 1 and weight.shape[1] == 1
        if depthwise:
            arrays = self._weights(weight.transpose(1, 2, 3, 0), bias, read, 3)
            common["depthMultiplier"] = len(weight) // groups
        else:
            arrays = self._weights(weight.transpose(0, 2, 3, 1), bias, read, 0)
        made = self.output(step, new)
        version = 6 if groups > 1 and not depthwise else 3 if self.ranges is not None else 1
        operator = "DEPTHWISE_CONV_2D" if depthwise else "CONV_2D"
        self.file.operator(operator, [read, *arrays], made, version, **common)

    def _padded(self, step: Step, read: int, side: int, top: int, bottom: int) -> int:
        tensor = self.file.tensors[read]
        whole = side + top + bottom
        shape = [tensor.shape[0], whole, whole, tensor.shape[3]]
        name = f"{step.output}.padded"
        if self.ranges is None:
            made = self.file.tensor(name, shape)
        else:
            held = tensor.quantization
            made = self.file.tensor(name, shape, np.int8, held.scale, int(held.zeroPoint[0]))
        edges = np.array([[0, 0], [top, bottom], [top, bottom], [0, 0]], dtype=np.int32)
        version = 1 if self.ranges is None else 2
        self.file.operator("PAD", [read, self.file.constant(edges)], made, version)
        return made

    def gelu(self, step: Step) -> None:
        """Write the exact GELU, or in ``micro`` models x · sigmoid(1.702 x)."""
        if self.ranges is None or not self.micro:
            self.add("GELU", step, approximate=False)
            return
        (name,) = step.inputs
        read, held = self.numbers[name], self.ranges[name]
        shape = self.file.tensors[read].shape
        wide = Range(1.702 * held.low, 1.702 * held.high)
        scaled = self.file.tensor(f"{step.output}.scaled", shape, np.int8, wide.scale, wide.zero)
        factor = self.file.constant(np.array([127], dtype=np.int8), 1.702 / 127)
        self.file.operator("MUL", [read, factor], scaled, 2)
        gate = self.file.tensor(f"{step.output}.gate", shape, np.int8, 1 / 256, -128)
        self.file.operator("LOGISTIC", [scaled], gate, 2)
        self.file.operator("MUL", [read, gate], self.output(step), 2)

    def sigmoid(self, step: Step) -> None:
        """Write the logistic function, which in whole numbers has a scale of its own."""
        if self.ranges is not None:
            self.ranges = {**self.ranges, step.output: Range(0.0, 255 / 256)}
        self.add("LOGISTIC", step)

    def scale(self, step: Step) -> None:
        """Write the product with a number."""
        factor = step.settings["factor"]
        if self.ranges is None:
            self.add("MUL", step, [self._number(factor)])
        else:
            whole = self.file.constant(np.array([127], dtype=np.int8), factor / 127)
            self.add("MUL", step, [whole])

    def average(self, step: Step) -> None:
        """Write the average over a map's cells."""
        axes = self.file.constant(np.array([1, 2], dtype=np.int32))
        self.add("MEAN", step, [axes], 1, keepDims=True)

    def pool(self, step: Step) -> None:
        """Write the averages over squares."""
        size = step.settings["size"]
        new = self.side[step.inputs[0]] // size
        sizes = {"strideW": size, "strideH": size, "filterWidth": size, "filterHeight": size}
        self.add("AVERAGE_POOL_2D", step, side=new, padding=VALID, **sizes)

    def resample(self, step: Step) -> None:
        """Write an average over unequal cells: along rows, turned, along columns, turned."""
        matrix = step.arrays["matrix"]
        (name,) = step.inputs
        value, side, new = self.numbers[name], self.side[name], len(matrix)
        rows = self.file.constant(matrix.reshape(1, new, side))
        order = self.file.constant(np.array([0, 2, 1, 3], dtype=np.int32))
        wide = step.channels
        for number, columns in enumerate((side, new)):
            flat = self.value(f"{step.output}.flat{number}", 0, [self.batch, side, columns * wide])
            self._reshaped(value, flat)
            less = self.value(f"{step.output}.less{number}", 0, [self.batch, new, columns * wide])
            self.file.operator("BATCH_MATMUL", [rows, flat], less)
            square = self.value(f"{step.output}.map{number}", 0, [self.batch, new, columns, wide])
            self._reshaped(less, square)
            if number:
                made = self.output(step, new)
            else:
                made = self.value(f"{step.output}.turned", 0, [self.batch, columns, new, wide])
            self.file.operator("TRANSPOSE", [square, order], made)
            value = made

    def _reshaped(self, value: int, made: int) -> None:
        shape = np.array(self.file.tensors[made].shape, dtype=np.int32)
        self.file.operator("RESHAPE", [value, self.file.constant(shape)], made, newShape=shape)

    def slice(self, step: Step) -> None:
        """Write some of the channels."""
        (name,) = step.inputs
        side = self.side[name]
        begin = np.array([0, 0, 0, step.settings["start"]], dtype=np.int32)
        size = np.array([self.batch, side, side, step.channels], dtype=np.int32)
        self.add("SLICE", step, [self.file.constant(begin), self.file.constant(size)])

    def join(self, step: Step) -> None:
        """Write several maps' channels side by side."""
        last = len(self.file.tensors[self.numbers[step.inputs[0]]].shape) - 1
        self.add("CONCATENATION", step, axis=last)

    def flatten(self, step: Step) -> None:
        """Write a map of side 1 as a vector."""
        shape = np.array([self.batch, step.channels], dtype=np.int32)
        self.add("RESHAPE", step, [self.file.constant(shape)], 0, newShape=shape)

    def respond(self, step: Step) -> None:
        """Write global response normalisation, as `taxonomy.nets.convnext.GlobalResponse`."""
        (name,) = step.inputs
        x, at, width = self.numbers[name], step.output, step.settings["width"]
        wide = step.channels
        squares = self.value(f"{at}.squares", x)
        self.file.operator("MUL", [x, x], squares)
        axes = self.file.constant(np.array([1, 2], dtype=np.int32))
        total = self.value(f"{at}.total", x, [self.batch, 1, 1, wide])
        self.file.operator("SUM", [squares, axes], total, keepDims=True)
        size = self._plus("SQRT", total, 1e-12, f"{at}.size")
        by_node = self.value(f"{at}.nodes", x, [self.batch, wide // width, width])
        self._reshaped(size, by_node)
        mean = self.value(f"{at}.mean", x, [self.batch, wide // width, 1])
        last = self.file.constant(np.array([2], dtype=np.int32))
        self.file.operator("MEAN", [by_node, last], mean, keepDims=True)
        above = self._plus("", mean, 1e-6, f"{at}.above")
        share = self.value(f"{at}.share", by_node)
        self.file.operator("DIV", [by_node, above], share)
        factor = self.value(f"{at}.factor", by_node)
        weight = self.file.constant(step.arrays["weight"].reshape(1, -1, width))
        self.file.operator("MUL", [share, weight], factor)
        more = self._plus("", factor, 1.0, f"{at}.more")
        back = self.value(f"{at}.back", x, [self.batch, 1, 1, wide])
        self._reshaped(more, back)
        self.file.operator("MUL", [x, back], self.output(step))

    def unit(self, step: Step) -> None:
        """Write vectors of length 1, as `torch.nn.functional.normalize` makes them."""
        (name,) = step.inputs
        x, at, width = self.numbers[name], step.output, step.settings["width"]
        by_node = self.value(f"{at}.nodes", x, [self.batch, step.channels // width, width])
        self._reshaped(x, by_node)
        made = self.value(f"{at}.unit", by_node)
        self.file.operator("L2_NORMALIZATION", [by_node], made)
        self._reshaped(made, self.output(step, 0))

    def _plus(self, then: str, value: int, number: float, name: str) -> int:
        made = self.value(f"{name}.sum" if then else name, value)
        self.file.operator("ADD", [value, self._number(number)], made)
        if not then:
            return made
        last = self.value(name, value)
        self.file.operator(then, [made], last)
        return last

    def product(self, step: Step) -> None:
        """Write the head, in floats; its weights become floats as the model runs."""
        (name,) = step.inputs
        read = self.numbers[name]
        weight = np.ascontiguousarray(step.arrays["weight"].T)
        if self.ranges is None:
            rows = self.file.constant(weight)
        else:
            read = self.value(f"{name}.floats", read)
            self.file.operator("DEQUANTIZE", [self.numbers[name]], read, 2)
            scale = max(float(np.abs(weight).max()), 1e-12) / 127
            whole = self.file.constant(np.rint(weight / scale).astype(np.int8), scale)
            rows = self.value("head.weight", whole)
            self.file.operator("DEQUANTIZE", [whole], rows, 2)
        made = self.file.tensor(OUTPUT, [self.batch, step.channels])
        bias = self.file.constant(step.arrays["bias"])
        self.file.operator("FULLY_CONNECTED", [read, rows, bias], made)
        self.numbers[step.output] = made


def _fused(graph: Graph) -> dict[str, str]:
    """Return the outputs that only a ReLU reads, each with that ReLU's: one operator makes both."""
    readers: dict[str, list[Step]] = {}
    for step in graph.steps:
        for name in step.inputs:
            readers.setdefault(name, []).append(step)
    fused = {}
    for step in graph.steps:
        reading = readers.get(step.output, [])
        if step.kind in ("convolution", "add") and [r.kind for r in reading] == ["relu"]:
            fused[step.output] = reading[0].output
    return fused


def _same(side: int, kernel: int, stride: int) -> tuple[int, int]:
    """Return what TFLite's padding SAME adds before and after."""
    more = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return more // 2, more - more // 2


def _plain(operator: str, **options: Any) -> Callable[[_Writer, Step], None]:
    def write_it(to: _Writer, step: Step) -> None:
        to.add(operator, step, **options)

    return write_it


def _sum(to: _Writer, step: Step) -> None:
    to.add("ADD", step, fusedActivationFunction=to.activation(step))


WRITTEN: dict[str, Callable[[_Writer, Step], None]] = {
    "convolution": _Writer.convolution,
    "relu": _plain("RELU"),
    "gelu": _Writer.gelu,
    "sigmoid": _Writer.sigmoid,
    "add": _sum,
    "multiply": _plain("MUL"),
    "scale": _Writer.scale,
    "average": _Writer.average,
    "pool": _Writer.pool,
    "resample": _Writer.resample,
    "slice": _Writer.slice,
    "join": _Writer.join,
    "respond": _Writer.respond,
    "flatten": _Writer.flatten,
    "unit": _Writer.unit,
    "product": _Writer.product,
}
"""How each kind of step is written, but the subtraction, with which every graph begins."""

VERSIONS_IN_INT8 = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "CONCATENATION": 2,
    "GELU": 2,
    "LOGISTIC": 2,
    "MEAN": 2,
    "MUL": 2,
    "RELU": 2,
    "SLICE": 2,
}
"""The first version of each operator that takes int8."""
