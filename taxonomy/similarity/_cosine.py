"""Cosines of vectors, mapped to [0, 1] in one way wherever vectors become similarities."""

from __future__ import annotations

import numpy as np

from taxonomy._core.arrays import FloatArray

COSINE_MAP = "(1 + cosine) / 2"
"""How cosines in [-1, 1] become similarities, as provenance names it; it is monotone."""


def cosine_similarities(vectors: FloatArray) -> FloatArray:
    """Return the cosines of all pairs of vectors, mapped to [0, 1]; symmetric, diagonal 1.

    Args:
        vectors: of length 1, one a row.

    >>> cosine_similarities(np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])).tolist()[0]
    [1.0, 0.5, 0.0]
    """
    values = np.clip((1 + vectors @ vectors.T) / 2, 0, 1)
    values = (values + values.T) / 2
    np.fill_diagonal(values, 1.0)
    return values
