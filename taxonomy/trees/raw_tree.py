"""`RawTree`: a tree as it was read or built, and the order that makes it canonical."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from taxonomy._core.arrays import IntArray


@dataclass
class RawTree:
    """A tree as read or built, unchecked, in any order.

    Args:
        parent: per entry the index of its parent, -1 for the root.
        leaf: per entry the label id, or None for an inner node.
        name: per entry a display name; may be shorter than ``parent``.
        height: per entry the height at which it was merged; empty when there are none.
        span: per entry the number of leaves below it in the tree it was cut from; 0 when it was
            never cut; may be shorter than ``parent``.
        support: per entry how well its node is supported, a share in [0, 1], NaN where that is not
            known; may be shorter than ``parent``; what it says of leaves is ignored.
    """

    parent: list[int] = field(default_factory=list)
    leaf: list[str | None] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    height: list[float] = field(default_factory=list)
    span: list[int] = field(default_factory=list)
    support: list[float] = field(default_factory=list)

    def add(
        self,
        parent: int,
        leaf: str | None = None,
        name: str = "",
        span: int = 0,
        support: float = math.nan,
    ) -> int:
        """Append one entry, without a height, and return its index."""
        self.parent.append(parent)
        self.leaf.append(leaf)
        self.name.append(name)
        self.span.append(span)
        self.support.append(support)
        return len(self.parent) - 1


def children_of(parent: Sequence[int]) -> list[list[int]]:
    """Return each entry's children; entries whose parent does not exist are nobody's."""
    children: list[list[int]] = [[] for _ in parent]
    for i, above in enumerate(parent):
        if 0 <= above < len(parent):
            children[above].append(i)
    return children


def canonical_order(raw: RawTree) -> IntArray:
    """Return the entries of a tree without errors in canonical preorder."""
    children = children_of(raw.parent)
    nodes = [raw.parent.index(-1)]
    for i in nodes:
        nodes += [child for child in children[i] if children[child]]
    smallest = [leaf or "" for leaf in raw.leaf]
    for i in reversed(nodes):
        smallest[i] = min((smallest[child] for child in children[i]), default="")
    preorder = []
    stack = nodes[:1]
    while stack:
        i = stack.pop()
        preorder.append(i)
        if children[i]:
            stack += sorted(children[i], key=smallest.__getitem__, reverse=True)
    return np.array(preorder, dtype=np.int64)
