"""Which noun synsets a class name can mean: spellings, compounds and qualifiers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taxonomy._core.errors import did_you_mean
from taxonomy.wordnet.graph import NEAR_WORD, fold

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

# British spellings and American ones, for the few words of which WordNet lacks the former.
_BRITISH = (("our", "or"), ("tre", "ter"), ("ise", "ize"), ("tyre", "tire"), ("grey", "gray"))
_QUALIFIED = re.compile(r"(?P<word>[^()]+)\((?P<kind>[^()]+)\)")


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
    and spaces; in American spelling; several names between commas, which mean what all of them
    can mean; ``crane (bird)``, the senses of the first that are kinds of the second; and an unknown
    compound as its first part where that is a kind of its last (maple tree), else as its last.

    >>> from taxonomy.wordnet import NounGraph
    >>> graph = NounGraph.load()
    >>> for name in ("t shirt", "crane (bird)", "maple tree", "aquarium fish"):
    ...     reading = read_name(graph, name)
    ...     print([graph.name(node) for node in reading.nodes], reading.note)
    ['jersey.n.03'] read as 't-shirt'
    ['crane.n.05'] the senses of 'crane' that are a kind of 'bird'
    ['maple.n.02'] the senses of 'maple' that are a kind of 'tree'
    ['fish.n.01', 'fish.n.02', 'pisces.n.02', 'pisces.n.01'] not in WordNet; read as its head 'fish'
    """
    for form in _spellings(name):
        if nodes := graph.senses(form):
            plain = fold(form) == fold(name)
            return Reading(tuple(nodes), form, "" if plain else f"read as {form!r}")
    return (
        _listed(graph, name)
        or _qualified(graph, name)
        or _compound(graph, name)
        or Reading((), name, _why_none(graph, name))
    )


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
    readings = [graph.senses(part) for part in name.split(",")] if "," in name else []
    known = [nodes for nodes in readings if nodes]
    if not known:
        return None
    common = [node for node in known[0] if all(node in other for other in known[1:])]
    first = next(part.strip() for part in name.split(",") if graph.senses(part))
    if common and len(known) > 1:
        return Reading(tuple(common), first, f"what all of {len(known)} names can mean")
    return Reading(tuple(known[0]), first, f"read as {first!r}", guessed=True)


def _qualified(graph: NounGraph, name: str) -> Reading | None:
    if (match := _QUALIFIED.fullmatch(name.strip())) is None:
        return None
    word, kind = match["word"].strip(), match["kind"].strip()
    senses = graph.senses(word)
    if not senses:
        return None
    if chosen := _kinds_of(graph, senses, graph.senses(kind)):
        return Reading(chosen, word, f"the senses of {word!r} that are a kind of {kind!r}")
    note = f"no sense of {word!r} is a kind of {kind!r}"
    return Reading(tuple(senses), word, note, guessed=True)


def _compound(graph: NounGraph, name: str) -> Reading | None:
    words = re.split(r"[\s_-]+", name.strip())
    # The longest known end is the head: "red coffee cup" is a coffee cup.
    for first in range(1, len(words)):
        head = " ".join(words[first:])
        if senses := graph.senses(head):
            rest = " ".join(words[:first])
            if kinds := _kinds_of(graph, graph.senses(rest), senses):
                return Reading(kinds, rest, f"the senses of {rest!r} that are a kind of {head!r}")
            note = f"not in WordNet; read as its head {head!r}"
            return Reading(tuple(senses), head, note, guessed=True)
    return None


def _kinds_of(graph: NounGraph, nodes: list[int], above: list[int]) -> tuple[int, ...]:
    """Return the nodes that have one of the others as a proper ancestor."""
    wanted = set(above)
    return tuple(node for node in nodes if wanted & (ancestors(graph, node) - {node}))


def ancestors(graph: NounGraph, node: int) -> set[int]:
    """Return a synset and all that stand above it."""
    seen, waiting = {node}, [node]
    while waiting:
        above = set(graph.hypernyms(waiting.pop())) - seen
        seen |= above
        waiting.extend(above)
    return seen


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
