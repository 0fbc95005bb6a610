"""A `Graph` as OpenVINO's IR: what it computes as XML, and its weights beside it, in float32."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from taxonomy._core.arrays import Float32Array
from taxonomy._core.registry import require
from taxonomy.export.graph import Graph
from taxonomy.export.model_info import model_info, with_heads
from taxonomy.export.openvino_steps import watched, write
from taxonomy.export.ranges import Range, Ranges, ranges_of
from taxonomy.export.target import CALIBRATED_AT_ONCE, INPUT, OUTPUT, Bytes, Quantizable
from taxonomy.nets.hierarchical import HierarchicalNet

END = b"</net>\n"
"""Ends the XML; what follows in a model's bytes are its weights."""

COMPUTING = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 1}
"""On processors with bfloat16 or float16 OpenVINO computes in these unless it is told not to."""


@dataclass(frozen=True)
class OpenVINO(Quantizable):
    """A model for OpenVINO: ``model.xml`` and ``model.bin``.

    The graph takes pictures of the network's resolution, channels first, and normalises inside;
    its output ``logits`` is in the order of ``labels.txt``. ``rt_info/model_info`` says what
    OpenVINO's Model API has to know: labels, how pictures are fitted, and the tree.

    Args:
        hierarchical: another output, ``heads``, holds for every node of the tree the logits of its
            children, as Model API's hierarchical decoding reads them: it then answers with the
            path from the root to a class.
    """

    hierarchical: bool = False

    file = "model.xml"
    runtime = "openvino"
    threads = 1

    def model(self, net: HierarchicalNet) -> bytes:
        """Return XML and weights of a network or an expert; the same network gives the same bytes.

        Raises:
            ExportError: it has parts that are not exported.
            MissingExtraError: openvino is not installed.
        """
        return self._written(net, None)

    def quantized(self, net: HierarchicalNet, _: bytes, pictures: Bytes) -> bytes:
        """Return a network's int8 form, calibrated on uint8 pictures (n, 3, side, side).

        Args:
            net: the network.
            pictures: show the range of every activation.

        Raises:
            MissingExtraError: openvino is not installed.
        """
        graph = self.graph(net)
        seen = ranges_of(graph, self._values(graph, pictures))
        first = graph.steps[0]
        neutral = float(first.settings["number"])
        seen[first.output] = Range(-neutral, self.white - neutral)
        return self._written(net, seen)

    def files(self, model: bytes) -> dict[str, bytes]:
        """Return the files that a model is stored as, by name, the first the one to open."""
        end = model.index(END) + len(END)
        return {self.file: model[:end], "model.bin": model[end:]}

    def runner(self, file: Path) -> Callable[[Bytes], Float32Array]:
        """Return what gives a file's logits for uint8 pictures (n, 3, side, side), on one thread.

        Raises:
            MissingExtraError: openvino is not installed.
        """
        request = _compiled(str(file))

        def run(pictures: Bytes) -> Float32Array:
            logits = [request.infer({INPUT: feed})[OUTPUT].copy() for feed in self.feeds(pictures)]
            return np.concatenate(logits)[: len(pictures)]

        return run

    def _written(self, net: HierarchicalNet, ranges: Ranges | None) -> bytes:
        model = write(self.graph(net), self.input == "uint8", self.batch, ranges)
        told = model_info(net.hierarchy, self.hierarchical)
        if self.input == "float":
            told["scale_values"] = " ".join(["255.0"] * net.spec.channels)
        if self.hierarchical:
            model = with_heads(model, net.hierarchy)
        for name, text in told.items():
            model.set_rt_info(text, ["model_info", name])
        return _content(model)

    def _values(self, graph: Graph, pictures: Bytes) -> Iterator[dict[str, Float32Array]]:
        """Yield all values of a graph, by name, for some pictures after another."""
        model, names = watched(graph, self.input == "uint8", self.batch)
        request = _compiled(model)
        for feed in self.feeds(pictures, CALIBRATED_AT_ONCE):
            found = request.infer({INPUT: feed})
            yield {name: found[i] for i, name in enumerate(names)}


def _compiled(model: Any) -> Any:
    """Return what runs a model, or a file's, on the CPU with one thread.

    Raises:
        MissingExtraError: openvino is not installed.
    """
    compiled = require("openvino").Core().compile_model(model, "CPU", COMPUTING)
    return compiled.create_infer_request()


def _content(model: Any) -> bytes:
    """Return a model's XML and weights; names that count what a process has made are left out."""
    openvino = require("openvino")
    for number, operation in enumerate(model.get_ordered_ops()):
        if operation.get_type_name() != "Parameter":
            operation.set_friendly_name(f"o{number}")
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "model.xml"
        openvino.save_model(model, file, compress_to_fp16=False)
        words = file.read_bytes().replace(b"\t", b"")  # inside names tabs are written as &#9;
        return words + file.with_suffix(".bin").read_bytes()
