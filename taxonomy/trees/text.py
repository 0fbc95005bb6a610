"""Trees drawn with lines, for the eye."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from taxonomy.trees.hierarchy import Hierarchy


def to_text(tree: Hierarchy, names: Mapping[str, str] | None = None) -> str:
    """Return a tree drawn with lines, leaves by id, nodes by name and leaf count.

    Args:
        tree: what is drawn.
        names: of leaves, put beside those ids that are none themselves.
    """
    beside = {leaf: f"{leaf} {name}" for leaf, name in (names or {}).items() if name != leaf}
    last = [True] * len(tree)
    for node in tree.nodes:
        for child in tree.children(int(node))[:-1]:
            last[child] = False
    lines = []
    stem = [""] * len(tree)
    for i in range(len(tree)):
        leaf = tree.leaf[i]
        shown = (
            beside.get(leaf, leaf) if leaf else f"{tree.name[i]} ({tree.leaf_counts[i]})".strip()
        )
        if i == 0:
            lines.append(shown)
            continue
        above = int(tree.parent[i])
        if above:
            stem[i] = stem[above] + ("    " if last[above] else "│   ")
        lines.append(f"{stem[i]}{'└── ' if last[i] else '├── '}{shown}")
    return "\n".join(lines)
