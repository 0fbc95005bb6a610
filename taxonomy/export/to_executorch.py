"""A `Graph` as an ExecuTorch program for XNNPACK: PyTorch's runtime for phones and small boards."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ExportError
from taxonomy._core.registry import require
from taxonomy.export.target import Bytes, Device
from taxonomy.export.torch_steps import exported
from taxonomy.nets.hierarchical import HierarchicalNet

PARTITIONER = "executorch.backends.xnnpack.partition.xnnpack_partitioner"
POOL = "executorch.extension.pybindings.portable_lib"


@dataclass(frozen=True)
class ExecuTorch(Device):
    """A program for ExecuTorch, run by XNNPACK in one piece.

    It takes pictures of the network's resolution, channels first, and normalises inside; its output
    are logits in the order of ``labels.txt``. Averages are written as pooling: XNNPACK leaves a
    mean to slower kernels, and whatever lies around it falls apart.

    Raises:
        ExportError: an option of another kind or out of range, or ``batch`` 0.
    """

    file = "model.pte"
    runtime = "executorch"
    threads = 1

    def __post_init__(self) -> None:
        """Check the options."""
        super().__post_init__()
        if self.batch == 0:
            raise ExportError(
                "`batch` is 0, and ExecuTorch's is fixed: a free one falls into seven pieces; give "
                "the number of pictures."
            )

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the file of a network or an expert; the same network gives the same bytes.

        Raises:
            ExportError: it has parts that are not exported.
            MissingExtraError: executorch is not installed.
        """
        made = exported(self.graph(net), self.input == "uint8", self.batch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what ExecuTorch itself still does the old way
            partitioner = require(PARTITIONER).XnnpackPartitioner()
            edge = require("executorch.exir").to_edge_transform_and_lower(
                made, partitioner=[partitioner]
            )
            data: bytes = edge.to_executorch().buffer
        return data

    def runner(self, file: Path) -> Callable[[Bytes], Float32Array]:
        """Return what gives a file's logits for uint8 pictures (n, 3, side, side), on one thread.

        Raises:
            MissingExtraError: executorch is not installed.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of being experimental
            pool, runtime = require(POOL), require("executorch.runtime").Runtime.get()
        pool._unsafe_reset_threadpool(self.threads)  # noqa: SLF001 — there is no other way
        data = file.read_bytes()
        loaded = runtime.load_program(data)
        method = loaded.load_method("forward")

        # A method reads the program's memory, and the program the file's, but holds neither.
        def run(pictures: Bytes, _: Any = (data, loaded)) -> Float32Array:
            feeds = (torch.from_numpy(np.ascontiguousarray(x)) for x in self.feeds(pictures))
            logits = [method.execute([feed])[0].numpy().copy() for feed in feeds]
            return np.concatenate(logits)[: len(pictures)]

        return run
