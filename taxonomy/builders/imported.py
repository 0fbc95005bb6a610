"""A public taxonomy turned into a tree of one's own classes, with what was lost on the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, HierarchyError, LabelError, told
from taxonomy._core.spelling import counted
from taxonomy.builders._words import How, Words
from taxonomy.formats import Graph, read_graph
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents, name_of, read_links
from taxonomy.wordnet.known import known

_SHOWN = 10


@dataclass(frozen=True)
class Imported:
    """A tree of one's own classes, and what was lost of them and of the taxonomy.

    Printing it says all in words.

    Args:
        tree: over the classes that were found, by their own ids.
        found: by class, whether its id, its name or a synonym was found.
        missing: classes that were not found, with the names that are nearest.
        several: classes that are several nodes of the taxonomy, of which `parents` chose one.
        above: classes that are groups of others in the taxonomy, and leaves beside them here.
        shared: groups of classes that are one node of the taxonomy, and siblings here.
        cut: nodes with several parents above the classes, with all of these.
        collapsed: names of nodes that had a single child and are left out.
        notes: what else was said in reading, one sentence each.
    """

    tree: Hierarchy
    found: Mapping[str, How]
    missing: Mapping[str, tuple[str, ...]]
    several: Mapping[str, tuple[str, ...]]
    above: tuple[str, ...]
    shared: tuple[tuple[str, ...], ...]
    cut: Mapping[str, tuple[str, ...]]
    collapsed: tuple[str, ...]
    notes: tuple[str, ...]

    def __str__(self) -> str:
        """Return how many classes were found, and every kind of loss, one line each."""
        total = len(self.found) + len(self.missing)
        by = Counter(self.found.values())
        ways = ", ".join(f"{by[how]} by {how}" for how in ("id", "name", "synonym") if by[how])
        lines = [f"{len(self.found)} of {counted(total, 'class', 'classes')} found: {ways}"]
        for text, things in (
            ("not found", [_with(name, near, "near") for name, near in self.missing.items()]),
            ("several nodes", [_with(name, nodes) for name, nodes in self.several.items()]),
            ("groups of others there, leaves here", list(map(repr, self.above))),
            ("one node there, siblings here", [" and ".join(map(repr, x)) for x in self.shared]),
            ("several parents", [_with(name, above) for name, above in self.cut.items()]),
            ("left out, having a single child", list(map(repr, self.collapsed))),
        ):
            if things:
                more = f" and {len(things) - _SHOWN:,} more" * (len(things) > _SHOWN)
                lines.append(f"{text} ({len(things):,}): {'; '.join(things[:_SHOWN])}{more}")
        return "\n".join([*lines, *self.notes])


def import_tree(
    path: Path | str,
    labels: LabelSet | Path | str | Iterable[str | Label],
    format: str = "",  # noqa: A002
    *,
    parents: Parents = "refuse",
    **options: Any,
) -> Imported:
    r"""Read a public taxonomy and make a tree of one's own classes of it.

    A class is found by its id or wnid, else by its name, else by a synonym: one that the taxonomy
    gives, or a lemma of the wnid. Case, underscores and hyphens do not matter in names; bare
    numbers are ids only where the names agree or the class has no other name. A class that is an
    ancestor of another becomes a leaf beside it; what holds none of the classes is left out, and
    so are nodes with a single child.

    Args:
        path: of the file.
        labels: the classes, as `get_labels` takes them.
        format: one of `FORMATS`; where left out, the ending of the file's name and its content
            tell.
        parents: which parent stays where a node above the classes has several, or a class is
            several nodes.
        options: of the format, as its class lists them.

    Raises:
        FileFormatError: the file cannot be read; or above the classes it has a cycle, or several
            parents that are refused.
        LabelError: none of the classes was found, or they cannot be read.
        RegistryError: an unknown format or option.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "products.txt")
    ...     _ = file.write_text("1 - Pets\n2 - Pets > Cats\n3 - Pets > Dogs\n4 - Cars\n")
    ...     print(import_tree(file, ["cats", "dogs", "van"]))
    2 of 3 classes found: 2 by name
    not found (1): 'van'
    """
    classes = known(get_labels(labels))
    name, graph = read_graph(path, format, parents=parents, **options)
    words = Words(graph)
    found = {label.id: match for label in classes if (match := words.find(label))}
    missing = {label.id: words.near(label) for label in classes if label.id not in found}
    if not found:
        listed = "; ".join(_with(*pair, "near") for pair in list(missing.items())[:3])
        has = " and ".join(repr(node.name or key) for key, node in list(words.nodes.items())[:2])
        raise LabelError(
            told(
                path,
                f"none of {counted(len(missing), 'class', 'classes')} is in the taxonomy: "
                f"{listed}. Its nodes are called such as {has}.",
            )
        )
    net = _Net(graph, words, {label: nodes for label, (_, nodes) in found.items()})
    several = {label: net.shown(nodes) for label, (_, nodes) in found.items() if len(nodes) > 1}
    try:
        if several and parents == "refuse":
            one, nodes = next(iter(several.items()))
            raise HierarchyError(
                f"The class {one!r} is {len(nodes)} nodes: {', '.join(map(repr, nodes))}; give it "
                "the id of one of them, or choose by `parents`: first, deepest, most-classes."
            )
        raw, notes = read_links(net.nodes, net.links, parents=parents, forest=graph.rootless)
        whole = Hierarchy.from_raw(raw)
    except HierarchyError as error:
        raise FileFormatError(told(path, str(error))) from error
    tree = whole.collapse_unary()
    collapsed = Counter(map(str, whole.name)) - Counter(map(str, tree.name))
    made = Imported(
        tree,
        {label: how for label, (how, _) in found.items()},
        missing,
        several,
        tuple(net.above),
        tuple(tuple(group) for group in net.shared),
        net.several_parents(),
        tuple(sorted(filter(None, collapsed.elements()))),
        (*graph.notes, *notes),
    )
    return _recorded(made, name, Path(path).name, classes, parents)


def _recorded(made: Imported, name: str, file: str, labels: LabelSet, parents: str) -> Imported:
    """Return the same with all that was lost in the tree's provenance."""
    lost: dict[str, io.Json] = {
        "missing": list(made.missing),
        "several": {key: list(nodes) for key, nodes in made.several.items()},
        "above_others": list(made.above),
        "same_node": [list(group) for group in made.shared],
        "several_parents": {key: list(above) for key, above in made.cut.items()},
        "collapsed": list(made.collapsed),
    }
    facts = io.provenance(
        "import_tree",
        format=name,
        file=file,
        parents=parents,
        labels=labels.digest,
        lost=lost,
        notes=list(made.notes),
    )
    return replace(made, tree=made.tree.with_provenance(**facts))


@dataclass(frozen=True)
class _Key:
    """A node or class of one's own, as messages show it."""

    kind: str
    key: str
    text: str

    def __str__(self) -> str:
        return self.key

    def __repr__(self) -> str:
        return repr(self.text)


class _Net:
    """What of a taxonomy lies above the classes, with these in it.

    Args:
        graph: the taxonomy.
        words: what its nodes are called.
        found: the nodes that each class is.
    """

    def __init__(self, graph: Graph, words: Words, found: Mapping[str, tuple[str, ...]]) -> None:
        self.words = words
        self.named = Counter(node.name for node in words.nodes.values())
        classes: dict[str, list[str]] = defaultdict(list)  # those that are a node
        for label, nodes in found.items():
            for node in nodes:
                classes[node].append(label)
        kept = self.upwards(classes)
        inner = {above for above, below in graph.links if below in kept}
        stands = {
            node: labels[0]
            for node, labels in classes.items()
            if node not in inner and len(labels) == 1
        }
        self.shared = [labels for labels in classes.values() if len(labels) > 1]
        self.above = sorted({x for node, xs in classes.items() if node in inner for x in xs})
        own = {label: _Key("class", label, label) for label in found}
        keys = {
            node: own[stands[node]] if node in stands else _Key("node", node, self.called(node))
            for node in words.nodes
            if node in kept
        }
        self.links = [
            (keys[above], keys[below])
            for above, below in graph.links
            if above in keys and below in keys
        ]
        self.links += [
            (keys[node], own[label])
            for node in keys
            for label in classes.get(node, ())
            if node not in stands
        ]
        self.nodes: dict[_Key, dict[str, str]] = {
            key: {"name": self.name(node)} for node, key in keys.items() if node not in stands
        }
        self.nodes |= {key: {"label": label} for label, key in own.items()}

    def upwards(self, nodes: Iterable[str]) -> set[str]:
        """Return nodes and all that lies above them."""
        seen = set(nodes)
        stack = list(seen)
        while stack:
            for above in self.words.parents.get(stack.pop(), ()):
                if above not in seen:
                    seen.add(above)
                    stack.append(above)
        return seen

    def name(self, node: str) -> str:
        """Return what a group is called: its name, or what stands for it."""
        given = self.words.nodes[node]
        return given.name or name_of(next(iter(given.ids), ""))

    def called(self, node: str) -> str:
        """Return a node as messages show it: one of several of a name with what it lies in."""
        name = self.name(node)
        above = self.words.parents.get(node)
        if above and self.named[name] > 1:
            return f"{name} in {self.name(above[0])}"
        return name

    def shown(self, nodes: Iterable[str]) -> tuple[str, ...]:
        """Return nodes as messages show them."""
        return tuple(self.called(node) for node in nodes)

    def several_parents(self) -> dict[str, tuple[str, ...]]:
        """Return the nodes and classes with several parents, and these."""
        above: dict[_Key, dict[_Key, None]] = defaultdict(dict)
        for parent, child in self.links:
            above[child][parent] = None
        return {
            child.text: tuple(one.text for one in several)
            for child, several in above.items()
            if len(several) > 1
        }


def _with(name: str, others: Iterable[str], word: str = "") -> str:
    """Return a name and others in brackets."""
    listed = ", ".join(map(repr, others))
    return f"{name!r} ({f'{word}: ' if word else ''}{listed})" if listed else repr(name)
