"""Open Images' hierarchy: nodes with a ``LabelName``, and ``Subcategory`` below them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import Any, ClassVar

from taxonomy._core import io
from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content
from taxonomy.formats._graph import Graph, GraphFormat, Node
from taxonomy.formats._json import dump_deep
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import keys_of


@dataclass(frozen=True)
class OpenImages(GraphFormat):
    """JSON as Open Images publishes it: objects with a ``LabelName`` and a ``Subcategory``.

    A label that stands in several places has several parents. Parts (``Part``) are no kinds of what
    they belong to and are left out. Merge heights, spans and support are lost.

    >>> print(OpenImages().write(Hierarchy.star(["/m/01yrx"])).decode(), end="")
    {"LabelName": "node:0", "Subcategory": [{"LabelName": "/m/01yrx"}]}
    """

    also: ClassVar[tuple[str, ...]] = (".json",)
    descriptions: str = ""

    def fits(self, content: Content) -> bool:
        """Return whether the object has a label and something below it."""
        return {"LabelName", "Subcategory"} <= content.keys

    def graph(self, content: Content) -> Graph:
        """Read objects, of which several may be one node."""
        names = _names(self.descriptions) if self.descriptions else {}
        nodes: dict[str, Node] = {}
        links: dict[tuple[str, str], None] = {}
        stack: list[tuple[str, Any]] = [("", content.json)]
        parts = 0
        while stack:
            above, node = stack.pop()
            label = node.get("LabelName") if isinstance(node, dict) else None
            if not isinstance(label, str) or not label.strip():
                raise HierarchyError(f"Expected an object with a LabelName, found {shown(node)}.")
            nodes[label] = Node(names.get(label, ""), (label,))
            if above:
                links[above, label] = None
            below = [node.get(name) or [] for name in ("Subcategory", "Part")]
            if not all(isinstance(held, list) for held in below):
                raise HierarchyError(f"What lies below {shown(label)} is no list.")
            parts += len(below[1])
            stack += [(label, child) for child in reversed(below[0])]
        said = [f"{counted(parts, 'part was', 'parts were')} left out"] if parts else []
        if names and (lost := sum(key not in names for key in nodes)):
            said.append(f"{counted(lost, 'node has', 'nodes have')} no description")
        return Graph(nodes, list(links), tuple(said))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return objects in objects."""
        built: list[dict[str, Any]] = [{"LabelName": key} for key in keys_of(tree)]
        for i in tree.nodes:
            built[i]["Subcategory"] = [built[child] for child in tree.children(int(i))]
        return f"{dump_deep(built[0])}\n".encode()


def _names(path: str) -> dict[str, str]:
    """Return the names by id of a file of descriptions."""
    rows = csv.reader(StringIO(io.read_text(path)), strict=True)
    try:
        return {row[0]: row[1].strip() for row in rows if len(row) > 1}
    except csv.Error as error:
        raise HierarchyError(f"{path}: line {rows.line_num}: {error}.") from error
