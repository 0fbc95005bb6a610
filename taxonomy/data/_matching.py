"""Bringing a data set and a tree to the same classes, by stated policies."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from taxonomy._core.checked import check_options
from taxonomy._core.errors import DataError, did_you_mean
from taxonomy._core.folders import SPLITS
from taxonomy._core.spelling import respelled
from taxonomy.data._pictures import Pictures
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import drop_heights, graft

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Matching:
    """What happens to classes that only the data or only the tree has.

    Args:
        coarse: classes of the data that are inner nodes of the tree by name, as where some
            pictures say only ``dog`` and others the breed: ``refuse``; ``drop`` their pictures; or
            ``leaf``, which gives the node one more leaf for pictures that say no more.
        unknown: classes of the data that the tree does not hold: ``refuse``, or ``drop``.
        without_data: classes of the tree without a training picture: ``refuse``, or ``drop`` them
            from the tree.
    """

    coarse: Literal["refuse", "drop", "leaf"] = "refuse"
    unknown: Literal["refuse", "drop"] = "refuse"
    without_data: Literal["refuse", "drop"] = "refuse"

    def __post_init__(self) -> None:
        check_options(self, DataError)


def match(
    pictures: Pictures, tree: Hierarchy, policy: Matching | None = None
) -> tuple[Pictures, Hierarchy]:
    """Return data and tree with the same classes, every one with a training picture.

    What agrees already is returned as it is. Whatever a policy drops is logged. Classes that are
    the same text in other Unicode characters (``é`` as one or as two) are the same, and are
    written as in the tree.

    Args:
        pictures: a data set.
        tree: a tree over its classes, more or less.
        policy: what to do where they differ; refuse by default.

    Raises:
        DataError: they differ and the policy refuses, a class could be several nodes, or nothing
            would be left.

    >>> images, splits = np.zeros((3, 3, 2, 2), np.uint8), np.zeros(3, np.uint8)
    >>> some = Pictures(images, np.arange(3), ("car", "cat", "pet"), splits, np.full(3, ""))
    >>> tree = Hierarchy.from_nested(
    ...     {"children": ["car", {"name": "pet", "leaves": ["cat", "dog"]}]}
    ... )
    >>> kept, matched = match(some, tree, Matching(coarse="leaf", without_data="drop"))
    >>> print(matched.to_text())
    (3)
    ├── car
    └── pet (2)
        ├── cat
        └── pet
    """
    policy = policy or Matching()
    pictures = spelled_as(pictures, tree)
    tree, coarse = _settle_coarse(pictures, tree, policy)
    unknown = [c for c in pictures.classes if c not in set(tree.leaves) | set(coarse)]
    if unknown and policy.unknown == "refuse":
        near = did_you_mean(unknown[0], tree.leaves)
        raise DataError(
            f"{_named(unknown)} in the data but not in the tree.{near} Build the tree from the "
            'data\'s own labels, or leave their pictures out (`unknown="drop"`).'
        )
    gone = {*coarse, *unknown}
    if gone:
        kept = tuple(c for c in pictures.classes if c not in gone)
        if not kept:
            raise DataError("The data and the tree have no class in common.")
        log.warning("The pictures of %d classes are left out: %s.", len(gone), _few(gone))
        pictures = pictures.restrict(kept)
    trained = np.unique(pictures.targets[pictures.splits == SPLITS.index("train")])
    known = {pictures.classes[target] for target in trained}
    bare = [c for c in tree.leaves if c not in known]
    if not bare:
        return pictures, tree
    if policy.without_data == "refuse":
        raise DataError(
            f"{_named(bare)} in the tree but without a training picture. Add pictures, or leave "
            'the classes out of the tree (`without_data="drop"`).'
        )
    if len(bare) == len(tree.leaves):
        raise DataError("No class of the tree has a training picture.")
    log.warning("%d classes are left out of the tree: %s.", len(bare), _few(bare))
    left = tuple(c for c in tree.leaves if c in known)
    if left != pictures.classes:
        pictures = pictures.restrict(left)
    return pictures, tree.restrict(left)


def spelled_as(pictures: Pictures, tree: Hierarchy) -> Pictures:
    """Return the pictures, their classes written in the same Unicode characters as in the tree."""
    known = [*tree.leaves, *(tree.name[node] or "" for node in tree.nodes)]
    names = respelled(pictures.classes, known)
    if names == pictures.classes:
        return pictures
    order = np.argsort(np.argsort(names))
    return replace(pictures, classes=tuple(sorted(names)), targets=order[pictures.targets])


def _settle_coarse(
    pictures: Pictures, tree: Hierarchy, policy: Matching
) -> tuple[Hierarchy, list[str]]:
    """Return the tree, grown by leaves where asked, and the coarse classes to be dropped."""
    names, leaves = {tree.name[node] for node in tree.nodes}, set(tree.leaves)
    coarse = [c for c in pictures.classes if c in names and c not in leaves]
    if not coarse or policy.coarse == "drop":
        return tree, coarse
    if policy.coarse == "refuse":
        raise DataError(
            f"{_named(coarse)} in the data, and an inner node of the tree. Leave such pictures out "
            '(`coarse="drop"`), or give the node a leaf of that name for them (`coarse="leaf"`).'
        )
    if tree.merge_height is not None:
        tree = drop_heights(tree)
    for name in coarse:
        found = [n for n in tree.nodes if tree.name[n] == name]
        if len(found) > 1:
            raise DataError(f"The class {name!r} could be {len(found)} nodes of the tree.")
        tree = _with_leaf(tree, int(found[0]), name)
    return tree, []


def _with_leaf(tree: Hierarchy, node: int, name: str) -> Hierarchy:
    """Return the tree with one more leaf below a node."""
    grown = graft(tree, node, Hierarchy.star([name]))
    # What was grafted is a root with the leaf; collapsing that root leaves the leaf.
    entry = int(grown.parent[grown.leaf_entries[grown.positions([name])[0]]])
    return grown.collapse(n for n in grown.nodes if n != entry)


def _named(classes: Collection[str]) -> str:
    if len(classes) == 1:
        return f"The class {min(classes)!r} is"
    return f"{len(classes)} classes ({_few(classes)}) are each"


def _few(classes: Collection[str]) -> str:
    shown = [repr(name) for name in sorted(classes)]
    return ", ".join(shown[:5]) + ", …" * (len(shown) > 5)
