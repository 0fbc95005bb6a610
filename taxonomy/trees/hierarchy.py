"""`Hierarchy`: an immutable rooted multiway tree over label ids, arrays inside, networkx outside.

Words: a *leaf* is a label's place in the tree, a *node* an inner node; the *root* is node 0 at
depth 0. Nodes and leaves share one numbering, the canonical preorder: children are ordered by
the smallest label id below them, so the same tree has the same numbers and the same bytes
whatever order it was given in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy._core.errors import FileFormatError, HierarchyError, check_choice
from taxonomy._core.recorded import Recorded
from taxonomy._core.spelling import counted
from taxonomy.labels import check_classes, unknown_class
from taxonomy.trees import content, graphs, nested, text
from taxonomy.trees.checks import refuse_errors
from taxonomy.trees.links import Parents
from taxonomy.trees.preorder import depths, nearest_kept, stops
from taxonomy.trees.raw_tree import RawTree, canonical_order, children_of

if TYPE_CHECKING:
    import networkx as nx

Unary = Literal["keep", "collapse"]


class Hierarchy(Recorded):
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

    parent: IntArray
    """Per entry the entry of its parent; -1 for the root."""
    leaf: tuple[str | None, ...]
    """Per entry its label id; None for an inner node."""
    name: tuple[str, ...]
    """Per entry its display name; empty for leaves, and for nodes without one."""
    merge_height: FloatArray | None
    """Per entry the height at which it was merged; None where there are no merge heights."""
    span: IntArray
    """Per entry the number of leaves below it in the tree that this one was cut from."""
    support: FloatArray | None
    """Per entry the share of other trees that have its node, in [0, 1]; NaN for leaves and where
    it is not known; None where it is known of no node."""

    def __init__(self) -> None:
        raise TypeError("Make a tree with from_raw, from_nested, from_networkx, star or load.")

    @classmethod
    def from_raw(cls, raw: RawTree, provenance: Mapping[str, io.Json] | None = None) -> Hierarchy:
        """Check a raw tree and make it canonical.

        Raises:
            HierarchyError: one of the errors of `taxonomy.trees.checks`, such as a cycle or a label
                that occurs twice.
        """
        refuse_errors(raw)
        self = cls.__new__(cls)
        order = canonical_order(raw)
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        parents = np.asarray(raw.parent, dtype=np.int64)[order]
        self.parent = np.where(parents < 0, -1, rank[parents])
        self.leaf = tuple(raw.leaf[i] for i in order)
        self.name = tuple(
            "" if self.leaf[k] is not None or i >= len(raw.name) else raw.name[i]
            for k, i in enumerate(order)
        )
        self.merge_height = np.asarray(raw.height, dtype=np.float64)[order] if raw.height else None
        given = np.zeros(len(order), dtype=np.int64)
        given[: len(raw.span)] = raw.span
        self.span = np.maximum(given[order], self.leaf_counts)
        support = np.full(len(order), np.nan)
        support[: len(raw.support)] = raw.support
        support = np.where(self.is_leaf, np.nan, support[order])
        self.support = None if np.isnan(support).all() else support
        for array in (self.parent, self.merge_height, self.span, self.support):
            if array is not None:
                array.setflags(write=False)
        self._record(provenance)
        return self

    @classmethod
    def from_nested(cls, given: Any, provenance: Mapping[str, io.Json] | None = None) -> Hierarchy:
        """Make a tree from nested lists of label ids, and dictionaries that name the nodes.

        A dictionary holds one named node for every key, ``{"pets": ["cat", "dog"]}``. One with a
        key ``children`` (anything nested), ``leaves`` (label ids) or ``label`` is a single node or
        leaf instead, with its attributes, ``{"name": "pets", "leaves": ["cat", "dog"]}``, and may
        have no other keys; `taxonomy.trees.nested` has the details.

        Raises:
            HierarchyError: something else stands in it, an object is malformed, or the whole is no
                tree.

        >>> print(Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["taxi"]}).to_text())
        (3)
        ├── pets (2)
        │   ├── cat
        │   └── dog
        └── cars (1)
            └── taxi
        """
        return cls.from_raw(nested.read_nested(given), provenance)

    @classmethod
    def star(cls, ids: Iterable[str]) -> Hierarchy:
        """Return the tree whose root holds every label directly: no hierarchy at all."""
        return cls.from_nested(list(ids), {"made_by": "star"})

    @classmethod
    def from_networkx(cls, graph: nx.DiGraph[Any], parents: Parents = "refuse") -> Hierarchy:
        """Make a tree from a directed graph whose edges point from parent to child.

        Graph nodes without successors become leaves; their label id is the attribute ``label`` or,
        without one, the graph node itself as text. Other graph nodes become inner nodes, named by
        their attribute ``name`` or ``label`` or, without these, by themselves where they are text.
        The attributes ``merge_height`` (of all inner nodes or none; 0 for a leaf without one),
        ``span`` and ``support`` are read too. An attribute that is None counts as absent.

        Args:
            graph: a networkx.DiGraph.
            parents: which parent stays where a node has several: ``"first"``, ``"deepest"``, or
                the one with ``"most-classes"`` below it; ``"refuse"`` for none.

        Raises:
            HierarchyError: the graph is undirected, a multigraph, empty, has a cycle, several roots
                or a node with several parents; two leaves give one label; or an attribute is
                malformed.

        >>> import networkx as nx
        >>> graph = nx.DiGraph([("home", "kitchen"), ("home", "bed"), ("kitchen", "fork")])
        >>> print(Hierarchy.from_networkx(graph).to_text())
        home (2)
        ├── bed
        └── kitchen (1)
            └── fork
        """
        return cls.from_raw(graphs.read_networkx(graph, parents))

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
            f"Hierarchy({counted(len(self.leaves), 'leaf', 'leaves')}, "
            f"{counted(len(self.nodes), 'node')}, "
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
    def is_leaf(self) -> BoolArray:
        """Whether each entry is a leaf."""
        leaf: BoolArray = np.bincount(self.parent[1:], minlength=len(self)) == 0
        return leaf

    @cached_property
    def nodes(self) -> IntArray:
        """The inner nodes' entries, root first, in preorder."""
        return np.flatnonzero(~self.is_leaf)

    @cached_property
    def depth(self) -> IntArray:
        """Edges from the root, per entry."""
        return depths(self.parent)

    @cached_property
    def stop(self) -> IntArray:
        """The entry after the last one below each entry, in preorder."""
        return stops(self.parent)

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
        return content.digest_of(self)

    def attributes(self, entry: int) -> dict[str, Any]:
        """Return what an entry has, by name: only what there is.

        ``label`` (of a leaf), ``name``, ``merge_height``, ``span`` (where the tree was cut) and
        ``support``.

        >>> Hierarchy.from_nested({"pets": ["cat", "dog"]}).attributes(1)
        {'name': 'pets'}
        """
        found: dict[str, Any] = {}
        if (leaf := self.leaf[entry]) is not None:
            found["label"] = leaf
        if self.name[entry]:
            found["name"] = self.name[entry]
        if self.merge_height is not None:
            found["merge_height"] = float(self.merge_height[entry])
        if self.span[entry] != self.leaf_counts[entry]:
            found["span"] = int(self.span[entry])
        if self.support is not None and not np.isnan(self.support[entry]):
            found["support"] = float(self.support[entry])
        return found

    def to_json(self) -> str:
        """Return the tree as JSON text, one entry a line, by ``hierarchy.schema.json``."""
        return content.to_json(self)

    def save(self, path: Path | str) -> None:
        """Write the tree atomically as JSON; `taxonomy.write_tree` writes other formats.

        Raises:
            FileFormatError: the file's name has another ending than ``.json``.
        """
        if Path(path).suffix.lower() not in ("", ".json"):
            raise FileFormatError(
                f"{path}: save() writes JSON; name the file .json, or use taxonomy.write_tree, "
                "which writes the format that the ending names."
            )
        io.write_text(path, self.to_json())

    @classmethod
    def load(cls, path: Path | str) -> Hierarchy:
        """Read a tree from the toolkit's JSON; `taxonomy.read_tree` reads other formats.

        Raises:
            FileFormatError: the file is unreadable, of another format or damaged.
        """
        return cls.from_content(content.decoded(path), str(path))

    @classmethod
    def from_content(cls, decoded: io.Json, where: str) -> Hierarchy:
        """Make a tree from decoded JSON; ``where`` names the file in messages.

        Raises:
            FileFormatError: the content is of another format or damaged.
        """
        raw = content.read_content(decoded, where)
        try:
            tree = cls.from_raw(raw, decoded.get("provenance"))
        except HierarchyError as error:
            content.refuse_file(where, str(error))
        if decoded.get("digest", tree.digest) != tree.digest:
            content.refuse_file(
                where,
                "the content does not match its digest; the file was damaged or edited. "
                "Generate it again, or remove the line 'digest' if the edit was meant.",
            )
        return tree

    def to_raw(self) -> RawTree:
        """Return all that the tree holds as a raw tree, to be changed and made a tree again."""
        return RawTree(
            parent=self.parent.tolist(),
            leaf=list(self.leaf),
            name=list(self.name),
            height=[] if self.merge_height is None else self.merge_height.tolist(),
            span=self.span.tolist(),
            support=[] if self.support is None else self.support.tolist(),
        )

    def to_nested(self) -> Any:
        """Return the tree as nested lists and objects, which `from_nested` reads without loss.

        >>> Hierarchy.from_nested({"pets": ["cat", "dog"]}).to_nested()
        [{'name': 'pets', 'children': ['cat', 'dog']}]
        """
        return nested.to_nested(self)

    def to_networkx(self) -> nx.DiGraph[Any]:
        """Return the tree as a frozen networkx graph, which `from_networkx` reads without loss.

        Edges point from parent to child. A leaf's key is its label id, an inner node's is
        ``node:`` and its entry; attributes are those of `attributes`. The same holds of what
        networkx's writers and readers of GraphML and GEXF make of the graph.

        >>> sorted(Hierarchy.from_nested({"pets": ["cat", "dog"]}).to_networkx())
        ['cat', 'dog', 'node:0', 'node:1']
        """
        return graphs.to_networkx(self)

    def to_text(self, names: Mapping[str, str] | None = None) -> str:
        """Return the tree drawn with lines, leaves by id, nodes by name and leaf count.

        Args:
            names: of leaves, put beside those ids that are none themselves.

        >>> print(Hierarchy.star(["cat", "n02084071"]).to_text({"n02084071": "dog"}))
        (2)
        ├── cat
        └── n02084071 dog
        """
        return text.to_text(self, names)

    def with_support(self, support: Sequence[float] | FloatArray | None) -> Hierarchy:
        """Return the tree with a share of support per entry, in [0, 1], or without any.

        What it says of leaves is ignored; NaN stands for what is not known.

        Raises:
            HierarchyError: another number of shares than of entries, or one out of range.

        >>> tree = Hierarchy.from_nested({"pets": ["cat", "dog"]}).with_support([1, 0.5, 1, 1])
        >>> tree.attributes(1)
        {'name': 'pets', 'support': 0.5}
        """
        if support is not None and len(support) != len(self):
            raise HierarchyError(
                f"{len(support)} shares of support for a tree of {len(self)} entries; give one "
                "per entry."
            )
        raw = self.to_raw()
        raw.support = [] if support is None else [float(share) for share in support]
        return Hierarchy.from_raw(raw, self.provenance)

    def restrict(self, classes: Iterable[str], unary: Unary = "keep") -> Hierarchy:
        """Return the tree of the given classes only.

        Spans say how many leaves a node had before, and support what share it had as a whole.

        Args:
            classes: label ids of the tree.
            unary: ``"keep"`` leaves nodes with one child in place, as extraction needs;
                ``"collapse"`` removes them, as comparison needs.

        Raises:
            LabelError: no class, an unknown one, or one given twice.
            HierarchyError: another word for ``unary``.
        """
        check_choice("unary", unary, Unary, HierarchyError)
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

    def _subset(self, kept: BoolArray) -> tuple[Hierarchy, IntArray]:
        """Return the tree of the kept entries, each under its nearest kept ancestor."""
        entries = np.flatnonzero(kept)
        above = nearest_kept(self.parent, kept)[self.parent[entries[1:]]]
        rank = np.cumsum(kept) - 1
        raw = RawTree(
            parent=[-1, *rank[above].tolist()],
            leaf=[self.leaf[i] for i in entries],
            name=[self.name[i] for i in entries],
            span=self.span[entries].tolist(),
            height=[] if self.merge_height is None else self.merge_height[entries].tolist(),
            support=[] if self.support is None else self.support[entries].tolist(),
        )
        origin = entries[canonical_order(raw)]
        return Hierarchy.from_raw(raw, self.provenance), origin
