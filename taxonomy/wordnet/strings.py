"""Strings held as one block of UTF-8 bytes, decoded one at a time."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import numpy.typing as npt

from taxonomy._core.arrays import IntArray


@dataclass(frozen=True, eq=False)
class StringTable(Sequence[str]):
    """An immutable sequence of strings that costs no Python object until one is read.

    Attributes:
        data: the strings' UTF-8 bytes, one after the other.
        starts: where each string starts, in bytes, and at the end the length of ``data``.

    >>> table = StringTable.of(["apple", "pear"])
    >>> table[1], len(table), list(table)
    ('pear', 2, ['apple', 'pear'])
    """

    data: bytes
    starts: IntArray

    @classmethod
    def of(cls, strings: Iterable[str]) -> StringTable:
        """Make a table of strings."""
        encoded = [string.encode() for string in strings]
        lengths = np.array([len(string) for string in encoded], dtype=np.int64)
        return cls.from_arrays(np.frombuffer(b"".join(encoded), dtype=np.uint8), lengths)

    @classmethod
    def from_arrays(
        cls, data: npt.NDArray[np.uint8], lengths: npt.NDArray[np.integer]
    ) -> StringTable:
        """Make a table of the strings' bytes and of their lengths in bytes."""
        return cls(data.tobytes(), starts_of(lengths))

    def arrays(self) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
        """Return the bytes and the lengths, as :meth:`from_arrays` takes them."""
        return np.frombuffer(self.data, dtype=np.uint8), np.diff(self.starts).astype(np.uint16)

    def __len__(self) -> int:
        return len(self.starts) - 1

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        if isinstance(index, slice):
            return [self[one] for one in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"string {index} of {len(self)}")
        index %= len(self)
        return self.data[self.starts[index] : self.starts[index + 1]].decode()

    def position(self, word: str, suffix: str = "") -> int:
        """Return where a word stands, or would stand, in a sorted table.

        Args:
            word: the word to look for.
            suffix: text that the table was sorted with, after every string.
        """
        return bisect.bisect_left(self, word + suffix, key=lambda string: string + suffix)


def starts_of(lengths: npt.NDArray[np.integer]) -> IntArray:
    """Return the running starts of groups of the given lengths, shape (groups + 1,).

    >>> starts_of(np.array([2, 0, 3])).tolist()
    [0, 2, 2, 5]
    """
    starts = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=starts[1:])
    starts.flags.writeable = False
    return starts


@dataclass(frozen=True, eq=False)
class FewStrings(Mapping[int, str]):
    """The texts of a few of many numbers, found by bisection.

    Args:
        members: the numbers that have one, ascending.
        table: their texts.
    """

    members: npt.NDArray[np.int32]
    table: StringTable

    def __getitem__(self, member: int) -> str:
        place = int(np.searchsorted(self.members, np.int32(member)))
        if place == len(self.members) or self.members[place] != member:
            raise KeyError(member)
        return self.table[place]

    def __iter__(self) -> Iterator[int]:
        return iter(self.members.tolist())

    def __len__(self) -> int:
        return len(self.members)
