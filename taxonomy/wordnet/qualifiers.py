"""Names with a qualifier in brackets, such as ``mouse (computer equipment)`` or ``cab (taxi)``.

A qualifier names a kind, another word for the same, a use or a place. The senses that it fits are
kept: by WordNet's links where these say so, else by the words of the definitions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taxonomy.wordnet.topics import mentions

if TYPE_CHECKING:
    from taxonomy.wordnet.graph import NounGraph

_BRACKETS = re.compile(r"(?P<word>[^()\[\]]+)[(\[](?P<kind>[^()\[\]]+)[)\]](?P<rest>[^()\[\]]*)")
_KIND = re.compile(r"(?:an? )?(?:(?:kind|sort|type) of )?(?:an? )?")
_USE = re.compile(r"(?:for|on|in|at|of|with|from|part of|used)\b")
_NOT = re.compile(r"(?:non|not)\b[ -]?")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_EMPTY = {"a", "an", "the", "for", "on", "in", "at", "of", "to", "with", "from", "and", "or", "by"}


@dataclass(frozen=True)
class Narrowed:
    """The senses of a word that fit its qualifier.

    Attributes:
        nodes: these senses; all of the word's where none is known to fit.
        note: how they were found.
        guessed: whether the qualifier names a kind that none is known to be of.
    """

    nodes: tuple[int, ...]
    note: str
    guessed: bool = False


@dataclass(frozen=True)
class Qualified:
    """A word and its qualifier.

    Attributes:
        word: what stands before the brackets.
        kind: what stands in them.
        rest: what stands behind them, another name.
    """

    word: str
    kind: str
    rest: str = ""

    @classmethod
    def parse(cls, name: str) -> Qualified | None:
        """Return the parts of a name, or None where it has no brackets.

        >>> Qualified.parse("crane (type of bird)")
        Qualified(word='crane', kind='type of bird', rest='')
        """
        match = _BRACKETS.fullmatch(name.strip())
        parts = [] if match is None else [part.strip() for part in match.groups()]
        return cls(*parts) if parts and parts[0] and parts[1] else None

    def narrow(self, graph: NounGraph, nodes: Sequence[int]) -> Narrowed:
        """Return those of a word's senses that fit.

        In this order: kinds of what the qualifier names, and where it is another word for the
        same, that; the senses in whose definitions its words stand. Where none is found all are
        kept.
        """
        if named := set(graph.senses(self.rest)):
            above = set().union(*(ancestors(graph, node) for node in named))
            if fit := tuple(node for node in nodes if node in above):
                return Narrowed(fit, f"the senses of {self.word!r} that are {self.rest!r} or above")
        word, kind = self.word, _KIND.sub("", self.kind.lower(), count=1)
        if negated := _NOT.match(kind):
            kind = kind[negated.end() :]
            unlike = set(kinds_of(graph, nodes, graph.senses(kind)))
            left = tuple(node for node in nodes if node not in unlike) or tuple(nodes)
            return Narrowed(left, f"the senses of {word!r} that are no kind of {kind!r}", True)
        use = bool(_USE.match(kind))
        heads = [] if use else _head_senses(graph, kind)
        kinds = {*kinds_of(graph, nodes, heads), *(set(nodes) & set(heads))}
        words = [one for one in _WORD.findall(kind) if one not in _EMPTY]
        evidence = [
            (node in kinds) + sum(mentions(graph, node, one) for one in words) for node in nodes
        ]
        if not any(evidence):
            note = f"no sense of {word!r} is known to fit {self.kind!r}"
            return Narrowed(tuple(nodes), note, guessed=not use)
        best = max(evidence)
        fit = tuple(node for node, seen in zip(nodes, evidence, strict=True) if seen == best)
        how = "are a kind of" if kinds & set(fit) else "are defined by"
        return Narrowed(fit, f"the senses of {word!r} that {how} {kind!r}")


def kinds_of(graph: NounGraph, nodes: Sequence[int], above: Iterable[int]) -> tuple[int, ...]:
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


def _head_senses(graph: NounGraph, phrase: str) -> list[int]:
    """Return the senses of the longest end of a phrase that WordNet knows."""
    words = phrase.split()
    ends = (graph.senses(" ".join(words[first:])) for first in range(len(words)))
    return next((senses for senses in ends if senses), [])
