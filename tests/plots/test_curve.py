"""The figure shows every network where its numbers are, and its bytes are reproducible."""

from __future__ import annotations

import pandas as pd
import pytest

from taxonomy.plots import cost_accuracy_figure, save_figure


@pytest.fixture
def means() -> pd.DataFrame:
    rows = []
    for kind, reference in (("coherent", "wordnet"), ("random", "")):
        for name, accuracy, macs in (
            ("flat 0.5x", 0.8, 2e6),
            ("flat 1x", 0.9, 8e6),
            ("t", 0.85, 4e6),
        ):
            rows.append(
                {"network": name, "kind": kind, "reference": reference, "size": 5, "tasks": 10,
                 "accuracy": accuracy, "accuracy_se": 0.01, "params": macs / 50, "macs": macs}
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_panels_are_the_kinds_that_are_there(means):
    figure = cost_accuracy_figure(means, ["flat 0.5x", "flat 1x"], 5)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert titles == ["5 classes, coherent, by WordNet", "5 classes, random"]


def test_tasks_of_one_s_own_have_panels_too(means):
    """A tree and kinds that the toolkit has never heard of."""
    means.loc[means.kind == "coherent", "reference"] = "mine"
    means.loc[means.kind == "random", "kind"] = "by room"
    titles = [axes.get_title() for axes in cost_accuracy_figure(means, [], 5).axes]
    assert [title for title in titles if title] == [
        "5 classes, coherent, by mine",
        "5 classes, by room",
    ]


def test_points_lie_at_cost_and_accuracy(means):
    axes = cost_accuracy_figure(means, ["flat 0.5x", "flat 1x"], 5).axes[0]
    family, tree = (line.get_xydata().tolist() for line in axes.lines[:1] + axes.lines[-3:-2])
    assert family == [[2.0, 80.0], [8.0, 90.0]]
    assert tree == [[4.0, 85.0]]


def test_equal_figures_have_equal_bytes(means, tmp_path):
    for name in ("a.png", "b.png"):
        save_figure(
            tmp_path / name, cost_accuracy_figure(means, ["flat 0.5x", "flat 1x"], 5, "note")
        )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_masked_flat_networks_beside_the_line_are_named_as_what_they_are(means):
    (legend,) = cost_accuracy_figure(means, ["flat 0.5x", "flat 1x"], 5, masked=["t"]).legends
    assert "t, masked" in [text.get_text() for text in legend.get_texts()]
