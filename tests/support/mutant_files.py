"""Changed files of arrays, weights, tables: npz, npy, parquet, safetensors, sqlite; packed text."""

from __future__ import annotations

import ast
import contextlib
import gzip
import io
import json
import lzma
import sqlite3
import struct
import warnings
import zipfile
from collections.abc import Callable
from decimal import Decimal
from functools import cache, partial
from random import Random
from typing import Any

import numpy as np
import pandas as pd

from tests.support.mutants import (
    STRANGE,
    Change,
    changed_bytes,
    changed_text,
    encoded,
    json_text,
    mutated,
)

KINDS = (
    *("<f8", ">f8", "<f4", "<f2", "<f16", "<i8", "<u8", "<i4", "|i1", "|b1", "<c16", "|O", "|V8"),
    *(
        "<U1",
        "<U9",
        "|S8",
        "|S0",
        "<U0",
        "<U999999999",
        "<M8[s]",
        "<m8[ns]",
        "f8,f8",
        "x",
        "(2,)f8",
    ),
)
SHAPES: tuple[tuple[int, ...], ...] = (
    *((), (0,), (1,), (2,), (-1,), (99_999_999_999,), (2**31, 2**31), (2**63,), (2**64,)),
    *((0, 2**62), (1,) * 70, (3, 0), (10**30,)),
)
NUMBERS = (0.0, -0.0, 1.0, 2.0, -1.0, 0.5, np.nan, np.inf, -np.inf, 1e308, 1e39, 1e-320, 1 + 1e-12)
WHOLE = (0, 1, -1, 2, 2**31, 2**62, -(2**63), 2**63 - 1)
POINTS = (0, 10, 27, 32, 0xD800, 0xDFFF, 0x10FFFF, 0x202E, 0xFEFF, 0x301, 65)
"""Code points of characters that no name should have, all of which a text can have."""


def of_npy(data: bytes, random: Random) -> bytes:
    """Change the header or the entries of one array's file."""
    array = np.load(io.BytesIO(data), allow_pickle=False)
    if random.random() < 0.55:
        return _with_entries(array, random)
    length = int.from_bytes(data[8:10], "little")
    header, body = data[10 : 10 + length].decode("latin-1"), data[10 + length :]
    said = ast.literal_eval(header)
    change = random.choice(["descr", "descr", "shape", "shape", "order", "key", "text", "version"])
    if change == "descr":
        said["descr"] = random.choice(KINDS)
    elif change == "shape":
        axes = list(said["shape"])
        more = tuple(axis * random.choice([1, 2, 1000]) for axis in reversed(axes))
        said["shape"] = random.choice([*SHAPES, more, tuple(axes[1:]), (*axes, 1)])
    elif change == "order":
        said["fortran_order"] = not said["fortran_order"]
    elif change == "key":
        said = mutated(json.loads(json.dumps(said)), random)
    text = repr(said) + "\n"
    if change == "text":
        text = random.choice([changed_text(text, random), "(" * 9000, "[" * 200 + "]" * 200, ""])
    version = random.choice([b"\x02\x00", b"\x03\x00", b"\x09\x09"])
    coded = text.encode("utf-8", "surrogatepass")[:65_000]
    if change == "version":
        return data[:6] + version + struct.pack("<I", len(coded)) + coded + body
    return data[:8] + struct.pack("<H", len(coded)) + coded + body


def _with_entries(array: Any, random: Random) -> bytes:
    """Return an array's file with other entries, or of another type with the same entries."""
    array = array.copy()
    flat = array.reshape(-1)
    if array.dtype.kind == "U" and array.dtype.itemsize and len(flat):
        if array.ndim == 0:  # a text of its own, mostly JSON
            return _npy(np.array(_other_json(str(array), random)))
        at = random.randrange(len(flat))
        if random.random() < 0.5:
            points = flat.view(np.uint32)
            points[random.randrange(len(points))] = random.choice(POINTS)
        else:
            changed = flat.tolist()
            changed[at] = random.choice(
                [changed[at - 1], "", "x" * 2000, "a\nb", " x", "é", "x\x00"]
            )
            return _npy(np.array(changed))
    elif array.dtype.kind == "f" and len(flat):
        with np.errstate(over="ignore"):
            flat[random.randrange(len(flat))] = random.choice(NUMBERS)
    elif array.dtype.kind in "iu" and len(flat):
        flat[random.randrange(len(flat))] = random.choice(WHOLE)
    if random.random() < 0.3 and array.dtype.kind in "fiu":
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            array = array.astype(random.choice(["f4", "f2", "i8", "u8", "i1", "bool", "U5", "c16"]))
    return _npy(array)


def _npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)
    return stream.getvalue()


def _other_json(text: str, random: Random) -> str:
    """Return another text, which numpy can hold: no half of a surrogate pair at its end."""
    try:
        value = json.loads(text)
    except ValueError:
        return random.choice(["", "x", "train", "x" * 2000, "\x1b[2J"])
    return json_text(mutated(value, random))[:300_000]


def of_npz(data: bytes, random: Random) -> bytes:
    """Change one member of an npz, or which members there are and how they are packed."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    at = random.randrange(len(members))
    name, content = members[at]
    change = random.choice(["inside"] * 8 + ["delete", "double", "rename", "take", "bytes", "add"])
    if change == "inside":
        members[at] = name, of_npy(content, random)
    elif change == "delete":
        del members[at]
    elif change == "double":
        members.append((name, content))
    elif change == "rename":
        other = random.choice(["x.npy", "x" * 3000 + ".npy", "notes.txt", "../x.npy", name.upper()])
        members[at] = other, content
    elif change == "take":
        members[at] = name, random.choice(members)[1]
    elif change == "bytes":
        members[at] = name, changed_bytes(content, random)
    else:
        members.append(("added.npy", content))
    how = random.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED])
    how = random.choice([how] * 8 + [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", how) as archive:
        warnings.simplefilter("ignore")  # of doubled names
        for name, content in members:
            archive.writestr(name, content)
    return stream.getvalue()


COLUMNS: tuple[Callable[[Any], Any], ...] = (
    *(lambda column, kind=kind: column.astype(kind) for kind in ("f4", "i8", "bool", "str", "c16")),
    lambda column: column.astype("category"),
    lambda column: column.astype("string"),
    lambda column: column.astype("Float64").where(column > 0.2),
    lambda column: pd.Series(pd.date_range("2026", periods=len(column)), column.index),
    lambda column: column.map(lambda value: [value, value]),
    lambda column: column.map(lambda value: {"x": value}),
    lambda column: column.map(str).map(Decimal),
    lambda column: column.map(lambda value: None),
    lambda column: column.map(lambda value: b"\xff"),
    lambda column: column.where(column != column.iloc[-1], np.inf),
    lambda column: column * 1e308 * 1e10,
)
"""What else a column of numbers could be."""


def of_parquet(data: bytes, random: Random) -> bytes:
    """Change a table's rows, columns, their types or names, or how it is packed."""
    frame = pd.read_parquet(io.BytesIO(data))
    at = random.randrange(len(frame.columns))
    name = frame.columns[at]
    change = random.choice(["column"] * 4 + ["names", "index", "rows", "drop", "wide", "many"])
    if change == "column":
        frame[name] = random.choice(COLUMNS)(frame[name])
    elif change == "names":
        frame = frame.rename(columns={name: random.choice(["x" * 100_000, "", "ant", "\x1b[2J"])})
    elif change == "index":
        other = random.choice([frame[name], range(7, 7 + len(frame)), ["x" * 9000] * len(frame)])
        frame.index = pd.Index(other)
    elif change == "rows":
        frame = frame.iloc[random.choice([slice(0), slice(1), slice(None, None, -1), [0, 0]])]
    elif change == "drop":
        frame = frame.drop(columns=name)
    elif change == "wide":
        frame = pd.concat([frame, frame.add_suffix("s")], axis=1)
    else:
        frame = pd.concat([frame] * 300, ignore_index=random.random() < 0.5)
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        how = random.choice(["snappy", "snappy", "gzip", "zstd", None])
        frame.to_parquet(stream, compression=how, index=random.choice([None, None, True, False]))
    return stream.getvalue()


def of_safetensors(data: bytes, random: Random) -> bytes:
    """Change the header of a file of weights, the JSON in its metadata, or a weight."""
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), bytearray(data[8 + length :])
    change = random.choice(["header", "header", "metadata", "metadata", "weights", "tensor"])
    if change == "header":
        header = mutated(header, random)
    elif change == "metadata":
        notes = header["__metadata__"]
        name = random.choice(sorted(notes))
        notes[name] = json_text(mutated(json.loads(notes[name]), random))
    elif change == "weights":
        for _ in range(random.choice([1, 5])):
            at = 4 * random.randrange(len(body) // 4)
            body[at : at + 4] = struct.pack(
                "<f", random.choice([np.nan, np.inf, 0, -1, 1e38, 1e-40])
            )
    else:
        name = random.choice([key for key in header if key != "__metadata__"])
        which = random.choice(["dtype", "shape", "data_offsets"])
        kinds = ["F64", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "C64", "F4", "x"]
        ends = [[0, 4], [0, 0], [2**63, 2**63], [4, 0], [0, 2**64], [-4, 4]]
        header[name][which] = random.choice(
            {"dtype": kinds, "shape": [list(shape) for shape in SHAPES], "data_offsets": ends}[
                which
            ]
        )
    text = encoded(json_text(header))
    said = random.choice([len(text)] * 12 + [0, 2**63, len(text) - 1, len(text) + 1])
    return said.to_bytes(8, "little") + text + bytes(body)


def of_sqlite(data: bytes, random: Random) -> bytes:
    """Change a value in one of the tables, delete one, or change the schema."""
    base = sqlite3.connect(":memory:")
    base.deserialize(data)
    tables = [row[0] for row in base.execute("SELECT name FROM sqlite_schema WHERE type='table'")]
    table = random.choice(tables)
    columns = [row[1] for row in base.execute(f"PRAGMA table_info({table})")]
    rows = base.execute(f"SELECT * FROM {table}").fetchall()
    change = random.choice(["value"] * 8 + ["delete", "drop", "rename", "version", "column"])
    with contextlib.suppress(sqlite3.Error, OverflowError, UnicodeEncodeError):
        if change == "value" and rows:
            row = random.choice(rows)
            at = random.randrange(len(columns))
            new = _other_cell(row[at], random)
            query = f"UPDATE {table} SET {columns[at]}=? WHERE {columns[0]}=?"
            if random.random() < 0.1:  # a text that is no UTF-8
                query, new = query.replace("=?", "=CAST(? AS TEXT)", 1), b"\xff\xfe{\x00"
            base.execute(query, (new, row[0]))
        elif change == "delete":
            base.execute(f"DELETE FROM {table}")
        elif change == "drop":
            base.execute(f"DROP TABLE {table}")
        elif change == "rename":
            base.execute(f"ALTER TABLE {table} RENAME COLUMN {random.choice(columns)} TO other")
        elif change == "version":
            base.execute(f"PRAGMA user_version={random.choice([-1, 0, 2, 2**31 - 1])}")
        elif change == "column":
            base.execute(f"ALTER TABLE {table} ADD COLUMN other TEXT")
    base.commit()
    changed = base.serialize()
    base.close()
    return changed


def _other_cell(value: Any, random: Random) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "[") and random.random() < 0.7:
        return json_text(mutated(json.loads(value), random))
    if isinstance(value, bytes) and random.random() < 0.7:
        return changed_bytes(value, random)
    plain = [x for x in STRANGE if x is None or isinstance(x, int | float) or type(x) is str]
    return random.choice([*plain, b"", b"\x00\xff", 2**62, -(2**62), 0.5])


@cache
def _zeros(pack: Callable[..., bytes], size: int) -> bytes:
    """Return many zeros, packed: a small file that would become a large one."""
    return pack(bytes(size))


def of_packed(inner: Change, unpack: Callable[..., bytes], pack: Callable[..., bytes]) -> Change:
    """Return the change of a compressed file: of what is in it, or a bomb in its place."""

    def change(data: bytes, random: Random) -> bytes:
        if random.random() < 0.03:
            return _zeros(pack, random.choice([1 << 20, 100 << 20]))
        return pack(inner(unpack(data), random))

    return change


def in_xz(inner: Change) -> Change:
    """Return the change of a file compressed by xz."""
    return of_packed(inner, lzma.decompress, partial(lzma.compress, preset=0))


def in_gzip(inner: Change) -> Change:
    """Return the change of a file compressed by gzip."""
    return of_packed(inner, gzip.decompress, partial(gzip.compress, compresslevel=1))
