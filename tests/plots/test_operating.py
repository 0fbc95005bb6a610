"""The operating curve is drawn where its numbers are, down to the root."""

from __future__ import annotations

import pandas as pd

from taxonomy.plots import operating_figure

TABLE = pd.DataFrame(
    {"threshold": [0, 0.6, 0.95], "information": [1, 0.5, 0.25], "accuracy": [0.75, 0.875, 0.9]}
)


def test_a_line_a_classifier_that_ends_at_the_root():
    (axes,) = operating_figure({"tree": TABLE, "flat": TABLE / 2}).axes
    lines = [line for line in axes.lines if line.get_linestyle() != "None"]
    assert lines[0].get_xydata().tolist() == [[100, 75], [50, 87.5], [25, 90], [0, 100]]
    assert {line.get_linestyle() for line in lines} == {"-", "--"}
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["tree", "flat"]


def test_dots_are_where_the_threshold_is():
    (axes,) = operating_figure({"": TABLE}).axes
    dots = [line.get_xydata().tolist() for line in axes.lines if line.get_linestyle() == "None"]
    assert dots == [[[100, 75]], [[50, 87.5]]]  # at .5 and at .9
    assert axes.get_legend() is None
