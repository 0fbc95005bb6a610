"""WordNet's own tree: the hypernym graph above the classes, brought to a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from taxonomy import _io
from taxonomy.hierarchy import Hierarchy
from taxonomy.labels import LabelSet
from taxonomy.raw_tree import RawTree
from taxonomy.similarity import Similarity
from taxonomy.similarity.wordnet import synsets
from taxonomy.wordnet.graph import NounGraph


@dataclass(frozen=True)
class Builder:
    """Hypernym paths from every class's synset up to ``entity``, chains collapsed.

    A synset with several hypernyms keeps the one nearest to the root, the earliest in WordNet's
    order among equals; the provenance counts the links that were cut. A class that is also
    another's hypernym becomes a leaf beside it, below the synset of both.

    Args:
        senses: which synset a label without a wnid gets: ``wnid`` refuses such a label, ``first``
            takes the first noun sense of its name.
    """

    senses: Literal["wnid", "first"] = "wnid"

    needs_similarity: ClassVar[bool] = False

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Read the tree off WordNet.

        Raises:
            SimilarityError: a label has no synset.
        """
        graph = NounGraph.load()
        nodes, guessed = synsets(labels, graph, self.senses)
        raw, cut = RawTree(), 0
        entry: dict[int, int] = {}
        for label, synset in zip(labels, nodes, strict=True):
            path = [synset]
            while path[-1] not in entry and (above := graph.hypernyms(path[-1])):
                cut += len(above) - 1
                path.append(above[int(np.argmin(graph.min_depths[list(above)]))])
            for node in reversed(path):
                if node not in entry:
                    parent = -1 if node == path[-1] else entry[path[path.index(node) + 1]]
                    entry[node] = raw.add(parent, name=graph.name(node))
            raw.add(entry[synset], leaf=label.id)
        made = _io.provenance(
            "hypernyms",
            policy="nearest to the root",
            links_cut=cut,
            senses=self.senses,
            first_sense=guessed,
            labels=labels.digest,
            graph=graph.digest,
        )
        return Hierarchy.from_raw(raw, made).collapse_unary()
