"""Files and digests: atomic writes, canonical JSON, npz without pickles, provenance."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import json
import lzma
import math
import os
import platform
import shutil
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from taxonomy._core.decoding import parse_json
from taxonomy._core.errors import FileFormatError, WriteError
from taxonomy._core.sharing import clear_temporaries, create_temporary, temporary_beside

Json = Any


@contextlib.contextmanager
def atomic_open(path: Path | str) -> Iterator[BinaryIO]:
    """Open a temporary file beside ``path`` and rename it over ``path`` once all is on disk.

    The bytes are flushed and fsynced before the rename and the folder after it, so that a reader
    sees the old file or the new one, whole, even if the machine stops. On an error the temporary
    file is removed and the old file stays. What killed writers of the same file have left is
    removed first. The file's permissions are those that the user's umask gives.

    Raises:
        WriteError: the folder or the file cannot be written.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_temporaries(path.parent, path.name)
        descriptor, temporary = create_temporary(path)
        try:
            with os.fdopen(descriptor, "w+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)
    except OSError as error:
        if error.errno is None:  # of whoever writes, such as a failed download
            raise
        raise WriteError(path, error.strerror) from error


@contextlib.contextmanager
def atomic_folder(path: Path | str, mark: str) -> Iterator[Path]:
    """Make a folder beside ``path`` and rename it to ``path`` once everything in it is on disk.

    On an error it is removed, and what was there before stays.

    Args:
        path: the folder's final place.
        mark: a file by which an earlier folder of the same kind is known, which is replaced.

    Raises:
        WriteError: the place is taken by something else, or cannot be written.
    """
    path = Path(path)
    if path.exists() and not (path / mark).is_file() and (path.is_file() or any(path.iterdir())):
        raise WriteError(path, f"it is there and holds no {mark}")
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_temporaries(path.parent, path.name)
    temporary, former = temporary_beside(path), temporary_beside(path)
    try:
        temporary.mkdir()
        yield temporary
        sync_folder(temporary)
        if path.exists():
            path.rename(former)
        temporary.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        if error.errno is None:
            raise
        raise WriteError(path, error.strerror) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk, where the system can: Windows opens no folders."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FOLDER_SYNC:
            raise
    finally:
        os.close(descriptor)


_NO_FOLDER_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.EBADF)
"""What file systems answer that cannot sync a folder."""


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
    """Write a value atomically as `indented_json`."""
    write_text(path, indented_json(value))


def indented_json(value: Json) -> str:
    """Return a value as JSON for people to read, keys in the order given."""
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_json(path: Path | str) -> Json:
    """Read a JSON file, within the limits of `taxonomy._core.decoding.check_json`.

    Raises:
        FileFormatError: the file is missing, is no text, is not valid JSON, or holds a number, text
            or nesting outside the limits.
    """
    return parse_json(read_text(path), path)


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
        FileFormatError: an array is not of plain numbers, truth values or text.
    """
    # Not np.savez_compressed: it compresses by another level and writes longer headers, so that
    # the shipped files, whose digests are published, would not come out of their scripts again.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(arrays):
            array = np.asanyarray(arrays[name])
            if array.dtype.hasobject:
                raise FileFormatError(f"{path}: array {name!r} holds Python objects.")
            if array.dtype.kind not in PLAIN_KINDS:
                raise FileFormatError(
                    f"{path}: array {name!r} is of {array.dtype}, no plain number, truth value "
                    "or text."
                )
            member = io.BytesIO()
            # Not ascontiguousarray, which turns a single value into an array of one.
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    write_bytes(path, buffer.getvalue())


PLAIN_KINDS = "biufUS"
"""Kinds of arrays that are written and read: truth values, integers, floats and text."""

DAMAGED = (
    *(OSError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError),
    *(MemoryError, SystemError, SyntaxError, tokenize.TokenError, Warning),
)
"""What numpy and zipfile raise on damaged bytes; one of them for each part that can be hit."""

_DEFLATE_MOST = 1032
"""How many bytes one compressed byte can become at most, by the format of deflate."""

_EMPTY_MOST = 1 << 20
"""The longest axis of an array without entries, which costs no bytes and could be of any length."""


def load_npz(path: Path | str, *required: str) -> dict[str, np.ndarray]:
    """Read all arrays of an npz, never unpickling.

    What the file declares is compared with what its bytes can hold before anything is allocated.

    Raises:
        FileFormatError: the file is missing or damaged, lacks a required array, or holds one that
            is not of plain numbers, truth values or text.
    """
    name = ""
    try:
        with Path(path).open("rb") as file, zipfile.ZipFile(file) as archive:
            size, arrays = os.fstat(file.fileno()).st_size, dict[str, np.ndarray]()
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if name in arrays:
                    raise ValueError("it is there twice")
                arrays[name] = _read_member(archive, member, size)
                size -= member.compress_size
    except DAMAGED as error:
        array = f"array {name[:60]!r}: " if name else ""
        reason = str(error) if len(str(error)) <= 200 else str(error)[:200] + "…"
        raise FileFormatError(f"{path}: {array}not a readable npz file ({reason}).") from error
    missing = [name for name in required if name not in arrays]
    if missing:
        raise FileFormatError(f"{path}: lacks the array {missing[0]!r}.")
    return arrays


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> np.ndarray:
    """Read an array, whose bytes are among ``size`` bytes of the file.

    Raises:
        one of `DAMAGED`.
    """
    packed = {zipfile.ZIP_STORED: 1, zipfile.ZIP_DEFLATED: _DEFLATE_MOST}.get(member.compress_type)
    if packed is None or not member.filename.endswith(".npy"):
        raise ValueError("it is no array, or compressed in a way that numpy does not write")
    if member.compress_size > size or member.file_size > packed * member.compress_size:
        raise ValueError(f"{member.file_size:,} bytes are declared, more than the file can hold")
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"version {version} of the format holds no plain arrays")
        if dtype.kind not in PLAIN_KINDS or not dtype.itemsize or dtype.subdtype:
            raise ValueError(f"its type {str(dtype)[:60]} is no plain number, truth value or text")
        held = member.file_size - stream.tell()
        entries = math.prod(shape)
        if min(shape, default=0) < 0 or entries * dtype.itemsize != held:
            raise ValueError(f"{_short(shape)} entries are declared, and {held:,} bytes are there")
        if not entries and max(shape) > _EMPTY_MOST:
            raise ValueError(f"{_short(shape)} entries are declared, of which there are none")
    with archive.open(member) as stream:
        array = np.lib.format.read_array(stream, allow_pickle=False)
        if stream.read(1):  # at the end, where the checksum is compared
            raise ValueError("bytes follow its last entry")
    return np.asarray(array)


def _short(shape: tuple[int, ...]) -> str:
    shown = " × ".join(f"{axis:,}" if axis < 10**15 else "over 10^15" for axis in shape[:4])
    return shown + " × …" * (len(shape) > 4)


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

    The platform's is ``$XDG_CACHE_HOME`` or ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS
    and ``%LOCALAPPDATA%`` on Windows; in it, the folder ``taxonomy-experts``.
    """
    if chosen := given or os.environ.get(CACHE_VARIABLE, ""):
        return Path(chosen)
    from platformdirs import user_cache_path

    return user_cache_path("taxonomy-experts", appauthor=False, opinion=False)


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
