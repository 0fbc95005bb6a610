"""Labels and label sets: the classes, identified by id and never by name."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from io import StringIO
from itertools import pairwise
from pathlib import Path

from taxonomy._core import io, shipped
from taxonomy._core.checked import check_several
from taxonomy._core.errors import LabelError, TaxonomyError, did_you_mean
from taxonomy._core.folders import class_root, subfolders
from taxonomy._core.spelling import composed, differing, respelled

WNID = re.compile(r"n\d{8}")
"""A WordNet noun id: ``n`` and the eight-digit offset in WordNet 3.0's ``data.noun``."""


@dataclass(frozen=True, order=True)
class Label:
    """One class: its id, name, definition and WordNet id.

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
        LabelError: no label at all, or an id given twice, be it in other Unicode characters.

    >>> labels = LabelSet(["pear", "apple"])
    >>> labels.ids
    ('apple', 'pear')
    >>> labels["pear"].name
    'pear'
    """

    def __init__(self, labels: Iterable[Label | str]) -> None:
        given = list(labels)
        for one in given:
            if not isinstance(one, (str, Label)):
                raise LabelError(f"The label {repr(one)[:60]} is no text; give words or labels.")
        made = sorted(x if isinstance(x, Label) else Label(x) for x in given)
        if not made:
            raise LabelError("The label set is empty; give at least one class.")
        for one, next_one in pairwise(sorted(made, key=lambda label: composed(label.id))):
            if composed(one.id) == composed(next_one.id):
                raise LabelError(
                    f"The label id {one.id!r} occurs twice{_in_characters(one.id, next_one.id)}; "
                    "ids must be unique."
                )
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
        """Return whether the set holds an id."""
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
        return cls(
            Label(composed(name), wnid=name if WNID.fullmatch(name) else "") for name in names
        )


class _Reading:
    """Labels read so far, with their lines, for messages."""

    def __init__(self) -> None:
        self.labels: list[Label] = []
        self._line: dict[str, tuple[int, str]] = {}

    def add(self, line: int, label_id: str, **fields: str) -> None:
        """Append a label; an error names the line."""
        try:
            label = Label(label_id, **fields)
        except LabelError as error:
            raise LabelError(f"line {line}: {error}") from error
        first, other = self._line.setdefault(composed(label_id), (line, label_id))
        if first != line:
            raise LabelError(
                f"line {line}: the label id {label_id!r} occurs twice"
                f"{_in_characters(label_id, other)}, first in line {first}; ids must be unique."
            )
        self.labels.append(label)


def shipped_names() -> tuple[str, ...]:
    """Return the names of the shipped label sets."""
    return tuple(sorted(_shipped_files()))


def _shipped_files() -> dict[str, str]:
    """Return the file of every shipped label set; the largest is compressed."""
    ends = ("labels.csv", "labels.csv.gz")
    return {n.partition("/")[0]: n for n in shipped.index() if n.partition("/")[2] in ends}


def get_labels(name: LabelSet | Path | str | Iterable[str | Label]) -> LabelSet:
    """Return a label set: shipped, from a file or a folder, or of the words given.

    Args:
        name: the name of a shipped set, the path of a text or CSV file or of a folder of class
            folders, an iterable of words or labels, or a label set, which is returned as it is.

    Raises:
        LabelError: there is no such set or file, it is malformed, or a label occurs twice.

    >>> len(get_labels("icons")), len(get_labels(["cat", "dog"]))
    (212, 2)
    """
    if isinstance(name, LabelSet):
        return name
    if not isinstance(name, (str, Path)):
        return LabelSet(name)
    if (file := _shipped_files().get(str(name))) is not None:
        return LabelSet.read(shipped.path(file))
    return LabelSet.read(name)


def class_names(text: str) -> list[str]:
    """Split class names at commas, by the rules of CSV.

    Raises:
        LabelError: quotes that do not close.

    >>> class_names('cat, dog,"tench, Tinca tinca"')
    ['cat', 'dog', 'tench, Tinca tinca']
    """
    try:
        rows = list(csv.reader([text], skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise LabelError(
            f"The classes {text!r} cannot be read ({error}); separate them by commas, and put a "
            "name that has a comma itself into double quotes."
        ) from error
    return [name.strip() for name in rows[0] if name.strip()] if rows else []


def unknown_class(name: str, known: Iterable[str]) -> LabelError:
    """Return the error for a class that is not among the known ones."""
    known = list(known)
    (alike,) = respelled([name], known)
    hint = did_you_mean(name, known)
    if alike != name:
        hint = f" The class {alike!r} is written with other characters ({differing(name, alike)})."
    return LabelError(f"Unknown class {name!r}.{hint} There are {len(known)} classes.")


def _in_characters(one: str, other: str) -> str:
    """Say that two equal texts are written differently, where they are."""
    if one == other:
        return ""
    return f", written with other characters ({differing(one, other)})"


def check_same_labels(
    one: Sequence[str],
    other: Sequence[str],
    error: type[TaxonomyError],
    names: tuple[str, str] = ("the first tree", "the second tree"),
) -> None:
    """Refuse two things that are of different labels, naming one that only one of them has.

    Args:
        one: label ids, sorted.
        other: label ids, sorted.
        error: what to raise.
        names: what a message calls the two.

    >>> check_same_labels(["cat", "dog"], ["cat"], LabelError)
    Traceback (most recent call last):
    ...
    taxonomy._core.errors.LabelError: The first tree and the second tree have different labels: ...
    """
    if tuple(one) == tuple(other):
        return
    label = min(set(one) ^ set(other))
    where = names[0] if label in set(one) else names[1]
    raise error(
        f"{names[0][0].upper()}{names[0][1:]} and {names[1]} have different labels: {label!r} is "
        f"in {where} only. Restrict both to the labels that they share."
    )


def check_classes(classes: Iterable[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the classes sorted, after checking that each is known and none comes twice.

    Raises:
        LabelError: no class at all, an unknown class, or a class given twice.
    """
    check_several(classes, "classes", LabelError)
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
