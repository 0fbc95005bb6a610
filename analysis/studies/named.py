"""Label sets whose synsets are known, of which methods see ids and names alone.

What `senses.py` is judged on: CIFAR-100, ImageNet-1k, the icons and LVIS.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy import TaxonomyError
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.llm.sensing import Senses
from taxonomy.similarity import get_source
from taxonomy.wordnet import NounGraph
from taxonomy.wordnet.ballot import Ballot
from taxonomy.wordnet.opinions import Opinion
from taxonomy.wordnet.readings import read_name
from taxonomy.wordnet.votes import Candidates

FloatArray = npt.NDArray[np.float64]
LVIS_NAMES = Path(__file__).parents[1] / "inputs" / "lvis.csv"


def encode(texts: Sequence[str]) -> FloatArray:
    """Return the packaged model's vectors."""
    numbered = LabelSet(Label(f"{at:09d}", text) for at, text in enumerate(texts))
    return get_source("embedding").vectors(numbered)


@dataclass(frozen=True)
class Names:
    """A label set of which only ids and names are shown to the methods, and its true synsets."""

    title: str

    @cached_property
    def full(self) -> LabelSet:
        """The labels with all that is known about them."""
        return get_labels(self.title)

    @cached_property
    def labels(self) -> LabelSet:
        """The labels with ids and names alone."""
        return LabelSet(Label(label.id, label.name) for label in self.full)

    @cached_property
    def candidates(self) -> Candidates:
        """All senses of all names."""
        graph = NounGraph.load()
        names = tuple(label.name for label in self.labels)
        return Candidates(graph, names, tuple(read_name(graph, name) for name in names))

    @cached_property
    def right(self) -> FloatArray:
        """(c,) 1 for the true sense of each label."""
        graph = self.candidates.graph
        truth = np.array([graph.index(label.wnid) if label.wnid else -1 for label in self.full])
        return (truth[self.candidates.owners] == self.candidates.nodes).astype(float)

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """(n,) whether WordNet 3.0 has the synset that the label set names."""
        return np.array([bool(label.wnid) for label in self.full])

    @cached_property
    def ambiguous(self) -> FloatArray:
        """(n,) 1 for labels that have several senses with the true one among them."""
        has = np.bincount(self.candidates.owners, self.right, len(self.labels)) > 0
        return (has & (self.candidates.counts > 1)).astype(float)

    @cached_property
    def similarity(self) -> FloatArray:
        """The embedding source's similarities of the names."""
        return get_source("embedding")(self.labels).values

    @cached_property
    def opinions(self) -> dict[str, Opinion]:
        """What a language model takes the names to mean, from the shipped transcript."""
        return Senses(transcript=f"{self.title}/llm-senses", ignore_wnids=True)(self.labels)

    @cached_property
    def ballot(self) -> Ballot:
        """The votes."""
        return Ballot(self.candidates, encode, self.similarity)

    def loss(self, belief: FloatArray, which: FloatArray) -> float:
        """Return the mean negative log-likelihood of the true senses of some labels."""
        given = np.bincount(self.candidates.owners, belief * self.right, len(self.labels))
        return float((-np.log(np.maximum(given, 1e-12)) * which).sum() / which.sum())

    def hits(self, belief: FloatArray) -> FloatArray:
        """(n,) whether each label's best sense is the true one."""
        made = self.candidates
        order = np.lexsort((made.ranks, -belief.round(12), made.owners))
        owners, first = np.unique(made.owners[order], return_index=True)
        hits = np.zeros(len(self.labels), bool)
        hits[owners] = self.right[order[first]] > 0
        return hits


@dataclass(frozen=True)
class Lvis(Names):
    """LVIS's names, as they come or with spaces for underscores; ids are the names."""

    spaces: bool = False

    @cached_property
    def full(self) -> LabelSet:
        """The labels, with the wnid of the synset that LVIS names, if WordNet 3.0 has it."""
        graph = NounGraph.load()
        with LVIS_NAMES.open(newline="") as file:
            rows = list(csv.DictReader(file))
        return LabelSet(
            Label(
                row["name"],
                row["name"].replace("_", " ") if self.spaces else row["name"],
                wnid=wnid_of(graph, row["synset"]),
            )
            for row in rows
        )

    @cached_property
    def second(self) -> npt.NDArray[np.bool_]:
        """(n,) whether a name is of the half that nothing is chosen by."""
        return np.array([sha256(one.encode()).digest()[0] % 2 == 1 for one in self.labels.ids])


def wnid_of(graph: NounGraph, synset: str) -> str:
    """Return a synset's wnid, or nothing where WordNet 3.0 has no such synset."""
    try:
        return graph.wnid(graph.index(synset))
    except TaxonomyError:
        return ""


CIFAR, IMAGENET, ICONS = (Names(title) for title in ("cifar-100", "imagenet-1k", "icons"))
LVIS, SPACED = Lvis("lvis"), Lvis("lvis, with spaces", True)

TOLD = (ICONS, CIFAR)
"""The label sets whose names a language model was asked about."""
