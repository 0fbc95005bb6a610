"""The demonstration end to end; the whole of it is slow."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import MissingExtraError
from taxonomy._core.shipped import path as shipped
from taxonomy.design.cost import expert_costs
from taxonomy.labels import get_labels
from taxonomy.study.demo import TREE_SPEC, DemoConfig, compare_trees, demo, make_trees
from taxonomy.tasks import TaskList

FILES = {
    *("trees.csv", "comparison.csv", "points.csv", "experts.csv", "curve.png", "report.md"),
    *("manifest.json", "trees/wordnet.json", "trees/wordnet.txt", "experts/kitchen.safetensors"),
}


def test_trees_are_ranked_by_what_experts_over_them_cost(tmp_path):
    trees = make_trees(get_labels("icons"), tmp_path)
    tasks = TaskList.load(shipped("icons/tasks.json"))
    table = compare_trees(trees, tasks, tmp_path).set_index("tree")
    assert set(table.index) == {"wordnet", "embedding", "random"}
    assert table["expert_macs"].idxmax() == "random"
    wordnet = expert_costs(TREE_SPEC, trees["wordnet"], tasks)
    assert table.loc["wordnet", "expert_macs"] == wordnet.macs.mean()


@pytest.mark.slow
def test_the_whole_path_and_its_continuation(tmp_path):
    config = DemoConfig(epochs=2, trees=1)
    first = demo(tmp_path, config, progress=False)
    assert {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*")} >= FILES
    report, figure = ((tmp_path / n).read_bytes() for n in ("report.md", "curve.png"))
    trained = {p: p.stat().st_mtime_ns for p in tmp_path.rglob("model.safetensors")}
    assert demo(tmp_path, config, progress=False) == first
    assert {p: p.stat().st_mtime_ns for p in trained} == trained
    assert [(tmp_path / n).read_bytes() for n in ("report.md", "curve.png")] == [report, figure]


def test_missing_extras_are_named_at_once_and_nothing_is_written(tmp_path, monkeypatch):
    def missing(module):
        raise MissingExtraError(f"no {module}")

    monkeypatch.setattr("taxonomy.study.demo.require", missing)
    with pytest.raises(MissingExtraError, match=r"taxonomy-experts\[embeddings,plots,train\]"):
        demo(tmp_path)
    assert not list(tmp_path.iterdir())
