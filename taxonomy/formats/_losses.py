"""What a file has lost of a tree: measured, by reading it again."""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy._core.spelling import counted
from taxonomy.trees.hierarchy import Hierarchy


def losses(tree: Hierarchy, again: Hierarchy) -> tuple[str, ...]:
    """Return what of a tree is not in what was read again, one phrase each.

    >>> tree = Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["taxi"]})
    >>> losses(tree, Hierarchy.from_nested([["cat", "dog"], {"cars": ["taxi"]}]))
    ("1 of 2 names of nodes, such as 'pets'",)
    """
    made = tree.provenance.keys() - again.provenance.keys()
    provenance = ("what made the tree (its provenance)",) if made else ()
    if tree.leaves != again.leaves:
        gone = sorted(set(tree.leaves) - set(again.leaves))
        labels = f"{len(gone)} of {counted(len(tree.leaves), 'label')}, such as {_short(gone[0])}"
        return (f"{labels}, which are written otherwise", *_shape(tree, again), *provenance)
    if tree.leaf != again.leaf or not np.array_equal(tree.parent, again.parent):
        return (f"{counted(len(tree.nodes), 'node')}, which become {len(again.nodes)}", *provenance)
    return (*_names(tree, again), *_numbers(tree, again), *provenance)


def _shape(tree: Hierarchy, again: Hierarchy) -> tuple[str, ...]:
    if len(tree.nodes) == len(again.nodes):
        return ()
    return (f"{counted(len(tree.nodes), 'node')}, which become {len(again.nodes)}",)


def _names(tree: Hierarchy, again: Hierarchy) -> list[str]:
    wrong = [
        name for name, other in zip(tree.name, again.name, strict=True) if name and name != other
    ]
    added = sum(not name and bool(x) for name, x in zip(tree.name, again.name, strict=True))
    said = []
    if wrong:
        named = sum(map(bool, tree.name))
        said.append(f"{len(wrong)} of {named} names of nodes, such as {_short(wrong[0])}")
    if added:
        said.append(
            f"that {counted(added, 'node has', 'nodes have')} no name, and "
            f"{'gets' if added == 1 else 'get'} one"
        )
    return said


def _numbers(tree: Hierarchy, again: Hierarchy) -> list[str]:
    said = _array("merge heights", tree.merge_height, again.merge_height)
    span = tree.span != again.span
    if span.any():
        said.append("the spans: how many leaves each node had before the tree was cut")
    return said + _array("the support of nodes", tree.support, again.support)


def _array(what: str, one: FloatArray | None, other: FloatArray | None) -> list[str]:
    if one is None:
        return [] if other is None else [f"that there are no {what.removeprefix('the ')}"]
    if other is None:
        return [what]
    if np.array_equal(one, other, equal_nan=True):
        return []
    if not np.array_equal(np.isnan(one), np.isnan(other)):
        return [f"{what}, in part"]
    apart = float(np.nanmax(np.abs(one - other)))
    scale = float(np.nanmax(np.abs(one)))
    if apart <= 1e-9 * scale:
        return [f"the last digits of {what.removeprefix('the ')}"]
    return [f"{what}, which differ by up to {apart:.3g}"]


def _short(text: str) -> str:
    return repr(text) if len(text) <= 60 else repr(text[:60]) + "…"
