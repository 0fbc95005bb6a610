"""Public taxonomies as graphs: nodes with all that they are called, before any parent is cut."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from taxonomy.formats._format import Content, Format, Reading
from taxonomy.labels import SYNSET
from taxonomy.trees.links import Parents, read_links
from taxonomy.trees.raw_tree import RawTree


@dataclass(frozen=True)
class Node:
    """What a node of a taxonomy is called.

    Args:
        name: for people; may be empty.
        ids: texts that stand for this node alone, such as a wnid or a machine id.
        synonyms: other names.
    """

    name: str = ""
    ids: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Graph:
    """A taxonomy as it is published: a node may have several parents.

    Args:
        nodes: by key; ends of links that are missing here are called by their keys.
        links: pairs of keys, parent and child.
        notes: what the file holds that this does not, one sentence each.
        rootless: whether the file leaves the root out as a rule.
    """

    nodes: Mapping[str, Node] = field(default_factory=dict)
    links: Sequence[tuple[str, str]] = ()
    notes: tuple[str, ...] = ()
    rootless: bool = False


class GraphFormat(Format):
    """A format whose nodes may have several parents: it reads a graph, and of that a tree."""

    turned: ClassVar[str] = "turn them round"
    """What a message says to do where links point from child to parent."""

    @abstractmethod
    def graph(self, content: Content) -> Graph:
        """Return the graph that a file holds.

        Raises:
            TaxonomyError: it is not of this format.
        """

    def read(self, content: Content, parents: Parents) -> Reading:
        """Read the graph, and keep one parent of each node."""
        graph = self.graph(content)
        named = {key: {"name": node.name} for key, node in graph.nodes.items()}
        raw, notes = read_links(
            named, graph.links, parents=parents, forest=graph.rootless, turned=self.turned
        )
        return Reading(raw, (*graph.notes, *notes))


def graph_of(raw: RawTree, notes: Sequence[str]) -> Graph:
    """Return a tree that was read as a graph; labels stand for their entries.

    >>> raw = RawTree()
    >>> _ = raw.add(raw.add(-1, name="pets"), leaf="cat")
    >>> graph_of(raw, ()).nodes["1"]
    Node(name='cat', ids=('cat',), synonyms=())
    """
    nodes = {}
    for i, (leaf, name) in enumerate(zip(raw.leaf, raw.name, strict=True)):
        text = name if leaf is None else leaf
        is_id = leaf is not None or SYNSET.fullmatch(name)
        nodes[str(i)] = Node(text, (text,) if is_id else ())
    links = [(str(above), str(i)) for i, above in enumerate(raw.parent) if above >= 0]
    return Graph(nodes, links, tuple(notes))
