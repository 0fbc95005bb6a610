"""What a report says of differences: who is not told apart, who is lower, and by how much."""

from __future__ import annotations

import pandas as pd

from taxonomy.studies.findings import FAMILY_AT_EQUAL_MACS
from taxonomy.studies.report import (
    Heading,
    Table,
    _against_flat,
    _apart,
    in_full_html,
    in_full_markdown,
)


def compared(*rows):
    names = ("a", "b", "difference", "p_corrected")
    return pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])


def test_where_nothing_differs_that_comes_first():
    pairs = compared(("x", "y", 0.01, 0.4))
    said = _apart(pairs, "x is most often right", ["x", "y"])
    assert said == "no two of 2 hierarchies differ beyond their intervals; x is most often right"


def test_a_difference_is_told_from_the_best_whichever_way_it_was_compared():
    pairs = compared(
        ("low", "best", -0.02, 0.001), ("best", "near", 0.01, 0.2), ("low", "near", 0.01, 0.04)
    )
    said = _apart(pairs, "best is most often right", ["best", "near", "low"])
    assert said == (
        "best is most often right; not told apart from it: near; "
        "lower beyond chance: low (−2.0 points, moderate)"
    )


def test_the_flat_family_is_beside_all_of_them():
    nan = float("nan")
    rows = [
        ("up", FAMILY_AT_EQUAL_MACS, 0.04, 0.01),
        ("down", FAMILY_AT_EQUAL_MACS, -0.006, 0.01),
        ("like", FAMILY_AT_EQUAL_MACS, 0.04, 0.3),
        ("dear", FAMILY_AT_EQUAL_MACS, nan, nan),
    ]
    assert _against_flat(compared(*rows)) == (
        "Beside the masked flat family at equal MACs, above: up (+4.0 points, large); "
        "below: down (−0.6 points, small); not told apart: like; "
        "outside the MACs that it covers: dear."
    )


def test_names_do_nothing_on_the_page():
    parts = [Heading("<b>", 1), "a <script> of *stars*", Table(["", "x|y"], [["<i>", "1"]])]
    page = in_full_html(parts, {})
    assert "<script" not in page
    assert "<i>" not in page
    assert "\\<script\\>" in in_full_markdown(parts)
