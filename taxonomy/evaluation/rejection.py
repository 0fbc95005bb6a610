"""Rejection: telling "none of these" from an expert's logits (AUROC, FPR at 95 % TPR).

An expert calls whatever it is shown one of its classes. A score that is high for pictures of its
classes, with a threshold, lets it refuse. Pictures of other classes are *near* where their class is
a sibling of a kept one (a leaf of a node that the expert computes anyway) and *far* otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import BoolArray, FloatArray
from taxonomy._core.errors import DataError, check_choice
from taxonomy.labels import check_classes
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.tasks import TaskList

Rejecting = Literal["probability", "energy", "siblings", "both"]
"""Ways to score how surely a picture is of one of an expert's classes:

- ``probability``: the largest softmax probability (Hendrycks and Gimpel 2017).
- ``energy``: the logarithm of the sum of the exponentials of the logits (Liu et al. 2020, at
  temperature 1).
- ``siblings``: the largest softmax probability of a kept class, with the siblings' logits beside
  them: the outputs of classes whose nodes the expert computes anyway.
- ``both``: the same with one class more, whose logit is always the median energy of pictures of
  the kept classes: what is far from all has little energy, and falls to it.
"""


def siblings(hierarchy: Hierarchy, classes: Iterable[str]) -> tuple[str, ...]:
    """Return the other classes of the nodes that some classes' leaves hang on, sorted.

    Args:
        hierarchy: the whole network's tree.
        classes: the kept ones.

    Raises:
        LabelError: an unknown class, or one given twice.

    >>> tree = Hierarchy.from_nested([["cat", "dog", "fox"], ["bus", "car"]])
    >>> siblings(tree, ["cat"])
    ('dog', 'fox')
    """
    chosen = check_classes(classes, hierarchy.leaves)
    parents = hierarchy.parent[hierarchy.leaf_entries]
    open_nodes = np.unique(parents[hierarchy.positions(chosen)])
    beside = np.isin(parents, open_nodes)
    known = set(chosen)
    found = zip(hierarchy.leaves, beside.tolist(), strict=True)
    return tuple(name for name, is_beside in found if is_beside and name not in known)


@dataclass(frozen=True)
class Rejector:
    """A score of how surely a picture is of one of an expert's classes, and where to refuse it.

    Args:
        method: one of `Rejecting`.
        threshold: the least score that is accepted.
        rest: the logit of everything else, for ``both``.

    Raises:
        DataError: an unknown method.

    >>> one = Rejector.fitted([[3, 0], [2, 0], [4, 0]], "energy")
    >>> one.accepts([[1, 0], [2, 0]]).tolist()
    [False, True]
    """

    method: Rejecting
    threshold: float = -np.inf
    rest: float = -np.inf

    def __post_init__(self) -> None:
        """Check the method."""
        check_choice("method", self.method, get_args(Rejecting), DataError)

    @classmethod
    def fitted(
        cls,
        logits: npt.ArrayLike,
        method: Rejecting,
        others: npt.ArrayLike | None = None,
        accepted: float = 0.95,
    ) -> Rejector:
        """Return one that accepts a share of some pictures of the kept classes.

        Args:
            logits: of the kept classes for pictures of theirs, shape (pictures, classes).
            method: one of `Rejecting`.
            others: logits of the siblings for the same pictures.
            accepted: the share, above 0 and up to 1.

        Raises:
            DataError: no pictures, or a share out of range.
        """
        middle = float(np.median(_energy(logits))) if np.size(logits) else 0.0
        given = cls(method, rest=middle if method == "both" else -np.inf)
        return replace(given, threshold=threshold_for(given.scores(logits, others), accepted))

    def scores(self, logits: npt.ArrayLike, others: npt.ArrayLike | None = None) -> FloatArray:
        """Return how surely each picture is of one of the kept classes, shape (pictures,).

        Args:
            logits: of the kept classes, shape (pictures, classes).
            others: logits of the siblings, shape (pictures, siblings), for ``siblings`` and
                ``both``; without any they have none.

        >>> Rejector("probability").scores([[2, 0], [1, 1]]).round(3).tolist()
        [0.881, 0.5]
        >>> Rejector("siblings").scores([[2, 0]], [[2]]).round(3).tolist()
        [0.468]
        """
        total = _energy(logits)
        if self.method == "energy":
            return total
        if self.method in ("siblings", "both") and others is not None and np.shape(others)[1]:
            total = np.logaddexp(total, _energy(others))
        total = np.logaddexp(total, self.rest)
        return np.asarray(np.exp(np.asarray(logits, dtype=np.float64).max(axis=1) - total))

    def accepts(self, logits: npt.ArrayLike, others: npt.ArrayLike | None = None) -> BoolArray:
        """Return of which pictures the score is at least the threshold, shape (pictures,)."""
        return self.scores(logits, others) >= self.threshold

    def to_dict(self) -> dict[str, str | float]:
        """Return it as JSON; ``rest`` only where the method has one."""
        made: dict[str, str | float] = {"method": self.method, "threshold": self.threshold}
        return made | ({"rest": self.rest} if self.method == "both" else {})


def _energy(logits: npt.ArrayLike) -> FloatArray:
    from scipy.special import logsumexp

    return np.asarray(logsumexp(np.asarray(logits, dtype=np.float64), axis=1))


def auroc(inside: npt.ArrayLike, outside: npt.ArrayLike) -> float:
    """Return the area under the ROC curve: how often an inside score exceeds an outside one.

    Ties count half (Mann and Whitney's U over the number of pairs); NaN where one side is empty.

    >>> auroc([3, 2], [1, 2])
    0.875
    """
    from scipy.stats import rankdata

    one, other = np.ravel(inside), np.ravel(outside)
    if not (len(one) and len(other)):
        return float("nan")
    ranks = rankdata(np.concatenate([one, other]))[: len(one)]
    return float((ranks.sum() - len(one) * (len(one) + 1) / 2) / (len(one) * len(other)))


def threshold_for(inside: npt.ArrayLike, accepted: float = 0.95) -> float:
    """Return the highest threshold at which at least a share of the inside scores are accepted.

    A score is accepted that is at least the threshold.

    Args:
        inside: scores of pictures of the kept classes, at least one.
        accepted: the share, above 0 and up to 1.

    Raises:
        DataError: no scores, or a share out of range.

    >>> threshold_for([1, 2, 3, 4], 0.75)
    2.0
    """
    given = np.sort(np.ravel(np.asarray(inside, dtype=np.float64)))
    if not len(given):
        raise DataError("A threshold is set by scores of pictures of the kept classes; give some.")
    if not 0 < accepted <= 1:
        raise DataError(f"`accepted` is {accepted:g}; give a share above 0 and up to 1.")
    return float(given[len(given) - int(np.ceil(accepted * len(given) - 1e-9))])


def false_positives(inside: npt.ArrayLike, outside: npt.ArrayLike, accepted: float = 0.95) -> float:
    """Return the share of outside scores that are accepted where a share of the inside ones are.

    With the default, the FPR at 95 % TPR. NaN where one side is empty.

    >>> false_positives([1, 2, 3, 4], [0, 2, 5], 0.75)
    0.6666666666666666
    """
    if not (np.size(inside) and np.size(outside)):
        return float("nan")
    return float((np.ravel(outside) >= threshold_for(inside, accepted)).mean())


def rejection_table(
    predictions: Predictions, hierarchy: Hierarchy, tasks: TaskList, accepted: float = 0.95
) -> pd.DataFrame:
    """Return how well experts tell their classes' pictures from near and far ones.

    Columns: ``task kind size method near_auroc far_auroc near_accepted far_accepted near_pictures
    far_pictures``; a row a task and method. By extraction's exactness an expert's logits are those
    of the whole network.

    Args:
        predictions: of the whole network, over all its classes.
        hierarchy: its tree, by which classes are near; a masked flat network is asked with the
            tree of the experts it is compared with.
        tasks: the experts asked for.
        accepted: the share of the kept classes' pictures that is accepted.

    Raises:
        DataError: predictions, tree and tasks are not over the same classes.
    """
    import pandas as pd

    if not predictions.ids == hierarchy.leaves == tasks.ids:
        raise DataError("Predictions, tree and tasks are not over the same classes.")
    rows = []
    for task in tasks:
        kept = np.isin(predictions.ids, task.classes)
        beside = np.isin(predictions.ids, siblings(hierarchy, task.classes))
        own, near = kept[predictions.targets], beside[predictions.targets]
        for method in get_args(Rejecting):
            logits, others = predictions.logits[:, kept], predictions.logits[:, beside]
            fitted = Rejector.fitted(logits[own], method, others[own], accepted)
            found = fitted.scores(logits, others)
            row = {"task": task.id, "kind": task.kind, "size": task.size, "method": method}
            for name, shown in (("near", near), ("far", ~own & ~near)):
                row[f"{name}_auroc"] = auroc(found[own], found[shown])
                row[f"{name}_accepted"] = false_positives(found[own], found[shown], accepted)
                row[f"{name}_pictures"] = int(shown.sum())
            rows.append(row)
    return pd.DataFrame(rows)
