"""Coded checks on raw trees: what makes one unusable, suspicious, or merely worth knowing.

Every check is one small function whose docstring is the message, the words in braces filled in by
what it yields. A code's first digit tells its severity: H1xx is an error, and `Hierarchy.from_raw`
refuses the tree; H2xx is a warning: the tree works, though probably not as meant; H3xx is a note.
Warnings and notes are looked for only in a tree without errors.

To add a check, write the function, enter it in `CHECKS`, and give it a case in the tests.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from taxonomy._core.errors import HierarchyError, shown
from taxonomy.labels import LabelSet, fault_of
from taxonomy.trees.raw_tree import RawTree, children_of

Severity = Literal["error", "warning", "note"]
_SEVERITIES: dict[str, Severity] = {"1": "error", "2": "warning", "3": "note"}
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
            stack.extend(reversed(self.children[order[-1]]))
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

    >>> from taxonomy.trees.nested import read_nested
    >>> for finding in check(read_nested([["cat"], "dog", "dog"])):
    ...     print(finding)
    H101 error: The label 'dog' occurs twice, at the entries 1 and 2; keep one of them.
    >>> pets = LabelSet(["cat", "dog", "cow"])
    >>> for finding in check(read_nested([["cat", "dog"]]), pets):
    ...     print(finding)
    H201 warning: Entry 0 has a single child; collapse_unary() removes such nodes.
    H205 warning: The class 'cow' is missing; graft it, or restrict the label set.
    """
    tree = _Tree(raw, labels)
    errors = _run(tree, "1")
    return errors or _run(tree, "2") + _run(tree, "3")


def refuse_errors(raw: RawTree) -> None:
    """Raise the first error that `check` finds, if there is one.

    Raises:
        HierarchyError: the tree has an error; the message ends with its code.
    """
    errors = _run(_Tree(raw), "1")
    if errors:
        more = f" (and {len(errors) - 1} more: see check)" if len(errors) > 1 else ""
        raise HierarchyError(f"{errors[0].message} [{errors[0].code}]{more}")


def _run(tree: _Tree, kind: str) -> list[Finding]:
    """Run the checks of one severity, by the first digit of their codes."""
    findings: list[Finding] = []
    for code, find in CHECKS.items():
        if code[1] != kind:
            continue
        message = find.__doc__ or code
        findings.extend(
            Finding(code, _SEVERITIES[kind], message.format(entry=where, **words), where)
            for where, words in find(tree)
        )
        if code == "H100" and findings:
            break  # no other check can read such a tree
    return findings


def _lengths(tree: _Tree) -> Found:
    """The tree lists {parents} parents but {count} {what}; give one per entry."""
    raw = tree.raw
    n = len(raw.parent)
    least = {"leaves": (len(raw.leaf), n), "heights": (len(raw.height), n if raw.height else 0)}
    most = {"names": len(raw.name), "spans": len(raw.span), "shares of support": len(raw.support)}
    wrong = {what: count for what, (count, expected) in least.items() if count != expected}
    wrong |= {what: count for what, count in most.items() if count > n}
    for what, count in wrong.items():
        yield None, {"parents": n, "count": count, "what": what}


def _label_twice(tree: _Tree) -> Found:
    """The label {leaf!r} occurs twice, at the entries {first} and {entry}; keep one of them."""
    first: dict[str, int] = {}
    for i, leaf in enumerate(tree.raw.leaf):
        if isinstance(leaf, str) and first.setdefault(leaf, i) != i:
            yield i, {"leaf": leaf, "first": first[leaf]}


def _roots(tree: _Tree) -> Found:
    """A tree needs one root, and this one has {count}; put all parts under one root node."""
    if len(tree.roots) != 1:
        yield None, {"count": len(tree.roots)}


def _cycle(tree: _Tree) -> Found:
    """Entry {entry} is on a cycle of {length}; every entry must lead to the root."""
    parent = tree.raw.parent
    walk_of = [-1] * len(parent)
    for start in range(len(parent)):
        i = start
        while 0 <= i < len(parent) and walk_of[i] < 0:
            walk_of[i] = start
            i = parent[i]
        if 0 <= i < len(parent) and walk_of[i] == start:
            cycle = [i]
            while parent[cycle[-1]] != i:
                cycle.append(parent[cycle[-1]])
            yield min(cycle), {"length": len(cycle)}


def _unknown_parent(tree: _Tree) -> Found:
    """Entry {entry} names the parent {parent}, which does not exist; -1 marks the root."""
    for i, parent in enumerate(tree.raw.parent):
        if not -1 <= parent < len(tree.raw.parent):
            yield i, {"parent": parent}


def _empty_node(tree: _Tree) -> Found:
    """Entry {entry} ({name!r}) is a node without leaves; remove it, or make it a leaf."""
    for i, leaf in enumerate(tree.raw.leaf):
        if leaf is None and not tree.children[i]:
            yield i, {"name": tree.names.get(i, "")}


def _leaf_with_children(tree: _Tree) -> Found:
    """The leaf {leaf!r} has children; make it a node that holds the leaf and them."""
    for i, leaf in enumerate(tree.raw.leaf):
        if leaf is not None and tree.children[i]:
            yield i, {"leaf": leaf}


def _root_leaf(tree: _Tree) -> Found:
    """The root is a leaf; put it under a root node."""
    for root in tree.roots:
        if tree.raw.leaf[root] is not None:
            yield root, {}


def _bad_label(tree: _Tree) -> Found:
    """Entry {entry} has the label {leaf}, which {fault}."""
    for i, leaf in enumerate(tree.raw.leaf):
        if leaf is not None and (fault := _fault(leaf)):
            yield i, {"leaf": shown(leaf), "fault": fault}


def _fault(text: object) -> str:
    """Return what keeps a value from being a label id, by the rules of `Label`, or nothing."""
    if not isinstance(text, str) or not text.strip():
        return "is no text; a label id is plain text"
    if text != text.strip():
        return "begins or ends with a space; remove it"
    return fault_of(text)


def _infinite_height(tree: _Tree) -> Found:
    """Entry {entry} has the merge height {height}, which is not a finite number."""
    for i, height in enumerate(tree.raw.height):
        if not math.isfinite(height):
            yield i, {"height": height}


def _bad_span(tree: _Tree) -> Found:
    """Entry {entry} has the span {span}; a span counts leaves, and 0 says that nothing was cut."""
    for i, span in enumerate(tree.raw.span):
        if not 0 <= span <= _LARGEST_SPAN:
            yield i, {"span": span}


def _bad_name(tree: _Tree) -> Found:
    """The name of entry {entry}, {name}, {fault}."""
    for i, name in tree.names.items():
        if fault := fault_of(name):
            yield i, {"name": shown(name), "fault": fault}


def _bad_support(tree: _Tree) -> Found:
    """Entry {entry} has the support {support}; a support is a share, from 0 to 1."""
    for i, support in enumerate(tree.raw.support):
        if tree.raw.leaf[i] is None and not (math.isnan(support) or 0 <= support <= 1):
            yield i, {"support": support}


def _single_child(tree: _Tree) -> Found:
    """Entry {entry} has a single child; collapse_unary() removes such nodes."""
    for i, below in enumerate(tree.children):
        if len(below) == 1 and (i != tree.roots[0] or len(tree.leaves) > 1):
            yield i, {}


def _inversion(tree: _Tree) -> Found:
    """Entry {entry} has the height {height}, above its parent's {above}; use another linkage."""
    height = tree.raw.height
    for i, parent in enumerate(tree.raw.parent if height else ()):
        if parent >= 0 and height[i] > height[parent] + _ROUNDING * abs(height[parent]):
            yield i, {"height": height[i], "above": height[parent]}


def _repeated_name(tree: _Tree) -> Found:
    """The name {name!r} stands in {count} branches, which inflates hP, hR and hF; rename."""
    place = {entry: k for k, entry in enumerate(tree.preorder)}
    named: dict[str, list[int]] = defaultdict(list)
    for i in sorted(tree.names, key=lambda i: place[i]):
        above = named[tree.names[i]]
        # a chain of nodes of one name, each below the last, is one branch
        if not above or place[i] >= place[above[-1]] + tree.sizes[above[-1]]:
            above.append(i)
    for name, entries in named.items():
        if len(entries) > 1:
            yield entries[1], {"name": name, "count": len(entries)}


def _class_named_like_node(tree: _Tree) -> Found:
    """The class {leaf!r} has the name of a node, {name!r}; names then do not tell them apart."""
    nodes = set(tree.names.values())
    for leaf, i in tree.leaves.items():
        called = {leaf}
        if tree.labels is not None and leaf in tree.labels:
            called.add(tree.labels[leaf].name)
        if shared := nodes & called:
            yield i, {"leaf": leaf, "name": min(shared)}


def _missing_class(tree: _Tree) -> Found:
    """The class {leaf!r} is missing; graft it, or restrict the label set."""
    for leaf in tree.labels.ids if tree.labels is not None else ():
        if leaf not in tree.leaves:
            yield None, {"leaf": leaf}


def _unknown_leaf(tree: _Tree) -> Found:
    """The leaf {leaf!r} is no class of the label set; prune it, or add the class."""
    for leaf, i in tree.leaves.items():
        if tree.labels is not None and leaf not in tree.labels:
            yield i, {"leaf": leaf}


def _large_group(tree: _Tree) -> Found:
    """One of {groups} groups below the root holds {share:.0%} of the leaves: entry {entry}."""
    below = tree.children[tree.roots[0]]
    for i in below if len(below) > 2 else ():
        share = tree.leaf_counts[i] / len(tree.leaves)
        if share > 0.5:
            yield i, {"groups": len(below), "share": share}


def _single_leaves(tree: _Tree) -> Found:
    """{count} labels, such as {leaf!r}, hang directly below the root, beside groups."""
    below = tree.children[tree.roots[0]]
    single = [i for i in below if tree.raw.leaf[i] is not None]
    if single and len(single) < len(below):
        yield single[0], {"count": len(single), "leaf": tree.raw.leaf[single[0]]}


def _ragged(tree: _Tree) -> Found:
    """The leaves lie {least} to {most} levels below the root; to_levels() makes them even."""
    depth = [0] * len(tree.raw.parent)
    for i in tree.preorder[1:]:
        depth[i] = depth[tree.raw.parent[i]] + 1
    depths = [depth[i] for i in tree.leaves.values()]
    if min(depths) < max(depths):
        yield None, {"least": min(depths), "most": max(depths)}


CHECKS: dict[str, Check] = {
    "H100": _lengths,
    "H101": _label_twice,
    "H102": _roots,
    "H103": _cycle,
    "H104": _unknown_parent,
    "H105": _empty_node,
    "H106": _leaf_with_children,
    "H107": _root_leaf,
    "H108": _bad_label,
    "H109": _infinite_height,
    "H110": _bad_span,
    "H111": _bad_name,
    "H112": _bad_support,
    "H201": _single_child,
    "H202": _inversion,
    "H203": _repeated_name,
    "H204": _class_named_like_node,
    "H205": _missing_class,
    "H206": _unknown_leaf,
    "H301": _large_group,
    "H302": _single_leaves,
    "H303": _ragged,
}
"""Checks by code, in the order in which they run."""
