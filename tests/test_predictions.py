"""Predictions of five pictures whose every score can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from taxonomy._core.errors import DataError, FileFormatError, LabelError
from taxonomy._core.io import save_npz
from taxonomy.predictions import Predictions
from taxonomy.tasks import Task, TaskList

IDS = ("car", "cat", "dog")
LOGITS = [  # truth    first  among cat, dog
    [0, 3, 2],  # cat  cat    cat
    [5, 1, 2],  # cat  car    dog
    [4, 1, 3],  # dog  car    dog
    [1, 2, 3],  # dog  dog    dog
    [1, 2, 0],  # car  cat    -
]
TARGETS = [1, 1, 2, 2, 0]


def small(**changes) -> Predictions:
    values = {"ids": IDS, "logits": LOGITS, "targets": TARGETS, "split": "val"} | changes
    return Predictions(**values)


def test_accuracy_counts_first_places():
    assert small().accuracy() == 2 / 5


def test_masking_looks_at_the_classes_and_their_pictures_only():
    assert small().accuracy(["dog", "cat"]) == 3 / 4
    assert small().accuracy(["cat"]) == 1


def test_top_k():
    assert small().accuracy(top=2) == 4 / 5  # all but the second picture
    assert small().accuracy(top=3) == 1


def test_among_equal_logits_the_first_column_wins():
    """A network that says nothing is right by chance only."""
    silent = small(logits=np.zeros((5, 3)))
    assert silent.accuracy() == 1 / 5
    assert silent.accuracy(top=2) == 3 / 5
    assert silent.accuracy(["cat", "dog"]) == 2 / 4


def test_task_accuracies_are_the_masked_ones_with_ties_too():
    tasks = TaskList(
        [Task("a", ("cat", "dog")), Task("b", ("car", "dog")), Task("c", IDS)], IDS
    )  # fmt: skip
    # b: the third picture is taken for a car, the fourth for a dog, the fifth for a car
    assert small().task_accuracies(tasks).tolist() == [3 / 4, 2 / 3, 2 / 5]
    for predictions in (small(), small(logits=np.random.default_rng(0).integers(0, 2, (5, 3)))):
        one_by_one = [predictions.accuracy(task.classes) for task in tasks]
        assert predictions.task_accuracies(tasks).tolist() == one_by_one


def test_tasks_without_pictures_or_over_other_classes():
    tasks = TaskList([Task("a", ("car",)), Task("b", ("cat",))], IDS)
    part = small(logits=LOGITS[:2], targets=TARGETS[:2])
    assert part.task_accuracies(tasks).tolist() == pytest.approx([np.nan, 1.0], nan_ok=True)
    with pytest.raises(DataError, match="no picture"):
        part.accuracy(["car"])
    with pytest.raises(DataError, match="other classes"):
        part.task_accuracies(TaskList([], ["a"]))
    with pytest.raises(LabelError, match="Did you mean 'cat'"):
        part.accuracy(["kat"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ids": ("cat", "car", "dog")}, "sorted"),
        ({"logits": np.zeros((5, 2))}, r"\(5, 2\) do not fit 5 targets and 3 classes"),
        ({"logits": np.full((5, 3), np.nan)}, "NaN"),
        ({"targets": [0, 1, 2, 3, 0]}, "no column"),
        ({"targets": [0, 1, 2, -1, 0]}, "no column"),
        ({"groups": ["x"]}, "Groups and targets"),
    ],
)
def test_inconsistent_arrays_are_refused(changes, message):
    with pytest.raises(DataError, match=message):
        small(**changes)


def test_round_trip(tmp_path):
    whole = small(groups=["Ann", "Bé", "Ann", "Ann", "Bé"], provenance={"net": "abc", "n": 1})
    whole.save(tmp_path / "p.npz")
    loaded = Predictions.load(tmp_path / "p.npz")
    assert loaded.ids == IDS
    assert loaded.logits.dtype == np.float32
    assert np.array_equal(loaded.logits, LOGITS)
    assert loaded.targets.tolist() == TARGETS
    assert loaded.groups.tolist() == whole.groups.tolist()
    assert loaded.split == "val"
    assert loaded.provenance == {"net": "abc", "n": 1}
    assert loaded.digest == whole.digest
    loaded.save(tmp_path / "q.npz")
    assert (tmp_path / "q.npz").read_bytes() == (tmp_path / "p.npz").read_bytes()


def test_the_digest_sees_everything_scored():
    others = [
        small(),
        small(split="test"),
        small(targets=[0, 1, 2, 2, 0]),
        small(groups=list("aabbb")),
        small(logits=np.add(LOGITS, 1)),
    ]
    assert len({predictions.digest for predictions in others}) == 5


def test_files_that_hold_no_predictions_are_named(tmp_path):
    path = tmp_path / "p.npz"
    arrays = {
        "ids": np.array(IDS),
        "logits": np.zeros((5, 3), np.float32),
        "targets": np.array(TARGETS),
        "groups": np.array([""] * 5),
        "split": np.array("val"),
        "provenance": np.array("{}"),
    }
    changes = [
        {"ids": np.array(["cat", "cat", "dog"])},
        {"logits": np.zeros((5, 2))},
        {"targets": np.array(["x"] * 5)},
        {"provenance": np.array("{")},
        {"provenance": np.array("3")},
        {"provenance": np.array('{"a": NaN}')},
        {"provenance": np.array("[" * 100_000)},
    ]
    for change in changes:
        save_npz(path, arrays | change)
        with pytest.raises(FileFormatError, match=r"p\.npz"):
            Predictions.load(path)
    save_npz(path, {k: v for k, v in arrays.items() if k != "groups"})
    with pytest.raises(FileFormatError, match="lacks the array 'groups'"):
        Predictions.load(path)
    with path.open("wb") as file:
        np.savez(file, **arrays | {"ids": np.array(IDS, dtype=object)})
    with pytest.raises(FileFormatError, match="type object"):
        Predictions.load(path)
