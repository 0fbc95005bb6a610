"""Similarities of WordNet synsets."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.checked import check_options
from taxonomy._core.errors import SimilarityError
from taxonomy._core.spelling import counted
from taxonomy.labels import Label, LabelSet
from taxonomy.similarity._sparse import SparseSimilarity
from taxonomy.similarity._value import DenseSimilarity, Similarity
from taxonomy.wordnet import information, measures, pairs
from taxonomy.wordnet.graph import NounGraph

MAPS = {
    "path": "identity",
    "lch": "share of the largest, at least 0",
    "wup": "identity",
    "wup-nltk": "identity",
    "res": "share of the largest",
    "jcn": "x / (1 + x)",
    "lin": "identity",
}
"""The measures and how each one's native values are brought to [0, 1]; all maps are monotone."""

ALL_PAIRS = 10_000
"""How many classes are compared with one another if nothing else is asked for: 0.8 GB."""


@dataclass(frozen=True)
class WordNet:
    """A WordNet measure between the classes' noun synsets.

    Native values are mapped to [0, 1] by `MAPS`, which the provenance names: ``path``, ``wup`` and
    ``lin`` lie there already; ``lch`` is divided by its value for a synset with itself and ``res``
    by the largest information content; ``jcn`` becomes x / (1 + x).

    Args:
        measure: ``wup`` (Wu & Palmer 1994), ``wup-nltk`` (the same as nltk computes it: some
            synsets are not wholly like themselves), ``path`` (1 / (1 + edges between)), ``lch``
            (Leacock & Chodorow 1998), or by information content ``res`` (Resnik 1995), ``jcn``
            (Jiang & Conrath 1997), ``lin`` (Lin 1998).
        content: information content of the last three: ``seco``, of the graph alone, or
            ``brown``, of a corpus in which most synsets do not occur; labels without count are
            refused.
        senses: which synset a label without a wnid gets: ``wnid`` refuses such a label, ``first``
            takes the first noun sense of its name, which is wrong for one name in six.
        same_synset: whether to ``refuse`` two labels of one synset, or to ``allow`` them as
            entirely alike.
        neighbours: how many nearest classes of every class are scored, all other pairs counting as
            0; 0 for all pairs of up to 10,000 classes, and for 50 neighbours of more.
    """

    measure: Literal["wup", "wup-nltk", "path", "lch", "res", "jcn", "lin"] = "wup"
    content: Literal["seco", "brown"] = "seco"
    senses: Literal["wnid", "first"] = "wnid"
    same_synset: Literal["refuse", "allow"] = "refuse"
    neighbours: int = 0

    def __post_init__(self) -> None:
        check_options(self, SimilarityError)

    def __call__(self, labels: LabelSet) -> Similarity:
        """Compare all pairs of synsets, or every synset with its nearest.

        Raises:
            SimilarityError: a label has no synset, or another one's, or no information content;
                or fewer than no neighbours.
            LabelError: a wnid that WordNet 3.0 lacks.
        """
        if self.neighbours < 0:
            raise SimilarityError(f"{self.neighbours} neighbours: ask for 1 or more, or 0.")
        nearest = self.neighbours or (50 if len(labels) > ALL_PAIRS else 0)
        graph = NounGraph.load()
        nodes, guessed = synsets(labels, graph, self.senses)
        same = same_synsets(labels, nodes, graph, self.same_synset)
        content = self._content(labels, nodes, graph)
        made = io.provenance(
            "wordnet",
            measure=self.measure,
            map=MAPS[self.measure],
            content=None if content is None else self.content,
            senses=self.senses,
            first_sense=guessed,
            same_synset=same,
            neighbours=nearest,
            labels=labels.digest,
            graph=graph.digest,
        )
        if nearest:
            return self._sparse(labels, np.array(nodes), graph, content, nearest, made)
        native = measures.score(self.measure, graph, nodes, content)
        values = to_unit(self.measure, native, graph, content)
        # nltk's wup depends on direction in one pair of a thousand, and is below 1 between some
        # synsets with two parents and themselves; a similarity is symmetric with diagonal 1.
        values = (values + values.T) / 2
        values[np.equal.outer(nodes, nodes)] = 1.0
        return DenseSimilarity(labels.ids, values, made)

    def _sparse(
        self,
        labels: LabelSet,
        nodes: IntArray,
        graph: NounGraph,
        content: information.Content | None,
        nearest: int,
        made: dict[str, io.Json],
    ) -> SparseSimilarity:
        """Score the pairs in which one class is among the other's nearest."""
        first, second = pairs.nearest(self.measure, graph, nodes, nearest, content)
        values = np.zeros(len(first))
        for both in ((first, second), (second, first)):
            native = pairs.score_pairs(self.measure, graph, nodes, both, content)
            values += to_unit(self.measure, native, graph, content) / 2
        values[nodes[first] == nodes[second]] = 1.0
        return SparseSimilarity(labels.ids, first, second, values, made)

    def _content(
        self, labels: LabelSet, nodes: list[int], graph: NounGraph
    ) -> information.Content | None:
        """Return the information content of every synset, if the measure needs it."""
        if self.measure not in measures.BY_CONTENT:
            return None
        content = information.CONTENTS[self.content](graph)
        unseen = np.flatnonzero(content[nodes] >= information.UNSEEN)
        if len(unseen):
            raise SimilarityError(
                f"{len(unseen)} of {counted(len(labels), 'label')} do not occur in the Brown "
                "corpus, the "
                f"first being {labels.ids[unseen[0]]!r} ({graph.name(nodes[unseen[0]])}), so "
                "their information content is unknown; take that of the graph: set `content` to "
                "'seco'."
            )
        return content


def to_unit(
    measure: str, native: FloatArray, graph: NounGraph, content: information.Content | None
) -> FloatArray:
    """Map a measure's native values to [0, 1] by the map that `MAPS` names.

    >>> graph = NounGraph.load()
    >>> to_unit("jcn", np.array([0.0, 0.25, 1e300]), graph, None).round(2).tolist()
    [0.0, 0.2, 1.0]
    """
    if measure == "lch":
        largest = float(np.log(2.0 * graph.max_depths.max()))
        return np.clip(native / largest, 0.0, 1.0)
    if measure == "res":
        assert content is not None
        shares: FloatArray = native / content[content < information.UNSEEN].max()
        return shares
    if measure == "jcn":
        return 1 - 1 / (1 + native)
    return native


def synsets(
    labels: LabelSet, graph: NounGraph, senses: str = "wnid"
) -> tuple[list[int], dict[str, str]]:
    """Return each label's node in the noun graph, and the synsets that were guessed, by id.

    Raises:
        SimilarityError: a label has neither a wnid nor, if first senses are allowed, a noun sense.
        LabelError: a wnid that WordNet 3.0 lacks.
    """
    nodes: list[int] = []
    guessed: dict[str, str] = {}
    lacking: list[Label] = []
    for label in labels:
        if label.wnid:
            nodes.append(graph.index(label.wnid))
        elif found := graph.senses(label.name) if senses == "first" else []:
            nodes.append(found[0])
            guessed[label.id] = graph.name(found[0])
        else:
            lacking.append(label)
    if lacking:
        hint = (
            "Add a column 'wnid', which 'taxonomy senses LABELS --out labels.csv' proposes; where "
            "it proposes none, choose a near synset (--choose LABEL=SYNSET) or leave the label "
            "out. Or set `senses='first'` to allow first senses."
        )
        if senses != "wnid":
            hint = f"{_why_unknown(lacking[0].name, graph)} Add a column 'wnid' with the nearest."
        more = f" ({len(lacking)} such labels)" if len(lacking) > 1 else ""
        raise SimilarityError(f"The label {lacking[0].id!r} has no WordNet synset{more}. {hint}")
    return nodes, guessed


def _why_unknown(word: str, graph: NounGraph) -> str:
    """Say why WordNet has no synset of a word."""
    if any(c.isalpha() and not unicodedata.name(c, "").startswith("LATIN") for c in word):
        return "WordNet's words are English, and this one is in another script."
    return f"WordNet has no such noun; it has no verbs, adjectives or names.{graph.nearest(word)}"


def same_synsets(
    labels: LabelSet, nodes: list[int], graph: NounGraph, policy: str = "refuse"
) -> dict[str, list[str]]:
    """Return the labels that share a synset, by its name.

    Raises:
        SimilarityError: there are some, and the policy is not to allow them.
    """
    by_node: dict[int, list[str]] = defaultdict(list)
    for label_id, node in zip(labels.ids, nodes, strict=True):
        by_node[node].append(label_id)
    shared = {graph.name(node): ids for node, ids in sorted(by_node.items()) if len(ids) > 1}
    if shared and policy != "allow":
        name, ids = next(iter(shared.items()))
        raise SimilarityError(
            f"The labels {ids[0]!r} and {ids[1]!r} are one synset, {name}, so WordNet cannot tell "
            f"them apart ({len(shared)} such synsets). Give one of them another wnid, or take "
            "them as entirely alike: set `same_synset='allow'`."
        )
    return shared
