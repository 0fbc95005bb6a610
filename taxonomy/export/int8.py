"""An ONNX model in whole numbers: int8 weights and uint8 activations, their ranges from pictures.

Static and by `onnxruntime.quantization`, in the QDQ form, which every reader of ONNX understands:
one that has no whole-number kernels computes the same in floats.

- Activations are uint8: with int8 ones onnxruntime leaves half of a residual block in floats.
- Weights are of 7 bits (-64 to 64), a scale a channel. Processors without VNNI add two products of
  a uint8 and an int8 in 16 bits, and clip; 2 · 255 · 64 fits, so that all compute the same.
- The logits stay floats: in 255 steps, two classes would often be the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from taxonomy._core.registry import require

DONE = "onnx.quant.pre_process"
"""Metadata by which the quantiser knows a model that needs no preparation: norms folded."""


class _Feeds:
    """Inputs, as the quantiser asks for them."""

    def __init__(self, feeds: Iterator[Mapping[str, npt.NDArray[Any]]]) -> None:
        self.feeds = feeds

    def get_next(self) -> Mapping[str, npt.NDArray[Any]] | None:
        """Return the next one, or None at the end."""
        return next(self.feeds, None)


def quantized(model: bytes, feeds: Iterable[Mapping[str, npt.NDArray[Any]]]) -> bytes:
    """Return a model's int8 form; the same model and pictures give the same bytes.

    Args:
        model: an ONNX file of this package.
        feeds: its inputs, by name, for some pictures; they show the range of every activation.

    Raises:
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    onnx, quantization = require("onnx"), require("onnxruntime.quantization")
    given = onnx.load_from_string(model)
    known = {entry.key: entry.value for entry in given.metadata_props}
    onnx.helper.set_model_props(given, {**known, DONE: "onnxruntime.quant"})

    with tempfile.TemporaryDirectory() as place:
        before, after = Path(place) / "float.onnx", Path(place) / "int8.onnx"
        onnx.save(given, before)  # as a file: onnxruntime 1.18 loses weights of models in memory
        quantization.quantize_static(
            before,
            after,
            _Feeds(iter(feeds)),
            quant_format=quantization.QuantFormat.QDQ,
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            extra_options={"OpTypesToExcludeOutputQuantization": ["Gemm"]},
        )
        made = onnx.load(after)
    _tidy(made)
    onnx.helper.set_model_props(made, known)
    onnx.checker.check_model(made, full_check=True)
    data: bytes = made.SerializeToString(deterministic=True)
    return data


def _tidy(model: Any) -> None:
    """Give a model short names, and leave out what says nothing: a sixth of a small expert.

    Names of nodes, shapes between them, equal constants, and zero points of biases, which are 0;
    those of weights are, too, but onnxruntime 1.18 has no matrix product without them.
    """
    graph = model.graph
    del graph.value_info[:]
    arrays = {tensor.name: tensor for tensor in graph.initializer}
    ends = {value.name for value in (*graph.input, *graph.output)}
    names: dict[str, str] = {name: name for name in ends}
    held: dict[tuple[Any, ...], str] = {}
    kept: list[Any] = []
    for node in graph.node:
        node.ClearField("name")
        given = arrays.get(node.input[0])
        if given is not None and given.data_type == require("onnx").TensorProto.INT32:
            del node.input[2:]
        for i, name in enumerate(node.input):
            if name in arrays and name not in names:
                tensor = arrays[name]
                key = (tensor.data_type, *tensor.dims, _raw(tensor))
                if key not in held:
                    held[key] = tensor.name = f"c{len(kept)}"
                    kept.append(tensor)
                names[name] = held[key]
            node.input[i] = names[name]
        for i, name in enumerate(node.output):
            node.output[i] = names.setdefault(name, f"v{len(names)}")
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _raw(tensor: Any) -> bytes:
    data: bytes = require("onnx.numpy_helper").to_array(tensor).tobytes()
    return data
