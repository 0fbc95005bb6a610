"""Decoding: what is read has the type it should have, or the message names the place."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core import io
from taxonomy._core.decoding import MOST_DEPTH, check_json, decode, parse_json
from taxonomy._core.errors import (
    MOST_CHARACTERS,
    FileFormatError,
    SpecError,
    TrainingError,
    check_whole,
    shown,
    told,
)


@dataclass(frozen=True)
class Part:
    width: int
    kind: Literal["plain", "wide"] = "plain"

    def __post_init__(self) -> None:
        check_whole("width", self.width, 1, 99, SpecError)


@dataclass(frozen=True)
class Whole:
    parts: tuple[Part, ...]
    rate: float = 0.5
    only: Part | None = None
    named: dict[str, Part] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


GOOD = {
    "parts": [{"width": 3}, {"width": 4, "kind": "wide"}],
    "rate": 1,
    "only": {"width": 5},
    "named": {"a": {"width": 6}},
    "notes": {"free": [1, None]},
}


def test_values_become_dataclasses():
    assert decode(Whole, GOOD, "x.json") == Whole(
        (Part(3), Part(4, "wide")), 1.0, Part(5), {"a": Part(6)}, {"free": [1, None]}
    )
    assert decode(dict[str, Any], {"a": 1}, "x.json") == {"a": 1}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "x.json: expected an object, found []"),
        ({}, "x.json: lacks the field 'parts'"),
        ({"parts": 3}, "x.json: parts: expected a list, found 3"),
        ({"parts": [{}]}, "x.json: parts[0]: lacks the field 'width'"),
        ({"parts": [{"width": "9"}]}, "x.json: parts[0].width: expected an integer, found '9'"),
        ({"parts": [{"width": 9.0}]}, "x.json: parts[0].width: expected an integer, found 9.0"),
        ({"parts": [{"width": True}]}, "x.json: parts[0].width: expected an integer, found True"),
        ({"parts": [{"width": 100}]}, "x.json: parts[0]: width is 100; give a whole number from 1"),
        (
            {"parts": [{"widht": 9}]},
            "x.json: parts[0]: unknown field 'widht'. Did you mean 'width'?",
        ),
        (
            {"parts": [{"width": 9, "zzz": 1}]},
            "x.json: parts[0]: unknown field 'zzz'. Known fields: width, kind.",
        ),
        (
            {"parts": [{"width": 9, "kind": "wied"}]},
            "x.json: parts[0].kind: expected one of plain, wide, found 'wied'. Did you mean 'wide'",
        ),
        ({"parts": [{"width": 9}, {"width": 0}, {"width": 0}]}, "x.json: parts[1]: width is 0;"),
        ({"parts": [], "only": 3}, "x.json: only: expected an object or null, found 3"),
        ({"parts": [], "only": {"wid": 1}}, "x.json: only: unknown field 'wid'."),
        ({"parts": [], "only": {"width": 0}}, "x.json: only: width is 0;"),
        ({"parts": [], "named": {"b": {"width": 0}}}, "x.json: named.b: width is 0;"),
        ({"parts": [], "named": {"b": {"wid": 0}}}, "x.json: named.b: unknown field"),
        ({"parts": [], "rate": None}, "x.json: rate: expected a number, found None"),
        ({"parts": [], "rate": float("nan")}, "x.json: rate: expected a finite number, found nan"),
        (
            {"parts": [{"width": 2**63}]},
            "x.json: parts[0].width: expected an integer of at most 64",
        ),
        ({"parts": [], "notes": {"\ud800": 1}}, "x.json: notes: expected keys of valid text"),
        ({"parts": [], "notes": {"a": "\udfff"}}, "x.json: notes.a: expected valid text"),
        ({"parts": [], "notes": {"a": b"bytes"}}, "x.json: notes.a: expected a JSON value"),
    ],
)
def test_faults_are_named_with_file_and_place(value, message):
    with pytest.raises(TrainingError) as caught:
        decode(Whole, value, "x.json", TrainingError)
    assert str(caught.value).startswith(message)


def test_unknown_fields_may_be_left_out():
    value = {"parts": [{"width": 3, "more": 1}], "other": 2}
    assert decode(Whole, value, "x.json", closed=False) == Whole((Part(3),))


@pytest.mark.parametrize(
    "value",
    [
        {"parts": "x" * 10**6},
        {"x" * 10**6: 1},
        {"parts": [{"width": 10**5000}]},
        {"parts": [list(range(10**5))]},
        {"parts": [], "named": {"x" * 10**5: {"width": 0}}},
    ],
)
def test_messages_stay_short(value):
    started = time.perf_counter()
    with pytest.raises(FileFormatError) as caught:
        decode(Whole, value, "x.json")
    assert len(str(caught.value)) <= MOST_CHARACTERS
    assert time.perf_counter() - started < 2


DEEP = "[" * MOST_DEPTH + "]" * MOST_DEPTH


@pytest.mark.parametrize(
    "text",
    ["[NaN]", "[-Infinity]", "[1e400]", f"[{2**63}]", f"[-{2**63 + 1}]", "[" + "9" * 5000 + "]",
     '["\\ud800"]', '{"\\uDFFF": 1}', f"[{DEEP}]", "[" * 10**6, '{"a":' * 10**5, '["\ud800"]',
     f"[1{'0' * 308}.5e1]", "[1.0e0310]"],
)  # fmt: skip
def test_what_no_json_file_may_hold(text):
    with pytest.raises(FileFormatError, match=r"^x\.json"):
        parse_json(text, "x.json")


@pytest.mark.parametrize(
    "text",
    [DEEP, f"[{2**63 - 1}, -{2**63}]", '["\\ud83d\\ude00"]', '"NaN [[[ Infinity 1e999"',
     '["0e9991a" , "a1e999", "00000000000000000000", 1.5]',
     '{"a": "' + "[" * 500 + '\\"[{"}', "[" + ", ".join(["[]"] * 1000) + "]", "1e308", "-0.0"],
)  # fmt: skip
def test_what_every_json_file_may_hold(text):
    assert parse_json(text, "x.json") == json.loads(text)


def test_no_message_disturbs_a_terminal_or_goes_on_for_ever():
    for name in ("\x1b[2J\x07\x9b1m", "\u202e\u2066", "\r", "x" * 10**7):
        error = FileFormatError(f"the name {name} is none")
        assert str(error).isprintable()
        assert len(str(error)) <= 4000
    place = Path("/".join(["folder"] * 300), "x.json")
    message = told(place, "\x1b[2Jnot valid JSON.")
    assert message.endswith("folder/x.json: \\x1b[2Jnot valid JSON.")
    assert len(message) <= MOST_CHARACTERS


def test_files_are_read_within_the_limits(tmp_path):
    (tmp_path / "x.json").write_text('{"a": [1, NaN]}')
    with pytest.raises(FileFormatError, match=r"x\.json: a\[1\]: expected a finite number"):
        io.read_json(tmp_path / "x.json")


def test_a_large_file_is_read_quickly():
    text = json.dumps([{"id": f"n{i}", "parent": i, "height": i / 7} for i in range(100_000)])
    started = time.perf_counter()
    json.loads(text)
    plain = time.perf_counter() - started
    started = time.perf_counter()
    parse_json(text, "x.json")
    assert time.perf_counter() - started < 3 * plain + 0.3


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters() | st.sampled_from("\ud800\udfff"))
)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@given(JSON)
def test_what_passes_can_be_written_and_read_again(value):
    try:
        check_json(value, "x")
    except FileFormatError:
        return
    assert parse_json(io.canonical_json(value), "x") == value
    io.canonical_json(value).encode()


@given(JSON)
def test_text_is_refused_just_where_its_value_is(value):
    text = json.dumps(value)
    try:
        check_json(value, "x")
    except FileFormatError:
        with pytest.raises(FileFormatError):
            parse_json(text, "x")
    else:
        assert parse_json(text, "x") == value


@given(JSON)
def test_any_value_can_be_shown(value):
    assert len(shown(value)) < 2000
