"""Damaged lists: refused with a message, or read and then written and read to the same again."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from taxonomy._core.errors import FileFormatError, LabelError
from taxonomy.labels import LabelSet
from tests.support.class_lists import LISTS
from tests.support.mutants import json_text, mutants

PIECES = [
    *(b"", b"\n", b"\r", b"\t", b",", b";", b"|", b'"', b"'", b"#", b":", b"- ", b"[", b"]", b"{"),
    *(
        b"}",
        b"&a ",
        b"*a",
        b"? ",
        b"!!python/object:os.system ",
        b"---\n",
        b"sep=;\n",
        b"id,name\n",
    ),
    *(
        b"\x00",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xe2\x80\x8b",
        b"\xc2\xa0",
        b"\xed\xa0\x80",
        b"e\xcc\x81",
    ),
    *(b"n02084071 ", b"n99999999\n", b"bat.n.01\n", b"/m/0abc,", b"0 ", b"12345678901234567890 "),
    *(b"names:\n", b"%YAML 1.1\n", b"<!DOCTYPE html>", b"item {", b"\xe2\x80\xa8", b"x" * 3000),
    *(b"[" * 3000, b"{a: " * 300, b'"' * 501, b"1e999", b"NaN", b"\\ud800", b"\x1a", b"\x85"),
]


def damaged(content: bytes, seed: int) -> bytes:
    """Return the bytes with pieces put in, cut out, doubled or exchanged."""
    draw = random.Random(seed)
    for _ in range(draw.choice([1, 1, 2, 5])):
        at = draw.randrange(len(content) + 1)
        length = draw.choice([0, 0, 1, 3, 40])
        piece = draw.choice([*PIECES, content[at : at + 30] * 2])
        content = content[:at] + piece + content[at + length :]
    return content


def check(path: Path) -> bool:
    """Read a file as strangers' files are read; return whether it was accepted."""
    began = time.process_time()
    try:
        labels = LabelSet.read(path)
    except (LabelError, FileFormatError) as error:
        assert str(error).startswith(str(path))
        assert len(str(error)) <= 400 + len(str(path))
        return False
    finally:
        assert time.process_time() - began < 2
    saved = path.with_name("saved.csv")
    labels.save(saved)
    assert LabelSet.read(saved).digest == labels.digest
    return True


@pytest.mark.parametrize("name", sorted(path.name for path in LISTS.iterdir()))
def test_damaged_files(name):
    content = (LISTS / name).read_bytes()
    suffix = name.rpartition(".")[2].replace("folders", "txt")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"list.{suffix}"
        accepted = 0
        for seed in range(COUNT):
            path.write_bytes(damaged(content, seed))
            accepted += check(path)
    assert 0 < accepted < COUNT


COUNT = 60
"""A list; with fourteen lists and the values below, a thousand on every push."""


@settings(max_examples=200, deadline=None)
@given(mutants(json.loads((LISTS / "lvis.json").read_text())))
def test_damaged_values(value):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.json"
        path.write_text(json_text(value))
        check(path)
