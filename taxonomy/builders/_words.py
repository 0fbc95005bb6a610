"""What the nodes of a taxonomy are called, and which of them a class is."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from typing import Literal

from taxonomy._core.errors import LabelError
from taxonomy._core.spelling import loosely
from taxonomy.formats import Graph, Node
from taxonomy.labels import SYNSET, Label
from taxonomy.trees.links import name_of
from taxonomy.wordnet.graph import NounGraph

How = Literal["id", "name", "synonym"]
"""What a class was found by."""

_MOST_NEAR = 3
_LONGEST = 200


class Words:
    """The nodes of a taxonomy by id, name and synonym.

    Args:
        graph: the taxonomy.

    >>> words = Words(Graph({"17": Node("house cat", ("17",), ("tabby",)), "18": Node("dog")}))
    >>> words.find(Label("House_Cat")), words.find(Label("tabby")), words.near(Label("dogs"))
    (('name', ('17',)), ('synonym', ('17',)), ('dog',))
    """

    def __init__(self, graph: Graph) -> None:
        ends = dict.fromkeys(end for link in graph.links for end in link)
        bare = {key: Node(name_of(key), (key,)) for key in ends if key not in graph.nodes}
        self.nodes = {**graph.nodes, **bare}
        self.parents: dict[str, list[str]] = defaultdict(list)
        for above, below in graph.links:
            self.parents[below].append(above)
        self.wnid: dict[str, str] = {}
        self.ids, self.exact, self.names, self.synonyms = (_Index() for _ in range(4))
        for key, node in self.nodes.items():
            self._enter(key, node)

    def _enter(self, key: str, node: Node) -> None:
        """Enter a node under all that it is called."""
        for one in dict.fromkeys(node.ids):
            self.ids[one].append(key)
        if node.name:
            self.exact[node.name].append(key)
            self.names[loosely(node.name)].append(key)
        lemmas: tuple[str, ...] = ()
        for synset in filter(None, map(_synset, node.ids)):
            self.wnid[key], lemmas = synset
            self.ids[self.wnid[key]].append(key)
        for word in dict.fromkeys(map(loosely, (*node.synonyms, *lemmas))):
            self.synonyms[word].append(key)

    @cached_property
    def _near(self) -> dict[str, dict[str, None]]:
        """All names by their words and by how they begin."""
        near: dict[str, dict[str, None]] = defaultdict(dict)
        for node in self.nodes.values():
            for name in filter(None, (node.name, *node.synonyms)):
                for part in _parts(loosely(name)):
                    near[part][name] = None
        return near

    def find(self, label: Label) -> tuple[How, tuple[str, ...]] | None:
        """Return what a class was found by, and the nodes that it is; None where it is none."""
        wnid, lemmas = _synset(label.wnid) or ("", ())
        own = (loosely(label.name), loosely(label.id))
        others = tuple(map(loosely, lemmas))
        tries: tuple[tuple[How, list[str]], ...] = (
            ("id", list(self._by_id(label, wnid, own))),
            ("name", self._fitting(self.exact.all((label.name,)), wnid)),
            ("name", self._fitting(self.names.all(own[:1]), wnid)),
            ("name", self._fitting(self.names.all(own[1:]), wnid)),
            ("synonym", self._fitting(self.synonyms.all(own), wnid)),
            ("synonym", self._fitting([*self.names.all(others), *self.synonyms.all(others)], wnid)),
        )
        return next(((how, self._lowest(nodes)) for how, nodes in tries if nodes), None)

    def _by_id(self, label: Label, wnid: str, own: tuple[str, str]) -> Iterable[str]:
        for one in dict.fromkeys((label.id, wnid)):
            for key in self.ids.get(one, ()):
                # classes numbered by one's own count are not COCO's of these numbers
                if not one.isdecimal() or label.name == one or key in self.names.get(own[0], ()):
                    yield key

    def _fitting(self, keys: Iterable[str], wnid: str) -> list[str]:
        """Return nodes that are not known to be another synset than a class is."""
        return [key for key in keys if not wnid or self.wnid.get(key, wnid) == wnid]

    def _lowest(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Return nodes without those that hold another of them, as COCO's group person does."""
        keys = tuple(dict.fromkeys(keys))
        if len(keys) < 2:
            return keys
        above: set[str] = set()
        stack = [one for key in keys for one in self.parents.get(key, ())]
        while stack:
            if (one := stack.pop()) not in above:
                above.add(one)
                stack += self.parents.get(one, ())
        return tuple(key for key in keys if key not in above) or keys

    def near(self, label: Label) -> tuple[str, ...]:
        """Return the names that are most like a class's."""
        name = loosely(label.name)[:_LONGEST]
        known = dict.fromkeys(x for part in _parts(name) for x in self._near.get(part, ()))
        folded: dict[str, str] = {}
        for one in sorted(known):
            folded.setdefault(loosely(one)[:_LONGEST], one)
        return tuple(folded[x] for x in difflib.get_close_matches(name, folded, _MOST_NEAR))


class _Index(dict[str, list[str]]):
    """Nodes by text, in the order of the file."""

    def __missing__(self, key: str) -> list[str]:
        self[key] = []
        return self[key]

    def all(self, texts: Iterable[str]) -> list[str]:
        """Return the nodes of all texts."""
        return [key for text in texts for key in self.get(text, ())]


def _parts(name: str) -> set[str]:
    """Return by what names are looked up that may be near: words, and how the first begins."""
    return {*name.split(), f"{name[:2]}…"}


def _synset(code: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the wnid and lemmas of a code; None where it is none of WordNet 3.0."""
    if not SYNSET.fullmatch(code):
        return None
    graph = _wordnet()
    try:
        node = graph.index(code)
    except LabelError:
        return None
    return graph.wnid(node), graph.lemmas(node)


@cache
def _wordnet() -> NounGraph:
    """Return the shipped graph, whose file is looked up once and not for every node."""
    return NounGraph.load()
