"""GraphML, which Gephi, yEd and Cytoscape open; networkx reads and writes it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar

from taxonomy._core.errors import FileFormatError, HierarchyError, told
from taxonomy._core.io import DAMAGED
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, read_links


@dataclass(frozen=True)
class GraphML(Format):
    """GraphML with edges from parent to child.

    Nodes carry ``label``, ``name``, ``merge_height``, ``span`` and ``support``. Nothing but
    provenance is lost.

    >>> b"<edge source" in GraphML().write(Hierarchy.star(["cat", "dog"]))
    True
    """

    endings: ClassVar[tuple[str, ...]] = (".graphml",)

    def fits(self, content: Content) -> bool:
        """Return whether the text is XML of that name."""
        return content.start.startswith("<") and "<graphml" in content.start

    def read(self, content: Content, parents: Parents) -> Reading:
        """Read a directed graph."""
        import networkx as nx

        if b"<!DOCTYPE" in content.data or b"<!ENTITY" in content.data:
            raise HierarchyError("The file defines entities, which GraphML does not need.")
        try:
            with warnings.catch_warnings(record=True) as warned:
                warnings.simplefilter("always")
                graph: Any = nx.read_graphml(BytesIO(content.data))
        except (nx.NetworkXException, StopIteration, *DAMAGED) as error:
            raise FileFormatError(
                told(content.where, f"not readable as GraphML ({error}).")
            ) from error
        if not graph.is_directed():
            raise HierarchyError(
                "The graph is undirected, which does not say which of two nodes is the parent; "
                'write it with edgedefault="directed" and edges from parent to child.'
            )
        nodes = dict(graph.nodes(data=True))
        notes = sorted({f"networkx says: {str(x.message)[:200]}" for x in warned})[:5]
        if nodes and not any("label" in given for given in nodes.values()):
            named = [given.get("name") for given in nodes.values()]
            if all(named) and len(set(map(str, named))) == len(named):
                nodes = {key: {**given, "label": given["name"]} for key, given in nodes.items()}
                notes.append("nodes have no label and were called by their names, as igraph's are")
        links = [(above, below) for above, below, *_ in graph.edges]
        raw, more = read_links(nodes, links, parents=parents)
        return Reading(raw, (*notes, *more))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the graph, every node with a label to be drawn."""
        import networkx as nx

        graph: nx.DiGraph[Any] = nx.DiGraph(tree.to_networkx())
        for i, key in enumerate(list(graph)):
            if tree.name[i]:
                graph.nodes[key]["label"] = tree.name[i]
        file = BytesIO()
        nx.write_graphml_xml(graph, file)
        return file.getvalue()
