"""`explain_cost`: where an expert's cost lies; which classes make it dear or are almost free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from taxonomy._core.arrays import IntArray
from taxonomy.design.costs import FLOAT32_BYTES, entry_costs
from taxonomy.design.spec import NetSpec
from taxonomy.labels import check_classes
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import called


class Part(NamedTuple):
    """What one node of an expert costs, the heads of its own classes included.

    Args:
        name: of the node; ``trunk`` for the root.
        depth: 0 for the trunk.
        classes: the kept classes that need it, sorted.
        of: how many classes of the whole network need it.
        params: parameters.
        macs: multiply-accumulates of one picture.
    """

    name: str
    depth: int
    classes: tuple[str, ...]
    of: int
    params: int
    macs: int


class Change(NamedTuple):
    """What one class more, or one less, changes.

    Args:
        name: of the class.
        params: parameters more, if it joins, or less, if it goes.
        macs: multiply-accumulates more or less.
        node: the first node that only this class needs; empty where it shares all with others.
    """

    name: str
    params: int
    macs: int
    node: str


@dataclass(frozen=True)
class Explained:
    """The cost of an expert, node by node; printed, a table.

    Args:
        classes: the kept ones, sorted.
        parts: trunk and nodes in the tree's order, parents before children.
        joining: every class that is not kept, the cheapest to add first.
        leaving: every kept class, the dearest first; none where there is only one.
    """

    classes: tuple[str, ...]
    parts: tuple[Part, ...]
    joining: tuple[Change, ...]
    leaving: tuple[Change, ...]

    @property
    def params(self) -> int:
        """Parameters of the expert."""
        return sum(part.params for part in self.parts)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one picture."""
        return sum(part.macs for part in self.parts)

    def __str__(self) -> str:
        return self.to_text()

    def to_text(self) -> str:
        """Return a line a node: its share of the cost, and the classes that need it."""
        rows = [("node", "parameters", "MACs", "share", "for")]
        for part in self.parts:
            name = "  " * part.depth + part.name
            listed = ", ".join(part.classes[:4])
            more = f" and {len(part.classes) - 4} more" * (len(part.classes) > 4)
            of = f"{len(part.classes)} of {part.of}: {listed}{more}"
            share = f"{part.macs / max(self.macs, 1):.0%}"
            rows.append((name, f"{part.params:,}", f"{part.macs:,}", share, of))
        rows.append(("all", f"{self.params:,}", f"{self.macs:,}", "", f"{len(self.classes)}"))
        return _table(rows)

    def suggestions(self, most: int = 8) -> str:
        """Return which classes could join almost for free, and which make the expert dear.

        Args:
            most: how many of each.
        """
        cheap = [each for each in self.joining if not each.node]
        lines = ["could join for their outputs alone, as their nodes are there:"]
        shown = cheap[:most]
        lines += [f"  {c.name}: {FLOAT32_BYTES * c.params:,} bytes" for c in shown] or ["  none"]
        lines += [f"  and {len(cheap) - most:,} more"] * (len(cheap) > most)
        if not cheap and self.joining:
            best = self.joining[0]
            lines[1] += f"; the cheapest is {best.name}, {best.params:,} parameters more"
        dear = [each for each in self.leaving if each.node]
        lines += ["make it dear, as nobody else needs their nodes:"]
        lines += [
            f"  {c.name}: without it {c.params:,} parameters ({c.params / self.params:.0%}) and "
            f"{c.macs:,} MACs ({c.macs / self.macs:.0%}) less"
            for c in dear[:most]
        ] or ["  none"]
        lines += [f"  and {len(dear) - most:,} more"] * (len(dear) > most)
        return "\n".join(lines)


def explain_cost(
    spec: NetSpec, hierarchy: Hierarchy, classes: Iterable[str], *, width: float = 1.0
) -> Explained:
    """Return where an expert's cost lies, node by node, in closed form.

    Args:
        spec: the shape of the whole network.
        hierarchy: its tree.
        classes: label ids that the expert is asked for.
        width: share of the channels that is kept, see `NetSpec.narrowed`.

    Raises:
        LabelError: no class, an unknown one, or one given twice.
        SpecError: the hierarchy has nodes deeper than there are levels, or the network has no such
            width.

    >>> tree = Hierarchy.from_nested([["cat", "dog", "fox"], ["bus", "car"]])
    >>> found = explain_cost(NetSpec.tree(levels=((48, 1),)), tree, ["cat", "dog", "bus"])
    >>> print(found)
    node                   parameters        MACs  share  for
    trunk                      23,696   6,340,608    47%  3 of 5: bus, cat, dog
      bus and car              55,633   3,538,992    26%  1 of 2: bus
      cat, dog and 1 more      55,682   3,539,040    26%  2 of 3: cat, dog
    all                       135,011  13,418,640         3
    >>> [(change.name, change.params, change.node) for change in found.joining]
    [('car', 49, ''), ('fox', 49, '')]
    """
    chosen = check_classes(classes, hierarchy.leaves)
    params, macs = entry_costs(spec.narrowed(width), hierarchy)
    needed = _needed(hierarchy, chosen)
    kept = needed > 0
    parent, entries = hierarchy.parent, hierarchy.leaf_entries
    names = {**called(hierarchy), 0: "trunk"}
    wanted = set(chosen)
    parts = []
    for node in hierarchy.nodes.tolist():
        if not kept[node]:
            continue
        heads = entries[(parent[entries] == node) & kept[entries]]
        own = [node, *heads.tolist()]
        below = hierarchy.clade(node)
        held = tuple(name for name in below if name in wanted)
        spent = int(params[own].sum()), int(macs[own].sum())
        parts.append(Part(names[node], int(hierarchy.depth[node]), held, len(below), *spent))
    joining, leaving = list[Change](), list[Change]()
    for name, entry in zip(hierarchy.leaves, entries.tolist(), strict=True):
        path, alone = [], int(name in wanted)  # the entries that this class alone would need
        while entry > 0 and needed[entry] == alone:
            path.append(entry)
            entry = int(parent[entry])
        first = names[path[-1]] if len(path) > 1 else ""
        change = Change(name, int(params[path].sum()), int(macs[path].sum()), first)
        (leaving if name in wanted else joining).append(change)
    joining.sort(key=lambda change: (change.params, change.name))
    leaving.sort(key=lambda change: (-change.params, change.name))
    return Explained(
        chosen, tuple(parts), tuple(joining), tuple(leaving) if len(chosen) > 1 else ()
    )


def _needed(hierarchy: Hierarchy, chosen: tuple[str, ...]) -> IntArray:
    """Return by how many of the classes each entry is needed, shape (entries,)."""
    needed = np.zeros(len(hierarchy), dtype=np.int64)
    needed[hierarchy.leaf_entries[hierarchy.positions(chosen)]] = 1
    for entry in range(len(hierarchy) - 1, 0, -1):  # preorder: children come later
        needed[hierarchy.parent[entry]] += needed[entry]
    return needed


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    wide = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = []
    for name, *numbers, last in rows:
        shown = "  ".join(f"{n:>{w}}" for n, w in zip(numbers, wide[1:], strict=True))
        lines.append(f"{name:{wide[0]}}  {shown}  {last}".rstrip())
    return "\n".join(lines)
