"""Calibration: how reliable a network's softmax probabilities are (ECE, NLL, Brier score)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import DataError
from taxonomy.predictions import Predictions
from taxonomy.tasks import TaskList

if TYPE_CHECKING:
    import pandas as pd

BINS = 15
"""Bins of the calibration error, as in Guo et al. 2017."""


def probabilities(predictions: Predictions) -> FloatArray:
    """Return the softmax of the logits in float64, shape (pictures, classes)."""
    return np.exp(log_probabilities(predictions))


def log_probabilities(predictions: Predictions) -> FloatArray:
    """Return the natural logarithm of the softmax in float64, shape (pictures, classes)."""
    from scipy.special import log_softmax

    logarithms: FloatArray = log_softmax(predictions.logits.astype(np.float64), axis=1)
    return logarithms


def negative_log_likelihood(predictions: Predictions) -> float:
    """Return the negative log-likelihood: mean of -log(probability of the true class), in nats.

    0 is best; guessing evenly among n classes has ln n. NaN without pictures.

    >>> even = Predictions(["cat", "dog"], [[0, 0]], [0], "val")
    >>> round(negative_log_likelihood(even), 4)  # ln 2
    0.6931
    """
    if not len(predictions):
        return float("nan")
    own = np.take_along_axis(log_probabilities(predictions), predictions.targets[:, None], 1)
    return float(-own.mean())


def brier_score(predictions: Predictions) -> float:
    """Return the Brier score: mean squared distance of the probabilities from the truth, in [0, 2].

    The sum over classes of (probability - 1 for the true class, else 0) squared, mean over
    pictures; 0 is best. NaN without pictures. Source: Brier 1950, the form for several classes.

    >>> brier_score(Predictions(["cat", "dog"], [[0, 0]], [0], "val"))  # .5 ** 2 + .5 ** 2
    0.5
    """
    if not len(predictions):
        return float("nan")
    distance = probabilities(predictions)
    distance[np.arange(len(distance)), predictions.targets] -= 1
    return float((distance**2).sum(axis=1).mean())


def reliability_table(predictions: Predictions, bins: int = BINS) -> pd.DataFrame:
    """Return confidence and accuracy by bin of confidence, for a reliability diagram.

    Columns: ``above up_to pictures confidence accuracy``.

    A picture's confidence is its largest softmax probability. Bins have equal width; each holds
    the confidences above its lower and up to its upper edge. Empty bins have NaN means.

    Raises:
        DataError: fewer than one bin.
    """
    import pandas as pd

    count, confidence, right = _binned(predictions, bins)
    edges = np.arange(bins + 1) / bins
    some = np.where(count, count, np.nan)
    return pd.DataFrame(
        {
            "above": edges[:-1],
            "up_to": edges[1:],
            "pictures": count,
            "confidence": confidence / some,
            "accuracy": right / some,
        }
    )


def expected_calibration_error(predictions: Predictions, bins: int = BINS) -> float:
    """Return the expected calibration error: mean gap of confidence and accuracy, in [0, 1].

    The sum over the bins of `reliability_table` of |accuracy - confidence| times the share of
    pictures. It is biased upwards where bins hold few pictures, so compare it only between sets
    of about one size. NaN without pictures. Source: Guo, Pleiss, Sun & Weinberger 2017, ICML.

    Raises:
        DataError: fewer than one bin.

    >>> sure = Predictions(["cat", "dog"], [[99, 0], [99, 0]], [0, 1], "val")
    >>> expected_calibration_error(sure)  # sure of both, right on one
    0.5
    """
    count, confidence, right = _binned(predictions, bins)
    return float(np.abs(right - confidence).sum() / count.sum()) if count.any() else float("nan")


def task_calibration(predictions: Predictions, tasks: TaskList, bins: int = BINS) -> FloatArray:
    """Return the expected calibration error of each task's expert, shape (tasks,).

    The softmax is computed over the task's classes only. NaN where the split has no picture of
    them.

    Raises:
        DataError: the tasks are over other classes.
    """
    if tasks.ids != predictions.ids:
        raise DataError("The tasks are over other classes than the predictions.")
    present = np.bincount(predictions.targets, minlength=len(predictions.ids)) > 0
    errors = np.full(len(tasks), np.nan)
    for i, (task, member) in enumerate(zip(tasks, tasks.membership, strict=True)):
        if present[member].any():
            errors[i] = expected_calibration_error(predictions.restrict(task.classes), bins)
    return errors


def _binned(predictions: Predictions, bins: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return each bin's count, sum of confidence and number of right answers."""
    if bins < 1:
        raise DataError(f"Calibration in {bins} bins is not possible; give at least 1.")
    confidence = probabilities(predictions).max(axis=1)
    right = (predictions.ranking()[:, 0] == predictions.targets).astype(np.float64)
    place = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    count = np.bincount(place, minlength=bins).astype(np.int64)
    sure, good = np.zeros((2, bins))  # sums by bin of the confidences, and of the right answers
    np.add.at(sure, place, confidence)
    np.add.at(good, place, right)
    return count, sure, good
