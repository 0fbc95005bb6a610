"""Small context windows and answers that were cut off: what fits is asked for, and kept."""

from __future__ import annotations

import json

import pytest

from taxonomy._core.errors import IncompleteError, ServerError
from taxonomy.labels import LabelSet
from taxonomy.llm.asker import read
from taxonomy.llm.parsing import parse_cut
from taxonomy.llm.question import Prompt
from taxonomy.llm.reply import Fault, Fields, Single, integer, phrase
from taxonomy.llm.scoring import judge
from taxonomy.similarity import get_source
from tests.support.asking import FOUR, asking
from tests.support.server import Raw, completion, error, good_answer, serve

KITCHEN = LabelSet(f"thing {i:02}" for i in range(40))

REFUSALS = {
    "OpenAI and vLLM": lambda window, read, write: error(
        400,
        f"This model's maximum context length is {window} tokens. However, you requested "
        f"{read + write} tokens ({read} in the messages, {write} in the completion). Please reduce "
        "the length of the messages or completion.",
    ),
    "vLLM, newer": lambda window, read, write: Raw(
        400,
        json.dumps(
            {
                "object": "error",
                "message": f"'max_tokens' or 'max_completion_tokens' is too large: {write}. This "
                f"model's maximum context length is {window} tokens and your request has {read} "
                f"input tokens ({write} > {window} - {read}).",
                "code": 400,
            }
        ),
    ),
    "llama.cpp": lambda window, read, write: error(
        400,
        f"the request exceeds the available context size ({window} tokens), try increasing it",
        type="exceed_context_size_error",
        n_prompt_tokens=read,
        n_ctx=window,
    ),
    "LM Studio": lambda window, read, write: Raw(
        400,
        json.dumps(
            {
                "error": "The number of tokens to keep from the initial prompt is greater than the "
                f"context length (n_keep: {read + write}>= n_ctx: {window}). Try to load the model "
                "with a larger context length, or provide a shorter input"
            }
        ),
    ),
    "Mistral": lambda window, read, write: error(
        400,
        f"Prompt contains {read + write} tokens and 0 draft tokens, too large for model with "
        f"{window} maximum context length",
    ),
    "DeepSeek": lambda window, read, write: error(
        400,
        "Invalid max_tokens value, the valid range of max_tokens is "
        f"[1, {max(window - read, 100)}]",
    ),
    "Anthropic": lambda window, read, write: error(
        400, f"max_tokens: {write} > {window - read}, which is the maximum allowed number"
    ),
    "Groq": lambda window, read, write: error(
        413,
        f"Request too large for model `m` on tokens per minute (TPM): Limit {window}, Requested "
        f"{read + write}, please reduce your message size and try again.",
    ),
    "llama.cpp, older": lambda window, read, write: error(500, "context size exceeded"),
}


def with_window(window: int, refuse):
    """Refuse what does not fit; a token is four bytes, as in most tokenizers."""

    def script(body, _):
        read = sum(len(m["content"].encode()) for m in body["messages"]) // 4
        write = body.get("max_tokens", body.get("max_completion_tokens"))
        return good_answer(body) if read + write <= window else refuse(window, read, write)

    return script


class TestWindow:
    @pytest.mark.parametrize("server_kind", REFUSALS)
    def test_fewer_tokens_are_asked_for_where_they_suffice(self, server_kind):
        """800 tokens to read and room for 780, of which an answer takes 200."""
        script = with_window(1300, REFUSALS[server_kind])
        with serve(script) as server, asking(server.url, concurrency=4) as asker:
            assert not judge("rows", KITCHEN, asker).missing
            asked = [body.get("max_tokens") or 0 for body in server.bodies]
            assert len(asked) <= 40 + 2 * 4  # found out once, by those under way
            assert asked[-1] < max(asked) / 1.9
            assert all("json_schema" in str(body["response_format"]) for body in server.bodies)

    @pytest.mark.parametrize("server_kind", REFUSALS)
    def test_one_that_stays_too_small_says_what_fits(self, server_kind):
        script = with_window(520, REFUSALS[server_kind])
        with (
            serve(script) as server,
            asking(server.url, concurrency=1) as asker,
            pytest.raises(ServerError) as refused,
        ):
            judge("rows", KITCHEN, asker)
        message = str(refused.value)
        assert "the context window is too small for about" in message
        assert "`reasoning_tokens`" in message
        assert len(message) < 600
        if server_kind in ("OpenAI and vLLM", "vLLM, newer", "llama.cpp", "LM Studio"):
            assert "of its 39 items would fit" in message

    def test_only_what_is_too_long_is_lost(self):
        """One class with a long definition is in every request but as short a one as others."""
        script = with_window(1300, REFUSALS["llama.cpp"])

        def longer(body, n):
            long = json.loads(body["messages"][-1]["content"])["anchor"]["id"] == "thing 07"
            return REFUSALS["llama.cpp"](1300, 2000, 1) if long else script(body, n)

        with serve(longer) as server, asking(server.url, concurrency=1) as asker:
            missing = judge("rows", KITCHEN, asker).missing
            assert {pair.partition(" > ")[0] for pair in missing} == {"thing 07"}


def cut_at(characters: int, **usage):
    """Answer well, and stop after so many characters."""

    def script(body, _):
        text = good_answer(body)
        if len(text) <= characters:
            return text
        used = {"prompt_tokens": 900, "completion_tokens": characters // 4, **usage}
        return completion(text[:characters], choice={"finish_reason": "length"}, usage=used)

    return script


def test_a_question_that_was_cut_without_a_word_is_noticed():
    """Ollama sends what its window holds to the model, which then never sees the question."""
    things = LabelSet(f"thing {i:03} of a long name, {'very ' * 20}long" for i in range(60))
    used = {"prompt_tokens": 600, "completion_tokens": 40, "total_tokens": 640}
    answer = completion("You seem to have shared a list. What is it about?", usage=used)
    with serve(lambda *_: answer) as server, asking(server.url) as asker:
        judged = judge("rows", things, asker)
        assert set(judged.missing.values()) == {str(Fault.UNREAD)}
        with pytest.raises(IncompleteError, match="context window is too small"):
            judged.refuse_gaps()


class TestCut:
    def test_what_is_there_of_an_answer_is_kept_and_the_rest_asked_for(self):
        """39 scores of 15 characters: 20 fit at a time."""
        with serve(cut_at(350)) as server, asking(server.url, concurrency=4) as asker:
            judged = judge("rows", KITCHEN, asker)
            assert not judged.missing
            assert set(judged.faults) == {Fault.WINDOW}
            lengths = [
                len(json.loads(body["messages"][-1]["content"])["categories"])
                for body in server.bodies
            ]
            assert 39 in lengths
            assert len(lengths) <= 40 * 3
            assert min(lengths) < 22

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ('{"anchor": "x", "scores": {"bee": 7, "car": 1', {"bee": 7}),
            ('{"anchor": "x", "scores": {"bee": 7, "car": 12, ', {"bee": 7, "car": 12}),
            ('{"anchor": "x", "scores": {"bee": 7, "ca', {"bee": 7}),
            ('```json\n{"anchor": "x", "scores": {"bee": 7, "}{": 3, "x', {"bee": 7, "}{": 3}),
            ('<think>{"scores": {"bee": 1,</think>{"scores": {"bee": 7, "c', {"bee": 7}),
            ('{"scores": {"a \\" ,": 7, "b": [1, 2], "c', {'a " ,': 7, "b": [1, 2]}),
        ],
    )
    def test_all_but_the_last_value_is_read(self, text, kept):
        found, start = parse_cut(text, ["scores"])
        assert found["scores"] == kept
        assert text[start] == "{"

    @pytest.mark.parametrize(
        ("text", "fault"),
        [
            ('{"anchor": "x", "scores": {"bee": 7', Fault.TRUNCATED),
            ('I think {"scores": {"bee": 7, "car": 1', Fault.TRUNCATED),  # perhaps a draft
            ('<think>{"scores": {"bee": 7, "car": 1', Fault.UNFINISHED),
            ('{"scores": {"bee": 7, "car": 1]', Fault.TRUNCATED),
            ('{"scores": {"bee": 7, "bee": ' + "[" * 100_000, Fault.TRUNCATED),
            ("", Fault.TRUNCATED),
        ],
    )
    def test_drafts_and_shreds_are_not(self, text, fault):
        answer = completion(text, choice={"finish_reason": "length"})
        reply = Fields("scores", integer(0, 100))
        prompt = Prompt("pairs", ("bee", "car"), lambda wanted: {"pairs": list(wanted)}, reply)
        question = prompt.question("m", "", {}, 0, {}, 0)
        reading = read(answer, question)
        assert reading.values == {}
        assert set(reading.faults.values()) <= {fault, Fault.UNFINISHED}

    def test_a_part_of_a_whole_is_no_answer(self):
        """Half a description is none, though it could be closed."""
        prompt = Prompt(
            "describe", ("description",), lambda _: {}, Single("description", phrase(99))
        )
        answer = completion(
            '{"description": "a round", "more": "x', choice={"finish_reason": "length"}
        )
        reading = read(answer, prompt.question("m", "", {}, 0, {}, 0))
        assert (reading.values, reading.faults) == ({}, {"description": Fault.TRUNCATED})


class TestThinking:
    """A model that thinks for 300 tokens before it answers."""

    @staticmethod
    def script(body, _):
        if body["max_tokens"] < 300:
            used = {"prompt_tokens": 100, "completion_tokens": body["max_tokens"]}
            message = {"reasoning_content": "let me see"}
            return completion(None, choice={"finish_reason": "length"}, message=message, usage=used)
        return good_answer(body)

    def source(self, server, folder, **options):
        store = str(folder / "s.sqlite")
        return get_source("llm", model="m", base_url=server.url, store=store, **options)

    def test_raising_the_option_that_is_named_helps(self, tmp_path):
        """The cut answers are stored; a run that allows more asks again, and only once."""
        with serve(self.script) as server:
            with pytest.raises(IncompleteError, match=r"while thinking.*`reasoning_tokens`"):
                self.source(server, tmp_path)(FOUR)
            assert len(server.bodies) == 12
            with pytest.raises(IncompleteError):
                self.source(server, tmp_path)(FOUR)
            assert len(server.bodies) == 12  # nothing is paid for twice
            more = self.source(server, tmp_path, reasoning_tokens=300)
            assert more.plan(FOUR).requests == 4
            made = more(FOUR)
            assert len(server.bodies) == 16
            assert more.plan(FOUR).requests == 0
            told, unanswered = more.record(FOUR)
            assert (len(told.records), unanswered) == (16, 0)
            told.save(tmp_path / "t.jsonl.xz")
        again = get_source("llm", transcript=str(tmp_path / "t.jsonl.xz"))(FOUR)
        assert again.digest == made.digest

    def test_still_too_few_are_asked_for_once_each(self, tmp_path):
        with serve(self.script) as server:
            for more, requests in ((0, 12), (10, 16), (10, 16), (20, 20)):
                with pytest.raises(IncompleteError, match="`reasoning_tokens`"):
                    self.source(server, tmp_path, reasoning_tokens=more)(FOUR)
                assert len(server.bodies) == requests

    def test_answers_that_are_complete_are_not_asked_again(self, tmp_path):
        """The first attempt was cut off and the second was not: more tokens change nothing."""

        def script(body, n):
            return self.script({"max_tokens": 1}, n) if n == 0 else good_answer(body)

        with serve(script) as server:
            made = self.source(server, tmp_path)(FOUR)
            assert self.source(server, tmp_path, reasoning_tokens=999)(FOUR).digest == made.digest
            assert len(server.bodies) == 5

    def test_an_end_that_is_called_natural_is_not(self, tmp_path):
        """Some servers say stop where thoughts took all the tokens."""

        def script(body, _):
            used = {"prompt_tokens": 100, "completion_tokens": body["max_tokens"]}
            return completion("", message={"reasoning": "let me see"}, usage=used)

        with (
            serve(script) as server,
            pytest.raises(IncompleteError, match=r"while thinking.*`reasoning_tokens`"),
        ):
            self.source(server, tmp_path)(FOUR)
