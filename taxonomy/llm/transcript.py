"""Transcripts: requests and raw answers in one compressed file, from which a tree is replayed."""

from __future__ import annotations

import lzma
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from taxonomy._core import io, shipped
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.errors import FileFormatError, LLMError, did_you_mean, naming, told
from taxonomy._core.shipped import list_shipped
from taxonomy.labels import Label, LabelSet
from taxonomy.llm.question import category, key_of
from taxonomy.llm.store import Store, checked_answer

FORMAT = "taxonomy-transcript"


_VERSION = re.compile(r"[0-9]{1,4}")
"""Of a template: no number that a file can blow up."""


@dataclass(frozen=True)
class Transcript:
    """Recorded requests to a language model with its raw answers, from which a run is replayed.

    Args:
        labels: the classes asked about.
        model: name of the model.
        context: what the templates' ``{context}`` said.
        parameters: sampling parameters.
        records: key, request and answer, by key.
        note: what else a reader has to know, such as how independent the answers are.
    """

    labels: LabelSet
    model: str
    context: str
    parameters: Mapping[str, io.Json]
    records: tuple[tuple[str, io.Json, io.Json], ...]
    note: str = ""

    @property
    def strategy(self) -> str:
        """The strategy asked by, such as ``rows``; ``rows-digit`` where digits were asked for."""
        named = {str(request["template"]).rpartition("-v")[0] for _, request, _ in self.records}
        for strategy in ("groups", "assign"):
            if strategy in named:
                return strategy
        return min(named, default="")

    @property
    def versions(self) -> dict[str, int]:
        """The version of each template that its questions were made of, the latest where several.

        >>> Transcript.load("icons/llm-groups").versions
        {'groups': 1}
        """
        named = {str(request["template"]).rpartition("-v")[::2] for _, request, _ in self.records}
        return {
            name: int(version) for name, version in sorted(named) if _VERSION.fullmatch(version)
        }

    def store(self) -> Store:
        """Return a store in memory that holds all answers."""
        store = Store(":memory:")
        for key, request, answer in self.records:
            store.put_request(key, request)
            store.put_answer(key, answer)
        return store

    def save(self, path: Path | str) -> None:
        """Write the transcript atomically as xz-compressed JSON lines; equal ones, equal bytes."""
        head = {
            "format": FORMAT,
            "version": 1,
            "model": self.model,
            "context": self.context,
            "parameters": dict(self.parameters),
            "note": self.note,
            "labels": [[x.id, x.name, x.definition, x.wnid] for x in self.labels],
        }
        lines = [
            head,
            *({"request": request, "answer": answer} for _, request, answer in self.records),
        ]
        text = "".join(io.canonical_json(line) + "\n" for line in lines)
        io.write_bytes(path, lzma.compress(text.encode(), preset=9))

    @classmethod
    def load(cls, name: Path | str) -> Transcript:
        """Read a transcript from a file, or a shipped one such as ``icons/llm-rows``.

        Raises:
            FileFormatError: the file is missing, damaged, or no transcript.
        """
        listed = f"{name}.jsonl.xz"
        path = shipped.path(listed) if listed in shipped.index() else Path(name)
        try:
            return _load(path, path.stat().st_mtime_ns)
        except OSError as error:
            near = did_you_mean(str(name), (thing.name for thing in list_shipped("transcripts")))
            message = f"cannot be read ({error.strerror}).{near}"
            raise FileFormatError(told(path, message)) from error

    @classmethod
    def of_store(
        cls,
        store: Store,
        labels: LabelSet,
        model: str,
        context: str,
        parameters: Mapping[str, io.Json],
        keys: Iterable[str],
        note: str = "",
    ) -> Transcript:
        """Take the answers of the given keys out of a store.

        Raises:
            LLMError: none of them is there.
        """
        wanted = set(keys)
        records = tuple(record for record in store.records() if record[0] in wanted)
        if not records:
            raise LLMError(
                "No answer to these questions is stored yet; ask them, or name another `store`."
            )
        return cls(labels, model, context, parameters, records, note)


def asked_about(transcript: str, labels: LabelSet) -> LabelSet:
    """Return the classes that questions are about: those of a transcript, which may hold more.

    Raises:
        LLMError: the transcript lacks a class, or means something else by it.
    """
    if not transcript:
        return labels
    told = Transcript.load(transcript).labels
    for label in labels:
        if label.id not in told or category(told[label.id]) != category(label):
            raise LLMError(
                f"The transcript {transcript} has no class {label.id!r} with this name and "
                "definition; ask a `model` instead."
            )
    return told


@dataclass(frozen=True)
class _Head:
    """The first line of a file."""

    format: str
    version: int
    model: str
    context: str
    parameters: dict[str, io.Json]
    labels: tuple[tuple[str, str, str, str], ...]
    note: str = ""


@dataclass(frozen=True)
class _Request:
    """What of a request is read; the rest is kept as it is."""

    body: dict[str, io.Json]
    template: str
    template_digest: str
    repeat: int
    attempt: int


@dataclass(frozen=True)
class _Record:
    """Any further line."""

    request: _Request
    answer: dict[str, io.Json]


@lru_cache(maxsize=4)
def _load(path: Path, _changed: int) -> Transcript:
    """Read a transcript; the time of its last change is part of the cache's key."""
    lines = io.read_xz_text(path).rstrip("\n").split("\n")
    values = [parse_json(line, f"{path}, line {n}") for n, line in enumerate(lines, start=1)]
    first = values[0]
    if not isinstance(first, dict) or (first.get("format"), first.get("version")) != (FORMAT, 1):
        raise FileFormatError(told(path, f"not a {FORMAT} file, version 1."))
    head = decode(_Head, first, f"{path}, line 1", checked=True)
    records = []
    for number, value in enumerate(values[1:], start=2):
        # What a store holds was checked when it came; what a file holds is checked here.
        where = f"{path}, line {number}"
        decode(_Record, value, where, closed=False, checked=True)
        request = value["request"]
        key = key_of(
            request["body"], request["template_digest"], request["repeat"], request["attempt"]
        )
        answer = checked_answer(value["answer"], where, FileFormatError)
        records.append((key, request, answer))
    with naming(f"{path}, line 1", FileFormatError):
        labels = LabelSet(Label(*fields) for fields in head.labels)
    return Transcript(
        labels,
        head.model,
        head.context,
        head.parameters,
        tuple(sorted(records, key=lambda record: record[0])),
        head.note,
    )
