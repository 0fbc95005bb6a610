"""Canonical labelling: an order of items by their similarities alone, whatever their labels.

Where a choice between equals has to be made, the first of them is taken. Among items in the order
of their names that would make the names matter; in the order given here it does not.
"""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray, WordArray, mix64

DIGITS = 12
"""Similarities are rounded to this many digits before they are compared."""


def label_free_order(values: FloatArray) -> IntArray:
    """Return an order of items that depends on how similar they are, and not on their labels.

    However the items are numbered, the same items come in the same order: a canonical labelling.

    Items get colours by colour refinement (Weisfeiler & Leman 1968): two keep one colour only if
    they see as many items of every colour at every similarity. Items that still share one are
    told apart by singling out one of them and refining again; where they can be exchanged for
    each other, as is practically always so, it does not matter which.

    Args:
        values: symmetric, shape (n, n).

    Returns:
        the items, shape (n,), such that ``values[order][:, order]`` is the same array however the
        items were numbered.

    >>> values = np.array([[1, 0.2, 0.9], [0.2, 1, 0.4], [0.9, 0.4, 1]])
    >>> order = label_free_order(values)
    >>> other = label_free_order(values[::-1, ::-1])  # numbered from the other end
    >>> order.tolist() == (2 - other).tolist()
    True
    """
    _, level = np.unique(values.round(DIGITS), return_inverse=True)
    code = mix64(level.reshape(values.shape).astype(np.uint64) + np.uint64(1))
    colour = np.zeros(len(values), dtype=np.int64)
    while True:
        colour = _refined(code, colour)
        counts = np.bincount(colour, minlength=len(values))
        tied = np.flatnonzero(counts > 1)
        if not len(tied):
            return np.argsort(colour)
        members = np.flatnonzero(colour == tied[0])
        # Colours count the items before them, so that there is room to put some behind others.
        if _exchangeable(values, members):
            colour[members] += np.arange(len(members))
        else:
            colour[members[1:]] += 1


def _refined(code: WordArray, colour: IntArray) -> IntArray:
    """Split colours by what their items see, until nothing splits."""
    while True:
        seen = mix64(code + mix64(colour.astype(np.uint64) + np.uint64(2**32))[None, :])
        signature = seen.sum(1, dtype=np.uint64)
        by_colour = np.lexsort((signature, colour))
        new = np.ones(len(colour), dtype=bool)
        new[1:] = (np.diff(colour[by_colour]) != 0) | (np.diff(signature[by_colour]) != 0)
        split = np.empty_like(colour)
        split[by_colour] = np.flatnonzero(new)[np.cumsum(new) - 1]
        if (split == colour).all():
            return split
        colour = split


def _exchangeable(values: FloatArray, members: IntArray) -> bool:
    """Return whether any two members can be exchanged: equally alike each other, and all others."""
    rows = values[members].round(DIGITS)
    among = rows[:, members][~np.eye(len(members), dtype=bool)]
    rest = np.delete(rows, members, axis=1)
    return bool((among == among[0]).all() and (rest == rest[0]).all())
