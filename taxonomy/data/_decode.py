"""Picture files and Pillow pictures as arrays of one size."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import DataError


def decode(
    pillow: Any, file: Path | IO[bytes], resolution: int, where: object = None
) -> npt.NDArray[np.uint8]:
    """Return one picture as (3, resolution, resolution), transparent parts on white.

    It is scaled to cover the square and cropped in the centre.

    Args:
        pillow: the module ``PIL.Image``.
        file: a path or an opened file.
        resolution: side of the square, in pixels.
        where: names the picture in messages, where the file has no name.

    Raises:
        DataError: the file is no readable picture.
    """
    try:
        with pillow.open(file) as opened:
            picture = _opaque(pillow, opened)
    except (
        *(OSError, EOFError, ValueError, SyntaxError, IndexError, struct.error),
        pillow.DecompressionBombError,
    ) as error:
        raise DataError(
            f"{where or file}: not a readable picture ({error}). Replace or remove the file."
        ) from error
    scale = resolution / min(picture.size)
    size = tuple(max(resolution, round(side * scale)) for side in picture.size)
    picture = picture.resize(size, pillow.Resampling.BILINEAR)
    left, top = ((side - resolution) // 2 for side in size)
    picture = picture.crop((left, top, left + resolution, top + resolution))
    return np.asarray(picture, dtype=np.uint8).transpose(2, 0, 1)


def _opaque(pillow: Any, opened: Any) -> Any:
    if opened.mode in ("RGB", "L", "CMYK", "YCbCr") and "transparency" not in opened.info:
        return opened.convert("RGB")
    picture = opened.convert("RGBA")
    white = pillow.new("RGBA", picture.size, "white")
    return pillow.alpha_composite(white, picture).convert("RGB")
