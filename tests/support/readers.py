"""Every reader of files, with valid files of its kind, how they are changed, and what is read.

A reader's ``read`` does with a file what the toolkit does: reads it, and what is read late as well.
"""

from __future__ import annotations

import atexit
import contextlib
import gzip
import json
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, SpecError, TaxonomyError, naming
from taxonomy.builders.llm import LanguageModelTree
from taxonomy.data import Pictures
from taxonomy.data._decoded import Encoded, decoded
from taxonomy.design import CONVNEXT, Bucket, Level, NetSpec, Stage, cost
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.llm import batch
from taxonomy.llm.asker import Asker
from taxonomy.llm.embeddings import embed
from taxonomy.llm.grouping import Tree
from taxonomy.llm.question import Prompt, Question
from taxonomy.llm.reply import Fields, Reply, Single, integer, phrase, whole
from taxonomy.llm.scoring import judge
from taxonomy.llm.store import Store
from taxonomy.llm.transcript import Transcript
from taxonomy.nets import build_net, get_net, save_net
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity import (
    DenseSimilarity,
    LanguageModel,
    Precomputed,
    Similarity,
    SparseSimilarity,
)
from taxonomy.similarity._vectors import FILE as VECTORS
from taxonomy.similarity._vectors import cached
from taxonomy.tasks import Task, TaskList
from taxonomy.training import TrainConfig
from taxonomy.training.checkpoint import Place, load_checkpoint, save_checkpoint
from taxonomy.training.run import Metrics, Run
from taxonomy.training.start import run_data, run_settings
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.asking import asking, quick
from tests.support.mutant_files import in_gzip, in_xz, of_npy, of_npz, of_safetensors, of_sqlite
from tests.support.mutants import Change, changed_bytes, of_json, of_lines, of_table
from tests.support.server import Raw, completion, data_of, good_answer, serve

LARGEST = 1 << 22
"""Bytes of a changed file, so that what is small in time and memory is the reading."""

FOUR = LabelSet(
    [
        Label("ant", "ant", "a small insect, that works", "n02219486"),
        Label("bee", "bee", wnid="n02206856"),
        Label("car", "motor car"),
        Label("van", 'a "van"', "enclosed truck; größer"),
    ]
)
NESTED = [
    {"name": "insects", "support": 0.75, "merge_height": 0.25, "children": ["ant", "bee"]},
    {"name": "vehicles", "span": 5, "merge_height": 0.5, "children": ["car", "van"]},
]
TREE = Hierarchy.from_nested(
    {"merge_height": 1.0, "children": NESTED}, {"made_by": "hand", "of": [1]}
)
SPEC = NetSpec(
    trunk=(Stage(4, 0), Stage(6, 1, 2, CONVNEXT)),
    levels=(Level((Bucket(3), Bucket(5, least=3))),),
    resolution=16,
)


@dataclass(frozen=True)
class Reader:
    """One kind of file.

    Args:
        name: for people.
        file: the file's name.
        seeds: makes valid files' bytes, in an empty folder.
        change: of such a file, knowing what is in it.
        read: what the toolkit does with a file.
        write: writes what was read to another file; None for what only is read.
        digest: of what was read.
        read_written: reads what ``write`` wrote, where that is of another kind.
        names_file: whether messages name the file; what comes from a server is in none.
    """

    name: str
    file: str
    seeds: Callable[[Path], list[bytes]]
    change: Change
    read: Callable[[Path], Any]
    write: Callable[[Any, Path], object] | None = None
    digest: Callable[[Any], object] = lambda value: value.digest
    names_file: bool = True
    read_written: Callable[[Path], Any] | None = None

    @property
    def read_again(self) -> Callable[[Path], Any]:
        """What reads a file that ``write`` has written."""
        return self.read_written or self.read

    def mutant(self, number: int, seeds: list[bytes]) -> bytes:
        """Return a changed file's bytes, the same for the same number."""
        random = Random(f"{self.name} {number}")
        data = seeds[number % len(seeds)]
        for _ in range(random.choice([1, 1, 2])):
            try:
                data = (changed_bytes if random.random() < 0.3 else self.change)(data, random)
            except Exception:  # noqa: BLE001 - what was broken before cannot be taken apart again
                data = changed_bytes(data, random)
        return data[:LARGEST]


def _saved(*values: Any, name: str) -> Callable[[Path], list[bytes]]:
    """Return what makes the bytes of saved values."""

    def seeds(folder: Path) -> list[bytes]:
        made = []
        for value in values:
            value.save(folder / name)
            made.append((folder / name).read_bytes())
        return made

    return seeds


def _texts(*texts: str) -> Callable[[Path], list[bytes]]:
    return lambda folder: [text.encode() for text in texts]


def _save(value: Any, path: Path) -> None:
    value.save(path)


# Trees, labels, tasks, specifications.


def _costed(path: Path) -> NetSpec:
    spec = NetSpec.load(path)
    with naming(path), contextlib.suppress(SpecError):  # a network of another depth than the tree
        cost(spec, TREE)
    return spec


TASKS = TaskList(
    [Task("0", ("ant", "bee"), "coherent", "mine", 3), Task("1", ("ant", "car", "van"))],
    FOUR.ids,
    {"made_by": "hand"},
)

# Similarities.

VALUES = np.array([[1, 0.5, 0.25, 0], [0.5, 1, 0, 0.125], [0.25, 0, 1, 0.75], [0, 0.125, 0.75, 1]])
DENSE = DenseSimilarity(FOUR.ids, VALUES, {"made_by": "hand", "seed": 3})
SPARSE = SparseSimilarity(FOUR.ids, [0, 1, 2], [1, 3, 3], [0.5, 0.125, 0.75], {"made_by": "hand"})


def _table(separator: str, commas: bool = False) -> str:
    rows = [
        ["", *FOUR.ids],
        *([name, *map(str, row)] for name, row in zip(FOUR.ids, VALUES, strict=True)),
    ]
    text = "\n".join(separator.join(row) for row in rows) + "\n"
    return text.replace(".", ",") if commas else text


def _precomputed(path: Path) -> Similarity:
    made = None
    for options in ({}, {"distances": True}, {"vectors": True}):
        try:
            made = Precomputed(str(path), **options)(FOUR)
        except FileFormatError:
            raise
        except TaxonomyError:
            if options.get("vectors"):
                raise
    return made


def _npys(folder: Path) -> list[bytes]:
    np.save(folder / "x.npy", VALUES)
    return [(folder / "x.npy").read_bytes()]


def _tables(folder: Path) -> list[bytes]:
    np.savez_compressed(folder / "x.npz", ids=np.array(FOUR.ids), scores=VALUES)
    return [(folder / "x.npz").read_bytes()]


# What networks leave behind.

LOGITS = np.linspace(-2, 3, 24, dtype=np.float32).reshape(6, 4)
PREDICTIONS = Predictions(
    FOUR.ids,
    LOGITS,
    [0, 1, 2, 3, 0, 1],
    "val",
    ["Ann", "Bo", "Ann", "", "Bo", "x"],
    {"made_by": "hand"},
)
FEATURES = ClassFeatures(FOUR.ids, LOGITS.T, [3, 0, 4, 1], "val", LOGITS.T, {"made_by": "hand"})


@cache
def _net() -> Any:
    return build_net(SPEC, TREE, 0).eval()


def _nets(folder: Path) -> list[bytes]:
    save_net(folder / "net.safetensors", _net())
    return [(folder / "net.safetensors").read_bytes()]


STEPS = {"step": torch.tensor(3.0), "mean": torch.tensor([1.0, 2.0])}


def _parts() -> dict[str, Any]:
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"net": net, "optimizer": optimizer, "average": {k: v.clone() for k, v in STEPS.items()}}


def _checkpoints(folder: Path) -> list[bytes]:
    save_checkpoint(folder / "c.safetensors", _parts(), Place(2, 5, 1.5, 9.0, 1, 0.5), "key")
    return [(folder / "c.safetensors").read_bytes()]


def _checkpoint(path: Path) -> tuple[dict[str, Any], Place]:
    parts = _parts()
    return parts, load_checkpoint(path, parts, "key")


RUN = ("config.json", "hierarchy.json", "spec.json", "metrics.jsonl", "manifest.json")


_MANIFEST = {
    "val_accuracy": 0.5,
    "macs": 3,
    "params": 4,
    "seconds": 1.5,
    "model": "0" * 64,
    "threads": 1,
    "time": "2026-01-01T00:00:00+00:00",
    "machine": "x",
}


@cache
def _run_files() -> dict[str, bytes]:
    """Return the small files of a run, all of which one file of JSON lines can hold."""
    config = {
        "config": asdict(TrainConfig()),
        "device": "cpu",
        "spec": SPEC.digest,
        "hierarchy": TREE.digest,
        "data": "0" * 64,
        "reference": TREE.digest,
        "teacher": None,
        "start": None,
        "inputs": {"data": {"data": "icons"}},
    }
    metrics = [{"epoch": i, "loss": 1.5, "val_accuracy": 0.5, "seconds": 1.0} for i in (1, 2)]
    return {
        "config.json": io.canonical_json(config).encode(),
        "hierarchy.json": TREE.to_json().encode(),
        "spec.json": io.canonical_json(SPEC.to_dict()).encode(),
        "metrics.jsonl": "\n".join(map(io.canonical_json, metrics)).encode(),
        "manifest.json": io.canonical_json({**config, **_MANIFEST}).encode(),
    }


def _runs(_: Path) -> list[bytes]:
    return list(_run_files().values())


def _change_run(data: bytes, random: Random) -> bytes:
    return (of_lines if data.startswith(b'{"epoch"') else of_json)(data, random)


def _run(path: Path) -> list[Any]:
    """Read a folder in which one file is the one given, whichever it was."""
    folder = path.parent / "run"
    folder.mkdir(exist_ok=True)
    data, good = path.read_bytes(), _run_files()
    for name in RUN:
        (folder / name).write_bytes(good[name])
    found: list[Any] = []
    for name in RUN:  # the same bytes in every file's place
        (folder / name).write_bytes(data)
        try:
            found.append(_READ_OF_RUN[name](folder))
        except TaxonomyError as error:
            assert name in str(error), f"{name} is not named in: {error}"
            last = error
        (folder / name).write_bytes(good[name])
    if not found:
        raise type(last)(str(last).replace(str(folder), str(path)))
    return found


_READ_OF_RUN: dict[str, Callable[[Path], Any]] = {
    "config.json": lambda folder: (
        run_settings(folder),
        run_data(folder),
    ),
    "hierarchy.json": lambda folder: Run(folder).hierarchy,
    "spec.json": lambda folder: Run(folder).spec,
    "metrics.jsonl": lambda folder: Metrics(folder / "metrics.jsonl").rows,
    "manifest.json": lambda folder: Run(folder).manifest,
}

# Language models.


class _Nobody:
    """A client that answers well, without a server."""

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


def _transcripts(folder: Path) -> list[bytes]:
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


def _transcript(path: Path) -> Transcript:
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


def _results(_: Path) -> list[bytes]:
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


def _import(path: Path) -> Any:
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


def _stores(folder: Path) -> list[bytes]:
    with _asked(folder / "s.sqlite") as (store, asker):
        judge("rows", FOUR, asker)
        send = store.open_send("k", 3, 4, (1, None))
        store.close_send(send, "answered", (3, 3))
        store.open_send("k", 3, 4, (None, None))
        store.put_batch("b", {"file": "f", "batch": "b", "text": "x"}, "started", ["k", "l"])
    return [(folder / "s.sqlite").read_bytes()]


def _store(path: Path) -> Any:
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


def _replies(_: Path) -> list[bytes]:
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


def _change_reply(data: bytes, random: Random) -> bytes:
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


def _reply(path: Path) -> str:
    """Ask the question that the reply may answer."""
    data = path.read_bytes()
    name, wanted, reply = next(form for word, form in FORMS.items() if word in data)
    slots = {"shape": "2"} if name == "groups" else {}
    with asking(_answering(path), retries=0, concurrency=1) as asker:
        (found,) = asker.ask([Prompt(name, wanted, lambda _: {}, reply, slots, attempts=1)])
    return io.digest([found.values, found.expected])


def _embeddings(_: Path) -> list[bytes]:
    vectors = [[0.5, -1.25, 3e-3], [1, 0, 2.5], [7.0, 8.0, -9.5]]
    data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
    return [
        json.dumps(
            {"object": "list", "data": data, "model": "m", "usage": {"total_tokens": 9}}
        ).encode()
    ]


def _embedded(path: Path) -> Any:
    return embed(["ant", "bee", "car"], "m", quick(_answering(path), retries=0))


# Caches.


def _vectors(folder: Path) -> list[bytes]:
    cached(["ant", "bee"], "m", _embed, folder)
    return [(folder / VECTORS).read_bytes()]


def _embed(texts: list[str]) -> Any:
    return np.array([[len(text), 1.0, 0.5] for text in texts], dtype=np.float32)


def _picture(row: int) -> Any:
    return np.full((3, 2, 2), row, dtype=np.uint8)


ENCODED = Encoded("s" * 64, "c" * 64, ["ant", "bee"], [0, 1], _picture, str)


def _decoded(folder: Path) -> Pictures:
    return decoded(ENCODED, 2, "skip", str(folder), workers=1)


def _facts(folder: Path) -> list[bytes]:
    _decoded(folder)
    return [next(folder.glob("*.json")).read_bytes(), next(folder.glob("*.npy")).read_bytes()]


def _change_facts(data: bytes, random: Random) -> bytes:
    return (of_json if data.startswith(b"{") else of_npy)(data, random)


def _cache(path: Path) -> str:
    """Read a cache with other facts, and with another array."""
    folder = path.parent / "cache"
    for suffix in ("json", "npy"):
        _decoded(folder)
        next(folder.glob(f"*.{suffix}")).write_bytes(path.read_bytes())
        digest = _decoded(folder).digest
    return digest


def _npz(value: Any) -> Callable[[Path], list[bytes]]:
    return _saved(value, name="x.npz")


READERS = (
    Reader(
        "hierarchy",
        "tree.json",
        _saved(TREE, Hierarchy.star(FOUR.ids), name="t.json"),
        of_json,
        Hierarchy.load,
        _save,
    ),
    Reader(
        "labels as CSV",
        "labels.csv",
        _saved(FOUR, name="l.csv"),
        of_table,
        get_labels,
        _save,
    ),
    Reader(
        "labels as text",
        "labels.txt",
        _texts("ant\nbee\n\n# x\ncar\nvan\n"),
        of_table,
        get_labels,
        lambda v, p: v.save(p.with_suffix(".csv")),
    ),
    Reader(
        "labels, compressed",
        "labels.csv.gz",
        lambda folder: [gzip.compress(FOUR.to_csv().encode())],
        in_gzip(of_table),
        get_labels,
    ),
    Reader(
        "tasks as JSON", "tasks.json", _saved(TASKS, name="t.json"), of_json, TaskList.load, _save
    ),
    Reader(
        "tasks as CSV",
        "tasks.csv",
        _texts("ant,bee\n3,car,van\n# x\nant,van,bee\n"),
        of_table,
        lambda p: TaskList.load(p, FOUR.ids),
        lambda v, p: v.save(p.with_suffix(".json")),
        read_written=TaskList.load,
    ),
    Reader(
        "specification",
        "spec.json",
        _saved(SPEC, NetSpec.flat(), replace(SPEC, nesting="gate", head="cosine"), name="s.json"),
        of_json,
        _costed,
        _save,
    ),
    Reader("similarity, dense", "dense.npz", _npz(DENSE), of_npz, Similarity.load, _save),
    Reader("similarity, sparse", "sparse.npz", _npz(SPARSE), of_npz, Similarity.load, _save),
    Reader(
        "similarity as CSV",
        "scores.csv",
        _texts(_table(","), _table(";", True), _table("\t")),
        of_table,
        _precomputed,
        lambda v, p: v.save(p.with_suffix(".npz")),
        read_written=Similarity.load,
    ),
    Reader(
        "similarity as npy",
        "scores.npy",
        _npys,
        of_npy,
        _precomputed,
        lambda v, p: v.save(p.with_suffix(".npz")),
        read_written=Similarity.load,
    ),
    Reader(
        "similarity as npz",
        "scores.npz",
        _tables,
        of_npz,
        _precomputed,
        lambda v, p: v.save(p.with_suffix(".npz")),
        read_written=Similarity.load,
    ),
    Reader("predictions", "predictions.npz", _npz(PREDICTIONS), of_npz, Predictions.load, _save),
    Reader("class features", "features.npz", _npz(FEATURES), of_npz, ClassFeatures.load, _save),
    Reader(
        "network",
        "net.safetensors",
        _nets,
        of_safetensors,
        get_net,
        lambda net, path: save_net(path, net),
        lambda net: (weights_digest(net), net.spec.digest, net.hierarchy.digest),
    ),
    Reader("checkpoint", "checkpoint.safetensors", _checkpoints, of_safetensors, _checkpoint),
    Reader("run", "any.json", _runs, _change_run, _run),
    Reader(
        "transcript",
        "answers.jsonl.xz",
        _transcripts,
        in_xz(of_lines),
        _transcript,
        _save,
        lambda told: told,
    ),
    Reader("batch results", "results.jsonl", _results, of_lines, _import),
    Reader("store", "store.sqlite", _stores, of_sqlite, _store),
    Reader("replies", "reply.json", _replies, _change_reply, _reply, names_file=False),
    Reader(
        "embeddings",
        "embeddings.json",
        _embeddings,
        of_json,
        _embedded,
        names_file=False,
    ),
    Reader(
        "cache of vectors",
        VECTORS,
        _vectors,
        of_sqlite,
        lambda p: cached(["ant", "bee", "new"], "m", _embed, p.parent),
    ),
    Reader("cache of arrays", "facts.json", _facts, _change_facts, _cache),
)
"""All readers."""
