"""A `Graph` as a PyTorch module of plain operations, which PyTorch's own exporters trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from taxonomy.export.graph import Graph, Step


class Steps(nn.Module):
    """The steps of a graph, one after another; pictures in, logits out.

    Args:
        graph: what it computes. All weights are buffers: there is nothing to train.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.steps = graph.steps
        for step in graph.steps:
            for name, array in step.arrays.items():
                self.register_buffer(f"{step.output}_{name}", torch.from_numpy(array.copy()))

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits (n, classes) of pictures (n, channels, side, side)."""
        values = {"input": image.float()}
        for step in self.steps:
            weights = {name: getattr(self, f"{step.output}_{name}") for name in step.arrays}
            inputs = [values[name] for name in step.inputs]
            values[step.output] = COMPUTED[step.kind](step, *inputs, **weights)
        return values[self.steps[-1].output]


def _convolution(step: Step, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    stride, pads, groups = (step.settings[name] for name in ("stride", "pads", "groups"))
    top, left, bottom, right = pads
    if (top, left) == (bottom, right):
        return functional.conv2d(x, weight, bias, stride, (top, left), 1, groups)
    x = functional.pad(x, (left, right, top, bottom))
    return functional.conv2d(x, weight, bias, stride, 0, 1, groups)


def _respond(step: Step, x: Tensor, weight: Tensor) -> Tensor:
    """Return global response normalisation, as `taxonomy.nets.convnext.GlobalResponse`."""
    size = ((x * x).sum((2, 3)) + 1e-12).sqrt().reshape(len(x), -1, step.settings["width"])
    share = size / (size.mean(2, keepdim=True) + 1e-6)
    factor = 1 + share * weight.view(1, -1, step.settings["width"])
    made: Tensor = x * factor.flatten(1)[:, :, None, None]
    return made


def _unit(step: Step, x: Tensor) -> Tensor:
    by_node = x.reshape(len(x), -1, step.settings["width"])
    return functional.normalize(by_node, dim=2).flatten(1)


COMPUTED: dict[str, Callable[..., Any]] = {
    "convolution": _convolution,
    "relu": lambda _, x: x.relu(),
    "gelu": lambda _, x: functional.gelu(x),
    "sigmoid": lambda _, x: x.sigmoid(),
    "subtract": lambda step, x: x - step.settings["number"],
    "add": lambda _, x, y: x + y,
    "multiply": lambda _, x, y: x * y,
    "scale": lambda step, x: x * step.settings["factor"],
    "average": lambda _, x: functional.adaptive_avg_pool2d(x, 1),
    "pool": lambda step, x: functional.avg_pool2d(x, step.settings["size"]),
    "resample": lambda _, x, matrix: matrix @ (x @ matrix.T),
    "slice": lambda step, x: x[:, step.settings["start"] : step.settings["stop"]],
    "join": lambda _, *parts: torch.cat(parts, 1),
    "respond": _respond,
    "flatten": lambda _, x: x.flatten(1),
    "unit": _unit,
    "product": lambda _, x, weight, bias: x @ weight + bias,
}
"""How each kind of step is computed."""


def exported(graph: Graph, pixels: bool, batch: int) -> torch.export.ExportedProgram:
    """Return a graph as PyTorch's exporter sees it, without a word of where that was.

    Args:
        graph: what it computes.
        pixels: whether it takes bytes; numbers from 0 to 1 otherwise.
        batch: pictures at once, or 0 for any.
    """
    side = graph.resolution
    kind = torch.uint8 if pixels else torch.float32
    # An example of one picture would be taken for a promise that there is never another one.
    image = torch.zeros((batch or 2, graph.channels, side, side), dtype=kind)
    shapes = None if batch else {"image": {0: torch.export.Dim("pictures")}}
    with torch.no_grad():
        program = torch.export.export(Steps(graph).eval(), (image,), dynamic_shapes=shapes)
    for node in program.graph.nodes:
        for name in PLACES & node.meta.keys():
            del node.meta[name]
    return program


PLACES = {"stack_trace", "nn_module_stack", "source_fn_stack", "torch_fn", "from_node"}
"""What a program remembers of the code that it was traced from, paths of this machine included."""
