"""Transcripts: requests and raw answers in one compressed file, from which a tree is replayed."""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from taxonomy._core import io, shipped
from taxonomy._core.errors import FileFormatError, LLMError
from taxonomy.labels import Label, LabelSet
from taxonomy.llm.question import category, key_of
from taxonomy.llm.store import Store

FORMAT = "taxonomy-transcript"


@dataclass(frozen=True)
class Transcript:
    """Requests with their answers as they came.

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
        """How was asked, such as ``rows``; ``rows-digit`` where digits were asked for."""
        named = {str(request["template"]).rpartition("-v")[0] for _, request, _ in self.records}
        for strategy in ("groups", "assign"):
            if strategy in named:
                return strategy
        return min(named, default="")

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
            raise FileFormatError(f"{path}: cannot be read ({error.strerror}).") from error

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
            raise LLMError("No answer to these questions is stored yet; ask them, or name --store.")
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
                "definition; ask a model instead: --model."
            )
    return told


@lru_cache(maxsize=4)
def _load(path: Path, _changed: int) -> Transcript:
    """Read a transcript; the time of its last change is part of the cache's key."""
    try:
        lines = lzma.decompress(path.read_bytes()).decode().rstrip("\n").split("\n")
        head, *others = (json.loads(line) for line in lines)
        if not isinstance(head, dict) or head.get("format") != FORMAT or head.get("version") != 1:
            raise FileFormatError(f"{path}: not a {FORMAT} file, version 1.")
        records = []
        for line in others:
            request = line["request"]
            key = key_of(
                request["body"], request["template_digest"], request["repeat"], request["attempt"]
            )
            # What a store holds was checked when it came; what a file holds is checked here.
            if not isinstance(line["answer"]["choices"][0]["message"], dict):
                raise TypeError("an answer is no chat completion")
            records.append((key, request, line["answer"]))
        return Transcript(
            LabelSet(Label(*fields) for fields in head["labels"]),
            str(head["model"]),
            str(head["context"]),
            dict(head["parameters"]),
            tuple(sorted(records, key=lambda record: record[0])),
            str(head.get("note", "")),
        )
    except (
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        AttributeError,
        EOFError,
        lzma.LZMAError,
    ) as error:
        raise FileFormatError(f"{path}: a damaged transcript ({error}).") from error
