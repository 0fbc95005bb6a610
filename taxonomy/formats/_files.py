"""Reading trees from files of any format, and writing them."""

from __future__ import annotations

import contextlib
import logging
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from taxonomy._core import io, shipped
from taxonomy._core.checked import check_kind, check_path
from taxonomy._core.endings import elsewhere
from taxonomy._core.errors import (
    MOST_CHARACTERS,
    FileFormatError,
    HierarchyError,
    TaxonomyError,
    check_choice,
    did_you_mean,
    shortened,
    told,
)
from taxonomy.formats._format import MOST_BYTES, Content, Format, Reading
from taxonomy.formats._graph import Graph, GraphFormat, graph_of
from taxonomy.formats._losses import losses
from taxonomy.formats._registry import FORMATS
from taxonomy.labels import shipped_names
from taxonomy.labels.reading import is_list
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import Parents

_LOG = logging.getLogger(__name__)

_OF_LISTS = ("", ".txt", ".names", ".csv", ".tsv", ".json", ".yaml", ".yml")
"""Endings of files that may as well list classes."""


def get_tree(name: Hierarchy | Path | str) -> Hierarchy:
    """Return a tree by its shipped name, such as ``icons/wordnet``, or from a file or run folder.

    Args:
        name: a shipped name, a path of a file in any of `FORMATS`, a run's folder, or a tree, which
            is returned as it is. `read_tree` has options for files.

    Raises:
        FileFormatError: there is no such file, or it is no tree.

    >>> get_tree("icons/wordnet")
    Hierarchy(212 leaves, 61 nodes, depth 3)
    """
    if isinstance(name, Hierarchy):
        return name
    return read_tree(find_tree(name))


def find_tree(name: Path | str) -> Path:
    """Return the file of a tree: a shipped one, a run's, or the file itself.

    Raises:
        FileFormatError: there is none.
    """
    check_path(name, "the tree", FileFormatError)
    if (found := shipped.find(str(name), "trees", ".json")) is not None:
        return found
    path = Path(name)
    path = path / "hierarchy.json" if path.is_dir() else path
    if not path.is_file():
        known = shipped.names("trees", ".json")
        raise FileFormatError(
            f"{path}: no such file.{_otherwise(name) or did_you_mean(str(name), known)} Give a "
            "tree file, a run's folder or the name of a shipped tree, such as icons/wordnet: "
            "taxonomy list trees shows all."
        )
    return path


def _otherwise(name: Path | str) -> str:
    """Return a sentence on what stands where a tree should: a list of classes or a network.

    >>> _otherwise("icons")
    ' If it is a list of classes, this makes a tree of it: taxonomy generate icons.'
    """
    path = Path(name)
    if shipped.find(str(name), "networks", ".safetensors") or path.suffix == ".safetensors":
        return f" It is a network; in Python taxonomy.get_net({str(name)!r}).hierarchy is its tree."
    if str(name) in shipped_names() or (path.suffix.lower() in _OF_LISTS and is_list(path)):
        command = f"taxonomy generate {shlex.quote(str(name))}"
        return f" If it is a list of classes, this makes a tree of it: {command}."
    return ""


@contextlib.contextmanager
def _or_what_else(path: Path | str, format: str) -> Iterator[None]:  # noqa: A002
    """Have an error say what stands where a tree should, unless the format was named."""
    try:
        yield
    except FileFormatError as error:
        if format or not (more := _otherwise(path)):
            raise
        raise FileFormatError(shortened(str(error), MOST_CHARACTERS - len(more)) + more) from error


def _read(
    path: Path | str,
    format: str,  # noqa: A002
    options: dict[str, Any],
    parents: Parents,
) -> tuple[str, Content, Reading]:
    """Return a file's format, bytes and what they are read as."""
    content = open_content(path)
    with _or_what_else(path, format):
        name = format or recognised(content)
        return name, content, read_content(content, FORMATS.make(name, options), parents)


def read_tree(
    path: Path | str,
    format: str = "",  # noqa: A002
    *,
    parents: Parents = "refuse",
    **options: Any,
) -> Hierarchy:
    r"""Read a tree from a file.

    What the file holds that a tree cannot is logged as a warning and kept in the tree's provenance,
    under ``notes``.

    Args:
        path: of the file.
        format: one of `FORMATS`; where left out, the ending of the file's name and its content
            tell.
        parents: which parent stays where a node has several: the one that comes ``"first"``, the
            ``"deepest"``, or the one with ``"most-classes"`` below it.
        options: of the format, as its class lists them.

    Raises:
        FileFormatError: the file cannot be read, or is no tree.
        RegistryError: an unknown format or option.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder, "pets.nwk")
    ...     _ = file.write_text("((cat,dog)pets,taxi);")
    ...     print(read_tree(file).to_text())
    (3)
    ├── pets (2)
    │   ├── cat
    │   └── dog
    └── taxi
    """
    name, content, reading = _read(path, format, options, parents)
    for note in reading.notes:
        _LOG.warning("%s: %s.", path, note)
    facts = reading.provenance or _provenance(name, content, reading)
    return tree_of(reading, content, facts)


def read_raw(
    path: Path | str,
    format: str = "",  # noqa: A002
    *,
    parents: Parents = "refuse",
    **options: Any,
) -> Reading:
    """Read a file as a raw tree, for `taxonomy.trees.check`; see `read_tree`.

    Raises:
        FileFormatError: the file cannot be read.
        RegistryError: an unknown format or option.
    """
    return _read(path, format, options, parents)[2]


def read_graph(
    path: Path | str,
    format: str = "",  # noqa: A002
    *,
    parents: Parents = "refuse",
    **options: Any,
) -> tuple[str, Graph]:
    """Read a file as a graph whose nodes may have several parents; see `read_tree`.

    Args:
        path: of the file.
        format: one of `FORMATS`; where left out, the ending of the file's name and its content
            tell.
        parents: which parent stays, in formats that are read as trees only.
        options: of the format, as its class lists them.

    Returns:
        the format's name, and the graph.

    Raises:
        FileFormatError: the file cannot be read.
        RegistryError: an unknown format or option.
    """
    content = open_content(path)
    with _or_what_else(path, format):
        name = format or recognised(content)
        made = FORMATS.make(name, options)
        if not isinstance(made, GraphFormat):
            reading = read_content(content, made, parents)
            return name, graph_of(reading.raw, reading.notes)
        try:
            return name, made.graph(content)
        except FileFormatError:
            raise
        except HierarchyError as error:
            raise FileFormatError(told(path, str(error))) from error


def write_tree(
    tree: Hierarchy,
    path: Path | str,
    format: str = "",  # noqa: A002
    **options: Any,
) -> tuple[str, ...]:
    """Write a tree to a file, atomically, and return what of it the file does not hold.

    The bytes are read again before the file is written, and the two trees compared: what is said
    to be lost is what is lost.

    Args:
        tree: any tree.
        path: of the file.
        format: one of `FORMATS`; where left out, the ending of the file's name tells.
        options: of the format, as its class lists them.

    Returns:
        what is lost, one phrase each; empty where nothing is.

    Raises:
        FileFormatError: the ending names no format, or the format cannot hold the tree.
        RegistryError: an unknown format or option.

    >>> from tempfile import TemporaryDirectory
    >>> tree = Hierarchy.from_nested({"pets": ["cat", "dog"], "cars": ["bus", "taxi"]})
    >>> with TemporaryDirectory() as folder:
    ...     write_tree(tree, Path(folder, "tree.npz"))
    ("2 of 2 names of nodes, such as 'cars'", 'that there are no merge heights')
    """
    check_kind(tree, Hierarchy, "the tree", HierarchyError)
    check_path(path, "the file", FileFormatError)
    name = format or format_to_write(path)
    made = FORMATS.make(name, options)
    try:
        data = made.write(tree, Path(path).suffix.lower())
        content = Content(data, str(path))
        reading = read_content(content, made, "refuse")
        again = tree_of(reading, content, reading.provenance)
    except (FileFormatError, HierarchyError) as error:
        raise FileFormatError(
            told(path, f"the format {name} cannot hold this tree; choose another. ({error})")
        ) from error
    lost = losses(tree, again)
    io.write_bytes(path, data)
    return lost


def saved(
    tree: Hierarchy,
    path: Path | str,
    format: str = "",  # noqa: A002
    **options: Any,
) -> str:
    """Write a tree as `write_tree` does, and return in words where it is and what is lost."""
    lost = write_tree(tree, path, format, **options)
    words = f"tree {tree.digest[:12]} written to {path}"
    return f"{words}\nthe file does not hold {'; '.join(lost)}" if lost else words


def format_to_write(path: Path | str) -> str:
    """Return the format that the ending of a file's name stands for.

    Raises:
        FileFormatError: it stands for none.

    >>> format_to_write("tree.nwk"), format_to_write("tree.json")
    ('newick', 'json')
    """
    known = {ending: name for name in FORMATS for ending in FORMATS.get(name).endings}
    ending = Path(path).suffix.lower()
    if ending not in known:
        raise FileFormatError(
            f"{path}: {f'{ending!r} names no format' if ending else 'an ending is missing'}."
            f" Trees are written as {', '.join(sorted(known))}. For "
            "another ending name the format; taxonomy convert --help lists them."
            f"{elsewhere(ending)}"
        )
    return known[ending]


def open_content(path: Path | str) -> Content:
    """Return the bytes of a file.

    Raises:
        FileFormatError: it cannot be read, or is larger than a gigabyte.
    """
    check_path(path, "the file", FileFormatError)
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror}).") from error
    if len(data) > MOST_BYTES:
        raise FileFormatError(f"{path}: is larger than {MOST_BYTES:,} bytes, and no tree is.")
    return Content(data, str(path))


def read_content(content: Content, made: Format, parents: Parents) -> Reading:
    """Read content in a format; errors name the file.

    Raises:
        FileFormatError: it is not of the format, or cannot be made a tree.
    """
    check_choice("parents", parents, Parents, HierarchyError)
    try:
        return made.read(content, parents)
    except FileFormatError:
        raise
    except HierarchyError as error:
        raise FileFormatError(told(content.where, str(error))) from error


def recognised(content: Content) -> str:
    """Return the format of a file, by the ending of its name and its content.

    Raises:
        FileFormatError: it is of none.
    """
    ending = Path(content.where).suffix.lower()
    formats = {name: FORMATS.get(name) for name in FORMATS}
    named = [name for name, cls in formats.items() if ending in cls.endings + cls.also]
    if len(named) == 1:
        return named[0]
    for name in sorted(named or formats, key=lambda name: -formats[name].sure):
        if formats[name]().fits(content):
            return name
    if named:
        own = [name for name in named if ending in formats[name].endings]
        raise FileFormatError(
            told(
                content.where,
                f"the content is of none of the formats that end in {ending}: "
                f"{', '.join(named)}. If it is a tree, name its format: taxonomy convert --help "
                f"lists them.{_why_not(content, own)}",
            )
        )
    raise FileFormatError(
        f"{content.where}: no known format. If it is a tree, name its format, which is one of: "
        f"{', '.join(FORMATS)}."
    )


def _why_not(content: Content, names: list[str]) -> str:
    """Return why a file is not of the one format that is written under its ending."""
    if len(names) != 1 or names == ["json"]:  # of which most files are not meant to be
        return ""
    try:
        FORMATS.get(names[0])().read(content, "first")
    except TaxonomyError as error:
        return f" As {names[0]}: {error}"
    return ""


def _provenance(name: str, content: Content, reading: Reading) -> dict[str, io.Json]:
    facts = io.provenance("read_tree", format=name, file=Path(content.where).name)
    return {**facts, "notes": list(reading.notes)} if reading.notes else facts


def tree_of(reading: Reading, content: Content, facts: dict[str, io.Json]) -> Hierarchy:
    """Return the tree of what was read, made by the facts.

    Raises:
        FileFormatError: it is none, or another one than the file says.
    """
    try:
        tree = Hierarchy.from_raw(reading.raw, facts)
    except HierarchyError as error:
        raise FileFormatError(told(content.where, str(error))) from error
    if reading.digest not in ("", tree.digest):
        raise FileFormatError(
            f"{content.where}: the content does not match its digest; the file was damaged or "
            "edited. Generate it again, or remove the line 'digest' if the edit was meant."
        )
    return tree
