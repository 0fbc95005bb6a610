"""`ClassFeatures`: what a trained network knows of each class, as arrays beside its predictions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy import _io
from taxonomy.errors import DataError, FileFormatError, LabelError
from taxonomy.labels import check_classes

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


class ClassFeatures:
    """Mean features of each class's pictures and, where classes can be compared by them, weights.

    Args:
        ids: label ids in the order of the rows, sorted.
        means: the mean, over a class's pictures, of the averaged map that all classes read; shape
            (classes, channels); zeros for a class without a picture.
        counts: pictures of each class, shape (classes,).
        split: ``train``, ``val`` or ``test``: where the pictures are from.
        weights: the heads' weights, shape (classes, channels), where all heads read one map, as a
            flat network's do.
        provenance: digests of network and data, and what made it.

    Raises:
        DataError: shapes that do not agree, or numbers that are not finite.

    >>> features = ClassFeatures(["cat", "dog"], [[1, 0], [0, 1]], [3, 4], "val")
    >>> features.means.shape, features.weights is None
    ((2, 2), True)
    """

    def __init__(
        self,
        ids: Iterable[str],
        means: npt.ArrayLike,
        counts: npt.ArrayLike,
        split: str,
        weights: npt.ArrayLike | None = None,
        provenance: Mapping[str, _io.Json] | None = None,
    ) -> None:
        self.ids = tuple(ids)
        self.means: FloatArray = np.asarray(means, dtype=np.float64)
        self.counts: IntArray = np.asarray(counts, dtype=np.int64)
        self.split = split
        self.weights: FloatArray | None = (
            None if weights is None else np.asarray(weights, dtype=np.float64)
        )
        self.provenance: dict[str, _io.Json] = dict(provenance or {})
        if check_classes(self.ids, self.ids) != self.ids:
            raise DataError("The rows of class features must be sorted by label id.")
        for what, array in (("means", self.means), ("weights", self.weights)):
            if array is None:
                continue
            if array.ndim != 2 or len(array) != len(self.ids):
                raise DataError(
                    f"The {what} have shape {array.shape}; {len(self.ids)} classes need one row "
                    "each."
                )
            if not np.isfinite(array).all():
                raise DataError(f"The {what} hold NaN or infinity; the network has diverged.")
        if self.counts.shape != (len(self.ids),):
            raise DataError(f"{self.counts.size} counts for {len(self.ids)} classes.")

    @cached_property
    def digest(self) -> str:
        """The sha256 of ids, arrays and split."""
        arrays = [self.means, self.counts]
        arrays += [] if self.weights is None else [self.weights]
        return _io.digest([list(self.ids), _io.array_digest(*arrays), self.split])

    def save(self, path: Path | str) -> None:
        """Write everything atomically as an npz without pickles."""
        arrays = {
            "ids": np.array(self.ids),
            "means": self.means,
            "counts": self.counts,
            "split": np.array(self.split),
            "provenance": np.array(_io.canonical_json(self.provenance)),
        }
        _io.save_npz(path, arrays | ({} if self.weights is None else {"weights": self.weights}))

    @classmethod
    def load(cls, path: Path | str) -> ClassFeatures:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is missing or damaged.
        """
        arrays = _io.load_npz(path, "ids", "means", "counts", "split", "provenance")
        try:
            return cls(
                [str(name) for name in arrays["ids"]],
                arrays["means"],
                arrays["counts"],
                str(arrays["split"]),
                arrays.get("weights"),
                json.loads(str(arrays["provenance"])),
            )
        except (ValueError, TypeError, DataError, LabelError) as error:
            raise FileFormatError(f"{path}: {error}") from error
