"""Label sets: the classes, identified by id and never by name."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from io import StringIO
from itertools import pairwise
from pathlib import Path

from taxonomy._core import io, shipped
from taxonomy._core.checked import check_kind, check_several
from taxonomy._core.errors import LabelError, TaxonomyError, did_you_mean
from taxonomy._core.spelling import differing, respelled, there_are
from taxonomy.labels.entries import refuse_doubles
from taxonomy.labels.label import Label
from taxonomy.labels.reading import read_labels


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
        check_several(labels, "labels", LabelError)
        given = list(labels)
        for one in given:
            if not isinstance(one, (str, Label)):
                raise LabelError(f"The label {repr(one)[:60]} is no text; give words or labels.")
        made = sorted(x if isinstance(x, Label) else Label.of_word(x) for x in given)
        if not made:
            raise LabelError("The label set is empty; give at least one class.")
        refuse_doubles([(label.id, "") for label in made])
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
        """Read labels from a file that lists classes, or from a folder of class folders.

        What is read is recognised by the name's ending and the content, and said in the log:

        - text: one class a line, and codes or numbers beside the names; blank lines and ``#``
          lines are skipped;
        - CSV by any delimiter, with a header that has ``id`` or ``name``, and optionally
          ``definition`` and ``wnid``, or without one;
        - YAML and JSON: lists, mappings and records, as of YOLO, COCO and Hugging Face;
        - any of them compressed by gzip, with ``.gz`` at the end of its name;
        - a folder: every class folder is a class, see `class_root`.

        Ids and names that are WordNet ids or names of synsets give the wnid, too.

        Raises:
            LabelError: the source is missing or malformed; the message names the line.
        """
        path = Path(source)
        if not path.exists():
            listed = " Words go into a file, one a line." if "," in path.name else ""
            near = did_you_mean(str(source), shipped_names())
            raise LabelError(
                f"{path}: no such file or folder.{listed or near} Give a file with a list of "
                f"classes, a folder of class folders, or the name of a shipped set: "
                f"{', '.join(shipped_names())}."
            )
        return cls(read_labels(path))


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
        name: the name of a shipped set, the path of a file that lists classes (see
            `LabelSet.read`) or of a folder of class folders, an iterable of words or labels, or a
            label set, which is returned as it is.

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
        return LabelSet(read_labels(shipped.path(file), told=False))
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


def joined_names(names: Iterable[str]) -> str:
    """Return class names as one text, as `class_names` splits it.

    >>> joined_names(["cat", "tench, Tinca tinca"])
    'cat,"tench, Tinca tinca"'
    """
    text = StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def unknown_class(name: str, known: Iterable[str]) -> LabelError:
    """Return the error for a class that is not among the known ones."""
    known = list(known)
    (alike,) = respelled([name], known)
    hint = did_you_mean(name, known)
    if alike != name:
        hint = f" The class {alike!r} is written with other characters ({differing(name, alike)})."
    elif parts := [one for one in known if name in (part.strip() for part in one.split(","))]:
        hint = (
            f" The class {parts[0]!r} has a comma; in a list of classes it stands in double "
            f"quotes: '\"{parts[0]}\",…'."
        )
    return LabelError(f"Unknown class {name!r}.{hint} {there_are(len(known), 'class')}")


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
    classes = list(classes)
    for one in classes:
        check_kind(one, str, "a class", LabelError)
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
