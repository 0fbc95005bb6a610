"""Which noun synsets a class name can mean: spellings, lists, compounds and qualifiers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taxonomy._core.errors import did_you_mean
from taxonomy.wordnet.graph import NEAR_WORD, fold
from taxonomy.wordnet.qualifiers import Qualified, ancestors, kinds_of
from taxonomy.wordnet.topics import mentions

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

# British spellings and American ones, for the few words of which WordNet lacks the former.
_BRITISH = (("our", "or"), ("tre", "ter"), ("ise", "ize"), ("tyre", "tire"), ("grey", "gray"))
_SEPARATOR = re.compile(r"\s*[,;/|]\s*")


@dataclass(frozen=True)
class Reading:
    """The synsets that a name can mean.

    Attributes:
        nodes: the synsets in WordNet's order of senses; empty where there is none.
        form: the words that WordNet was asked for.
        note: what was changed about the name, or why there is no synset; empty for a plain word.
        guessed: whether only a part of the name was read, so that the meaning may be another.
    """

    nodes: tuple[int, ...]
    form: str
    note: str = ""
    guessed: bool = False


def read_name(graph: NounGraph, name: str) -> Reading:
    """Return the noun synsets that a class name can mean.

    In this order: the name as it stands, with Morphy's singulars; without or with other hyphens
    and spaces; in American spelling; several names between commas or slashes, which mean what all
    of them can mean, or one turned round (``bowl, soup``); a name with a qualifier in brackets
    (`taxonomy.wordnet.qualifiers`); and an unknown compound as its first part where that is a kind
    of its last (maple tree), else as its last. Underscores are spaces.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> for name in ("t shirt", "bowl, soup", "crane_(bird)", "maple tree", "aquarium fish"):
    ...     reading = read_name(graph, name)
    ...     print([graph.name(node) for node in reading.nodes], reading.note)
    ['jersey.n.03'] read as 't-shirt'
    ['soup_bowl.n.01'] read as 'soup bowl'
    ['crane.n.05'] the senses of 'crane' that are a kind of 'bird'
    ['maple.n.02'] the senses of 'maple' that are a kind of 'tree'
    ['fish.n.01', 'fish.n.02', 'pisces.n.02', 'pisces.n.01'] not in WordNet; read as its head 'fish'
    """
    words = " ".join(name.replace("_", " ").split())
    return (
        _spelled(graph, name)
        or _qualified(graph, words)
        or _listed(graph, words)
        or _compound(graph, words)
        or Reading((), name, _why_none(graph, name))
    )


def _spelled(graph: NounGraph, name: str) -> Reading | None:
    for form in _spellings(name):
        if nodes := graph.senses(form):
            plain = fold(form) == fold(name)
            return Reading(tuple(nodes), form, "" if plain else f"read as {form!r}")
    return None


def _spellings(name: str) -> Iterator[str]:
    """Yield ways of writing a name, each once, the name itself first."""
    words = name.replace("-", " ").replace("_", " ").replace("’", "'").split()
    camel = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    written = [name, " ".join(words), "-".join(words), "".join(words), camel]
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip()
    # Words of another script lose all their letters, words with accents none.
    if len(plain) == len(name.strip()):
        written.append(plain)
    for text in list(written):
        written += [text.replace(old, new) for old, new in _BRITISH if old in text]
    yield from (text for text in dict.fromkeys(written) if text)


def _listed(graph: NounGraph, name: str) -> Reading | None:
    parts = [part for part in _SEPARATOR.split(name) if part]
    known = [reading for part in parts if (reading := _spelled(graph, part))]
    if len(parts) < 2 or not known:
        return None
    first, *others = known
    common = tuple(node for node in first.nodes if all(node in one.nodes for one in others))
    if common and others:
        return Reading(common, first.form, f"what all of {len(known)} names can mean")
    turned = " ".join([*parts[1:], parts[0]])
    if "," in name and graph.senses(turned):
        return Reading(tuple(graph.senses(turned)), turned, f"read as {turned!r}")
    kinds = kinds_of(graph, first.nodes, [node for one in others for node in one.nodes])
    return Reading(kinds or first.nodes, first.form, f"read as {first.form!r}", guessed=True)


def _qualified(graph: NounGraph, name: str) -> Reading | None:
    qualified = Qualified.parse(name)
    if qualified is None or (word := _spelled(graph, qualified.word)) is None:
        return None
    found = qualified.narrow(graph, word.nodes)
    return Reading(found.nodes, word.form, found.note, found.guessed)


def _compound(graph: NounGraph, name: str) -> Reading | None:
    words = re.split(r"[\s_-]+", name.strip())
    # The longest known end is the head: "red coffee cup" is a coffee cup.
    for first in range(1, len(words)):
        head = " ".join(words[first:])
        if senses := graph.senses(head):
            rest = " ".join(words[:first])
            kinds = kinds_of(graph, graph.senses(rest), senses)
            if kinds and _meant(graph, kinds, head):
                return Reading(kinds, rest, f"the senses of {rest!r} that are a kind of {head!r}")
            note = f"not in WordNet; read as its head {head!r}"
            return Reading(tuple(senses), head, note, guessed=True)
    return None


def _meant(graph: NounGraph, kinds: Sequence[int], head: str) -> bool:
    """Return whether a word and its kind are no chance meeting, as "stop" and "sign" are.

    (A stop is a punctuation mark, and a mark is a sign.) They are not where all the senses are
    physical things, and of the head's first sense or defined by that word.
    """
    first, thing = graph.senses(head)[0], "physical_entity.n.01"
    things = {graph.index(thing)} if graph.senses("physical entity") else set()
    return all(
        (not things or things & ancestors(graph, node))
        and (first in ancestors(graph, node) or mentions(graph, node, head))
        for node in kinds
    )


def _why_none(graph: NounGraph, name: str) -> str:
    letters = [character for character in name if character.isalpha()]
    if not letters:
        return "no letters; WordNet holds words"
    if not all("LATIN" in unicodedata.name(letter, "") for letter in letters):
        return "not in Latin letters; WordNet is English: give an English name or choose a synset"
    hint = did_you_mean("_".join(name.lower().split()), _neighbours(graph, name), NEAR_WORD)
    return f"WordNet has no such noun;{hint}" if hint else "WordNet has no such noun"


def _neighbours(graph: NounGraph, name: str) -> list[str]:
    """Return the lemmas that begin alike; comparing with all of them takes seconds."""
    start = "_".join(name.lower().split())[:3]
    first, end = graph.lemma_table.position(start), graph.lemma_table.position(start + "\U0010ffff")
    return graph.lemma_table[first:end][:5000]
