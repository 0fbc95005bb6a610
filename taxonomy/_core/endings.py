"""What files are written as: the ending of a name asks for a format, and is honoured or refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from taxonomy._core.errors import FileFormatError, shown

NETWORKS = (".safetensors",)
FIGURES = (".png", ".svg", ".pdf")
TABLES = (".csv",)
TASKS = (".json", ".csv")
SPECS = (".json",)
REQUESTS = (".jsonl",)
TRANSCRIPTS = (".jsonl.xz",)
TEXTS = (".txt",)
PAGES = (".html",)


def check_ending(path: Path | str, endings: Sequence[str]) -> str:
    """Return the ending of a file's name, in small letters, where it is one of those written.

    Args:
        path: a file that is going to be written.
        endings: those written, each with its dot.

    Raises:
        FileFormatError: the name ends otherwise.

    >>> check_ending("tree.SVG", FIGURES)
    '.svg'
    >>> check_ending("tree.tex", FIGURES)
    Traceback (most recent call last):
    taxonomy._core.errors.FileFormatError: tree.tex: '.tex' is not written here; end the name in \
.png, .svg or .pdf.
    """
    name = Path(path).name.lower()
    for ending in endings:
        if name.endswith(ending) and name != ending:
            return ending
    if Path(path).is_dir():
        raise FileFormatError(f"{path}: is a folder; name a file that ends in {_either(endings)}.")
    own = Path(path).suffix
    what = f"{shown(own)} is" if own else "a name without an ending says no format and is"
    more = elsewhere(own) if own or endings != NETWORKS else elsewhere(".onnx")
    raise FileFormatError(
        f"{path}: {what} not written here; end the name in {_either(endings)}.{more}"
    )


def elsewhere(ending: str) -> str:
    """Return a sentence on what writes files of an ending that is none of trees or networks.

    >>> elsewhere(".onnx"), elsewhere(".tex")
    (' For a device, write a folder: taxonomy extract NETWORK --classes A,B --target onnx.', '')
    """
    if ending.lower() != ".onnx":
        return ""
    return " For a device, write a folder: taxonomy extract NETWORK --classes A,B --target onnx."


def _either(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last
