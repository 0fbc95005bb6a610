"""What is measured of a bundle: accuracy with its interval, what int8 loses, time a picture."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, Float32Array
from taxonomy._core.errors import ExportError
from taxonomy.predictions import Predictions

RUNS, WARM = 50, 5


def wilson(right: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the interval of a share by Wilson's score, at 95 % by default (Wilson 1927).

    Args:
        right: how many.
        count: of how many, at least one.
        z: quantile of the normal distribution.

    >>> [round(end, 3) for end in wilson(19, 26)]
    [0.539, 0.863]
    """
    share, weight = right / count, z * z / count
    centre = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / count + weight / (4 * count)) / (1 + weight)
    return centre - half, centre + half


def accuracy_of(predictions: Predictions) -> dict[str, io.Json]:
    """Return the accuracy of predictions with its 95 % interval."""
    count, accuracy = len(predictions), predictions.accuracy()
    low, high = wilson(round(accuracy * count), count)
    return {
        "top1": round(accuracy, 6),
        "interval_95": [round(low, 4), round(high, 4)],
        "pictures": count,
        "split": predictions.split,
    }


def paired(lost: int, gained: int, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the interval of the difference of two shares over the same cases, at 95 % by default.

    Wald's with Laplace's adjustment (Bonett and Price 2012), which holds its level with few cases.

    Args:
        lost: cases that only the first has right.
        gained: cases that only the second has right.
        count: of all cases, at least one.
        z: quantile of the normal distribution.

    >>> [round(end, 3) for end in paired(7, 1, 21)]
    [0.013, 0.508]
    """
    one, other = (lost + 1) / (count + 2), (gained + 1) / (count + 2)
    half = z * math.sqrt((one + other - (one - other) ** 2) / (count + 2))
    return one - other - half, one - other + half


def right_of(predictions: Predictions) -> BoolArray:
    """Return which pictures are told right, shape (pictures,)."""
    right: BoolArray = predictions.ranking()[:, 0] == predictions.targets
    return right


def difference(best: Predictions, other: Predictions) -> tuple[float, float, float]:
    """Return how much less accurate the other is, a share, with the 95 % interval of that.

    In pairs where both answer the same pictures; else from both intervals (Newcombe 1998).

    Args:
        best: answers that the others are compared with.
        other: answers of the same split.

    >>> one = Predictions(["cat", "dog"], [[1, 0]] * 4, [0, 0, 0, 1], "val")
    >>> two = Predictions(["cat", "dog"], [[1, 0]] * 3 + [[0, 1]], [0, 0, 0, 1], "val")
    >>> [round(end, 3) for end in difference(one, two)]
    [-0.25, -0.717, 0.383]
    """
    one, two = right_of(best), right_of(other)
    same = np.array_equal(best.targets, other.targets)
    if same and np.array_equal(best.groups, other.groups):
        lost, gained = int((one & ~two).sum()), int((two & ~one).sum())
        return ((lost - gained) / len(one), *paired(lost, gained, len(one)))
    shares = [float(right.mean()) for right in (one, two)]
    (l1, u1), (l2, u2) = (wilson(int(right.sum()), len(right)) for right in (one, two))
    gap = shares[0] - shares[1]
    below = math.hypot(shares[0] - l1, u2 - shares[1])
    return gap, gap - below, gap + math.hypot(u1 - shares[0], shares[1] - l2)


def parity_of(
    floats: Predictions, whole: Predictions, allowed_loss: float, least_agreement: float
) -> dict[str, io.Json]:
    """Return what a model loses in int8, by the same pictures.

    Few pictures tell little about accuracy and more about agreement, which no wrong answer of the
    model in floats blurs.

    Args:
        floats: of the model in floats.
        whole: of the same in int8, for the same pictures.
        allowed_loss: how many points of accuracy it may lose.
        least_agreement: the share of pictures that it must answer as it does in floats.

    Raises:
        ExportError: it loses more or agrees less, and the pictures are enough to tell: the whole
            95 % interval says so.
    """
    count = len(whole)
    before, after = floats.ranking()[:, 0], whole.ranking()[:, 0]
    right, still = right_of(floats), right_of(whole)
    lost, gained = int((right & ~still).sum()), int((still & ~right).sum())
    loss = 100 * (lost - gained) / count
    low, high = (100 * end for end in paired(lost, gained, count))
    agreeing = int((before == after).sum())
    least, most = wilson(agreeing, count)
    where = f"pictures of its classes ({whole.split} split; 95 % interval"
    failed = ""
    if low > allowed_loss:
        failed = (
            f"loses {loss:.1f} points of accuracy on {count} {where} {low:.1f} to {high:.1f}), "
            f"more than `allowed_loss={allowed_loss:g}`"
        )
    elif most < least_agreement:
        failed = (
            f"answers as in floats on {agreeing} of {count} {where} {least:.1%} to {most:.1%}), "
            f"less than `least_agreement={least_agreement:g}`"
        )
    if failed:
        raise ExportError(
            f"In int8 the model {failed}; nothing was kept. Calibrate it on more training pictures "
            'of these classes, or keep floats: `precision="float"`.'
        )
    return {
        "accuracy_in_floats": accuracy_of(floats),
        "points_lost": round(loss, 4),
        "interval_95": [round(low, 2), round(high, 2)],
        "enough_pictures_to_tell": high <= allowed_loss,
        "agreement": round(agreeing / count, 6),
        "agreement_interval_95": [round(least, 4), round(most, 4)],
    }


def latency_of(
    run: Callable[[npt.NDArray[np.uint8]], Float32Array],
    pictures: npt.NDArray[np.uint8],
    runtime: str,
    threads: int,
) -> dict[str, io.Json]:
    """Return the median time of one picture on this machine, in milliseconds.

    Args:
        run: gives logits.
        pictures: at least one, shape (n, 3, side, side).
        runtime: the package that it is measured with.
        threads: how many it uses.
    """
    (middle,) = medians_in_turns([(run, pictures)])
    return {
        "median_ms": middle,
        "runs": RUNS,
        "threads": threads,
        "runtime": runtime,
        "machine": io.stamp()["machine"],
    }


def medians_in_turns(
    models: Sequence[tuple[Callable[[npt.NDArray[np.uint8]], Float32Array], npt.NDArray[np.uint8]]],
) -> list[float]:
    """Return the median time of one picture of each model, in milliseconds.

    The models take turns, picture by picture, so that whatever else the machine does meanwhile
    slows all of them.

    Args:
        models: what gives logits, with pictures for it: at least one, shape (n, 3, side, side).
    """
    times: list[list[float]] = [[] for _ in models]
    for number in range(WARM + RUNS):
        for (run, pictures), taken in zip(models, times, strict=True):
            picture = pictures[number % len(pictures)][None]
            started = time.perf_counter()
            run(picture)
            taken.append(time.perf_counter() - started)
    return [round(statistics.median(taken[WARM:]) * 1e3, 4) for taken in times]
