"""Ranges of a graph's values over calibrating pictures, as whole numbers stand for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxonomy.export.graph import Graph

Ranges = Mapping[str, "Range"]
"""Of every value, by its name."""

SAME = {"flatten", "slice", "pool", "join"}
"""Steps whose output runtimes want in the whole numbers of their inputs."""


@dataclass(frozen=True)
class Range:
    """From where to where a value's numbers go, 0 included; in int8, -128 to 127.

    >>> round(Range(-1.0, 1.55).scale, 6), Range(-1.0, 1.55).zero
    (0.01, -28)
    """

    low: float = 0.0
    high: float = 0.0

    def joined(self, low: float, high: float) -> Range:
        """Return the range that holds this one and another."""
        return Range(min(self.low, low), max(self.high, high))

    @property
    def scale(self) -> float:
        """What one step is worth."""
        return max(self.high - self.low, 1e-6) / 255

    @property
    def zero(self) -> int:
        """The whole number that stands for 0."""
        return int(np.clip(round(-128 - self.low / self.scale), -128, 127))


def ranges_of(
    graph: Graph, values: Iterable[Mapping[str, npt.NDArray[np.float32]]]
) -> dict[str, Range]:
    """Return the range of every value that was seen; values that are the same numbers share one.

    Args:
        graph: whose values they are.
        values: by name, for some pictures after another.
    """
    seen: dict[str, Range] = {}
    for some in values:
        for name, numbers in some.items():
            seen[name] = seen.get(name, Range()).joined(float(numbers.min()), float(numbers.max()))
    for step in (*graph.steps, *reversed(graph.steps), *graph.steps):  # there, back, and settled
        if step.kind not in SAME:
            continue
        names = [name for name in (*step.inputs, step.output) if name in seen]
        shared = Range()
        for name in names:
            shared = shared.joined(seen[name].low, seen[name].high)
        seen.update(dict.fromkeys(names, shared))
    return seen
