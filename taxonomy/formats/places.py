"""The hierarchy of scenes of SUN and Places365: a table with a column for every group."""

from __future__ import annotations

import csv
import re
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from io import StringIO
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content
from taxonomy.formats._graph import Graph, GraphFormat, Node
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import keys_of, leaf_key, name_of, node_key

_LETTER = re.compile(r"/[a-z]/(?=.)")
_LEVEL = re.compile(r"\s*level\s*\d*\s*", re.IGNORECASE)
_MOST_MARKS = 20_000_000


@dataclass(frozen=True)
class Places(GraphFormat):
    """CSV with a row for every scene and a 1 in the column of every group that it is in.

    The first row says at which column each level of groups begins, the second names the groups.
    The table does not say which group lies in which: a group is put below that one of the level
    above which shares most scenes with it. A scene that is in several has several parents. Merge
    heights, spans and support are lost.

    >>> tree = Hierarchy.from_nested({"indoor": ["/a/attic"], "outdoor": ["/c/creek"]})
    >>> print(Places().write(tree).decode(), end="")
    ,Level 1,
    category,indoor,outdoor
    '/a/attic',1,0
    '/c/creek',0,1
    """

    also: ClassVar[tuple[str, ...]] = (".csv",)

    def fits(self, content: Content) -> bool:
        """Return whether the first row tells levels."""
        first = content.start.partition("\n")[0].split(",")
        return bool(_LEVEL.fullmatch(first[1] if first[1:] and not first[0].strip() else ""))

    def graph(self, content: Content) -> Graph:
        """Read a table."""
        rows = csv.reader(StringIO(content.text.lstrip("\n")), strict=True)
        try:
            return _graph(rows)
        except csv.Error as error:
            raise HierarchyError(f"Line {rows.line_num}: {error}.") from error

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return a table; the root is a group where it has a name, or nothing else is a group."""
        keys = keys_of(tree, unique=False)
        with_root = bool(tree.name[0]) or len(tree.children(0)) == 1 or len(tree.nodes) == 1
        groups = sorted((int(i) for i in tree.nodes[int(not with_root) :]), key=tree.depth.item)
        column = {i: j for j, i in enumerate(groups)}
        depths = [int(tree.depth[i]) + with_root for i in groups]
        begins = [j == 0 or depth != depths[j - 1] for j, depth in enumerate(depths)]
        levels = [f"Level {d}" if new else "" for d, new in zip(depths, begins, strict=True)]
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["", *levels])
        writer.writerow(["category", *(keys[i] for i in groups)])
        for i in tree.leaf_entries.tolist():
            marks = ["0"] * len(groups)
            above = int(tree.parent[i])
            while above >= 0:
                if above in column:
                    marks[column[above]] = "1"
                above = int(tree.parent[above])
            writer.writerow([f"'{leaf_key(tree.leaf[i] or '')}'", *marks])
        return text.getvalue().encode()


def _graph(rows: Any) -> Graph:
    """Return scenes and groups, every scene below its lowest groups."""
    levels = _levels(next(rows, []))
    names: list[str] = next(rows, [])[1 : len(levels) + 1]
    if len(names) < len(levels) or not all(name.strip() for name in names):
        raise HierarchyError("Line 2: a group has no name.")
    nodes = {node_key(j): Node(name_of(name)) for j, name in enumerate(names)}
    marks = _marks(rows, len(levels))
    parent = _parents(levels, marks.values())
    links = [(node_key(up), node_key(j)) for j, up in enumerate(parent) if up >= 0]
    free = 0
    for scene, groups in marks.items():
        if scene in nodes:
            raise HierarchyError(f"The scene {shown(scene)} is called as a group is.")
        name = _LETTER.sub("", scene)
        nodes[scene] = Node(name, (scene,), (name.replace("/", " "),) if "/" in name else ())
        covered: set[int] = set()
        for j in groups:
            while (j := parent[j]) >= 0 and j not in covered:
                covered.add(j)
        lowest = [j for j in reversed(groups) if j not in covered]
        links += [(node_key(j), scene) for j in lowest]
        free += not lowest
    notes = [f"{counted(free, 'scene is', 'scenes are')} in no group"] if free and links else []
    if any(level > 1 for level in levels):
        notes.append("which group lies in which was told by the scenes that they share")
    return Graph(nodes, links, tuple(notes), rootless=True)


def _marks(rows: Any, width: int) -> dict[str, array[int]]:
    """Return the columns that each scene has a 1 in, from the last."""
    marks: dict[str, array[int]] = {}
    count = 0
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        scene = row[0].removeprefix("'").removesuffix("'")
        if not scene.strip() or scene in marks:
            raise HierarchyError(
                f"Line {rows.line_num}: the scene {shown(scene)} is empty, or given twice."
            )
        cells = row[1 : width + 1]
        marks[scene] = array("l", [j for j in reversed(range(len(cells))) if cells[j] == "1"])
        count += len(marks[scene])
        if count > _MOST_MARKS:
            raise HierarchyError(f"The table has more than {_MOST_MARKS:,} marks.")
    return marks


def _parents(levels: list[int], marks: Iterable[array[int]]) -> list[int]:
    """Return for each group the one of the level above that shares most scenes with it, or -1."""
    together: Counter[tuple[int, int]] = Counter()
    for groups in marks:
        by_level: dict[int, list[int]] = {}
        for j in groups:
            by_level.setdefault(levels[j], []).append(j)
        for level, here in by_level.items():
            together.update((up, j) for j in here for up in by_level.get(level - 1, ()))
    parent = [-1] * len(levels)
    for (up, j), count in sorted(together.items()):
        if parent[j] < 0 or count > together[parent[j], j]:
            parent[j] = up
    return parent


def _levels(first: list[str]) -> list[int]:
    """Return the level of each group's column, from 1."""
    levels: list[int] = []
    for cell in first[1:]:
        levels.append((levels[-1] if levels else 0) + bool(cell.strip()))
    if not levels or not levels[0] or any(c.strip() and not _LEVEL.fullmatch(c) for c in first[1:]):
        raise HierarchyError(
            "The first row must say at which column each level begins, as in: ,Level 1,,Level 2"
        )
    return levels
