"""The toolkit's own JSON, which holds all of a tree; ``hierarchy.schema.json`` describes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from taxonomy._core.decoding import parse_json
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.content import FORMAT, read_content
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents


@dataclass(frozen=True)
class NativeJSON(Format):
    """The toolkit's JSON: one entry a line, with names, heights, spans, support and provenance.

    The schema, of version 1, lies in the package beside `taxonomy.trees.content`. Nothing is lost.
    """

    endings: ClassVar[tuple[str, ...]] = (".json",)
    sure: ClassVar[int] = 3

    def fits(self, content: Content) -> bool:
        """Return whether the file names this format."""
        return f'"{FORMAT}"' in content.start

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read a file, checking every value."""
        decoded = parse_json(content.text, content.where)
        raw = read_content(decoded, content.where)
        return Reading(
            raw,
            digest=decoded.get("digest", ""),
            provenance=decoded.get("provenance", {}),
        )

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the tree as JSON."""
        return tree.to_json().encode()
