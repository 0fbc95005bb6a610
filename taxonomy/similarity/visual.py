"""Similarities of classes by a trained network: its weights, features or confusions.

Reads the arrays in a run's folder, never the network. The pictures that are tested on must not
shape the tree that is tested, so arrays of the test split are refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.errors import FileFormatError, SimilarityError, did_you_mean
from taxonomy._core.spelling import counted
from taxonomy.labels import LabelSet
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity._cosine import cosine_similarities
from taxonomy.similarity._value import DenseSimilarity


@dataclass(frozen=True)
class Visual:
    """Scores from the arrays of a finished run.

    Args:
        network: a run's folder; classes of the network that are not asked for are left out.
        view: weights compares the heads' weights of a flat network (the induced tree of Wan et al.
            2021, "NBDT"), features the mean features of each class's pictures, confusion takes the
            share of probability that the pictures of one class give to the other.
        split: the pictures that features and confusion are of; test is refused, for a tree must not
            be made of what its networks are tested on.
    """

    network: str = ""
    view: Literal["weights", "features", "confusion"] = "features"
    split: Literal["val", "train", "test"] = "val"

    def __post_init__(self) -> None:
        check_options(self, SimilarityError)

    def __call__(self, labels: LabelSet) -> DenseSimilarity:
        """Read the arrays and compare all pairs of classes.

        Raises:
            SimilarityError: no run, the test split, a class that the network lacks or has no
                picture of, or a network whose heads do not read one map.
            FileFormatError: the folder lacks the arrays, or they are damaged.
        """
        if not self.network:
            raise SimilarityError(
                "The source 'visual' needs a trained network; give its run's folder as `network`."
            )
        refuse_test(self.split, self.network)
        kind = "predictions" if self.view == "confusion" else "features"
        path = Path(self.network) / f"{kind}-{self.split}.npz"
        if not path.is_file():
            raise FileFormatError(f"{path}: no such file. {self._remedy(kind)}")
        whole = (
            of_predictions(Predictions.load(path))
            if self.view == "confusion"
            else of_features(ClassFeatures.load(path), self.view)
        )
        lacking = [name for name in labels.ids if name not in set(whole.ids)]
        if lacking:
            raise SimilarityError(
                f"{self.network}: the network lacks {len(lacking)} of "
                f"{counted(len(labels), 'class')}, the "
                f"first being {lacking[0]!r}.{did_you_mean(lacking[0], whole.ids)} Name a network "
                "trained on these classes: taxonomy train."
            )
        made = io.provenance(
            "visual",
            view=self.view,
            checkpoint=checkpoint(Path(self.network)),
            **whole.provenance,
            labels=labels.digest,
        )
        return DenseSimilarity(labels.ids, whole.restrict(labels.ids).values, made)

    def _remedy(self, kind: str) -> str:
        if kind == "predictions":
            return (
                "Give a finished run's folder; runs keep the logits of val, not of train."
                if self.split == "train"
                else f"Finish the run: taxonomy train --resume --out {self.network}"
            )
        return f"Make it: taxonomy features {self.network} --split {self.split}"


def of_features(features: ClassFeatures, view: str = "features") -> DenseSimilarity:
    """Return similarities of classes by the cosine of their mean features or of their weights.

    Features are taken less their mean over classes, which all classes share. Cosines are mapped
    from [-1, 1] to [0, 1] by ``(1 + cosine) / 2``.

    Raises:
        SimilarityError: features of the test split or of a class without a picture, no comparable
            weights, or a class whose vector is zero.

    >>> ring = ClassFeatures("abc", [[2, 1], [0, 1], [1, 3]], [1, 1, 1], "val")
    >>> of_features(ring).values.round(2).tolist()[0]
    [1.0, 0.31, 0.22]
    """
    refuse_test(features.split, "these features")
    if view == "weights":
        if features.weights is None:
            raise SimilarityError(
                "The heads of this network read different maps, so their weights do not compare. "
                "Take a flat network (taxonomy train --flat), or set `view='features'`."
            )
        vectors, told = features.weights, "(1 + cosine of weights) / 2"
    else:
        _refuse_without_pictures(features.ids, features.counts, features.split)
        vectors = features.means - features.means.mean(0)
        told = "(1 + cosine of mean features less their mean) / 2"
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    if (length == 0).any() and len(vectors) > 1:
        name = features.ids[int(np.flatnonzero(length == 0)[0])]
        raise SimilarityError(
            f"The {view} of the class {name!r} are all zero, so they have no direction; "
            "try another `view`."
        )
    vectors = vectors / np.maximum(length, np.finfo(float).tiny)
    made = {"map": told, "split": features.split, "arrays": features.digest}
    return DenseSimilarity(features.ids, cosine_similarities(vectors), made)


def of_predictions(predictions: Predictions) -> DenseSimilarity:
    """Return similarities of classes by how often the network takes one for the other.

    With P(i, j) the mean probability that pictures of class i give to class j, the similarity is
    ``(P(i, j) + P(j, i)) / 2``. It is the expected confusion, which separates pairs that no picture
    of a small split confuses outright.

    Raises:
        SimilarityError: predictions of the test split, or a class without a picture.

    >>> logits = np.log([[0.6, 0.4], [0.2, 0.8]])
    >>> float(of_predictions(Predictions("ab", logits, [0, 1], "val")).values[0, 1].round(6))
    0.3
    """
    from scipy.special import softmax

    refuse_test(predictions.split, "these predictions")
    counts = np.bincount(predictions.targets, minlength=len(predictions.ids))
    _refuse_without_pictures(predictions.ids, counts, predictions.split)
    logits = predictions.logits.astype(np.float64)
    shares = softmax(logits, axis=1)
    sums = np.zeros((len(counts), len(counts)))
    np.add.at(sums, predictions.targets, shares)
    means = sums / counts[:, None]
    values = np.clip((means + means.T) / 2, 0, 1)
    np.fill_diagonal(values, 1.0)
    told = "mean probability given to the other, both ways"
    made = {"map": told, "split": predictions.split, "arrays": predictions.digest}
    return DenseSimilarity(predictions.ids, values, made)


def refuse_test(split: str, what: str) -> None:
    """Refuse arrays of the test split.

    Raises:
        SimilarityError: it is the test split.
    """
    if split == "test":
        raise SimilarityError(
            f"A tree made of the test split would be tested on what it was made of ({what}); "
            "set `split='val'`."
        )


def checkpoint(run: Path) -> str:
    """Return the sha256 of a run's weights."""
    return io.file_digest(run / "model.safetensors")


def _refuse_without_pictures(ids: tuple[str, ...], counts: npt.ArrayLike, split: str) -> None:
    empty = np.flatnonzero(np.asarray(counts) == 0)
    if len(empty):
        raise SimilarityError(
            f"{len(empty)} of {counted(len(ids), 'class')} have no picture in {split}, the "
            "first being "
            f"{ids[int(empty[0])]!r}; use another `split`, or set `view='weights'`."
        )
