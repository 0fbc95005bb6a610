"""What is no list of classes, told by a file's name, its first bytes or its text."""

from __future__ import annotations

import re

from taxonomy._core.errors import LabelError, shown
from taxonomy.labels.tables import columns

_TREE = "a tree, no list of classes; 'taxonomy show' prints it"
_PROGRAM = "a program; write its names as text"
_PICKLE = "a pickle, which is never opened"
_SETTINGS = "settings, no list of classes; give the file of names itself, one a line"
_UTF16 = "UTF-16, as Excel's 'Unicode text'; save it as UTF-8"
_LABEL_MAP = "a label map of TensorFlow; give one name a line"
_MARKUP = "XML; give one name a line"
_PAGE = "a web page; save the list itself"
_DOCUMENT = "a document; save it as text"

_BY_ENDING = {
    **dict.fromkeys((".xlsx", ".xls", ".ods", ".numbers"), "a spreadsheet; save it as CSV"),
    ".xml": _MARKUP,
    **dict.fromkeys((".pbtxt", ".prototxt"), _LABEL_MAP),
    **dict.fromkeys((".html", ".htm"), _PAGE),
    **dict.fromkeys((".pdf", ".doc", ".docx", ".odt", ".rtf"), _DOCUMENT),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".7z", ".bz2", ".xz"), "an archive; unpack it"),
    **dict.fromkeys((".pkl", ".pickle", ".pt", ".pth"), _PICKLE),
    **dict.fromkeys((".npy", ".npz", ".mat", ".parquet"), "arrays; write the names as text"),
    **dict.fromkeys((".nwk", ".newick", ".tre", ".nex", ".nexus", ".graphml"), _TREE),
    **dict.fromkeys((".py", ".ipynb", ".js", ".ts"), _PROGRAM),
    **dict.fromkeys((".toml", ".ini", ".cfg", ".data", ".properties"), _SETTINGS),
}

_BY_BYTES = {
    b"PK\x03\x04": "an archive or a spreadsheet; unpack it, or save it as CSV",
    b"\x1f\x8b": "compressed by gzip; end its name in .gz",
    b"\x80": _PICKLE,
    b"\xff\xfe": _UTF16,
    b"\xfe\xff": _UTF16,
    b"\xd0\xcf\x11\xe0": "a spreadsheet or document of old; save it as CSV or as text",
    b"\x93NUMPY": "arrays; write the names as text",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"%PDF": _DOCUMENT,
    b"SQLite format 3": "a database; write its names as text",
}

_BY_START = {
    "<!doctype": _PAGE,
    "<html": _PAGE,
    "<?xml": _MARKUP,
    "{\\rtf": _DOCUMENT,
    "#nexus": _TREE,
    "version https://git-lfs": "a pointer of Git LFS, not the file; fetch that (git lfs pull)",
}

_ASSIGNED = r"(?:(?:const|let|var|final|static|export)\s+)*[\w.]+\s*(?::[^=\n]{1,60})?=\s*[\[({]"
_BY_TEXT = (
    (
        re.compile(rf"\s*(?:{_ASSIGNED}|import |from [\w.]+ import |#include\b|package \w)"),
        _PROGRAM,
    ),
    (re.compile(r"\s*\(\s*[\"']"), _PROGRAM),
    (re.compile(r"\s*(?:#[^\n]*\n\s*)*item\s*\{"), _LABEL_MAP),
    (
        re.compile(r"\s*(?:[#;][^\n]*\n\s*)*\[\[?[\w .\"'-]+\]\]?[ \t]*\n[^\n=]+=", re.ASCII),
        _SETTINGS,
    ),
    (re.compile(r"\s*\(.*\)[^()\n]*;\s*", re.DOTALL), _TREE),
    (re.compile(r"\s*<(?:.*</|[^>]*/>).*>\s*", re.DOTALL), _MARKUP),
)
"""What a whole text is; the last two are matched against all of it."""

LONGEST = 1000
"""Characters of a line that may be a name with what stands around it."""


def refuse_ending(ending: str) -> None:
    """Refuse a file by its name's ending.

    Raises:
        LabelError: it holds something else than a list of classes; it says what.

    >>> refuse_ending(".nwk")
    Traceback (most recent call last):
    ...
    taxonomy._core.errors.LabelError: a tree, no list of classes; 'taxonomy show' prints it.
    """
    if what := _BY_ENDING.get(ending):
        raise LabelError(f"{what}.")


def refuse_bytes(start: bytes) -> None:
    """Refuse a file by its first bytes, whatever it is called.

    Raises:
        LabelError: as `refuse_ending`.
    """
    if what := next((what for sign, what in _BY_BYTES.items() if start.startswith(sign)), ""):
        raise LabelError(f"{what}.")


def refuse_text(text: str) -> None:
    """Refuse a text that is something else than a list of classes.

    Raises:
        LabelError: as `refuse_ending`.
    """
    if text.count("\0") * 5 > len(text):
        raise LabelError(
            "is full of zero bytes, as UTF-16 and binary files do; save it as UTF-8 text."
        )
    start = text.lstrip()[:64].casefold()
    if what := next((what for sign, what in _BY_START.items() if start.startswith(sign)), ""):
        raise LabelError(f"{what}.")
    for pattern, what in _BY_TEXT[:-2]:
        if pattern.match(text):
            raise LabelError(f"{what}.")
    for pattern, what in _BY_TEXT[-2:]:
        if pattern.fullmatch(text):
            raise LabelError(f"{what}.")


_STEP = re.compile(r"(?:\t| {2,})\s*[^\s#]")
_SETTING = re.compile(r"(?!n\d{8})[A-Za-z][\w.-]*\s*=(?!=)\s*(?:\S.*)?")
_COUNTED = re.compile(r".*=\s*\d+")


def refuse_lines(text: str, lines: list[tuple[int, str]]) -> None:
    """Refuse lines that are a tree, settings or a header, none of them a list of names.

    Args:
        text: of the file, with what stands before its lines' first words.
        lines: its lines that say something, each with its number.

    Raises:
        LabelError: as `refuse_ending`, with the line.
    """
    steps = [bool(_STEP.match(raw)) for raw in text.splitlines() if raw.strip()]
    if sum(steps) > 1 and not steps[0]:
        raise LabelError(
            "some lines stand further in than others, as in a tree; 'taxonomy show' prints one. "
            "For a list of classes, give its leaves alone, none of them further in."
        )
    if len(lines) > 1 and all(" > " in line for _, line in lines):
        raise LabelError(f"paths, which make {_TREE}.")
    settings = all(_SETTING.fullmatch(line) for _, line in lines)
    if lines and settings and not all(_COUNTED.fullmatch(line) for _, line in lines):
        raise LabelError(f"{_SETTINGS}.")
    header = lines[0][1].split() if len(lines) > 1 else []
    if len(header) > 1 and len(columns(header)) == len(header):
        words = ", ".join(map(shown, header[:4]))
        raise LabelError(
            f"line {lines[0][0]}: {words}: a header, whose columns nothing tells apart; put commas "
            "or tabs between them."
        )
    for number, line in lines:
        if len(line) > LONGEST:
            raise LabelError(
                f"line {number}: {len(line):,} characters are no name; give one name a line."
            )
