"""Files and digests: atomic writes, canonical JSON, npz without pickles, provenance."""

from __future__ import annotations

import contextlib
import errno
import gzip
import hashlib
import io
import json
import lzma
import os
import platform
import shutil
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from taxonomy._core.decoding import parse_json
from taxonomy._core.errors import FileFormatError, WriteError, told
from taxonomy._core.kept import check_unread
from taxonomy._core.npz import DAMAGED as DAMAGED
from taxonomy._core.npz import load_npy as load_npy
from taxonomy._core.npz import load_npz as load_npz
from taxonomy._core.npz import npz_bytes
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
        WriteError: the folder or the file cannot be written, or is read by the same command.
    """
    path = Path(path)
    check_unread(path)
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
    check_unread(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    clear_temporaries(path.parent, path.name)
    temporary, former = temporary_beside(path), temporary_beside(path)
    try:
        temporary.mkdir()
        yield temporary
        sync_folder(temporary)
        if path.exists():
            path.rename(former)
        try:
            temporary.rename(path)
        except BaseException:
            if former.exists():
                former.rename(path)
            raise
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


def read_json_lines(path: Path | str) -> Iterator[tuple[str, Json]]:
    """Yield the values of a file with one JSON value a line, each with its place, for messages.

    Raises:
        FileFormatError: the file cannot be read, or a line is not valid JSON or beyond the limits.
    """
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            where = f"{path}, line {number}"
            yield where, parse_json(line, where)


def read_text(path: Path | str) -> str:
    """Read a UTF-8 text file, with or without a byte-order mark.

    Raises:
        FileFormatError: the file is missing or is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileFormatError(
            told(path, f"byte {error.start} is not UTF-8; save it as UTF-8.")
        ) from error


def read_bytes(path: Path | str) -> bytes:
    """Read a file.

    Raises:
        FileFormatError: the file is missing or cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(told(path, f"cannot be read ({reason}).")) from error


def read_start(path: Path | str, count: int = 16) -> bytes:
    """Read the first bytes of a file.

    Raises:
        FileFormatError: the file is missing or cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(count)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise FileFormatError(told(path, f"cannot be read ({reason}).")) from error


def read_gzip_text(path: Path | str) -> str:
    """Read a UTF-8 text file compressed by gzip.

    Raises:
        FileFormatError: the file cannot be read, is damaged, is not UTF-8, or unpacks to very much.
    """
    return _read_packed(path, "gzip", _gunzipped, 100)


def read_xz_text(path: Path | str) -> str:
    """Read a UTF-8 text file compressed by xz.

    Raises:
        FileFormatError: the file cannot be read, is damaged, is not UTF-8, or unpacks to very much.
    """
    return _read_packed(path, "xz", _unxzed, 1000)


_UNPACKED_LEAST = 1 << 22
"""Bytes that any packed text may become."""

_XZ_MEMORY = 128 << 20
"""What an xz file may ask for before its first byte; the strongest preset takes 65 MiB."""


def _read_packed(
    path: Path | str, kind: str, unpack: Callable[[bytes, int], bytes], times: int
) -> str:
    """Read a text that becomes at most so many times as long; ours become 94 times at most."""
    data = read_bytes(path)
    most = max(_UNPACKED_LEAST, times * len(data))
    try:
        text = unpack(data, most + 1)
        if len(text) > most:
            raise ValueError(f"it unpacks to more than {most:,} bytes")
        return text.decode("utf-8-sig")
    except (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError) as error:
        raise FileFormatError(told(path, f"no readable {kind} file of text ({error}).")) from error


def _gunzipped(data: bytes, most: int) -> bytes:
    with gzip.open(io.BytesIO(data)) as file:
        return file.read(most)


def _unxzed(data: bytes, most: int) -> bytes:
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    text = unpacker.decompress(data, most)
    if len(text) < most and (not unpacker.eof or unpacker.unused_data):
        raise EOFError("it is cut off, or goes on behind its end")
    return text


def save_npz(path: Path | str, arrays: Mapping[str, Any]) -> None:
    """Write arrays atomically and compressed, with fixed dates, so equal arrays give equal bytes.

    Raises:
        FileFormatError: an array holds something else than plain numbers, truth values or text.
    """
    write_bytes(path, npz_bytes(arrays, path))


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
            state.update(np.ascontiguousarray(part).astype(dtype, copy=False).reshape(-1).data)
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
