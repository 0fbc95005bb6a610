"""Where two similarities of the same classes disagree, such as those of two models."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from taxonomy._core.errors import SimilarityError
from taxonomy._core.spelling import counted
from taxonomy.similarity import DenseSimilarity


class Disagreement(NamedTuple):
    """How two similarities differ.

    Args:
        difference: mean absolute difference over pairs.
        correlation: Pearson's r over pairs; NaN where one of them is constant.
        pairs: one row a pair, the farthest moved first: ``one``, ``other``, ``a``, ``b``,
            ``change`` (b minus a).
        classes: one row a class, the farthest moved first: ``label`` and ``difference``, its mean
            absolute difference to all others.
    """

    difference: float
    correlation: float
    pairs: pd.DataFrame
    classes: pd.DataFrame


def disagreement(a: DenseSimilarity, b: DenseSimilarity) -> Disagreement:
    """Return how two similarities differ over the labels they share.

    Raises:
        SimilarityError: they share fewer than two labels.

    >>> a = DenseSimilarity(["cat", "dog", "car"], [[1, 0.8, 0.1], [0.8, 1, 0.1], [0.1, 0.1, 1]])
    >>> b = DenseSimilarity(["cat", "dog", "car"], [[1, 0.5, 0.1], [0.5, 1, 0.2], [0.1, 0.2, 1]])
    >>> found = disagreement(a, b)
    >>> found.pairs[["one", "other", "change"]].round(3).values.tolist()[0]
    ['cat', 'dog', -0.3]
    >>> found.classes.label.tolist()
    ['dog', 'cat', 'car']
    """
    shared = sorted(set(a.ids) & set(b.ids))
    if len(shared) < 2:
        raise SimilarityError(
            f"The two share {counted(len(shared), 'label')}; at least 2 are needed."
        )
    one, other = (s.all_pairs().restrict(shared).values for s in (a, b))
    change = other - one
    i, j = np.triu_indices(len(shared), 1)
    # Rounding makes equally far moved pairs equal, which then stay in order of their labels.
    size = np.abs(change).round(12)
    order = np.argsort(-size[i, j], kind="stable")
    i, j = i[order], j[order]
    names = np.array(shared, dtype=object)
    pairs = pd.DataFrame(
        {
            "one": names[i],
            "other": names[j],
            "a": one[i, j],
            "b": other[i, j],
            "change": change[i, j],
        }
    )
    means = (size.sum(axis=1) / (len(shared) - 1)).round(12)
    rank = np.argsort(-means, kind="stable")
    varied = one[i, j].std() > 0 and other[i, j].std() > 0
    return Disagreement(
        float(size[i, j].mean()),
        float(np.corrcoef(one[i, j], other[i, j])[0, 1]) if varied else float("nan"),
        pairs,
        pd.DataFrame({"label": names[rank], "difference": means[rank]}),
    )
