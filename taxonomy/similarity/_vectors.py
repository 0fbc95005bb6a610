"""A cache of the vectors of texts, keyed by model and text, so that none is computed twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import SimilarityError, told
from taxonomy._core.spelling import counted

FILE = "embeddings.sqlite"
PART = 256
"""Texts embedded before their vectors are stored."""


def cached(
    texts: Sequence[str],
    model: str,
    embed: Callable[[list[str]], npt.ArrayLike],
    folder: Path | None,
) -> Float32Array:
    """Return one vector a text, embedding only texts that are not in the cache.

    The cache is a sqlite file of single-precision vectors, each under the sha256 of model and text.
    Vectors are stored a part at a time, so that a run that was stopped continues.

    Args:
        texts: any texts, in any order, several times perhaps.
        model: what identifies the model; a change of it makes other vectors.
        embed: maps different texts to their vectors, each by its text alone.
        folder: of the cache; None for no cache.

    Raises:
        SimilarityError: the cache cannot be read or written, or a vector is not finite.
    """
    keys = {text: io.digest([model, text]) for text in dict.fromkeys(texts)}
    if folder is None:
        found = _made(sorted(keys), embed)
        return np.stack([found[text] for text in texts])
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as base:
            base.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB NOT NULL) "
                "WITHOUT ROWID"
            )
            found = {text: kept for text in keys if (kept := _kept(base, keys[text])) is not None}
            missing = sorted(keys.keys() - found.keys())
            for start in range(0, len(missing), PART):
                made = _made(missing[start : start + PART], embed)
                base.execute("BEGIN IMMEDIATE")
                base.executemany(
                    "INSERT OR IGNORE INTO vectors VALUES (?, ?)",
                    [(keys[text], made[text].astype("<f4").tobytes()) for text in made],
                )
                base.execute("COMMIT")
                found |= made
    except (sqlite3.Error, sqlite3.Warning, UnicodeError, OverflowError, OSError) as error:
        words = (
            f"the cache of embeddings cannot be used ({error}); remove it, name another folder in "
            f"${io.CACHE_VARIABLE}, or go without (`cache`)."
        )
        raise SimilarityError(told(path, words)) from error
    if len({vector.shape for vector in found.values()}) > 1:
        raise SimilarityError(f"{path}: holds vectors of several lengths for one model; remove it.")
    return np.stack([found[text] for text in texts])


def _kept(base: sqlite3.Connection, key: str) -> Float32Array | None:
    row = base.execute("SELECT vector FROM vectors WHERE key=?", (key,)).fetchone()
    if row is None or not isinstance(row[0], bytes) or not row[0] or len(row[0]) % 4:
        return None
    vector = np.frombuffer(row[0], dtype="<f4").astype(np.float32)
    return vector if np.isfinite(vector).all() else None


def _made(texts: list[str], embed: Callable[[list[str]], npt.ArrayLike]) -> dict[str, Float32Array]:
    if not texts:
        return {}
    vectors = np.asarray(embed(texts), dtype=np.float32)
    if vectors.shape[:1] != (len(texts),) or vectors.ndim != 2:
        raise SimilarityError(
            f"The embedding model gave shape {vectors.shape} for {counted(len(texts), 'text')}."
        )
    bad = np.flatnonzero(~np.isfinite(vectors).all(1) | ~vectors.any(1))
    if len(bad):
        raise SimilarityError(
            f"The embedding model gave no usable vector for {texts[int(bad[0])][:80]!r}."
        )
    return dict(zip(texts, vectors, strict=True))
