"""SKOS vocabularies and OWL classes, read and written by rdflib."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote, unquote

from taxonomy._core.errors import FileFormatError, HierarchyError, told
from taxonomy._core.registry import require
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, read_links

BASE = "urn:taxonomy-experts:class:"
"""Before the keys of concepts that are written."""

_KINDS = {".rdf": "xml", ".owl": "xml", ".nt": "nt"}
_MOST_BRACKETS = 100


@dataclass(frozen=True)
class Skos(Format):
    """RDF: SKOS concepts with ``broader`` or ``narrower``, or classes with ``rdfs:subClassOf``.

    Read from Turtle, N-Triples and RDF/XML, by the ending of the file's name; written as the
    same, of which Turtle is the first. A class is called by its preferred label: the one in the
    language wanted or without any, or else the first; concepts of one label keep the last part of
    their address. Nothing is fetched: imports and remote contexts are not followed. Merge heights,
    spans and support are lost.

    Args:
        language: of the labels.
    """

    endings: ClassVar[tuple[str, ...]] = (".ttl", ".rdf", ".owl", ".nt")
    sure: ClassVar[int] = 2
    language: str = "en"

    def fits(self, content: Content) -> bool:
        """Return whether the text names one of the two vocabularies."""
        marks = ("http://www.w3.org/2004/02/skos/core#", "http://www.w3.org/2000/01/rdf-schema#")
        return any(mark in content.start for mark in marks) and "<graphml" not in content.start

    def read(self, content: Content, parents: Parents) -> Reading:
        """Read concepts or classes."""
        graph = _parsed(content)
        rdf = require("rdflib")
        above, below = rdf.SKOS.broader, rdf.SKOS.narrower
        links = [(parent, child) for child, parent in graph.subject_objects(above)]
        links += list(graph.subject_objects(below))
        if not links:
            links = [
                (parent, child)
                for child, parent in graph.subject_objects(rdf.RDFS.subClassOf)
                if isinstance(parent, rdf.URIRef)  # and no restriction
            ]
        nodes = [*graph.subjects(rdf.RDF.type, rdf.SKOS.Concept)]
        if not links and not nodes:
            raise HierarchyError(
                "The file holds no skos:broader, skos:narrower, skos:Concept or rdfs:subClassOf."
            )
        ends = [end for link in links for end in link]
        named = {str(key): self._labels(graph, rdf, key) for key in sorted({*nodes, *ends})}
        pairs = sorted({(str(one), str(other)) for one, other in links})
        keys = {address: _key(address) for address in named}
        if len(set(keys.values())) < len(keys):
            keys = {address: address for address in named}
        raw, notes = read_links(
            {keys[address]: facts for address, facts in named.items()},
            [(keys[one], keys[other]) for one, other in pairs],
            parents=parents,
        )
        return Reading(raw, tuple(notes))

    def _labels(self, graph: Any, rdf: Any, key: Any) -> dict[str, str]:
        """Return the name and label of a concept; none where its address says it."""
        for name in (rdf.SKOS.prefLabel, rdf.RDFS.label, rdf.SKOS.notation):
            found = [x for x in graph.objects(key, name) if isinstance(x, rdf.Literal)]
            if found:
                order = {self.language: 0, None: 1}
                best = min(found, key=lambda x: (order.get(x.language, 2), str(x)))
                text = " ".join(str(best).split())
                return {"label": text, "name": text} if text else {}
        return {}

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:
        """Return the tree as a concept scheme."""
        rdf = require("rdflib")
        graph = rdf.Graph()
        graph.bind("skos", rdf.SKOS)
        concepts = [rdf.URIRef(BASE + quote(key, safe="")) for key in keys_of(tree)]
        for i, concept in enumerate(concepts):
            graph.add((concept, rdf.RDF.type, rdf.SKOS.Concept))
            if text := tree.leaf[i] or tree.name[i]:
                graph.add((concept, rdf.SKOS.prefLabel, rdf.Literal(text)))
            if i:
                graph.add((concept, rdf.SKOS.broader, concepts[tree.parent[i]]))
        return bytes(graph.serialize(format=_KINDS.get(ending, "turtle"), encoding="utf-8"))


def _parsed(content: Content) -> Any:
    """Return the file as a graph."""
    rdf = require("rdflib")
    kind = _KINDS.get(Path(content.where).suffix.lower(), "turtle")
    if content.start.startswith("<?xml") or "<rdf:RDF" in content.start:
        kind = "xml"
    text = content.text
    many = text.count("[") + text.count("(") > _MOST_BRACKETS
    if kind != "xml" and many and max(_depths(text), default=0) > _MOST_BRACKETS:
        raise HierarchyError(f"Brackets are nested more than {_MOST_BRACKETS} deep.")
    logger = logging.getLogger("rdflib")
    level = logger.level
    graph = rdf.Graph()
    try:
        logger.setLevel(logging.CRITICAL)  # it logs a traceback for a literal that it dislikes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of rdflib by rdflib
            graph.parse(data=text, format=kind, publicID=BASE)
    except Exception as error:
        words = " ".join(str(error).split())
        raise FileFormatError(
            told(content.where, f"not readable as RDF ({kind}: {words}).")
        ) from error
    finally:
        logger.setLevel(level)
    return graph


def _depths(text: str) -> Iterator[int]:
    """Yield how many brackets are open after each; those in texts count, too."""
    depth = 0
    for character in text:
        if character in "[(":
            depth += 1
            yield depth
        elif character in "])":
            depth -= 1


def _key(address: str) -> str:
    """Return the key of a concept: what was written, or the last part of its address."""
    if address.startswith(BASE):
        return unquote(address.removeprefix(BASE))
    return unquote(address.rstrip("/#").rpartition("#")[2].rpartition("/")[2]) or address
