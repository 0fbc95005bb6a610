"""Saving figures to files."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError

FORMATS = ("png", "svg", "pdf")
"""What figures are written as; a file's ending says which."""

_DATELESS = {
    "png": {"Software": None},
    "svg": {"Date": None, "Creator": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}


def figure_format(path: Path | str) -> str:
    """Return the format that a file's ending asks for.

    Raises:
        FileFormatError: it is none of `FORMATS`.

    >>> figure_format("tree.SVG")
    'svg'
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        raise FileFormatError(
            f"{path}: a figure is not written as {Path(path).suffix or 'a file without an ending'};"
            f" end its name in one of {', '.join('.' + name for name in FORMATS)}."
        )
    return ending


def save_figure(path: Path | str, figure: Figure) -> None:
    """Write a figure atomically, in the format of the file's ending; equal figures, equal bytes.

    Args:
        path: ends in ``.png``, ``.svg`` or ``.pdf``.
        figure: what to write.

    Raises:
        FileFormatError: the ending is another one; nothing is written.
    """
    kind, buffer = figure_format(path), BytesIO()
    # SVG's ids are drawn at random unless salted.
    with mpl.rc_context({"svg.hashsalt": "taxonomy-experts"}):
        figure.savefig(buffer, format=kind, dpi=150, metadata=_DATELESS[kind])
    io.write_bytes(path, buffer.getvalue())
