"""Class names to WordNet synsets in one call, by votes, choices or a language model."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taxonomy._core.errors import LabelError
from taxonomy._core.spelling import counted
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.wordnet.known import known, misfit_note
from taxonomy.wordnet.senses import Proposal, propose

if TYPE_CHECKING:
    from taxonomy.llm.plan import Plan
    from taxonomy.llm.sensing import Senses
    from taxonomy.similarity import Source
    from taxonomy.wordnet.opinions import Opinion
    from taxonomy.wordnet.votes import Encode

_ALL_SHOWN = 30
"""Label sets up to this size are shown whole; of larger ones the unsure labels."""

_ROWS = 30
"""How many unsure labels of a large set are shown."""

_HOW = {
    "choice": "chosen",
    "wnid": "by wnid",
    "only": "with one sense",
    "llm": "by the model",
    "votes": "voted",
}


@dataclass(frozen=True)
class Meanings:
    """What every label means; printing it shows the unsure ones.

    Args:
        proposals: one a label, in the order of the set.
        opinions: what a language model said, by label id; None where none was asked.
    """

    proposals: tuple[Proposal, ...]
    opinions: Mapping[str, Opinion] | None = None

    def labels(self, *, sure: bool = False) -> LabelSet:
        """Return the labels with the wnids found.

        Args:
            sure: leave labels that are marked unsure as they were.
        """
        return LabelSet(p.label if sure and p.unsure else p.labelled() for p in self.proposals)

    def rows(self) -> list[dict[str, Any]]:
        """Return one JSON object a label, with every alternative and its score in [0, 1]."""
        return [
            {
                "id": p.label.id,
                "name": p.label.name,
                "by": p.by,
                "unsure": p.unsure,
                "margin": round(p.margin, 4),
                "notes": list(p.notes),
                "senses": [asdict(s) | {"score": round(s.score, 4)} for s in p.senses],
            }
            for p in self.proposals
        ]

    def to_text(self, *, everything: bool = False) -> str:
        """Return one line a label, the unsure ones of a large set only, and a summary.

        Args:
            everything: show the sure labels of a large set, too.
        """
        small = everything or len(self.proposals) <= _ALL_SHOWN
        shown = [p for p in self.proposals if small or p.unsure]
        if not small:
            # Without a synset first, then the least sure.
            shown = sorted(shown, key=lambda p: (bool(p.senses), p.margin))[:_ROWS]
        by: Counter[str] = Counter(p.by for p in self.proposals)
        parts = [f"{by[how]} {text}" for how, text in _HOW.items() if by[how]]
        unsure = sum(p.unsure for p in self.proposals)
        rest = f", {len(shown)} of them shown" if not small and len(shown) < unsure else ""
        hint = "; look at them and choose (`choose=LABEL=SYNSET`)" if unsure else ""
        lines = [
            *map(_line, shown),
            (
                f"{counted(len(self.proposals), 'label')}: {', '.join(parts)}; {by['nothing']} "
                "without a synset"
            ),
            f"{unsure} unsure (?){rest}{hint}",
        ]
        if note := misfit_note(LabelSet(p.label for p in self.proposals)):
            lines.append(note)
        if self.opinions is not None:
            lines.append(_answered(self.opinions))
        return "\n".join(lines)

    def __str__(self) -> str:
        """Return what `to_text` does."""
        return self.to_text()


def find_senses(
    labels: LabelSet | Path | str | Iterable[str],
    *,
    choices: Mapping[str, str] | None = None,
    method: str = "combined",
    embeddings: str = "",
    source: Source | None = None,
    model: Senses | None = None,
    ignore_wnids: bool = False,
) -> Meanings:
    """Find the WordNet synset that each class name means.

    Args:
        labels: a label set, the name of a shipped one, a file, a folder of class folders, or words.
        choices: your own choices, synset names (``mouse.n.04``) or wnids by label id; they win
            over all else.
        method: ``combined`` for all votes, or the name of one of `taxonomy.wordnet.ballot.METHODS`.
        embeddings: a sentence-transformers model whose embeddings of the definitions vote, too.
        source: a similarity source that needs no wnids and votes, too.
        model: a language model that is asked about ambiguous names, or its stored answers.
        ignore_wnids: find synsets for labels that have a wnid, too.

    Raises:
        LabelError: no label is a noun of WordNet, or a choice names an unknown label or synset.

    >>> office = ["mouse", "keyboard", "printer", "monitor"]
    >>> found = find_senses(office, choices={"mouse": "mouse.n.04"})
    >>> found.labels()["mouse"].wnid
    'n03793489'
    """
    labels = known(get_labels(labels))
    if ignore_wnids:
        labels = LabelSet(Label(label.id, label.name, label.definition) for label in labels)
    opinions = None if model is None else model(labels)
    proposals = propose(
        labels,
        method=method,
        choices=choices or {},
        encode=_encoder(embeddings) if embeddings else None,
        similarity=None if source is None else source(labels).all_pairs().values,
        opinions=opinions or {},
    )
    if not any(proposal.senses for proposal in proposals):
        first = proposals[0]
        raise LabelError(
            f"No label is a noun of WordNet, first {first.label.id!r} ({first.notes[0]}). Give "
            "English names in a column 'name', or choose (`choose=LABEL=SYNSET`)."
        )
    return Meanings(tuple(proposals), opinions)


def asked_model(options: Mapping[str, Any], *, ignore_wnids: bool = False) -> Senses | None:
    """Return the language model that options name, or the answers to replay; None without any.

    Args:
        options: of `taxonomy.llm.sensing.Senses`.
        ignore_wnids: ask about labels that have a wnid, too.

    Raises:
        LabelError: options, and neither a model nor a transcript that they are for.
    """
    from taxonomy.llm.sensing import Senses

    if options.get("model") or options.get("transcript"):
        return Senses(**options, ignore_wnids=ignore_wnids)
    if useless := sorted(options):
        raise LabelError(
            f"`{useless[0]}` is for asking a language model; name one (`model`), or a transcript "
            "to replay (`transcript=icons/llm-senses`)."
        )
    return None


def plan(labels: LabelSet, model: Senses | None) -> Plan:
    """Return what a language model would be asked about names and what that costs; send nothing.

    Raises:
        LabelError: there is no model.
    """
    if model is None:
        raise LabelError("A dry run is of what asks a language model; name one (`model`).")
    return model.plan(labels)


def _encoder(model: str) -> Encode:
    """Return the embedding source's way from texts to vectors, its cache included."""
    from taxonomy.similarity import Embedding

    source = Embedding(model)

    def encode(texts: Sequence[str]) -> Any:
        numbered = LabelSet(Label(f"{at:09d}", text) for at, text in enumerate(texts))
        return source.vectors(numbered)

    return encode


def _answered(opinions: Mapping[str, Opinion]) -> str:
    """Say how many ambiguous names a model decided."""
    if not opinions:
        return (
            "there was nothing to ask a model: every label has a wnid (`ignore_wnids` asks about "
            "these, too) or fewer than two senses"
        )
    decided = sum(bool(opinion.wnid) for opinion in opinions.values())
    return f"the model decided {decided} of {len(opinions)} ambiguous names; votes decide the rest"


def _line(proposal: Proposal) -> str:
    mark = "?" if proposal.unsure else " "
    best = proposal.best
    if best is None:
        return f"{mark} {proposal.label.id:18} -  {'; '.join(proposal.notes)}"
    meant = textwrap.shorten(best.definition, 48, placeholder=" …")
    others = ", ".join(f"{sense.name} {sense.score:.2f}" for sense in proposal.senses[1:3])
    notes = f"  ({'; '.join(proposal.notes)})" if proposal.notes else ""
    line = f"{mark} {proposal.label.id:18} {best.name:22} {best.score:.2f}  {meant:48}  {others}"
    return line.rstrip() + notes
