"""A language model's answers: in transcripts, results, stores and replies, and what is read."""

from __future__ import annotations

import atexit
import json
from collections.abc import Callable
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from taxonomy._core import io
from taxonomy._core.errors import TaxonomyError
from taxonomy.builders.llm import LanguageModelTree
from taxonomy.llm import batch
from taxonomy.llm.asker import Asker
from taxonomy.llm.embeddings import embed
from taxonomy.llm.grouping import Tree
from taxonomy.llm.question import Prompt, Question
from taxonomy.llm.reply import Fields, Reply, Single, integer, phrase, whole
from taxonomy.llm.scoring import judge
from taxonomy.llm.store import Store
from taxonomy.llm.transcript import Transcript
from taxonomy.similarity import (
    LanguageModel,
)
from tests.support.asking import asking, quick
from tests.support.mutants import of_json
from tests.support.read_values import FOUR
from tests.support.server import Raw, completion, data_of, good_answer, serve

# Language models.


class _Nobody:
    """A client that answers well, without a server, in answers of any length."""

    room = None

    def __init__(self, store: Store) -> None:
        self.store = store

    def run(self, jobs: list[Callable[[], Question | None]]) -> None:
        for job in jobs:
            while (question := job()) is not None:
                self.store.remember(question)
                body = {"messages": question.messages}
                self.store.put_answer(question.key, completion(_answer(body)))


def _answer(body: dict[str, Any]) -> str:
    asked = data_of(body)
    if "categories" in asked and "anchor" not in asked:
        names = [entry["id"] for entry in asked["categories"]]
        return json.dumps(
            {
                "name": "all",
                "children": [
                    {"name": "a", "leaves": names[:2]},
                    {"name": "b", "leaves": names[2:]},
                ],
            }
        )
    return good_answer(body)


@contextmanager
def _asked(path: Path | str):
    """Give a store whose every question is answered, and who asked."""
    with Store(path) as store:
        yield store, Asker(store, "m", "", {}, _Nobody(store))


def transcripts(folder: Path) -> list[bytes]:
    made = []
    for strategy in ("rows", "groups"):
        with _asked(":memory:") as (store, asker):
            if strategy == "rows":
                judge("rows", FOUR, asker)
            else:
                LanguageModelTree(model="m").ask(FOUR, asker)
            told = Transcript.of_store(store, FOUR, "m", "", {"seed": 1}, asker.used, "by hand")
        told.save(folder / "t.jsonl.xz")
        made.append((folder / "t.jsonl.xz").read_bytes())
    return made


def transcript(path: Path) -> Transcript:
    told = Transcript.load(path)
    assert isinstance(told.strategy, str)
    for asks in (
        LanguageModel(transcript=str(path), missing="fill"),
        LanguageModelTree(transcript=str(path)),
    ):
        try:
            asks(told.labels)
        except TaxonomyError:
            continue
    return told


def results(_: Path) -> list[bytes]:
    with _asked(":memory:") as (_, asker):
        asker.client = None
        judge("rows", FOUR, asker)
        questions = list(asker.outstanding.values())
    lines, requests = [], []
    for question in questions:
        body = completion(good_answer({"messages": question.messages}))
        response = {"status_code": 200, "request_id": "r", "body": body}
        lines.append({"id": "b", "custom_id": question.key, "response": response, "error": None})
        body = {**question.body, "max_tokens": 3}
        requests.append({"custom_id": "mine", "method": "POST", "url": "/v1", "body": body})
    return ["\n".join(map(json.dumps, some)).encode() for some in (lines, requests)]


def imported(path: Path) -> Any:
    text = io.read_text(path)
    with _asked(":memory:") as (store, asker):
        asker.client = None
        judge("rows", FOUR, asker)
        for question in asker.outstanding.values():
            store.remember(question)
        counts = batch.take(text, store)
        judged = judge("rows", FOUR, asker)
        try:
            batch.keys_of(text, asker.outstanding.values(), str(path))
        except TaxonomyError:
            if not counts["taken"]:
                raise
        return judged.ids, io.array_digest(judged.scores)


def stores(folder: Path) -> list[bytes]:
    with _asked(folder / "s.sqlite") as (store, asker):
        judge("rows", FOUR, asker)
        send = store.open_send("k", 3, 4, (1, None))
        store.close_send(send, "answered", (3, 3))
        store.open_send("k", 3, 4, (None, None))
        store.put_batch("b", {"file": "f", "batch": "b", "text": "x"}, "started", ["k", "l"])
    return [(folder / "s.sqlite").read_bytes()]


def store(path: Path) -> Any:
    with _asked(path) as (store, asker):
        asker.client = None
        judge("rows", FOUR, asker)
        records = list(store.records())
        found = (
            [store.request(key) for key, *_ in records],
            [store.answer(key) for key, *_ in records],
        )
        store.bill((3, 4))
        store.tokens()
        store.open_sends(["k"])
        store.put_batch("c", {"file": "f"}, "prepared", ["k"])
        batches = store.batches()
        len(store)
        send = store.open_send("k", 3, 4, (1, None))
        store.finish(send, "new", completion("x"), (1, 2))
    return io.digest([records, *found, batches])


FORMS: dict[bytes, tuple[str, tuple[str, ...], Reply]] = {
    b"anchor": ("rows", ("bee", "car"), Fields("scores", integer(0, 100), {"anchor": "ant"})),
    b"senses": (
        "senses",
        ("bee", "car"),
        Fields("senses", {"bee": whole(0, 3), "car": whole(0, 2)}),
    ),
    b"children": ("groups", ("tree",), Tree(frozenset(FOUR.ids))),
    b"description": ("describe", ("description",), Single("description", phrase(60))),
    b"": ("rows-digit", ("bee", "car"), Fields("scores", integer(0, 9))),
}
"""Template, items and form of the question that a reply with this word in it may answer."""
REPLIES = (
    '{"anchor": "ant", "scores": {"bee": 70, "car": 3}}',
    'So: {"scores": {"bee": 7, "car": 3}}',
    '<think>{"senses": 1}</think>```json\n{"senses": {"bee": 1, "car": 2}}\n```',
    '{"children": [{"name": "a", "leaves": ["ant", "bee"]}, {"name": "b", "leaves": ["car"]}]}',
    '{"description": "It is small."}',
)


def replies(_: Path) -> list[bytes]:
    made = []
    for text in REPLIES:
        tokens = [
            {
                "token": part,
                "logprob": -0.1,
                "top_logprobs": [{"token": part, "logprob": -0.1}, {"token": "4", "logprob": -3}],
            }
            for part in text
        ]
        answer = completion(text, choice={"logprobs": {"content": tokens}})
        made.append(json.dumps(answer).encode())
    return made


def change_reply(data: bytes, random: Random) -> bytes:
    """Change a completion, or the answer in it."""
    answer = json.loads(data)
    message = answer["choices"][0]["message"]
    start, end = message["content"].find("{"), message["content"].rfind("}") + 1
    if random.random() < 0.5 or start < 0:
        return of_json(data, random)
    text = message["content"]
    try:
        inner = of_json(text[start:end].encode(), random).decode("utf-8", "surrogatepass")
    except ValueError:
        inner = random.choice(["{" * 2000, '{"a":' * 5000, "{}" * 900, "```" * 5000])
    if random.random() < 0.2:
        inner = random.choice(
            [inner * 2, inner + "x" * 10_000, "<think>" + inner, inner[: len(inner) // 2]]
        )
    message["content"] = text[:start] + inner + text[end:]
    return json.dumps(answer).encode()


@cache
def _server() -> Any:
    """Return a server on loopback that runs until the tests end."""
    running = serve()
    server = running.__enter__()
    atexit.register(running.__exit__, None, None, None)
    return server


def _answering(path: Path) -> str:
    """Have the server answer with a file's bytes; return its address."""
    text = path.read_bytes().decode("utf-8", "replace")
    _server().script = lambda body, number: Raw(200, text, {"Content-Type": "application/json"})
    return _server().url


def reply(path: Path) -> str:
    """Ask the question that the reply may answer."""
    data = path.read_bytes()
    name, wanted, reply = next(form for word, form in FORMS.items() if word in data)
    slots = {"shape": "2"} if name == "groups" else {}
    with asking(_answering(path), retries=0, concurrency=1) as asker:
        (found,) = asker.ask([Prompt(name, wanted, lambda _: {}, reply, slots, attempts=1)])
    return io.digest([found.values, found.expected])


def embeddings(_: Path) -> list[bytes]:
    vectors = [[0.5, -1.25, 3e-3], [1, 0, 2.5], [7.0, 8.0, -9.5]]
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    return [
        json.dumps(
            {"object": "list", "data": data, "model": "m", "usage": {"total_tokens": 9}}
        ).encode()
    ]


def embedded(path: Path) -> Any:
    return embed(["ant", "bee", "car"], "m", quick(_answering(path), retries=0))
