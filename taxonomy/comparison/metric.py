"""`Metric`: a function that compares two trees, with its range and other known properties."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Metric:
    """A metric with its range, its direction and its expected value for unrelated trees.

    Args:
        function: of a tree and another tree or, for a fit, of a tree and something else.
        least: the least value it can have.
        most: the most.
        alike: whether a ``"high"`` or a ``"low"`` value means that the two are similar.
        expected: the exact mean over all relabellings of the first tree, where it is known.
    """

    function: Callable[..., float]
    least: float
    most: float
    alike: Literal["high", "low"] = "high"
    expected: Callable[..., float] | None = None

    def __call__(self, a: Any, b: Any) -> float:
        """Return the metric's value."""
        return self.function(a, b)

    @property
    def best(self) -> float:
        """The value of a tree with itself, where there is one."""
        return self.most if self.alike == "high" else self.least
