"""Choosing classes of a tree by what a person writes: names, patterns, a file, a node."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from taxonomy._core.errors import HierarchyError, LabelError, did_you_mean
from taxonomy._core.spelling import there_are
from taxonomy.labels import check_classes, class_names, get_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import called


def choose(tree: Hierarchy, wanted: str | Iterable[str]) -> tuple[str, ...]:
    """Return the classes that a text asks for, sorted.

    Args:
        tree: whose classes are chosen from.
        wanted: class names separated by commas, each perhaps a pattern with ``*``, ``?`` or
            ``[…]``; the path of a file of classes; or a list of names and patterns.

    Raises:
        LabelError: no class, an unknown one, one given twice by name, or a pattern without a match.

    >>> tree = Hierarchy.from_nested([["cat", "cow", "dog"], ["bus", "car"]])
    >>> choose(tree, "c*,bus"), choose(tree, ["dog"])
    (('bus', 'car', 'cat', 'cow'), ('dog',))
    """
    if isinstance(wanted, str):
        is_file = wanted not in tree.leaves and Path(wanted).is_file()
        wanted = get_labels(wanted).ids if is_file else class_names(wanted)
    known, found = set(tree.leaves), list[str]()
    patterns: set[str] = set()
    for name in wanted:
        if name in known or not any(sign in name for sign in "*?["):
            found.append(name)
            continue
        matching = {leaf for leaf in tree.leaves if fnmatchcase(leaf, name)}
        if not matching:
            raise LabelError(f"No class is like {name!r}. {there_are(len(known), 'class')}")
        patterns |= matching
    check = check_classes(found, tree.leaves) if found or not patterns else ()
    return tuple(sorted({*check, *patterns}))


def below(tree: Hierarchy, name: str) -> tuple[str, ...]:
    """Return the classes below the node of a name, sorted.

    A node without a name is called as `taxonomy.trees.naming.called` calls it, and as
    predictions do: by two of its classes and how many more there are.

    Raises:
        HierarchyError: no node has the name, or several.

    >>> tree = Hierarchy.from_nested([{"name": "pets", "leaves": ["cat", "dog"]}, ["bus", "car"]])
    >>> below(tree, "pets"), below(tree, "bus and car")
    (('cat', 'dog'), ('bus', 'car'))
    """
    names = called(tree)
    found = [node for node, called in names.items() if called == name]
    if len(found) != 1:
        several = f"{len(found)} nodes are" if found else "No node is"
        near = "" if found else did_you_mean(name, filter(None, names.values()))
        raise HierarchyError(f"{several} called {name!r}.{near} See: taxonomy show.")
    return tree.clade(found[0])
