"""The demonstration end to end; the whole of it is slow."""

from __future__ import annotations

import pandas as pd
import pytest

from taxonomy._core.errors import MissingExtraError
from taxonomy.design import NetSpec
from taxonomy.design.costs import expert_costs
from taxonomy.labels import get_labels
from taxonomy.studies.demo import DemoConfig, compare_trees, demo, make_trees, verdict
from taxonomy.tasks import get_tasks

FILES = {
    *("trees.csv", "comparison.csv", "shipped.csv", "shipped.png", "trained.csv", "trained.png"),
    *("experts.csv", "report.md"),
    *("manifest.json", "trees/wordnet.json", "trees/wordnet.txt", "experts/kitchen.safetensors"),
}


def test_trees_are_ranked_by_what_experts_over_them_cost(tmp_path):
    trees = make_trees(get_labels("icons"), tmp_path)
    tasks = get_tasks("icons")
    table = compare_trees(trees, tasks, tmp_path).set_index("tree")
    assert set(table.index) == {"wordnet", "embedding", "random"}
    assert table["expert_macs"].idxmax() == "random"
    spec = NetSpec.recommended(trees["wordnet"])
    wordnet = expert_costs(spec, trees["wordnet"], tasks)
    assert table.loc["wordnet", "expert_macs"] == wordnet.macs.mean()


@pytest.mark.slow
def test_the_whole_path_and_its_continuation(tmp_path):
    config = DemoConfig(epochs=1)
    first = demo(tmp_path, config, progress=False)
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")} >= FILES
    report, figure = ((tmp_path / n).read_bytes() for n in ("report.md", "trained.png"))
    trained = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}
    assert demo(tmp_path, config, progress=False) == first
    assert {p: p.stat().st_mtime_ns for p in trained} == trained
    assert [(tmp_path / n).read_bytes() for n in ("report.md", "trained.png")] == [report, figure]


def test_missing_extras_are_named_at_once_and_nothing_is_written(tmp_path, monkeypatch):
    def missing(module):
        raise MissingExtraError(f"no {module}")

    monkeypatch.setattr("taxonomy.studies.demo.require", missing)
    with pytest.raises(MissingExtraError, match=r"taxonomy-experts\[embeddings,plots,train\]"):
        demo(tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_verdict_says_how_many_kinds_of_tasks_each_wins():
    means = pd.DataFrame(
        {
            "network": ["tree"] * 4 + ["flat"],
            "gain_at_equal_macs": [0.02, 0.001, -0.03, float("nan"), 0.0],
        }
    )
    said = verdict(means, "tree")
    assert said == (
        "At equal MACs, of 3 kinds of tasks the experts are better in 1, level (within 0.5 points) "
        "in 1, and the masked flat networks are better in 1; on average the experts have -0.3 "
        "points."
    )
    assert verdict(means, "none").startswith("No flat network is near enough")
