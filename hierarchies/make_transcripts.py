"""Write the shipped transcripts from the raw answers, all or some of them.

    python hierarchies/make_transcripts.py ANSWERS [NAME ...]

``ANSWERS`` is a folder with ``icons-rows-v1.requests.jsonl.gz`` and ``.results.jsonl.gz``,
``icons-groups-v1.0.json`` to ``.2.json``; ``cifar-100-llm-rows.jsonl.xz``, and
``cifar-100-groups-v1.jsonl.xz`` and ``imagenet-1k-groups-v1.jsonl.xz`` with a request and the text
of its answer a line; and ``icons-00.txt``, ``cifar-100-00.txt`` and so on, the answers about senses
by label set and number of the request. Requests are matched by content with those that the
templates make today, so a template that changed leaves its answers out, and this fails.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.errors import IncompleteError, LLMError
from taxonomy.builders import LanguageModelTree
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import Asker
from taxonomy.llm.asking import Asking
from taxonomy.llm.batch import keys_of, take
from taxonomy.llm.sensing import Senses
from taxonomy.llm.store import Store
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import LanguageModel

HERE = Path(__file__).parent
MODEL = "claude"
CONTEXT = "seen in icon-like pictures"
"""What the icons' prompts say of the classes; part of the key of every answer."""
ANSWERED = "cifar-100-llm-rows.jsonl.xz"
SENSES = (
    "One answer in one context of its own for each request, by a model that saw its system and "
    "user message and nothing else: names, the senses that WordNet gives for them and the names of "
    "the whole set; no definition, wnid or picture, and no checked synset. WordNet, CIFAR-100 and "
    "ImageNet may have been part of its training."
)
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
PHOTOGRAPHS = "seen in photographs"
ANCHORS = (
    "The 100 anchors were answered in two contexts of 50, each row with those before it in view, "
    "so that the two directions of a pair are not two independent judgements. Scores of unrelated "
    "pairs, 0 to 8, are noise. The model has surely met CIFAR-100 in its training."
)
SORTED = (
    "One answer, in the context that sorted ImageNet-1k's classes too. The model has surely met "
    "CIFAR-100 and its superclasses in its training."
)
DIVIDED = (
    "One answer to each of 30 requests, all in one context: one that proposes groups, 17 that "
    "place the classes in them, and 12 that sort a group each. For the last eleven groups "
    "names were read again and definitions only remembered. The model has surely met ImageNet in "
    "its training."
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

    return answered(LanguageModel(model=MODEL, context=CONTEXT), labels, fill, ORIGIN + ROWS)


def groups(folder: Path, labels: LabelSet) -> Transcript:
    """Return the transcript of the three groupings."""
    replies = [
        json.dumps(
            io.read_json(folder / f"icons-groups-v1.{number}.json"),
            separators=(",", ":"),
            ensure_ascii=False,
        )
        for number in range(3)
    ]

    def fill(asker: Asker) -> None:
        for key, question in asker.outstanding.items():
            put(asker, key, replies[question.repeat])

    asking = LanguageModelTree(model=MODEL, context=CONTEXT, repeats=3)
    return answered(asking, labels, fill, ORIGIN + GROUPS, {"groups": 1})


def anchors(folder: Path, labels: LabelSet) -> Transcript:
    """Return the transcript of the rows about CIFAR-100, whose answers are one already."""
    given = {key: answer for key, _, answer in Transcript.load(folder / ANSWERED).records}

    def fill(asker: Asker) -> None:
        for key in asker.outstanding:
            asker.store.put_answer(key, given[key])

    asking = LanguageModel(model=MODEL, context=PHOTOGRAPHS)
    return answered(asking, labels, fill, ORIGIN + ANCHORS, {"rows": 1})


def sorted_groups(folder: Path, labels: LabelSet, name: str, note: str) -> Transcript:
    """Return the transcript of a grouping in which some questions follow from answers."""
    lines = map(json.loads, io.read_xz_text(folder / f"{name}-groups-v1.jsonl.xz").splitlines())
    replies = {io.canonical_json(line["request"]["messages"]): line["answer"] for line in lines}

    def fill(asker: Asker) -> None:
        for key, question in asker.outstanding.items():
            put(asker, key, replies[io.canonical_json(question.messages)])

    asking = LanguageModelTree(model=MODEL, context=PHOTOGRAPHS)
    return answered(asking, labels, fill, ORIGIN + note, {"propose": 1, "place": 1, "groups": 1})


def senses(folder: Path, labels: LabelSet, name: str) -> Transcript:
    """Return the transcript of what a label set's names mean, many names a request."""

    def fill(asker: Asker) -> None:
        for number, key in enumerate(asker.outstanding):
            put(asker, key, (folder / f"{name}-{number:02d}.txt").read_text(encoding="utf-8"))

    settings = Senses(model=MODEL, ignore_wnids=True)
    return answered(settings, settings.shown(labels), fill, ORIGIN + SENSES)


def put(asker: Asker, key: str, reply: str) -> None:
    """Store a reply as the completion that a server would have sent."""
    message = {"role": "assistant", "content": reply}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    completion = {"object": "chat.completion", "model": MODEL, "choices": [choice]}
    asker.store.put_answer(key, completion | {"request_id": None})


def answered(
    asking: Asking[Any],
    labels: LabelSet,
    fill: Callable[[Asker], None],
    note: str,
    versions: Mapping[str, int] | None = None,
) -> Transcript:
    """Find what would be asked, let it be answered until no question follows, and take both.

    Args:
        asking: the source, the builder or the senses.
        labels: the classes, as they are shown.
        fill: stores the answers to an asker's outstanding questions.
        note: what a reader has to know.
        versions: of the prompts, where it was not the latest that was answered.

    Raises:
        LLMError: a question stays without an answer.
    """
    with Store() as store:
        while True:
            asker = Asker(store, asking.model, asking.context, asking.parameters, versions=versions)
            with suppress(IncompleteError):
                asking.ask(labels, asker)
            if not asker.outstanding:
                break
            for question in asker.outstanding.values():
                store.remember(question)
            fill(asker)
            if any(store.answer(key) is None for key in asker.outstanding):
                raise LLMError("Some questions are without an answer.")
        return Transcript.of_store(
            store, labels, asker.model, asker.context, asker.parameters, asker.used, note
        )


MAKERS = {
    "icons/llm-rows": rows,
    "icons/llm-groups": groups,
    "icons/llm-senses": partial(senses, name="icons"),
    "cifar-100/llm-rows": anchors,
    "cifar-100/llm-groups": partial(sorted_groups, name="cifar-100", note=SORTED),
    "imagenet-1k/llm-groups": partial(sorted_groups, name="imagenet-1k", note=DIVIDED),
    "cifar-100/llm-senses": partial(senses, name="cifar-100"),
}


def main() -> None:
    """Write transcripts beside their labels, or elsewhere."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("answers", type=Path, help="the folder of raw answers")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(MAKERS)} [all]")
    parser.add_argument("--out", type=Path, default=HERE, help="[beside this script]")
    arguments = parser.parse_args()
    for name in arguments.names or MAKERS:
        labels = LabelSet.read(HERE / Path(name).parent / "labels.csv")
        told = MAKERS[name](arguments.answers, labels)
        told.save(arguments.out / f"{name}.jsonl.xz")
        print(f"{name}: {len(told.records)} answers written to {arguments.out}")


if __name__ == "__main__":
    main()
