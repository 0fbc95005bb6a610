"""Write the shipped transcripts from the raw answers: a Batch file of rows, and three groupings.

    python hierarchies/icons/make_transcripts.py ANSWERS

``ANSWERS`` is a folder with ``icons-rows-v1.requests.jsonl.gz``, ``icons-rows-v1.results.jsonl.gz``
and ``icons-groups-v1.0.json`` to ``.2.json``. Requests are matched by content with those that the
templates make today, so a template that changed leaves its answers out, and this fails.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from taxonomy import _io
from taxonomy.builders import get_builder
from taxonomy.errors import IncompleteError, LLMError
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.batch import keys_of, take
from taxonomy.llm.store import Store
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import get_source

HERE = Path(__file__).parent
MODEL = "claude"
ORIGIN = (
    "The model is Claude (Anthropic), November 2026. No answer was computed by a program, and none "
    "was edited. "
)
ROWS = (
    "The 212 anchors were answered in seven parts of 26 to 31 (request_id names the part), each in "
    "one context with all definitions in view. Where both ends of a pair are anchors of one part, "
    "the two directions are one judgement (several parts repeat the number); across parts they are "
    "two. Several parts used 1 rather than 0 for nothing in common."
)
GROUPS = (
    "Three independent answers to one prompt. Tasks are drawn from the second one (first=1), so "
    "that tree is a reference and never a contender; a tree made of rows scores is by the same "
    "model and flattered by tasks drawn from it."
)


def rows(folder: Path, labels: LabelSet) -> Transcript:
    """Return the transcript of the rows, one anchor a request."""
    requests, results = (
        gzip.decompress((folder / f"icons-rows-v1.{what}.jsonl.gz").read_bytes()).decode()
        for what in ("requests", "results")
    )

    def fill(asker: Asker) -> None:
        keys = keys_of(requests, asker.outstanding.values(), "the requests")
        take(results, asker.store, keys)

    return answered(get_source("llm")(model=MODEL), labels, fill, ORIGIN + ROWS)


def groups(folder: Path, labels: LabelSet) -> Transcript:
    """Return the transcript of the three groupings."""
    replies = [
        json.dumps(
            _io.read_json(folder / f"icons-groups-v1.{number}.json"),
            separators=(",", ":"),
            ensure_ascii=False,
        )
        for number in range(3)
    ]

    def fill(asker: Asker) -> None:
        for key, question in asker.outstanding.items():
            message = {"role": "assistant", "content": replies[question.repeat]}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            completion = {"object": "chat.completion", "model": MODEL, "choices": [choice]}
            asker.store.put_answer(key, completion | {"request_id": None})

    return answered(get_builder("llm")(model=MODEL, repeats=3), labels, fill, ORIGIN + GROUPS)


def answered(
    settings: Any, labels: LabelSet, fill: Callable[[Asker], None], note: str
) -> Transcript:
    """Find what would be asked, let it be answered, and take questions and answers.

    Args:
        settings: the source or the builder that asks.
        labels: the classes.
        fill: stores the answers to an asker's outstanding questions.
        note: what a reader has to know.

    Raises:
        LLMError: a question stays without an answer.
    """
    with Store() as store:
        first, again = (
            Asker(store, settings.model, settings.context, settings.parameters) for _ in range(2)
        )
        with suppress(IncompleteError):
            settings.ask(labels, first)
        for question in first.outstanding.values():
            store.remember(question)
        fill(first)
        settings.ask(labels, again)
        if again.outstanding:
            raise LLMError(f"{len(again.outstanding)} questions are without an answer.")
        return Transcript.of_store(
            store, labels, again.model, again.context, again.parameters, again.used, note
        )


def main() -> None:
    """Write both transcripts beside this script, or elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("answers", type=Path, help="the folder of raw answers")
    parser.add_argument("--out", type=Path, default=HERE, help="[beside this script]")
    arguments = parser.parse_args()
    labels = LabelSet.read(HERE / "labels.csv")
    for name, make in {"llm-rows": rows, "llm-groups": groups}.items():
        told = make(arguments.answers, labels)
        told.save(arguments.out / f"{name}.jsonl.xz")
        print(f"{name}: {len(told.records)} answers written to {arguments.out}")


if __name__ == "__main__":
    main()
