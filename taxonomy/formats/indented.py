"""Indented text: what stands farther right lies below."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, label_of, name_of, node_key
from taxonomy.trees.raw_tree import RawTree

_LINES = "│├└─┬\u00a0 \t"
_HYPHENS = re.compile(r"(?:--)+(?= )")


@dataclass(frozen=True)
class Indented(Format):
    r"""Text with a line for every node and class, indented below the node it belongs to.

    Spaces, tabs, drawn lines (``├──``) and pairs of hyphens (``---- cat``) indent; what has nothing
    below it is a class. Merge heights, spans and support are lost; the file of a deep tree grows
    with the square of its depth.

    >>> tree = Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["taxi"]})
    >>> print(Indented().write(tree).decode().expandtabs(2), end="")
    pets
      cat
      dog
    cars
      taxi
    """

    endings: ClassVar[tuple[str, ...]] = (".txt",)
    sure: ClassVar[int] = 0

    def fits(self, content: Content) -> bool:
        """Return whether some lines are indented, and the first is not."""
        lines = content.first_lines
        indented = [x[0] in _LINES or bool(_HYPHENS.match(x)) for x in lines]
        return len(lines) > 1 and not indented[0] and any(indented)

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read lines."""
        raw = RawTree()
        raw.add(-1)
        above: list[tuple[int, int]] = [(-1, 0)]  # indentation and entry of the nodes around
        for number, line in enumerate(content.text.splitlines(), start=1):
            if not line.strip(_LINES):
                continue
            if hyphens := _HYPHENS.match(line):
                line = line.replace("-", " ", len(hyphens[0]))
            text = line.lstrip(_LINES)
            indent = _width(line[: len(line) - len(text)])
            while above[-1][0] > indent:
                above.pop()
            if above[-1][0] == indent:
                above.pop()
            elif len(raw.parent) > 1 and len(raw.parent) - 1 != above[-1][1]:
                raise HierarchyError(
                    f"Line {number}, {shown(text)}, is indented by {indent}, and no line above it "
                    "in its branch is; indent all that lie beside each other alike."
                )
            above.append((indent, raw.add(above[-1][1], name=text.rstrip())))
        if "├" in content.text or "└" in content.text:
            _without_counts(raw)
        return Reading(_labelled(raw))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return a line for every entry, indented by tabs; for the root only where it is needed."""
        keys = keys_of(tree, unique=False)
        with_root = bool(tree.name[0]) or len(tree.children(0)) == 1
        depth = (tree.depth - (not with_root)).tolist()
        lines = ["\t" * depth[i] + keys[i] for i in range(not with_root, len(tree))]
        return ("\n".join(lines) + "\n").encode()


def _without_counts(raw: RawTree) -> None:
    """Take the number of classes, such as (3), off names of nodes, as drawn trees have it."""
    below = [0] * len(raw.parent)
    for i in range(len(raw.parent) - 1, 0, -1):
        if below[i]:
            raw.name[i] = raw.name[i].removesuffix(f"({below[i]})").rstrip() or node_key(i)
        below[raw.parent[i]] += below[i] or 1


def _width(indent: str) -> int:
    return len(indent.expandtabs(8)) if " " in indent else len(indent)


def _labelled(raw: RawTree) -> RawTree:
    """Make leaves of what has nothing below it, and the root of a single line at the left."""
    has_child = [False] * len(raw.parent)
    for parent in raw.parent[1:]:
        has_child[parent] = True
    for i, name in enumerate(raw.name):
        if i and not has_child[i]:
            raw.leaf[i], raw.name[i] = label_of(name), ""
        else:
            raw.name[i] = name_of(name)
    if raw.parent.count(0) == 1 and has_child[1]:
        return RawTree([parent - 1 for parent in raw.parent[1:]], raw.leaf[1:], raw.name[1:])
    return raw
