"""Node-link JSON: lists of nodes and of links, as NBDT, networkx and D3 write graphs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, leaf_key, node_key, read_links


@dataclass(frozen=True)
class NodeLink(Format):
    """JSON with ``nodes`` and ``links``, as NBDT's hierarchies are.

    networkx calls the links ``edges`` since 3.4; both are read. Nothing but provenance is lost.

    >>> print(NodeLink().write(Hierarchy.star(["cat", "dog"])).decode()[:57])
    {"directed": true, "multigraph": false, "graph": {}, "nod
    """

    also: ClassVar[tuple[str, ...]] = (".json",)

    def fits(self, content: Content) -> bool:
        """Return whether there are lists of nodes and of links."""
        return "nodes" in content.keys and bool({"links", "edges"} & content.keys)

    def read(self, content: Content, parents: Parents) -> Reading:
        """Read nodes and links."""
        graph = content.flat_json
        if not isinstance(graph, dict) or graph.get("directed") is False:
            raise HierarchyError(
                "An object with a list of nodes and a list of links from parent to child is wanted."
            )
        nodes, ids = dict[Any, dict[str, Any]](), list[Any]()
        for i, node in enumerate(_objects(graph, "nodes")):
            key = _key(node, ("id", "name", "key"), f"nodes[{i}]", default=i)
            ids.append(key)
            if key in nodes:
                raise HierarchyError(f"nodes[{i}]: the id {shown(key)} is given already.")
            nodes[key] = node
        links = []
        for i, link in enumerate(_objects(graph, "links" if "links" in graph else "edges")):
            ends = [_key(link, (end,), f"links[{i}]") for end in ("source", "target")]
            for k, end in enumerate(ends):
                if end not in nodes and isinstance(end, int) and 0 <= end < len(ids):
                    ends[k] = ids[end]  # D3 numbers the nodes
                elif end not in nodes:
                    raise HierarchyError(f"links[{i}]: there is no node {shown(end)}.")
            links.append((ends[0], ends[1]))
        raw, notes = read_links(nodes, links, parents=parents)
        return Reading(raw, tuple(notes))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the tree as NBDT's hierarchies are written."""
        keys = [node_key(i) if x is None else leaf_key(x) for i, x in enumerate(tree.leaf)]
        nodes = []
        for i, key in enumerate(keys):
            facts = tree.attributes(i)
            shown_as = {"label": facts["name"]} if "name" in facts else {}
            nodes.append({"id": key, **shown_as, **facts})
        links = [{"source": keys[tree.parent[i]], "target": keys[i]} for i in range(1, len(tree))]
        graph = {"directed": True, "multigraph": False, "graph": {}, "nodes": nodes, "links": links}
        return f"{json.dumps(graph, ensure_ascii=False, allow_nan=False)}\n".encode()


def _objects(graph: dict[str, Any], name: str) -> list[dict[str, Any]]:
    given = graph.get(name)
    if not isinstance(given, list):
        raise HierarchyError(f"{name}: expected a list, found {shown(given)}.")
    for i, item in enumerate(given):
        if not isinstance(item, dict):
            raise HierarchyError(f"{name}[{i}]: expected an object, found {shown(item)}.")
    return given


def _key(item: dict[str, Any], names: tuple[str, ...], where: str, default: Any = None) -> Any:
    key = next((item[name] for name in names if name in item), default)
    if isinstance(key, dict):  # as D3 leaves them behind
        key = next((key[name] for name in ("id", "name") if name in key), None)
    if isinstance(key, bool) or not isinstance(key, int | str):
        raise HierarchyError(f"{where}: the {names[0]} is {shown(key)}; expected text or a number.")
    return key
