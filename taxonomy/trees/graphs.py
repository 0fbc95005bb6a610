"""Trees as networkx graphs, written without loss and read from any rooted graph.

Edges point from parent to child. A written leaf's key is its label id, an inner node's is
``node:`` and its entry; where a label id looks like that, ``leaf:`` stands before it. Keys are
therefore text and unambiguous, also in a file that knows only text, such as GraphML or GEXF.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import HierarchyError
from taxonomy.trees.nested import number_of, span_of, whole_heights
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    import networkx as nx

    from taxonomy.trees.hierarchy import Hierarchy

_OWN_KEY = re.compile(r"(?:leaf:)*node:[0-9]+")


def to_networkx(tree: Hierarchy) -> nx.DiGraph[Any]:
    """Return a tree as a frozen directed graph; see `Hierarchy.to_networkx`."""
    import networkx as nx

    keys = [_key(i, leaf) for i, leaf in enumerate(tree.leaf)]
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from((key, tree.attributes(i)) for i, key in enumerate(keys))
    graph.add_edges_from((keys[tree.parent[i]], keys[i]) for i in range(1, len(tree)))
    frozen: nx.DiGraph[Any] = nx.freeze(graph)
    return frozen


def read_networkx(graph: nx.DiGraph[Any]) -> RawTree:
    """Read a directed graph; see `Hierarchy.from_networkx`.

    Raises:
        HierarchyError: the graph is no rooted tree, two leaves have one label, or an attribute is
            malformed.
    """
    _check_graph(graph)
    position = {key: i for i, key in enumerate(graph)}
    raw = RawTree()
    heights: list[float | None] = []
    key_of: dict[str, object] = {}
    for key, attributes in graph.nodes(data=True):
        given = {name: value for name, value in attributes.items() if not _is_absent(value)}
        whose = f"the graph node {_short(key)}"
        leaf = None if graph.out_degree(key) else str(given.get("label", key))
        if leaf is not None and key_of.setdefault(leaf, key) != key:
            raise HierarchyError(
                f"The graph nodes {_short(key_of[leaf])} and {_short(key)} both give the label "
                f"{_short(leaf)}; tell them apart by an attribute label."
            )
        above = next(iter(graph.predecessors(key)), None)
        raw.add(
            -1 if above is None else position[above],
            leaf,
            _name(key, given) if leaf is None else "",
            span_of(given["span"], whose) if "span" in given else 0,
            number_of(given["support"], "support", whose) if "support" in given else math.nan,
        )
        height = given.get("merge_height")
        heights.append(None if height is None else number_of(height, "merge_height", whose))
    keys = list(graph)
    raw.height = whole_heights(heights, raw.leaf, lambda i: f"the graph node {_short(keys[i])}")
    return raw


def _key(entry: int, leaf: str | None) -> str:
    if leaf is None:
        return f"node:{entry}"
    return f"leaf:{leaf}" if _OWN_KEY.fullmatch(leaf) else leaf


def _name(key: object, given: dict[str, Any]) -> str:
    """Return an inner node's name: its own, its label in a drawing program, or a key in words."""
    if name := given.get("name"):
        return str(name)
    text = str(given.get("label") or (key if isinstance(key, str) else ""))
    return "" if _OWN_KEY.fullmatch(text) else text


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _check_graph(graph: Any) -> None:
    import networkx as nx

    if not isinstance(graph, nx.Graph):
        raise HierarchyError(f"Expected a networkx.DiGraph, not a {type(graph).__name__}.")
    if not isinstance(graph, nx.DiGraph):
        raise HierarchyError(
            "An undirected graph does not say which of two nodes is the parent; give a "
            "networkx.DiGraph whose edges point from parent to child."
        )
    if graph.is_multigraph():
        raise HierarchyError(
            "A multigraph may hold an edge twice; give networkx.DiGraph(graph), which holds it "
            "once."
        )
    if not len(graph):
        raise HierarchyError("The graph is empty; a tree needs a root node and a leaf.")
    if not nx.is_directed_acyclic_graph(graph):
        cycle = [edge[0] for edge in nx.find_cycle(graph)]
        shown = [_short(key) for key in [*cycle, cycle[0]]]
        path = " → ".join(shown if len(shown) < 8 else [*shown[:5], "…"])
        raise HierarchyError(f"The graph has a cycle: {path}; remove one of its edges.")
    for key, count in graph.in_degree():
        if count > 1:
            parents = ", ".join(_short(above) for above in list(graph.predecessors(key))[:3])
            raise HierarchyError(
                f"The graph node {_short(key)} has {count} parents: {parents}; keep the edge from "
                "one of them. If edges point from child to parent, give graph.reverse()."
            )
    roots = [key for key, count in graph.in_degree() if not count]
    if len(roots) > 1:
        raise HierarchyError(
            f"The graph has {len(roots)} roots, such as {_short(roots[0])} and "
            f"{_short(roots[1])}, and a tree has one root; add a node with an edge to each of them."
        )


def _short(key: object) -> str:
    text = repr(key)
    return text if len(text) <= 60 else text[:59] + "…"
