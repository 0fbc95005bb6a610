"""`RawTree`: a tree as it was read or built, and the check that makes it canonical."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from taxonomy.errors import HierarchyError

IntArray = npt.NDArray[np.int64]


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
    """

    parent: list[int] = field(default_factory=list)
    leaf: list[str | None] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    height: list[float] = field(default_factory=list)
    span: list[int] = field(default_factory=list)

    def add(self, parent: int, leaf: str | None = None, name: str = "", span: int = 0) -> int:
        """Append one entry and return its index."""
        self.parent.append(parent)
        self.leaf.append(leaf)
        self.name.append(name)
        self.span.append(span)
        return len(self.parent) - 1


def canonical_order(raw: RawTree) -> IntArray:
    """Check a raw tree and return its entries in canonical preorder."""
    children = _checked_children(raw)
    (root,) = (i for i, parent in enumerate(raw.parent) if parent < 0)
    order = [root]
    for i in order:
        order.extend(children[i])
    if len(order) != len(raw.parent):
        lost = min(set(range(len(raw.parent))) - set(order))
        raise HierarchyError(f"Entry {lost} is on a cycle; every entry must lead to the root.")
    smallest = list(raw.leaf)
    for i in reversed(order):
        if smallest[i] is None:
            below = [smallest[child] for child in children[i]]
            smallest[i] = min((name for name in below if name is not None), default=None)
    preorder = []
    stack = [root]
    while stack:
        i = stack.pop()
        preorder.append(i)
        stack.extend(sorted(children[i], key=lambda child: smallest[child] or "", reverse=True))
    return np.array(preorder, dtype=np.int64)


def _checked_children(raw: RawTree) -> list[list[int]]:
    """Return each entry's children, after checking everything but cycles."""
    n = len(raw.parent)
    roots = [i for i, parent in enumerate(raw.parent) if parent < 0]
    if len(roots) != 1:
        raise HierarchyError(f"A tree needs one root, and this one has {len(roots)}.")
    if raw.leaf[roots[0]] is not None:
        raise HierarchyError("The root is a leaf; put it under a root node.")
    children: list[list[int]] = [[] for _ in range(n)]
    for i, parent in enumerate(raw.parent):
        if parent >= n:
            raise HierarchyError(f"Entry {i} names the parent {parent}, which does not exist.")
        if parent >= 0:
            children[parent].append(i)
    seen: set[str] = set()
    for i, leaf in enumerate(raw.leaf):
        if leaf is None:
            if not children[i]:
                raise HierarchyError(f"Entry {i} ({raw.name[i]!r}) is a node without leaves.")
            continue
        if not isinstance(leaf, str) or not leaf:
            raise HierarchyError(f"Entry {i} has the label {leaf!r}, which is no text.")
        if children[i]:
            raise HierarchyError(f"The leaf {leaf!r} has children.")
        if leaf in seen:
            raise HierarchyError(f"The label {leaf!r} occurs twice.")
        seen.add(leaf)
    if raw.height and not np.isfinite(raw.height).all():
        raise HierarchyError("A merge height is not a finite number.")
    return children
