"""Right answers by designer add up to the accuracy that the predictions themselves give."""

from __future__ import annotations

import numpy as np

from taxonomy.predictions import Predictions
from taxonomy.studies.counting import count
from taxonomy.tasks import Task, TaskList, sample_random

IDS = ("ant", "bee", "cat", "dog")


def some(groups=None):
    rng = np.random.default_rng(0)
    targets = rng.integers(3, size=40)  # no picture of a dog
    return Predictions(IDS, rng.normal(size=(40, 4)), targets, "val", groups)


def test_counts_are_the_accuracies():
    tasks = TaskList(sample_random(IDS, 2, 30, 0), IDS)
    predictions = some(np.array([f"designer-{i % 3}" for i in range(40)]))
    found = count(predictions, tasks)
    assert found.right.shape == (30, 3)
    np.testing.assert_array_equal(found.accuracy, predictions.task_accuracies(tasks))


def test_pictures_without_groups_are_groups_of_their_own():
    tasks = TaskList([Task("pair", ("ant", "bee"))], IDS)
    found = count(some(), tasks)
    assert found.right.shape == (1, 40)
    assert found.pictures.toarray().max() == 1
    np.testing.assert_array_equal(found.accuracy, some().task_accuracies(tasks))


def test_a_task_without_a_picture_has_no_accuracy():
    tasks = TaskList([Task("dogs", ("dog",)), Task("pair", ("ant", "bee"))], IDS)
    assert np.isnan(count(some(), tasks).accuracy).tolist() == [True, False]
