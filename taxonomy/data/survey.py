"""What lies in a folder of class folders, in a few lines, before anything is decoded."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from taxonomy._core.errors import DataError, MissingExtraError
from taxonomy._core.folders import SPLITS
from taxonomy._core.spelling import counted
from taxonomy.data._decode import size_of
from taxonomy.data.folder import File, ImageFolder

LOOKED_AT = 2000
"""How many pictures' sizes are read; of more, so many at even distances."""


def survey(folder: Path | str) -> str:
    """Return what a folder of class folders holds as pictures, one fact a line.

    Classes, pictures by split, formats, sizes, and what is left out. What training would refuse is
    said in the place of what cannot be told.

    Args:
        folder: as `ImageFolder` reads it.

    >>> survey("/nowhere")
    'pictures: /nowhere: cannot be read (No such file or directory).'
    """
    try:
        listing = ImageFolder(str(folder)).listing()
    except (DataError, MissingExtraError) as error:
        return f"pictures: {error}"
    files = sorted(listing.found)
    lines = [_counts(files, drawn=listing.drawn), _formats(files), _sizes(files)]
    if listing.nested:
        lines.append(
            f"in folders inside a class folder, and of that class: {listing.nested.total()}"
        )
    if listing.left_out:
        lines.append(f"left out: {_counted(listing.left_out)}")
    if listing.beside:
        lines.append(f"left out, being no splits: {', '.join(listing.beside)}")
    return "\n".join(lines)


def _counts(files: list[File], drawn: bool) -> str:
    """Return how many pictures there are in all, by split and by class."""
    by_split = Counter(SPLITS[file.split] for file in files)
    by_class = Counter(file.name for file in files)
    splits = ", ".join(f"{by_split[name]:,} {name}" for name in SPLITS)
    least, most = min(by_class.values()), max(by_class.values())
    a_class = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    how = "drawn by name" if drawn else "by folders"
    return (
        f"pictures: {len(files):,} of {counted(len(by_class), 'class')}, {a_class} a class; "
        f"{splits} ({how})"
    )


def _formats(files: list[File]) -> str:
    return f"formats: {_counted(Counter(file.path.suffix.lower() for file in files))}"


def _sizes(files: list[File]) -> str:
    """Return the smallest, largest and most frequent size in pixels, and all bytes."""
    some = files[:: -(-len(files) // LOOKED_AT)]
    sizes = [size for file in some if (size := size_of(file.path)) is not None]
    total = f"{sum(file.size for file in files) / 1e6:.1f} MB"
    if not sizes:
        return f"sizes: none could be read; {total}"
    (width, height), count = min(Counter(sizes).items(), key=lambda one: (-one[1], one[0]))
    ends = [min(sizes, key=_area), max(sizes, key=_area)]
    least, most = (f"{wide} x {high}" for wide, high in ends)
    span = (
        least if least == most else f"{least} to {most}, most often {width} x {height} ({count:,})"
    )
    asked = "" if len(some) == len(files) else f" of {len(some):,} looked at"
    unread = len(some) - len(sizes)
    broken = f"; {unread:,} cannot be read" if unread else ""
    return f"sizes: {span} pixels{asked}{broken}; {total}"


def _area(size: tuple[int, int]) -> tuple[int, tuple[int, int]]:
    return size[0] * size[1], size


def _counted(kinds: Counter[str]) -> str:
    """Return kinds with their counts, the most frequent first.

    >>> _counted(Counter({".png": 2, ".jpg": 3}))
    '.jpg (3), .png (2)'
    """
    ordered = sorted(kinds.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{kind} ({count:,})" for kind, count in ordered[:8])
