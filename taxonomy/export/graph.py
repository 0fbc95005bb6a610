"""`Graph`: a network for inference as a list of a few plain operations, for any runtime's format.

A `Part` is one with more than one input or output, such as a node's branch alone.

Every order of channels, of parents and of logits is in the weights, normalisations are folded, and
all sizes but the batch are known. Maps are (batch, channels, side, side) until they are averaged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from taxonomy._core.arrays import Float32Array

Kind = Literal[
    "convolution",
    "relu",
    "gelu",
    "sigmoid",
    "subtract",
    "add",
    "multiply",
    "scale",
    "average",
    "pool",
    "resample",
    "slice",
    "join",
    "respond",
    "flatten",
    "unit",
    "product",
]
"""What a step does:

- ``convolution``: weight (out, in / groups, kernel, kernel), bias (out,); ``stride``, ``pads``
  (top, left, bottom, right) and ``groups``.
- ``relu``, ``gelu`` (the exact one), ``sigmoid``.
- ``subtract``: the number ``number`` from every cell; what the input is encoded by.
- ``add`` and ``multiply``: of two maps, the second perhaps of side 1.
- ``scale``: times the number ``factor``.
- ``average``: over all cells, to side 1.
- ``pool``: average over squares of ``size`` cells.
- ``resample``: average over unequal cells; ``matrix`` (new side, side) on both axes.
- ``slice``: channels ``start`` to ``stop``; ``join``: several maps' channels side by side.
- ``respond``: global response normalisation, ``weight`` (channels,), over ``width`` channels each;
  its shift is in the next convolution's bias.
- ``flatten``: a map of side 1 to (batch, channels).
- ``unit``: every ``width`` numbers to length 1.
- ``product``: (batch, channels) by ``weight`` (channels, classes), plus ``bias``.
"""


@dataclass(frozen=True, eq=False)
class Step:
    """One operation.

    Args:
        kind: what it does.
        inputs: names of the values it reads.
        output: name of the value that it makes.
        channels: of that value.
        arrays: its weights, float32, by name.
        settings: its numbers, by name.
    """

    kind: Kind
    inputs: tuple[str, ...]
    output: str
    channels: int
    arrays: dict[str, Float32Array] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Graph:
    """Steps in an order in which each finds its inputs, from ``input`` to ``logits``.

    Args:
        steps: the operations.
        channels: of the input.
        resolution: side of the input, in pixels.
        classes: label ids, in the order of the logits.
    """

    steps: tuple[Step, ...]
    channels: int
    resolution: int
    classes: tuple[str, ...]

    @property
    def weight_bytes(self) -> int:
        """Bytes of all weights."""
        return sum(array.nbytes for step in self.steps for array in step.arrays.values())


@dataclass(frozen=True)
class Port:
    """A value that goes into or out of steps, as others call it.

    Args:
        value: its name among the steps.
        name: what a file calls it.
        shape: without the batch.
    """

    value: str
    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """Steps that make some values out of others.

    Args:
        steps: the operations, in an order in which each finds its inputs.
        inputs: what they read.
        outputs: what they make for others.
    """

    steps: tuple[Step, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


class Builder:
    """Collects the steps of a graph and names their values in order."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.channels: dict[str, int] = {}

    def add(
        self,
        kind: Kind,
        *inputs: str,
        channels: int | None = None,
        arrays: dict[str, Any] | None = None,
        **settings: Any,
    ) -> str:
        """Add a step and return its output's name; it has its first input's channels by default."""
        output = f"v{len(self.steps)}"
        self.channels[output] = self.channels[inputs[0]] if channels is None else channels
        kept = {
            name: np.ascontiguousarray(array, dtype=np.float32)
            for name, array in (arrays or {}).items()
        }
        self.steps.append(Step(kind, inputs, output, self.channels[output], kept, settings))
        return output
