"""Formats: one file each, which reads trees and writes them, and says what is lost.

>>> list(FORMATS)[:4]
['children', 'csv', 'edges', 'fiftyone']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from taxonomy._core.registry import lazy_names
from taxonomy.formats._files import (
    find_tree,
    format_to_write,
    get_tree,
    read_raw,
    read_tree,
    write_tree,
)
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.formats._registry import FORMATS

if TYPE_CHECKING:
    from taxonomy.formats.brackets import Brackets
    from taxonomy.formats.children import Children
    from taxonomy.formats.edges import Edges
    from taxonomy.formats.fiftyone import FiftyOne
    from taxonomy.formats.graphml import GraphML
    from taxonomy.formats.indented import Indented
    from taxonomy.formats.label_tree import LabelTree
    from taxonomy.formats.linkage import Linkage
    from taxonomy.formats.listed import LabelList
    from taxonomy.formats.native import NativeJSON
    from taxonomy.formats.nested import Nested
    from taxonomy.formats.newick import Newick
    from taxonomy.formats.nexus import Nexus
    from taxonomy.formats.node_link import NodeLink
    from taxonomy.formats.parent_table import ParentTable
    from taxonomy.formats.paths import Paths

__all__ = [
    "FORMATS",
    "Brackets",
    "Children",
    "Content",
    "Edges",
    "FiftyOne",
    "Format",
    "GraphML",
    "Indented",
    "LabelList",
    "LabelTree",
    "Linkage",
    "NativeJSON",
    "Nested",
    "Newick",
    "Nexus",
    "NodeLink",
    "ParentTable",
    "Paths",
    "Reading",
    "find_tree",
    "format_to_write",
    "get_tree",
    "read_raw",
    "read_tree",
    "write_tree",
]

__getattr__, __dir__ = lazy_names(__name__, FORMATS.classes)
