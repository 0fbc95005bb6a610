"""How a bundle tells "none of these": a threshold, and what it does to near and far pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ExportError, check_choice
from taxonomy._core.folders import SPLITS
from taxonomy.data import Pictures
from taxonomy.evaluation.rejection import Rejecting, Rejector, auroc, siblings
from taxonomy.export.pictures import colours
from taxonomy.export.target import Bytes
from taxonomy.nets.hierarchical import HierarchicalNet
from taxonomy.predictions import Predictions

ACCEPTED = 0.95
"""The share of the kept classes' pictures that a threshold accepts."""

MOST = 4096
"""At most so many pictures show what is accepted, taken evenly."""


@dataclass(frozen=True)
class Shown:
    """What a model answered to pictures of many classes.

    Args:
        logits: of all its outputs, shape (pictures, outputs).
        truth: the true class of each picture.
        split: which split they are of.
    """

    logits: Float32Array
    truth: npt.NDArray[np.object_]
    split: str


def shown(
    run: Callable[[Bytes], Float32Array],
    outputs: tuple[str, ...],
    pictures: Pictures | None,
    predictions: Predictions | None,
) -> Shown:
    """Return a model's answers to pictures, or the network's stored ones where there are none.

    Args:
        run: gives the model's logits.
        outputs: its classes.
        pictures: of one split, of all classes there are.
        predictions: stored ones of the whole network.

    Raises:
        ExportError: there are neither.
    """
    if pictures is not None:
        chosen = np.unique(np.linspace(0, len(pictures) - 1, MOST).astype(np.int64))
        logits = run(colours(pictures.images[chosen]))
        names = np.array(pictures.classes, dtype=object)[pictures.targets[chosen]]
        return Shown(logits, names, SPLITS[int(pictures.splits[0])])
    if predictions is not None:
        columns = [predictions.ids.index(name) for name in outputs]
        names = np.array(predictions.ids, dtype=object)[predictions.targets]
        return Shown(predictions.logits[:, columns], names, predictions.split)
    raise ExportError(
        "When to answer none of these is learnt from validation pictures, and there are none; give "
        "them as `pictures`, or a data set with a validation split as `calibration`."
    )


def rejecting(
    answers: Shown, whole: HierarchicalNet, kept: tuple[str, ...], method: Rejecting
) -> tuple[Rejector, dict[str, io.Json]]:
    """Return when a bundle answers "none of these", and how often it does so rightly.

    Args:
        answers: of the model, with pictures of the kept classes and of others.
        whole: the network that the expert was cut from; its tree says what is near.
        kept: the classes that the expert is asked for.
        method: of the score.

    Raises:
        ExportError: no picture of the kept classes is there.
    """
    outputs = outputs_of(whole, kept, method)
    inner = np.isin(np.array(outputs, dtype=object), np.array(kept, dtype=object))
    logits, others = answers.logits[:, inner], answers.logits[:, ~inner]
    own = np.isin(answers.truth, np.array(kept, dtype=object))
    if not own.any():
        raise ExportError("There is no validation picture of the classes; give some as `pictures`.")
    found = Rejector.fitted(logits[own], method, others[own], ACCEPTED)
    scores = found.scores(logits, others)
    near = np.isin(answers.truth, np.array(siblings(whole.hierarchy, kept), dtype=object))
    measured: dict[str, io.Json] = {"split": answers.split}
    for name, part in (("kept", own), ("near", near), ("far", ~own & ~near)):
        if count := int(part.sum()):
            accepted = float((scores[part] >= found.threshold).mean())
            measured[name] = {"pictures": count, "accepted": round(accepted, 4)}
            if name != "kept":
                measured[name]["auroc"] = round(auroc(scores[own], scores[part]), 4)
    return found, measured


def outputs_of(
    whole: HierarchicalNet, kept: tuple[str, ...], method: Rejecting | None
) -> tuple[str, ...]:
    """Return the classes that a bundle's model has outputs for: some methods want siblings, too.

    Raises:
        ExportError: an unknown method.
    """
    if method is not None:
        check_choice("reject", method, get_args(Rejecting), ExportError)
    if method in ("siblings", "both"):
        return tuple(sorted({*kept, *siblings(whole.hierarchy, kept)}))
    return kept
