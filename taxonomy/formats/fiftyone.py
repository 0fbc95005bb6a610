"""FiftyOne's taxonomies: nodes with a name, and ``values`` below them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.formats._json import dump_deep
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, label_of, name_of
from taxonomy.trees.raw_tree import RawTree


@dataclass(frozen=True)
class FiftyOne(Format):
    """JSON of a ``fiftyone.Taxonomy``: ``root`` is a node, and ``values`` are the nodes below one.

    Names are unique there. Inner nodes are written as headings (``can_select`` false). Merge
    heights, spans and support are lost.

    >>> print(FiftyOne().write(Hierarchy.star(["cat"])).decode()[:59])
    {"name": "hierarchy", "root": {"name": "node:0", "can_selec
    """

    also: ClassVar[tuple[str, ...]] = (".json",)

    def fits(self, content: Content) -> bool:
        """Return whether there is a root with a name and values, or a node with both."""
        if not {"root", "values"} & content.keys:
            return False
        given = content.json
        root = given.get("root", given)
        return isinstance(root, dict) and {"name", "values"} <= root.keys()

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read nodes."""
        given = content.json
        root = given.get("root", given) if isinstance(given, dict) else given
        raw = RawTree()
        stack: list[tuple[int, Any]] = [(-1, root)]
        both = 0
        while stack:
            parent, node = stack.pop()
            if not isinstance(node, dict) or not isinstance(node.get("name"), str):
                raise HierarchyError(f"A node is {shown(node)}; expected an object with a name.")
            below = node.get("values") or []
            if not isinstance(below, list):
                raise HierarchyError(f"The values of {shown(node['name'])} are no list.")
            if not below:
                raw.add(parent, leaf=label_of(node["name"]))
                continue
            i = raw.add(parent, name=name_of(node["name"]))
            both += node.get("can_select", True) is not False
            stack += [(i, child) for child in below]
        notes = []
        if both:
            said = counted(both, "node can", "nodes can")
            notes.append(
                f"{said} be selected there, and {'is' if both == 1 else 'are'} no class here"
            )
        return Reading(raw, tuple(notes))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the taxonomy, called "hierarchy"."""
        keys = keys_of(tree)
        built: list[dict[str, Any]] = [{"name": key} for key in keys]
        for i in tree.nodes:
            below = [built[child] for child in tree.children(int(i))]
            built[i] |= {"can_select": False, "values": below}
        return f"{dump_deep({'name': 'hierarchy', 'root': built[0]})}\n".encode()
