"""AudioSet's ontology: a list of nodes that name their children."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content
from taxonomy.formats._graph import Graph, GraphFormat, Node
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import leaf_key, node_key


@dataclass(frozen=True)
class AudioSet(GraphFormat):
    """JSON as AudioSet publishes its ontology: objects with ``id``, ``name`` and ``child_ids``.

    A child of several has several parents. Classes are called by their ids, groups by their names.
    Merge heights, spans and support are lost.

    >>> print(AudioSet().write(Hierarchy.star(["cat"])).decode()[:54])
    [{"id": "node:0", "name": "", "child_ids": ["cat"]}, {
    """

    also: ClassVar[tuple[str, ...]] = (".json",)

    def fits(self, content: Content) -> bool:
        """Return whether there is a list of objects that name children."""
        return content.start.startswith("[") and '"child_ids"' in content.start

    def graph(self, content: Content) -> Graph:
        """Read nodes; those that are children only are called by their ids."""
        given = content.flat_json
        if not isinstance(given, list):
            raise HierarchyError("Expected a list of objects with an id and child_ids.")
        nodes: dict[str, Node] = {}
        links: list[tuple[str, str]] = []
        for i, item in enumerate(given):
            key = item.get("id") if isinstance(item, dict) else None
            if not isinstance(key, str) or not key.strip():
                raise HierarchyError(f"[{i}]: expected an object with an id, found {shown(item)}.")
            if key in nodes:
                raise HierarchyError(f"[{i}]: the id {shown(key)} is given already.")
            below, name = item.get("child_ids") or [], item.get("name") or ""
            if not isinstance(name, str) or not isinstance(below, list):
                raise HierarchyError(f"[{i}]: the name is no text, or child_ids is no list.")
            nodes[key] = Node(name, (key,))
            for child in below:
                if not isinstance(child, str) or not child.strip():
                    raise HierarchyError(f"[{i}]: the child {shown(child)} is no id.")
                links.append((key, child))
        lost = dict.fromkeys(child for _, child in links if child not in nodes)
        notes = [f"{counted(len(lost), 'child has', 'children have')} no entry"] if lost else []
        return Graph(nodes, links, tuple(notes), rootless=True)

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the nodes; the root only where it has a name or a single child."""
        keys = [node_key(i) if x is None else leaf_key(x) for i, x in enumerate(tree.leaf)]
        with_root = bool(tree.name[0]) or len(tree.children(0)) == 1
        items: list[dict[str, Any]] = [
            {
                "id": keys[i],
                "name": tree.name[i] or tree.leaf[i] or "",
                "child_ids": [keys[child] for child in tree.children(i)],
            }
            for i in range(int(not with_root), len(tree))
        ]
        return f"{json.dumps(items, ensure_ascii=False)}\n".encode()
