"""Saving figures."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from matplotlib.figure import Figure

from taxonomy._core import io


def save_figure(path: Path | str, figure: Figure) -> None:
    """Write a figure atomically as PNG; equal figures give equal bytes."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    io.write_bytes(path, buffer.getvalue())
