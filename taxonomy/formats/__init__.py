"""Formats: one file each, which reads trees and writes them, and says what is lost.

>>> list(FORMATS)[:4]
['audioset', 'children', 'coco', 'csv']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taxonomy._core.registry import lazy_names
from taxonomy.formats._files import (
    find_tree,
    format_to_write,
    get_tree,
    read_graph,
    read_raw,
    read_tree,
    saved,
    write_tree,
)
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.formats._graph import Graph, Node
from taxonomy.formats._registry import FORMATS

if TYPE_CHECKING:
    from taxonomy.formats.audioset import AudioSet
    from taxonomy.formats.children import Children
    from taxonomy.formats.coco import Categories
    from taxonomy.formats.csv import ParentTable
    from taxonomy.formats.edges import Edges
    from taxonomy.formats.fiftyone import FiftyOne
    from taxonomy.formats.graphml import GraphML
    from taxonomy.formats.indented import Indented
    from taxonomy.formats.json import NativeJSON
    from taxonomy.formats.label_tree import LabelTree
    from taxonomy.formats.linkage import Linkage
    from taxonomy.formats.nested import Nested
    from taxonomy.formats.newick import Newick
    from taxonomy.formats.nexus import Nexus
    from taxonomy.formats.nltk import Brackets
    from taxonomy.formats.node_link import NodeLink
    from taxonomy.formats.open_images import OpenImages
    from taxonomy.formats.paths import Paths
    from taxonomy.formats.places import Places
    from taxonomy.formats.ranks import RankTable
    from taxonomy.formats.skos import Skos
    from taxonomy.formats.wnids import LabelList

__all__ = [
    "FORMATS",
    "AudioSet",
    "Brackets",
    "Categories",
    "Children",
    "Content",
    "Edges",
    "FiftyOne",
    "Format",
    "Graph",
    "GraphML",
    "Indented",
    "LabelList",
    "LabelTree",
    "Linkage",
    "NativeJSON",
    "Nested",
    "Newick",
    "Nexus",
    "Node",
    "NodeLink",
    "OpenImages",
    "ParentTable",
    "Paths",
    "Places",
    "RankTable",
    "Reading",
    "Skos",
    "find_tree",
    "format_to_write",
    "get_tree",
    "read_graph",
    "read_raw",
    "read_tree",
    "saved",
    "write_tree",
]

__getattr__, __dir__ = lazy_names(__name__, FORMATS.classes)
