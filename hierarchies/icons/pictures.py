"""Render icons and find twins: pictures that show the same drawing."""

from __future__ import annotations

import io
from collections.abc import Iterable
from multiprocessing import Pool

import numpy as np
import resvg_py
from PIL import Image

SIZE = 32
#: A picture with less ink than this many full pixels is empty.
LEAST_INK = 12.0
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
    if _ink(rgba).sum() < LEAST_INK * 255:
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
    """Return 255 minus the luminance on white, or, for a drawing in white, the alpha."""
    rgb = on_white(rgba).astype(np.int32)
    ink = 255 - (299 * rgb[..., 0] + 587 * rgb[..., 1] + 114 * rgb[..., 2] + 500) // 1000
    return ink if ink.max() > 24 else rgba[..., 3].astype(np.int32)


def signature(planes: np.ndarray) -> np.ndarray:
    """Return what a drawing looks like, whatever its colour, contrast, margin and proportions.

    The ink on white is cut to its bounding box, brought to 16 by 16 pixels and scaled to mean 0
    and largest value 127. Values are whole numbers, so that products of signatures are exact and
    the same on every machine.
    """
    ink = _ink(planes.transpose(1, 2, 0)).clip(0, 255).astype(np.uint8)
    rows, columns = (np.flatnonzero((ink > 24).any(axis=axis)) for axis in (1, 0))
    box = (columns[0], rows[0], columns[-1] + 1, rows[-1] + 1)
    small = Image.fromarray(ink).resize((GRID, GRID), Image.Resampling.BOX, box=box)
    values = np.asarray(small).astype(np.int64).ravel()
    values = values * values.size - values.sum()
    return (values * 127 // max(1, int(np.abs(values).max()))).astype(np.int16)


def near_pairs(
    first: np.ndarray, second: np.ndarray, threshold: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return rows, columns and correlations of signatures that correlate beyond a threshold.

    Correlation counts without its sign: a drawing and its negative are twins too.
    """
    norms = [np.sqrt((side.astype(np.float64) ** 2).sum(1)).clip(1) for side in (first, second)]
    left, right = (
        side.astype(np.float32) / norm[:, None].astype(np.float32)
        for side, norm in zip((first, second), norms, strict=True)
    )
    rows, columns, values = [], [], []
    for start in range(0, len(first), 2048):
        row, column = np.nonzero(np.abs(left[start : start + 2048] @ right.T) > threshold - 0.001)
        row += start
        exact = np.einsum("ij,ij->i", first[row].astype(np.int64), second[column].astype(np.int64))
        value = np.abs(exact) / (norms[0][row] * norms[1][column])
        near = value >= threshold
        rows.append(row[near])
        columns.append(column[near])
        values.append(value[near])
    return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)


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
