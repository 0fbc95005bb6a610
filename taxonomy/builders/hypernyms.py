"""WordNet's own tree: the hypernym graph above the classes, brought to a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.errors import SimilarityError
from taxonomy.labels import LabelSet
from taxonomy.similarity import Similarity
from taxonomy.similarity.wordnet import same_synsets, synsets
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree
from taxonomy.wordnet.ancestry import Ancestry
from taxonomy.wordnet.graph import NounGraph
from taxonomy.wordnet.parents import Parents, parents


@dataclass(frozen=True)
class Hypernyms:
    """Hypernym paths from every class's synset up to ``entity``, chains collapsed.

    A class that is also another's hypernym becomes a leaf beside it, below the synset of both.
    What the tree lost of the graph stands in its provenance under ``cut``:

    - ``links``: [synset, hypernym cut, hypernym kept] for the tree's synsets with several;
    - ``left_out``: the classes' ancestors that no kept link leads to;
    - ``several_ways``: the ids of the classes that the graph reaches in more ways than one;
    - ``collapsed``: the synsets with a single child, which the tree leaves out;
    - ``above_others``: the ids of the classes that are hypernyms of other classes.

    Args:
        policy: which of several hypernyms a synset keeps: the one on the ``shortest`` or on the
            ``longest`` way to the root, the ``first`` in WordNet's order, or those that add
            ``least`` to the tree, as in WordTree.
        senses: which synset a label without a wnid gets: ``wnid`` refuses such a label, ``first``
            takes the first noun sense of its name.
        same_synset: whether to ``refuse`` two labels of one synset, or to ``allow`` them as
            siblings.
    """

    policy: Literal["shortest", "longest", "first", "least"] = "shortest"
    senses: Literal["wnid", "first"] = "wnid"
    same_synset: Literal["refuse", "allow"] = "refuse"

    needs_similarity: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_options(self, SimilarityError)

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Read the tree off WordNet.

        Raises:
            SimilarityError: a label has no synset, or another one's.
            LabelError: a wnid that WordNet 3.0 lacks.
        """
        graph = NounGraph.load()
        nodes, guessed = synsets(labels, graph, self.senses)
        same = same_synsets(labels, nodes, graph, self.same_synset)
        chosen = parents(graph, nodes, self.policy)
        tree = _tree(labels, nodes, graph, chosen)
        cut = _cut(labels, nodes, graph, chosen)
        own = {graph.name(node) for node in nodes}
        collapsed = {graph.name(node) for node in chosen} - set(tree.name) - own
        made = io.provenance(
            "hypernyms",
            policy=self.policy,
            senses=self.senses,
            first_sense=guessed,
            same_synset=same,
            labels=labels.digest,
            graph=graph.digest,
            cut={**cut, "collapsed": sorted(collapsed)},
        )
        return tree.with_provenance(**made)


def _tree(labels: LabelSet, nodes: list[int], graph: NounGraph, chosen: Parents) -> Hierarchy:
    """Hang the labels from their synsets, and the synsets from the chosen hypernyms."""
    entry = {node: place for place, node in enumerate(chosen)}
    raw = RawTree()
    for node, above in chosen.items():
        raw.add(entry[above] if above >= 0 else -1, name=graph.name(node))
    for label, node in zip(labels, nodes, strict=True):
        raw.add(entry[node], leaf=label.id)
    return Hierarchy.from_raw(raw).collapse_unary()


def _cut(
    labels: LabelSet, nodes: list[int], graph: NounGraph, chosen: Parents
) -> dict[str, io.Json]:
    """Return what the tree loses of the graph above the labels, chains aside."""
    ancestry = Ancestry.of(graph, nodes)
    counts = np.diff(ancestry.indptr)
    # A synset has a choice where it, or an ancestor of it, has several hypernyms.
    several = np.diff(graph.hypernym_indptr)[ancestry.ancestors] > 1
    with_choice = np.unique(ancestry.queries[np.repeat(several, counts)])
    own = np.repeat(ancestry.ancestors, counts)
    below_another = np.unique(own[ancestry.nodes[ancestry.queries] != own])
    above_others = np.isin(ancestry.nodes, below_another)
    return {
        "links": [
            [graph.name(node), graph.name(hypernym), graph.name(kept)]
            for node, kept in chosen.items()
            for hypernym in graph.hypernyms(node)
            if hypernym != kept
        ],
        "left_out": [graph.name(a) for a in ancestry.ancestors.tolist() if a not in chosen],
        "several_ways": [labels.ids[place] for place in with_choice],
        "above_others": [labels.ids[place] for place in np.flatnonzero(above_others)],
    }
