"""The table of formats."""

from __future__ import annotations

from taxonomy._core.registry import Registry
from taxonomy.formats._format import Format

FORMATS: Registry[Format] = Registry(
    "format",
    {
        "children": "taxonomy.formats.children:Children",
        "csv": "taxonomy.formats.parent_table:ParentTable",
        "edges": "taxonomy.formats.edges:Edges",
        "fiftyone": "taxonomy.formats.fiftyone:FiftyOne",
        "graphml": "taxonomy.formats.graphml:GraphML",
        "indented": "taxonomy.formats.indented:Indented",
        "json": "taxonomy.formats.native:NativeJSON",
        "label-tree": "taxonomy.formats.label_tree:LabelTree",
        "linkage": "taxonomy.formats.linkage:Linkage",
        "list": "taxonomy.formats.listed:LabelList",
        "nested": "taxonomy.formats.nested:Nested",
        "newick": "taxonomy.formats.newick:Newick",
        "nexus": "taxonomy.formats.nexus:Nexus",
        "nltk": "taxonomy.formats.brackets:Brackets",
        "node-link": "taxonomy.formats.node_link:NodeLink",
        "paths": "taxonomy.formats.paths:Paths",
    },
)
"""All formats by name."""
