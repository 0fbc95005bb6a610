"""The values of a graph in a TFLite file: tensors in floats, or in whole numbers by their ranges.

Maps are (batch, side, side, channels) here. In whole numbers activations are int8 with a scale and
a zero a value, and weights int8 with a scale a channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import ExportError
from taxonomy.export.graph import Graph, Step
from taxonomy.export.ranges import Ranges
from taxonomy.export.target import INPUT
from taxonomy.export.tflite_file import TFLiteFile

NO_ACTIVATION, RELU = 0, 1


class Values:
    """A file that is being written, with the tensors that stand for a graph's values.

    Args:
        graph: what is written.
        pixels: whether it takes bytes; numbers from 0 to 1 otherwise.
        batch: pictures at once.
        ranges: of all values, for a model in int8.
        micro: whether GELU is approximated by what TFLite-Micro has.

    Attributes:
        file: to which operators and tensors are added.
        numbers: of the tensors, by value.
        side: of the maps, by value; 0 for vectors.
        ranges: the same; None as long as what is written is in floats.
        fused: the outputs that only a ReLU reads, each with that ReLU's.
    """

    def __init__(
        self, graph: Graph, pixels: bool, batch: int, ranges: Ranges | None, micro: bool
    ) -> None:
        self.graph, self.pixels, self.batch = graph, pixels, batch
        self.ranges, self.micro = ranges, micro
        self.file = TFLiteFile()
        self.numbers: dict[str, int] = {}
        self.side = {"input": graph.resolution}
        self.fused = _fused(graph)

    def opened(self, step: Step, shape: list[int]) -> int:
        """Write the input and the subtraction of what stands for 0; return the input's number."""
        neutral = float(step.settings["number"])
        self.side[step.output] = self.side["input"]
        if not self.pixels:
            given = self.file.tensor(INPUT, shape)
            made = self.file.tensor(step.output, shape)
            self.file.operator("SUB", [given, self.number(neutral)], made)
            if self.ranges is not None:
                floats, made = made, self.made(f"{step.output}.int8", shape, step.output)
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

    def rounded(self, step: Step) -> None:
        """Write what a step made in floats as whole numbers."""
        name = self.fused.get(step.output, step.output)
        floats = self.file.tensors[self.numbers[name]]
        floats.name = f"{name}.floats".encode()
        made = self.made(name, floats.shape, name)
        self.file.operator("QUANTIZE", [self.numbers[name]], made)
        self.numbers.update({step.output: made, name: made})

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
        made = self.made(name, shape, name)
        for known in {step.output, name}:
            self.numbers[known], self.side[known] = made, side
        return made

    def activation(self, step: Step) -> int:
        """Return which activation is written with a step."""
        return RELU if step.output in self.fused else NO_ACTIVATION

    def value(self, name: str, like: int, shape: Sequence[int] | None = None) -> int:
        """Add a tensor of floats, of another one's shape by default."""
        return self.file.tensor(name, self.file.tensors[like].shape if shape is None else shape)

    def made(self, name: str, shape: Sequence[int], range_of: str) -> int:
        """Add a tensor of a value, in whole numbers if these are written."""
        if self.ranges is None:
            return self.file.tensor(name, shape)
        held = self.ranges[range_of]
        return self.file.tensor(name, shape, np.int8, held.scale, held.zero)

    def number(self, number: float) -> int:
        """Add a number that an operator reads."""
        return self.file.constant(np.float32(number).reshape(1))

    def weights(
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

    def padded(self, step: Step, read: int, side: int, top: int, bottom: int) -> int:
        """Write a map with zeros around it."""
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

    def reshaped(self, value: int, made: int) -> None:
        """Write a value in another tensor's shape."""
        shape = np.array(self.file.tensors[made].shape, dtype=np.int32)
        self.file.operator("RESHAPE", [value, self.file.constant(shape)], made, newShape=shape)

    def plus(self, then: str, value: int, number: float, name: str) -> int:
        """Write a sum with a number, and what is then done with it."""
        made = self.value(f"{name}.sum" if then else name, value)
        self.file.operator("ADD", [value, self.number(number)], made)
        if not then:
            return made
        last = self.value(name, value)
        self.file.operator(then, [made], last)
        return last


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
