"""`Hierarchy`: an immutable rooted multiway tree over label ids, arrays inside, networkx outside.

Words: a *leaf* is a label's place in the tree, a *node* an inner node; the *root* is node 0 at
depth 0. Nodes and leaves share one numbering, the canonical preorder: children are ordered by
the smallest label id below them, so the same tree has the same numbers and the same bytes
whatever order it was given in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from taxonomy._core import io, shipped
from taxonomy._core.errors import FileFormatError, HierarchyError
from taxonomy.labels import check_classes, unknown_class
from taxonomy.trees.checks import refuse_errors
from taxonomy.trees.raw_tree import FORMAT, IntArray, RawTree, canonical_order, children_of

if TYPE_CHECKING:
    import networkx as nx

FloatArray = npt.NDArray[np.float64]


class Hierarchy:
    """An immutable tree whose leaves are label ids.

    Make one with `from_raw`, `from_nested`, `from_networkx`, `star` or `load`.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> tree.leaves
    ('car', 'cat', 'dog')
    >>> print(tree.to_text())
    (3)
    ├── car
    └── (2)
        ├── cat
        └── dog
    """

    def __init__(self, raw: RawTree, provenance: Mapping[str, io.Json] | None = None) -> None:
        refuse_errors(raw)
        order = canonical_order(raw)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        parents = np.asarray(raw.parent, dtype=np.int64)[order]
        self.parent: IntArray = np.where(parents < 0, -1, rank[parents])
        self.leaf: tuple[str | None, ...] = tuple(raw.leaf[i] for i in order)
        self.name: tuple[str, ...] = tuple(
            "" if self.leaf[k] is not None or i >= len(raw.name) else raw.name[i]
            for k, i in enumerate(order)
        )
        self.merge_height: FloatArray | None = (
            np.asarray(raw.height, dtype=np.float64)[order] if raw.height else None
        )
        given = np.zeros(len(order), dtype=np.int64)
        given[: len(raw.span)] = raw.span
        self.span: IntArray = np.maximum(given[order], self.leaf_counts)
        self.provenance: dict[str, io.Json] = dict(provenance or {})
        for array in (self.parent, self.merge_height, self.span):
            if array is not None:
                array.setflags(write=False)

    @classmethod
    def from_raw(cls, raw: RawTree, provenance: Mapping[str, io.Json] | None = None) -> Hierarchy:
        """Check a raw tree and make it canonical.

        Raises:
            HierarchyError: one of the errors of `taxonomy.trees.checks`, such as a cycle or a label
                that occurs twice.
        """
        return cls(raw, provenance)

    @classmethod
    def from_nested(cls, nested: Any, provenance: Mapping[str, io.Json] | None = None) -> Hierarchy:
        """Make a tree from nested lists of label ids, or nested objects.

        An object has ``children`` (nested lists or objects), ``leaves`` (label ids) or both, and
        optionally a ``name``.

        >>> Hierarchy.from_nested({"children": [{"name": "pets", "leaves": ["cat"]}, "car"]}).leaves
        ('car', 'cat')
        """
        return cls.from_raw(RawTree.from_nested(nested), provenance)

    @classmethod
    def star(cls, ids: Iterable[str]) -> Hierarchy:
        """Return the tree whose root holds every label directly: no hierarchy at all."""
        return cls.from_nested(list(ids), {"made_by": "star"})

    @classmethod
    def from_networkx(cls, graph: nx.DiGraph[Any]) -> Hierarchy:
        """Make a tree from a directed graph whose edges point from parent to child.

        Graph nodes without successors become leaves; their label id is the node itself as text,
        or its attribute ``label``. Attributes ``name``, ``height`` and ``span`` are read.
        """
        return cls.from_raw(RawTree.from_networkx(graph))

    def __len__(self) -> int:
        """Return the number of entries, inner nodes and leaves."""
        return len(self.parent)

    def __eq__(self, other: object) -> bool:
        """Compare by canonical content."""
        return isinstance(other, Hierarchy) and self.digest == other.digest

    def __hash__(self) -> int:
        """Hash by canonical content."""
        return hash(self.digest)

    def __repr__(self) -> str:
        """Show the size and the shape."""
        return (
            f"Hierarchy({len(self.leaves)} leaves, {len(self.nodes)} nodes, "
            f"depth {int(self.depth.max())})"
        )

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """All label ids, sorted."""
        return tuple(sorted(leaf for leaf in self.leaf if leaf is not None))

    @cached_property
    def leaf_entries(self) -> IntArray:
        """The entry of each label, in the order of `leaves`; shape (n_leaves,)."""
        where = {leaf: i for i, leaf in enumerate(self.leaf) if leaf is not None}
        return np.array([where[leaf] for leaf in self.leaves], dtype=np.int64)

    @cached_property
    def is_leaf(self) -> npt.NDArray[np.bool_]:
        """Whether each entry is a leaf."""
        leaf: npt.NDArray[np.bool_] = np.bincount(self.parent[1:], minlength=len(self)) == 0
        return leaf

    @cached_property
    def nodes(self) -> IntArray:
        """The inner nodes' entries, root first, in preorder."""
        return np.flatnonzero(~self.is_leaf)

    @cached_property
    def depth(self) -> IntArray:
        """Edges from the root, per entry."""
        above = np.maximum(self.parent, 0)
        depth = np.ones(len(self), dtype=np.int64)
        depth[0] = 0
        while above.any():  # each round doubles how far up an entry has counted
            depth += depth[above]
            above = above[above]
        return depth

    @cached_property
    def stop(self) -> IntArray:
        """The entry after the last one below each entry, in preorder."""
        by_parent = np.argsort(self.parent[1:], kind="stable") + 1
        last = np.ones(len(self), dtype=bool)  # children of their parents
        siblings = self.parent[by_parent[1:]] == self.parent[by_parent[:-1]]
        last[by_parent[:-1][siblings]] = False
        stop = np.full(len(self), len(self))
        stop[by_parent[:-1][siblings]] = by_parent[1:][siblings]
        above = np.where(last, np.maximum(self.parent, 0), np.arange(len(self)))
        while (above[above] != above).any():
            above = above[above]
        ends: IntArray = stop[above]
        return ends

    @cached_property
    def height(self) -> FloatArray:
        """Per entry its merge height or, where there are none, the most edges down to a leaf."""
        if self.merge_height is not None:
            return self.merge_height
        height, parent = [0.0] * len(self), self.parent.tolist()
        for i in range(len(self) - 1, 0, -1):
            height[parent[i]] = max(height[parent[i]], height[i] + 1)
        return np.array(height)

    @cached_property
    def leaf_counts(self) -> IntArray:
        """The number of leaves below each entry; 1 for a leaf."""
        before = np.concatenate([[0], np.cumsum(self.is_leaf)])
        counts: IntArray = before[self.stop] - before[:-1]
        return counts

    @cached_property
    def _children(self) -> list[list[int]]:
        return children_of(self.parent.tolist())

    def children(self, entry: int) -> tuple[int, ...]:
        """Return the entries below an entry, in canonical order."""
        return tuple(self._children[entry])

    def clade(self, entry: int) -> tuple[str, ...]:
        """Return the sorted label ids below an entry."""
        return tuple(sorted(x for x in self.leaf[entry : self.stop[entry]] if x is not None))

    def ancestors(self, label_id: str) -> tuple[int, ...]:
        """Return the nodes on a label's path, from its parent up to the root.

        Raises:
            LabelError: the tree does not hold the label.
        """
        if label_id not in self._position:
            raise unknown_class(label_id, self.leaves)
        path = []
        entry = int(self.parent[self.leaf_entries[self._position[label_id]]])
        while entry >= 0:
            path.append(entry)
            entry = int(self.parent[entry])
        return tuple(path)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {leaf: i for i, leaf in enumerate(self.leaves)}

    def positions(self, classes: Iterable[str]) -> IntArray:
        """Return the positions in `leaves` of the given label ids, in the order given.

        Raises:
            LabelError: the tree does not hold one of them.
        """
        try:
            return np.array([self._position[name] for name in classes], dtype=np.int64)
        except KeyError as error:
            raise unknown_class(error.args[0], self.leaves) from None

    @cached_property
    def lowest_common_ancestors(self) -> IntArray:
        """The entry at which two leaves meet, shape (n_leaves, n_leaves), in order of `leaves`."""
        counts = self.leaf_counts
        column = np.argsort(np.argsort(self.leaf_entries))
        in_preorder = np.diag(np.sort(self.leaf_entries))
        first = np.cumsum(self.is_leaf)
        first = np.concatenate([[0], first[:-1]])
        for node in self.nodes:
            end = first[node] + counts[node]
            for child in self._children[node]:
                start, stop = first[child], first[child] + counts[child]
                in_preorder[start:stop, stop:end] = node
                in_preorder[stop:end, start:stop] = node
        meet: IntArray = in_preorder[np.ix_(column, column)]
        return meet

    @cached_property
    def digest(self) -> str:
        """The sha256 of the canonical content, provenance left out."""
        return io.digest(self._content())

    def _content(self) -> dict[str, io.Json]:
        nodes = []
        for i in range(len(self)):
            entry: dict[str, io.Json] = {"parent": int(self.parent[i])}
            if (leaf := self.leaf[i]) is not None:
                entry["leaf"] = leaf
            if self.name[i]:
                entry["name"] = self.name[i]
            if self.merge_height is not None:
                entry["height"] = float(self.merge_height[i])
            if self.span[i] != self.leaf_counts[i]:
                entry["span"] = int(self.span[i])
            nodes.append(entry)
        return {"format": FORMAT, "version": 1, "nodes": nodes}

    def to_json(self) -> str:
        """Return the tree as JSON text, one entry a line, by ``hierarchy.schema.json``."""
        content = self._content()
        nodes = ",\n  ".join(io.canonical_json(entry) for entry in content["nodes"])
        return (
            f'{{"format": "{FORMAT}", "version": 1,\n "digest": "{self.digest}",\n'
            f' "provenance": {io.canonical_json(self.provenance)},\n'
            f' "nodes": [\n  {nodes}\n ]}}\n'
        )

    def save(self, path: Path | str) -> None:
        """Write the tree atomically as JSON."""
        io.write_text(path, self.to_json())

    @classmethod
    def load(cls, path: Path | str) -> Hierarchy:
        """Read a tree from the toolkit's JSON.

        Raises:
            FileFormatError: the file is unreadable, of another format or damaged.
        """
        return cls.from_content(io.read_json(path), str(path))

    @classmethod
    def from_content(cls, content: io.Json, where: str) -> Hierarchy:
        """Make a tree from decoded JSON; ``where`` names the file in messages."""
        try:
            tree = cls.from_raw(RawTree.from_content(content), content.get("provenance"))
            digest = tree.digest
        except (HierarchyError, OverflowError, UnicodeError) as error:
            raise FileFormatError(f"{where}: {error}") from error
        if content.get("digest", digest) != digest:
            raise FileFormatError(
                f"{where}: the content does not match its digest; the file was damaged or edited. "
                "Generate it again, or remove the line 'digest' if the edit was meant."
            )
        return tree

    def to_networkx(self) -> nx.DiGraph[Any]:
        """Return a frozen networkx view: label ids for leaves, integers for inner nodes.

        Edges point from parent to child; attributes are ``name``, ``height`` and ``leaves`` (how
        many are below).
        """
        import networkx as nx

        keys = [i if leaf is None else leaf for i, leaf in enumerate(self.leaf)]
        graph: nx.DiGraph[Any] = nx.DiGraph()
        for i, key in enumerate(keys):
            graph.add_node(
                key,
                name=self.name[i] or str(key),
                height=float(self.height[i]),
                leaves=int(self.leaf_counts[i]),
            )
        graph.add_edges_from((keys[self.parent[i]], keys[i]) for i in range(1, len(self)))
        return nx.freeze(graph)

    def to_text(self) -> str:
        """Return the tree drawn with lines, leaves by id, nodes by name and leaf count."""
        lines = []
        last = [True] * len(self)
        for below in self._children:
            for child in below[:-1]:
                last[child] = False
        stem = [""] * len(self)
        for i in range(len(self)):
            text = self.leaf[i] or f"{self.name[i]} ({self.leaf_counts[i]})".strip()
            if i == 0:
                lines.append(text)
                continue
            above = int(self.parent[i])
            if above:
                stem[i] = stem[above] + ("    " if last[above] else "│   ")
            lines.append(f"{stem[i]}{'└── ' if last[i] else '├── '}{text}")
        return "\n".join(lines)

    def restrict(self, classes: Iterable[str], unary: str = "keep") -> Hierarchy:
        """Return the tree of the given classes only.

        Args:
            classes: label ids of the tree.
            unary: ``"keep"`` leaves nodes with one child in place, as extraction needs;
                ``"collapse"`` removes them, as comparison needs.

        Raises:
            LabelError: no class, an unknown one, or one given twice.
        """
        restricted, _ = self.restrict_with_origin(classes)
        return restricted if unary == "keep" else restricted.collapse_unary()

    def restrict_with_origin(self, classes: Iterable[str]) -> tuple[Hierarchy, IntArray]:
        """Return the restricted tree and, per entry of it, the entry here that it came from."""
        chosen = check_classes(classes, self.leaves)
        kept = np.zeros(len(self), dtype=bool)
        kept[self.leaf_entries[self.positions(chosen)]] = True
        for i in range(len(self) - 1, 0, -1):
            kept[self.parent[i]] |= kept[i]
        return self._subset(kept)

    def collapse_unary(self) -> Hierarchy:
        """Return the tree without inner nodes that have a single child.

        A root with a single child goes too, and the node below it is the root, so that the
        heights at which leaves meet stay. Only the root of a tree of one leaf has one child.
        """
        kept = np.array([len(below) != 1 for below in self._children])
        if len(self.leaves) == 1:
            kept[0] = True
        return self._subset(kept)[0]

    def collapse(self, keep: Iterable[int]) -> Hierarchy:
        """Return the tree with only the given inner nodes (and the root); their leaves move up."""
        kept = self.is_leaf.copy()
        kept[list(keep)] = True
        kept[0] = True
        return self._subset(kept)[0]

    def _subset(self, kept: npt.NDArray[np.bool_]) -> tuple[Hierarchy, IntArray]:
        """Return the tree of the kept entries, each under its nearest kept ancestor."""
        nearest = np.arange(len(self))
        for i in range(1, len(self)):
            if not kept[i]:
                nearest[i] = nearest[self.parent[i]]
        entries = np.flatnonzero(kept)
        rank = np.cumsum(kept) - 1
        raw = RawTree(
            parent=[-1, *(int(rank[nearest[self.parent[i]]]) for i in entries[1:])],
            leaf=[self.leaf[i] for i in entries],
            name=[self.name[i] for i in entries],
            span=[int(self.span[i]) for i in entries],
        )
        if self.merge_height is not None:
            raw.height = [float(self.merge_height[i]) for i in entries]
        origin = entries[canonical_order(raw)]
        return Hierarchy(raw, self.provenance), origin


def load_tree(name: str) -> Hierarchy:
    """Return a tree from a file, a run's folder, or a shipped name such as ``icons/wordnet``.

    Raises:
        FileFormatError: there is no such file, or it is no tree.
    """
    if (found := shipped.find(name, "trees", ".json")) is not None:
        return Hierarchy.load(found)
    path = Path(name)
    return Hierarchy.load(path / "hierarchy.json" if path.is_dir() else path)
