"""Darwin Core's taxa by the id of the taxon above: archives of GBIF, of the Catalogue of Life."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Reading
from taxonomy.formats._graph import Graph, GraphFormat, Node
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, read_links, short

_ID, _ABOVE, _NAME = "taxonid", "parentnameusageid", "scientificname"
_ACCEPTED, _STATUS = "acceptednameusageid", "taxonomicstatus"
_PLAIN, _AUTHOR, _COMMON = "canonicalname", "scientificnameauthorship", "vernacularname"
_OTHER_NAME = re.compile("synonym|misapplied", re.IGNORECASE)
_TOLD_BY = 20
"""Rows that tell, one of which names the taxon above it."""


@dataclass(frozen=True)
class DarwinCore(GraphFormat):
    r"""Rows of taxa with the columns ``taxonID``, ``parentNameUsageID`` and ``scientificName``.

    So are the files ``Taxon.tsv`` of GBIF's and the Catalogue of Life's archives, the latter with
    ``dwc:`` before each column's name. Taxa are called by ``canonicalName`` where there is one,
    else by ``scientificName`` without its author. Rows of synonyms are no taxa but further names of
    the accepted one. Merge heights, spans and support are lost.

    >>> tree = Hierarchy.from_nested({"Felidae": ["Felis catus", "Lynx lynx"]})
    >>> print(DarwinCore().write(tree).decode().replace(chr(9), "|"), end="")
    taxonID|parentNameUsageID|scientificName
    node:0||
    Felidae|node:0|Felidae
    Felis catus|Felidae|Felis catus
    Lynx lynx|Felidae|Lynx lynx
    """

    also: ClassVar[tuple[str, ...]] = (".tsv", ".txt", ".csv")
    sure: ClassVar[int] = 3

    def fits(self, content: Content) -> bool:
        """Return whether the first row names the columns, and one below it a taxon above."""
        try:
            rows = _rows("\n".join(content.first_lines[: _TOLD_BY + 1]))
            return any(row.get(_ABOVE) for row in islice(rows, _TOLD_BY))
        except (HierarchyError, csv.Error):
            return False

    def graph(self, content: Content) -> Graph:
        """Read rows; a taxon is called by its id, its name, its common name and its synonyms."""
        found = _Taxa()
        rows = _rows(content.text)
        try:
            for number, row in enumerate(rows, start=2):
                found.enter(row, number)
        except csv.Error as error:
            raise HierarchyError(f"The table cannot be read: {error}.") from error
        return found.graph()

    def read(self, content: Content, parents: Parents) -> Reading:
        """Read rows; several classes of one name are called by their ids."""
        graph = self.graph(content)
        named = {key: {"label": node.name, "name": node.name} for key, node in graph.nodes.items()}
        raw, notes = read_links(named, graph.links, parents=parents, called="taxon", forest=True)
        return Reading(raw, (*graph.notes, *notes))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:
        """Return a row for every entry."""
        keys = keys_of(tree)
        rows = [("taxonID", "parentNameUsageID", "scientificName")]
        for i, leaf in enumerate(tree.leaf):
            above = keys[tree.parent[i]] if i else ""
            rows.append((keys[i], above, tree.name[i] if leaf is None else leaf))
        text = StringIO()
        if ending == ".csv":
            csv.writer(text, lineterminator="\n").writerows(rows)
        else:
            text.writelines("\t".join(row) + "\n" for row in rows)
        return text.getvalue().encode()


@dataclass
class _Taxa:
    """What was read: names of taxa, the one above each, and synonyms by the accepted taxon."""

    names: dict[str, str] = field(default_factory=dict)
    common: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    above: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)

    def enter(self, row: dict[str, str], number: int) -> None:
        """Enter a row."""
        key, name, accepted = row.get(_ID, ""), _name_of(row), row.get(_ACCEPTED, "")
        if not key:
            if any(row.values()):
                raise HierarchyError(f"Line {number}: a taxon without an id (taxonID).")
            return
        if key in self.names or key in self.accepted:
            raise HierarchyError(f"Line {number}: the taxon {shown(key)} is there twice.")
        if _OTHER_NAME.search(row.get(_STATUS, "")) or accepted not in ("", key):
            self.accepted[key] = accepted or row.get(_ABOVE, "")
            self.common[self.accepted[key]].append(name)
            return
        self.names[key] = name
        self.common[key] += [part.strip() for part in row.get(_COMMON, "").split(";")]
        if row.get(_ABOVE, key) != key:
            self.above[key] = row[_ABOVE]

    def graph(self) -> Graph:
        """Return the taxa, those above them that have no row among them."""
        if not self.names:
            raise HierarchyError("The table has no row of a taxon that is accepted.")
        links = [(self._standing(above), key) for key, above in self.above.items() if above]
        links = [(above, key) for above, key in links if above != key]
        orphaned = list(dict.fromkeys(above for above, _ in links if above not in self.names))
        notes = []
        if self.accepted:
            said = counted(len(self.accepted), "row is of a synonym", "rows are of synonyms")
            notes.append(f"{said}, and no class or group")
        if orphaned:
            said = counted(len(orphaned), "taxon has", "taxa have")
            notes.append(f"{said} no row but others below, such as {short(orphaned[0])}")
        nodes = {
            key: Node(name, (key,), tuple(dict.fromkeys(filter(None, self.common.get(key, ())))))
            for key, name in [*self.names.items(), *((key, "") for key in orphaned)]
        }
        return Graph(nodes, links, tuple(notes), rootless=True)

    def _standing(self, key: str) -> str:
        """Return the accepted taxon that an id stands for, itself where it is none's synonym."""
        seen = set[str]()
        while key in self.accepted and key not in seen:
            seen.add(key)
            key = self.accepted[key] or key
        return key


def _name_of(row: dict[str, str]) -> str:
    """Return the name of a taxon without who gave it.

    >>> _name_of({"scientificname": "Lynx Kerr, 1792", "scientificnameauthorship": "Kerr, 1792"})
    'Lynx'
    """
    whole = row.get(_NAME, "")
    return row.get(_PLAIN, "") or whole.removesuffix(row.get(_AUTHOR, "")).strip() or whole


def _rows(text: str) -> Iterator[dict[str, str]]:
    """Yield rows by the names of their columns, in small letters.

    Archives quote nothing in files with tabs, where a quotation mark is a part of a name.

    Raises:
        HierarchyError: the first row lacks a column.
    """
    first = text.lstrip("\n").partition("\n")[0]
    between = max("\t,;", key=first.count)
    quoting: Any = csv.QUOTE_NONE if between == "\t" else csv.QUOTE_MINIMAL
    lines = csv.reader(StringIO(text, newline=""), delimiter=between, quoting=quoting, strict=True)
    given = next(lines, [])
    bare = (cell.rpartition(":")[2].rpartition("/")[2] for cell in given)
    head = [re.sub("[^a-z]", "", cell.lower()) for cell in bare]
    if lacking := [name for name in (_ID, _ABOVE, _NAME) if name not in head]:
        raise HierarchyError(
            f"The first row is {shown(', '.join(given))}; it needs the columns taxonID, "
            f"parentNameUsageID and scientificName, and lacks {len(lacking)} of them."
        )
    for line in lines:
        yield {name: cell.strip() for name, cell in zip(head, line, strict=False)}
