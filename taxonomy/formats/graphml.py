"""GraphML, which Gephi, yEd and Cytoscape open; networkx reads and writes it."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Any, ClassVar
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from taxonomy._core.errors import FileFormatError, HierarchyError, told
from taxonomy._core.io import DAMAGED
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, leaf_key, node_key, read_links


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
        if b"<!DOCTYPE" in content.data or b"<!ENTITY" in content.data:
            raise HierarchyError("The file defines entities, which GraphML does not need.")
        nodes, links, notes = _read_plain(content) or _read_by_networkx(content)
        if nodes and not any("label" in given for given in nodes.values()):
            named = [given.get("name") for given in nodes.values()]
            if all(named) and len(set(map(str, named))) == len(named):
                nodes = {key: {**given, "label": given["name"]} for key, given in nodes.items()}
                notes.append("nodes have no label and were called by their names, as igraph's are")
        raw, more = read_links(nodes, links, parents=parents)
        return Reading(raw, (*notes, *more))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the graph, every node with a label to be drawn.

        It is what networkx's writer makes of `Hierarchy.to_networkx`, in a tenth of the time.
        """
        keys = [_quoted(node_key(i) if x is None else leaf_key(x)) for i, x in enumerate(tree.leaf)]
        nodes, used = list[str](), set[str]()
        for i, key in enumerate(keys):
            given = tree.attributes(i)
            if tree.name[i]:
                given["label"] = tree.name[i]
            used |= given.keys()
            data = "".join(
                f'<data key="{what}">{escape(str(given[what]), _TEXT)}</data>'
                for what in _TYPES
                if what in given
            )
            nodes.append(f'<node id="{key}">{data}</node>\n')
        above = tree.parent.tolist()
        edges = [
            f'<edge source="{keys[above[i]]}" target="{keys[i]}"/>\n' for i in range(1, len(keys))
        ]
        declared = [
            f'<key id="{what}" for="node" attr.name="{what}" attr.type="{kind}"/>\n'
            for what, kind in _TYPES.items()
            if what in used
        ]
        head = f'{_HEAD}{"".join(declared)}<graph edgedefault="directed">\n'
        return "".join([head, *nodes, *edges, "</graph>\n</graphml>\n"]).encode(
            "utf-8", "xmlcharrefreplace"
        )


_Links = list[tuple[str, str]]
_Nodes = dict[str, dict[str, Any]]

_NUMBERS: dict[str, Callable[[str], Any]] = {
    "string": str,
    "int": int,
    "long": int,
    "float": float,
    "double": float,
}
_NAMESPACE = "{http://graphml.graphdrawing.org/xmlns}"


class _OutOfTheWay(Exception):  # noqa: N818
    """A file has what `_read_plain` does not know."""


def _read_plain(content: Content) -> tuple[_Nodes, _Links, list[str]] | None:
    """Return what networkx reads, three times as fast, of a file that has nothing out of the way.

    None stands for all else, of which networkx knows more and says what is wrong.
    """
    try:
        *keys, graph = ET.fromstring(content.text)  # noqa: S314 - no entities, see above
        _expect(graph.tag == _NAMESPACE + "graph" and graph.get("edgedefault") == "directed")
        kinds = {}
        for key in keys:
            _expect(key.tag == _NAMESPACE + "key" and key.get("for") == "node" and not len(key))
            kinds[key.attrib["id"]] = key.attrib["attr.name"], _NUMBERS[key.attrib["attr.type"]]
        items = list(graph)
        count = sum(item.tag == _NAMESPACE + "node" for item in items)
        nodes = _plain_nodes(items[:count], kinds)
        return nodes, _plain_links(items[count:], nodes), []
    except (_OutOfTheWay, ET.ParseError, LookupError, ValueError, FileFormatError):
        return None


def _expect(known: bool) -> None:
    if not known:
        raise _OutOfTheWay


def _plain_nodes(items: list[ET.Element], kinds: dict[str, tuple[str, Any]]) -> _Nodes:
    nodes: _Nodes = {}
    for item in items:
        _expect(item.tag == _NAMESPACE + "node" and item.attrib.keys() == {"id"})
        given = {}
        for data in item:
            _expect(data.tag == _NAMESPACE + "data" and not len(data))
            what, kind = kinds[data.attrib["key"]]
            if data.text is not None:
                given[what] = kind(data.text)
        nodes[item.attrib["id"]] = given
    _expect(len(nodes) == len(items))
    return nodes


def _plain_links(items: list[ET.Element], nodes: _Nodes) -> _Links:
    """Return the links in networkx's order: by the places of the nodes above."""
    below: dict[str, dict[str, None]] = {key: {} for key in nodes}
    for item in items:
        _expect(item.tag == _NAMESPACE + "edge" and item.attrib.keys() == {"source", "target"})
        other = item.attrib["target"]
        ends = below[item.attrib["source"]]
        _expect(other in nodes and other not in ends and not len(item))
        ends[other] = None
    return [(one, other) for one, ends in below.items() for other in ends]


def _read_by_networkx(content: Content) -> tuple[_Nodes, _Links, list[str]]:
    """Return the nodes with their attributes, the links, and what networkx says of the file."""
    import networkx as nx

    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            graph: Any = nx.read_graphml(BytesIO(content.data))
    except (nx.NetworkXException, StopIteration, *DAMAGED) as error:
        raise FileFormatError(told(content.where, f"not readable as GraphML ({error}).")) from error
    if not graph.is_directed():
        raise HierarchyError(
            "The graph is undirected, which does not say which of two nodes is the parent; "
            'write it with edgedefault="directed" and edges from parent to child.'
        )
    notes = sorted({f"networkx says: {str(x.message)[:200]}" for x in warned})[:5]
    links = [(above, below) for above, below, *_ in graph.edges]
    return dict(graph.nodes(data=True)), links, notes


_HEAD = """<?xml version="1.0" encoding="utf-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://graphml.graphdrawing.org/xmlns
    http://graphml.graphdrawing.org/xmlns/1.0/graphml.xsd">
"""

_TYPES = {
    "label": "string",
    "name": "string",
    "merge_height": "double",
    "span": "long",
    "support": "double",
}
"""What nodes carry, and as what."""

_TEXT = {"\r": "&#13;"}
"""What XML's readers would turn into something else, beside what they need escaped."""


def _quoted(text: str) -> str:
    """Return a text as it stands between an attribute's double quotes."""
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\t": "&#9;", **_TEXT})
