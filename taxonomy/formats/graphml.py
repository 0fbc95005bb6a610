"""GraphML, which Gephi, yEd and Cytoscape open; networkx reads and writes it."""

from __future__ import annotations

import re
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
from taxonomy.trees.content import columns_of
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
        columns = columns_of(tree)
        columns["label"] = [
            name if label is None else label
            for label, name in zip(columns["label"], columns["name"], strict=True)
        ]
        used = {name: kind for name, kind in _TYPES.items() if _is_held(columns.get(name, []))}
        data = zip(*(_data(name, columns[name]) for name in used), strict=True)
        nodes = [
            f'<node id="{key}">{"".join(given)}</node>\n'
            for key, given in zip(keys, data, strict=True)
        ]
        edges = [
            f'<edge source="{keys[above]}" target="{key}"/>\n'
            for above, key in zip(tree.parent[1:].tolist(), keys[1:], strict=True)
        ]
        declared = [
            f'<key id="{what}" for="node" attr.name="{what}" attr.type="{kind}"/>\n'
            for what, kind in used.items()
        ]
        head = f'{_HEAD}{"".join(declared)}<graph edgedefault="directed">\n'
        return "".join([head, *nodes, *edges, "</graph>\n</graphml>\n"]).encode(
            "utf-8", "xmlcharrefreplace"
        )


def _is_held(column: list[Any]) -> bool:
    return any(value is not None for value in column)


def _data(name: str, column: list[Any]) -> list[str]:
    """Return one attribute of every node as XML, empty where a node lacks it."""
    before, after = f'<data key="{name}">', "</data>"
    return ["" if x is None else before + escape(str(x), _TEXT) + after for x in column]


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
_VALUE = r'[^"<\t\n]*'
_GRAPH = re.compile(r"<graph\b[^<>]*>", re.ASCII)
_END = re.compile(r"</graph>\s*</graphml>\s*", re.ASCII)
_DATA = re.compile(rf'<data key="({_VALUE})">([^<]*)</data>\s*', re.ASCII)
_NODE = re.compile(
    rf'<node id="({_VALUE})"\s*(?:/>|>\s*((?:<data key="{_VALUE}">[^<]*</data>\s*)*)</node>)\s*',
    re.ASCII,
)
_EDGE = re.compile(
    rf'<edge source="({_VALUE})" target="({_VALUE})"\s*(?:/>|>\s*</edge>)\s*', re.ASCII
)
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|]]>")


class _OutOfTheWay(Exception):  # noqa: N818
    """A file has what `_read_plain` does not know."""


def _read_plain(content: Content) -> tuple[_Nodes, _Links, list[str]] | None:
    """Return what networkx reads, many times as fast, of a file that has nothing out of the way.

    That is a graph of nodes with data, and after them edges without, as most programs write it. No
    element becomes an object: of a hundred thousand nodes those are most of the time. None stands
    for all else, of which networkx knows more and says what is wrong.
    """
    try:
        text = content.text.replace("\r\n", "\n").replace("\r", "\n")
        begin, end = _GRAPH.search(text), text.rfind("</graph>")
        if begin is None or begin.end() > end or not _END.fullmatch(text, end):
            return None
        _expect(not _NO_XML.search(text))
        kinds = _declared(text[: begin.end()])
        body = text[begin.end() : end].lstrip()
        first = body.find("<edge ")
        first = len(body) if first < 0 else first
        nodes = _plain_nodes(_all(_NODE, body[:first]), kinds)
        return nodes, _plain_links(_all(_EDGE, body[first:]), nodes), []
    except (_OutOfTheWay, ET.ParseError, LookupError, ValueError, FileFormatError):
        return None


def _expect(known: bool) -> None:
    if not known:
        raise _OutOfTheWay


def _all(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    """Return all matches of a pattern in a text that holds nothing else."""
    _expect(not pattern.sub("", text))
    return pattern.findall(text)


def _declared(head: str) -> dict[str, tuple[str, Callable[[str], Any]]]:
    """Return the name and type of the data of nodes, by key, from what stands before them."""
    root = ET.fromstring(f"{head}</graph></graphml>")  # noqa: S314 - no entities, see `read`
    *keys, graph = root
    _expect(graph.tag == _NAMESPACE + "graph" and graph.get("edgedefault") == "directed")
    kinds = {}
    for key in keys:
        _expect(key.tag == _NAMESPACE + "key" and key.get("for") == "node" and not len(key))
        kinds[key.attrib["id"]] = key.attrib["attr.name"], _NUMBERS[key.attrib["attr.type"]]
    return kinds


def _plain_nodes(
    found: list[tuple[str, str]], kinds: dict[str, tuple[str, Callable[[str], Any]]]
) -> _Nodes:
    nodes: _Nodes = {}
    for node, data in found:
        given = {}
        for key, value in _DATA.findall(data):
            what, kind = kinds[key]
            if value:
                given[what] = kind(_unescaped(value))
        nodes[_unescaped(node)] = given
    _expect(len(nodes) == len(found))
    return nodes


def _plain_links(found: list[tuple[str, str]], nodes: _Nodes) -> _Links:
    """Return the links in networkx's order: by the places of the nodes above."""
    links = [(_unescaped(above), _unescaped(below)) for above, below in found]
    _expect(len(set(links)) == len(links) and nodes.keys() >= {below for _, below in links})
    place = dict(zip(nodes, range(len(nodes)), strict=True))
    return sorted(links, key=lambda link: place[link[0]])


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    return ET.fromstring(f"<a>{text}</a>").text or ""  # noqa: S314 - no entities, see `read`


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
