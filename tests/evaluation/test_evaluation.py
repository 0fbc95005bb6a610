"""Scores against brute force over sets of ancestors, by hand, and against other libraries."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import DataError, LabelError
from taxonomy.evaluation import (
    brier_score,
    class_table,
    evaluate,
    expected_calibration_error,
    group_table,
    hierarchical_distance,
    hierarchical_overlap,
    level_table,
    mistake_severity,
    negative_log_likelihood,
    reliability_table,
    task_calibration,
)
from taxonomy.predictions import Predictions
from taxonomy.tasks import Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import shuffle_leaves
from tests.support.strategies import nested_trees

RAGGED = Hierarchy.from_nested(["ant", [["cat", "dog"], "cow", "pig"], ["bus", ["car"]]])


@st.composite
def scored_trees(draw, ties=True):
    """Draw a tree and predictions over its leaves; many logits are equal."""
    tree = Hierarchy.from_nested(draw(nested_trees()))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 30))
    logits = rng.normal(size=(n, len(tree.leaves)))
    logits = logits.round() if ties else logits
    groups = rng.choice(["Ann", "Bo", "Cy"], n)
    targets = rng.integers(0, len(tree.leaves), n)
    return tree, Predictions(tree.leaves, logits, targets, "val", groups)


def best_classes(predictions, row, top=1):
    """Sort by logit, the earlier column first among equals."""
    columns = sorted(
        range(len(predictions.ids)), key=lambda c: (-float(predictions.logits[row, c]), c)
    )
    return [predictions.ids[column] for column in columns[:top]]


def height(tree, one, other):
    """Return the height of the lowest node above both, from the label sets of all nodes."""
    if one == other:
        return 0.0
    above = [n for n in tree.nodes if {one, other} <= set(tree.clade(n))]
    return float(tree.height[max(above, key=lambda n: tree.depth[n])])


def pairs(predictions):
    """Yield true and predicted class."""
    for row, target in enumerate(predictions.targets):
        yield predictions.ids[target], best_classes(predictions, row)[0]


@given(scored_trees(), st.integers(1, 5))
def test_heights_of_mistakes(case, top):
    tree, predictions = case
    heights = [height(tree, true, guess) for true, guess in pairs(predictions) if true != guess]
    severity = mistake_severity(predictions, tree)
    assert severity == pytest.approx(np.mean(heights)) if heights else math.isnan(severity)
    top = min(top, len(tree.leaves))
    at_top = [
        height(tree, predictions.ids[target], guess)
        for row, target in enumerate(predictions.targets)
        for guess in best_classes(predictions, row, top)
    ]
    assert hierarchical_distance(predictions, tree, top) == pytest.approx(np.mean(at_top))


def with_ancestors(tree, name):
    """Return a class and its nodes but the root."""
    return {name, *tree.ancestors(name)} - {0}


@given(scored_trees())
def test_overlap_of_ancestors(case):
    tree, predictions = case
    sets = [(with_ancestors(tree, t), with_ancestors(tree, g)) for t, g in pairs(predictions)]
    shared = sum(len(true & guess) for true, guess in sets)
    guessed, true = (sum(len(pair[i]) for pair in sets) for i in (1, 0))
    expected = (shared / guessed, shared / true, 2 * shared / (guessed + true))
    assert hierarchical_overlap(predictions, tree) == pytest.approx(expected)


def stand_in(tree, name, depth):
    """Return a class's ancestor at a depth, or the class where it lies higher up."""
    path = [name, *tree.ancestors(name)][::-1]
    return path[min(depth, len(path) - 1)]


@given(scored_trees())
def test_levels(case):
    tree, predictions = case
    table = level_table(predictions, tree).set_index("depth")
    assert list(table.index) == list(range(1, int(tree.depth.max()) + 1))
    for depth, row in table.iterrows():
        places = {name: stand_in(tree, name, depth) for name in tree.leaves}
        assert row["nodes"] == len(set(places.values()))
        right = [places[true] == places[guess] for true, guess in pairs(predictions)]
        assert row["accuracy"] == pytest.approx(np.mean(right))
    for column in ("accuracy", "summed_accuracy"):
        assert table[column].iloc[-1] == pytest.approx(predictions.accuracy())


@given(scored_trees(ties=False))
def test_levels_by_summed_probability(case):
    tree, predictions = case
    chances = np.exp(predictions.logits.astype(float))
    chances /= chances.sum(1, keepdims=True)
    for row in level_table(predictions, tree).itertuples():
        right = []
        for picture, target in enumerate(predictions.targets):
            sums = {}
            for name, chance in zip(predictions.ids, chances[picture], strict=True):
                place = stand_in(tree, name, row.depth)
                sums[place] = sums.get(place, 0) + chance
            wanted = stand_in(tree, predictions.ids[target], row.depth)
            right.append(max(sums, key=sums.get) == wanted)
        assert row.summed_accuracy == pytest.approx(np.mean(right))


@given(scored_trees())
def test_calibration(case):
    _, predictions = case
    count = len(predictions)
    chances = np.exp(predictions.logits.astype(float))
    chances /= chances.sum(1, keepdims=True)
    error = 0.0
    for k in range(15):
        rows = [i for i in range(count) if k / 15 < chances[i].max() <= (k + 1) / 15]
        if rows:
            confidence = np.mean([chances[i].max() for i in rows])
            right = [
                best_classes(predictions, i)[0] == predictions.ids[predictions.targets[i]]
                for i in rows
            ]
            error += len(rows) / count * abs(np.mean(right) - confidence)
    assert expected_calibration_error(predictions) == pytest.approx(error)
    own = [chances[i, t] for i, t in enumerate(predictions.targets)]
    assert negative_log_likelihood(predictions) == pytest.approx(-np.mean(np.log(own)))
    truth = np.eye(len(predictions.ids))[predictions.targets]
    assert brier_score(predictions) == pytest.approx(((chances - truth) ** 2).sum(1).mean())


@given(scored_trees())
def test_tables_by_class_and_group(case):
    tree, predictions = case
    both = list(pairs(predictions))
    classes = class_table(predictions, tree).set_index("class")
    for name in tree.leaves:
        own = [guess for true, guess in both if true == name]
        taken = [true for true, guess in both if guess == name]
        wrong = [guess for guess in own if guess != name]
        row = classes.loc[name]
        assert row["pictures"] == len(own)
        shares = {"accuracy": own, "precision": taken}
        for column, values in shares.items():
            if values:
                assert row[column] == pytest.approx(values.count(name) / len(values))
            else:
                assert math.isnan(row[column])
        if wrong:
            assert row["severity"] == pytest.approx(np.mean([height(tree, name, g) for g in wrong]))
            most = max(map(wrong.count, wrong))
            assert row["confused_with"] == min(g for g in wrong if wrong.count(g) == most)
        else:
            assert row["confused_with"] == ""
            assert math.isnan(row["severity"])
    groups = group_table(predictions, tree).set_index("group")
    assert list(groups.index) == sorted(set(predictions.groups))
    for name, row in groups.iterrows():
        rows = np.flatnonzero(predictions.groups == name)
        part = Predictions(
            predictions.ids, predictions.logits[rows], predictions.targets[rows], "val"
        )
        assert row["pictures"] == len(rows)
        assert row["accuracy"] == pytest.approx(part.accuracy())
        assert row["top5_accuracy"] == pytest.approx(part.accuracy(top=5))
        severity = mistake_severity(part, tree)
        assert row["severity"] == pytest.approx(severity, nan_ok=True)


@given(scored_trees(), st.integers(1, 14))
def test_ranking(case, top):
    _, predictions = case
    top = min(top, len(predictions.ids))
    expected = [best_classes(predictions, row, top) for row in range(len(predictions))]
    found = [[predictions.ids[c] for c in row] for row in predictions.ranking(top)]
    assert found == expected


def test_ranking_orders_every_float():
    values = [0.0, -0.0, np.inf, 1e-45, -1e-45, 3e38, -3e38, 1.5, -1.5]
    logits = np.array([v for v in values if np.isfinite(v)], dtype=np.float32)
    some = Predictions([f"c{i}" for i in range(len(logits))], logits[None], [0], "val")
    assert some.ranking(len(logits))[0].tolist() == np.argsort(-logits, kind="stable").tolist()
    with pytest.raises(DataError, match="best 9 of 8"):
        some.ranking(9)


def simple(true, guess, tree=RAGGED):
    """Return predictions that name the given classes."""
    logits = np.zeros((len(true), len(tree.leaves)))
    logits[np.arange(len(true)), tree.positions(guess)] = 3
    return Predictions(tree.leaves, logits, tree.positions(true), "val")


def test_a_ragged_tree_by_hand():
    """The root is 3 high: [[cat, dog], cow, pig] is 2, [cat, dog] and [car] are 1."""
    some = simple(["cat", "cat", "cat", "ant", "car"], ["dog", "pig", "ant", "ant", "bus"])
    assert mistake_severity(some, RAGGED) == (1 + 2 + 3 + 2) / 4
    assert hierarchical_distance(some, RAGGED) == (1 + 2 + 3 + 0 + 2) / 5
    # shared: dog 2, pig 1, ant 0, ant 1, bus 1; predicted 3 + 2 + 1 + 1 + 2; true 3 + 3 + 3 + 1 + 3
    assert hierarchical_overlap(some, RAGGED) == pytest.approx((5 / 9, 5 / 13, 10 / 22))
    # depth 1: ant, animals, vehicles; depth 2: [cat, dog] one node, [car] one node
    assert level_table(some, RAGGED)["nodes"].tolist() == [3, 6, 7]
    assert level_table(some, RAGGED)["accuracy"].tolist() == [4 / 5, 2 / 5, 1 / 5]


def test_nodes_of_one_name_are_told_apart():
    """Both groups are called "x", which must not make them the same."""
    tree = Hierarchy.from_nested(
        {"children": [{"name": "x", "leaves": ["a", "b"]}, {"name": "x", "leaves": ["c", "d"]}]}
    )
    assert hierarchical_overlap(simple(["a", "a"], ["c", "b"], tree), tree).f1 == 0.25


def test_merge_heights_count_where_a_tree_has_them():
    from taxonomy.trees.raw_tree import RawTree

    raw = RawTree([-1, 0, 0, 2, 2], [None, "car", None, "cat", "dog"], height=[0.9, 0, 0.2, 0, 0])
    tree = Hierarchy.from_raw(raw)
    assert mistake_severity(simple(["cat", "cat"], ["dog", "car"], tree), tree) == pytest.approx(
        (0.2 + 0.9) / 2
    )


def test_a_star_makes_every_mistake_alike():
    tree = Hierarchy.star(RAGGED.leaves)
    some = simple(["cat", "cat", "ant"], ["dog", "ant", "ant"])
    scores = evaluate(some, tree).scores
    assert scores["mistake_severity"] == 1
    assert scores["hierarchical_f1"] == pytest.approx(scores["top1_accuracy"]) == 1 / 3


def test_severity_of_random_mistakes_is_that_of_a_shuffled_tree():
    """Mistakes that know nothing of the tree are as severe by it as by the same shape shuffled."""
    rng = np.random.default_rng(0)
    names = [f"c{i:02d}" for i in range(16)]
    tree = Hierarchy.from_nested([[names[i : i + 4] for i in (0, 4)], [names[8:12], names[12:]]])
    some = Predictions(names, rng.normal(size=(20000, 16)), rng.integers(0, 16, 20000), "val")
    # of the 15 others 3 meet at height 1, 4 at 2, 8 at 3
    expected = (3 * 1 + 4 * 2 + 8 * 3) / 15
    for one in (tree, shuffle_leaves(tree, seed=1)):
        assert mistake_severity(some, one) == pytest.approx(expected, abs=0.02)


def test_another_tree_may_hold_more_classes():
    some = simple(["cat", "dog"], ["dog", "dog"]).restrict(["cat", "dog", "pig"])
    assert evaluate(some, RAGGED).scores["mistake_severity"] == 1
    with pytest.raises(LabelError, match="'pig'"):
        evaluate(some, Hierarchy.star(["cat", "dog"]))


def test_task_calibration_is_of_the_masked_network():
    rng = np.random.default_rng(0)
    some = Predictions(RAGGED.leaves, rng.normal(size=(60, 7)), rng.integers(0, 6, 60), "val")
    tasks = TaskList(
        [Task("pets", ("cat", "dog")), Task("rest", ("ant", "bus", "car")), Task("none", ("pig",))],
        RAGGED.leaves,
    )
    assert some.ids[-1] == "pig"
    errors = task_calibration(some, tasks)
    for task, error in list(zip(tasks, errors, strict=True))[:2]:
        assert error == expected_calibration_error(some.restrict(task.classes))
    assert math.isnan(errors[2])
    with pytest.raises(DataError, match="other classes"):
        task_calibration(some, TaskList([], ["cat"]))


def test_the_reliability_table_holds_every_picture():
    some = simple(["cat", "dog", "ant"], ["dog", "dog", "ant"])
    table = reliability_table(some, bins=4)
    assert table["pictures"].sum() == 3
    chance = math.e**3 / (math.e**3 + 6)  # of the 7 classes the other 6 have the logit 0
    assert table["confidence"].dropna().tolist() == pytest.approx([chance])
    assert table["accuracy"].dropna().tolist() == pytest.approx([2 / 3])
    with pytest.raises(DataError, match="0 bins"):
        reliability_table(some, bins=0)


def test_saved_tables_and_refusals(tmp_path):
    import pandas as pd

    result = evaluate(simple(["cat", "dog"], ["dog", "dog"]), RAGGED)
    files = result.save(tmp_path / "scores")
    assert {file.name for file in files} == {file.name for file in (tmp_path / "scores").iterdir()}
    read = pd.read_csv(tmp_path / "scores" / "scores.csv").set_index("score")["value"]
    assert read.to_dict() == pytest.approx(result.scores)
    assert "hierarchical_distance_at_20" not in read  # there are 7 classes
    empty = Predictions(RAGGED.leaves, np.zeros((0, 7)), [], "val")
    with pytest.raises(DataError, match="no predictions"):
        evaluate(empty, RAGGED)
    assert math.isnan(brier_score(empty))
    assert math.isnan(expected_calibration_error(empty))


def test_the_order_of_tree_and_labels_changes_nothing():
    nested = [["cat", "dog"], ["bus", "car"]]
    turned = [["car", "bus"], ["dog", "cat"]]
    one, other = Hierarchy.from_nested(nested), Hierarchy.from_nested(turned)
    some = simple(["cat", "bus"], ["car", "car"], one)
    assert evaluate(some, one).scores == evaluate(some, other).scores


def random_case():
    rng = np.random.default_rng(3)
    return Predictions(RAGGED.leaves, rng.normal(size=(200, 7)), rng.integers(0, 7, 200), "val")


def test_overlap_agrees_with_hiclass():
    """Its rows are paths from below the root; its nodes are told apart by name, so names differ."""
    metrics = pytest.importorskip("hiclass.metrics")
    some = random_case()
    longest = int(RAGGED.depth.max())

    def rows(columns):
        table = []
        for column in columns:
            name = some.ids[column]
            path = [name, *(f"node {n}" for n in RAGGED.ancestors(name)[:-1])][::-1]
            table.append(path + [""] * (longest - len(path)))
        return np.array(table)

    true, guess = rows(some.targets), rows(some.ranking()[:, 0])
    found = hierarchical_overlap(some, RAGGED)
    assert found.precision == pytest.approx(metrics.precision(true, guess))
    assert found.recall == pytest.approx(metrics.recall(true, guess))
    assert found.f1 == pytest.approx(metrics.f1(true, guess))


def test_probabilities_agree_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    from taxonomy.evaluation import probabilities

    some = random_case()
    chances = probabilities(some)
    labels = range(7)
    assert negative_log_likelihood(some) == pytest.approx(
        metrics.log_loss(some.targets, chances, labels=labels)
    )
    assert some.accuracy(top=3) == metrics.top_k_accuracy_score(
        some.targets, chances, k=3, labels=labels
    )
    precision, recall, f1, pictures = metrics.precision_recall_fscore_support(
        some.targets, chances.argmax(1)
    )
    table = class_table(some, RAGGED)
    for column, expected in (
        ("precision", precision),
        ("accuracy", recall),
        ("f1", f1),
        ("pictures", pictures),
    ):
        assert table[column].to_numpy() == pytest.approx(expected), column
