"""Render icons and find twins: pictures that show the same drawing."""

from __future__ import annotations

import io
from multiprocessing import Pool
from typing import TYPE_CHECKING

import numpy as np
import resvg_py
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterable

SIZE = 32
#: A picture with less ink on white than this many black pixels, or nowhere darker than this grey,
#: is empty.
LEAST_INK = 12.0
LEAST_CONTRAST = 48
#: Side of the square to which a drawing's bounding box is brought before comparing.
GRID = 16


def render(svg: str) -> np.ndarray | None:
    """Render an SVG to (4, 32, 32) planes, uint8 RGBA; None where nothing is to be seen."""
    try:
        png = resvg_py.svg_to_bytes(svg_string=svg, width=SIZE, height=SIZE, skip_system_fonts=True)
    except ValueError:
        return None
    rgba = np.asarray(Image.open(io.BytesIO(bytes(png))).convert("RGBA"))
    if rgba.shape != (SIZE, SIZE, 4):
        return None
    rgba = np.where(rgba[..., 3:] > 0, rgba, 0).astype(np.uint8)
    ink = _ink(rgba)
    if ink.sum() < LEAST_INK * 255 or ink.max() < LEAST_CONTRAST:
        return None
    return np.ascontiguousarray(rgba.transpose(2, 0, 1))


def render_all(svgs: Iterable[str], processes: int) -> list[np.ndarray | None]:
    """Render many SVGs, in the order given."""
    with Pool(processes) as pool:
        return pool.map(render, svgs, chunksize=256)


def on_white(rgba: np.ndarray) -> np.ndarray:
    """Lay (..., 4) RGBA on white; integers, so that every machine gets the same bytes."""
    alpha = rgba[..., 3:].astype(np.int32)
    return ((rgba[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)


def _ink(rgba: np.ndarray) -> np.ndarray:
    """Return 255 minus the luminance on white."""
    rgb = on_white(rgba).astype(np.int32)
    return 255 - (299 * rgb[..., 0] + 587 * rgb[..., 1] + 114 * rgb[..., 2] + 500) // 1000


def signature(planes: np.ndarray) -> np.ndarray:
    """Return what a drawing looks like, whatever its colour and contrast: (1280,) whole numbers.

    The ink on white, scaled to mean 0 and largest value 127: first cut to its bounding box and
    brought to 16 by 16 pixels, so that margin and proportions do not count, then as it is. Values
    are whole numbers, so that their products are exact and the same on every machine.
    """
    ink = _ink(planes.transpose(1, 2, 0)).clip(0, 255).astype(np.uint8)
    rows, columns = (np.flatnonzero((ink > 24).any(axis=axis)) for axis in (1, 0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    cut = Image.fromarray(ink).resize((GRID, GRID), Image.Resampling.BOX, box=box)
    found = []
    for grey in (np.asarray(cut), ink):
        values = grey.astype(np.int64).ravel() * grey.size - grey.sum(dtype=np.int64)
        found.append(values * 127 // max(1, int(np.abs(values).max())))
    return np.concatenate(found).astype(np.int16)


def find_twins(signatures: np.ndarray, threshold: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of all pairs of twins, both ways round, a picture's own included.

    Twins' signatures, the cut one or the whole one, correlate by the threshold or more, whatever
    the sign, as they are or mirrored left to right: negatives and mirror images are twins too.
    """
    found = []
    for part, side in ((signatures[:, : GRID**2], GRID), (signatures[:, GRID**2 :], SIZE)):
        whole = part.astype(np.int64)
        norms = np.sqrt((whole**2).sum(1).astype(np.float64)).clip(1)
        scaled = (whole / norms[:, None]).astype(np.float32)
        mirrored = np.arange(side**2).reshape(side, side)[:, ::-1].ravel()
        for order in (slice(None), mirrored):
            other, other_scaled = whole[:, order], scaled[:, order].T
            for start in range(0, len(whole), 2048):
                block = np.abs(scaled[start : start + 2048] @ other_scaled)
                row, column = np.nonzero(block > threshold - 0.001)
                row += start
                # Products of whole numbers are exact: every machine finds the same pairs.
                exact = np.abs((whole[row] * other[column]).sum(1))
                near = exact / (norms[row] * norms[column]) >= threshold
                found.append(np.stack([row[near], column[near]]))
    rows, columns = np.unique(np.concatenate(found, axis=1), axis=1)
    return rows, columns


#: What ``styles`` tells of a picture.
STYLES = ("colour", "filled", "fine", "grey")


def styles(planes: np.ndarray) -> np.ndarray:
    """Tell a picture's style: in colour, mostly filled, drawn in fine lines, with grey areas."""
    rgb = on_white(planes.transpose(1, 2, 0)).astype(np.int32)
    colourful = (rgb.max(-1) - rgb.min(-1) > 40).sum() > 16
    ink = 255 - rgb.mean(-1)
    rows, columns = (np.flatnonzero((ink > 24).any(axis=axis)) for axis in (1, 0))
    area = max(1, (rows[-1:] - rows[:1] + 1).sum() * (columns[-1:] - columns[:1] + 1).sum())
    cover = ink.sum() / 255 / area
    middle = ((ink > 30) & (ink < 200)).sum() / max(1, (ink > 30).sum())
    return np.array([colourful, cover > 0.5, cover < 0.25, not colourful and middle > 0.6])
