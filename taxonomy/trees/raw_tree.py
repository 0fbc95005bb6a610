"""`RawTree`: a tree as it was read or built, and the order that makes it canonical."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import HierarchyError

if TYPE_CHECKING:
    import networkx as nx

FORMAT = "taxonomy-hierarchy"
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

    @classmethod
    def from_nested(cls, nested: Any) -> RawTree:
        """Read nested lists of label ids, or objects with ``children``, ``leaves``, ``name``."""
        raw = cls()
        stack: list[tuple[int, Any]] = [(-1, nested)]
        while stack:
            parent, item = stack.pop()
            if isinstance(item, str):
                raw.add(parent, leaf=item)
            elif isinstance(item, Mapping):
                node = raw.add(parent, name=str(item.get("name", "")))
                below = [*item.get("children", ()), *item.get("leaves", ())]
                stack.extend((node, child) for child in below)
            elif isinstance(item, Sequence):
                node = raw.add(parent)
                stack.extend((node, child) for child in item)
            else:
                raise HierarchyError(
                    f"A nested tree holds {item!r}; expected a label id, a list or an object."
                )
        return raw

    @classmethod
    def from_networkx(cls, graph: nx.DiGraph[Any]) -> RawTree:
        """Read a directed graph whose edges point from parent to child."""
        position = {node: i for i, node in enumerate(graph)}
        raw = cls()
        heights = []
        for node, attributes in graph.nodes(data=True):
            parents = list(graph.predecessors(node))
            if len(parents) > 1:
                raise HierarchyError(f"The graph node {node!r} has {len(parents)} parents.")
            inner = graph.out_degree(node) > 0
            raw.add(
                position[parents[0]] if parents else -1,
                None if inner else str(attributes.get("label", node)),
                str(attributes.get("name", "")),
                int(attributes.get("span", 0)),
            )
            heights.append(float(attributes.get("height", np.nan)))
        if not np.isnan(heights).any():
            raw.height = heights
        return raw

    @classmethod
    def from_content(cls, content: Any) -> RawTree:
        """Read the toolkit's decoded JSON.

        Raises:
            HierarchyError: another format or version, or a malformed entry.
        """
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise HierarchyError(f"not a {FORMAT} file; make one: taxonomy generate.")
        if content.get("version") != 1:
            raise HierarchyError(f"version {content.get('version')!r} is not readable.")
        if not isinstance(content.get("provenance", {}), dict):
            raise HierarchyError("the provenance is no JSON object.")
        try:
            nodes = content["nodes"]
            raw = cls(
                parent=[_integer(entry["parent"]) for entry in nodes],
                leaf=[entry.get("leaf") for entry in nodes],
                name=[str(entry.get("name", "")) for entry in nodes],
                span=[_integer(entry.get("span", 0)) for entry in nodes],
            )
            heights = [float(entry["height"]) for entry in nodes if "height" in entry]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise HierarchyError(f"a malformed entry ({error}).") from error
        if heights and len(heights) < len(raw.parent):
            raise HierarchyError("some entries have a height and some have none.")
        raw.height = heights
        return raw


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
    order = [raw.parent.index(-1)]
    for i in order:
        order.extend(children[i])
    smallest = list(raw.leaf)
    for i in reversed(order):
        if smallest[i] is None:
            below = [smallest[child] for child in children[i]]
            smallest[i] = min((name for name in below if name is not None), default=None)
    preorder = []
    stack = order[:1]
    while stack:
        i = stack.pop()
        preorder.append(i)
        stack.extend(sorted(children[i], key=lambda child: smallest[child] or "", reverse=True))
    return np.array(preorder, dtype=np.int64)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{value!r} is not a whole number")
    return value
