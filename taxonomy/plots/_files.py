"""Saving figures to files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from taxonomy._core import io
from taxonomy._core.endings import FIGURES, check_ending

_DATELESS = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
DOTS = 150
"""Pixels an inch."""
MOST_PIXELS = 30_000
"""A side of a picture at most; taller pages have fewer pixels an inch."""


def save_figure(path: Path | str, figure: Figure) -> None:
    """Write a figure atomically, in the format of the file's ending; equal figures, equal bytes.

    Args:
        path: ends in ``.png``, ``.svg`` or ``.pdf``.
        figure: what to write.

    Raises:
        FileFormatError: the ending is another one; nothing is written.
    """
    ending, buffer = check_ending(path, FIGURES), BytesIO()
    # SVG's ids are drawn at random unless salted; its texts stay texts, to be found and copied.
    # Pictures of classes stay as sharp as they are; joined, as is usual, they have 72 dots an inch.
    with mpl.rc_context(
        {
            "svg.hashsalt": "taxonomy-experts",
            "svg.fonttype": "none",
            "image.composite_image": False,
        }
    ):
        dots = min(DOTS, MOST_PIXELS / max(figure.get_size_inches()))
        figure.savefig(buffer, format=ending[1:], dpi=dots, metadata=_DATELESS[ending])
    io.write_bytes(path, buffer.getvalue())
