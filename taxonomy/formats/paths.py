"""A path from the root for every class: ``Animals > Pets > Cat``, as product taxonomies come."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from taxonomy._core.errors import HierarchyError
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Reading
from taxonomy.formats._graph import Graph, GraphFormat, Node
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, label_of, name_of, node_key, short
from taxonomy.trees.raw_tree import RawTree

SEPARATORS = ("\t", " > ", " | ", "/", ">")
"""What stands between the parts of a path: the first of these that a file holds."""
_MOST_PARTS = 20_000_000
_ID = re.compile(r"(\d+) - (?=\S)")
_VERSION = re.compile(r"#\s*Google_Product_Taxonomy_Version:\s*(\S.{0,40})")


@dataclass(frozen=True)
class Paths(GraphFormat):
    """A line for every class: what lies above it, from the top down, and itself last.

    Paths of nodes alone may stand between them, as in Google's product taxonomy, and ids in front
    of all (``1 - Animals``); lines that begin with ``#`` are skipped. A last part that stands in
    several branches is called by its whole path. Merge heights, spans and support are lost; the
    file of a deep tree grows with the square of its depth.

    Args:
        separator: between the parts; where left out, the first of tab, ``>``, ``|`` and ``/`` that
            the file holds.

    >>> tree = Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["taxi"]})
    >>> print(Paths().write(tree).decode(), end="")
    pets > cat
    pets > dog
    cars > taxi
    """

    endings: ClassVar[tuple[str, ...]] = (".paths",)
    also: ClassVar[tuple[str, ...]] = (".txt",)
    sure: ClassVar[int] = 0
    separator: str = ""

    def fits(self, content: Content) -> bool:
        """Return whether lines hold parts, and none is indented."""
        lines = [line for line in content.first_lines if line[0] != "#"]
        split = _separator("\n".join(lines))
        least = 1 if split in SEPARATORS[:2] else len(lines) // 2 + 1
        return sum(split in line for line in lines) >= least and all(
            line[:1].strip() for line in lines
        )

    def graph(self, content: Content) -> Graph:
        """Read lines; a node is called by its last part, its whole path and the id in front."""
        raw, ids, notes = self._lines(content)
        return graph_of_paths(raw, {i: (own,) for i, own in ids.items()}, {}, notes)

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read lines of parts."""
        raw, ids, notes = self._lines(content)
        if ids:
            notes.insert(0, f"{counted(len(ids), 'id')} in front of the paths were left out")
        return labelled(raw, self.separator or _separator(content.text), notes)

    def _lines(self, content: Content) -> tuple[RawTree, dict[int, str], list[str]]:
        """Return the parts as entries below an unnamed root, the ids in front, and notes."""
        split = self.separator or _separator(content.text)
        raw = RawTree()
        raw.add(-1)
        place: dict[tuple[int, str], int] = {}
        ids: dict[int, str] = {}
        count = 0
        given = ""
        numbered = all(map(_ID.match, _told(content.text)))
        for number, line in enumerate(content.text.splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            at, rest = 0, line
            if numbered:
                given, _, rest = line.partition(" - ")
            parts = [part.strip() for part in rest.split(split)]
            while len(parts) > 1 and split == "/" and not parts[0]:
                parts = parts[1:]  # as in "/music/piano"
            count += len(parts)
            if not all(parts) or count > _MOST_PARTS:
                raise HierarchyError(f"Line {number}: {_fault(parts)}")
            for part in parts:
                key = (at, part)
                at = place[key] if key in place else place.setdefault(key, raw.add(at, name=part))
            if numbered:
                ids[at] = given
        version = _VERSION.match(content.text)
        said = version and f"it is version {version[1].strip()} of Google's product taxonomy"
        return raw, ids, [said] if said else []

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the path of every leaf, the root in it where it has a name or a single child."""
        keys = keys_of(tree, unique=False)
        twice = Counter(zip(tree.parent.tolist(), keys, strict=True))
        for i in tree.nodes:
            if twice[int(tree.parent[i]), keys[i]] > 1 or any(x in keys[i] for x in SEPARATORS):
                keys[i] = node_key(int(i))
        labels = [keys[i] for i in tree.leaf_entries]
        choices = (self.separator,) if self.separator else (" > ", " | ", "/", "\t")
        split = next((x for x in choices if not _confuses(x, labels)), choices[-1])
        with_root = bool(tree.name[0]) or len(tree.children(0)) == 1 or len(tree.nodes) == 1
        lines: list[str] = []
        path: list[str] = []
        for i in range(len(tree)):
            del path[int(tree.depth[i]) :]
            path.append(keys[i])
            if tree.leaf[i] is not None:
                lines.append(split.join(path if with_root else path[1:]))
        return ("\n".join(lines) + "\n").encode()


def _separator(text: str) -> str:
    return next((x for x in SEPARATORS if x in text), SEPARATORS[1])


def _confuses(split: str, labels: list[str]) -> bool:
    """Return whether a label holds what would be taken for the separator."""
    before = SEPARATORS[: SEPARATORS.index(split) + 1] if split in SEPARATORS else (split,)
    return any(x in label for label in labels for x in before)


def _fault(parts: list[str]) -> str:
    if not all(parts):
        return "a part of the path is empty."
    return f"the paths have more than {_MOST_PARTS:,} parts; edges or csv hold such a tree."


def _told(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.strip() and line[0] != "#")


def graph_of_paths(
    raw: RawTree,
    ids: Mapping[int, tuple[str, ...]],
    synonyms: Mapping[int, tuple[str, ...]],
    notes: Iterable[str],
) -> Graph:
    """Return named entries as a graph whose nodes are known by their whole paths, too.

    Args:
        raw: entries with names below one without.
        ids: of entries, where they have some.
        synonyms: of entries, where they have some.
        notes: what the file holds beside them.
    """
    paths = [""] * len(raw.parent)
    nodes = {"0": Node()}
    for i in range(1, len(raw.parent)):
        above = paths[raw.parent[i]]
        paths[i] = f"{above} > {raw.name[i]}" if above else raw.name[i]
        own = (*ids.get(i, ()), *([paths[i]] if above else ()))
        nodes[str(i)] = Node(raw.name[i], own, synonyms.get(i, ()))
    links = [(str(above), str(i)) for i, above in enumerate(raw.parent) if above >= 0]
    return Graph(nodes, links, tuple(notes))


def labelled(raw: RawTree, split: str, notes: list[str]) -> Reading:
    """Make leaves of what has nothing below it, and a root of a first part that all paths share."""
    has_child = [False] * len(raw.parent)
    top = 0
    for parent in raw.parent[1:]:
        has_child[parent] = True
        top += parent == 0
    leaves = [i for i, holds in enumerate(has_child) if not holds and i]
    names = Counter(raw.name[i] for i in leaves)
    if twice := [name for name, times in names.items() if times > 1]:
        said = counted(len(twice), "name stands", "names stand")
        notes.append(
            f"{said} for several classes, such as {short(twice[0])}; they are called by their paths"
        )
    for i in leaves:
        label = raw.name[i]
        raw.leaf[i] = _path(raw, i, split) if names[label] > 1 else label_of(label)
    raw.name = [name_of(name) if raw.leaf[i] is None else "" for i, name in enumerate(raw.name)]
    if top == 1 and has_child[1:2] == [True]:
        shared = RawTree([parent - 1 for parent in raw.parent[1:]], raw.leaf[1:], raw.name[1:])
        return Reading(shared, tuple(notes))
    return Reading(raw, tuple(notes))


def _path(raw: RawTree, i: int, split: str) -> str:
    parts = []
    while i:
        parts.append(raw.name[i])
        i = raw.parent[i]
    between = f" {split.strip()} " if split.strip() else " > "
    return between.join(reversed(parts))
