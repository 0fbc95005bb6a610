"""How the steps of a graph are written as OpenVINO's operations, in floats and in whole numbers.

The operations are OpenVINO's own, of operation set 13, with none of the ONNX reader's detours: a
third fewer, and no converter that tells its maker about every conversion.

In whole numbers whatever a convolution reads is rounded to 256 steps (``FakeQuantize``),
and weights are int8 with a scale a channel, of 7 bits as in `taxonomy.export.int8`: OpenVINO runs
both in whole numbers where the processor can. All else stays in floats, the logits too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.registry import require
from taxonomy.export.graph import Graph, Step
from taxonomy.export.ranges import Range, Ranges
from taxonomy.export.target import INPUT, OUTPUT

Array = npt.NDArray[Any]

ROUNDED = {"convolution"}
"""Steps that read whole numbers. OpenVINO fuses a sum into the convolution before it, and rounding
what sums read as well is 6 to 10 % slower, larger and further off."""

LARGEST = 64
"""Whole numbers of weights go from -64 to 64."""


def write(graph: Graph, pixels: bool, batch: int, ranges: Ranges | None = None) -> Any:
    """Return a graph as an ``openvino.Model``, whose values have the steps' names.

    Args:
        graph: what it computes.
        pixels: whether it takes bytes; numbers from 0 to 1 otherwise.
        batch: pictures at once, or 0 for any.
        ranges: of all values, for a model in int8.

    Raises:
        MissingExtraError: openvino is not installed.
    """
    return _Writer(graph, ranges).model(pixels, batch)


def watched(graph: Graph, pixels: bool, batch: int) -> tuple[Any, tuple[str, ...]]:
    """Return a model in floats whose outputs are all of a graph's values, and their names.

    Args:
        graph: what it computes.
        pixels: whether it takes bytes; numbers from 0 to 1 otherwise.
        batch: pictures at once, or 0 for any.

    Raises:
        MissingExtraError: openvino is not installed.
    """
    writer = _Writer(graph, None)
    model = writer.model(pixels, batch)
    names = tuple(step.output for step in graph.steps)
    values = [writer.made[name] for name in names]
    return require("openvino").Model(values, model.get_parameters(), "watched"), names


class _Writer:
    def __init__(self, graph: Graph, ranges: Ranges | None) -> None:
        self.graph, self.ranges = graph, ranges
        self.ops = require("openvino.opset13")
        self.made: dict[str, Any] = {}
        self.rounded: dict[str, Any] = {}

    def model(self, pixels: bool, batch: int) -> Any:
        """Return the model."""
        openvino = require("openvino")
        side = self.graph.resolution
        shape = [batch or -1, self.graph.channels, side, side]
        given = self.ops.parameter(shape, np.uint8 if pixels else np.float32, name=INPUT)
        given.output(0).set_names({INPUT})
        self.made["input"] = self.ops.convert(given, "f32") if pixels else given
        for step in self.graph.steps:
            self.made[step.output] = WRITTEN[step.kind](self, step)
        logits = self.made[self.graph.steps[-1].output]
        logits.output(0).set_names({OUTPUT})
        return openvino.Model([logits], [given], "expert")

    def inputs(self, step: Step) -> list[Any]:
        """Return what a step reads, rounded where it reads whole numbers."""
        if self.ranges is None or step.kind not in ROUNDED:
            return [self.made[name] for name in step.inputs]
        return [self._in_steps(name) for name in step.inputs]

    def constant(self, array: Any) -> Any:
        """Return a constant: an array, or a number of NumPy's."""
        return self.ops.constant(np.ascontiguousarray(array))

    def _in_steps(self, name: str) -> Any:
        """Return a value in 256 steps, one of which is 0."""
        if name not in self.rounded:
            held = (self.ranges or {}).get(name, Range())
            low = np.float32((-128 - held.zero) * held.scale)
            ends = [self.constant(low), self.constant(np.float32(low + 255 * held.scale))]
            self.rounded[name] = self.ops.fake_quantize(self.made[name], *ends, *ends, 256)
        return self.rounded[name]

    def weight(self, array: Array, channel: tuple[int, ...]) -> Any:
        """Return weights, in whole numbers if that is asked for.

        Args:
            array: the weights.
            channel: the axes that tell output channels apart.
        """
        if self.ranges is None:
            return self.constant(array)
        others = tuple(axis for axis in range(array.ndim) if axis not in channel)
        scale = np.maximum(np.abs(array).max(axis=others, keepdims=True), 1e-12) / LARGEST
        whole = self.constant(np.rint(array / scale).astype(np.int8))
        return self.ops.multiply(self.ops.convert(whole, "f32"), self.constant(scale))

    def convolution(self, step: Step) -> Any:
        """Write a convolution and the bias after it."""
        (value,), weight, bias = self.inputs(step), step.arrays["weight"], step.arrays["bias"]
        stride, pads, groups = (step.settings[name] for name in ("stride", "pads", "groups"))
        places = ([stride, stride], list(pads[:2]), list(pads[2:]), [1, 1])
        if groups == 1:
            made = self.ops.convolution(value, self.weight(weight, (0,)), *places)
        else:
            parts = weight.reshape(groups, -1, *weight.shape[1:])
            made = self.ops.group_convolution(value, self.weight(parts, (0, 1)), *places)
        if not bias.any():
            return made
        return self.ops.add(made, self.constant(bias.reshape(1, -1, 1, 1)))

    def number(self, step: Step, operation: str, setting: str) -> Any:
        """Write an operation with a number."""
        (value,) = self.inputs(step)
        number = self.constant(np.float32(step.settings[setting]))
        return getattr(self.ops, operation)(value, number)

    def average(self, step: Step) -> Any:
        """Write the average over all cells."""
        return self.ops.reduce_mean(*self.inputs(step), self.constant(np.array([2, 3])), True)

    def pool(self, step: Step) -> Any:
        """Write averages over squares."""
        size = [step.settings["size"]] * 2
        none = [0, 0]
        return self.ops.avg_pool(*self.inputs(step), size, none, none, size, True)

    def resample(self, step: Step) -> Any:
        """Write an average over unequal cells as a product on each axis."""
        matrix = step.arrays["matrix"]
        half = self.ops.matmul(*self.inputs(step), self.constant(matrix), False, True)
        return self.ops.matmul(self.constant(matrix), half, False, False)

    def slice(self, step: Step) -> Any:
        """Write some of the channels."""
        ends = [np.array([step.settings[name]]) for name in ("start", "stop")]
        one = self.constant(np.array([1]))
        return self.ops.slice(*self.inputs(step), *map(self.constant, ends), one, one)

    def join(self, step: Step) -> Any:
        """Write channels side by side."""
        return self.ops.concat(self.inputs(step), 1)

    def by_node(self, step: Step, value: Any) -> tuple[Any, int]:
        """Return a value with a node's numbers on an axis of their own, and how many they are."""
        width = step.settings["width"]
        return self.shaped(value, 0, step.channels // width, width), width

    def shaped(self, value: Any, *shape: int) -> Any:
        """Return a value of another shape; 0 keeps a side as it is."""
        return self.ops.reshape(value, self.constant(np.array(shape)), True)

    def respond(self, step: Step) -> Any:
        """Write global response normalisation, as `taxonomy.nets.convnext.GlobalResponse`."""
        (value,), ops = self.inputs(step), self.ops
        square = ops.reduce_sum(ops.multiply(value, value), self.constant(np.array([2, 3])), True)
        size = ops.sqrt(ops.add(square, self.constant(np.float32(1e-12))))
        by_node, width = self.by_node(step, size)
        mean = ops.reduce_mean(by_node, self.constant(np.array([2])), True)
        share = ops.divide(by_node, ops.add(mean, self.constant(np.float32(1e-6))))
        scale = step.arrays["weight"].reshape(1, -1, width)
        factor = ops.add(ops.multiply(share, self.constant(scale)), self.constant(np.float32(1)))
        return ops.multiply(value, self.shaped(factor, 0, step.channels, 1, 1))

    def unit(self, step: Step) -> Any:
        """Write vectors of length 1, as `torch.nn.functional.normalize` makes them."""
        by_node, _ = self.by_node(step, *self.inputs(step))
        made = self.ops.normalize_l2(by_node, self.constant(np.array([2])), 1e-24, "max")
        return self.shaped(made, 0, step.channels)

    def product(self, step: Step) -> Any:
        """Write the head."""
        weight = self.weight(np.ascontiguousarray(step.arrays["weight"].T), (0,))
        made = self.ops.matmul(*self.inputs(step), weight, False, True)
        return self.ops.add(made, self.constant(step.arrays["bias"].reshape(1, -1)))


def _plain(operation: str, *settings: Any) -> Callable[[_Writer, Step], Any]:
    return lambda to, step: getattr(to.ops, operation)(*to.inputs(step), *settings)


WRITTEN: dict[str, Callable[[_Writer, Step], Any]] = {
    "convolution": _Writer.convolution,
    "relu": _plain("relu"),
    "gelu": _plain("gelu", "erf"),
    "sigmoid": _plain("sigmoid"),
    "subtract": lambda to, step: to.number(step, "subtract", "number"),
    "add": _plain("add"),
    "multiply": _plain("multiply"),
    "scale": lambda to, step: to.number(step, "multiply", "factor"),
    "average": _Writer.average,
    "pool": _Writer.pool,
    "resample": _Writer.resample,
    "slice": _Writer.slice,
    "join": _Writer.join,
    "respond": _Writer.respond,
    "flatten": lambda to, step: to.shaped(*to.inputs(step), 0, step.channels),
    "unit": _Writer.unit,
    "product": _Writer.product,
}
"""How each kind of step is written."""
