"""A network as this toolkit saves it, with its labels as generic tools read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy.nets.hierarchical import HierarchicalNet, get_net, net_bytes
from taxonomy.nets.inputs import to_input


@dataclass(frozen=True)
class Safetensors:
    """A network for this toolkit: to predict with, to cut again, to train on.

    Beside it lies ``config.json`` with ``id2label`` and ``label2id``, by which tools that read hub
    folders name classes.
    """

    file = "model.safetensors"
    runtime = "taxonomy-experts"

    @property
    def threads(self) -> int:
        """How many threads PyTorch uses."""
        return torch.get_num_threads()

    def model(self, net: HierarchicalNet) -> bytes:
        """Return the file of a network or an expert; the same network gives the same bytes."""
        return net_bytes(net)

    def files(self, model: bytes) -> dict[str, bytes]:
        """Return the files that a model is stored as, by name."""
        return {self.file: model}

    def runner(self, file: Path) -> Callable[[npt.NDArray[np.uint8]], Float32Array]:
        """Return what gives a file's logits for uint8 pictures (n, 3, side, side)."""
        net = get_net(file)

        @torch.no_grad()
        def run(pictures: npt.NDArray[np.uint8]) -> Float32Array:
            logits: Float32Array = net(to_input(torch.from_numpy(pictures))).numpy()
            return logits

        return run

    def describe(self, net: HierarchicalNet) -> dict[str, Any]:
        """Return what a program has to know to run the network."""
        side = net.spec.resolution
        return {
            "input": {
                "type": "float32",
                "shape": ["N", net.spec.channels, side, side],
                "values": "preprocessing",
            },
            "output": {"type": "float32", "shape": ["N", len(net.classes)]},
        }

    def others(self, net: HierarchicalNet) -> dict[str, bytes]:
        """Return further files, by name."""
        numbered = {str(i): name for i, name in enumerate(net.classes)}
        names: dict[str, io.Json] = {
            "id2label": numbered,
            "label2id": {name: int(i) for i, name in numbered.items()},
        }
        return {"config.json": io.indented_json(names).encode()}
