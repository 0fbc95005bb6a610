"""The strategy ``senses``: which of a name's WordNet senses a language model takes it to mean.

Only ambiguous names are asked about, many in one request. A request holds names, the senses that
WordNet gives for each, and the names of the whole set; no definition, id or wnid of a label.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import LLMError
from taxonomy.labels import Label, LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.asking import Asking
from taxonomy.llm.question import Prompt, category, wire_id
from taxonomy.llm.reply import Fault, Fields, whole
from taxonomy.wordnet.graph import NounGraph
from taxonomy.wordnet.known import known
from taxonomy.wordnet.opinions import Opinion
from taxonomy.wordnet.readings import read_name

BATCH = 40
"""Most names that one request asks about."""

COMPANY = 400
"""Most names of the set that a request lists; of larger sets that many are taken evenly."""

NONE_FITS = "the model finds that no sense fits; the votes decide"


@dataclass(frozen=True)
class Senses(Asking[dict[str, Opinion]]):
    """What a language model takes ambiguous names to mean, among their WordNet senses.

    Args:
        context: what the label set is, to complete "the categories are …".
        repeats: number of independent answers to each question; the sense with most of them is
            chosen.
        ignore_wnids: ask about labels too whose WordNet id is known.
        strategy: always ``senses``; there is no other.
    """

    context: str = "the classes of one set of pictures"
    ignore_wnids: bool = False
    strategy: Literal["senses"] = "senses"

    def __call__(self, labels: LabelSet) -> dict[str, Opinion]:
        """Ask what is not stored yet and return what is answered, by label id.

        Labels whose name has fewer than two senses, or whose wnid is known, have no opinion. Where
        an answer is missing or says that no sense fits, the opinion's note says so.

        Raises:
            BudgetError: a ceiling would be passed, or nobody agreed to many requests.
            ServerError: the server failed; answers so far are stored.
            LLMError: a transcript is of other names, or a context is none.
        """
        opinions, _ = self.answers(labels)
        graph = NounGraph.load()
        # A transcript may be of labels whose wnid was known then and is not read now.
        unasked = _nothing(Fault.UNASKED)
        return {
            label.id: opinions.get(label.id, unasked)
            for label in self.shown(labels)
            if _unclear(graph, label)
        }

    def ask(self, labels: LabelSet, asker: Asker) -> dict[str, Opinion]:
        """Return what the answers say of each ambiguous name without a wnid."""
        return choose(labels, asker, self.repeats)

    @property
    def command(self) -> str:
        """What follows ``taxonomy`` to have this asked at a terminal, with … for the labels."""
        return f"senses …{self.flags('ignore_wnids', 'repeats')}"

    def shown(self, labels: LabelSet) -> LabelSet:
        """Return the labels without definitions; with `ignore_wnids`, without wnids too."""
        return LabelSet(
            Label(label.id, label.name, wnid="" if self.ignore_wnids else label.wnid)
            for label in known(labels)
        )


def choose(
    labels: LabelSet, asker: Asker, repeats: int = 1, graph: NounGraph | None = None
) -> dict[str, Opinion]:
    """Return what a model takes each ambiguous name without a wnid to mean, by label id.

    Args:
        labels: the classes, of which ids are kept to oneself and definitions are not read.
        asker: asks or reads.
        repeats: independent answers to each question.
        graph: the noun graph [the shipped one].

    Raises:
        LLMError: no answer is asked for.
    """
    if repeats < 1:
        raise LLMError(f"{repeats} repeats are no answer; ask for at least 1.")
    graph = graph or NounGraph.load()
    open_ = {item: label for item, label in _items(labels).items() if _unclear(graph, label)}
    asked = prompts(labels, open_, graph)
    counts: dict[str, Counter[int]] = {item: Counter() for item in open_}
    faults: dict[str, str] = {}
    for repeat in range(repeats):
        for outcome in asker.ask(asked, repeat):
            faults |= {item: str(fault) for item, fault in outcome.faults.items()}
            for item, number in outcome.values.items():
                counts[item][int(number)] += 1
    return {
        label.id: _opinion(graph, label.name, counts[item], faults.get(item, ""))
        for item, label in open_.items()
    }


def prompts(labels: LabelSet, asked: Mapping[str, Label], graph: NounGraph) -> list[Prompt]:
    """Return the questions, batch by batch.

    Args:
        labels: the whole set, of which the names are listed.
        asked: the labels asked about, each of several senses, by the id under which it travels.
        graph: the noun graph.
    """
    if not asked:
        return []
    names = sorted(_name(label) for label in labels)
    if len(names) > COMPANY:
        names = [names[k] for k in np.linspace(0, len(names) - 1, COMPANY).astype(int)]
    entries = {item: _entry(graph, item, label) for item, label in asked.items()}
    made = []
    for part in np.array_split(list(asked), -(-len(asked) // BATCH)):
        items = tuple(map(str, part))

        def user(wanted: Sequence[str]) -> io.Json:
            return {"names": names, "categories": [entries[item] for item in wanted]}

        checks = {item: whole(0, len(entries[item]["senses"])) for item in items}
        made.append(Prompt("senses", items, user, Fields("senses", checks)))
    return made


def _unclear(graph: NounGraph, label: Label) -> bool:
    """Return whether a label's synset is unknown and its name can mean several."""
    return not label.wnid and len(read_name(graph, label.name).nodes) > 1


def _items(labels: LabelSet) -> dict[str, Label]:
    """Return the labels by the ids under which they travel, sorted by name.

    That is the name where it is plain and no other label's, else a digest of the id; an id itself
    would tell too much, for it may be a wnid, and so would its order.
    """
    held = Counter(label.name for label in labels)

    def item(label: Label) -> str:
        own = held[label.name] == 1 and not label.name.startswith("id-")
        plain = own and wire_id(label.name) == label.name
        return label.name if plain else f"id-{io.digest(label.id)[:12]}"

    return {item(label): label for label in sorted(labels, key=lambda one: (one.name, one.id))}


def _name(label: Label) -> str:
    return category(Label(label.id, label.name))["name"]


def _entry(graph: NounGraph, item: str, label: Label) -> dict[str, io.Json]:
    """Return a category with its senses, in WordNet's order, numbered from 1."""
    senses: list[io.Json] = [
        {
            "number": number,
            "words": [lemma.replace("_", " ") for lemma in graph.lemmas(node)],
            "definition": graph.definition(node),
        }
        for number, node in enumerate(read_name(graph, label.name).nodes, start=1)
    ]
    return {"id": item, "name": _name(label), "senses": senses}


def _opinion(graph: NounGraph, name: str, counts: Counter[int], fault: str) -> Opinion:
    """Return the sense that most of the usable answers about one name choose."""
    if not counts:
        return _nothing(fault)
    (number, most), *others = counts.most_common()
    if others and others[0][1] == most:
        return Opinion(note="the model's answers are divided; the votes decide")
    if not number:
        return Opinion(note=NONE_FITS)
    return Opinion(graph.wnid(read_name(graph, name).nodes[number - 1]))


def _nothing(fault: str) -> Opinion:
    return Opinion(note=f"no usable answer of the model ({fault}); the votes decide")
