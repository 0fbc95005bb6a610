"""How much the definitions of synsets speak of the same things, by their rare words."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

_WORD = re.compile(r"[a-z]+")
_ENDINGS = ("ing", "ies", "es", "s", "ed")
_SHORT = 3
# A word in more than one definition of 33 (log 33 = 3.5) says nothing of what they are about.
_RARE = 3.5


def stem(word: str) -> str:
    """Return a word without the commonest endings, unless little is left.

    >>> [stem(word) for word in ("cooking", "computers", "gas")]
    ['cook', 'computer', 'gas']
    """
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > _SHORT:
            return word.removesuffix(ending)
    return word


def mentions(graph: NounGraph, node: int, word: str) -> bool:
    """Return whether a synset's definition or lemmas hold a word, in any of its forms.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> mentions(graph, graph.index("iron.n.04"), "clothing")  # "used to smooth cloth"
    True
    """
    start = stem(word.lower())
    # A short stem is the beginning of too many words.
    end = "" if len(start) > _SHORT else r"(?:s|es)?\b"
    return re.search(rf"\b{re.escape(start)}{end}", _text(graph, node)) is not None


def likeness(
    graph: NounGraph,
    nodes: Iterable[int],
    names: Iterable[str],
    others: Iterable[int],
    shares: tuple[FloatArray, IntArray, int],
) -> FloatArray:
    """Return how alike synsets' definitions are to those of groups of others.

    Texts are definitions and lemmas; words count by the logarithm of their rarity in WordNet, and
    texts are compared by the cosine (tf-idf, Salton & Buckley 1988).

    Args:
        graph: the noun graph.
        nodes: n synsets.
        names: n names, whose own words do not count.
        others: m synsets.
        shares: the others' weights (m,), their groups (m,) and the number of groups.

    Returns:
        (n, groups) in [0, 1] where each group's weights sum to 1.
    """
    own = []
    for node, name in zip(nodes, names, strict=True):
        said = set(_stems(name))
        own.append(_unit({w: x for w, x in _weights(graph, node).items() if w not in said}))
    theirs = [_unit(_weights(graph, node)) for node in others]
    at = {word: place for place, word in enumerate(sorted({word for one in own for word in one}))}
    weights, groups, count = shares
    mine = _matrix(own, at, np.ones(len(own)), np.arange(len(own)), len(own))
    made: FloatArray = (mine @ _matrix(theirs, at, weights, groups, count).T).toarray()
    return made


def _matrix(
    texts: list[dict[str, float]],
    at: Mapping[str, int],
    weights: FloatArray,
    groups: IntArray,
    count: int,
) -> Any:
    """Return the sums of weighted texts by group, a sparse (count, words) matrix."""
    from scipy.sparse import csr_matrix

    entries = [
        (weight * value, group, at[word])
        for text, weight, group in zip(texts, weights.tolist(), groups.tolist(), strict=True)
        for word, value in text.items()
        if word in at
    ]
    values, rows, columns = zip(*entries, strict=True) if entries else ((), (), ())
    return csr_matrix((values, (rows, columns)), shape=(count, len(at)), dtype=np.float64)


def _unit(weights: Mapping[str, float]) -> dict[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()}


def _weights(graph: NounGraph, node: int) -> dict[str, float]:
    """Return the rare stems of a synset's text, and how rare they are."""
    rarity = _rarity(graph)
    return {word: rarity[word] for word in _stems(_text(graph, node)) if word in rarity}


def _stems(text: str) -> Iterable[str]:
    return dict.fromkeys(map(stem, _WORD.findall(text.lower())))


def _text(graph: NounGraph, node: int) -> str:
    return " ".join([graph.definition(node), *graph.lemmas(node)]).lower().replace("_", " ")


@lru_cache(maxsize=2)
def _rarity(graph: NounGraph) -> dict[str, float]:
    """Return the log of synsets over uses in definitions and lemmas, of all rare stems."""
    text = " ".join([*graph.definition_table, *graph.lemma_table]).lower().replace("_", " ")
    uses: Counter[str] = Counter()
    for word, count in Counter(_WORD.findall(text)).items():
        uses[stem(word)] += count
    rare = {word: math.log(len(graph) / count) for word, count in uses.items()}
    return {word: value for word, value in rare.items() if value > _RARE}
