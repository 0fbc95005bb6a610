"""What every format is, what is read from, and what is made of it."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from taxonomy._core.decoding import parse_json
from taxonomy._core.errors import FileFormatError
from taxonomy._core.io import Json
from taxonomy.formats._json import parse_deep
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents
from taxonomy.trees.raw_tree import RawTree

MOST_TO_TELL = 1 << 15
"""How many bytes of a file tell its format."""

MOST_BYTES = 1 << 30
"""The largest file that is read."""

NO_GROUPS = "a list has no groups, so that all classes lie below one node"
"""What is said of a list of classes that is read as a tree."""


class Content:
    """The bytes of a file, decoded when a format asks for it.

    Args:
        data: what the file holds.
        where: the file, for messages.
    """

    def __init__(self, data: bytes, where: str) -> None:
        self.data = data
        self.where = where

    @cached_property
    def text(self) -> str:
        """The bytes as UTF-8, with or without a byte-order mark.

        Raises:
            FileFormatError: they are not.
        """
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise FileFormatError(
                f"{self.where}: byte {error.start} is not UTF-8; save it as UTF-8."
            ) from error

    @cached_property
    def json(self) -> Json:
        """The text as JSON, nested as deep as it may be.

        Raises:
            FileFormatError: it is none.
        """
        return parse_deep(self.text, self.where)

    @cached_property
    def flat_json(self) -> Json:
        """The text as JSON, for formats that do not nest trees: 200 levels are enough for them.

        Raises:
            FileFormatError: it is none, or is nested deeper.
        """
        return parse_json(self.text, self.where)

    @cached_property
    def keys(self) -> frozenset[str]:
        """The keys of the JSON object; none where the text is none."""
        if self.data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
            return frozenset()
        for parsed in ("flat_json", "json"):  # the first is fast, on annotations of megabytes, too
            with contextlib.suppress(FileFormatError):
                return frozenset(getattr(self, parsed))
        return frozenset()

    @cached_property
    def start(self) -> str:
        """The first characters, whatever the bytes are; for telling formats apart."""
        return self.data[:MOST_TO_TELL].decode("utf-8-sig", errors="replace").lstrip()

    @cached_property
    def first_lines(self) -> list[str]:
        """The first lines that hold anything, the last of which may be cut; none of bytes."""
        return [] if "\0" in self.start else [x for x in self.start.splitlines() if x.strip()]


@dataclass(frozen=True)
class Reading:
    """What a format made of a file.

    Args:
        raw: the tree, unchecked.
        notes: what the file holds that the tree does not, one sentence each.
        digest: of the tree, where the file says so.
        provenance: what the file says made the tree.
    """

    raw: RawTree
    notes: tuple[str, ...] = ()
    digest: str = ""
    provenance: dict[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Format(ABC):
    """A way to write trees down: a frozen dataclass of options that reads and writes.

    What is lost in writing is not declared but measured: see `taxonomy.formats.write_tree`.
    """

    endings: ClassVar[tuple[str, ...]] = ()
    """Of names of files that are written in this format, with the dot."""
    also: ClassVar[tuple[str, ...]] = ()
    """Endings of files that may be of this format; their content tells."""
    sure: ClassVar[int] = 2
    """How surely a file that `fits` is of the format: 3 is told by its first words, 2 by words of
    its own, 1 looks like no other, 0 may be another's too. Surer formats are tried first."""

    def fits(self, content: Content) -> bool:  # noqa: ARG002
        """Return whether a file looks as if it were of this format."""
        return False

    @abstractmethod
    def read(self, content: Content, parents: Parents) -> Reading:
        """Read a file.

        Args:
            content: of the file.
            parents: which parent stays where a node has several.

        Raises:
            TaxonomyError: it is not of this format, or what it holds cannot be made a tree.
        """

    @abstractmethod
    def write(self, tree: Hierarchy, ending: str = "") -> bytes:
        """Return the tree as bytes.

        Args:
            tree: any tree.
            ending: of the file's name, for formats that have several kinds of files.

        Raises:
            TaxonomyError: the format cannot hold the tree.
        """
