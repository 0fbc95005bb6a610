"""Lists of classes without any groups, such as ImageNet's lists of synsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from taxonomy._core.errors import HierarchyError
from taxonomy.formats._format import NO_GROUPS, Content, Format, Reading
from taxonomy.labels import WNID
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents
from taxonomy.trees.raw_tree import RawTree


@dataclass(frozen=True)
class LabelList(Format):
    """One class a line, or a WordNet id and words: the tree that has no groups.

    Only the labels are written; all else is lost. ``taxonomy generate LIST --builder hypernyms``
    makes a tree of a list.

    >>> print(LabelList().write(Hierarchy.from_nested([["cat"], "dog"])).decode(), end="")
    cat
    dog
    """

    endings: ClassVar[tuple[str, ...]] = (".wnids",)
    also: ClassVar[tuple[str, ...]] = (".txt",)
    sure: ClassVar[int] = 1

    def fits(self, content: Content) -> bool:
        """Return whether every line begins with a WordNet id, and is not two of them, a link."""
        lines = [line.split() for line in content.first_lines]
        links = all(len(line) == 2 and WNID.fullmatch(line[1]) for line in lines[:1])
        return bool(lines) and not links and all(WNID.fullmatch(x[0].strip(",")) for x in lines)

    def read(self, content: Content, parents: Parents) -> Reading:  # noqa: ARG002 (no parents)
        """Read lines."""
        raw = RawTree()
        raw.add(-1)
        for line in filter(str.strip, content.text.splitlines()):
            words = line.split()
            is_wnid = WNID.fullmatch(words[0].strip(",")) is not None
            raw.add(0, leaf=words[0].strip(",") if is_wnid else line.strip())
        if len(raw.parent) == 1:
            raise HierarchyError("The list is empty; give at least one class.")
        return Reading(raw, (NO_GROUPS,))

    def write(self, tree: Hierarchy, ending: str = "") -> bytes:  # noqa: ARG002
        """Return the labels, sorted."""
        return ("\n".join(tree.leaves) + "\n").encode()
