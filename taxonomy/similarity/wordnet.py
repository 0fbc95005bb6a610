"""Similarities of WordNet synsets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from taxonomy import _io
from taxonomy.errors import SimilarityError
from taxonomy.labels import LabelSet
from taxonomy.similarity._value import Similarity
from taxonomy.wordnet import measures
from taxonomy.wordnet.graph import NounGraph

MEASURES = {"path": measures.path, "wup": measures.wup}
"""The measures by name; both have the range (0, 1] and the value 1 on the diagonal."""


@dataclass(frozen=True)
class Source:
    """A WordNet measure between the classes' noun synsets.

    Args:
        measure: ``wup`` (Wu & Palmer 1994) or ``path`` (1 / (1 + edges between)).
        senses: which synset a label without a wnid gets: ``wnid`` refuses such a label, ``first``
            takes the first noun sense of its name, which is wrong for one name in six.
    """

    measure: Literal["wup", "path"] = "wup"
    senses: Literal["wnid", "first"] = "wnid"

    def __call__(self, labels: LabelSet) -> Similarity:
        """Compare all pairs of synsets.

        Raises:
            SimilarityError: a label has no synset.
        """
        graph = NounGraph.load()
        nodes, guessed = synsets(labels, graph, self.senses)
        made = _io.provenance(
            "wordnet",
            measure=self.measure,
            senses=self.senses,
            first_sense=guessed,
            labels=labels.digest,
            graph=graph.digest,
        )
        values = MEASURES[self.measure](graph, nodes)
        # nltk's wup depends on direction in one pair of a thousand, and is below 1 between some
        # synsets with two parents and themselves; a similarity is symmetric with diagonal 1.
        values = (values + values.T) / 2
        np.fill_diagonal(values, 1.0)
        return Similarity(labels.ids, values, made)


def synsets(
    labels: LabelSet, graph: NounGraph, senses: str = "wnid"
) -> tuple[list[int], dict[str, str]]:
    """Return each label's node in the noun graph, and the synsets that were guessed, by id.

    Raises:
        SimilarityError: a label has neither a wnid nor, if first senses are allowed, a noun sense.
    """
    nodes: list[int] = []
    guessed: dict[str, str] = {}
    for label in labels:
        if label.wnid:
            nodes.append(graph.index(label.wnid))
            continue
        found = graph.senses(label.name) if senses == "first" else []
        if not found:
            hint = (
                "Add a column 'wnid', or allow first senses: --senses first."
                if senses == "wnid"
                else "WordNet has no such noun; add a column 'wnid' with the nearest synset."
            )
            raise SimilarityError(f"The label {label.id!r} has no WordNet synset. {hint}")
        nodes.append(found[0])
        guessed[label.id] = graph.name(found[0])
    return nodes, guessed
