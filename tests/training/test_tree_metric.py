"""The metric has the numbers of `score`, batch after batch, beside others, and over processes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchmetrics import MetricCollection
from torchmetrics.classification import MulticlassAccuracy

import taxonomy as tx
from taxonomy._core.errors import DataError, LabelError
from taxonomy.training import TreeMetric

TREE = tx.Hierarchy.from_nested(["ant", [["cat", "dog"], "cow", "pig"], ["bus", ["car"]]])
CLASSES = TREE.leaves[::-1]
RNG = np.random.default_rng(3)
LOGITS = torch.from_numpy(RNG.normal(size=(200, 7)).round(1).astype(np.float32))
TARGETS = torch.from_numpy(RNG.integers(0, 7, 200))


def known(tree=TREE):
    flipped = LOGITS.numpy()[:, ::-1]
    predictions = tx.Predictions(sorted(CLASSES), flipped, 6 - TARGETS.numpy(), "val")
    return tx.score(predictions, tree, resamples=0)


def metric(batches=7, tree=TREE):
    # Among equal scores the first output wins, so the outputs are sorted as predictions are.
    made = TreeMetric(tree, sorted(CLASSES))
    for logits, targets in zip(
        LOGITS.flip(1).chunk(batches), (6 - TARGETS).chunk(batches), strict=True
    ):
        made.update(logits, targets)
    return made


def test_the_numbers_are_those_of_score():
    found, scores = metric().compute(), known()
    for name, value in found.items():
        if name.startswith("accuracy_at_depth_"):
            depth = int(name.rpartition("_")[2])
            expected = scores.levels.set_index("depth").loc[depth, "accuracy"]
        else:
            expected = scores[name]
        assert value.item() == pytest.approx(expected), name
    assert "hierarchical_distance_at_5" in found
    assert "hierarchical_distance_at_20" not in found


def test_merge_heights_weigh_as_in_score():
    tree = tx.Hierarchy.from_nested(
        {"merge_height": 0.9, "children": [
            {"merge_height": 0.2, "leaves": ["ant", "bus", "car", "cat"]},
            {"merge_height": 0.7, "leaves": ["cow", "dog", "pig"]},
        ]}
    )  # fmt: skip
    found = metric(tree=tree).compute()
    scores = known(tree)
    for name in ("mistake_severity", "hierarchical_distance_at_5"):
        assert found[name].item() == pytest.approx(scores[name])


def test_outputs_in_any_order():
    sorted_, reversed_ = TreeMetric(TREE), TreeMetric(TREE, CLASSES)
    logits = LOGITS + 0.001 * torch.arange(7)  # without equal ones
    sorted_.update(logits.flip(1), 6 - TARGETS)
    reversed_.update(logits, TARGETS)
    assert sorted_.compute() == reversed_.compute()


def test_answers_alone_give_what_needs_no_scores():
    alone, scores = TreeMetric(TREE, CLASSES), TreeMetric(TREE, CLASSES)
    alone.update(LOGITS.argmax(1), TARGETS)
    scores.update(LOGITS, TARGETS)
    found, expected = alone.compute(), scores.compute()
    assert found["hierarchical_distance_at_5"].isnan()
    assert {
        **found,
        "hierarchical_distance_at_5": expected["hierarchical_distance_at_5"],
    } == expected


def test_processes_are_joined_by_sums_and_reset_forgets():
    one, other = TreeMetric(TREE, CLASSES), TreeMetric(TREE, CLASSES)
    one.update(LOGITS[:90], TARGETS[:90])
    other.update(LOGITS[90:], TARGETS[90:])
    for name, reduce in one._reductions.items():  # what a process does with what all have
        both = torch.stack([getattr(one, name), getattr(other, name)])
        setattr(one, name, reduce(both))
    whole = TreeMetric(TREE, CLASSES)
    whole.update(LOGITS, TARGETS)
    assert one.compute() == whole.compute()
    whole.reset()
    assert whole.truths.sum() == 0


def test_a_collection_holds_it_beside_others():
    collection = MetricCollection(
        [TreeMetric(TREE, CLASSES), MulticlassAccuracy(7, average="micro")]
    )
    collection.update(LOGITS, TARGETS)
    found = collection.compute()
    assert found["error"].item() == pytest.approx(1 - found["MulticlassAccuracy"].item())
    step = collection.clone()(LOGITS[:10], TARGETS[:10])
    assert set(step) == set(found)


@pytest.mark.parametrize(
    ("preds", "target", "message"),
    [
        (LOGITS[:, :5], TARGETS, "5 outputs for 7 classes"),
        (LOGITS, TARGETS[:3], "do not fit"),
        (LOGITS * torch.nan, TARGETS, "NaN or infinity"),
        (LOGITS, TARGETS + 1, "target is none of the 7"),
        (TARGETS - 1, TARGETS, "prediction is none of the 7"),
    ],
)
def test_what_does_not_fit_is_refused(preds, target, message):
    with pytest.raises(DataError, match=message):
        TreeMetric(TREE, CLASSES).update(preds, target)


def test_classes_that_the_tree_lacks_are_refused():
    with pytest.raises(LabelError, match="lion"):
        TreeMetric(TREE, ["cat", "lion"])
    with pytest.raises(DataError, match="The best 0"):
        TreeMetric(TREE, top=(0,))
