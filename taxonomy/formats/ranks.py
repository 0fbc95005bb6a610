"""Tables with a column for every level: UNSPSC's codes, ranks of species, tiers of products."""

from __future__ import annotations

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from itertools import islice
from typing import Any, ClassVar

from taxonomy._core.errors import HierarchyError, shown
from taxonomy._core.spelling import counted
from taxonomy.formats._format import Content, Reading
from taxonomy.formats._graph import Graph, GraphFormat
from taxonomy.formats.paths import graph_of_paths, labelled
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, keys_of, node_key
from taxonomy.trees.raw_tree import RawTree

_PRODUCTS = ("segment", "family", "class", "commodity")
_LIFE = ("kingdom", "phylum", "class", "order", "family", "genus")
_NUMBERED = re.compile(r"(?:level|tier|lvl|l)([1-9][0-9]{0,3})")
_OWN = ("scientificname", "species")  # what a row of a living thing is called itself
_ALSO = ("synonym", "synonyms", "vernacularname", "commonname")
_IDS = ("id", "taxonid")
_MOST_HEADINGS = 20
_MOST_CELLS = 20_000_000
_COLUMNS = "It needs columns of levels, such as segment, family, class and commodity (UNSPSC), or"
_OR = "kingdom, phylum, class, order, family and genus, or level 1, level 2 and so on"


@dataclass(frozen=True)
class RankTable(GraphFormat):
    """CSV with a column for every level, from the top down, and a row for every class.

    Known by their columns are UNSPSC (``Segment``, ``Family``, ``Class``, ``Commodity``, with the
    codes as ids beside the titles), Darwin Core and iNaturalist's table of taxa (``kingdom`` to
    ``genus``, with ``specificEpithet`` and ``scientificName``), and ``Level 1``, ``Tier 1`` and so
    on, as product taxonomies come. What stands above the row of headings is skipped. Merge heights,
    spans and support are lost.

    Args:
        columns: names of the columns of levels, from the top down, separated by commas; where left
            out, the known ones that the file has.

    >>> tree = Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["taxi"]})
    >>> print(RankTable().write(tree).decode(), end="")
    Level 1,Level 2
    pets,cat
    pets,dog
    cars,taxi
    """

    also: ClassVar[tuple[str, ...]] = (".csv", ".tsv")
    columns: str = ""

    def fits(self, content: Content) -> bool:
        """Return whether one of the first rows names columns of levels."""
        rows = _rows("\n".join(content.first_lines[: _MOST_HEADINGS + 1]))
        with contextlib.suppress(csv.Error):
            return any(_layout(row, self.columns) for row in islice(rows, _MOST_HEADINGS))
        return False

    def graph(self, content: Content) -> Graph:
        """Read rows; a node is called by its title, its code and its whole path."""
        found = self._read(content)
        return graph_of_paths(found.raw, found.ids, found.synonyms, found.notes())

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (one parent each)
        """Read rows."""
        found = self._read(content)
        notes = found.notes()
        if found.ids:
            notes.insert(0, f"{counted(len(found.ids), 'id')} beside the names were left out")
        return labelled(found.raw, " > ", notes)

    def _read(self, content: Content) -> _Entries:
        rows = _rows(content.text)
        found = _Entries()
        count = 0
        try:
            layout = self._heading(rows)
            for row in rows:
                count += len(row)
                if count > _MOST_CELLS:
                    raise HierarchyError(
                        f"The table has more than {_MOST_CELLS:,} cells; leave out rows."
                    )
                layout.enter(row, found)
        except csv.Error as error:
            raise HierarchyError(f"The table cannot be read as CSV: {error}.") from error
        if len(found.raw.parent) == 1:
            raise HierarchyError("The table has no row with a name in a column of a level.")
        return found

    def _heading(self, rows: Iterator[list[str]]) -> _Layout:
        """Return where the columns are, by the first row that names them."""
        first: list[str] = []
        for row in islice(rows, _MOST_HEADINGS):
            if layout := _layout(row, self.columns):
                return layout
            first = first or row
        if self.columns:
            raise HierarchyError(
                f"No row names all the columns {shown(self.columns)}; the first is "
                f"{shown(', '.join(first))}."
            )
        raise HierarchyError(f"{_COLUMNS} {_OR}; the first row is {shown(', '.join(first))}.")

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:
        """Return the path of every leaf, the root in it where it has a name or a single child."""
        keys = keys_of(tree, unique=False)
        twice = Counter(zip(tree.parent.tolist(), keys, strict=True))
        for i in tree.nodes:
            if twice[int(tree.parent[i]), keys[i]] > 1 or keys[i] != keys[i].strip():
                keys[i] = node_key(int(i))
        with_root = bool(tree.name[0]) or len(tree.children(0)) == 1 or len(tree.nodes) == 1
        depth = int(tree.depth.max()) + with_root
        text = StringIO()
        writer = csv.writer(text, delimiter="\t" if ending == ".tsv" else ",", lineterminator="\n")
        writer.writerow(f"Level {i}" for i in range(1, depth + 1))
        path: list[str] = []
        for i in range(len(tree)):
            del path[int(tree.depth[i]) :]
            path.append(keys[i])
            if tree.leaf[i] is not None:
                row = path if with_root else path[1:]
                writer.writerow([*row, *[""] * (depth - len(row))])
        return text.getvalue().encode()


@dataclass
class _Entries:
    """What was read: entries by name below one without, each with all that it is called."""

    raw: RawTree = field(default_factory=RawTree)
    ids: dict[int, tuple[str, ...]] = field(default_factory=dict)
    synonyms: dict[int, tuple[str, ...]] = field(default_factory=dict)
    between: Counter[str] = field(default_factory=Counter)
    place: dict[tuple[int, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.raw.add(-1)

    def below(self, at: int, name: str, code: str = "") -> int:
        """Return the entry of a name below another, and note its code."""
        key = (at, name)
        if key not in self.place:
            self.place[key] = self.raw.add(at, name=name)
        entry = self.place[key]
        if code and code not in self.ids.get(entry, ()):
            self.ids[entry] = (*self.ids.get(entry, ()), code)
        return entry

    def notes(self) -> list[str]:
        """Return what rows were left out, one sentence."""
        if not self.between:
            return []
        kinds = ", ".join(kind for kind, _ in self.between.most_common(3))
        said = counted(self.between.total(), "row is", "rows are")
        return [f"{said} of ranks that have no column, such as {shown(kinds)}, and left out"]


@dataclass(frozen=True)
class _Layout:
    """The columns of a table: of each level its names and codes; others that are read, by name."""

    levels: list[tuple[int | None, int | None]]
    others: dict[str, int]

    def enter(self, row: list[str], found: _Entries) -> None:
        """Enter what a row holds, and what lies above it."""
        at = 0
        for title, code in self.levels:
            own = _cell(row, code)
            if name := _cell(row, title) or own:
                at = found.below(at, name, own)
        if self.is_of_life:
            at = self._enter_taxon(row, at, found)
        if at and (said := [x for name in _ALSO if (x := self._other(row, name))]):
            parts = (part.strip() for text in said for part in text.split(";"))
            found.synonyms[at] = tuple(filter(None, parts))

    @property
    def is_of_life(self) -> bool:
        """Whether rows name living things beside their ranks."""
        return any(name in self.others for name in _OWN)

    def _enter_taxon(self, row: list[str], at: int, found: _Entries) -> int:
        """Enter the taxon that a row is of; return its entry, 0 where its rank has no column."""
        own = next((x for name in _OWN if (x := self._other(row, name))), "")
        epithet, rank = self._other(row, "specificepithet"), self._other(row, "taxonrank").lower()
        if not own:
            return at
        if own != found.raw.name[at]:
            if epithet and self._other(row, "infraspecificepithet"):
                at = found.below(at, f"{found.raw.name[at]} {epithet}")
            elif rank and not epithet and rank != "species":
                found.between[rank] += 1
                return 0
            at = found.below(at, own)
        if code := next((x for name in _IDS if (x := self._other(row, name))), ""):
            found.ids[at] = (code,)
        return at

    def _other(self, row: list[str], name: str) -> str:
        return _cell(row, self.others.get(name))


def _layout(head: list[str], columns: str) -> _Layout | None:
    """Return where the columns of levels are; None where a row does not name them."""
    plain = [re.sub(r"[^a-z0-9]", "", cell.lower()) for cell in head]
    at = {name: i for i, name in reversed(list(enumerate(plain))) if name}
    others = {name: at[name] for name in _OTHERS if name in at}
    if columns:
        wanted = [name.strip() for name in columns.split(",")]
        given = [cell.strip() for cell in head]
        if not all(name in given for name in wanted):
            return None
        return _Layout([(given.index(name), None) for name in wanted], {})
    if "segment" in at or "segmenttitle" in at:
        levels = [
            (_first(at, f"{x}title", f"{x}name"), _first(at, x, f"{x}code")) for x in _PRODUCTS
        ]
        levels = [pair for pair in levels if pair != (None, None)]
        others = {name: i for name, i in others.items() if name in _ALSO}
    elif "kingdom" in at or "phylum" in at:
        levels = [(at[x], None) for x in _LIFE if x in at]
    else:
        numbers = {int(m[1]): at[name] for name in at if (m := _NUMBERED.fullmatch(name))}
        levels = [(numbers[x], None) for x in sorted(numbers)]
        others = {}
    return _Layout(levels, others) if len(levels) > 1 else None


_OTHERS = (*_OWN, *_ALSO, *_IDS, "specificepithet", "infraspecificepithet", "taxonrank")


def _first(at: dict[str, int], *names: str) -> int | None:
    return next((at[name] for name in names if name in at), None)


def _cell(row: list[str], column: int | None) -> str:
    return row[column].strip() if column is not None and column < len(row) else ""


def _rows(text: str) -> Any:
    """Return a reader of rows, by the separator that the first rows hold most of."""
    start = text[:4000]
    return csv.reader(StringIO(text), delimiter=max(",;\t|", key=start.count), strict=True)
