"""The command ``senses``: a WordNet synset for every class name."""

from __future__ import annotations

import argparse
import json
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from taxonomy._core.errors import LabelError
from taxonomy.cli._command import Command, chosen
from taxonomy.cli._flags import add_flags, from_flags
from taxonomy.labels import Label, LabelSet, get_labels, shipped_names
from taxonomy.llm.sensing import Senses
from taxonomy.similarity import SOURCES
from taxonomy.wordnet.opinions import Opinion
from taxonomy.wordnet.senses import METHODS, Proposal, parse_choices, propose
from taxonomy.wordnet.votes import Encode

_ALL_SHOWN = 30
_ROWS = 30


def _flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument(
        "labels",
        help=f"a shipped set ({', '.join(shipped_names())}), a text or CSV file, or a folder of "
        "class folders; wnids in it are read as they are",
    )
    parser.add_argument(
        "--choose",
        action="append",
        default=[],
        metavar="LABEL=SYNSET",
        help="your own choice, by name (mouse.n.04) or wnid, which wins over all else; repeatable",
    )
    parser.add_argument("--out", type=Path, help="write the labels as CSV, with all wnids found")
    parser.add_argument("--sure", action="store_true", help="write no wnid that is marked unsure")
    parser.add_argument("--anew", action="store_true", help="leave the wnids of LABELS unread")
    parser.add_argument(
        "--method", choices=METHODS, default="combined", help="all votes or one [combined]"
    )
    parser.add_argument(
        "--embeddings",
        metavar="MODEL",
        help="let the definitions' embeddings vote too: all-MiniLM-L6-v2 for the packaged model, a "
        "folder, or a name that sentence-transformers can load",
    )
    parser.add_argument(
        "--source",
        metavar="NAME",
        help="let a similarity source vote that needs no wnids, instead of asking a language model "
        "for senses: " + ", ".join(name for name in SOURCES if name != "wordnet"),
    )
    parser.add_argument("--all", action="store_true", help="show sure labels of large sets too")
    parser.add_argument("--json", action="store_true", help="print JSON with every alternative")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="say what a language model would be asked and what that costs; send nothing",
    )
    if list(argv[:1]) != ["senses"]:
        return
    if source := chosen(argv, "--source", ""):
        add_flags(parser, SOURCES.get(source), f"options of --source {source}")
    else:
        title = "asking a language model (--model), or replaying its answers (--transcript)"
        add_flags(parser, Senses, title, skip=("anew", "strategy"))


def _senses(arguments: argparse.Namespace) -> None:
    labels = get_labels(arguments.labels)
    if arguments.anew:
        labels = LabelSet(Label(label.id, label.name, label.definition) for label in labels)
    choices, asks = parse_choices(arguments.choose), _asks(arguments)
    if arguments.dry_run:
        if not hasattr(asks, "plan"):
            raise LabelError("--dry-run is for what asks a language model: name one with --model.")
        print(asks.plan(labels))
        return
    similarity = asks(labels).values if arguments.source else None
    opinions = asks(labels) if isinstance(asks, Senses) else {}
    proposals = propose(
        labels,
        method=arguments.method,
        choices=choices,
        encode=_encoder(arguments.embeddings) if arguments.embeddings else None,
        similarity=similarity,
        opinions=opinions,
    )
    if not any(proposal.senses for proposal in proposals):
        first = proposals[0]
        raise LabelError(
            f"No label is a noun of WordNet, first {first.label.id!r} ({first.notes[0]}). Give "
            "English names in a column 'name', or choose: --choose LABEL=SYNSET."
        )
    if arguments.json:
        print(json.dumps([_row(proposal) for proposal in proposals], indent=1, ensure_ascii=False))
    else:
        _print(proposals, arguments.all)
        if isinstance(asks, Senses):
            print(_answered(opinions))
    if arguments.out:
        leave = arguments.sure
        LabelSet(p.label if leave and p.unsure else p.labelled() for p in proposals).save(
            arguments.out
        )
        if not arguments.json:
            print(f"labels with their wnids written to {arguments.out}")


def _asks(arguments: argparse.Namespace) -> Any:
    """Return what is asked besides the noun graph: a similarity source, a language model or None.

    Raises:
        LabelError: options of a language model without one.
    """
    if arguments.source:
        return from_flags(SOURCES.get(arguments.source), arguments)
    settings = from_flags(Senses, arguments)
    if settings.model or settings.transcript:
        return settings
    given = [f.name for f in fields(Senses) if f.name != "anew" and hasattr(arguments, f.name)]
    if given:
        raise LabelError(
            f"--{given[0].replace('_', '-')} is for asking a language model; name one "
            "(--model), or a transcript to replay (--transcript icons/llm-senses)."
        )
    return None


def _encoder(model: str) -> Encode:
    """Return the embedding source's way from texts to vectors, its cache included."""
    from taxonomy.similarity.embedding import Embedding

    source = Embedding(model)

    def encode(texts: Sequence[str]) -> Any:
        numbered = LabelSet(Label(f"{at:09d}", text) for at, text in enumerate(texts))
        return source.vectors(numbered)

    return encode


def _row(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": proposal.label.id,
        "name": proposal.label.name,
        "by": proposal.by,
        "unsure": proposal.unsure,
        "margin": round(proposal.margin, 4),
        "notes": list(proposal.notes),
        "senses": [asdict(s) | {"score": round(s.score, 4)} for s in proposal.senses],
    }


def _print(proposals: Sequence[Proposal], everything: bool) -> None:
    small = everything or len(proposals) <= _ALL_SHOWN
    shown = [p for p in proposals if small or p.unsure]
    if not small:
        # Without a synset first, then the least sure.
        shown = sorted(shown, key=lambda p: (bool(p.senses), p.margin))[:_ROWS]
    for proposal in shown:
        print(_line(proposal))
    by: Counter[str] = Counter(proposal.by for proposal in proposals)
    words = {
        "choice": "chosen",
        "wnid": "by wnid",
        "only": "with one sense",
        "llm": "by the model",
        "votes": "voted",
    }
    told = [f"{by[how]} {text}" for how, text in words.items() if by[how]]
    unsure = sum(proposal.unsure for proposal in proposals)
    print(f"{len(proposals)} labels: {', '.join(told)}; {by['nothing']} without a synset")
    hint = "; look at them, and choose: --choose LABEL=SYNSET" if unsure else ""
    rest = (
        f", {len(shown)} of them shown (--all shows all)"
        if not small and len(shown) < unsure
        else ""
    )
    print(f"{unsure} unsure (?){rest}{hint}")


def _answered(opinions: Mapping[str, Opinion]) -> str:
    """Say how many names a model told the meaning of."""
    if not opinions:
        return "nothing to ask a model: every label has a wnid (--anew) or fewer than two senses"
    told = sum(bool(opinion.wnid) for opinion in opinions.values())
    return f"the model told {told} of {len(opinions)} ambiguous names; votes decide the rest"


def _line(proposal: Proposal) -> str:
    mark = "?" if proposal.unsure else " "
    best = proposal.best
    if best is None:
        return f"{mark} {proposal.label.id:18} -  {'; '.join(proposal.notes)}"
    meant = textwrap.shorten(best.definition, 48, placeholder=" …")
    others = ", ".join(f"{one.name} {one.score:.2f}" for one in proposal.senses[1:3])
    notes = f"  ({'; '.join(proposal.notes)})" if proposal.notes else ""
    line = f"{mark} {proposal.label.id:18} {best.name:22} {best.score:.2f}  {meant:48}  {others}"
    return line.rstrip() + notes


COMMANDS = (
    Command(
        "senses",
        "Propose a WordNet synset for every class name, with a score and alternatives.",
        (
            "taxonomy senses cifar-100 --anew",
            "taxonomy senses labels.txt --choose mouse=mouse.n.04 --out labels.csv",
            "taxonomy senses labels.txt --source embedding --json",
            "taxonomy senses labels.txt --model gpt-4o-mini --price 0.15,0.60 --max-usd 1",
            "taxonomy senses icons --anew --transcript icons/llm-senses",
        ),
        _flags,
        _senses,
    ),
)
"""What this module adds to the command."""
