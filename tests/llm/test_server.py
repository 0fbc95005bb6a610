"""A server that means harm: limits on bytes and on time hold for every reply, good or bad."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager

import pytest

from taxonomy._core.errors import ServerError
from taxonomy.llm.batch import collect, submit
from taxonomy.llm.embeddings import embed
from taxonomy.llm.scoring import judge
from taxonomy.llm.server import Failure, printable, retry_after
from tests.support.asking import FOUR, asking, quick
from tests.support.server import Raw, completion, error, good_answer, serve

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BAD = b"HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\n"
AWAY = b"HTTP/1.1 307 Away\r\nLocation: /v1/elsewhere\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CHUNK = b"10000\r\n" + b" " * 65_536 + b"\r\n"

ENDLESS = {
    "a body without an end": (OK + b"\r\n{", b" " * 65_536),
    "chunks without an end": (OK + CHUNKED, CHUNK),
    "a body of a gigabyte": (OK + b"Content-Length: 1000000000\r\n\r\n{", b" " * 65_536),
    "an error without an end": (BAD + CHUNKED, CHUNK),
    "a redirection without an end": (AWAY + CHUNKED, CHUNK),
    "a header without an end": (OK + b"X-Much: ", b"x" * 65_536),
    "headers without an end": (OK, b"X-More: yes\r\n" * 5000),
}
DRIPPING = {
    "a body that drips": (OK + b"\r\n{", b" "),
    "a header that drips": (OK + b"X-Slow: ", b"x"),
    "a status that drips": (b"HTTP/1.1 ", b"2"),
    "an error that drips": (BAD + CHUNKED, b"1\r\n \r\n"),
    "nothing": (b"", b""),
}


@pytest.fixture(autouse=True, scope="module")
def _openai_is_there():
    """Import it outside what is measured."""
    with serve() as server:
        ask(server.url)


@contextmanager
def flooding(first: bytes, more: bytes, pause: float = 0.0):
    """Serve replies that never end."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve_one(connection: socket.socket) -> None:
        with connection:
            connection.recv(1 << 16)
            try:
                connection.sendall(first)
                while not stopped.wait(pause):
                    connection.sendall(more)
            except OSError:
                return

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve_one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        stopped.set()
        listening.close()


def ask(url: str) -> None:
    with asking(url, retries=0, timeout=1.0, concurrency=1) as asker:
        judge("rows", FOUR, asker)


def ask_for_vectors(url: str) -> None:
    embed(["a", "b"], "m", quick(url, retries=0, timeout=1.0))


def ask_for_a_batch(url: str) -> None:
    with asking(url, timeout=1.0) as asker:
        client_, asker.client = asker.client, None
        judge("rows", FOUR, asker)
        submit(list(asker.outstanding.values()), client_)


USES = {"answers": ask, "vectors": ask_for_vectors, "batches": ask_for_a_batch}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("flood", ENDLESS)
def test_what_never_ends_is_given_up_at_a_size(flood, use, monkeypatch):
    monkeypatch.setattr("taxonomy.llm.batch._LONGEST_TRANSFER", 1.0)
    began = time.monotonic()
    tracemalloc.start()
    try:
        with flooding(*ENDLESS[flood]) as url, pytest.raises(ServerError) as refused:
            USES[use](url)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - began < 30
    assert peak < 64 << 20
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("drip", DRIPPING)
def test_what_drips_is_given_up_in_time(drip, use, monkeypatch):
    monkeypatch.setattr("taxonomy.llm.batch._LONGEST_TRANSFER", 1.0)
    began = time.monotonic()
    with flooding(*DRIPPING[drip], pause=0.02) as url, pytest.raises(ServerError, match="failed"):
        USES[use](url)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("status", [200, 500])
def test_a_small_body_that_unpacks_to_much_is_given_up(status, layers):
    bomb = b" " * (1 << 28)
    for _ in range(layers):
        bomb = gzip.compress(bomb, 9)
    encoding = ", ".join(["gzip"] * layers)
    reply = Raw(status, bomb, {"Content-Encoding": encoding})
    tracemalloc.start()
    try:
        with serve(lambda *_: reply) as server, pytest.raises(ServerError):
            ask(server.url)
        assert tracemalloc.get_traced_memory()[1] < 64 << 20
    finally:
        tracemalloc.stop()


def test_what_is_allowed_grows_with_what_was_asked_for():
    """Log-probabilities take a hundred times the bytes of an answer; without them none does."""

    def script(body, _):
        logs = {"content": [{"token": "x" * 1_200_000}]}
        return completion(good_answer(body), choice={"logprobs": logs})

    with serve(script) as server:
        with pytest.raises(ServerError, match="more than 10"):
            ask(server.url)
        with asking(server.url) as asker:
            asker.parameters = {"logprobs": True}
            assert not judge("rows", FOUR, asker).missing


class TestRedirections:
    def test_one_within_the_host_is_followed(self):
        away = Raw(307, "see there", {"Location": "/v1/there"})
        script = lambda body, n: away if n % 2 == 0 else good_answer(body)  # noqa: E731
        with serve(script) as server:
            ask(server.url)
            assert len(server.bodies) == 8

    def test_one_without_an_end_is_not(self):
        away = Raw(307, "", {"Location": "/v1/again"})
        with serve(lambda *_: away) as server, pytest.raises(ServerError, match="redirect"):
            ask(server.url)


class TestWords:
    def test_a_text_of_strangers_is_cut_and_printable(self):
        for reply in (
            error(401, "no\x1b[31m\x00\u202e" + "x" * 900_000),
            Raw(401, "\x07" * 900_000),
            Raw(200, '{"error": "' + "\\u001b[31m" * 90_000 + '"}'),
            Raw(200, "\x1b]0;title\x07" * 9000),
        ):
            with serve(lambda *_, r=reply: r) as server, pytest.raises(ServerError) as refused:
                ask(server.url)
            assert str(refused.value).isprintable()
            assert len(str(refused.value)) < 450

    def test_a_failure_is_printable_whoever_says_it(self):
        assert str(Failure("a\nb\x1b" + "c" * 999)) == printable("a\nb\x1b" + "c" * 999)
        assert len(printable("c" * 999)) == 240

    def test_the_provider_s_own_words_are_told(self):
        details = {"raw": "z-ai/glm is rate-limited upstream", "provider_name": "x"}
        told = error(400, "Provider returned error", code=400, metadata=details)
        with serve(lambda *_: told) as server, pytest.raises(ServerError, match="upstream"):
            ask(server.url)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("2", 2.0),
        ("0", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("Thu, 01 Jan 1970 00:00:00 +99999999999", 0.0),
        ("Thu, 99 Foo 2026 99:99:99 GMT", None),
        ("Thu, 01 Jan 99999999999999999999 00:00:00 GMT", None),
        ("inf", None),
        ("nan", None),
        ("-5", None),
        ("soon", None),
        ("1e400", None),
        ("9" * 5000, None),
        ("", None),
    ],
)
def test_a_wait_that_is_none_is_no_wait(value, seconds):
    assert retry_after({"retry-after": value}) == seconds


class TestVectors:
    """Embeddings come by the same way."""

    GOOD = '{"data": [{"index": 0, "embedding": [1, 0]}, {"index": 1, "embedding": [0.5, 2]}]}'

    @pytest.mark.parametrize(
        "bad",
        [
            "[1e999, 0]",
            "[NaN, 0]",
            "[-Infinity, 0]",
            f"[1{'0' * 400}, 0]",
            f"[{'9' * 5000}, 0]",
            "[1e39, 0]",
            '["1", "0"]',
            "[true, 0]",
            "[null, 0]",
            "[[1], [0]]",
            "[]",
            "[1]",
            '"AACAPwAAAAA="',
            "{}",
            "7",
        ],
    )
    def test_anything_but_finite_numbers_is_refused(self, bad):
        text = self.GOOD.replace("[0.5, 2]", bad)
        with serve(lambda *_: Raw(200, text)) as server:
            with pytest.raises(ServerError, match="no list of 2 embeddings") as refused:
                ask_for_vectors(server.url)
            assert len(str(refused.value)) < 300

    @pytest.mark.parametrize(
        "bad",
        [
            '{"data": []}',
            '{"data": 3}',
            "[]",
            GOOD.replace('"index": 1', '"index": 0'),
            GOOD.replace('"index": 1', '"index": 1e999'),
        ],
    )
    def test_another_shape_is_refused(self, bad):
        with (
            serve(lambda *_: Raw(200, bad)) as server,
            pytest.raises(ServerError, match="no list of 2 embeddings"),
        ):
            ask_for_vectors(server.url)

    def test_an_error_with_status_200_is_told(self):
        told = Raw(200, '{"error": {"message": "not an embedding model", "code": 400}}')
        with (
            serve(lambda *_: told) as server,
            pytest.raises(ServerError, match="not an embedding model"),
        ):
            ask_for_vectors(server.url)

    def test_a_failure_that_passes_is_tried_again(self):
        replies = [error(503, "busy"), Raw(200, drop=True), Raw(200, self.GOOD)]
        with serve(lambda _, n: replies[n]) as server:
            vectors = embed(["a", "b"], "m", quick(server.url))
            assert vectors.tolist() == [[1, 0], [0.5, 2]]
            assert len(server.bodies) == 3


class TestBatches:
    @pytest.mark.parametrize("reply", ["[]", "{}", '{"id": 7}', '{"id": "\\u001b[31m"}', "<html>"])
    def test_a_reply_that_is_none_is_told(self, reply):
        with (
            serve(lambda *_: Raw(200, reply)) as server,
            pytest.raises(ServerError, match="Batch API failed") as refused,
        ):
            ask_for_a_batch(server.url)
        assert str(refused.value).isprintable()

    def test_nothing_under_way_needs_no_server(self):
        with asking("http://127.0.0.1:9/v1") as asker:
            assert collect(asker.client) == []
