"""The Batch API: outstanding requests as a file, results from a file, and driving it by itself.

`export_requests`, `import_results`, `submit_requests` and `collect_results` do it for anything that
asks, sources and builders alike; what they are made of follows. Questions that depend on answers
(a builder's) become outstanding once these are there: export or submit again.

A batch costs half and takes up to a day. Its name, the uploaded file's id and the batch's id are
each stored before the next step, so that no step that costs is ever taken twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

from taxonomy._core import io
from taxonomy._core.errors import BudgetError, FileFormatError, LLMError, ServerError, shown
from taxonomy._core.spelling import counted
from taxonomy.labels import LabelSet
from taxonomy.llm.asking import Asking, agree
from taxonomy.llm.client import Client
from taxonomy.llm.completion import decoded, usage
from taxonomy.llm.question import Question
from taxonomy.llm.server import Failure, Server, finish, printable
from taxonomy.llm.store import Store

ENDPOINT = "/v1/chat/completions"
ENDED = frozenset({"completed", "expired", "failed", "cancelled"})
"""States in which a batch changes no more; each may have paid results."""


_LARGEST_RESULT = 1 << 20
"""Bytes that one answer of a batch may have, on average."""

_LONGEST_TRANSFER = 3600.0
"""Seconds that a batch's file may take on its way."""

Row = tuple[str, dict[str, io.Json], str, list[str]]
"""Name, ids, state and keys of a batch, as a store keeps them."""


class Collected(NamedTuple):
    """What became of a batch.

    Args:
        batch: the server's id of it.
        status: the server's word for its state, such as ``completed``.
        counts: of its results, as `take` counts them; empty while it is under way.
    """

    batch: str
    status: str
    counts: Counter[str]


def export_requests(asking: Asking[Any], labels: LabelSet) -> str:
    """Return all requests that are not answered yet as the text of an OpenAI Batch file.

    Args:
        asking: the source or builder that asks.
        labels: the classes asked about.

    Returns:
        one request a line, each known by its key; empty where nothing is outstanding.

    Raises:
        LLMError: no model is named, or a transcript is of other classes.
    """
    with asking.asker(send=False) as asker:
        asking.follow(labels, asker)
        return export(asker.outstanding.values(), asking.client(asker.store))


def import_results(
    asking: Asking[Any],
    labels: LabelSet,
    results: str,
    requests: str = "",
    where: str = "the requests",
) -> Counter[str]:
    """Store the answers of a Batch output or error file, and count what its lines were.

    Args:
        asking: the source or builder that asked.
        labels: the classes asked about.
        results: the file's text; it may be partial.
        requests: text of the Batch input file, where its custom ids are not those that
            `export_requests` gave.
        where: name of that input file, for messages.

    Returns:
        counts of lines, as `take` names them.

    Raises:
        FileFormatError: the input file holds a line that is no Batch request.
        LLMError: no model is named, or a transcript is of other classes.
    """
    with asking.asker(send=False) as asker:
        asking.follow(labels, asker)
        if not requests:
            return take(results, asker.store)
        for question in asker.outstanding.values():
            asker.store.remember(question)
        return take(results, asker.store, keys_of(requests, asker.outstanding.values(), where))


def submit_requests(asking: Asking[Any], labels: LabelSet) -> str:
    """Submit all requests that are not answered yet to the Batch API; return the batch's id.

    Args:
        asking: the source or builder that asks.
        labels: the classes asked about.

    Raises:
        LLMError: nothing is outstanding.
        BudgetError: nobody agreed to many requests, or a ceiling would be passed.
        ServerError: the server refuses.
    """
    agree(asking, lambda asker: asking.ask(asking.asked(labels), asker))
    with asking.asker(send=False) as asker:
        asking.follow(labels, asker)
        return submit(list(asker.outstanding.values()), asking.client(asker.store))


def collect_results(asking: Asking[Any]) -> list[Collected]:
    """Fetch and store the results of all batches that have ended; say what became of each.

    Raises:
        ServerError: the server refuses.
    """
    with asking.asker(send=False, keep=False) as asker:
        return collect(asking.client(asker.store))


def export(questions: Iterable[Question], client: Client) -> str:
    """Return the requests as an OpenAI Batch file; each is known by its key."""
    lines = []
    for question in questions:
        client.budget.store.remember(question)
        body = client.body(question)
        line = {"custom_id": question.key, "method": "POST", "url": ENDPOINT, "body": body}
        lines.append(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n")
    return "".join(lines)


def keys_of(requests: str, questions: Iterable[Question], where: str) -> dict[str, str]:
    """Match somebody else's Batch requests with questions, by their content.

    Args:
        requests: a Batch input file with custom ids of its own.
        questions: what would be asked; several repeats of one body are matched in order.
        where: the file's name, for messages.

    Returns:
        The key of each custom id whose request is one of the questions.

    Raises:
        FileFormatError: a line is no Batch request.
    """
    waiting: dict[str, list[Question]] = {}
    for question in questions:
        waiting.setdefault(io.digest(question.body), []).append(question)
    found = {}
    for number, line in enumerate(requests.rstrip("\n").split("\n"), start=1):
        try:
            content = decoded(line)
            guards = ("max_tokens", "max_completion_tokens", "response_format")
            body = {k: v for k, v in content["body"].items() if k not in guards}
            name = str(content["custom_id"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileFormatError(f"{where}, line {number}: no Batch request ({error}).") from error
        if same := waiting.get(io.digest(body)):
            found[name] = same.pop(0).key
    return found


def take(results: str, store: Store, keys: Mapping[str, str] | None = None) -> Counter[str]:
    """Store the answers of a Batch output or error file, and count what its lines were.

    Args:
        results: the file's text; it may be partial.
        store: holds the requests.
        keys: the key of each custom id; a custom id is a key where left out.

    Returns:
        Counts of ``taken``, ``known`` (an answer was stored before), ``failed`` (failed, expired or
        cancelled requests, which stay outstanding), ``unknown`` (requests of others) and
        ``damaged`` lines.
    """
    counts: Counter[str] = Counter()
    for line in results.split("\n"):
        if not line.strip():
            continue
        try:
            content = decoded(Server().clean(line))
            name = str(content["custom_id"])
            key = name if keys is None else keys.get(name, "")
            response = content.get("response") or {}
            if content.get("error") or response.get("status_code") != 200:
                counts["failed"] += 1
            elif store.request(key) is None:
                counts["unknown"] += 1
            elif not isinstance(response["body"]["choices"][0]["message"], dict):
                counts["damaged"] += 1
            else:
                # The id may tell which answers were given together.
                answer = response["body"] | {"request_id": response.get("request_id")}
                counts["taken" if store.put_answer(key, answer) else "known"] += 1
        except (ValueError, KeyError, IndexError, TypeError, AttributeError):
            counts["damaged"] += 1
    return counts


def submit(questions: Sequence[Question], client: Client) -> str:
    """Upload the questions that no batch holds yet and start a batch; return its id.

    A batch that was prepared and not started, because the run was killed, is finished first.

    Raises:
        LLMError: nothing is outstanding.
        BudgetError: the worst case of all of them, at half the price, would pass a ceiling.
        ServerError: the server refuses.
    """
    store = client.budget.store
    prepared = [row for row in store.batches() if row[2] == "prepared"]
    if not prepared:
        held = {key for *_, state, keys in store.batches() if state == "started" for key in keys}
        new = [question for question in questions if question.key not in held]
        if not new:
            raise LLMError(
                "Nothing is outstanding; collect what was submitted: taxonomy llm collect."
            )
        name = io.digest([*(question.key for question in new), len(store.batches())])[:16]
        _reserve(new, client)
        ids: dict[str, io.Json] = {"file": "", "batch": "", "text": export(new, client)}
        store.put_batch(name, ids, "prepared", [question.key for question in new])
        prepared = [row for row in store.batches() if row[0] == name]
    name, ids, _, keys = prepared[0]
    return finish(_start(client, name, dict(ids), keys))


async def _start(client: Client, name: str, ids: dict[str, io.Json], keys: list[str]) -> str:
    """Upload a prepared batch's file and start it, each where that is not done yet."""
    store = client.budget.store
    async with client.server.connect() as connection:
        batches = connection.batches.with_streaming_response
        if not ids["file"]:
            upload = (f"{name}.jsonl", str(ids["text"]).encode())
            send = connection.files.with_streaming_response.create
            text = await _text(client, send, _LARGEST_RESULT, file=upload, purpose="batch")
            ids["file"] = _id(_object(text))
            store.put_batch(name, ids, "prepared", keys)
        # A run that was killed may have started it already.
        started = _named(await _call(client, batches.list, limit=100), name) or await _call(
            client,
            batches.create,
            input_file_id=str(ids["file"]),
            endpoint=ENDPOINT,
            completion_window="24h",
            metadata={"taxonomy": name},
        )
        batch = _id(started)
        store.put_batch(name, {"file": ids["file"], "batch": batch}, "started", keys)
    return batch


def _reserve(questions: Sequence[Question], client: Client) -> None:
    """Reserve the worst case of all, or of none."""
    sends = []
    try:
        for question in questions:
            send = client.budget.reserve(question, client.room(question), batch=True)
            if send is None:
                raise BudgetError(
                    f"The worst case of {counted(len(questions), 'request')}, at half the "
                    "price, would pass "
                    "the ceiling; nothing was submitted. Raise `max_usd`."
                )
            sends.append(send)
    except BudgetError:
        for send in sends:
            client.budget.failed(send, charged=False)
        raise


def collect(client: Client) -> list[Collected]:
    """Fetch the results of all batches that have ended; say what became of each.

    What failed or expired stays outstanding and costs nothing; what an expired batch finished was
    paid for and is taken.

    Raises:
        ServerError: the server refuses.
    """
    started = [row for row in client.budget.store.batches() if row[2] == "started"]
    return finish(_collect(client, started)) if started else []


async def _collect(client: Client, started: Sequence[Row]) -> list[Collected]:
    """Ask after batches, and take the results of those that have ended."""
    store = client.budget.store
    report = []
    async with client.server.connect() as connection:
        batches = connection.batches.with_streaming_response
        files = connection.files.with_streaming_response
        for name, ids, _, keys in started:
            batch = await _call(client, batches.retrieve, batch_id=str(ids["batch"]))
            status = printable(str(batch.get("status")), 40)
            counts: Counter[str] = Counter()
            if status in ENDED:
                most = _LARGEST_RESULT * (len(keys) + 1)
                for file in map(batch.get, ("output_file_id", "error_file_id")):
                    if isinstance(file, str):
                        counts += take(
                            await _text(client, files.content, most, file_id=file), store
                        )
                _settle(store, keys)
                store.put_batch(name, ids, status, keys)
            report.append(Collected(str(ids["batch"]), status, counts))
    return report


def _settle(store: Store, keys: Sequence[str]) -> None:
    """Close the sends of a batch that has ended."""
    for key, send in store.open_sends(keys).items():
        answer = store.answer(key)
        if answer is None:
            store.close_send(send, "failed", (0, 0))
        else:
            store.close_send(send, "answered", usage(answer))


async def _call(client: Client, send: Any, **arguments: Any) -> dict[str, Any]:
    """Call the API; return the object that it answers with."""
    return _object(await _text(client, send, _LARGEST_RESULT, **arguments))


async def _text(client: Client, send: Any, most: int, **arguments: Any) -> str:
    """Call the API, which may have to carry a large file; return the text that it answers with."""
    patient = replace(client.server, timeout=max(client.server.timeout, _LONGEST_TRANSFER))
    try:
        text, _ = await patient.exchange(send, most, arguments)
    except Failure as failure:
        raise _failed(failure) from None
    return text


def _failed(failure: Failure) -> ServerError:
    return ServerError(
        f"The Batch API failed: {failure}. What was done is written down; run the same command "
        "again."
    )


def _object(text: str) -> dict[str, Any]:
    """Return the object that the API answers with."""
    with suppress(ValueError):
        if isinstance(content := decoded(text), dict):
            return content
    raise _failed(Failure(f"the reply is no object: {text[:80]}"))


def _named(found: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return the batch of a name in the API's list of batches, or None."""
    listed = found.get("data")
    for batch in listed if isinstance(listed, list) else ():
        made = batch.get("metadata") if isinstance(batch, dict) else None
        if isinstance(made, dict) and made.get("taxonomy") == name:
            return dict(batch)
    return None


def _id(content: Mapping[str, Any]) -> str:
    """Return the id of what the API made."""
    found = content.get("id")
    if not isinstance(found, str) or printable(found) != found:
        raise _failed(Failure(f"the reply has no id: {shown(content)}"))
    return found
