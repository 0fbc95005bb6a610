"""Objects that are JSON but for how they are written; nothing in them is guessed."""

from __future__ import annotations

import time

import pytest

from taxonomy._core.errors import ReplyError
from taxonomy.llm.mending import mended
from taxonomy.llm.parsing import parse

READ = {
    "{'it\\'s': 'a \"word\"'}": {"it's": 'a "word"'},
    "{'a': True, 'b': None,}": {"a": True, "b": None},
    '{a: 1, "b": [1, 2,],}': {"a": 1, "b": [1, 2]},
    '{"a": "http://x", // y\n"b": "#1"}': {"a": "http://x", "b": "#1"},
    '{/* {"a": 2} */ "a": 1}': {"a": 1},
    '{"a": "b\\_c"}': {"a": "b_c"},
    '{"a": "b\nc"}': {"a": "b\nc"},
    '{\\"a\\": \\"b\\"}': {"a": "b"},
    "{&quot;a&quot;: &quot;b &amp; c&quot;}": {"a": "b & c"},
    "{“a”: “b”}": {"a": "b"},
    '{"a": {"b": 1}': {"a": {"b": 1}},
    '```json\n{"a": {"b": 1}\n```': {"a": {"b": 1}},
}


@pytest.mark.parametrize("text", READ)
def test_what_is_meant_is_read(text):
    assert [found for found, _, _ in mended(text, 0, len(text))] == [READ[text]]


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1',  # perhaps 12
        '{"a": tench}',
        '{"a": 1 "b": 2}',
        '{"a": [1, 2}',
        "{'a': 'it's'}",
        '{"a": 1,, "b": 2}',
        '{"a": 07}',
        "{}}"[2:],
    ],
)
def test_what_could_be_something_else_is_not(text):
    assert not list(mended(text, 0, len(text)))


def test_a_part_is_not_taken_for_the_whole():
    text = "{'name': 'root', 'children': [{\"name\": \"a\", \"children\": []}]}"
    assert parse(text, ["name", "children"])[0]["name"] == "root"


def test_answers_that_differ_are_refused_in_any_spelling():
    with pytest.raises(ReplyError):
        parse("{'a': 1} {'a': 2}", ["a"])
    assert parse("{'a': 1} <final>{'a': 2}</final>", ["a"])[0] == {"a": 2}


@pytest.mark.parametrize("bit", ["{'", "{/*", "{a:", '{\\"', "{&quot;", "{#", "{a:[", "{'a':1} "])
def test_long_texts_take_no_time(bit):
    text = bit * (1_000_000 // len(bit))
    begin = time.process_time()
    with pytest.raises(ReplyError):
        parse(text, ["b"])
    assert time.process_time() - begin < 2
