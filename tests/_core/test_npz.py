"""What an npz declares is checked before it is believed, and every damage is a format error."""

from __future__ import annotations

import io as streams
import lzma
import time
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError


def npy(header: str, data: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """Return a .npy file with any header."""
    size = len(header).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + header.encode("latin1") + data


def described(descr: str, shape: str, data: bytes = b"") -> bytes:
    return npy(f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n", data)


def packed(path, members, how=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


HEADERS = {
    "too many entries": (described("'<f8'", "(99999999999,)", b"12345678"), "99,999,999,999 entr"),
    "too many by two axes": (described("'<f8'", "(300000, 300000)"), "300,000 × 300,000"),
    "beyond any integer": (described("'<f8'", f"({10**40}, 1)"), "over 10\\^15"),
    "one entry too few": (described("'<f4'", "(3,)", b"1234" * 2), "3 entries are declared"),
    "one entry too many": (described("'<f4'", "(3,)", b"1234" * 4), "16 bytes are there"),
    "a negative axis": (described("'<f4'", "(-1, -2)", b"1234" * 2), "-1 × -2"),
    "nothing, many times": (described("'<f4'", "(0, 99999999999)"), "of which there are none"),
    "texts of no length": (described("'<U0'", "(99999999999,)"), "no plain number"),
    "complex numbers": (described("'<c8'", "(1,)", b"12345678"), "complex64 is no plain number"),
    "objects": (described("'|O'", "(1,)", b"12345678"), "object is no plain number"),
    "records": (described("[('a', '<f4'), ('b', '<i4')]", "(1,)", b"12345678"), "no plain number"),
    "arrays in arrays": (described("('<f4', (2,))", "(1,)", b"12345678"), ""),
    "times": (described("'<M8[s]'", "(1,)", b"12345678"), "no plain number"),
    "raw bytes": (described("'|V8'", "(1,)", b"12345678"), "no plain number"),
    "a type of no size": (described("'<f99999999999'", "(1,)"), ""),
    "unbalanced brackets": (npy("{'descr': '<f4', 'shape': (1,"), ""),
    "an unclosed text": (npy("{'descr': '''<f4"), ""),
    "indented": (npy("  {\n 1\n2"), ""),
    "deep": (npy("(" * 5000), ""),
    "deep and closed": (npy("(" * 200 + ")" * 200), ""),
    "no dictionary": (npy("[1, 2]"), ""),
    "unhashable keys": (npy("{[]: 1}"), ""),
    "other keys": (npy("{'descr': '<f4', 'shape': (1,)}"), ""),
    "a strange escape": (npy("{'\\d': 1}"), ""),
    "of Python 2": (npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1L,), }", b"1234"), ""),
    "shorter than it says": (b"\x93NUMPY\x01\x00\xff\xff{}", ""),
    "of another version": (npy("{}", version=(3, 0)), "version"),
    "no array at all": (b"hello", ""),
    "empty": (b"", ""),
}


@pytest.mark.parametrize(("content", "message"), HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["raw", "packed"])
def test_a_wrong_header_is_refused_at_once(tmp_path, content, message, how):
    path = packed(tmp_path / "x.npz", [("good.npy", described("'<f4'", "()", b"1234")),
                                       ("bad.npy", content)], how)  # fmt: skip
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(FileFormatError, match=rf"x\.npz: array 'bad': .*{message}") as caught:
        io.load_npz(path)
    assert time.process_time() - begun < 1
    assert tracemalloc.get_traced_memory()[1] < 1 << 22
    tracemalloc.stop()
    assert len(str(caught.value)) < 400 + len(str(path))


def test_a_member_that_claims_more_than_its_bytes_can_become_is_refused(tmp_path):
    """The size in the archive's list is a claim as well."""
    path = packed(tmp_path / "x.npz", [("a.npy", described("'<f8'", "(12500000000,)"))])
    whole, claim = bytearray(path.read_bytes()), (10**9 * 4 - 1).to_bytes(4, "little")
    entry = whole.rindex(b"PK\x01\x02")
    whole[entry + 24 : entry + 28] = claim
    path.write_bytes(whole)
    with pytest.raises(FileFormatError, match=r"'a': .*3,999,999,999 bytes are declared, more"):
        io.load_npz(path)


def test_members_that_share_their_bytes_are_refused(tmp_path):
    """As in archives that hold one large member many times over."""
    zeros = described("'|u1'", "(1000000,)", bytes(10**6))
    path = packed(tmp_path / "x.npz", [("a.npy", zeros), ("b.npy", b"")])
    whole = bytearray(path.read_bytes())
    first, second = (
        whole.index(b"PK\x01\x02"),
        whole.rindex(b"PK\x01\x02"),
    )
    whole[second + 10 : second + 28] = whole[first + 10 : first + 28]
    whole[second + 42 : second + 46] = whole[first + 42 : first + 46]
    path.write_bytes(whole)
    with pytest.raises(FileFormatError, match=r"x\.npz"):
        io.load_npz(path)


@pytest.mark.parametrize(
    ("members", "how", "message"),
    [
        ([("a.npy", b"x")], zipfile.ZIP_LZMA, "compressed in a way"),
        ([("a.npy", b"x")], zipfile.ZIP_BZIP2, "compressed in a way"),
        ([("notes.txt", b"hello")], zipfile.ZIP_STORED, "'notes.txt': .*no array"),
    ],
)
def test_members_that_numpy_does_not_write_are_refused(tmp_path, members, how, message):
    with pytest.raises(FileFormatError, match=message):
        io.load_npz(packed(tmp_path / "x.npz", members, how))


def test_a_name_that_comes_twice_is_refused(tmp_path):
    array = described("'<f4'", "()", b"1234")
    path = tmp_path / "x.npz"
    with pytest.warns(UserWarning, match="Duplicate name"):
        packed(path, [("a.npy", array), ("a.npy", array)])
    with pytest.raises(FileFormatError, match=r"'a': .*there twice"):
        io.load_npz(path)


@pytest.mark.parametrize("kind", ["c16", "O", "M8[s]", "V3", [("a", "f4")]])
def test_what_could_not_be_read_is_not_written(tmp_path, kind):
    with pytest.raises(FileFormatError, match="array 'x'"):
        io.save_npz(tmp_path / "x.npz", {"x": np.zeros(2, kind)})
    assert list(tmp_path.iterdir()) == []


@given(st.data())
def test_mutated_members_never_end_in_another_error(tmp_path_factory, data):
    """The archive is sound, its member's header and bytes are not."""
    stream = streams.BytesIO()
    np.save(stream, np.arange(12, dtype=np.int32).reshape(3, 4))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.sampled_from(b"()[]{}'\"\\,:0123456789<>|LfOUVc \n\x00\xff"))
    how = data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]))
    path = packed(tmp_path_factory.mktemp("npz") / "x.npz", [("a.npy", bytes(content))], how)
    try:
        arrays = io.load_npz(path)
    except FileFormatError as error:
        assert "x.npz" in str(error)
    else:
        assert arrays["a"].nbytes <= len(content)


def test_lzma_in_a_sound_looking_member(tmp_path):
    content = lzma.compress(b"hello")
    path = packed(tmp_path / "x.npz", [("a.npy", content)])
    with pytest.raises(FileFormatError, match="'a'"):
        io.load_npz(path)
