"""Tables of scores by class and by group of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from taxonomy.evaluation.hierarchical import mistake_heights
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd


def class_table(predictions: Predictions, tree: Hierarchy) -> pd.DataFrame:
    """Return scores of every class, one row a class.

    Columns: ``class pictures accuracy precision f1 severity confused_with``.

    ``accuracy`` is the share of the class's pictures that are recognised (its recall),
    ``precision`` the share of the pictures taken for the class that are of it, ``f1`` their
    harmonic mean; ``severity`` the mean height of mistakes on its pictures; ``confused_with`` the
    class that its mistakes name most often, the first by id among equals, and empty without
    mistakes. NaN where a share is of nothing.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], "car"])
    >>> logits = [[0, 2, 1], [0, 1, 2], [2, 0, 1]]
    >>> table = class_table(Predictions(["car", "cat", "dog"], logits, [1, 1, 2], "val"), tree)
    >>> table["confused_with"].tolist()
    ['', 'dog', 'car']
    >>> print(table.drop(columns=["f1", "confused_with"]).to_string(index=False))
    class  pictures  accuracy  precision  severity
      car         0       NaN        0.0       NaN
      cat         2       0.5        1.0       1.0
      dog         1       0.0        0.0       2.0
    """
    import pandas as pd

    n = len(predictions.ids)
    best, true = predictions.ranking()[:, 0], predictions.targets
    confusion = np.bincount(true * n + best, minlength=n * n).reshape(n, n)
    right = confusion.diagonal().copy()
    pictures, taken = confusion.sum(1), confusion.sum(0)
    np.fill_diagonal(confusion, 0)
    mistakes = confusion.sum(1)
    heights = np.bincount(true, weights=mistake_heights(predictions, tree), minlength=n)
    names = np.array([*predictions.ids, ""], dtype=object)
    with np.errstate(invalid="ignore", divide="ignore"):
        return pd.DataFrame(
            {
                "class": predictions.ids,
                "pictures": pictures,
                "accuracy": right / pictures,
                "precision": right / taken,
                "f1": 2 * right / (pictures + taken),
                "severity": heights / mistakes,
                "confused_with": names[np.where(mistakes, confusion.argmax(1), n)],
            }
        )


def group_table(predictions: Predictions, tree: Hierarchy) -> pd.DataFrame:
    """Return scores of every group of pictures, one row a group, sorted by group.

    Columns: ``group pictures accuracy top5_accuracy severity``.

    For icons a group is a designer. With fewer than five classes, ``top5_accuracy`` is 1.

    >>> some = Predictions(["cat", "dog"], [[1, 0], [1, 0]], [0, 1], "val", ["Ann", "Bo"])
    >>> print(group_table(some, Hierarchy.star(["cat", "dog"])).to_string(index=False))
    group  pictures  accuracy  top5_accuracy  severity
      Ann         1       1.0            1.0       NaN
       Bo         1       0.0            1.0       1.0
    """
    import pandas as pd

    groups, of = np.unique(predictions.groups, return_inverse=True)
    best = predictions.ranking(min(5, len(predictions.ids)))
    right = best == predictions.targets[:, None]
    pictures, first, among, heights = (
        np.bincount(of, weights=w, minlength=len(groups))
        for w in (None, right[:, 0], right.any(1), mistake_heights(predictions, tree))
    )
    with np.errstate(invalid="ignore"):
        return pd.DataFrame(
            {
                "group": groups,
                "pictures": pictures,
                "accuracy": first / pictures,
                "top5_accuracy": among / pictures,
                "severity": heights / (pictures - first),
            }
        )
