"""Lines of a parent and a child, as WordNet's and many data sets' hierarchies come."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core.errors import HierarchyError, check_choice, shown
from taxonomy.formats._format import MOST_TO_TELL, Content
from taxonomy.formats._graph import Graph, GraphFormat
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import keys_of

Order = Literal["parent-child", "child-parent"]
_BETWEEN = {
    "\t": "a tab",
    ",": "a comma",
    None: "a space (or, in all lines, a tab or a comma)",
}


@dataclass(frozen=True)
class Edges(GraphFormat):
    r"""Text with a parent and a child on every line, such as ``wordnet.is_a.txt``.

    A tab stands between the two, in files without any a comma, and in those a space. Lines that
    begin with ``#`` are skipped. Merge heights, spans and support are lost, and names that are not
    one node's alone.

    Args:
        order: which of the two comes first.

    >>> print(Edges().write(Hierarchy.from_nested({"pets": ["cat", "dog"]})).decode(), end="")
    node:0 pets
    pets cat
    pets dog
    """

    endings: ClassVar[tuple[str, ...]] = (".edges",)
    also: ClassVar[tuple[str, ...]] = (".txt", ".csv")
    sure: ClassVar[int] = 0
    turned: ClassVar[str] = "turn them round by `order`"
    order: Order = "parent-child"

    def __post_init__(self) -> None:
        """Check the order."""
        check_choice("order", self.order, Order, HierarchyError)

    def fits(self, content: Content) -> bool:
        """Return whether every line holds two words, and not each its own.

        ``traffic light`` above ``stop sign`` is a list of names, and ``0 cat`` above ``1 dog``.
        """
        lines = [line for line in content.first_lines if line[0] != "#"]
        if len(content.data) > MOST_TO_TELL:
            lines = lines[:-1]  # which may be cut
        split = _separator("\n".join(lines))
        try:
            links = [_words(line, split) for line in lines]
        except csv.Error:
            return False
        words = {word for link in links for word in link}
        return all(len(link) == 2 and link[0] != link[1] for link in links) and (
            len(words) < 2 * len(links) or (len(links) == 1 and split != ",")
        )

    def graph(self, content: Content) -> Graph:
        """Read lines of two words."""
        split = _separator(content.text)
        links: list[tuple[str, str]] = []
        for number, line in enumerate(content.text.splitlines(), start=1):
            if not line.strip() or line.startswith("#"):
                continue
            try:
                words = _words(line, split)
            except csv.Error:
                words = []
            if len(words) != 2 or not all(words):
                raise HierarchyError(
                    f"Line {number}, {shown(line)}, is not a parent and a child with "
                    f"{_BETWEEN[split]} between them."
                )
            above, below = words if self.order == "parent-child" else reversed(words)
            links.append((above, below))
        return Graph(links=links)

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return a line for every entry but the root."""
        keys = keys_of(tree)
        plain = all(len(key.split()) == 1 and "," not in key for key in keys)
        between = " " if plain else "\t"
        pairs = [(keys[tree.parent[i]], keys[i]) for i in range(1, len(tree))]
        if self.order == "child-parent":
            pairs = [(below, above) for above, below in pairs]
        return "".join(f"{one}{between}{other}\n" for one, other in pairs).encode()


def _separator(text: str) -> str | None:
    """Return what stands between parent and child: None for spaces."""
    if "\t" in text:
        return "\t"
    told = (line for line in text.splitlines() if line.strip() and line[0] != "#")
    return "," if all("," in line for line in told) else None


def _words(line: str, split: str | None) -> list[str]:
    """Return the words of a line; what holds a comma stands in double quotes, as in CSV."""
    parts = next(csv.reader([line], strict=True), []) if split == "," else line.split(split)
    return [word.strip() for word in parts]
