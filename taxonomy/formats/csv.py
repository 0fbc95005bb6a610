"""Tables of parents and children: CSV with a row for every node."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Format, Reading
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, read_links, short

_CHILD = (
    *("child", "id", "node", "class", "category", "label", "name"),
    *("fine", "fine_label", "subclass"),
)
_PARENT = (
    *("parent", "parent_id", "parent id", "parentid", "parent_name"),
    *("supercategory", "superclass", "hypernym", "coarse", "coarse_label"),
)
_FACTS = ("label", "name", "merge_height", "span", "support")
_SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class ParentTable(Format):
    r"""CSV, or with tabs or semicolons, that names the parent of every node.

    The first row names the columns: one called ``child`` (or ``id``, ``node``, ``class``,
    ``category``, ``fine``), one called ``parent`` (or ``parent_id``, ``supercategory``,
    ``superclass``, ``hypernym``, ``coarse``), and in any order ``label``, ``name``,
    ``merge_height``, ``span`` and ``support``. A root has no parent. Nothing but provenance is
    lost.

    >>> print(ParentTable().write(Hierarchy.from_nested({"pets": ["cat"]})).decode(), end="")
    child,parent
    node:0,
    pets,node:0
    cat,pets
    """

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")
    sure: ClassVar[int] = 1

    def fits(self, content: Content) -> bool:
        """Return whether the first line names the columns of a child and of a parent."""
        first = content.start.partition("\n")[0]
        head = [word.strip().strip('"').lower() for word in first.split(_separator(first))]
        return any(word in _PARENT for word in head) and any(word in _CHILD for word in head)

    def read(self, content: Content, parents: Parents) -> Reading:
        """Read a table."""
        first = content.text.lstrip("\n").partition("\n")[0]
        rows = csv.reader(StringIO(content.text), delimiter=_separator(first), strict=True)
        nodes: dict[str, dict[str, Any]] = {}
        links: list[tuple[str, str]] = []
        notes: list[str] = []
        roots = 0
        try:
            head = [word.strip().lower() for word in next(rows, [])]
            child, parent = _column(head, _CHILD), _column(head, _PARENT)
            facts = {name: i for i, name in enumerate(head) if name in _FACTS and i != child}
            if others := [head[i] for i in range(len(head)) if i not in (child, parent)]:
                unread = [name for name in others if name not in _FACTS]
                notes += [f"columns were left out: {', '.join(unread)[:200]}"] if unread else []
            for row in rows:
                if not any(cell.strip() for cell in row):
                    continue
                if len(row) < max(child, parent) + 1 or not row[child].strip():
                    raise HierarchyError(f"Line {rows.line_num}: a child or its parent is missing.")
                key, above = row[child].strip(), row[parent].strip()
                given = {name: row[i] for name, i in facts.items() if i < len(row) and row[i]}
                nodes.setdefault(key, given)
                if above:
                    links.append((above, key))
                else:
                    roots += 1
        except csv.Error as error:
            raise HierarchyError(f"Line {rows.line_num}: {error}.") from error
        orphans = [above for above in dict.fromkeys(a for a, _ in links) if above not in nodes]
        if roots and orphans:
            said = counted(len(orphans), "parent has", "parents have")
            notes.append(f"{said} no row, such as {short(orphans[0])}, and became roots")
        raw, more = read_links(nodes, links, parents=parents)
        return Reading(raw, (*notes, *more))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:
        """Return a table with the columns that the tree fills."""
        keys = keys_of(tree)
        rows = [tree.attributes(i) for i in range(len(tree))]
        for i, row in enumerate(rows):
            row.pop("label", None)
            if row.get("name") == keys[i]:
                del row["name"]
        columns = [name for name in _FACTS if any(name in row for row in rows)]
        text = StringIO()
        writer = csv.writer(text, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
        writer.writerow(["child", "parent", *columns])
        for i, row in enumerate(rows):
            above = keys[tree.parent[i]] if i else ""
            writer.writerow([keys[i], above, *(_cell(row.get(name)) for name in columns)])
        return text.getvalue().encode()


def _separator(line: str) -> str:
    return max(_SEPARATORS, key=line.count)


def _column(head: list[str], names: tuple[str, ...]) -> int:
    for name in names:
        if name in head:
            return head.index(name)
    raise HierarchyError(
        f"The first line names the columns {shown(', '.join(head))}; one must be called {names[0]} "
        f"(or {', '.join(names[1:])})."
    )


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(value)
