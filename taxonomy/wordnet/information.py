"""Information content of noun synsets: from Brown counts, or from the graph alone.

Both return one read-only float64 number a synset, in nats or in shares of the most informative
synset; the more specific a synset, the higher. They are different scales.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core import shipped
from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import FileFormatError
from taxonomy._core.io import load_npz
from taxonomy.wordnet.ancestry import Ancestry

if TYPE_CHECKING:
    from collections.abc import Callable

    from taxonomy.wordnet.graph import NounGraph

Content = FloatArray

UNSEEN = 1e300
"""nltk's information content of a synset that the corpus never uses, in place of infinity."""


@lru_cache(maxsize=4)
def brown(graph: NounGraph) -> Content:
    """Return Resnik's information content over the Brown corpus: -log(count / the root's count).

    A use of a word counts for each of its senses in equal parts and for all their hypernyms, as in
    Resnik (1995), "Using information content to evaluate semantic similarity in a taxonomy". Two
    nouns in five occur, or stand above one that does; the others get 1e300, as in nltk. In nats.

    Raises:
        FileFormatError: the graph is not WordNet 3.0's, for which alone there are counts.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> [round(float(brown(graph)[graph.index(name)]), 2) for name in ("entity.n.01", "dog.n.01")]
    [0.0, 8.79]
    """
    arrays = load_npz(shipped.path("wordnet/brown.npz"), "offsets", "counts")
    places = np.searchsorted(graph.offsets, arrays["offsets"])
    places = np.minimum(places, len(graph) - 1)
    if not np.array_equal(graph.offsets[places], arrays["offsets"]):
        raise FileFormatError(
            "The Brown counts are of WordNet 3.0's nouns, and this graph is another; "
            "take the information content 'seco', which needs the graph alone."
        )
    content = np.full(len(graph), UNSEEN)
    content[places] = np.log(arrays["counts"].max() / arrays["counts"])
    content.flags.writeable = False
    return content


@lru_cache(maxsize=4)
def seco(graph: NounGraph) -> Content:
    """Return the intrinsic information content: 1 - log(hyponyms + 1) / log(all synsets).

    Hyponyms are all distinct synsets below, instances too. A synset without any has 1, a root over
    all has 0. Seco, Veale & Hayes (2004), "An intrinsic information content metric for semantic
    similarity in WordNet".

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> [round(float(seco(graph)[graph.index(name)]), 2) for name in ("entity.n.01", "dog.n.01")]
    [0.0, 0.54]
    """
    everything = Ancestry.of(graph, np.arange(len(graph)))
    below = np.ones(len(graph))
    below[everything.ancestors] = np.diff(everything.indptr)
    content: Content = 1 - np.log(below) / np.log(max(len(graph), 2))
    content.flags.writeable = False
    return content


CONTENTS: dict[str, Callable[[NounGraph], Content]] = {"seco": seco, "brown": brown}
"""The information contents by name."""
