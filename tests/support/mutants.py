"""JSON values with one place changed: retyped, made huge, deleted, doubled or renamed."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import strategies as st

THOUSANDS = 10**5000
"""An integer that Python does not write by itself."""

STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2**31, 2**63 - 1, 2**63, -(2**70), THOUSANDS]),
    st.sampled_from([0.0, 0.5, -1.0, 2.0, 1e308, float("nan"), float("inf")]),
    st.sampled_from(["", "x", "resnet", "9" * 5000, "\ud800", "[" * 500]),
    st.sampled_from([[], {}, [[]], {"": {}}, [1, 2, 3], {"width": 1}]),
)


@st.composite
def mutants(draw: st.DrawFn, value: Any) -> Any:
    """Draw the value with one place changed."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        name = draw(st.sampled_from(sorted(value)))
        rest = {key: part for key, part in value.items() if key != name}
        change = draw(st.sampled_from(["inside", "delete", "rename"]))
        if change == "delete":
            return rest
        if change == "rename":
            return {**rest, draw(st.sampled_from([name + "s", name[1:], "\udc00"])): value[name]}
        return {**rest, name: draw(mutants(value[name]))}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        change = draw(st.sampled_from(["inside", "delete", "double"]))
        if change == "inside":
            return [*value[:place], draw(mutants(value[place])), *value[place + 1 :]]
        copies = 2 if change == "double" else 0
        return [*value[:place], *[value[place]] * copies, *value[place + 1 :]]
    return draw(STRANGE)


def json_text(value: Any) -> str:
    """Return the JSON text of a value, with integers of any length."""
    stand_in = 12345678987654321
    return re.sub(str(stand_in), "1" + "0" * 5000, json.dumps(_replaced(value, stand_in)))


def _replaced(value: Any, stand_in: int) -> Any:
    if isinstance(value, dict):
        return {key: _replaced(part, stand_in) for key, part in value.items()}
    if isinstance(value, list):
        return [_replaced(part, stand_in) for part in value]
    return stand_in if value is not True and value == THOUSANDS else value
