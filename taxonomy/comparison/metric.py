"""`Metric`: a function of two values, and what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Metric:
    """A metric and its laws, which the tests hold it to.

    Args:
        function: of a tree and another tree or, for a fit, of a tree and something else.
        least: the least value it can have.
        most: the most.
        alike: whether a ``"high"`` or a ``"low"`` value means alike.
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
