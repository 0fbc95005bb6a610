"""The official binary archives of CIFAR-10 and CIFAR-100: checksum, records, names, held-out part.

Layout, by https://www.cs.toronto.edu/~kriz/cifar.html: a record is one label byte (CIFAR-100: the
superclass, then the class) and 3072 pixel bytes, red, green, blue, each row by row. The archives
of Python pickles are not read; a pickle runs whatever its maker wrote.
"""

from __future__ import annotations

import hashlib
import tarfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.errors import DataError
from taxonomy._core.folders import SPLITS
from taxonomy._core.registry import require
from taxonomy.data._pictures import Pictures
from taxonomy.data._splits import fraction

SIDE = 32
PIXELS = 3 * SIDE * SIDE
BLOCK = 1 << 20

Bytes = npt.NDArray[np.uint8]
Download = Literal["never", "when-missing"]


@dataclass(frozen=True)
class Archive:
    """Where an archive's parts lie.

    Args:
        file: its file name.
        folder: the folder inside.
        train: members with training records.
        test: members with test records.
        names: member with the classes' names, one a line.
        superclasses: member with the superclasses' names; empty where there are none.
        labels: label bytes a record; the first is the superclass, if any, the last the class.
    """

    file: str
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    names: str
    superclasses: str
    labels: int


@dataclass(frozen=True)
class Records:
    """What an archive holds: training and test records, and the lines of its text files."""

    train: Bytes
    test: Bytes
    names: tuple[str, ...]
    superclasses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reader:
    """What both data sets have in common.

    Args:
        archive: the archive's file, or its folder; empty for the cache folder.
        held_out: share of each class's training pictures that is the validation split.
        split_seed: draws the validation split.
        download: ``never``, or ``when-missing``.
        url: where the archive is downloaded from.
        md5: its checksum, as published.
        cache: folder of downloads; empty for $TAXONOMY_CACHE or the platform's.
    """

    archive: str = ""
    held_out: float = 0.1
    split_seed: int = 0
    download: Download = "never"
    url: str = ""
    md5: str = ""
    cache: str = ""

    ARCHIVE: ClassVar[Archive]

    def __call__(self) -> Pictures:
        """Check and read the archive.

        Raises:
            DataError: the archive is missing, damaged or another one.
        """
        return pictures(self.ARCHIVE, self.records(), self.held_out, self.split_seed)

    def records(self) -> Records:
        """Return the archive's records and names.

        Raises:
            DataError: the archive is missing, damaged or another one.
        """
        check_options(self, DataError)
        where = (self.archive, self.download, self.url, self.md5, self.cache)
        return read(self.ARCHIVE, locate(self.ARCHIVE, *where))


def locate(archive: Archive, path: str, download: Download, url: str, md5: str, cache: str) -> Path:
    """Return the archive's file, downloaded if that is allowed, its checksum being right.

    Raises:
        DataError: there is no such file, it cannot be downloaded, or its checksum is another.
    """
    file = Path(path) if path else io.cache_folder(cache) / archive.file
    if file.is_dir():
        file /= archive.file
    if not file.is_file():
        if download == "never":
            raise DataError(
                f"{file}: no such archive. Download {url} and give its path (`archive`), or have "
                'it downloaded (`download="when-missing"`).'
            )
        _download(url, file, md5)
        return file
    with file.open("rb") as opened:
        found = _md5(opened)
    if found != md5:
        raise DataError(
            f"{file}: its MD5 sum is {found}, the published one {md5}; it is damaged or another "
            f"archive. The binary version is needed: {url}"
        )
    return file


def read(archive: Archive, file: Path) -> Records:
    """Read an archive's records and names into memory; nothing is unpacked to disk.

    Raises:
        DataError: a part is missing or damaged.
    """
    try:
        with tarfile.open(file, "r:gz") as packed:

            def member(name: str) -> bytes:
                found = packed.extractfile(f"{archive.folder}/{name}")
                return found.read() if found else b""

            train, test = (
                np.concatenate([_records(member(name), archive, name) for name in names])
                for names in (archive.train, archive.test)
            )
            names, above = (
                tuple(line.strip() for line in member(text).decode().splitlines() if line.strip())
                if text
                else ()
                for text in (archive.names, archive.superclasses)
            )
    except (OSError, EOFError, KeyError, tarfile.TarError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not the archive {archive.file} ({error}).") from error
    for records, column, lines in ((train, -1, names), (test, -1, names), (train, 0, above)):
        if lines and len(records) and records[:, : archive.labels][:, column].max() >= len(lines):
            raise DataError(f"{file}: a record's label is beyond its {len(lines)} names.")
    return Records(train, test, names, above)


def pictures(archive: Archive, records: Records, held_out: float, seed: int) -> Pictures:
    """Return the pictures, a share of each class's training ones being the validation split.

    Of a class's training records, in the order of sha256("seed/number of the record"), the first
    ``held_out`` of them (rounded, at least one) are validation. The test split is the official.

    Raises:
        DataError: a share that is not between 0 and 1, or a class that has no training picture.
    """
    if not 0 < held_out < 1:
        raise DataError(f"The share held out is {held_out}; give one between 0 and 1 (`held_out`).")
    classes = tuple(sorted(records.names))
    column = np.array([classes.index(name) for name in records.names])
    both = np.concatenate([records.train, records.test])
    targets = column[both[:, archive.labels - 1]]
    splits = np.full(len(both), SPLITS.index("test"), dtype=np.uint8)
    splits[: len(records.train)] = SPLITS.index("train")
    luck = np.array([fraction(f"{seed}/{i}") for i in range(len(records.train))])
    for target, name in enumerate(classes):
        rows = np.flatnonzero(targets[: len(records.train)] == target)
        drawn = max(1, round(held_out * len(rows)))
        if len(rows) <= drawn:
            raise DataError(f"The class {name!r} has too few training pictures: {len(rows)}.")
        splits[rows[np.argsort(luck[rows], kind="stable")[:drawn]]] = SPLITS.index("val")
    order = np.argsort(splits, kind="stable")
    return Pictures(
        images=both[order, archive.labels :].reshape(-1, 3, SIDE, SIDE),
        targets=targets[order].astype(np.int64),
        classes=classes,
        splits=splits[order],
        groups=np.full(len(both), ""),
    )


def _records(raw: bytes, archive: Archive, name: str) -> Bytes:
    size = archive.labels + PIXELS
    if not raw or len(raw) % size:
        raise tarfile.TarError(f"{name} is {len(raw)} bytes long, no multiple of {size}")
    return np.frombuffer(raw, dtype=np.uint8).reshape(-1, size)


def _md5(file: Any) -> str:
    """Return the checksum that is published; it says that nothing was damaged, not who made it."""
    return hashlib.file_digest(file, partial(hashlib.md5, usedforsecurity=False)).hexdigest()


def _download(url: str, file: Path, md5: str) -> None:
    """Download a file, which appears under its name only when its checksum is right.

    Raises:
        DataError: it cannot be downloaded, or its checksum is another.
    """
    from tqdm import tqdm

    if not url.startswith(("https://", "http://")):
        raise DataError(f"{url}: not a web address; give one that begins with https://.")
    pooch = require("pooch")
    bar = tqdm(total=1, desc="downloading", unit="B", unit_scale=True, disable=None)
    # Not pooch.retrieve, whose files are its owner's alone and may be half on disk after a crash.
    fetch = pooch.HTTPDownloader(
        progressbar=bar, chunk_size=BLOCK, timeout=60, headers={"Accept-Encoding": "identity"}
    )
    try:
        with bar, io.atomic_open(file) as out:
            fetch(url, out, None)
            out.seek(0)
            if (found := _md5(out)) != md5:
                raise DataError(
                    f"{url}: what came has the MD5 sum {found}, not the published {md5}; nothing "
                    "was kept. Try again, or download it otherwise and give its path (`archive`)."
                )
    except OSError as error:  # which requests' own errors are too
        raise DataError(
            f"{url}: cannot be downloaded to {file} ({error}). Download it otherwise and give its "
            "path (`archive`)."
        ) from error
