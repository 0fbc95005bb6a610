"""Pictures for a bundle: those that its accuracy is measured on, and those that calibrate it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import DataError
from taxonomy._core.folders import SPLITS
from taxonomy.data import DataRequest, Pictures
from taxonomy.nets.hierarchical import HierarchicalNet
from taxonomy.predictions import Predictions

Bytes = npt.NDArray[np.uint8]

CALIBRATING = 512
"""At most so many pictures show the ranges of activations, and one of each class at least."""


def of_classes(pictures: Pictures, net: HierarchicalNet, field: str = "pictures") -> Pictures:
    """Return the pictures of a network's classes.

    Args:
        pictures: of one split, of these classes and perhaps of others.
        net: whose classes are wanted.
        field: what they were given as, for messages.

    Raises:
        DataError: they are of several splits or another resolution, or not of one of the classes.
    """
    if missing := sorted(set(net.classes) - set(pictures.classes)):
        raise DataError(f"The `{field}` are not of the class {missing[0]!r}.")
    if len(np.unique(pictures.splits)) > 1:
        raise DataError(f'The `{field}` are of several splits; give one, such as .part("val").')
    side, wanted = pictures.images.shape[-1], net.spec.resolution
    if side != wanted:
        raise DataError(f"The `{field}` have {side} pixels a side and the network takes {wanted}.")
    return pictures.restrict(net.classes)


def calibrating(data: Pictures, net: HierarchicalNet, field: str = "calibration") -> Pictures:
    """Return the training pictures of a network's classes by which an int8 model is calibrated.

    Classes take turns, so that a large one leaves room for the others.

    Args:
        data: with a training split.
        net: whose classes are wanted.
        field: what it was given as, for messages.

    Raises:
        DataError: there is none of one of the classes.
    """
    part = of_classes(data.part("train"), net, field)
    counts = np.bincount(part.targets, minlength=len(net.classes))
    if not counts.all():
        name = net.classes[int(np.argmin(counts))]
        raise DataError(f"The `{field}` holds no training picture of {name!r}.")
    by_class = np.argsort(part.targets, kind="stable")
    turn = np.empty(len(part), dtype=np.int64)
    turn[by_class] = np.arange(len(part)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = np.sort(np.lexsort((part.targets, turn))[: max(CALIBRATING, len(counts))])
    return Pictures(
        part.images[rows], part.targets[rows], part.classes, part.splits[rows], part.groups[rows]
    )


def described(chosen: Pictures) -> dict[str, io.Json]:
    """Return which pictures calibrated a model, for its manifest."""
    counts = np.bincount(chosen.targets, minlength=len(chosen.classes))
    return {
        "pictures": len(chosen),
        "split": SPLITS[int(chosen.splits[0])],
        "of_class": dict(zip(chosen.classes, counts.tolist(), strict=True)),
        "digest": chosen.digest,
    }


def read(data: Pictures | DataRequest | Path | str, net: HierarchicalNet) -> Pictures:
    """Return a data set in memory as it is, and read another one for a network's classes.

    Raises:
        DataError: it cannot be read.
        RegistryError: there is no such data set.
        LabelError: it is not of one of the classes.
    """
    if isinstance(data, Pictures):
        return data
    asked = data if isinstance(data, DataRequest) else DataRequest(str(data))
    return replace(asked, classes=net.classes).pictures(net.spec.resolution)


def colours(images: Any) -> Bytes:
    """Return pictures without transparency: on white, rounded to bytes."""
    given = np.asarray(images)
    if given.shape[1] == 3:
        return np.ascontiguousarray(given)
    opaque = given[:, 3:].astype(np.float32) / 255
    shown = given[:, :3] * opaque + 255 * (1 - opaque)
    return shown.round().astype(np.uint8)


def predictions_of(run: Callable[[Bytes], Float32Array], part: Pictures) -> Predictions:
    """Return what a written model answers for the pictures of its classes, all of one split."""
    split = SPLITS[int(part.splits[0])]
    found = run(colours(part.images[:]))
    return Predictions(part.classes, found, part.targets, split, part.groups)
