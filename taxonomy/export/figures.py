"""What is measured of a bundle: accuracy with its interval, and the time a picture takes."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
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
    times = []
    for number in range(WARM + RUNS):
        picture = pictures[number % len(pictures)][None]
        started = time.perf_counter()
        run(picture)
        times.append(time.perf_counter() - started)
    middle = statistics.median(times[WARM:])
    return {
        "median_ms": round(middle * 1e3, 4),
        "runs": RUNS,
        "threads": threads,
        "runtime": runtime,
        "machine": io.stamp()["machine"],
    }
