"""Labels and label sets: what a user calls classes, keyed by id and never by name."""

from __future__ import annotations

import csv
import os
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from io import StringIO
from itertools import pairwise
from pathlib import Path

from taxonomy._core import io, shipped
from taxonomy._core.errors import LabelError, did_you_mean

WNID = re.compile(r"n\d{8}")
"""A WordNet noun id: ``n`` and the eight-digit offset in WordNet 3.0's ``data.noun``."""


@dataclass(frozen=True, order=True)
class Label:
    """One class.

    Args:
        id: unique in its set; any printable text.
        name: what people call the class; the id when left out.
        definition: one phrase that tells it from its namesakes; may be empty.
        wnid: WordNet 3.0 noun id such as ``n02121808``; may be empty.

    Raises:
        LabelError: an empty id, a control character, or a malformed wnid.

    >>> Label("cat", wnid="n02121808").name
    'cat'
    """

    id: str
    name: str = ""
    definition: str = ""
    wnid: str = ""

    def __post_init__(self) -> None:
        """Check the texts; the name falls back to the id."""
        if not self.id.strip():
            raise LabelError("A label has an empty id; give every class an id.")
        for field, text in asdict(self).items():
            if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
                raise LabelError(
                    f"The {field} of label {self.id[:60]!r} holds a control character; remove it."
                )
        if self.id != self.id.strip():
            raise LabelError(f"The label id {self.id!r} begins or ends with a space; remove it.")
        if self.wnid and not WNID.fullmatch(self.wnid):
            raise LabelError(
                f"The wnid {self.wnid!r} of label {self.id!r} is no WordNet noun id; "
                "write 'n' and eight digits, such as n02121808."
            )
        if not self.name:
            object.__setattr__(self, "name", self.id)


class LabelSet:
    """An immutable set of labels, kept sorted by id so that their order never changes a result.

    Args:
        labels: labels, or plain ids.

    Raises:
        LabelError: no label at all, or an id given twice.

    >>> labels = LabelSet(["pear", "apple"])
    >>> labels.ids
    ('apple', 'pear')
    >>> labels["pear"].name
    'pear'
    """

    def __init__(self, labels: Iterable[Label | str]) -> None:
        made = sorted(x if isinstance(x, Label) else Label(x) for x in labels)
        if not made:
            raise LabelError("The label set is empty; give at least one class.")
        for one, next_one in pairwise(made):
            if one.id == next_one.id:
                raise LabelError(f"The label id {one.id!r} occurs twice; ids must be unique.")
        self._labels = tuple(made)

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """All ids, sorted."""
        return tuple(label.id for label in self._labels)

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.ids)}

    @cached_property
    def digest(self) -> str:
        """The sha256 of all labels' canonical JSON."""
        return io.digest([asdict(label) for label in self._labels])

    def index(self, label_id: str) -> int:
        """Return the position of an id among the sorted ids.

        Raises:
            LabelError: the set does not hold the id.
        """
        try:
            return self._position[label_id]
        except KeyError:
            raise unknown_class(label_id, self.ids) from None

    def __getitem__(self, label_id: str) -> Label:
        """Return the label of an id."""
        return self._labels[self.index(label_id)]

    def __contains__(self, label_id: object) -> bool:
        """Tell whether the set holds an id."""
        return label_id in self._position

    def __iter__(self) -> Iterator[Label]:
        """Iterate over the labels in order of their ids."""
        return iter(self._labels)

    def __len__(self) -> int:
        """Return the number of labels."""
        return len(self._labels)

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, LabelSet) and self._labels == other._labels

    def __hash__(self) -> int:
        """Hash by content."""
        return hash(self._labels)

    def __repr__(self) -> str:
        """Show the size and the first ids."""
        return f"LabelSet({len(self)}: {', '.join(self.ids[:3])}{', …' * (len(self) > 3)})"

    def restrict(self, classes: Iterable[str]) -> LabelSet:
        """Return the set of the given ids only."""
        return LabelSet(self[name] for name in check_classes(classes, self.ids))

    def to_csv(self) -> str:
        """Return the labels as CSV text, sorted by id."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["id", "name", "definition", "wnid"])
        writer.writerows([label.id, label.name, label.definition, label.wnid] for label in self)
        return text.getvalue()

    def save(self, path: Path | str) -> None:
        """Write the labels atomically as CSV, sorted by id."""
        io.write_text(path, self.to_csv())

    @classmethod
    def read(cls, source: Path | str) -> LabelSet:
        """Read labels from a text file, a CSV file or a folder of class folders.

        - text: one class a line; the line is id and name; blank lines and ``#`` lines are skipped.
        - CSV: a header with ``id`` or ``name``, and optionally ``definition`` and ``wnid``;
          other columns are ignored.
        - either of them compressed by gzip, with ``.gz`` at the end of its name.
        - folder: every class folder is a class, see `class_root`; one named like a wnid, as in
          ImageNet, gives the wnid too.

        Raises:
            LabelError: the source is missing or malformed; the message names the line.
        """
        path = Path(source)
        if path.is_dir():
            return cls._from_folder(path)
        if not path.is_file():
            raise LabelError(
                f"{path}: no such file or folder. Give a text file, a CSV file, a folder of "
                f"class folders, or the name of a shipped set: {', '.join(shipped_names())}."
            )
        packed = path.suffix.lower() == ".gz"
        text = io.read_gzip_text(path) if packed else io.read_text(path)
        is_csv = (path.with_suffix("") if packed else path).suffix.lower() == ".csv"
        try:
            return cls._from_csv(text) if is_csv else cls._from_text(text)
        except LabelError as error:
            raise LabelError(f"{path}: {error}") from error

    @classmethod
    def _from_text(cls, text: str) -> LabelSet:
        read = _Reading()
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip() and not line.strip().startswith("#"):
                read.add(number, line.strip())
        return cls(read.labels)

    @classmethod
    def _from_csv(cls, text: str) -> LabelSet:
        reader = csv.DictReader(StringIO(text), strict=True)
        try:
            columns = reader.fieldnames or []
        except csv.Error as error:
            raise LabelError(f"line 1: not valid CSV ({error}).") from error
        key = next((column for column in ("id", "name") if column in columns), None)
        if key is None:
            raise LabelError("the header has neither 'id' nor 'name'; add one of them.")
        read = _Reading()
        try:
            for row in reader:
                known = {c: row[c] or "" for c in ("name", "definition", "wnid") if c in columns}
                read.add(reader.line_num, row[key] or "", **known)
        except csv.Error as error:
            raise LabelError(f"line {reader.reader.line_num}: not valid CSV ({error}).") from error
        return cls(read.labels)

    @classmethod
    def _from_folder(cls, folder: Path) -> LabelSet:
        names = subfolders(class_root(folder))
        if not names:
            raise LabelError(f"{folder}: holds no class folders; expected {folder}/CLASS/picture.")
        return cls(Label(name, wnid=name if WNID.fullmatch(name) else "") for name in names)


def class_root(folder: Path) -> Path:
    """Return the folder that holds the class folders: ``FOLDER/train`` where that holds folders.

    A folder ``train`` that holds pictures only is a class of its own: the vehicle.
    """
    train = folder / "train"
    return train if train.is_dir() and subfolders(train) else folder


def subfolders(folder: Path) -> list[str]:
    """Return the sorted names of the folders in a folder, hidden ones left out."""
    with os.scandir(folder) as entries:
        return sorted(e.name for e in entries if e.is_dir() and not e.name.startswith("."))


class _Reading:
    """Labels read so far, with their lines, for messages."""

    def __init__(self) -> None:
        self.labels: list[Label] = []
        self._line: dict[str, int] = {}

    def add(self, line: int, label_id: str, **fields: str) -> None:
        """Append a label; an error names the line."""
        try:
            label = Label(label_id, **fields)
        except LabelError as error:
            raise LabelError(f"line {line}: {error}") from error
        if label_id in self._line:
            raise LabelError(
                f"line {line}: the label id {label_id!r} occurs twice, first in line "
                f"{self._line[label_id]}; ids must be unique."
            )
        self._line[label_id] = line
        self.labels.append(label)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped label sets."""
    return tuple(sorted(_shipped_files()))


def _shipped_files() -> dict[str, str]:
    """Return the file of every shipped label set; the largest is compressed."""
    ends = ("labels.csv", "labels.csv.gz")
    return {n.partition("/")[0]: n for n in shipped.index() if n.partition("/")[2] in ends}


def get_labels(name: Path | str) -> LabelSet:
    """Return a shipped label set by name, or read one from a file or a folder.

    >>> len(get_labels("icons"))
    212
    """
    if (file := _shipped_files().get(str(name))) is not None:
        return LabelSet.read(shipped.path(file))
    return LabelSet.read(name)


def unknown_class(name: str, known: Iterable[str]) -> LabelError:
    """Return the error for a class that is not among the known ones."""
    known = list(known)
    return LabelError(
        f"Unknown class {name!r}.{did_you_mean(name, known)} There are {len(known)} classes."
    )


def check_classes(classes: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the classes sorted, after checking that each is known and none comes twice.

    Raises:
        LabelError: no class at all, an unknown class, or a class given twice.
    """
    order = list(known)
    have = set(order)
    chosen = sorted(classes)
    if not chosen:
        raise LabelError("No classes were given; name at least one.")
    for name in chosen:
        if name not in have:
            raise unknown_class(name, order)
    for one, next_one in pairwise(chosen):
        if one == next_one:
            raise LabelError(f"The class {one!r} was given twice.")
    return tuple(chosen)
