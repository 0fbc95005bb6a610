"""What a page's JSON must be, so that a stranger's page is read or refused."""

from __future__ import annotations

from dataclasses import dataclass

from taxonomy._core.errors import FileFormatError
from taxonomy.explorer.timing import Timing


@dataclass(frozen=True)
class SizeContent:
    """What every entry of a network adds to a file, see `taxonomy.export.sizes.EntryBytes`."""

    entries: list[list[int]]
    reads: list[int]
    opened: list[list[int]]
    ends: list[list[int]]
    more: list[int]
    ended: list[list[int]]


@dataclass(frozen=True)
class NetworkContent:
    """One network: arrays with a number an entry of its tree, in preorder.

    Raises:
        FileFormatError: the arrays are of no tree, or differ in length.
    """

    name: str
    source: str
    parent: list[int]
    leaf: list[int]
    names: dict[str, str]
    params: list[int]
    macs: list[int]
    bytes: SizeContent | None
    timing: Timing | None
    pictures: str
    answers: str
    width: float = 1.0

    def __post_init__(self) -> None:
        """Check that the arrays fit together."""
        count = len(self.parent)
        arrays = [self.leaf, self.params, self.macs]
        if self.bytes is not None:
            arrays += [*self.bytes.entries, *self.bytes.ends, self.bytes.reads, self.bytes.more]
        is_tree = self.parent[:1] == [-1] and all(
            0 <= above < entry for entry, above in enumerate(self.parent[1:], start=1)
        )
        if not is_tree or any(len(array) != count for array in arrays):
            raise FileFormatError(f"the network {self.name!r} is no tree with a number an entry.")
        pairs = self.bytes and (
            *(self.bytes.entries, self.bytes.opened, self.bytes.ends, self.bytes.ended),
        )
        if pairs and any(len(pair) != 2 for pair in pairs):
            raise FileFormatError(f"the bytes of the network {self.name!r} are not of two kinds.")

    def check(self, classes: int) -> None:
        """Check that every class is a leaf once, and that there are bytes for every depth.

        Raises:
            FileFormatError: this is not so.
        """
        held = sorted(column for column in self.leaf if column >= 0)
        if held != list(range(classes)):
            raise FileFormatError(f"the network {self.name!r} has not every class once.")
        depth = [0] * len(self.parent)
        for entry, above in enumerate(self.parent[1:], start=1):
            depth[entry] = depth[above] + 1
            if self.leaf[above] >= 0:
                raise FileFormatError(f"in the network {self.name!r} something is below a class.")
        deepest = max(d for d, column in zip(depth, self.leaf, strict=True) if column < 0)
        depths = [*self.bytes.opened, *self.bytes.ended] if self.bytes is not None else []
        if any(len(row) <= deepest for row in depths):
            raise FileFormatError(f"the network {self.name!r} is deeper than its bytes.")


@dataclass(frozen=True)
class OfferedContent:
    """A task: its name and the columns of its classes."""

    id: str
    classes: list[int]


@dataclass(frozen=True)
class ExactnessContent:
    """How far accuracies by the page are from those of float32 logits, in points."""

    tasks: int
    most_points: float
    mean_points: float


@dataclass(frozen=True)
class SheetContent:
    """The thumbnails, see `taxonomy.explorer.thumbnails`."""

    side: int
    columns: int
    classes: list[int]
    file: str
    licence: str


@dataclass(frozen=True)
class PageContent:
    """All that a page holds.

    Raises:
        FileFormatError: names, columns or networks that do not fit together.
    """

    format: str
    version: int
    made_by: str
    split: str
    classes: list[str]
    names: list[str]
    tasks: list[OfferedContent]
    networks: list[NetworkContent]
    exactness: ExactnessContent
    thumbnails: SheetContent | None

    def __post_init__(self) -> None:
        """Check that everything is about the same classes."""
        count = len(self.classes)
        if self.classes != sorted(set(self.classes)) or len(self.names) != count or not count:
            raise FileFormatError("the classes are not sorted, or have no names.")
        shown = [task.classes for task in self.tasks]
        if self.thumbnails is not None:
            shown.append(self.thumbnails.classes)
        if not all(0 <= column < count for columns in shown for column in columns):
            raise FileFormatError("a task or a thumbnail is of a class that there is not.")
        names = [network.name for network in self.networks]
        if not names or len(set(names)) < len(names):
            raise FileFormatError("there is no network, or two have one name.")
        for network in self.networks:
            network.check(count)
