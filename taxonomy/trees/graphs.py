"""Trees as networkx graphs, written without loss and read from any rooted graph.

Edges point from parent to child. A written leaf's key is its label id, an inner node's is
``node:`` and its entry; where a label id looks like that, ``leaf:`` stands before it. Keys are
therefore text and unambiguous, also in a file that knows only text, such as GraphML or GEXF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import HierarchyError
from taxonomy.trees.links import Parents, leaf_key, node_key, read_links
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    import networkx as nx

    from taxonomy.trees.hierarchy import Hierarchy


def to_networkx(tree: Hierarchy) -> nx.DiGraph[Any]:
    """Return a tree as a frozen directed graph; see `Hierarchy.to_networkx`."""
    import networkx as nx

    keys = [node_key(i) if x is None else leaf_key(x) for i, x in enumerate(tree.leaf)]
    graph: nx.DiGraph[Any] = nx.DiGraph()
    graph.add_nodes_from((key, tree.attributes(i)) for i, key in enumerate(keys))
    graph.add_edges_from((keys[tree.parent[i]], keys[i]) for i in range(1, len(tree)))
    frozen: nx.DiGraph[Any] = nx.freeze(graph)
    return frozen


def read_networkx(graph: nx.DiGraph[Any], parents: Parents = "refuse") -> RawTree:
    """Read a directed graph; see `Hierarchy.from_networkx`.

    Raises:
        HierarchyError: the graph is no rooted tree, two leaves have one label, or an attribute is
            malformed.
    """
    _check_graph(graph)
    raw, _ = read_links(
        dict(graph.nodes(data=True)),
        graph.edges(),
        parents=parents,
        lenient=False,
        called="graph node",
        turned="give graph.reverse()",
    )
    return raw


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
