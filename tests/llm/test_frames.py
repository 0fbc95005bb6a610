"""Streams that nobody asked for, and other frames of a reply."""

from __future__ import annotations

import pytest

from taxonomy.llm.frames import unframed
from tests.support.forms import streamed


def test_a_stream_gives_its_text_its_end_and_its_usage():
    usage = {"prompt_tokens": 9, "completion_tokens": 2}
    found = unframed(streamed("seven" * 30, usage=usage))
    assert found["choices"][0]["message"]["content"] == "seven" * 30
    assert found["choices"][0]["finish_reason"] == "stop"
    assert found["usage"] == usage


def test_thoughts_of_a_stream_stay_thoughts():
    chunk = 'data: {"choices": [{"delta": {"reasoning_content": "hm"}}]}\n\n'
    found = unframed(chunk + streamed("7"))
    assert found["choices"][0]["message"]["reasoning_content"] == "hm"
    assert found["choices"][0]["message"]["content"] == "7"


def test_a_stream_that_breaks_off_is_no_reply():
    first = streamed("7").partition("\n\n")[0]
    with pytest.raises(ValueError, match="does not end"):
        unframed(first)


def test_an_error_within_a_stream_is_the_reply():
    assert unframed(streamed("7") + 'data: {"error": "died"}\n\n') == {"error": "died"}


@pytest.mark.parametrize("text", ["{", "id: 7", 'data: {"a": 1}\ndata: {', 'data: {"a": 1}'])
def test_what_is_no_json_and_no_whole_stream_is_refused(text):
    with pytest.raises(ValueError, match=r"Expecting|does not end"):
        unframed(text)


def test_the_choice_with_a_text_comes_first():
    empty, full = ({"message": {"content": text}} for text in (None, "7"))
    assert unframed(str({"choices": [empty, full]}).replace("'", '"').replace("None", "null"))[
        "choices"
    ] == [full, empty]
