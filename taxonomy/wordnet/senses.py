"""Propose a WordNet synset for every class name, from the names alone.

Votes of `taxonomy.wordnet.votes` are weighted, added up and turned into probabilities over the
senses of each name. The weights are not guesses: ``python analysis/studies/senses.py`` chose them
on the names of CIFAR-100, ImageNet-1k and one half of LVIS, and says how often they are right
elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import LabelError
from taxonomy._core.spelling import counted
from taxonomy.labels import Label, LabelSet, unknown_class
from taxonomy.wordnet import votes
from taxonomy.wordnet.ballot import Ballot, method_weights
from taxonomy.wordnet.graph import NounGraph
from taxonomy.wordnet.opinions import DOUBTED, Opinion, mixed
from taxonomy.wordnet.readings import Reading, read_name

UNSURE = 0.8
"""A lead over the second sense below which what was voted should be looked at."""

By = Literal["choice", "wnid", "only", "llm", "votes", "nothing"]


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
            the same one, which other sense fits labels of this set.
        unsure: whether a person should look: the lead is below `UNSURE` (with an opinion below
            `taxonomy.wordnet.opinions.DOUBTED`), another sense fits labels of this set better, only
            a part of the name was read, an opinion was asked for and lacks, another label has the
            same synset, or there is none at all.
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
    lead: float = UNSURE,
) -> tuple[Proposal, ...]:
    """Propose a synset for every label, in the order of the set.

    A choice wins over a wnid, a wnid over an opinion, an opinion over the votes. Choices and wnids
    are context for the other labels' votes.

    Args:
        labels: the classes; of one without choice and wnid only the name is read.
        graph: the noun graph [the shipped one].
        method: one of `taxonomy.wordnet.ballot.METHODS`; ``combined`` uses every vote that there is
            something for.
        choices: synset names or wnids by label id.
        encode: turns texts into vectors, for the votes ``meaning`` and ``company``.
        similarity: (n, n) a similarity source's values, for the vote ``agreement``.
        opinions: by label id, such as a language model's (`taxonomy.llm.sensing`); mixed in by
            `taxonomy.wordnet.opinions.mixed`.
        lead: how far ahead of the second sense a voted one must be to be sure, 0 to 1.

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
    ballot = Ballot(candidates, encode, similarity)
    belief = ballot.count(weights)
    rivals = ballot.rivals(belief) if method == "combined" else {}
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
    belief = mixed(candidates, labels.ids, belief, heard)
    return _proposals(labels, candidates, by, belief, heard, rivals, lead)


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
            f"{len(lacking)} of {counted(len(made), 'label')} have no synset, first "
            f"{first.label.id!r} "
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
    rivals: Mapping[int, int],
    lead: float,
) -> tuple[Proposal, ...]:
    graph = candidates.graph
    ranked = candidates.by_label(belief)
    takers: dict[int, list[str]] = {}
    for label, places in zip(labels, ranked, strict=True):
        if len(places):
            takers.setdefault(int(candidates.nodes[places[0]]), []).append(label.id)
    made = []
    rows = zip(labels, candidates.readings, ranked, by, strict=True)
    for number, (label, reading, places, how) in enumerate(rows):
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
        torn = how == "votes" and number in rivals
        if torn:
            notes.append(f"{graph.name(int(candidates.nodes[rivals[number]]))} fits others here")
        close = _lead(senses) < (DOUBTED if how == "llm" else lead)
        doubtful = not senses or reading.guessed or bool(lacking or twins) or torn or close
        unsure = doubtful and how not in ("choice", "wnid")
        made.append(Proposal(label, senses, how, tuple(notes), unsure))
    return tuple(made)


def _lead(senses: Sequence[Sense]) -> float:
    return senses[0].score - senses[1].score if len(senses) > 1 else float(len(senses))
