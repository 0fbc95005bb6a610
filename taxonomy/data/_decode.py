"""Picture files and Pillow pictures as arrays of one size."""

from __future__ import annotations

import contextlib
import struct
import zlib
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from taxonomy._core.errors import DataError, told
from taxonomy._core.registry import require

VERSION = 2
"""Of the way pictures are decoded; part of a cache's key, to be raised with every change of it."""

_NOT_DECODED = {"BUFR", "EPS", "GRIB", "HDF5", "MPEG", "WMF"}
"""What Pillow knows and cannot read by itself; for EPS it would run another program on the file."""

_DAMAGED = (
    *(OSError, EOFError, ValueError, TypeError, SyntaxError, LookupError, ArithmeticError),
    *(AttributeError, RuntimeError, MemoryError, struct.error, zlib.error),
)
"""What Pillow's readers raise on damaged bytes."""

_SPARE = 2
"""A JPEG is decoded at a lower resolution that is at least this many times the one wanted."""


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that are read, by Pillow's names."""
    image = require("PIL.Image")
    image.init()
    return tuple(name for name in image.ID if name in image.OPEN and name not in _NOT_DECODED)


@cache
def suffixes() -> tuple[str, ...]:
    """Return the endings of the files that are read, such as ``.png``."""
    known = require("PIL.Image").registered_extensions()
    read = {*formats(), "MPO"}  # which begins as a JPEG and is opened as one
    return tuple(sorted(suffix for suffix, name in known.items() if name in read))


MOST_PIXELS = 89_478_485
"""Of which Pillow begins to warn: a quarter of a gigabyte in colours. JPEGs are scaled first."""

MANY_PIXELS, MOST_PIXELS_A_BYTE = 16_000_000, 10_000
"""From so many pixels on a file holds at least a byte for so many; a blank page in black and white
as PNG has one for 8,000."""


def decode(
    file: Path | IO[bytes],
    resolution: int,
    where: object = None,
    only: tuple[str, ...] = (),
) -> npt.NDArray[np.uint8]:
    """Return one picture as (3, resolution, resolution), transparent parts on white.

    It is turned as the camera's note (EXIF) says, scaled to cover the square and cropped in the
    centre. Grey values of 16 bits are scaled to 8. Of several frames the first is taken.

    Args:
        file: a path or an opened file.
        resolution: side of the square, in pixels.
        where: names the picture in messages, where the file has no name.
        only: the formats that are read; all of `formats` where left out.

    Raises:
        DataError: the file is no readable picture.
    """
    image, operations = require("PIL.Image"), require("PIL.ImageOps")
    try:
        with image.open(file, formats=only or formats()) as opened:
            opened.draft(None, (_SPARE * resolution, _SPARE * resolution))
            _check_pixels(opened.width, opened.height, file)
            opened.load()
            picture = _opaque(image, _upright(operations, opened))
    except (*_DAMAGED, image.DecompressionBombError) as error:
        raise DataError(
            told(where or file, f"not a readable picture ({error}). Replace or remove the file.")
        ) from error
    return _fitted(picture, resolution)


def _check_pixels(width: int, height: int, file: Path | IO[bytes]) -> None:
    """Refuse a picture that would take too much memory, or is larger than its file can hold.

    Raises:
        ValueError: it is one.
    """
    if (pixels := width * height) > MOST_PIXELS:
        raise ValueError(f"{width:,} x {height:,} pixels are more than {MOST_PIXELS:,}")
    if pixels > MANY_PIXELS and pixels > MOST_PIXELS_A_BYTE * (size := _bytes_of(file)):
        raise ValueError(f"{width:,} x {height:,} pixels are declared, in {size:,} bytes")


def _bytes_of(file: Path | IO[bytes]) -> int:
    if isinstance(file, (str, Path)):
        return Path(file).stat().st_size
    place = file.tell()
    size = file.seek(0, 2)
    file.seek(place)
    return size


def squared(picture: Any, resolution: int) -> npt.NDArray[np.uint8]:
    """Return a Pillow picture as `decode` returns a file's.

    Raises:
        DataError: it is no picture, or its pixels cannot be read.
    """
    image, operations = require("PIL.Image"), require("PIL.ImageOps")
    if not isinstance(picture, image.Image):
        raise DataError(
            f"A {type(picture).__name__} is no picture; give a file, a folder, an array of bytes "
            "or a Pillow picture."
        )
    try:
        return _fitted(_opaque(image, operations.exif_transpose(picture)), resolution)
    except _DAMAGED as error:
        raise DataError(f"The picture in memory cannot be read ({error}).") from error


def _fitted(picture: Any, resolution: int) -> npt.NDArray[np.uint8]:
    image, operations = require("PIL.Image"), require("PIL.ImageOps")
    fitted = operations.fit(picture, (resolution, resolution), image.Resampling.BILINEAR)
    return np.asarray(fitted, dtype=np.uint8).transpose(2, 0, 1)


def size_of(file: Path) -> tuple[int, int] | None:
    """Return a picture's width and height as its head says them; None if it cannot be read."""
    image = require("PIL.Image")
    try:
        with image.open(file, formats=formats()) as opened:
            return int(opened.width), int(opened.height)
    except (*_DAMAGED, image.DecompressionBombError):
        return None


def _upright(operations: Any, opened: Any) -> Any:
    with contextlib.suppress(*_DAMAGED):  # the note is damaged, the picture is not
        operations.exif_transpose(opened, in_place=True)
    return opened


def _opaque(image: Any, picture: Any) -> Any:
    """Return a picture as RGB, on white.

    Raises:
        ValueError: its numbers have no stated range.
    """
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _of_8_bits(image, picture)
    if picture.mode in ("RGB", "L", "CMYK", "YCbCr") and "transparency" not in picture.info:
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    white = image.new("RGBA", picture.size, "white")
    return image.alpha_composite(white, picture).convert("RGB")


def _of_8_bits(image: Any, picture: Any) -> Any:
    """Scale grey values of 16 bits.

    Raises:
        ValueError: they have more.
    """
    # What says 16 bits is the mode, or the format alone: for PNG, before Pillow 11, and for PGM.
    by_format = picture.mode == "I" and picture.format in ("PNG", "PPM")
    if not picture.mode.startswith("I;16") and not by_format:
        raise ValueError("its pixels are 32-bit numbers of no stated range; save it with 8 or 16")
    values = np.asarray(picture, dtype=np.float32) * np.float32(255 / 65535)
    return image.fromarray(values.round().clip(0, 255).astype(np.uint8))
