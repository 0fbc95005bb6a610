"""Saving figures."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from taxonomy import _io


def save_figure(path: Path | str, figure: Figure) -> None:
    """Write a figure atomically as PNG; equal figures give equal bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    _io.write_bytes(path, buffer.getvalue())
