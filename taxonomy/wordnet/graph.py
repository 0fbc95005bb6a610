"""WordNet's noun graph as immutable arrays, with look-ups by name, by wnid and by word."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core import shipped
from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy._core.errors import FileFormatError, HierarchyError, LabelError, did_you_mean
from taxonomy._core.io import array_digest, load_npz
from taxonomy.wordnet.strings import FewStrings, StringTable, starts_of

_WNID = re.compile(r"n\d{8}")
# The table of lemmas is sorted as if each ended so; then (lemma, sense) sorts as synset names do.
NAME_INFIX = ".n."
NEAR_WORD = 0.75
"""How alike a word of WordNet must be to be suggested; among so many some are always near."""
# The noun rules of Morphy, WordNet's own lemmatiser (manual page morphy(7WN)).
_PLURAL_ENDINGS = (
    ("s", ""),
    ("ses", "s"),
    ("ves", "f"),
    ("xes", "x"),
    ("zes", "z"),
    ("ches", "ch"),
    ("shes", "sh"),
    ("men", "man"),
    ("ies", "y"),
)
_ARRAYS = (
    "definition_bytes",
    "definition_lengths",
    "exception_bytes",
    "exception_lengths",
    "hypernym_counts",
    "hypernym_indices",
    "hypernym_is_instance",
    "lemma_bytes",
    "lemma_lengths",
    "lexname_bytes",
    "lexname_ids",
    "lexname_lengths",
    "member_counts",
    "member_lemmas",
    "member_senses",
    "member_uses",
    "offsets",
    "source",
    "spelling_bytes",
    "spelling_lengths",
    "spelling_members",
)
_LOADING = Lock()


@dataclass(frozen=True, eq=False)
class NounGraph:
    """The noun synsets of a WordNet, numbered 0 … n-1 by offset, and their hypernym links.

    All arrays are write-protected, so that threads may share a graph. A synset's *members* are its
    lemmas in WordNet's order; arrays named ``member_…`` run over all members of all synsets.

    Attributes:
        offsets: (n,) byte offsets in WordNet's ``data.noun``; ``n%08d`` makes one a wnid.
        hypernym_indptr: (n + 1,) where each synset's hypernyms start in ``hypernym_indices``.
        hypernym_indices: (links,) hypernyms, then instance hypernyms, each in WordNet's order.
        hypernym_is_instance: (links,) whether a link says *is an instance of*.
        lexname_ids: (n,) which of ``lexnames`` holds a synset.
        lexnames: names of the lexicographer files, such as ``noun.animal``.
        member_indptr: (n + 1,) where each synset's members start.
        member_lemmas: (members,) ids of the members' lower-case lemmas in ``lemma_table``.
        member_senses: (members,) which sense, from 1, of its lemma the synset is.
        member_uses: (members,) how often the sense was tagged in WordNet's text corpora.
        lemma_table: lower-case lemmas, sorted as in synset names.
        definition_table: the synsets' definitions.
        exceptions: irregular plurals and their singulars.
        spellings: the members that are not lower-case, as WordNet spells them.
        provenance: what made the graph, from which files.

    >>> graph = NounGraph.load()
    >>> dog = graph.index("dog.n.01")
    >>> graph.wnid(dog), graph.lemmas(dog)
    ('n02084071', ('dog', 'domestic_dog', 'Canis_familiaris'))
    >>> [graph.name(node) for node in graph.hypernyms(dog)]
    ['canine.n.02', 'domestic_animal.n.01']
    """

    offsets: npt.NDArray[np.int32]
    hypernym_indptr: IntArray
    hypernym_indices: npt.NDArray[np.int32]
    hypernym_is_instance: BoolArray
    lexname_ids: npt.NDArray[np.uint8]
    lexnames: tuple[str, ...]
    member_indptr: IntArray
    member_lemmas: npt.NDArray[np.int32]
    member_senses: npt.NDArray[np.uint8]
    member_uses: npt.NDArray[np.int32]
    lemma_table: StringTable
    definition_table: StringTable
    exceptions: Mapping[str, tuple[str, ...]]
    spellings: Mapping[int, str]
    provenance: Mapping[str, Any]
    digest: str = field(repr=False)

    @staticmethod
    def load(path: Path | str | None = None) -> NounGraph:
        """Return the shipped graph, or that of another file; a file is read once per process.

        Raises:
            FileFormatError: the file is missing, damaged, or is no noun graph.
        """
        where = shipped.path("wordnet/nouns.npz") if path is None else Path(path)
        with _LOADING:
            return _load(where.resolve())

    @classmethod
    def from_hypernyms(cls, hypernyms: Mapping[str, Sequence[str]]) -> NounGraph:
        """Make a small graph of lemmas of one sense each, without definitions.

        Args:
            hypernyms: the hypernyms of every lemma; synsets are numbered in the mapping's order.

        Raises:
            LabelError: a hypernym is not a key of the mapping.

        >>> graph = NounGraph.from_hypernyms({"entity": [], "dog": ["entity"]})
        >>> graph.name(1), graph.hypernyms(1)
        ('dog.n.01', (0,))
        """
        numbers = {lemma: number for number, lemma in enumerate(hypernyms)}
        for lemma, parents in hypernyms.items():
            for parent in parents:
                if parent not in numbers:
                    hint = did_you_mean(parent, numbers)
                    raise LabelError(f"{lemma!r}: its hypernym {parent!r} is no key.{hint}")
        lemmas = sorted(hypernyms, key=lambda lemma: lemma + NAME_INFIX)
        count = len(numbers)
        links = [numbers[parent] for parents in hypernyms.values() for parent in parents]
        arrays: dict[str, npt.NDArray[Any]] = {
            "offsets": np.arange(count, dtype=np.int32),
            "hypernym_counts": np.array([len(p) for p in hypernyms.values()], dtype=np.uint8),
            "hypernym_indices": np.array(links, dtype=np.int32),
            "hypernym_is_instance": np.zeros(len(links), dtype=np.bool_),
            "lexname_ids": np.zeros(count, dtype=np.uint8),
            "member_counts": np.ones(count, dtype=np.uint8),
            "member_lemmas": np.argsort([numbers[lemma] for lemma in lemmas]).astype(np.int32),
            "member_senses": np.ones(count, dtype=np.uint8),
            "member_uses": np.zeros(count, dtype=np.int32),
            "source": np.frombuffer(b'{"made_by":"from_hypernyms"}', dtype=np.uint8),
            "spelling_members": np.zeros(0, dtype=np.int32),
        }
        tables = {"definition": [""] * count, "lemma": lemmas, "lexname": ["noun.Tops"]}
        for name in ("definition", "exception", "lemma", "lexname", "spelling"):
            table = StringTable.of(tables.get(name, []))
            arrays[f"{name}_bytes"], arrays[f"{name}_lengths"] = table.arrays()
        return cls.from_arrays(arrays)

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray[Any]]) -> NounGraph:
        """Make a graph of the arrays of its file, which become write-protected."""
        for array in arrays.values():
            array.flags.writeable = False

        def table(name: str) -> StringTable:
            return StringTable.from_arrays(arrays[f"{name}_bytes"], arrays[f"{name}_lengths"])

        plurals = (line.split(" ") for line in table("exception"))
        return cls(
            offsets=arrays["offsets"],
            hypernym_indptr=starts_of(arrays["hypernym_counts"]),
            hypernym_indices=arrays["hypernym_indices"],
            hypernym_is_instance=arrays["hypernym_is_instance"],
            lexname_ids=arrays["lexname_ids"],
            lexnames=tuple(table("lexname")),
            member_indptr=starts_of(arrays["member_counts"]),
            member_lemmas=arrays["member_lemmas"],
            member_senses=arrays["member_senses"],
            member_uses=arrays["member_uses"],
            lemma_table=table("lemma"),
            definition_table=table("definition"),
            exceptions=MappingProxyType({plural: tuple(rest) for plural, *rest in plurals}),
            spellings=FewStrings(arrays["spelling_members"], table("spelling")),
            provenance=MappingProxyType(json.loads(arrays["source"].tobytes())),
            digest=array_digest(*(arrays[name] for name in _ARRAYS if name != "source")),
        )

    def __len__(self) -> int:
        return len(self.offsets)

    def index(self, key: str) -> int:
        """Return the number of the synset with a name such as ``dog.n.01``, or with a wnid.

        As in nltk, any lemma of a synset names it: ``domestic_dog.n.01`` is ``dog.n.01``.

        Raises:
            LabelError: there is no such noun synset.
        """
        if _WNID.fullmatch(key):
            offset = np.int32(key[1:])  # of the array's type, or all of it would be converted
            node = int(np.searchsorted(self.offsets, offset))
            if node < len(self) and self.offsets[node] == offset:
                return node
            raise LabelError(
                f"No noun synset has the wnid {key!r}; wnids are byte offsets in WordNet 3.0, "
                "those of other versions differ."
            )
        lemma, _, rest = fold(key).rpartition(NAME_INFIX)
        nodes = self._senses_of(lemma) if rest.isdecimal() else []
        if nodes and 1 <= int(rest) <= len(nodes):
            return nodes[int(rest) - 1]
        raise LabelError(f"No noun synset {key!r}.{self._suggestion(lemma or fold(key), rest)}")

    def indices(self, wnids: Sequence[str]) -> IntArray:
        """Return the number of each synset by its wnid, -1 where there is none.

        >>> graph = NounGraph.load()
        >>> [graph.name(node) for node in graph.indices(["n02084071", "n02121620"])]
        ['dog.n.01', 'cat.n.01']
        """
        offsets = np.array([int(wnid[1:]) for wnid in wnids], dtype=self.offsets.dtype)
        nodes = np.minimum(np.searchsorted(self.offsets, offsets), len(self) - 1)
        return np.where(self.offsets[nodes] == offsets, nodes, -1)

    def name(self, node: int) -> str:
        """Return a synset's name, such as ``dog.n.01``."""
        first = self.member_indptr[node]
        lemma = self.lemma_table[int(self.member_lemmas[first])]
        return f"{lemma}{NAME_INFIX}{self.member_senses[first]:02d}"

    def wnid(self, node: int) -> str:
        """Return a synset's wnid, such as ``n02084071``."""
        return f"n{self.offsets[node]:08d}"

    def definition(self, node: int) -> str:
        """Return a synset's definition, without examples."""
        return self.definition_table[node]

    def lexname(self, node: int) -> str:
        """Return the lexicographer file that holds a synset, such as ``noun.animal``."""
        return self.lexnames[int(self.lexname_ids[node])]

    def lemmas(self, node: int) -> tuple[str, ...]:
        """Return a synset's lemmas in WordNet's order and spelling, spaces as underscores."""
        members = range(int(self.member_indptr[node]), int(self.member_indptr[node + 1]))
        return tuple(
            self.spellings.get(member) or self.lemma_table[int(self.member_lemmas[member])]
            for member in members
        )

    def first_lemmas(self, nodes: IntArray) -> list[str]:
        """Return each synset's first lemma, as `lemmas` spells it.

        >>> graph = NounGraph.load()
        >>> graph.first_lemmas(np.array([graph.index("dog.n.01"), graph.index("earth.n.01")]))
        ['dog', 'Earth']
        """
        members = self.member_indptr[nodes]
        found = [self.lemma_table[lemma] for lemma in self.member_lemmas[members].tolist()]
        spelled = np.isin(members, np.array(list(self.spellings), dtype=members.dtype))
        for place in np.flatnonzero(spelled).tolist():
            found[place] = self.spellings[int(members[place])]
        return found

    def lemma_uses(self, node: int) -> tuple[int, ...]:
        """Return how often each of a synset's lemmas was tagged with it, in order of lemmas."""
        first, end = self.member_indptr[node], self.member_indptr[node + 1]
        return tuple(int(uses) for uses in self.member_uses[first:end])

    def hypernyms(self, node: int) -> tuple[int, ...]:
        """Return a synset's hypernyms, then its instance hypernyms."""
        first, end = self.hypernym_indptr[node], self.hypernym_indptr[node + 1]
        return tuple(int(parent) for parent in self.hypernym_indices[first:end])

    def senses(self, word: str) -> list[int]:
        """Return the synsets that a word may mean, in WordNet's order of senses; none if unknown.

        Case, spaces and underscores do not matter. The word's own senses come first, then those of
        its singulars by Morphy's rules and exceptions, as in nltk, but each synset once.

        >>> graph = NounGraph.load()
        >>> [graph.name(node) for node in graph.senses("Polar Bears")]
        ['ice_bear.n.01']
        """
        form = fold(word)
        singulars: Sequence[str] = self.exceptions.get(form) or [
            form.removesuffix(ending) + singular
            for ending, singular in _PLURAL_ENDINGS
            if form.endswith(ending)
        ]
        forms = dict.fromkeys((form, *singulars))
        return list(dict.fromkeys(node for one in forms for node in self._senses_of(one)))

    @cached_property
    def _sense_index(self) -> tuple[IntArray, npt.NDArray[np.int32]]:
        """Where each lemma's senses start, and the senses' synsets."""
        nodes = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.member_indptr))
        # A synset may hold two spellings of one lemma (Earth, earth); they are one sense.
        key = self.member_lemmas.astype(np.int64) << 8 | self.member_senses
        unique, first = np.unique(key, return_index=True)
        counts = np.bincount(unique >> 8, minlength=len(self.lemma_table))
        return starts_of(counts), nodes[first]

    def _senses_of(self, lemma: str) -> list[int]:
        place = self.lemma_table.position(lemma, NAME_INFIX)
        if place == len(self.lemma_table) or self.lemma_table[place] != lemma:
            return []
        starts, nodes = self._sense_index
        return [int(node) for node in nodes[starts[place] : starts[place + 1]]]

    def nearest(self, word: str) -> str:
        """Return `did_you_mean` for a word that WordNet lacks, or an empty string.

        >>> NounGraph.load().nearest("teapott")
        " Did you mean 'teapot'?"
        """
        return did_you_mean(fold(word), self._near(fold(word)), NEAR_WORD)

    def _near(self, lemma: str) -> list[str]:
        """Return the lemmas that a misspelt one may stand for."""
        # Comparing with all lemmas takes seconds; those with the same start are near enough.
        first = self.lemma_table.position(lemma[:1])
        end = self.lemma_table.position(lemma[:1] + "\U0010ffff")
        return [other for other in self.lemma_table[first:end] if other[1:2] in lemma]

    def _suggestion(self, lemma: str, rest: str) -> str:
        senses = len(self._senses_of(lemma))
        if senses:
            return f" {lemma!r} has {senses} noun sense(s), from '{lemma}{NAME_INFIX}01' on."
        sense = rest if rest.isdecimal() else "01"
        return did_you_mean(
            f"{lemma}{NAME_INFIX}{sense}",
            (f"{other}{NAME_INFIX}{sense}" for other in self._near(lemma)),
        )

    @cached_property
    def min_depths(self) -> npt.NDArray[np.int32]:
        """(n,) edges on the shortest way up to a root."""
        return self._depths(np.minimum)

    @cached_property
    def max_depths(self) -> npt.NDArray[np.int32]:
        """(n,) edges on the longest way up to a root."""
        return self._depths(np.maximum)

    def _depths(self, choose: np.ufunc) -> npt.NDArray[np.int32]:
        """Relax depths over all links until none changes, which takes one round per level."""
        below_root = np.flatnonzero(np.diff(self.hypernym_indptr))
        starts = self.hypernym_indptr[below_root]
        depths = np.zeros(len(self), dtype=np.int32)
        for _ in range(len(self) + 1):
            if not len(below_root):
                break
            deeper = choose.reduceat(depths[self.hypernym_indices], starts) + 1
            if np.array_equal(deeper, depths[below_root]):
                break
            depths[below_root] = deeper
        else:
            raise HierarchyError("The hypernym links have a cycle, so depths do not exist.")
        depths.flags.writeable = False
        return depths


def fold(word: str) -> str:
    """Return a word as WordNet's index spells it: lower-case, underscores for spaces.

    >>> fold("  Polar bear ")
    'polar_bear'
    """
    return "_".join(word.lower().split())


@cache
def _load(path: Path) -> NounGraph:
    arrays = load_npz(path, *_ARRAYS)
    try:
        return NounGraph.from_arrays(arrays)
    except (ValueError, IndexError) as error:
        raise FileFormatError(f"{path}: not a noun graph ({error}).") from error
