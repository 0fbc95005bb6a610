"""Arrays in files: npz and npy without pickles, believed only after they were checked."""

from __future__ import annotations

import io
import lzma
import math
import os
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO

import numpy as np

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.errors import FileFormatError, shortened, shown, told


def npz_bytes(arrays: Mapping[str, Any], where: Path | str) -> bytes:
    """Return arrays as a compressed npz; equal arrays give equal bytes.

    Args:
        arrays: by name.
        where: the file, for messages.

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
                raise FileFormatError(f"{where}: array {name!r} holds Python objects.")
            if array.dtype.kind not in PLAIN_KINDS:
                raise FileFormatError(
                    f"{where}: array {name!r} is of {array.dtype}, no plain number, truth value "
                    "or text."
                )
            member = io.BytesIO()
            # Not ascontiguousarray, which turns a single value into an array of one.
            np.lib.format.write_array(member, np.asarray(array, order="C"), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, member.getvalue())
    return buffer.getvalue()


PLAIN_KINDS = "biufU"
"""Kinds of arrays that are written and read: truth values, integers, floats and text."""

_WIDEST = 8
"""Bytes of a number; longer ones are another number on another machine."""

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
    try:
        with Path(path).open("rb") as file:
            return read_npz(file, path, *required)
    except OSError as error:
        raise FileFormatError(told(path, f"cannot be read ({error.strerror}).")) from error


def read_npz(file: BinaryIO, path: Path | str, *required: str) -> dict[str, np.ndarray]:
    """Read all arrays of an open npz, as `load_npz` does; ``path`` names it in messages.

    Raises:
        FileFormatError: it is damaged, lacks a required array, or holds one that is not of plain
            numbers, truth values or text.
    """
    name = ""
    try:
        size, arrays = file.seek(0, os.SEEK_END), dict[str, np.ndarray]()
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                name = member.filename.removesuffix(".npy")
                if name in arrays:
                    raise ValueError("it is there twice")
                arrays[name] = _read_member(archive, member, size)
                size -= member.compress_size
    except DAMAGED as error:
        array = f"array {shown(name)}: " if name else ""
        words = f"{array}not a readable npz file ({shortened(str(error), 200)})."
        raise FileFormatError(told(path, words)) from error
    missing = [name for name in required if name not in arrays]
    if missing:
        raise FileFormatError(told(path, f"lacks the array {missing[0]!r}."))
    return arrays


def load_npy(path: Path | str) -> np.ndarray:
    """Read the array of an npy file, never unpickling, what it declares being checked first.

    Raises:
        FileFormatError: the file is missing or damaged, or holds something else than plain numbers,
            truth values or text.
    """
    try:
        with Path(path).open("rb") as file:
            return read_npy(file, path)
    except OSError as error:
        raise FileFormatError(told(path, f"cannot be read ({error.strerror}).")) from error


def read_npy(file: BinaryIO, path: Path | str) -> np.ndarray:
    """Read the array of an open npy, as `load_npy` does; ``path`` names it in messages.

    Raises:
        FileFormatError: it is damaged, or holds something else than plain numbers, truth values or
            text.
    """
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        return _read_array(file, size)
    except DAMAGED as error:
        words = f"not a readable npy file ({shortened(str(error), 200)})."
        raise FileFormatError(told(path, words)) from error


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
        return _read_array(stream, member.file_size)


def _read_array(stream: IO[bytes], size: int) -> np.ndarray:
    """Read an array of ``size`` bytes, its header among them.

    Raises:
        one of `DAMAGED`.
    """
    version = np.lib.format.read_magic(stream)
    with warnings.catch_warnings(action="error"):
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise ValueError(f"version {version} of the format holds no plain arrays")
    known = dtype.kind in PLAIN_KINDS and (dtype.kind == "U" or dtype.itemsize <= _WIDEST)
    if not known or not dtype.itemsize or dtype.subdtype:
        raise ValueError(f"its type {str(dtype)[:60]} is no plain number, truth value or text")
    held = size - stream.tell()
    entries = math.prod(shape)
    if min(shape, default=0) < 0 or entries * dtype.itemsize != held:
        raise ValueError(f"{_short(shape)} entries are declared, and {held:,} bytes are there")
    if not entries and max(shape) > _EMPTY_MOST:
        raise ValueError(f"{_short(shape)} entries are declared, of which there are none")
    stream.seek(0)
    array = np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    if stream.read(1):  # at the end, where the checksum of an archive's member is compared
        raise ValueError("bytes follow its last entry")
    if dtype.kind == "U":
        _check_text(array)
    return array


def _check_text(array: np.ndarray) -> None:
    """Refuse texts that hold what no character is, before anything takes them for text."""
    points = np.frombuffer(array.tobytes(), np.dtype(np.uint32).newbyteorder(array.dtype.byteorder))
    if ((points > 0x10FFFF) | ((points >= 0xD800) & (points <= 0xDFFF))).any():
        raise ValueError("it holds texts that are none")


def _short(shape: tuple[int, ...]) -> str:
    axes = " × ".join(f"{axis:,}" if axis < 10**15 else "over 10^15" for axis in shape[:4])
    return axes + " × …" * (len(shape) > 4)


def texts_in(arrays: Mapping[str, np.ndarray], name: str) -> list[str]:
    """Return the texts of an array that a file holds.

    Raises:
        FileFormatError: it is no list of texts.

    >>> texts_in({"ids": np.array(["cat", "dog"])}, "ids")
    ['cat', 'dog']
    """
    texts: list[str] = _of_kind(arrays, name, "U", 1, "a list of texts").tolist()
    return texts


def text_in(arrays: Mapping[str, np.ndarray], name: str) -> str:
    """Return the text that a file's array is.

    Raises:
        FileFormatError: it is no single text.
    """
    return str(_of_kind(arrays, name, "U", 0, "one text"))


def numbers_in(arrays: Mapping[str, np.ndarray], name: str, axes: int) -> FloatArray:
    """Return the numbers of an array that a file holds, which may be infinite or NaN.

    Args:
        arrays: of the file.
        name: of the array.
        axes: how many it must have.

    Raises:
        FileFormatError: it holds something else, or has more axes or fewer.
    """
    found = _of_kind(arrays, name, "fiub", axes, f"numbers along {axes} axes")
    return np.asarray(found, dtype=np.float64)


def whole_in(arrays: Mapping[str, np.ndarray], name: str) -> IntArray:
    """Return a list of whole numbers that a file holds.

    Raises:
        FileFormatError: it is none, or a number has more than 63 bits and a sign.
    """
    found = _of_kind(arrays, name, "iu", 1, "a list of whole numbers")
    if found.dtype.kind == "u" and len(found) and int(found.max()) >= 2**63:
        raise FileFormatError(f"the array {name!r} holds {found.max()}, beyond 64 bits.")
    return found.astype(np.int64)


def _of_kind(
    arrays: Mapping[str, np.ndarray], name: str, kinds: str, axes: int, wanted: str
) -> np.ndarray:
    found = arrays[name]
    if found.dtype.kind not in kinds or found.ndim != axes:
        raise FileFormatError(
            f"the array {name!r} is {found.dtype} of shape {_short(found.shape) or 'one'}; "
            f"expected {wanted}."
        )
    return found


def provenance_in(arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance among a file's arrays; empty where there is none.

    Raises:
        FileFormatError: it is no JSON object.
    """
    if "provenance" not in arrays:
        return {}
    found = parse_json(text_in(arrays, "provenance"), "provenance")
    return decode(dict[str, Any], found, "provenance")
