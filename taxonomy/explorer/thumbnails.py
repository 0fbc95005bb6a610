"""One small picture of every class, side by side in one file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.errors import DataError
from taxonomy._core.registry import require
from taxonomy.data import Pictures

LOOKED_AT = 64
"""Pictures of a class among which one is chosen."""
QUALITY = 82


def thumbnails(
    pictures: Pictures, ids: Sequence[str], side: int, licence: str = ""
) -> dict[str, io.Json]:
    """Return a sheet of one picture a class as a WebP file, with where each stands.

    A class is shown by the picture nearest to the mean of its first ones in the training split (in
    all, where there is no such split). Pictures with an alpha channel are put on white.

    Args:
        pictures: of these classes, of some of them or of more.
        ids: label ids of the page, sorted.
        side: of a thumbnail, in pixels.
        licence: of the pictures, in words, where it is known.

    Returns:
        ``side``, ``columns``, ``classes`` (the columns of those that have a picture, in the sheet's
        order), ``file``, a data URI, and ``licence``.

    Raises:
        DataError: there is no picture of any class.
        MissingExtraError: Pillow is not installed.
    """
    image = require("PIL.Image")
    train = np.flatnonzero(pictures.splits == 0)
    rows = train if len(train) else np.arange(len(pictures))
    of_class = {name: rows[pictures.targets[rows] == i] for i, name in enumerate(pictures.classes)}
    shown = [
        (column, _typical(pictures, of_class[name]))
        for column, name in enumerate(ids)
        if len(of_class.get(name, ()))
    ]
    if not shown:
        raise DataError("there is no picture of these classes.")
    columns = int(np.ceil(np.sqrt(len(shown))))
    sheet = image.new("RGB", (columns * side, -(-len(shown) // columns) * side), "white")
    for place, (_, picture) in enumerate(shown):
        small = image.fromarray(picture).resize((side, side), image.Resampling.LANCZOS)
        sheet.paste(small, (place % columns * side, place // columns * side))
    file = BytesIO()
    sheet.save(file, "WEBP", quality=QUALITY, method=6)
    return {
        "side": side,
        "columns": columns,
        "classes": [column for column, _ in shown],
        "file": f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}",
        "licence": licence,
    }


def _typical(pictures: Pictures, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.uint8]:
    """Return, of some pictures of a class, the one nearest to their mean: (side, side, 3)."""
    some = np.moveaxis(np.asarray(pictures.images[rows[:LOOKED_AT]]), 1, -1).astype(np.float64)
    if some.shape[-1] == 4:
        some = 255 + (some[..., :3] - 255) * (some[..., 3:] / 255)
    distance = ((some - some.mean(axis=0)) ** 2).sum(axis=(1, 2, 3))
    nearest: npt.NDArray[np.uint8] = np.rint(some[int(distance.argmin())]).astype(np.uint8)
    return nearest
