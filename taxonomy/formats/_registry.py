"""The table of formats."""

from __future__ import annotations

from taxonomy._core.registry import Registry
from taxonomy.formats._format import Format

FORMATS: Registry[Format] = Registry(
    "format",
    {
        "audioset": "taxonomy.formats.audioset:AudioSet",
        "children": "taxonomy.formats.children:Children",
        "coco": "taxonomy.formats.coco:Categories",
        "csv": "taxonomy.formats.csv:ParentTable",
        "darwin-core": "taxonomy.formats.darwin_core:DarwinCore",
        "edges": "taxonomy.formats.edges:Edges",
        "fiftyone": "taxonomy.formats.fiftyone:FiftyOne",
        "graphml": "taxonomy.formats.graphml:GraphML",
        "indented": "taxonomy.formats.indented:Indented",
        "json": "taxonomy.formats.json:NativeJSON",
        "label-tree": "taxonomy.formats.label_tree:LabelTree",
        "linkage": "taxonomy.formats.linkage:Linkage",
        "nested": "taxonomy.formats.nested:Nested",
        "newick": "taxonomy.formats.newick:Newick",
        "nexus": "taxonomy.formats.nexus:Nexus",
        "nltk": "taxonomy.formats.nltk:Brackets",
        "node-link": "taxonomy.formats.node_link:NodeLink",
        "open-images": "taxonomy.formats.open_images:OpenImages",
        "paths": "taxonomy.formats.paths:Paths",
        "places": "taxonomy.formats.places:Places",
        "ranks": "taxonomy.formats.ranks:RankTable",
        "skos": "taxonomy.formats.skos:Skos",
        "wnids": "taxonomy.formats.wnids:LabelList",
    },
)
"""All formats by name."""
