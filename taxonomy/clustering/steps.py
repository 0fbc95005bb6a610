"""The step of a local search: the least change among moves and swaps that are allowed.

`refinement`, `partition` and `connectivity` each know what their moves and swaps change; which of
them to take, and when to stop, is said here.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import BoolArray, FloatArray

LEAST_GAIN = 1e-9
"""A step must lower the cost by this share of it."""


class Step(NamedTuple):
    """One step of a table of steps.

    Attributes:
        change: of the cost; infinite where no step is allowed.
        row: what is moved, or one of two that are swapped.
        column: where it goes, or the other of the two.
    """

    change: float
    row: int
    column: int


def least_change(change: FloatArray, barred: BoolArray) -> Step:
    """Return the step that changes the cost least, that is lowers it most; the first among equals.

    Args:
        change: of the cost by every step; (units, groups) for moves and (units, units) for swaps.
        barred: which steps are not allowed; of the same shape.

    >>> change = np.array([[0.5, -2.0], [-1.0, -1.0]])
    >>> least_change(change, np.array([[False, True], [False, False]]))
    Step(change=-1.0, row=1, column=0)
    """
    open_to = np.where(barred, np.inf, change)
    row, column = divmod(int(open_to.argmin()), open_to.shape[1])
    return Step(float(open_to[row, column]), row, column)
