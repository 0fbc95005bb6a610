"""Good answers in the forms in which servers send them, and bad ones that end no run."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from contextlib import contextmanager

import pytest

from taxonomy._core.errors import IncompleteError, ReplyError, ServerError
from taxonomy.cli import main
from taxonomy.labels import LabelSet
from taxonomy.llm import client
from taxonomy.llm.asker import expected
from taxonomy.llm.reply import Fault, decoded, parse, phrase, text_of
from taxonomy.llm.scoring import judge
from taxonomy.similarity import get_source
from tests.support.asking import FOUR, asking
from tests.support.server import Raw, completion, data_of, error, good_answer, serve

KITCHEN = LabelSet(f"thing {i:02}" for i in range(40))

DRAFT = '{"anchor": "ant", "scores": {"bee": 1}}'

WRAPPED = {
    "thoughts without an opening tag": "rating bee … {DRAFT}</think>\n{}",
    "thoughts with tags": "<think>maybe {9}, {DRAFT}</think>\n\n{}",
    "other tags": "<thinking>{DRAFT}</thinking>{}",
    "tags of one vendor": "[THINK]{DRAFT}[/THINK]{}",
    "channel markers": "<|channel|>analysis<|message|>{DRAFT}<|end|><|start|>assistant"
    "<|channel|>final<|message|>{}",
    "prose around it": "Sure! Here are the scores:\n\n{}\n\nTell me if {you} need more.",
    "a fence in prose": "Here:\n```json\n{}\n```\nDone.",
    "a fence of one line": "```json {} ```",
    "a fence without a newline": "```{}```",
    "said twice": "{}\n\nAgain: {}",
    "beside another object": '{"note": "rated by kind"}\n{}',
    "a list of one": "[{}]",
    "a byte order mark": "\ufeff{}",
}


@pytest.mark.parametrize("form", WRAPPED)
def test_a_good_answer_is_found_whatever_stands_around_it(form):
    def script(body, _):
        return WRAPPED[form].replace("{DRAFT}", DRAFT).replace("{}", good_answer(body))

    with serve(script) as server, asking(server.url, concurrency=8) as asker:
        assert not judge("rows", KITCHEN, asker).missing
        assert len(server.bodies) == 40


PARTS = {
    "one part": lambda text: [{"type": "text", "text": text}],
    "two halves": lambda text: [{"type": "text", "text": half} for half in (text[:9], text[9:])],
    "thoughts beside it": lambda text: [
        {"type": "thinking", "thinking": [{"type": "text", "text": DRAFT}]},
        {"type": "output_text", "text": text},
    ],
    "a part that is none": lambda text: [None, "x", {"text": 7}, {"text": text}],
}


@pytest.mark.parametrize("form", PARTS)
def test_content_in_parts_is_read(form):
    def script(body, _):
        return completion(None, message={"content": PARTS[form](good_answer(body))})

    with serve(script) as server, asking(server.url) as asker:
        assert not judge("rows", FOUR, asker).missing
        assert len(server.bodies) == 4


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("<think>still at it", Fault.UNFINISHED),
        (f"<think>draft {DRAFT}", Fault.UNFINISHED),
        ("thought</think>  ", Fault.EMPTY),
        ('{"anchor": "ant"} or {"anchor": "bee"}', Fault.NOT_JSON),
        ('{"name": "root", "children": [{"name": "a", "children": []}, {"name": ', Fault.NOT_JSON),
        ('{"a": ' * 100_000, Fault.NOT_JSON),
        ("{" * 100_000, Fault.NOT_JSON),
        ('{"a" {' * 100_000, Fault.NOT_JSON),
        ('{"n": ' + "9" * 10_000 + "}", Fault.NOT_JSON),
        ("no object", Fault.NOT_JSON),
        ("[1, 2]", Fault.NOT_JSON),
    ],
)
def test_what_is_not_one_object_is_refused_quickly(text, fault):
    began = time.monotonic()
    with pytest.raises(ReplyError) as refused:
        parse(text, ("anchor",))
    assert refused.value.fault == fault
    assert time.monotonic() - began < 2


def test_a_part_of_a_broken_object_is_not_taken_for_the_whole():
    """The comma after the first group is missing, so the object ends there."""
    group = '{"name": "a", "children": [], "leaves": ["x"]}'
    with pytest.raises(ReplyError):
        parse(f'{{"name": "root", "children": [{group} "b"]}}', ("name", "children"))


CUT = {
    "nothing but thoughts": completion(
        None,
        choice={"finish_reason": "length"},
        message={"reasoning_content": "let me see"},
        usage={"prompt_tokens": 9, "completion_tokens": 400, "total_tokens": 409},
    ),
    "thoughts in the text": completion("<think>let me see"),
    "an answer cut": completion('{"anchor": "a', choice={"finish_reason": "length"}),
}


@pytest.mark.parametrize("form", CUT)
def test_an_answer_that_was_cut_off_names_the_option(tmp_path, form):
    with serve(lambda *_: CUT[form]) as server:
        source = get_source("llm", model="m", base_url=server.url, store=str(tmp_path / "s"))
        with pytest.raises(IncompleteError, match=r"cut off.*`reasoning_tokens`"):
            source(FOUR)


class TestErrorsInGoodReplies:
    """Some servers answer with status 200 and an error."""

    def test_one_that_passes_is_waited_for(self):
        told = Raw(200, '{"error": {"message": "Rate limit exceeded", "code": 429}}')
        script = lambda body, number: told if number == 1 else good_answer(body)  # noqa: E731
        with serve(script) as server, asking(server.url, concurrency=1) as asker:
            assert not judge("rows", FOUR, asker).missing
            assert len(server.bodies) == 5

    @pytest.mark.parametrize(
        ("code", "requests"), [(429, 3), (503, 3), ("rate_limited", 3), (None, 3), (401, 1)]
    )
    def test_its_text_is_told_in_the_end(self, code, requests):
        told = Raw(200, json.dumps({"error": {"message": "Rate limit exceeded", "code": code}}))
        with (
            serve(lambda *_: told) as server,
            asking(server.url, concurrency=1, retries=2) as asker,
        ):
            with pytest.raises(ServerError, match="Rate limit exceeded"):
                judge("rows", FOUR, asker)
            assert len(server.bodies) == requests


class TestOneBadRequest:
    """A refusal of one request, after others were answered, ends no run."""

    refused = error(400, "Failed to generate JSON", code="json_validate_failed")

    def test_it_is_sent_again(self):
        script = lambda body, n: self.refused if n == 2 else good_answer(body)  # noqa: E731
        with serve(script) as server, asking(server.url, concurrency=1) as asker:
            assert not judge("rows", KITCHEN, asker).missing
            assert len(server.bodies) == 41

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_and_left_out_if_it_stays(self, status, caplog):
        refused = error(status, "This one is too long")

        def script(body, number):
            return refused if data_of(body)["anchor"]["id"] == "thing 02" else good_answer(body)

        with (
            caplog.at_level(logging.WARNING),
            serve(script) as server,
            asking(server.url, concurrency=1) as asker,
        ):
            judged = judge("rows", KITCHEN, asker)
            assert len(server.bodies) == 41
            assert {pair.partition(" > ")[0] for pair in judged.missing} == {"thing 02"}
            assert set(judged.missing.values()) == {str(Fault.UNASKED)}
        assert "This one is too long" in caplog.text

    def test_the_first_request_refused_ends_the_run(self):
        with (
            serve(lambda *_: error(400, "bad model")) as server,
            asking(server.url) as asker,
            pytest.raises(ServerError, match="bad model"),
        ):
            judge("rows", FOUR, asker)


class TestHalvesOfSurrogatePairs:
    body = '{"choices":[{"message":{"content":"\\ud83d "},"finish_reason":"stop"}]}'

    def test_an_answer_with_one_is_asked_again(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        FOUR.save("four.csv")
        with serve(lambda *_: Raw(200, self.body)) as server:
            words = ["generate", "four.csv", "--source", "llm", "--model", "m"]
            assert main([*words, "--base-url", server.url]) == 2
            assert len(server.bodies) == 12
        assert "not one JSON object" in capsys.readouterr().err

    def test_nothing_with_one_is_a_name(self):
        with pytest.raises(ReplyError):
            phrase(80).run(decoded('"a \\udc00 b"'))
        assert phrase(80).run(decoded('"a \\ud83d\\ude00 b"')) == "a 😀 b"

    @pytest.mark.parametrize("text", ["[NaN]", "[1e999]", "[" * 100_000, "{", ""])
    def test_what_cannot_be_stored_is_no_reply(self, text):
        with pytest.raises(ValueError):
            decoded(text)


@pytest.mark.parametrize("extra", ['"created": NaN', '"system_fingerprint": 1e999'])
def test_a_reply_that_cannot_be_stored_is_sent_again(extra):
    def script(body, number):
        whole = json.dumps(completion(good_answer(body)))
        return Raw(200, whole[:-1] + f", {extra}}}") if number == 0 else good_answer(body)

    with serve(script) as server, asking(server.url, concurrency=1) as asker:
        assert not judge("rows", FOUR, asker).missing
        assert len(server.bodies) == 5


@pytest.mark.parametrize(
    "logprobs",
    [{"content": [7, None, {"token": "x"}]}, {"content": [{"token": "7", "top_logprobs": [3]}]}, 3],
)
def test_odd_log_probabilities_are_no_traceback(logprobs):
    answer = completion("7", choice={"logprobs": logprobs})
    assert expected(answer, {"cat": 0}) in ({}, {"cat": 7.0})


def test_a_message_of_any_kind_has_a_text():
    for content in (None, 7, [], [[]], {}, [{"text": None}]):
        assert text_of({"content": content}) == ""


@contextmanager
def dripping(first: bytes, more: bytes):
    """Serve replies that never end, a few bytes at a time."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def serve_one(connection: socket.socket) -> None:
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + first)
            while not stopped.wait(0.02):
                try:
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


def test_a_reply_that_drips_is_given_up_in_time():
    began = time.monotonic()
    with (
        dripping(b"{", b" ") as url,
        asking(url, retries=0, timeout=0.5) as asker,
        pytest.raises(ServerError, match=r"no answer within 0\.5 seconds"),
    ):
        judge("rows", FOUR, asker)
    assert time.monotonic() - began < 5


def test_a_reply_without_end_is_given_up_at_a_size(monkeypatch):
    monkeypatch.setattr(client, "LARGEST_REPLY", 1 << 20)
    with (
        dripping(b"{", b" " * (1 << 18)) as url,
        asking(url, retries=0) as asker,
        pytest.raises(ServerError, match="more than 1048576 bytes"),
    ):
        judge("rows", FOUR, asker)


def test_a_connection_that_breaks_off_in_a_reply_is_tried_again():
    def script(body, number):
        cut = Raw(200, '{"choices": [', {"Content-Length": "9000"})
        return cut if number == 0 else good_answer(body)

    with serve(script) as server, asking(server.url, concurrency=1, timeout=1) as asker:
        assert not judge("rows", FOUR, asker).missing


def test_an_error_text_is_cut_and_printable():
    with (
        serve(lambda *_: error(401, "no\x1b[31m\x00" + "x" * 9000)) as server,
        asking(server.url) as asker,
        pytest.raises(ServerError) as refused,
    ):
        judge("rows", FOUR, asker)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 700
