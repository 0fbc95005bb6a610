"""The ``categories`` of a data set's JSON: COCO's, LVIS's and iNaturalist's."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content
from taxonomy.formats._graph import Graph, GraphFormat, Node
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import keys_of, name_of, node_key, short

_RANKS = ("kingdom", "phylum", "class", "order", "family", "genus")
_NONE = "none"  # what Roboflow writes for the supercategory of a category that has none


@dataclass(frozen=True)
class Categories(GraphFormat):
    """JSON with ``categories``, as COCO, LVIS and iNaturalist publish them beside annotations.

    A category's ``supercategory`` is its group, which may be another category; where there are
    ranks, from ``kingdom`` to ``genus``, they are its groups instead. Classes are called by their
    names; they are known by their ids, synsets, ``synonyms`` and ``common_name``, too. Merge
    heights, spans and support are lost, and names that are not one node's alone.

    >>> print(Categories().write(Hierarchy.star(["cat", "dog"])).decode(), end="")
    {"categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]}
    """

    also: ClassVar[tuple[str, ...]] = (".json",)

    def fits(self, content: Content) -> bool:
        """Return whether there are categories."""
        return "categories" in content.keys

    def graph(self, content: Content) -> Graph:
        """Read categories and what they are put into."""
        given = content.flat_json
        rows = given.get("categories") if isinstance(given, dict) else None
        if not isinstance(rows, list) or not rows:
            raise HierarchyError("categories: expected a list of objects, each with a name.")
        found: dict[str, dict[str, Any]] = {}
        doubled: list[str] = []
        for i, row in enumerate(rows):
            key = _text(row, "name") if isinstance(row, dict) else ""
            if not key:
                raise HierarchyError(f"categories[{i}]: expected a name, found {shown(row)}.")
            if key in found:
                doubled.append(key)
                key = f"{key} ({shown(row.get('id', i))})"
            if key in found:
                raise HierarchyError(f"categories[{i}]: {short(key)} is given already.")
            found[key] = row
        ranked = any(_text(row, "kingdom") for row in rows)
        graph = (_by_rank if ranked else _by_group)(found)
        notes = list(graph.notes)
        if doubled:
            said = counted(len(doubled), "name was", "names were")
            notes.append(
                f"{said} given again, such as {short(doubled[0])}; the id stands behind the later "
                "ones"
            )
        return Graph(graph.nodes, graph.links, tuple(notes), rootless=True)

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return a category for each class, and for each group that lies in another one."""
        keys = [node_key(i) if key == _NONE else key for i, key in enumerate(keys_of(tree))]
        with_root = bool(tree.name[0]) or len(tree.children(0)) == 1
        rows: list[dict[str, Any]] = []
        for i in range(1, len(tree)):
            within = with_root or tree.parent[i] > 0
            if within or tree.leaf[i] is not None:
                group = {"supercategory": keys[tree.parent[i]]} if within else {}
                rows.append({"id": len(rows) + 1, "name": keys[i], **group})
        return f"{json.dumps({'categories': rows}, ensure_ascii=False)}\n".encode()


def _by_group(found: dict[str, dict[str, Any]]) -> Graph:
    """Put categories into their supercategories, some of which are categories themselves."""
    above = {key: _text(row, "supercategory") for key, row in found.items()}
    above = {key: "" if group == _NONE else group for key, group in above.items()}
    nodes = {key: _node(key, row) for key, row in found.items()}
    links, both = [], dict[str, None]()
    for key, group in above.items():
        if not group:
            continue
        # COCO's supercategory "person" holds the category "person" and is not it
        apart = above.get(group) == group
        if group in found and not apart:
            both[group] = None
        parent = f"supercategory {group}" if apart else group
        nodes.setdefault(parent, Node(name_of(group)))
        links.append((parent, key))
    notes = []
    if not links:
        notes.append(
            "no category has a supercategory, so that all classes lie below the root; of synsets "
            "taxonomy generate FILE --builder hypernyms makes a tree"
        )
    if both:
        said = counted(len(both), "category is a group", "categories are groups")
        notes.append(f"{said} of others and no class here, such as {short(next(iter(both)))}")
    return Graph(nodes, links, tuple(notes))


def _by_rank(found: dict[str, dict[str, Any]]) -> Graph:
    """Put species into their genus, that into its family, and so on."""
    nodes: dict[str, Node] = {}
    links: dict[tuple[str, str], None] = {}
    for key, row in found.items():
        path: list[str] = []
        above = ""
        for rank in _RANKS:
            if name := _text(row, rank):
                path.append(name)
                here = f"{rank} {' > '.join(path)}"
                nodes[here] = Node(name)
                if above:
                    links[above, here] = None
                above = here
        nodes[key] = _node(key, row)
        if above:
            links[above, key] = None
    return Graph(nodes, list(links))


def _node(key: str, row: dict[str, Any]) -> Node:
    """Return what a category is called."""
    ids = [str(row[name]) for name in ("id", "synset") if isinstance(row.get(name), int | str)]
    listed = row.get("synonyms")
    also = [*(listed if isinstance(listed, list) else ()), row.get("common_name")]
    return Node(name_of(key), tuple(ids), tuple(x for x in also if isinstance(x, str) and x))


def _text(row: dict[str, Any], field: str) -> str:
    """Return a text of a category, empty where it is none or blank."""
    value = row.get(field)
    return value if isinstance(value, str) and value.strip() else ""
