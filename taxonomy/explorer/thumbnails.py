"""One small picture of every class, side by side in one file."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import DataError
from taxonomy._core.registry import require
from taxonomy.data import Pictures

QUALITY = 82


def thumbnails(
    pictures: Pictures, ids: Sequence[str], side: int, licence: str = ""
) -> dict[str, io.Json]:
    """Return a sheet of one picture a class as a WebP file, with where each stands.

    A class is shown by its typical picture, as `Pictures.typical` finds it.

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
    typical = pictures.typical(ids)
    shown = [(column, typical[name]) for column, name in enumerate(ids) if name in typical]
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
