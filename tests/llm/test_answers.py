"""Good answers in the forms in which servers send them, and bad ones that end no run."""

from __future__ import annotations

import json
import logging
import time
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import IncompleteError, ReplyError, ServerError
from taxonomy.cli import main
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import read
from taxonomy.llm.completion import decoded, expected, is_completion, text_of, told_error
from taxonomy.llm.parsing import parse, parse_cut
from taxonomy.llm.question import Prompt
from taxonomy.llm.reply import Fault, Fields, integer, phrase
from taxonomy.llm.scoring import judge
from taxonomy.similarity import get_source
from tests.support.asking import FOUR, asking
from tests.support.mutants import json_text, mutants
from tests.support.server import Raw, completion, data_of, error, good_answer, serve

KITCHEN = LabelSet(f"thing {i:02}" for i in range(40))

DRAFT = '{"anchor": "ant", "scores": {"bee": 1}}'


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
        ("```json\n" * 200_000, Fault.NOT_JSON),
        ("</" + "think" * 200_000, Fault.NOT_JSON),
        ("<|channel|>final" * 100_000, Fault.NOT_JSON),
        ("</think>" * 200_000, Fault.EMPTY),
        ("<think>" * 200_000, Fault.UNFINISHED),
        ('{"a": "' + "<think>" * 200_000 + '"}{}', Fault.NOT_JSON),
        ("<|channel|>analysis<|message|>maybe " + DRAFT, Fault.UNFINISHED),
        ("analysisMaybe " + DRAFT, Fault.UNFINISHED),
        ('{"n": ' + "9" * 10_000 + "}", Fault.NOT_JSON),
        ("no object", Fault.NOT_JSON),
        ("[1, 2]", Fault.NOT_JSON),
    ],
)
def test_what_is_not_one_object_is_refused_quickly(text, fault):
    began = time.process_time()
    with pytest.raises(ReplyError) as refused:
        parse(text, ("anchor",))
    assert refused.value.fault == fault
    assert time.process_time() - began < 2


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

    @pytest.mark.parametrize("text", ["[" * 100_000, "[" * 300 + "]" * 300, "{", "", "[1] [2]"])
    def test_what_cannot_be_stored_is_no_reply(self, text):
        with pytest.raises(ValueError):
            decoded(text)


@pytest.mark.parametrize(
    "extra",
    [
        '"created": NaN',
        '"system_fingerprint": 1e999',
        f'"usage": {{"prompt_tokens": {"9" * 25}, "completion_tokens": {"9" * 5000}}}',
        '"usage": {"prompt_tokens": -1, "completion_tokens": true}',
        '"usage": {"prompt_tokens": 9223372036854775807, "completion_tokens": 1}',
    ],
)
def test_odd_numbers_around_an_answer_do_not_lose_it(extra):
    def script(body, _):
        return Raw(200, json.dumps(completion(good_answer(body)))[:-1] + f", {extra}}}")

    with serve(script) as server, asking(server.url, concurrency=1) as asker:
        assert not judge("rows", FOUR, asker).missing
        assert len(server.bodies) == 4
        assert asker.store.tokens()[0] < 10**9


@pytest.mark.parametrize(
    "logprobs",
    [{"content": [7, None, {"token": "x"}]}, {"content": [{"token": "7", "top_logprobs": [3]}]}, 3],
)
def test_odd_log_probabilities_are_no_traceback(logprobs):
    answer = completion("7", choice={"logprobs": logprobs})
    assert expected(answer, {"cat": 0}) in ({}, {"cat": 7.0})


PIECES = [
    *('{"anchor": "a", "scores": {"b": 7, "c": 12}}', '{"scores": {}}', "{", "}", "[", "]", '"'),
    *("<think>", "</think>", "<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    *("assistantfinal", "```json\n", "```", "prose ", "\\", ",", ":", "NaN", "\ud800", "\n", "🐜"),
    *("analysisWe", "◁think▷", "[/THINK]", "</" + "think" * 9, "\ufeff", "1e999", "9" * 30),
]


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_any_text_is_an_answer_or_a_fault(text):
    for find in (parse, partial(parse, ending=True), parse_cut):
        try:
            found, start = find(text, ["scores"])
        except ReplyError as refused:
            assert refused.fault in set(Fault)
        else:
            assert text[start] == "{"
            assert isinstance(found, dict)


@given(mutants(completion('{"anchor": "a", "scores": {"b": 7}}', choice={"logprobs": {}})))
def test_any_completion_is_read(answer):
    """Whatever its fields hold, a stored answer becomes values and faults."""
    try:
        stored = decoded(json_text(answer))
    except ValueError:
        return
    if told_error(stored) or not is_completion(stored):
        return
    prompt = Prompt("rows", ("b",), lambda _: {}, Fields("scores", integer(0, 9), {"anchor": "a"}))
    reading = read(stored, prompt.question("m", "", {}, 0, {}, 0))
    assert reading.values.keys() | reading.faults.keys() == {"b"}
    expected(stored, {"b": 3})


def test_a_message_of_any_kind_has_a_text():
    for content in (None, 7, [], [[]], {}, [{"text": None}]):
        assert text_of({"content": content}) == ""


def test_a_connection_that_breaks_off_in_a_reply_is_tried_again():
    def script(body, number):
        cut = Raw(200, '{"choices": [', {"Content-Length": "9000"})
        return cut if number == 0 else good_answer(body)

    with serve(script) as server, asking(server.url, concurrency=1, timeout=1) as asker:
        assert not judge("rows", FOUR, asker).missing
