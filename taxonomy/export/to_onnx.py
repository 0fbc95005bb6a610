"""A `Graph` as an ONNX model, built with the `onnx` package's helpers: one file, stable bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.registry import require
from taxonomy.export.graph import Part, Port, Step
from taxonomy.export.int8 import quantized
from taxonomy.export.packs import Lowering
from taxonomy.export.target import CALIBRATED_AT_ONCE, INPUT, OUTPUT, Bytes, Quantizable
from taxonomy.nets.hierarchical import HierarchicalNet

PLAIN, NEWER = (17, 8), (20, 9)
"""Operator set and version of the file: older runtimes refuse newer ones. The newer ones, of ONNX
1.15 and onnxruntime 1.17, are for steps in `NEEDS_NEWER`; else those of ONNX 1.12 will do."""

NEEDS_NEWER = {"gelu", "respond", "unit"}


@dataclass(frozen=True)
class ONNX(Quantizable):
    """A model for onnxruntime and all that reads ONNX.

    The graph takes pictures of the network's resolution, channels first, and normalises inside;
    its output are logits in the order of ``labels.txt``. It holds convolutions, an activation,
    averages and one matrix product. The labels are its metadata too: ``names`` as Ultralytics'
    tools read it, ``class_names`` as QGIS Deepness does.
    """

    file = "model.onnx"
    runtime = "onnxruntime"
    threads = 1

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the file of a network or an expert; the same network gives the same bytes.

        Raises:
            ExportError: it has parts that are not exported.
            MissingExtraError: onnx is not installed.
        """
        graph = self.graph(net)
        shape = (graph.channels, graph.resolution, graph.resolution)
        logits = Port(graph.steps[-1].output, OUTPUT, (len(graph.classes),))
        part = Part(graph.steps, (Port("input", INPUT, shape),), (logits,))
        pixels = self.input == "uint8"
        return written(part, pixels, self.batch or "N", metadata(graph.classes, pixels))

    def runner(self, file: Path) -> Callable[[Bytes], Float32Array]:
        """Return what gives a file's logits for uint8 pictures (n, 3, side, side), on one thread.

        Raises:
            MissingExtraError: onnxruntime is not installed.
        """
        model = session(file)
        return lambda pictures: self.run(model, pictures)

    def run(self, model: Any, pictures: Bytes) -> Float32Array:
        """Return the logits of an onnxruntime session for uint8 pictures (n, 3, side, side)."""
        logits = [model.run(None, {INPUT: feed})[0] for feed in self.feeds(pictures)]
        return np.concatenate(logits)[: len(pictures)]

    def quantized(self, net: HierarchicalNet, _: bytes, pictures: Bytes) -> bytes:
        """Return a network's int8 form, calibrated on uint8 pictures (n, 3, side, side).

        Raises:
            MissingExtraError: onnx or onnxruntime is not installed.
        """
        feeds = self.feeds(pictures, CALIBRATED_AT_ONCE)
        how: Lowering = "grouped" if self.lowering == "auto" else self.lowering
        model = replace(self, lowering=how).model(net)  # int8 kernels need no channels of zeros
        return quantized(model, ({INPUT: feed} for feed in feeds))


def session(file: Path | bytes) -> Any:
    """Return an onnxruntime session on the CPU that uses one thread.

    Raises:
        MissingExtraError: onnxruntime is not installed.
    """
    runtime = require("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    given = file if isinstance(file, bytes) else str(file)
    return runtime.InferenceSession(given, options, providers=["CPUExecutionProvider"])


def written(
    part: Part,
    pixels: bool,
    batch: int | str,
    texts: Mapping[str, str],
    rounded: bool = False,
) -> bytes:
    """Return steps as an ONNX file; the same ones give the same bytes.

    Args:
        part: the steps, with what they read and make.
        pixels: whether the first input is uint8.
        batch: how many at once, or a letter for any number.
        texts: the file's metadata.
        rounded: whether the weights of convolutions are int8 in the file, with a scale a channel;
            all is computed in floats.

    Raises:
        MissingExtraError: onnx is not installed.
    """
    onnx = require("onnx")
    model = _Writer(part, pixels, batch, rounded).model(texts)
    onnx.checker.check_model(model, full_check=True)
    data: bytes = model.SerializeToString(deterministic=True)
    return data


class _Writer:
    """Writes steps as ONNX nodes and initialisers."""

    def __init__(self, part: Part, pixels: bool, batch: int | str, rounded: bool) -> None:
        self.part, self.pixels, self.batch, self.rounded = part, pixels, batch, rounded
        self.helper = require("onnx.helper")
        self.types = require("onnx").TensorProto
        self.nodes: list[Any] = []
        self.initialisers: list[Any] = []
        self.known: dict[tuple[str, bytes], str] = {}
        self.names = {port.value: port.name for port in (*part.inputs, *part.outputs)}

    def model(self, texts: Mapping[str, str]) -> Any:
        """Return the model with its metadata."""
        first = self.part.inputs[0]
        if self.pixels:
            self.node("Cast", [first.name], "values", to=self.types.FLOAT)
            self.names[first.value] = "values"
        for step in self.part.steps:
            WRITTEN[step.kind](self, step)
        inputs = [self._port(port, self.pixels and port is first) for port in self.part.inputs]
        outputs = [self._port(port) for port in self.part.outputs]
        graph = self.helper.make_graph(self.nodes, "expert", inputs, outputs, self.initialisers)
        kinds = {step.kind for step in self.part.steps}
        opset, version = NEWER if kinds & NEEDS_NEWER else PLAIN
        model = self.helper.make_model(
            graph,
            ir_version=version,
            opset_imports=[self.helper.make_opsetid("", opset)],
            producer_name="taxonomy-experts",
            producer_version=io.versions().get("taxonomy-experts", ""),
        )
        self.helper.set_model_props(model, dict(texts))
        return model

    def _port(self, port: Port, pixels: bool = False) -> Any:
        kind = self.types.UINT8 if pixels else self.types.FLOAT
        return self.helper.make_tensor_value_info(port.name, kind, [self.batch, *port.shape])

    def node(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node; values are called by their names in the graph."""
        given = [self.names.get(name, name) for name in inputs]
        made = self.names.get(output, output)
        self.nodes.append(self.helper.make_node(operator, given, [made], **attributes))
        return output

    def constant(self, name: str, array: Any) -> str:
        """Add an initialiser, or return the name of an equal small one."""
        array = np.asarray(array)
        key = (f"{array.dtype}{array.shape}", array.tobytes() if array.size < 16 else b"")
        if array.size < 16 and key in self.known:
            return self.known[key]
        kinds = {"float32": "FLOAT", "int64": "INT64", "int8": "INT8"}
        kind = getattr(self.types, kinds[str(array.dtype)])
        little = array.astype(array.dtype.newbyteorder("<")).tobytes()
        tensor = self.helper.make_tensor(name, kind, array.shape, little, raw=True)
        self.initialisers.append(tensor)
        self.known[key] = name
        return name

    def weight(self, name: str, array: Float32Array) -> str:
        """Add a convolution's weights, in whole numbers from -127 to 127 if that is asked for."""
        if not self.rounded:
            return self.constant(name, array)
        scale = np.abs(array).reshape(len(array), -1).max(axis=1) / np.float32(127)
        scale = np.maximum(scale, np.float32(1e-12))
        whole = np.rint(array / scale[:, None, None, None]).astype(np.int8)
        parts = [self.constant(f"{name}.whole", whole), self.constant(f"{name}.scale", scale)]
        return self.node("DequantizeLinear", parts, name, axis=0)

    def convolution(self, step: Step) -> None:
        """Write a convolution; attributes that are ONNX's defaults are left out."""
        weight, bias = step.arrays["weight"], step.arrays["bias"]
        stride, pads, groups = (step.settings[name] for name in ("stride", "pads", "groups"))
        attributes: dict[str, Any] = {"kernel_shape": list(weight.shape[2:])}
        if stride != 1:
            attributes["strides"] = [stride, stride]
        if any(pads):
            attributes["pads"] = list(pads)
        if groups != 1:
            attributes["group"] = groups
        inputs = [self.weight(f"{step.output}.weight", weight)]
        if bias.any():
            inputs.append(self.constant(f"{step.output}.bias", bias))
        self.node("Conv", [*step.inputs, *inputs], step.output, **attributes)

    def resample(self, step: Step) -> None:
        """Write an average over unequal cells as a product on each axis."""
        matrix = step.arrays["matrix"]
        rows = self.constant(f"{step.output}.rows", matrix)
        columns = self.constant(f"{step.output}.columns", np.ascontiguousarray(matrix.T))
        half = self.node("MatMul", [*step.inputs, columns], f"{step.output}.half")
        self.node("MatMul", [rows, half], step.output)

    def respond(self, step: Step) -> None:
        """Write global response normalisation, as `taxonomy.nets.convnext.GlobalResponse`."""
        (x,), at, width = step.inputs, step.output, step.settings["width"]
        axes = self.constant(f"{at}.axes", np.array([2, 3]))
        square = self.node("ReduceSumSquare", [x, axes], f"{at}.square", keepdims=1)
        tiny = self.constant(f"{at}.tiny", np.float32(1e-12))
        size = self.node("Sqrt", [self.node("Add", [square, tiny], f"{at}.sum")], f"{at}.size")
        shape = self.constant(f"{at}.nodes", np.array([0, step.channels // width, width]))
        by_node = self.node("Reshape", [size, shape], f"{at}.by_node")
        last = self.constant(f"{at}.last", np.array([2]))
        mean = self.node("ReduceMean", [by_node, last], f"{at}.mean", keepdims=1)
        small = self.constant(f"{at}.small", np.float32(1e-6))
        mean = self.node("Add", [mean, small], f"{at}.above")
        share = self.node("Div", [by_node, mean], f"{at}.share")
        scale = step.arrays["weight"].reshape(-1, width)
        share = self.node("Mul", [share, self.constant(f"{at}.scale", scale)], f"{at}.scaled")
        share = self.node("Add", [share, self.constant(f"{at}.one", np.float32(1))], f"{at}.more")
        shape = self.constant(f"{at}.map", np.array([0, step.channels, 1, 1]))
        self.node("Mul", [x, self.node("Reshape", [share, shape], f"{at}.factor")], at)

    def unit(self, step: Step) -> None:
        """Write vectors of length 1, as `torch.nn.functional.normalize` makes them."""
        (x,), at, width = step.inputs, step.output, step.settings["width"]
        shape = self.constant(f"{at}.nodes", np.array([0, step.channels // width, width]))
        by_node = self.node("Reshape", [x, shape], f"{at}.by_node")
        last = self.constant(f"{at}.last", np.array([2]))
        size = self.node("ReduceL2", [by_node, last], f"{at}.size", keepdims=1)
        tiny = self.constant(f"{at}.tiny", np.float32(1e-12))
        size = self.node("Max", [size, tiny], f"{at}.above")
        shared = self.node("Div", [by_node, size], f"{at}.unit")
        shape = self.constant(f"{at}.flat", np.array([0, step.channels]))
        self.node("Reshape", [shared, shape], at)

    def slice(self, step: Step) -> None:
        """Write some of the channels."""
        bounds = [
            self.constant(f"{step.output}.{name}", np.array([value]))
            for name, value in (
                ("start", step.settings["start"]),
                ("stop", step.settings["stop"]),
                ("axis", 1),
            )
        ]
        self.node("Slice", [*step.inputs, *bounds], step.output)

    def product(self, step: Step) -> None:
        """Write the head."""
        weight = self.constant("head.weight", step.arrays["weight"])
        bias = self.constant("head.bias", step.arrays["bias"])
        self.node("Gemm", [*step.inputs, weight, bias], step.output)


def _plain(operator: str, **attributes: Any) -> Callable[[_Writer, Step], None]:
    def write(to: _Writer, step: Step) -> None:
        to.node(operator, list(step.inputs), step.output, **attributes)

    return write


def _with_number(operator: str, setting: str) -> Callable[[_Writer, Step], None]:
    def write(to: _Writer, step: Step) -> None:
        number = to.constant(f"{step.output}.{setting}", np.float32(step.settings[setting]))
        to.node(operator, [*step.inputs, number], step.output)

    return write


def _pool(to: _Writer, step: Step) -> None:
    size = [step.settings["size"]] * 2
    to.node("AveragePool", list(step.inputs), step.output, kernel_shape=size, strides=size)


WRITTEN: dict[str, Callable[[_Writer, Step], None]] = {
    "convolution": _Writer.convolution,
    "relu": _plain("Relu"),
    "gelu": _plain("Gelu"),
    "sigmoid": _plain("Sigmoid"),
    "subtract": _with_number("Sub", "number"),
    "add": _plain("Add"),
    "multiply": _plain("Mul"),
    "scale": _with_number("Mul", "factor"),
    "average": _plain("GlobalAveragePool"),
    "pool": _pool,
    "resample": _Writer.resample,
    "slice": _Writer.slice,
    "join": _plain("Concat", axis=1),
    "respond": _Writer.respond,
    "flatten": _plain("Flatten", axis=1),
    "unit": _Writer.unit,
    "product": _Writer.product,
}
"""How each kind of step is written."""


def metadata(classes: tuple[str, ...], pixels: bool) -> dict[str, str]:
    """Return the metadata of a model, by the names that other tools read it by.

    >>> metadata(("cat", "dog"), False)
    {'names': "{0: 'cat', 1: 'dog'}", 'class_names': '{"0": "cat", "1": "dog"}'}
    """
    numbered = dict(enumerate(classes))
    made = {"names": repr(numbered), "class_names": json.dumps(numbered, ensure_ascii=False)}
    if pixels:
        made["Image.BitmapPixelFormat"] = "Rgb8"
        made["Image.NominalPixelRange"] = "NominalRange_0_255"
    return made
