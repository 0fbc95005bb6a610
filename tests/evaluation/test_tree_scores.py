"""Scores of answers against other libraries, against sets of ancestors, and against `evaluate`."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hiclass import metrics as hiclass
from hypothesis import given
from hypothesis import strategies as st

import taxonomy as tx
from taxonomy.evaluation import evaluate
from taxonomy.evaluation.calibration import probabilities
from tests.evaluation.test_evaluation import height, scored_trees
from tests.support.strategies import nested_trees


@given(scored_trees())
def test_a_network_s_scores_are_those_of_evaluate(case):
    tree, predictions = case
    found, known = tx.score(predictions, tree, resamples=0, top=(1, 2)), evaluate(predictions, tree)
    assert found["error"] == pytest.approx(1 - known.scores["top1_accuracy"])
    for name in ("precision", "recall", "f1"):
        name = f"hierarchical_{name}"
        assert found[name] == pytest.approx(known.scores[name])
    severity = known.scores["mistake_severity"]
    assert found["mistake_severity"] == pytest.approx(severity, nan_ok=True)
    distance = known.scores["hierarchical_distance_at_1"]
    assert found["hierarchical_distance"] == pytest.approx(distance)
    for column in ("depth", "nodes", "accuracy", "summed_accuracy"):
        assert found.levels[column].tolist() == pytest.approx(known.levels[column].tolist())


@given(scored_trees())
def test_the_distance_is_errors_times_severity_and_expected_by_the_probabilities(case):
    tree, predictions = case
    found = tx.score(predictions, tree, resamples=0)
    if found["error"]:
        product = found["error"] * found["mistake_severity"]
        assert found["hierarchical_distance"] == pytest.approx(product)
    expected = [
        sum(p * height(tree, predictions.ids[t], c) for c, p in zip(tree.leaves, row, strict=True))
        for t, row in zip(predictions.targets, probabilities(predictions), strict=True)
    ]
    assert found["expected_distance"] == pytest.approx(np.mean(expected))


def test_milder_mistakes_beside_the_same_ones_lower_severity_and_not_the_distance():
    tree = tx.Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    true = ["cat"] * 4
    few, more = (
        tx.score({"true": true, "predicted": said}, tree, resamples=0)
        for said in (["cat", "cat", "cat", "car"], ["cat", "cat", "dog", "car"])
    )
    assert few["mistake_severity"] == 2 > more["mistake_severity"] == 1.5
    assert few["hierarchical_distance"] == 0.5 < more["hierarchical_distance"] == 0.75


@st.composite
def labelled(draw, same_names):
    """Draw a tree whose nodes have names, true classes, and leaves or nodes for answers."""
    bare = tx.Hierarchy.from_nested(draw(nested_trees()))
    names = {int(n): "group" if same_names else f"node {n}" for n in bare.nodes if n}
    tree = tx.name_nodes(bare, names)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 20))
    true = rng.choice(tree.leaf_entries, n)
    below = np.arange(1, len(tree))
    said = rng.choice(tree.leaf_entries if same_names else below, n)
    return tree, true, said


def path(tree, entry):
    """Return the names from below the root down to an entry."""
    names = []
    while entry > 0:
        names.append(tree.leaf[entry] or tree.name[entry])
        entry = int(tree.parent[entry])
    return names[::-1]


def overlap(found):
    return [found[f"hierarchical_{name}"] for name in ("precision", "recall", "f1")]


def scored(tree, true, said):
    table = {
        "true": [tree.leaf[entry] for entry in true],
        "predicted": [tree.leaf[entry] or tree.name[entry] for entry in said],
    }
    return tx.score(table, tree, resamples=0)


@pytest.mark.filterwarnings("ignore:F-score is ill-defined")
@given(labelled(same_names=False))
def test_overlap_is_hiclass_where_names_are_unique(case):
    tree, true, said = case
    paths = [[path(tree, entry) for entry in entries] for entries in (true, said)]
    known = [measure(*paths) for measure in (hiclass.precision, hiclass.recall, hiclass.f1)]
    assert overlap(scored(tree, true, said)) == pytest.approx(known)


@given(labelled(same_names=True))
def test_equal_names_in_different_branches_are_different_nodes(case):
    """Against the sets of paths, each with the position of every entry on it."""
    tree, true, said = case

    def above(entry):
        return {e for e in range(1, len(tree)) if e <= entry < tree.stop[e]}

    sets = [(above(t), above(s)) for t, s in zip(true, said, strict=True)]
    shared = sum(len(t & s) for t, s in sets)
    guessed, held = sum(len(s) for _, s in sets), sum(len(t) for t, _ in sets)
    known = [shared / guessed, shared / held, 2 * shared / (guessed + held)]
    assert overlap(scored(tree, true, said)) == pytest.approx(known)


PREDICTIONS = tx.Predictions(
    ["car", "cat", "dog"],
    [[0, 2, 1], [0, 1, 2], [2, 0, 1], [3, 0, 0]],
    [1, 1, 2, 0],
    "val",
    ["Ann", "Bo", "Bo", "Ann"],
)
TREE = tx.Hierarchy.from_nested([["cat", "dog"], "car"])


def test_classes_and_groups():
    found = tx.score(PREDICTIONS, TREE, resamples=100)
    rows = found.by_class.set_index("class")
    assert rows["samples"].to_dict() == {"car": 1, "cat": 2, "dog": 1}
    assert rows["error"].to_dict() == {"car": 0, "cat": 0.5, "dog": 1}
    assert rows["mistaken_for"].to_dict() == {"car": "", "cat": "dog", "dog": "car"}
    assert rows.loc["cat", ["error_low", "error_high"]].tolist() == [0, 1]
    groups = found.by_group.set_index("group")
    assert groups["hierarchical_distance"].to_dict() == {"Ann": 0, "Bo": 1.5}


def test_the_order_of_labels_and_of_columns_does_not_matter():
    table = {"y": ["cat", "cat", "dog", "car"]}
    table |= dict(zip(PREDICTIONS.ids, PREDICTIONS.logits.T, strict=True))
    first, again = (
        tx.score(dict(sorted(table.items(), reverse=order)), TREE, resamples=50).to_json()
        for order in (False, True)
    )
    assert json.loads(first)["scores"] == json.loads(again)["scores"]


def test_what_is_written_is_what_is_printed_as_json(tmp_path):
    found = tx.score(PREDICTIONS, TREE, resamples=50)
    files = found.save(tmp_path)
    names = "scores.json scores.csv levels.csv classes.csv groups.csv operating.csv operating.png"
    assert [file.name for file in files] == names.split()
    told = json.loads((tmp_path / "scores.json").read_text())
    assert told == json.loads(found.to_json())
    assert told["samples"] == 4
    assert {row["score"]: row["value"] for row in told["scores"]}["error"] == 0.5
    assert [row["mistake_severity"] for row in told["classes"]] == [None, 1, 2]
    assert found.save(tmp_path / "again")[-1].read_bytes() == files[-1].read_bytes()


def test_the_text_shows_severity_beside_errors():
    lines = str(tx.score(PREDICTIONS, TREE, resamples=0)).splitlines()
    assert lines[0] == "4 samples, 3 classes"
    assert lines[1] == ("error 50.00% × mistake severity 1.500 = hierarchical distance 0.750")


def test_a_tree_of_one_class_has_no_mistakes():
    tree = tx.Hierarchy.star(["cat"])
    found = tx.score(tx.Predictions(["cat"], [[1.0]], [0], "val"), tree, resamples=5)
    assert (found["error"], found["hops"], found["hierarchical_f1"]) == (0, 1, 1)


def test_an_unknown_score_is_refused():
    with pytest.raises(tx.TaxonomyError, match="no score 'accuracy'; there are: error"):
        tx.score(PREDICTIONS, TREE, resamples=0)["accuracy"]
