"""Operations that make one tree of another: prune, graft, reroot, even out the levels.

All are pure functions; `Hierarchy` itself has `restrict`, `collapse` and `collapse_unary`. An
operation after which merge heights would mean nothing refuses a tree that has them: take them off
with `drop_heights` first. Support stays with every node whose labels stay the same or, in a
restricted tree, are what is left of them; a node that gains labels or gets others loses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import HierarchyError
from taxonomy.labels import check_classes
from taxonomy.trees.hierarchy import Hierarchy, Unary
from taxonomy.trees.raw_tree import RawTree


def prune(tree: Hierarchy, classes: Iterable[str], unary: Unary = "keep") -> Hierarchy:
    """Return the tree without the given classes: `Hierarchy.restrict` to all others.

    Args:
        tree: a tree.
        classes: label ids of the tree, not all of them.
        unary: as for `Hierarchy.restrict`.

    Raises:
        LabelError: no class, an unknown one, or one given twice.
        HierarchyError: no class would be left, or another word for ``unary``.

    >>> prune(Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]]), ["dog", "bus"]).leaves
    ('car', 'cat')
    """
    dropped = set(check_classes(classes, tree.leaves))
    rest = [leaf for leaf in tree.leaves if leaf not in dropped]
    if not rest:
        raise HierarchyError("Pruning all classes leaves no tree; keep at least one.")
    return tree.restrict(rest, unary)


def subtree(tree: Hierarchy, node: int) -> Hierarchy:
    """Return the branch below a node as a tree of its own, its root being the node.

    Raises:
        HierarchyError: the entry is not an inner node.

    >>> subtree(Hierarchy.from_nested([["cat", "dog"], "car"]), 2).leaves
    ('cat', 'dog')
    """
    _check_node(tree, node)
    raw = tree.to_raw()
    outside = np.flatnonzero(tree.depth[node + 1 :] <= tree.depth[node])
    rows = slice(node, node + 1 + int(outside[0]) if len(outside) else len(tree))
    branch = RawTree(
        parent=[-1, *(parent - node for parent in raw.parent[rows][1:])],
        leaf=raw.leaf[rows],
        name=raw.name[rows],
        height=raw.height[rows],
        span=raw.span[rows],
        support=raw.support[rows],
    )
    return Hierarchy.from_raw(branch, io.provenance("subtree", of=tree.digest, node=int(node)))


def graft(tree: Hierarchy, node: int | None, other: Hierarchy) -> Hierarchy:
    """Return the tree with another one, its root included, hung below a node.

    Spans grow by the other tree's, so grafting parts of two trees is restricting the graft of the
    whole ones.

    Args:
        tree: a tree.
        node: an inner node of it; None joins both trees below a new root.
        other: a tree of other labels.

    Raises:
        HierarchyError: the trees share a label; the entry is not an inner node; one tree has merge
            heights and the other has none; or the other tree is higher than the node.

    >>> pets, cars = Hierarchy.star(["cat", "dog"]), Hierarchy.star(["bus", "car"])
    >>> print(graft(pets, None, cars).to_text())
    (4)
    ├── (2)
    │   ├── bus
    │   └── car
    └── (2)
        ├── cat
        └── dog
    """
    _check_graft(tree, node, other)
    raw = RawTree()
    if node is None:
        raw.add(-1, span=int(tree.span[0] + other.span[0]))
        if tree.merge_height is not None:
            raw.height = [max(float(tree.height[0]), float(other.height[0]))]
        _append(raw, tree, 0)
        _append(raw, other, 0)
    else:
        _append(raw, tree, -1)
        _append(raw, other, node)
        for i in (node, *_above(tree, node)):
            raw.span[i] += int(other.span[0])
            raw.support[i] = np.nan
    made = io.provenance(
        "graft", of=tree.digest, other=other.digest, node=node if node is None else int(node)
    )
    return Hierarchy.from_raw(raw, made)


def _check_graft(tree: Hierarchy, node: int | None, other: Hierarchy) -> None:
    if shared := set(tree.leaves) & set(other.leaves):
        raise HierarchyError(
            f"Both trees hold the label {min(shared)!r} ({len(shared)} shared); prune one of them."
        )
    if (tree.merge_height is None) != (other.merge_height is None):
        raise HierarchyError("Only one tree has merge heights; use drop_heights() on it.")
    if node is None:
        return
    _check_node(tree, node)
    if tree.merge_height is not None and other.height[0] > tree.height[node]:
        raise HierarchyError(
            f"The grafted tree's height {other.height[0]:g} is above that of node {node}, "
            f"{tree.height[node]:g}; graft it higher up, or use drop_heights() on both."
        )


def reroot(tree: Hierarchy, node: int) -> Hierarchy:
    """Return the tree seen from another node: the edges between it and the root are turned round.

    The node is the new root. It keeps its children and gets one more, its former parent, which
    holds all that was outside the node; and so on up the path to the old root. Every other clade
    stays. Nodes on the path lose their names and their support, which were other clades'; the old
    root keeps its place even with one child left (see `Hierarchy.collapse_unary`) and goes if it
    has none. Going back gives the old tree, but for names, support and what went. To cut out the
    branch, use `subtree`.

    Raises:
        HierarchyError: the entry is not an inner node, or the tree has merge heights, which a
            turned edge would make meaningless.

    >>> tree = Hierarchy.from_nested([["ant", ["cat", "dog"]], "bus", "car"])
    >>> print(reroot(tree, 3).to_text())
    (5)
    ├── (3)
    │   ├── ant
    │   └── (2)
    │       ├── bus
    │       └── car
    ├── cat
    └── dog
    """
    _check_node(tree, node)
    if tree.merge_height is not None:
        raise HierarchyError("Rerooting undoes merge heights; use drop_heights() first.")
    raw = tree.to_raw()
    path = [node, *_above(tree, node)]
    for below, above in pairwise(path):
        raw.parent[above] = below
        raw.span[above] = max(0, int(tree.span[0] - tree.span[below]))
    raw.parent[node] = -1
    raw.span[node] = int(tree.span[0])
    for i in path if node else ():
        raw.name[i] = ""
        if raw.support:
            raw.support[i] = np.nan
    # a chain of single children at the old root holds nothing but the new root's clade
    empty = sum(int(tree.leaf_counts[below]) == len(tree.leaves) for below in path[:-1])
    turned = RawTree(
        parent=[max(-1, parent - empty) for parent in raw.parent[empty:]],
        leaf=raw.leaf[empty:],
        name=raw.name[empty:],
        span=raw.span[empty:],
        support=raw.support[empty:],
    )
    return Hierarchy.from_raw(turned, io.provenance("reroot", of=tree.digest, node=int(node)))


def drop_heights(tree: Hierarchy) -> Hierarchy:
    """Return the tree without merge heights, so that heights are counted in edges."""
    raw = tree.to_raw()
    raw.height = []
    return Hierarchy.from_raw(raw, tree.provenance)


def shuffle_leaves(
    tree: Hierarchy, seed: int | np.random.Generator, *, keep_names: bool = False
) -> Hierarchy:
    """Return the tree with its labels permuted at random: a null model.

    Merge heights and spans stay with the nodes; support, which was other clades', goes.

    Args:
        tree: a tree.
        seed: of the random numbers, or a generator to draw them from.
        keep_names: whether nodes keep their names.

    >>> shuffle_leaves(Hierarchy.star("abc"), seed=0) == Hierarchy.star("abc")
    True
    """
    names = np.random.default_rng(seed).permutation(np.array(tree.leaves, dtype=object))
    dealt = dict(zip(tree.leaves, names, strict=True))
    raw = tree.to_raw()
    raw.leaf = [None if leaf is None else dealt[leaf] for leaf in tree.leaf]
    raw.support = []
    if not keep_names:
        raw.name = []
    known = None if isinstance(seed, np.random.Generator) else seed
    return Hierarchy.from_raw(raw, {"made_by": "shuffle_leaves", "seed": known, "of": tree.digest})


def move_leaves(tree: Hierarchy, count: int, seed: int | np.random.Generator) -> Hierarchy:
    """Return the tree with some labels hung under other inner nodes, all drawn at random.

    Every label is as likely as any other, and so is every node but the one that it hangs under.
    Nodes that are left with one child or none are removed; merge heights stay with the others.

    Args:
        tree: a tree of at least two inner nodes.
        count: how many labels move, at most all.
        seed: of the random numbers, or a generator to draw them from.

    Raises:
        HierarchyError: a number of labels that the tree does not have, or nowhere to move them.

    >>> tree = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car", "van"]])
    >>> moved = move_leaves(tree, 1, seed=0)
    >>> len(moved.leaves), moved == tree
    (6, False)
    """
    if not 0 <= count <= len(tree.leaves):
        raise HierarchyError(f"{count} labels to move of {len(tree.leaves)}; ask for 0 to all.")
    if len(tree.nodes) < 2:
        raise HierarchyError("The tree has one inner node, so that its labels cannot move.")
    rng = np.random.default_rng(seed)
    raw = tree.to_raw()
    for entry in rng.choice(tree.leaf_entries, count, replace=False).tolist():
        others = tree.nodes[tree.nodes != tree.parent[entry]]
        raw.parent[entry] = int(rng.choice(others))
    kept = [leaf is not None for leaf in raw.leaf]
    for i in range(len(kept) - 1, -1, -1):
        if raw.leaf[i] is None:
            continue
        above = raw.parent[i]
        while above >= 0 and not kept[above]:
            kept[above] = True
            above = raw.parent[above]
    number = np.cumsum(kept) - 1
    chosen = np.flatnonzero(kept).tolist()
    moved = RawTree(
        parent=[-1 if raw.parent[i] < 0 else int(number[raw.parent[i]]) for i in chosen],
        leaf=[raw.leaf[i] for i in chosen],
        name=[raw.name[i] for i in chosen],
        height=[raw.height[i] for i in chosen] if raw.height else [],
    )
    known = None if isinstance(seed, np.random.Generator) else seed
    made = {"made_by": "move_leaves", "count": count, "seed": known, "of": tree.digest}
    return Hierarchy.from_raw(moved, made).collapse_unary()


def collapse_to_depth(tree: Hierarchy, depth: int) -> Hierarchy:
    """Return the tree with the nodes down to a depth only; leaves below move up to them.

    Depth 0 gives a star.

    Raises:
        HierarchyError: a negative depth.

    >>> tree = Hierarchy.from_nested([["ant", ["cat", "dog"]], "car"])
    >>> print(collapse_to_depth(tree, 1).to_text())
    (4)
    ├── (3)
    │   ├── ant
    │   ├── cat
    │   └── dog
    └── car
    """
    if depth < 0:
        raise HierarchyError(f"The depth is {depth}; the root has depth 0.")
    return tree.collapse(node for node in tree.nodes if tree.depth[node] <= depth)


def to_levels(tree: Hierarchy, levels: int | Sequence[int]) -> Hierarchy:
    """Return the tree with every leaf below exactly so many levels of nodes.

    The nodes at the depths chosen make the levels; others dissolve. Where a path ends before a
    level, its last node stands in: a lowest node, which holds leaves only, is repeated as its own
    single child, so that its leaves stay together; a leaf beside nodes gets a node for itself.
    With levels enough for the whole tree, `Hierarchy.collapse_unary` undoes it.

    A leaf beside nodes costs a node a level, so a deep and narrow tree made even at all its depths
    grows with the square of its depth.

    Args:
        tree: a tree, mostly a ragged one.
        levels: the depths of the nodes that make the levels, increasing from 1 and possibly beyond
            the tree's; a number n stands for 1 to n.

    Raises:
        HierarchyError: depths that do not increase from 1.

    >>> print(to_levels(Hierarchy.from_nested([["ant", ["cat", "dog"]], "car"]), 1).to_text())
    (4)
    ├── (3)
    │   ├── ant
    │   ├── cat
    │   └── dog
    └── (1)
        └── car
    """
    if isinstance(levels, int | np.integer):
        depths = list(range(1, int(levels) + 1))
        sound = levels >= 0
    else:
        depths = sorted({int(depth) for depth in levels})
        sound = depths == list(levels) and min(depths, default=1) > 0
    if not sound:
        raise HierarchyError(f"The levels are {levels}; give depths that increase from 1.")
    raw = _even(collapse_to_depth(tree, max(depths, default=0)), depths)
    return Hierarchy.from_raw(raw, io.provenance("to_levels", of=tree.digest, levels=depths))


def _even(tree: Hierarchy, depths: list[int]) -> RawTree:
    """Return the nodes at the depths given, and stand-ins where a path ends before one."""
    lowest = np.ones(len(tree), dtype=bool)
    lowest[tree.parent[tree.nodes[1:]]] = False
    # how many of the levels lie at an entry's depth or below, and just below
    from_here = len(depths) - np.searchsorted(depths, tree.depth)
    below_here = len(depths) - np.searchsorted(depths, tree.depth, side="right")
    raw = RawTree()
    source: list[int] = []
    bottom = np.full(len(tree), -1, dtype=np.int64)  # where what is below an entry hangs
    for i in range(len(tree)):
        above = int(bottom[tree.parent[i]]) if i else -1
        leaf, span = tree.leaf[i], int(tree.span[i])
        if leaf is not None:
            copies = 0 if lowest[tree.parent[i]] else int(from_here[i])
        else:
            last = 0 if lowest[i] else int(below_here[i])
            copies = int(i == 0) + int(from_here[i]) - last
        for _ in range(copies):
            above = raw.add(above, name=tree.name[i], span=span)
            source.append(i)
        bottom[i] = above
        if leaf is not None:
            raw.add(above, leaf=leaf, span=span)
            source.append(i)
    if tree.merge_height is not None:
        raw.height = tree.merge_height[source].tolist()
    if tree.support is not None:
        raw.support = tree.support[source].tolist()
    return raw


def _check_node(tree: Hierarchy, node: int) -> None:
    if not 0 <= node < len(tree) or tree.leaf[node] is not None:
        raise HierarchyError(f"Entry {node} is not an inner node; choose one of tree.nodes.")


def _above(tree: Hierarchy, entry: int) -> list[int]:
    """Return the nodes above an entry, from its parent up to the root."""
    above = []
    while entry:
        entry = int(tree.parent[entry])
        above.append(entry)
    return above


def _append(raw: RawTree, tree: Hierarchy, under: int) -> None:
    """Add all entries of a tree below an entry of a raw one."""
    offset = len(raw.parent)
    raw.parent += [under, *(tree.parent[1:] + offset).tolist()]
    raw.leaf += tree.leaf
    raw.name += tree.name
    raw.span += tree.span.tolist()
    raw.support += [np.nan] * len(tree) if tree.support is None else tree.support.tolist()
    if tree.merge_height is not None:
        raw.height += tree.merge_height.tolist()
