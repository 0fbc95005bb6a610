"""The hierarchy of a classifier in OpenVINO's Model API: ``label_tree_edges``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, read_links


@dataclass(frozen=True)
class LabelTree(Format):
    """JSON with ``label_tree_edges``, pairs of a child and its parent, as Model API reads them.

    It is the value of ``hierarchical_config`` in a model's ``rt_info``; ``cls_heads_info`` beside
    it lists the groups of labels that one head decides between. Merge heights, spans and support
    are lost.

    >>> print(LabelTree().write(Hierarchy.from_nested({"pets": ["cat"]})).decode()[:58])
    {"label_tree_edges": [["pets", "node:0"], ["cat", "pets"]]
    """

    also: ClassVar[tuple[str, ...]] = (".json",)

    def fits(self, content: Content) -> bool:
        """Return whether the edges are there."""
        return "label_tree_edges" in content.keys

    def read(self, content: Content, parents: Parents) -> Reading:
        """Read edges, and the labels that have none."""
        given = content.flat_json
        edges = given.get("label_tree_edges") if isinstance(given, dict) else None
        if not isinstance(edges, list):
            raise HierarchyError("label_tree_edges: expected a list of pairs of child and parent.")
        links = []
        for i, edge in enumerate(edges):
            if not isinstance(edge, list) or len(edge) != 2 or not _are_texts(edge):
                raise HierarchyError(
                    f"label_tree_edges[{i}]: expected a child and its parent, found {shown(edge)}."
                )
            links.append((edge[1], edge[0]))
        heads = given.get("cls_heads_info")
        known = heads.get("label_to_idx") if isinstance(heads, dict) else None
        labels = list(known) if isinstance(known, dict) else []
        raw, notes = read_links(
            {label: {} for label in labels}, links, parents=parents, forest=True
        )
        return Reading(raw, tuple(notes))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return edges, labels and groups; the root only where it has a name or a single child."""
        keys = keys_of(tree)
        with_root = bool(tree.name[0]) or len(tree.children(0)) == 1
        edges = [
            [keys[i], keys[tree.parent[i]]]
            for i in range(1, len(tree))
            if with_root or tree.parent[i]
        ]
        shown_from = int(not with_root)
        heads = {
            "label_to_idx": {key: i for i, key in enumerate(keys[shown_from:])},
            "all_groups": [[keys[k] for k in tree.children(int(i))] for i in tree.nodes],
        }
        config = {"label_tree_edges": edges, "cls_heads_info": heads}
        return f"{json.dumps(config, ensure_ascii=False)}\n".encode()


def _are_texts(edge: list[Any]) -> bool:
    return all(isinstance(end, str) and end.strip() for end in edge)
