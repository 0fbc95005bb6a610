"""A scripted OpenAI-compatible server on loopback that counts what it is asked."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def score(one: str, other: str) -> int:
    """Return a number from 0 to 100 that depends on both ids and their order."""
    return hashlib.sha256(f"{one}>{other}".encode()).digest()[0] * 100 // 255


def data_of(body: dict) -> dict:
    """Return the JSON of a request's user message."""
    return json.loads(body["messages"][-1]["content"])


def good_answer(body: dict) -> str:
    """Answer any template's question well."""
    asked = data_of(body)
    if "anchor" in asked:
        anchor = asked["anchor"]["id"]
        top = 9 if "digit" in body["messages"][0]["content"] else 100
        ids = [entry["id"] for entry in asked["categories"]]
        return json.dumps(
            {"anchor": anchor, "scores": {i: score(anchor, i) * top // 100 for i in ids}}
        )
    if "pairs" in asked:
        top = 9 if "digit" in body["messages"][0]["content"] else 100
        return json.dumps(
            {
                "scores": {
                    p["id"]: score(p["first"]["id"], p["second"]["id"]) * top // 100
                    for p in asked["pairs"]
                }
            }
        )
    if "triplets" in asked:
        return json.dumps({"odd": {t["id"]: 3 for t in asked["triplets"]}})
    raise AssertionError(f"an unknown question {asked}")


def completion(text: str | None, **others: Any) -> dict:
    """Return a chat completion as servers send it."""
    message = {"role": "assistant", "content": text, **others.pop("message", {})}
    choice = {"index": 0, "finish_reason": "stop", "message": message, **others.pop("choice", {})}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "scripted",
        "choices": [choice],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
        **others,
    }


Script = Callable[[dict, int], Any]
"""Takes a request's body and its number; returns an answer's text, a completion, or a Raw reply."""


class Raw:
    """A reply that is no good completion: a status, a body, headers; or no reply at all."""

    def __init__(
        self, status: int, body: str | bytes = "", headers: dict | None = None, drop: bool = False
    ):
        self.status, self.body, self.headers, self.drop = status, body, headers or {}, drop


def error(status: int, message: str, headers: dict | None = None, **facts: Any) -> Raw:
    """Return an error as OpenAI sends it."""
    return Raw(status, json.dumps({"error": {"message": message, **facts}}), headers)


class Scripted:
    """What a server saw."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.bodies: list[dict] = []
        self.headers: list[dict] = []
        self.answered: Counter[str] = Counter()
        self.under_way = self.most_under_way = 0
        self.delay = 0.0
        self.lock = threading.Lock()
        self.url = ""


@contextmanager
def serve(script: Script = lambda body, number: good_answer(body)) -> Iterator[Scripted]:
    """Run a server for the block."""
    state = Scripted(script)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with state.lock:
                number = len(state.bodies)
                state.bodies.append(body)
                state.headers.append(dict(self.headers))
                state.under_way += 1
                state.most_under_way = max(state.most_under_way, state.under_way)
            try:
                self.reply(state.script(body, number), body)
            finally:
                with state.lock:
                    state.under_way -= 1

        def reply(self, what: Any, body: dict) -> None:
            if state.delay:
                time.sleep(state.delay)
            if isinstance(what, Raw) and what.drop:
                self.close_connection = True
                self.connection.close()
                return
            if not isinstance(what, Raw):
                what = completion(what) if isinstance(what, str) or what is None else what
                what = Raw(200, json.dumps(what), {"Content-Type": "application/json"})
            data = what.body.encode() if isinstance(what.body, str) else what.body
            try:
                self.send_response(what.status)
                for name, value in ({"Content-Type": "text/html"} | what.headers).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except OSError:
                return  # the client was killed
            if what.status == 200:
                with state.lock:
                    state.answered[json.dumps(body.get("messages") or body["input"])] += 1

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
