"""`Task`: a subset of classes that an expert is asked for, and seeded sampling of many."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from io import StringIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, LabelError, TaxonomyError
from taxonomy.labels import check_classes
from taxonomy.trees.hierarchy import Hierarchy

FORMAT = "taxonomy-tasks"


@dataclass(frozen=True)
class Task:
    """A subset of classes.

    Args:
        id: unique in its list.
        classes: label ids, sorted.
        kind: how it was drawn: ``coherent``, ``mixed``, ``random`` or ``named``.
        reference: the tree it was drawn from; empty when from none.
        count: how often it is asked for.
    """

    id: str
    classes: tuple[str, ...]
    kind: str = "named"
    reference: str = ""
    count: int = 1

    @property
    def size(self) -> int:
        """The number of classes, k."""
        return len(self.classes)


class TaskList:
    """An immutable list of tasks over one label set.

    Raises:
        LabelError: a task has an unknown class or an impossible count, or two tasks have one id.
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        ids: Iterable[str],
        provenance: Mapping[str, io.Json] | None = None,
    ) -> None:
        self.ids = tuple(sorted(ids))
        self._tasks = tuple(tasks)
        self.provenance = dict(provenance or {})
        seen: set[str] = set()
        for task in self._tasks:
            if task.id in seen:
                raise LabelError(f"The task id {task.id!r} occurs twice.")
            seen.add(task.id)
            if isinstance(task.count, bool) or not isinstance(task.count, int) or task.count < 1:
                raise LabelError(
                    f"Task {task.id!r} is asked for {task.count!r} times; count from 1."
                )
            try:
                check_classes(task.classes, self.ids)
            except LabelError as error:
                raise LabelError(f"Task {task.id!r}: {error}") from error

    def __iter__(self) -> Iterator[Task]:
        """Iterate over the tasks."""
        return iter(self._tasks)

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self._tasks)

    def select(
        self, kind: str | None = None, size: int | None = None, reference: str | None = None
    ) -> TaskList:
        """Return the tasks of one kind, size or reference."""
        kept = (
            task
            for task in self
            if (kind is None or task.kind == kind)
            and (size is None or task.size == size)
            and (reference is None or task.reference == reference)
        )
        return TaskList(kept, self.ids, self.provenance)

    @cached_property
    def membership(self) -> npt.NDArray[np.bool_]:
        """Which task asks for which class, shape (tasks, classes), classes in order of ``ids``."""
        position = {name: i for i, name in enumerate(self.ids)}
        table = np.zeros((len(self), len(self.ids)), dtype=bool)
        for row, task in enumerate(self):
            table[row, [position[name] for name in task.classes]] = True
        return table

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How often each task is asked for, shape (tasks,)."""
        return np.array([task.count for task in self], dtype=np.int64)

    def restrict(self, classes: Iterable[str]) -> TaskList:
        """Return what the tasks ask for among some of the classes; tasks of none are left out.

        Raises:
            LabelError: no class, an unknown one, or one given twice.

        >>> some = TaskList([Task("1", ("bus", "cat")), Task("2", ("bus",))], ["bus", "cat", "dog"])
        >>> [task.classes for task in some.restrict(["cat", "dog"])]
        [('cat',)]
        """
        chosen = check_classes(classes, self.ids)
        kept = set(chosen)
        cut = (replace(t, classes=tuple(c for c in t.classes if c in kept)) for t in self)
        made = {**self.provenance, "restricted_from": self.digest}
        return TaskList((task for task in cut if task.classes), chosen, made)

    @cached_property
    def digest(self) -> str:
        """The sha256 of ids and tasks."""
        return io.digest(self._content())

    def _content(self) -> dict[str, io.Json]:
        tasks = [
            {"id": t.id, "kind": t.kind, "reference": t.reference, "classes": list(t.classes)}
            | ({"count": t.count} if t.count != 1 else {})
            for t in self
        ]
        return {"format": FORMAT, "version": 1, "ids": list(self.ids), "tasks": tasks}

    def save(self, path: Path | str) -> None:
        """Write the list atomically as JSON, one task a line."""
        content = self._content()
        tasks = ",\n  ".join(io.canonical_json(task) for task in content["tasks"])
        io.write_text(
            path,
            f'{{"format": "{FORMAT}", "version": 1,\n "digest": "{self.digest}",\n'
            f' "provenance": {io.canonical_json(self.provenance)},\n'
            f' "ids": {io.canonical_json(content["ids"])},\n "tasks": [\n  {tasks}\n ]}}\n',
        )

    @classmethod
    def read(cls, path: Path | str, ids: Iterable[str]) -> TaskList:
        """Read a task list from CSV, one task a row: its count, then its classes.

        A row without classes, or one that begins with ``#``, is passed over. Files that end in
        ``.json`` are read by `load`, and ``ids`` is not looked at.

        Args:
            path: the file.
            ids: all label ids that tasks may ask for.

        Raises:
            FileFormatError: the file is unreadable, or holds no task.
            LabelError: a count that is no whole number from 1, or an unknown class; the line is
                named.
        """
        if str(path).endswith(".json"):
            return cls.load(path)
        known = tuple(ids)
        reader = csv.reader(StringIO(io.read_text(path)), skipinitialspace=True)
        tasks: list[Task] = []
        for row in reader:
            cells = [cell.strip() for cell in row if cell.strip()]
            if len(cells) < 2 or cells[0].startswith("#"):
                continue
            where = f"{path}, line {reader.line_num}"
            try:
                classes = check_classes(cells[1:], known)
            except LabelError as error:
                raise LabelError(f"{where}: {error}") from error
            if not cells[0].isdecimal() or not int(cells[0]):
                raise LabelError(
                    f"{where}: begins with {cells[0]!r}; write how often the task is asked for, "
                    "then its classes: 12,cat,dog."
                )
            tasks.append(Task(f"{len(tasks):06d}", classes, count=int(cells[0])))
        if not tasks:
            raise FileFormatError(f"{path}: holds no task; write one a line: 12,cat,dog.")
        return cls(tasks, known, {"made_by": "TaskList.read", "file": io.file_digest(path)})

    @classmethod
    def load(cls, path: Path | str) -> TaskList:
        """Read what `save` wrote.

        Raises:
            FileFormatError: the file is unreadable, of another format or damaged.
        """
        content = io.read_json(path)
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise FileFormatError(f"{path}: not a {FORMAT} file.")
        try:
            tasks = (
                Task(t["id"], tuple(t["classes"]), t["kind"], t["reference"], t.get("count", 1))
                for t in content["tasks"]
            )
            loaded = cls(tasks, content["ids"], content.get("provenance"))
        except (KeyError, TypeError, TaxonomyError) as error:
            raise FileFormatError(f"{path}: a malformed task ({error}).") from error
        if content.get("digest") != loaded.digest:
            raise FileFormatError(f"{path}: the content does not match its digest.")
        return loaded


def sample_coherent(
    reference: Hierarchy, name: str, size: int, count: int, seed: int
) -> list[Task]:
    """Draw tasks of classes that belong together: from one clade of ``size`` to ``4 size`` leaves.

    A clade is drawn uniformly among those of that size, then its classes.

    Raises:
        LabelError: the reference has no such clade.
    """
    clades = _clades(reference, size, 4 * size)
    if not clades:
        raise LabelError(f"The tree {name!r} has no clade of {size} to {4 * size} classes.")
    rng = np.random.default_rng([seed, size, 1])
    tasks = []
    for i in range(count):
        clade = clades[rng.integers(len(clades))]
        classes = rng.choice(np.array(clade, dtype=object), size, replace=False)
        tasks.append(_task("coherent", name, size, i, classes))
    return tasks


def sample_mixed(reference: Hierarchy, name: str, size: int, count: int, seed: int) -> list[Task]:
    """Draw tasks from two clades, or three where ``size`` allows, that share no class.

    Each clade gives an equal share of the classes, the first ones taking what is over.

    Raises:
        LabelError: the reference has too few clades that share no class.
    """
    rng = np.random.default_rng([seed, size, 2])
    tasks: list[Task] = []
    for i in range(count):
        parts = 2 if size < 3 else int(rng.integers(2, 4))
        share = [size // parts + (j < size % parts) for j in range(parts)]
        clades = _clades(reference, max(share), 4 * max(share))
        for _ in range(1000):
            picks = [clades[k] for k in rng.choice(len(clades), min(parts, len(clades)), False)]
            if len(picks) == parts and len(set().union(*picks)) == sum(map(len, picks)):
                break
        else:
            raise LabelError(
                f"The tree {name!r} has no {parts} disjoint clades for {size} classes."
            )
        classes = [
            name
            for pick, n in zip(picks, share, strict=True)
            for name in rng.choice(np.array(pick, dtype=object), n, replace=False)
        ]
        tasks.append(_task("mixed", name, size, i, classes))
    return tasks


def sample_random(ids: Iterable[str], size: int, count: int, seed: int) -> list[Task]:
    """Draw tasks uniformly from all classes."""
    pool = np.array(sorted(ids), dtype=object)
    rng = np.random.default_rng([seed, size, 3])
    return [
        _task("random", "", size, i, rng.choice(pool, size, replace=False)) for i in range(count)
    ]


def _clades(reference: Hierarchy, least: int, most: int) -> list[tuple[str, ...]]:
    """Return the distinct clades of a size, by inner node, in canonical order."""
    nodes = [n for n in reference.nodes if least <= reference.leaf_counts[n] <= most]
    return list(dict.fromkeys(reference.clade(node) for node in nodes))


def _task(kind: str, reference: str, size: int, number: int, classes: Iterable[str]) -> Task:
    parts = [kind, reference, str(size), f"{number:03d}"]
    chosen = tuple(sorted(str(name) for name in classes))
    return Task("-".join(part for part in parts if part), chosen, kind, reference)
