"""Propose a WordNet synset for every class name, from the names alone.

Votes of `taxonomy.wordnet.votes` are weighted, added up and turned into probabilities over the
senses of each name. The weights are not guesses: ``python analysis/studies/senses.py`` chose them
on CIFAR-100's and ImageNet-1k's names, and its table says how often they are right elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import LabelError
from taxonomy.labels import Label, LabelSet, unknown_class
from taxonomy.wordnet import votes
from taxonomy.wordnet.graph import NounGraph
from taxonomy.wordnet.opinions import Opinion, mixed
from taxonomy.wordnet.readings import Reading, read_name

NEAREST = 20
"""How many nearest fellows the vote of coherence looks at."""

WEIGHTS: dict[tuple[bool, bool], dict[str, float]] = {
    (False, False): {
        "order": 0.18,
        "frequency": 0.56,
        "usage": 0.63,
        "physical": 1.68,
        "coherence": 8.56,
    },
    (True, False): {
        "order": 0.12,
        "frequency": 0.58,
        "usage": 0.61,
        "physical": 1.62,
        "coherence": 9.48,
        "meaning": 3.82,
        "company": 2.32,
    },
    (False, True): {
        "order": 0.2,
        "frequency": 0.52,
        "usage": 0.56,
        "physical": 1.56,
        "coherence": 5.82,
        "agreement": 4.94,
    },
    (True, True): {
        "order": 0.15,
        "frequency": 0.52,
        "usage": 0.55,
        "physical": 1.49,
        "coherence": 6.71,
        "meaning": 4.05,
        "company": 2.27,
        "agreement": 5.08,
    },
}
"""The weight of every vote, by whether embeddings and a similarity source are there."""

METHODS = (
    *("combined", "first", "frequency", "usage", "coherence"),
    *("meaning", "company", "agreement"),
)
"""All methods: every vote together, or one alone."""

EMBEDDED = ("meaning", "company")
"""The votes that need embeddings."""

UNSURE = 0.5
"""A lead over the second sense below which a proposal should be looked at."""

By = Literal["choice", "wnid", "only", "llm", "votes", "nothing"]
_ROUNDS = 3
# Alone, similarities are brought to the scale of the other votes, which are logarithms.
_ALONE = 10.0


@dataclass(frozen=True)
class Sense:
    """One synset that a label can mean.

    Attributes:
        name: the synset's name, such as ``mouse.n.04``.
        wnid: its WordNet 3.0 id.
        score: the probability given to it among the label's senses, 0 to 1.
        definition: WordNet's.
    """

    name: str
    wnid: str
    score: float
    definition: str


@dataclass(frozen=True)
class Proposal:
    """The senses that one label can have, with probabilities, the best one first.

    Attributes:
        label: the label as it was given.
        senses: what it can mean, the likeliest first; empty where WordNet has no such noun.
        by: ``choice``, ``wnid``, ``only`` (WordNet knows one sense), ``llm`` (an opinion that was
            asked for), ``votes`` or ``nothing``.
        notes: what was changed about the name, why it has no synset or no opinion, who else has
            the same one.
        unsure: whether a person should look: the lead is below `UNSURE`, only a part of the name
            was read, an opinion was asked for and lacks, another label has the same synset, or
            there is none at all.
    """

    label: Label
    senses: tuple[Sense, ...]
    by: By
    notes: tuple[str, ...] = ()
    unsure: bool = False

    @property
    def best(self) -> Sense | None:
        """The most probable sense, or None."""
        return self.senses[0] if self.senses else None

    @property
    def margin(self) -> float:
        """The best score minus the second, 0 to 1; 0 without a sense."""
        return _lead(self.senses)

    def labelled(self) -> Label:
        """Return the label with the best sense's wnid, and its definition where it had none."""
        if self.best is None:
            return self.label
        definition = self.label.definition or self.best.definition
        return replace(self.label, wnid=self.best.wnid, definition=definition)


def propose(
    labels: LabelSet,
    graph: NounGraph | None = None,
    *,
    method: str = "combined",
    choices: Mapping[str, str] | None = None,
    encode: votes.Encode | None = None,
    similarity: FloatArray | None = None,
    opinions: Mapping[str, Opinion] | None = None,
) -> tuple[Proposal, ...]:
    """Propose a synset for every label, in the order of the set.

    A choice wins over a wnid, a wnid over an opinion, an opinion over the votes. Choices and wnids
    are context for the other labels' votes.

    Args:
        labels: the classes; of one without choice and wnid only the name is read.
        graph: the noun graph [the shipped one].
        method: one of `METHODS`; ``combined`` uses every vote that there is something for.
        choices: synset names or wnids by label id.
        encode: turns texts into vectors, for the votes ``meaning`` and ``company``.
        similarity: (n, n) a similarity source's values, for the vote ``agreement``.
        opinions: by label id, such as a language model's (`taxonomy.llm.sensing`); mixed in by
            `taxonomy.wordnet.opinions.mixed`.

    Raises:
        LabelError: a choice names an unknown label or synset, a wnid is not WordNet 3.0's, or the
            method is unknown or lacks what it needs.

    >>> from taxonomy.labels import LabelSet
    >>> pets = LabelSet(["mouse", "hamster", "rabbit", "crane", "heron"])
    >>> [proposal.best.name for proposal in propose(pets)]
    ['crane.n.05', 'hamster.n.01', 'heron.n.02', 'mouse.n.01', 'rabbit.n.01']
    >>> office = LabelSet(["mouse", "keyboard", "printer", "monitor", "crane"])
    >>> propose(office, choices={"mouse": "mouse.n.04"})[3].by
    'choice'
    """
    graph = graph or NounGraph.load()
    weights = method_weights(method, encode is not None, similarity is not None)
    known = _known(labels, graph, choices or {})
    readings = tuple(
        given or read_name(graph, label.name) for label, given in zip(labels, known, strict=True)
    )
    candidates = votes.Candidates(graph, tuple(label.name for label in labels), readings)
    belief = Ballot(candidates, encode, similarity).count(weights)
    # Where the synset is known, or there is but one, there is nothing to have an opinion on.
    heard = {
        label.id: opinions[label.id]
        for label, reading in zip(labels, readings, strict=True)
        if opinions and label.id in opinions and len(reading.nodes) > 1
    }
    by: list[By] = [
        "choice"
        if label.id in (choices or {})
        else "wnid"
        if label.wnid
        else "llm"
        if label.id in heard and heard[label.id].wnid
        else ("nothing", "only", "votes")[min(len(reading.nodes), 2)]
        for label, reading in zip(labels, readings, strict=True)
    ]
    return _proposals(labels, candidates, by, mixed(candidates, labels.ids, belief, heard), heard)


def method_weights(method: str, encode: bool, similarity: bool) -> Mapping[str, float]:
    """Return the weight of every vote in one of the `METHODS`.

    Raises:
        LabelError: the method is unknown or lacks what it needs.
    """
    if method not in METHODS:
        raise LabelError(f"Unknown method {method!r}; take one of {', '.join(METHODS)}.")
    if method in EMBEDDED and not encode:
        raise LabelError(f"The method {method!r} compares embeddings; name a model (`embeddings`).")
    if method == "agreement" and not similarity:
        raise LabelError("The method 'agreement' needs a similarity (`source`).")
    if method == "combined":
        return WEIGHTS[encode, similarity]
    if method in ("first", "frequency", "usage"):
        return {"order" if method == "first" else method: 1.0}
    return {method: _ALONE}


class Ballot:
    """The votes on the candidate senses, some of which depend on the other labels' senses.

    Args:
        candidates: the senses.
        encode: for the votes ``meaning`` and ``company``.
        similarity: for the vote ``agreement``.
        nearest: for the vote ``coherence``.
    """

    def __init__(
        self,
        candidates: votes.Candidates,
        encode: votes.Encode | None = None,
        similarity: FloatArray | None = None,
        nearest: int = NEAREST,
    ) -> None:
        self.candidates = candidates
        self._encode, self._similarity, self._nearest = encode, similarity, nearest
        self._fixed: dict[str, FloatArray] = {}

    def vote(self, name: str, belief: FloatArray) -> FloatArray:
        """Return one vote, (c,); those that do not depend on the belief are kept."""
        if name == "coherence":
            return votes.coherence(self.candidates, belief, self._nearest)
        if name == "agreement" and self._similarity is not None:
            return votes.agreement(self.candidates, belief, self._similarity)
        if name not in self._fixed:
            if name in EMBEDDED and self._encode is not None:
                self._fixed[name] = getattr(votes, name)(self.candidates, self._encode)
            else:
                self._fixed[name] = getattr(votes, name)(self.candidates)
        return self._fixed[name]

    def count(self, weights: Mapping[str, float]) -> FloatArray:
        """Return each candidate's probability, (c,).

        The votes that need no belief come first; then those that do, with what the round before
        made believed (mean-field updates of all labels at once, three rounds).
        """
        contextual = [name for name in weights if name in ("coherence", "agreement")]
        scores = np.zeros(len(self.candidates.nodes))
        for name in weights:
            if name not in contextual:
                scores += weights[name] * self.vote(name, scores)
        belief = self.candidates.belief(scores)
        for _ in range(_ROUNDS if contextual else 0):
            more = sum(weights[name] * self.vote(name, belief) for name in contextual)
            belief = self.candidates.belief(scores + more)
        return belief


def require(proposals: Iterable[Proposal]) -> LabelSet:
    """Return the labels with the WordNet ids that were proposed, refusing labels without one.

    Raises:
        LabelError: a label has none; the message names the first of them.
    """
    made = list(proposals)
    lacking = [proposal for proposal in made if proposal.best is None]
    if lacking:
        first = lacking[0]
        raise LabelError(
            f"{len(lacking)} of {len(made)} labels have no synset, first {first.label.id!r} "
            f"({first.notes[0]}). Choose one ('choices'): '{first.label.id}=SYNSET'."
        )
    return LabelSet(proposal.labelled() for proposal in made)


def parse_choices(texts: Iterable[str]) -> dict[str, str]:
    """Read ``LABEL=SYNSET`` texts.

    Raises:
        LabelError: a text has no ``=``, or a label is chosen for twice.

    >>> parse_choices(["mouse=mouse.n.04", "crane=n02012849"])
    {'mouse': 'mouse.n.04', 'crane': 'n02012849'}
    """
    made: dict[str, str] = {}
    for text in texts:
        label, equals, synset = text.rpartition("=")
        if not equals or not label.strip() or not synset.strip():
            raise LabelError(f"{text!r} is no choice; write LABEL=SYNSET, as mouse=mouse.n.04.")
        if label.strip() in made:
            raise LabelError(f"The label {label.strip()!r} is chosen for twice.")
        made[label.strip()] = synset.strip()
    return made


def _known(labels: LabelSet, graph: NounGraph, choices: Mapping[str, str]) -> list[Reading | None]:
    """Return the one synset of each label that has a choice or a wnid."""
    for label_id in choices:
        if label_id not in labels:
            raise unknown_class(label_id, labels.ids)
    made: list[Reading | None] = []
    for label in labels:
        key = choices.get(label.id) or label.wnid
        try:
            made.append(Reading((graph.index(key),), label.name) if key else None)
        except LabelError as error:
            raise LabelError(f"The label {label.id!r}: {error}") from error
    return made


def _proposals(
    labels: LabelSet,
    candidates: votes.Candidates,
    by: Sequence[By],
    belief: FloatArray,
    heard: Mapping[str, Opinion],
) -> tuple[Proposal, ...]:
    graph = candidates.graph
    order = np.lexsort((candidates.ranks, -belief.round(12), candidates.owners))
    ranked = np.split(order, np.cumsum(candidates.counts)[:-1])
    takers: dict[int, list[str]] = {}
    for label, places in zip(labels, ranked, strict=True):
        if len(places):
            takers.setdefault(int(candidates.nodes[places[0]]), []).append(label.id)
    made = []
    for label, reading, places, how in zip(labels, candidates.readings, ranked, by, strict=True):
        senses = tuple(
            Sense(graph.name(node), graph.wnid(node), float(belief[at]), graph.definition(node))
            for at, node in ((at, int(candidates.nodes[at])) for at in places)
        )
        notes = [reading.note] if reading.note else []
        twins = [
            other
            for at in places[:1]
            for other in takers[int(candidates.nodes[at])]
            if other != label.id
        ]
        if twins:
            more = f" and {len(twins) - 1} more" if len(twins) > 1 else ""
            notes.append(f"the same synset as {twins[0]!r}{more}")
        lacking = heard[label.id].note if label.id in heard else ""
        if lacking:
            notes.append(lacking)
        vague = bool(lacking or twins) or _lead(senses) < UNSURE
        doubtful = not senses or reading.guessed or vague
        unsure = doubtful and how not in ("choice", "wnid")
        made.append(Proposal(label, senses, how, tuple(notes), unsure))
    return tuple(made)


def _lead(senses: Sequence[Sense]) -> float:
    return senses[0].score - senses[1].score if len(senses) > 1 else float(len(senses))
