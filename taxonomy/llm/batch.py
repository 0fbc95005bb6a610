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
from typing import TYPE_CHECKING, Any, NamedTuple

from taxonomy._core import io
from taxonomy._core.errors import BudgetError, FileFormatError, LLMError, ServerError
from taxonomy._core.registry import require
from taxonomy.labels import LabelSet
from taxonomy.llm.asking import Asking, agree
from taxonomy.llm.client import Client, clean, usage
from taxonomy.llm.question import Question
from taxonomy.llm.reply import decoded
from taxonomy.llm.store import Store

if TYPE_CHECKING:
    import openai

ENDPOINT = "/v1/chat/completions"
ENDED = frozenset({"completed", "expired", "failed", "cancelled"})
"""States in which a batch changes no more; each may have paid results."""


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
            content = decoded(clean(line))
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
    with client.server.connect_once() as connection:
        if not ids["file"]:
            upload = (f"{name}.jsonl", str(ids["text"]).encode())
            ids["file"] = _call(client, connection.files.create, file=upload, purpose="batch").id
            store.put_batch(name, ids, "prepared", keys)
        batch = _started(client, connection, name)
        if not batch:
            batch = _call(
                client,
                connection.batches.create,
                input_file_id=str(ids["file"]),
                endpoint=ENDPOINT,
                completion_window="24h",
                metadata={"taxonomy": name},
            ).id
        store.put_batch(name, {"file": ids["file"], "batch": batch}, "started", keys)
    return batch


def _started(client: Client, connection: openai.OpenAI, name: str) -> str:
    """Return the id of the batch of this name, if the server has started it already."""
    for batch in _call(client, connection.batches.list, limit=100).data:
        if (batch.metadata or {}).get("taxonomy") == name:
            return str(batch.id)
    return ""


def _reserve(questions: Sequence[Question], client: Client) -> None:
    """Reserve the worst case of all, or of none."""
    sends = []
    try:
        for question in questions:
            send = client.budget.reserve(question, client.room(question), batch=True)
            if send is None:
                raise BudgetError(
                    f"The worst case of {len(questions)} requests, at half the price, would pass "
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
    store = client.budget.store
    started = [row for row in store.batches() if row[2] == "started"]
    if not started:
        return []
    report = []
    with client.server.connect_once() as connection:
        for name, ids, _, keys in started:
            batch = _call(client, connection.batches.retrieve, str(ids["batch"]))
            counts: Counter[str] = Counter()
            if batch.status in ENDED:
                for file in filter(None, (batch.output_file_id, batch.error_file_id)):
                    counts += take(_call(client, connection.files.content, file).text, store)
                _settle(store, keys)
                store.put_batch(name, ids, batch.status, keys)
            report.append(Collected(str(ids["batch"]), str(batch.status), counts))
    return report


def _settle(store: Store, keys: Sequence[str]) -> None:
    """Close the sends of a batch that has ended."""
    for key, send in store.open_sends(keys).items():
        answer = store.answer(key)
        if answer is None:
            store.close_send(send, "failed", (0, 0))
        else:
            store.close_send(send, "answered", usage(answer))


def _call(client: Client, what: Any, *arguments: Any, **options: Any) -> Any:
    """Call the API; its errors become ours, without the key."""
    library = require("openai")
    try:
        return what(*arguments, **options)
    except library.OpenAIError as error:
        raise ServerError(
            f"The Batch API failed: {clean(str(error), client.server.key_variable)[:500]}. What "
            "was done is written down; run the same command again."
        ) from None
