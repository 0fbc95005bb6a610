"""Coded checks on raw trees: what makes one unusable, suspicious, or merely worth knowing.

Every check is one small function whose docstring is the message, the words in braces filled in by
what it yields. A code's first digit tells its severity: H1xx is an error, and `Hierarchy.from_raw`
refuses the tree; H2xx is a warning: the tree works, though probably not as meant; H3xx is a note.
Warnings and notes are looked for only in a tree without errors.

To add a check, write the function, enter it in `CHECKS`, and give it a case in the tests.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from taxonomy.errors import HierarchyError
from taxonomy.labels import LabelSet
from taxonomy.raw_tree import RawTree, children_of

Severity = Literal["error", "warning", "note"]
_SEVERITIES: dict[str, Severity] = {"1": "error", "2": "warning", "3": "note"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LARGEST_SPAN = 2**62
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Args:
        code: such as ``H101``; a code never changes its meaning.
        severity: ``error``, ``warning`` or ``note``.
        message: what is wrong and what to do about it.
        where: the entry of the raw tree, None where it is about the tree as a whole.

    >>> print(Finding("H102", "error", "A tree needs one root, and this one has 0.", None))
    H102 error: A tree needs one root, and this one has 0.
    """

    code: str
    severity: Severity
    message: str
    where: int | None

    def __str__(self) -> str:
        """Show the code, the severity and the message."""
        return f"{self.code} {self.severity}: {self.message}"


class _Tree:
    """A raw tree with what several checks need of it, each computed once."""

    def __init__(self, raw: RawTree, labels: LabelSet | None = None) -> None:
        self.raw = raw
        self.labels = labels
        self.roots = [i for i, parent in enumerate(raw.parent) if parent == -1]
        self.children = children_of(raw.parent)

    @cached_property
    def names(self) -> dict[int, str]:
        """The display name of every inner node that has one."""
        return {i: x for i, x in enumerate(self.raw.name) if x and self.raw.leaf[i] is None}

    @cached_property
    def leaves(self) -> dict[str, int]:
        """The entry of every label; for trees without errors."""
        return {leaf: i for i, leaf in enumerate(self.raw.leaf) if leaf is not None}

    @cached_property
    def preorder(self) -> list[int]:
        """All entries, parents before children; for trees without errors."""
        order, stack = [], self.roots[:1]
        while stack:
            order.append(stack.pop())
            stack.extend(self.children[order[-1]])
        return order

    @cached_property
    def sizes(self) -> list[int]:
        """The number of entries below each entry, itself included; for trees without errors."""
        sizes = [1] * len(self.raw.parent)
        for i in self.preorder[:0:-1]:
            sizes[self.raw.parent[i]] += sizes[i]
        return sizes

    @cached_property
    def leaf_counts(self) -> list[int]:
        """The number of leaves below each entry; for trees without errors."""
        counts = [int(leaf is not None) for leaf in self.raw.leaf]
        for i in self.preorder[:0:-1]:
            counts[self.raw.parent[i]] += counts[i]
        return counts


Found = Iterator[tuple[int | None, dict[str, object]]]
Check = Callable[[_Tree], Found]


def check(raw: RawTree, labels: LabelSet | None = None) -> list[Finding]:
    """Return all findings on a raw tree, errors first, in order of their codes.

    Args:
        raw: the tree.
        labels: the classes that it is meant for; None where that is not known, and nothing is
            said of missing and unknown ones.

    >>> for finding in check(RawTree.from_nested([["cat"], "dog", "dog"])):
    ...     print(finding)
    H101 error: The label 'dog' occurs twice, at the entries 1 and 2; keep one of them.
    >>> for finding in check(RawTree.from_nested([["cat", "dog"]]), LabelSet(["cat", "dog", "cow"])):
    ...     print(finding)
    H201 warning: Entry 0 has a single child; collapse_unary() removes such nodes.
    H205 warning: The class 'cow' is missing; graft it, or restrict the label set.
    """
    tree = _Tree(raw, labels) if not (uneven := _run("H100", raw, _lengths)) else None
    if tree is None:
        return uneven
    found = _errors(tree)
    if not found:
        others = [code for code in CHECKS if not code.startswith("H1")]
        found = [finding for code in others for finding in _run(code, tree, CHECKS[code])]
    return found


def refuse_errors(raw: RawTree) -> None:
    """Raise the first error that `check` finds, if there is one.

    Raises:
        HierarchyError: the tree has an error; the message ends with its code.
    """
    found = _run("H100", raw, _lengths) or _errors(_Tree(raw))
    if found:
        more = f" (and {len(found) - 1} more: see check())" if len(found) > 1 else ""
        raise HierarchyError(f"{found[0].message} [{found[0].code}]{more}")
