"""`Preprocessing`: how a picture becomes a network's input, in the one place that says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.errors import DataError, check_whole, shown
from taxonomy._core.folders import is_ignored
from taxonomy._core.registry import require
from taxonomy.data._decode import decode, squared, suffixes

MOST_SIDE = 16_384


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a network's input: what a network's file, run and bundle carry.

    Training, scoring, predicting and exporting all read it here. A picture is turned as its camera
    noted (EXIF), put on the ground where it is transparent, scaled to cover the square, cropped in
    its centre, and each channel's value from 0 to 1 becomes ``offset + scale * value``: white is 0
    and black is 2, so that a convolution's zero padding continues a white ground.

    All but the resolution has one value that this version knows; it is written down so that a
    reader can check it, and a file that needs another is refused.

    Args:
        resolution: side of the square, in pixels.
        channels: what the channels are, in order.
        fit: how a picture that is no square fills it.
        crop: which part of what is too long is kept.
        resampling: how pixels are made when scaling.
        ground: the colour behind transparent parts.
        scale: what a channel's value, from 0 to 1, is multiplied by.
        offset: what is then added.

    Raises:
        DataError: a value that this version does not know.

    >>> Preprocessing(32).encode(np.array([0.0, 0.5, 1.0])).tolist()
    [2.0, 1.0, 0.0]
    """

    resolution: int = 32
    channels: Literal["RGB"] = "RGB"
    fit: Literal["cover"] = "cover"
    crop: Literal["centre"] = "centre"
    resampling: Literal["bilinear"] = "bilinear"
    ground: Literal["white"] = "white"
    scale: float = -2.0
    offset: float = 2.0

    def __post_init__(self) -> None:
        """Check every value."""
        check_whole("resolution", self.resolution, 1, MOST_SIDE, DataError)
        check_options(self, DataError)
        if (self.scale, self.offset) != (-2.0, 2.0):
            raise DataError(
                f"The preprocessing is {shown(self.scale)} times the value plus "
                f"{shown(self.offset)}; this version encodes pictures by `scale=-2` and "
                "`offset=2` only."
            )

    @property
    def neutral(self) -> float:
        """The channel value, from 0 to 1, that becomes 0 in the network's input."""
        return -self.offset / self.scale

    def encode(self, values: Any) -> Any:
        """Map channel values from 0 to 1, in numpy's arrays or torch's, to network input."""
        return values * self.scale + self.offset

    def picture(
        self, file: Path | IO[bytes], where: object = None, formats: tuple[str, ...] = ()
    ) -> npt.NDArray[np.uint8]:
        """Read one picture's file as uint8 (3, resolution, resolution).

        Args:
            file: a path or an opened file.
            where: names the picture in messages, where the file has no name.
            formats: the only ones read, by Pillow's names; all that are known where left out.

        Raises:
            DataError: the file is no readable picture.
            MissingExtraError: Pillow is not installed.
        """
        return decode(file, self.resolution, where, formats)

    def squares(self, given: Any) -> npt.NDArray[np.uint8]:
        """Return pictures in memory as uint8 (n, 3 or 4, resolution, resolution).

        Args:
            given: a Pillow picture; an array of one picture, (height, width) or (height, width, 1,
                3 or 4), or of several, (n, height, width, 3 or 4); or an array that has the shape
                that is returned already.

        Raises:
            DataError: another shape, or values that are no bytes.
            MissingExtraError: Pillow is not installed, and a picture has another size.

        >>> Preprocessing(8).squares(np.zeros((2, 8, 8, 3), np.uint8)).shape
        (2, 3, 8, 8)
        """
        side = self.resolution
        if not isinstance(given, np.ndarray):
            return squared(given, side)[None]
        if given.dtype != np.uint8:
            raise DataError(
                f"The pictures are {given.dtype}; give bytes (uint8) from 0 to 255, such as "
                "(255 * values).round().astype('uint8')."
            )
        shape = given.shape
        if given.ndim == 4 and shape[1] in (3, 4) and shape[2:] == (side, side):
            return given
        one = given.ndim == 2 or (given.ndim == 3 and shape[2] in (1, 3, 4))
        if 0 in shape or not (one or (given.ndim == 4 and shape[3] in (1, 3, 4))):
            raise DataError(
                f"An array of shape {shape} is no picture; give (height, width, 3), "
                f"(n, height, width, 3) or (n, 3, {side}, {side})."
            )
        several = given[None] if one else given
        if several.ndim == 4 and several.shape[3] == 1:
            several = several[..., 0]
        if several.ndim == 4 and several.shape[1:3] == (side, side):
            return several.transpose(0, 3, 1, 2)
        image = require("PIL.Image")
        return np.stack([squared(image.fromarray(picture), side) for picture in several])

    def to_dict(self) -> dict[str, io.Json]:
        """Return the values as JSON."""
        return asdict(self)


def picture_files(place: Path | str) -> Iterator[Path]:
    """Yield a picture's file, or those in a folder and in the folders in it, by their names.

    Raises:
        DataError: there is nothing of that name, or a folder without a picture.
        MissingExtraError: Pillow is not installed.
    """
    place = Path(place)
    if not place.is_dir():
        if not place.is_file():
            raise DataError(f"{place}: no such picture or folder.")
        yield place
        return
    found = False
    for path in sorted(place.rglob("*")):
        inner = path.relative_to(place).parts
        if path.name.lower().endswith(suffixes()) and not any(map(is_ignored, inner)):
            found = True
            yield path
    if not found:
        raise DataError(f"{place}: holds no picture of a kind that is read.")
