"""JSON without recursion says what the standard library says, and goes deeper."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import FileFormatError
from taxonomy.formats._json import dump_deep, parse_deep

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text('aé"\\\n'), inner)
)


@given(VALUES, st.sampled_from([None, 1, 3]))
def test_what_the_standard_library_writes_is_read(value, indent):
    assert parse_deep(json.dumps(value, indent=indent), "f") == value
    assert json.loads(dump_deep(value)) == value


@given(st.text('[]{},:"\\ntrufalse0123.eE-+ \t'))
def test_both_refuse_the_same(text):
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(FileFormatError, match="not valid JSON"):
            parse_deep(text, "f")
        return
    try:
        assert parse_deep(text, "f") == expected
    except FileFormatError as error:
        assert any(limit in str(error) for limit in ("64 bits", "given already"))


def test_it_goes_deep():
    deep: list = []
    for _ in range(49_999):  # and what lies in the innermost
        deep = [deep, {"a": 1}]
    again = parse_deep(dump_deep(deep), "f")
    levels = 0
    while again:
        assert again[1] == {"a": 1}
        again = again[0]
        levels += 1
    assert levels == 49_999


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,\n "b" 2}', "a colon at line 2 column 6"),
        ('{"a": [1 2]}', "a comma or the end of a list or object at line 1 column 10"),
        ('["a', "a text that ends, without control characters at line 1 column 2"),
        ("[1] 2", "the end of the text at line 1 column 5"),
        ("[9223372036854775808]", "a number of at most 64 bits"),
        ("[NaN]", "a value"),
        ("[" * 100_000, "at most 50,000 lists and objects in each other at line 1 column 50002"),
    ],
)
def test_a_fault_is_named_with_its_place(text, message):
    with pytest.raises(FileFormatError, match=message):
        parse_deep(text, "f")
