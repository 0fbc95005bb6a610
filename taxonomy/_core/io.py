"""Files and digests: atomic writes, canonical JSON, npz without pickles, provenance."""

from __future__ import annotations

import contextlib
import glob
import gzip
import hashlib
import io
import json
import os
import platform
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from taxonomy._core.errors import FileFormatError

Json = Any


@contextlib.contextmanager
def atomic_open(path: Path | str) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` and rename it over ``path`` once all is on disk.

    The bytes are flushed and fsynced before the rename and the folder after it, so that a reader
    sees the old file or the new one, whole, even if the machine stops. On an error the temporary
    file is removed and the old file stays.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def clear_unfinished(path: Path) -> None:
    """Remove what killed writers of a file have left beside it; nobody may be writing it now."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        left.unlink(missing_ok=True)


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write ``data`` atomically."""
    with atomic_open(path) as file:
        file.write(data)


def write_text(path: Path | str, text: str) -> None:
    """Write ``text`` atomically as UTF-8."""
    write_bytes(path, text.encode())


def canonical_json(value: Json) -> str:
    """Return the one JSON text of a value: sorted keys, no spaces, no NaN.

    >>> canonical_json({"b": 1, "a": [1.5, "é"]})
    '{"a":[1.5,"é"],"b":1}'
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def write_json(path: Path | str, value: Json) -> None:
    """Write a value atomically as indented JSON, keys in the order given."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Json:
    """Read a JSON file.

    Raises:
        FileFormatError: the file is missing, is no text, or is not valid JSON.
    """
    text = read_text(path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileFormatError(f"{path}: not valid JSON ({error}).") from error


def read_text(path: Path | str) -> str:
    """Read a UTF-8 text file, with or without a byte-order mark.

    Raises:
        FileFormatError: the file is missing or is not UTF-8.
    """
    try:
        return Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise FileFormatError(
            f"{path}: byte {error.start} is not UTF-8; save it as UTF-8."
        ) from error


def read_gzip_text(path: Path | str) -> str:
    """Read a UTF-8 text file compressed by gzip.

    Raises:
        FileFormatError: the file cannot be read, is damaged, or is not UTF-8.
    """
    try:
        return gzip.decompress(Path(path).read_bytes()).decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise FileFormatError(f"{path}: no readable gzip file of text ({error}).") from error


def save_npz(path: Path | str, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays atomically as a compressed npz; equal arrays give equal bytes.

    Raises:
        FileFormatError: an array holds Python objects, which would need a pickle.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            array = np.asanyarray(arrays[name])
            if array.dtype.hasobject:
                raise FileFormatError(f"{path}: array {name!r} holds Python objects.")
            member = io.BytesIO()
            # Not ascontiguousarray, which turns a single value into an array of one.
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    write_bytes(path, buffer.getvalue())


_UNREADABLE = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, struct.error),
    *(ValueError, TypeError, KeyError, NotImplementedError, RuntimeError, MemoryError),
)
"""What numpy and zipfile raise on damaged bytes; one of them for each part that can be hit."""


def load_npz(path: Path | str, *required: str) -> dict[str, np.ndarray]:
    """Read all arrays of an npz, never unpickling.

    Raises:
        FileFormatError: the file is missing or damaged, or lacks a required array.
    """
    try:
        with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except _UNREADABLE as error:
        raise FileFormatError(f"{path}: not a readable npz file ({error}).") from error
    missing = [name for name in required if name not in arrays]
    if missing:
        raise FileFormatError(f"{path}: lacks the array {missing[0]!r}.")
    return arrays


def digest(value: Json) -> str:
    """Return the sha256, in hexadecimal, of a value's canonical JSON."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def array_digest(*arrays: Any) -> str:
    """Return the sha256 of arrays' types, shapes and little-endian contents.

    They are read a few rows at a time, so that mapped files larger than memory may be among them,
    and whatever has an array's shape, type and rows.
    """
    state = hashlib.sha256()
    for array in arrays:
        dtype = array.dtype.newbyteorder("<")
        state.update(f"{dtype.str}{array.shape}".encode())
        rows = max(1, _DIGEST_BYTES * len(array) // max(1, array.nbytes)) if array.ndim else 1
        for start in range(0, len(array) if array.ndim else 1, rows):
            part = np.asarray(array[start : start + rows] if array.ndim else array)
            state.update(np.ascontiguousarray(part).astype(dtype, copy=False).tobytes())
    return state.hexdigest()


_DIGEST_BYTES = 1 << 26
"""About as much of an array as is copied at a time for its digest."""


def file_digest(path: Path | str) -> str:
    """Return the sha256 of a file's bytes.

    Raises:
        FileFormatError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror}).") from error


CACHE_VARIABLE = "TAXONOMY_CACHE"
"""The environment variable that names the folder of caches."""


def cache_folder(given: str = "") -> Path:
    """Return the folder of caches: the one given, else $TAXONOMY_CACHE, else the platform's.

    The platform's is ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on Windows, and
    ``$XDG_CACHE_HOME`` or ``~/.cache`` elsewhere; in it, the folder ``taxonomy-experts``.
    """
    chosen = given or os.environ.get(CACHE_VARIABLE, "")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "taxonomy-experts"


def versions(*packages: str) -> dict[str, str]:
    """Return the installed versions of the toolkit and of the packages that are there."""
    found = {name: _version(name) for name in ("taxonomy-experts", *packages)}
    return {name: version for name, version in found.items() if version is not None}


@cache
def _version(package: str) -> str | None:
    """Return a package's version; reading its metadata takes milliseconds, so do it once."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def provenance(made_by: str, packages: tuple[str, ...] = (), **facts: Json) -> dict[str, Json]:
    """Return what made a value: the maker, its facts and the versions.

    Provenance lies beside canonical content and is never part of a digest. It holds no time, so
    that the same inputs and versions give the same file; `stamp` dates runs and results.
    """
    return {"made_by": made_by, **facts, "versions": versions("numpy", *packages)}


def stamp() -> dict[str, str]:
    """Return the time (UTC) and the machine, for the manifests of runs and results."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_processor()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.system()
