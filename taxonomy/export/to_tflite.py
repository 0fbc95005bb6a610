"""A `Graph` as a TFLite model: one file for LiteRT, XNNPACK and TFLite-Micro, stable bytes."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ExportError, shown
from taxonomy._core.registry import require
from taxonomy.export.ranges import Ranges, ranges_of
from taxonomy.export.target import Bytes, Quantizable
from taxonomy.export.tflite_steps import write
from taxonomy.export.tflite_values import Values
from taxonomy.nets.hierarchical import HierarchicalNet


@dataclass(frozen=True)
class TFLite(Quantizable):
    """A model for LiteRT, with XNNPACK or without, and for TFLite-Micro.

    The graph takes pictures of the network's resolution, channels *last*, and normalises inside;
    its output are logits in the order of ``labels.txt``.

    Args:
        micro: in int8, use nothing that TFLite-Micro lacks: GELU becomes x · sigmoid(1.702 x), at
            most 0.021 off (Hendrycks and Gimpel 2016).

    Raises:
        ExportError: an option of another kind or out of range, ``batch`` 0, or ``micro`` in floats.
    """

    micro: bool = False

    file = "model.tflite"
    runtime = "ai-edge-litert"
    threads = 1

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        if self.batch == 0:
            raise ExportError("`batch` is 0, and TFLite's is fixed; give the number of pictures.")
        if self.micro and self.precision != "int8":
            raise ExportError('`micro` is for whole numbers; add `precision="int8"`.')

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the file of a network or an expert; the same network gives the same bytes.

        Raises:
            ExportError: it has parts that are not exported.
            MissingExtraError: ai-edge-litert is not installed.
        """
        return self._written(net, None)

    def quantized(self, net: HierarchicalNet, model: bytes, pictures: Bytes) -> bytes:
        """Return a network's int8 form, calibrated on uint8 pictures (n, 3, side, side).

        Args:
            net: the network.
            model: its form in floats, as `model` makes it.
            pictures: show the range of every activation.

        Raises:
            MissingExtraError: ai-edge-litert is not installed.
        """
        graph = self.graph(net)
        watched = interpreter(model, all_values=True)
        return self._written(net, ranges_of(graph, self._values(watched, pictures)))

    def runner(self, file: Path) -> Callable[[Bytes], Float32Array]:
        """Return what gives a file's logits for uint8 pictures (n, 3, side, side), on one thread.

        Raises:
            MissingExtraError: ai-edge-litert is not installed.
        """
        model = interpreter(file.read_bytes())
        given, made = model.get_input_details()[0], model.get_output_details()[0]

        def run(pictures: Bytes) -> Float32Array:
            logits = []
            for feed in self.feeds(pictures):
                model.set_tensor(given["index"], np.ascontiguousarray(feed.transpose(0, 2, 3, 1)))
                model.invoke()
                logits.append(model.get_tensor(made["index"]))
            return np.concatenate(logits)[: len(pictures)]

        return run

    def describe(self, net: HierarchicalNet) -> dict[str, Any]:
        """Return what a program has to know to run the model."""
        side = net.spec.resolution
        return self.described(net, [self.batch, side, side, net.spec.channels])

    def _written(self, net: HierarchicalNet, ranges: Ranges | None) -> bytes:
        pixels = self.input == "uint8"
        return write(Values(self.graph(net), pixels, self.batch, ranges, self.micro))

    def _values(self, model: Any, pictures: Bytes) -> Iterator[dict[str, Float32Array]]:
        """Yield all values of a model in floats, by name, for every picture."""
        given = model.get_input_details()[0]["index"]
        numbers = {one["name"]: one["index"] for one in model.get_tensor_details()}
        kept = {name: number for name, number in numbers.items() if name.startswith("v")}
        for feed in self.feeds(pictures):
            model.set_tensor(given, np.ascontiguousarray(feed.transpose(0, 2, 3, 1)))
            model.invoke()
            yield {name: model.get_tensor(number) for name, number in kept.items()}


def interpreter(model: bytes, all_values: bool = False) -> Any:
    """Return a LiteRT interpreter on one thread.

    Args:
        model: a file's content.
        all_values: whether values inside can be read, which is slower.

    Raises:
        ExportError: LiteRT does not run the model.
        MissingExtraError: ai-edge-litert is not installed.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*experimental_preserve_all_tensors")  # it is meant
        made = require("ai_edge_litert.interpreter").Interpreter(
            model_content=model, num_threads=1, experimental_preserve_all_tensors=all_values
        )
    try:
        made.allocate_tensors()
    except RuntimeError as error:
        raise ExportError(
            f"LiteRT does not run this model ({shown(str(error))}); in int8 very narrow layers may "
            "be the cause: give `precision` float, or wider layers."
        ) from error
    return made
