"""Votes: evidence for each sense of each class name, one function a vote.

A vote is one number a candidate sense, high where the sense is likely. Votes are compared only
among the senses of one label, so that an amount added to all of them changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy.wordnet import measures, topics
from taxonomy.wordnet.ancestry import Ancestry
from taxonomy.wordnet.graph import fold
from taxonomy.wordnet.information import seco
from taxonomy.wordnet.readings import Reading
from taxonomy.wordnet.strings import starts_of

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

Encode = Callable[[Sequence[str]], npt.NDArray[Any]]
"""Texts in, one vector a text out, such as a sentence-transformers model's ``encode``."""

_SPACES = str.maketrans("_-", "  ")
_BLOCK = 1000
_FELLOWS = 1000


@dataclass(frozen=True, eq=False)
class Candidates:
    """All senses of all labels of a set, label after label.

    Attributes:
        graph: the noun graph.
        names: (n,) the labels' names.
        readings: (n,) what each name can mean; a label whose synset is known has that one only.
    """

    graph: NounGraph
    names: tuple[str, ...]
    readings: tuple[Reading, ...]

    @cached_property
    def nodes(self) -> IntArray:
        """(c,) synsets, in WordNet's order of senses below each label."""
        return np.array([node for one in self.readings for node in one.nodes], dtype=np.int64)

    @cached_property
    def counts(self) -> IntArray:
        """(n,) how many senses each label has."""
        return np.array([len(one.nodes) for one in self.readings], dtype=np.int64)

    @cached_property
    def owners(self) -> IntArray:
        """(c,) which label each candidate belongs to, 0 … n-1."""
        return np.repeat(np.arange(len(self.names)), self.counts)

    @cached_property
    def ranks(self) -> IntArray:
        """(c,) each candidate's place among its label's senses, from 0."""
        return np.arange(len(self.nodes)) - (np.cumsum(self.counts) - self.counts)[self.owners]

    @cached_property
    def open(self) -> IntArray:
        """Places of the candidates whose label has more than one."""
        return np.flatnonzero(self.counts[self.owners] > 1)

    def share(self, numbers: FloatArray) -> FloatArray:
        """Return the logarithm of each candidate's share of its label's counts, half added."""
        total = np.bincount(self.owners, numbers + 0.5, len(self.names))
        shares: FloatArray = np.log((numbers + 0.5) / total[self.owners])
        return shares

    def by_label(self, belief: FloatArray) -> list[IntArray]:
        """Return each label's candidates, the most believed first, equals in WordNet's order."""
        order = np.lexsort((self.ranks, -belief.round(12), self.owners))
        return np.split(order, np.cumsum(self.counts)[:-1])

    def belief(self, scores: FloatArray) -> FloatArray:
        """Return scores as probabilities that sum to 1 below each label (softmax)."""
        highest = np.full(len(self.names), -np.inf)
        np.maximum.at(highest, self.owners, scores)
        weights = np.exp(scores - highest[self.owners])
        sums = np.bincount(self.owners, weights, len(self.names))
        beliefs: FloatArray = weights / sums[self.owners]
        return beliefs


def order(candidates: Candidates) -> FloatArray:
    """Vote for early senses: minus log of the place, from 1; WordNet lists frequent ones first."""
    votes: FloatArray = -np.log1p(candidates.ranks)
    return votes


def frequency(candidates: Candidates) -> FloatArray:
    """Vote by how often the sense was tagged in WordNet's text corpora: the log of its share."""
    graph = candidates.graph
    uses = np.zeros(len(candidates.nodes))
    for at, (node, owner) in enumerate(
        zip(candidates.nodes.tolist(), candidates.owners.tolist(), strict=True)
    ):
        word = fold(candidates.readings[owner].form)
        by_lemma = dict(
            zip(map(str.lower, graph.lemmas(node)), graph.lemma_uses(node), strict=True)
        )
        # A plural or another name of the sense is no lemma of it.
        uses[at] = by_lemma.get(word, max(by_lemma.values(), default=0))
    return candidates.share(uses)


def usage(candidates: Candidates) -> FloatArray:
    """Vote by how many synsets below a sense use the word: the log of its share.

    A definition begins with the word for what it defines ("a printer that …") and compounds end
    with it ("laser printer"), so those below a sense tell in which sense lexicographers use a word.
    """
    graph = candidates.graph
    using = {
        owner: _synsets_that_use(graph, candidates.readings[owner].form.lower().translate(_SPACES))
        for owner in np.unique(candidates.owners[candidates.open]).tolist()
    }
    counts = np.zeros(len(candidates.nodes))
    users = np.unique(np.concatenate([np.zeros(0, np.int64), *using.values()]))
    ancestry = Ancestry.of(graph, users)
    for owner, nodes in using.items():
        first = int(np.searchsorted(candidates.owners, owner))
        own = candidates.nodes[first : first + candidates.counts[owner]]
        places = np.searchsorted(users, np.setdiff1d(nodes, own))
        below = np.stack([np.isin(places, _below(ancestry, node)) for node in own.tolist()])
        # One below two senses, of which one is a kind of the other, counts half for each.
        counts[first : first + len(own)] = (below / np.maximum(below.sum(axis=0), 1)).sum(axis=1)
    return candidates.share(counts)


def physical(candidates: Candidates) -> FloatArray:
    """Vote 1 for kinds of physical things, 0 for abstractions and for what has a proper name.

    What a picture shows is a physical entity, in WordNet's own terms: things, living things,
    substances and natural phenomena, but no acts, attributes, groups or messages. An individual
    that WordNet spells with a capital (Jersey, but not the moon) is no class.
    """
    graph = candidates.graph
    if not graph.senses("physical entity"):
        return np.ones(len(candidates.nodes))
    ancestry = Ancestry.of(graph, candidates.nodes)
    votes = np.zeros(len(candidates.nodes))
    votes[_below(ancestry, graph.index("physical_entity.n.01"))] = 1
    linked = np.repeat(np.arange(len(graph)), np.diff(graph.hypernym_indptr))
    single = np.isin(candidates.nodes, linked[graph.hypernym_is_instance])
    for at in np.flatnonzero(single).tolist():
        word = fold(candidates.readings[candidates.owners[at]].form)
        votes[at] *= word in graph.lemmas(int(candidates.nodes[at]))
    return votes


def spelling(candidates: Candidates) -> FloatArray:
    """Vote 2 where the word is what WordNet calls the sense first, 1 where it is another lemma.

    WordNet begins a synset with its commonest word (dog_collar.n.01, but choker.n.03: choker,
    collar, dog collar). A sense of the word's singular alone, such as the glass of *glasses*, has
    no vote.
    """
    votes = np.zeros(len(candidates.nodes))
    for at, (node, owner) in enumerate(
        zip(candidates.nodes.tolist(), candidates.owners.tolist(), strict=True)
    ):
        word = fold(candidates.readings[owner].form)
        lemmas = [lemma.lower() for lemma in candidates.graph.lemmas(node)]
        votes[at] = (word in lemmas) + (word == lemmas[0])
    return votes


def impersonal(candidates: Candidates) -> FloatArray:
    """Vote 1 for what is no person: a ruler, a printer or a cleaner in a list is a thing."""
    votes = np.ones(len(candidates.nodes))
    if candidates.graph.senses("person"):
        ancestry = Ancestry.of(candidates.graph, candidates.nodes)
        votes[_below(ancestry, candidates.graph.index("person.n.01"))] = 0
    return votes


def topic(candidates: Candidates, belief: FloatArray, nearest: int) -> FloatArray:
    """Vote by how much a sense's definition speaks of what the other labels' definitions do.

    The mean of the largest expected likenesses (`taxonomy.wordnet.topics`): the mouse of computers
    is no near kind of a laptop, but the definitions of both speak of computers.

    Args:
        candidates: the senses.
        belief: (c,) probabilities below each label.
        nearest: how many of the nearest fellows count.
    """
    fellows = _fellows(candidates)
    votes = np.zeros(len(candidates.nodes))
    if len(fellows) < 2:
        return votes
    columns = np.flatnonzero(np.isin(candidates.owners, fellows))
    groups = np.searchsorted(fellows, candidates.owners[columns])
    shares = belief[columns], groups, len(fellows)
    for first in range(0, len(candidates.open), _BLOCK):
        places = candidates.open[first : first + _BLOCK]
        owners = candidates.owners[places]
        names = [candidates.names[owner] for owner in owners.tolist()]
        own, others = (candidates.nodes[part].tolist() for part in (places, columns))
        alike = topics.likeness(candidates.graph, own, names, others, shares)
        alike[fellows[None, :] == owners[:, None]] = -1
        votes[places] = _mean_of_largest(alike, min(nearest, len(fellows) - 1))
    return votes


def coherence(candidates: Candidates, belief: FloatArray, nearest: Sequence[int]) -> FloatArray:
    """Vote by how near a sense is to the other labels: the mean of its best expected similarities.

    The similarity is Lin's with Seco's information content; that to a fellow is the mean over the
    fellow's senses, as far as each is believed in. Sets of more than 1,000 labels are compared with
    1,000 of them, taken evenly.

    Args:
        candidates: the senses.
        belief: (c,) probabilities below each label.
        nearest: how many of the nearest fellows count, k numbers.

    Returns:
        (k, c), a vote for each number.
    """
    fellows = _fellows(candidates)
    votes = np.zeros((len(nearest), len(candidates.nodes)))
    if len(fellows) < 2:
        return votes
    for places, expected in _expected(candidates, belief, fellows):
        own = fellows[None, :] == candidates.owners[places][:, None]
        expected[own] = -1
        for vote, count in zip(votes, nearest, strict=True):
            vote[places] = _mean_of_largest(expected, min(count, len(fellows) - 1))
    return votes


def agreement(
    candidates: Candidates, belief: FloatArray, similarity: FloatArray, sharpness: float = 0.03
) -> FloatArray:
    """Vote by how near a sense is in WordNet to the labels that a similarity source finds near.

    The mean expected similarity, as in `coherence`, to all fellows, weighted by
    ``exp(similarity / sharpness)``. Any source that reads no senses can vote so.

    Args:
        candidates: the senses.
        belief: (c,) probabilities below each label.
        similarity: (n, n) the source's similarities in [0, 1], in the order of the labels.
        sharpness: how much nearer a fellow must be to count e times as much.
    """
    fellows = _fellows(candidates)
    votes = np.zeros(len(candidates.nodes))
    if len(fellows) < 2:
        return votes
    for places, expected in _expected(candidates, belief, fellows):
        owners = candidates.owners[places]
        near = similarity[np.ix_(owners, fellows)] / sharpness
        near[fellows[None, :] == owners[:, None]] = -np.inf
        weights = np.exp(near - near.max(axis=1, keepdims=True))
        votes[places] = (weights * expected).sum(axis=1) / weights.sum(axis=1)
    return votes


def meaning(candidates: Candidates, encode: Encode) -> FloatArray:
    """Vote by the cosine of the embeddings of the label's name and of the sense's definition."""
    definitions, names = _embedded(candidates, encode)
    votes = np.zeros(len(candidates.nodes))
    own = names[candidates.owners[candidates.open]]
    votes[candidates.open] = np.einsum("ij,ij->i", definitions, own)
    return votes


def company(candidates: Candidates, encode: Encode, nearest: int = 20) -> FloatArray:
    """Vote by how near a sense's definition is to the other labels' names, as embeddings.

    The mean of the largest cosines; of sets of more than 1,000 labels 1,000 count, as in
    `coherence`.
    """
    definitions, names = _embedded(candidates, encode)
    fellows = _fellows(candidates)
    votes = np.zeros(len(candidates.nodes))
    if len(fellows) > 1 and len(candidates.open):
        cosines = definitions @ names[fellows].T
        cosines[fellows[None, :] == candidates.owners[candidates.open][:, None]] = -1
        votes[candidates.open] = _mean_of_largest(cosines, min(nearest, len(fellows) - 1))
    return votes


def _embedded(candidates: Candidates, encode: Encode) -> tuple[FloatArray, FloatArray]:
    """Return unit vectors of the open candidates' definitions and of all labels' names."""
    nodes = candidates.nodes[candidates.open].tolist()
    definitions = [candidates.graph.definition(node) for node in nodes]
    names = [reading.form.replace("_", " ") for reading in candidates.readings]
    texts = sorted({*definitions, *names})
    vectors = np.asarray(encode(texts), dtype=np.float64)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    at = {text: number for number, text in enumerate(texts)}
    return vectors[[at[text] for text in definitions]], vectors[[at[text] for text in names]]


def _fellows(candidates: Candidates) -> IntArray:
    """Return the labels with a sense, or 1,000 of them taken evenly."""
    fellows = np.unique(candidates.owners)
    return fellows[:: max(1, -(-len(fellows) // _FELLOWS))]


def _mean_of_largest(numbers: FloatArray, count: int) -> FloatArray:
    width = numbers.shape[1]
    largest = np.partition(numbers, width - count, axis=1)[:, width - count :]
    means: FloatArray = largest.mean(axis=1)
    return means


def _expected(
    candidates: Candidates, belief: FloatArray, fellows: IntArray
) -> Iterable[tuple[IntArray, FloatArray]]:
    """Yield places of open candidates and their expected Lin similarity to each fellow."""
    graph, content = candidates.graph, seco(candidates.graph)
    columns = np.flatnonzero(np.isin(candidates.owners, fellows))
    starts = np.searchsorted(candidates.owners[columns], fellows)
    for first in range(0, len(candidates.open), _BLOCK):
        places = candidates.open[first : first + _BLOCK]
        nodes, inverse = np.unique(
            candidates.nodes[np.concatenate([places, columns])], return_inverse=True
        )
        similar = measures.lin(graph, nodes, content)
        rows, across = inverse[: len(places)], inverse[len(places) :]
        weighted = similar[np.ix_(rows, across)] * belief[columns]
        yield places, np.add.reduceat(weighted, starts, axis=1)


def _below(ancestry: Ancestry, node: int) -> IntArray:
    """Return the queries of which a synset is an ancestor."""
    place = int(np.searchsorted(ancestry.ancestors, node))
    if place == len(ancestry.ancestors) or ancestry.ancestors[place] != node:
        return np.zeros(0, np.int64)
    return ancestry.queries[ancestry.indptr[place] : ancestry.indptr[place + 1]]


def _synsets_that_use(graph: NounGraph, phrase: str) -> IntArray:
    """Return the synsets in whose definition or lemmas words stand, the last perhaps in plural."""
    text, starts = _text(graph)
    found, at = [], text.find(phrase) if phrase.strip() else -1
    while at >= 0:
        end = at + len(phrase)
        if not _is_letter(text[at - 1]) and any(
            text.startswith(ending, end) and not _is_letter(text[end + len(ending)])
            for ending in ("", "s", "es")
        ):
            found.append(at)
        at = text.find(phrase, end)
    return np.unique(np.searchsorted(starts, np.array(found, dtype=np.int64), side="right") - 1)


def _is_letter(character: str) -> bool:
    return character.isalpha() or character == "'"


@lru_cache(maxsize=2)
def _text(graph: NounGraph) -> tuple[str, IntArray]:
    """Return all synsets' definitions and lemmas as one text, and where each synset's begin."""
    lemmas = list(graph.lemma_table)
    members = [lemmas[lemma] for lemma in graph.member_lemmas.tolist()]
    ends = graph.member_indptr.tolist()
    texts = [
        f"\n{definition}; {'; '.join(members[first:end])}".lower()
        for definition, first, end in zip(graph.definition_table, ends, ends[1:], strict=False)
    ]
    starts = starts_of(np.array([len(text) for text in texts], dtype=np.int64))
    return "".join([*texts, "\n"]).translate(_SPACES), starts[:-1]
