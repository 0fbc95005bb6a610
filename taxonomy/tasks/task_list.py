"""A task, a list of them, and the files that hold one."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from io import StringIO
from pathlib import Path

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy._core.checked import check_kind, check_several
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.endings import TASKS, check_ending
from taxonomy._core.errors import (
    FileFormatError,
    LabelError,
    check_whole,
    shown,
    told,
)
from taxonomy._core.recorded import Recorded
from taxonomy._core.registry import lookup
from taxonomy._core.spelling import counted
from taxonomy.labels import check_classes, fault_of

FORMAT = "taxonomy-tasks"
MOST_COUNT = 10**12


@dataclass(frozen=True)
class Task:
    """A set of classes that an expert is asked for.

    Args:
        id: unique in its list.
        classes: label ids, at least one; they are kept sorted.
        kind: a word of your own by which tables group tasks; the samplers below write
            ``coherent``, ``mixed`` and ``random``.
        reference: the tree it was drawn from; empty when from none.
        count: how often it is asked for, from 1 to 10^12.

    Raises:
        LabelError: the classes are one text and not several, or an impossible count.

    >>> Task("pets", ("dog", "cat"))
    Task(id='pets', classes=('cat', 'dog'), kind='named', reference='', count=1)
    """

    id: str
    classes: tuple[str, ...]
    kind: str = "named"
    reference: str = ""
    count: int = 1

    def __post_init__(self) -> None:
        """Sort the classes and check the count."""
        if isinstance(self.classes, str):
            raise LabelError(
                f"Task {shown(self.id)}: its classes are the text {shown(self.classes)}; give a "
                "tuple of label ids."
            )
        check_several(self.classes, "classes", LabelError)
        for name in self.classes:
            check_kind(name, str, "a class", LabelError)
        object.__setattr__(self, "classes", tuple(sorted(self.classes)))
        check_whole(f"count of task {shown(self.id)}", self.count, 1, MOST_COUNT, LabelError)

    @property
    def size(self) -> int:
        """The number of classes."""
        return len(self.classes)


class TaskList(Recorded):
    """An immutable list of tasks over one label set.

    Args:
        tasks: in the order in which tables show them.
        ids: all label ids that tasks may ask for, in any order.
        provenance: what made the list.

    Raises:
        LabelError: a task has no class, an unknown one or one twice, two tasks have one id, or a
            label id holds a control character or is too long.

    >>> pets, bus = Task("pets", ("cat", "dog")), Task("bus", ("bus",))
    >>> tasks = TaskList([pets, bus], ids=["bus", "cat", "dog"])
    >>> [task.size for task in tasks], tasks.membership.tolist()
    ([2, 1], [[False, True, True], [True, False, False]])
    """

    def __init__(
        self,
        tasks: Iterable[Task],
        ids: Iterable[str],
        provenance: Mapping[str, io.Json] | None = None,
    ) -> None:
        check_several(ids, "labels", LabelError)
        check_several(tasks, "tasks", LabelError)
        self.ids = tuple(ids)
        _check_names(self.ids)
        self.ids = tuple(sorted(self.ids))
        self._tasks = tuple(tasks)
        for task in self._tasks:
            check_kind(task, Task, "a task", LabelError)
        self._record(provenance)
        seen: set[str] = set()
        for task in self._tasks:
            if task.id in seen:
                raise LabelError(f"The task id {shown(task.id)} occurs twice.")
            seen.add(task.id)
            try:
                check_classes(task.classes, self.ids)
            except LabelError as error:
                raise LabelError(f"Task {shown(task.id)}: {error}") from error

    def __iter__(self) -> Iterator[Task]:
        """Iterate over the tasks."""
        return iter(self._tasks)

    def __len__(self) -> int:
        """Return the number of tasks."""
        return len(self._tasks)

    def __str__(self) -> str:
        """Say how many tasks there are, by kind.

        >>> print(TaskList([Task("pets", ("cat", "dog"))], ["bus", "cat", "dog"]))
        1 task over 3 classes: 1 named
        """
        kinds = Counter(task.kind for task in self)
        parts = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "none"
        return f"{counted(len(self), 'task')} over {counted(len(self.ids), 'class')}: {parts}"

    def select(
        self, kind: str | None = None, size: int | None = None, reference: str | None = None
    ) -> TaskList:
        """Return the tasks of one kind, size or reference.

        Args:
            kind: as the tasks say it; any where it is left out.
            size: number of classes, likewise.
            reference: the tree they were drawn from, likewise.

        >>> from taxonomy.tasks import get_tasks
        >>> len(get_tasks("icons").select(kind="coherent", size=5))
        200
        """
        kept = (
            task
            for task in self
            if (kind is None or task.kind == kind)
            and (size is None or task.size == size)
            and (reference is None or task.reference == reference)
        )
        return TaskList(kept, self.ids, self.provenance)

    @cached_property
    def membership(self) -> BoolArray:
        """Which task asks for which class, shape (tasks, classes), classes in order of ``ids``."""
        position = {name: i for i, name in enumerate(self.ids)}
        table = np.zeros((len(self), len(self.ids)), dtype=bool)
        for row, task in enumerate(self):
            table[row, [position[name] for name in task.classes]] = True
        return table

    def __getitem__(self, task_id: str) -> Task:
        """Return the task of an id, such as ``kitchen``.

        Raises:
            RegistryError: the list has no such task.
        """
        return lookup("task", {task.id: task for task in self}, task_id)

    @cached_property
    def counts(self) -> IntArray:
        """How often each task is asked for, shape (tasks,)."""
        return np.array([task.count for task in self], dtype=np.int64)

    def restrict(self, classes: Iterable[str]) -> TaskList:
        """Return the tasks over some of the classes only; tasks without any of them are left out.

        Raises:
            LabelError: no class, an unknown one, or one given twice.

        >>> some = TaskList([Task("1", ("bus", "cat")), Task("2", ("bus",))], ["bus", "cat", "dog"])
        >>> [task.classes for task in some.restrict(["cat", "dog"])]
        [('cat',)]
        """
        chosen = check_classes(classes, self.ids)
        kept = set(chosen)
        cut = (replace(t, classes=tuple(c for c in t.classes if c in kept)) for t in self)
        facts = {**self.provenance, "restricted_from": self.digest}
        return TaskList((task for task in cut if task.classes), chosen, facts)

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
        """Write the list atomically, one task a line, as JSON or CSV by the file's ending.

        CSV holds the classes, and how often a task is asked for; kinds and ids are left out.

        Raises:
            FileFormatError: another ending.
        """
        if check_ending(path, TASKS) == ".csv":
            io.write_text(path, self._to_csv())
            return
        content = self._content()
        tasks = ",\n  ".join(io.canonical_json(task) for task in content["tasks"])
        io.write_text(
            path,
            f'{{"format": "{FORMAT}", "version": 1,\n "digest": "{self.digest}",\n'
            f' "provenance": {io.canonical_json(dict(self.provenance))},\n'
            f' "ids": {io.canonical_json(content["ids"])},\n "tasks": [\n  {tasks}\n ]}}\n',
        )

    def _to_csv(self) -> str:
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for task in self:
            # Or the first class would be read as a count, or its line as a comment.
            unclear = task.classes[0].isdecimal() or task.classes[0].startswith("#")
            counted = task.count != 1 or unclear
            writer.writerow([task.count, *task.classes] if counted else task.classes)
        return text.getvalue()

    @classmethod
    def load(cls, path: Path | str, classes: Iterable[str] | None = None) -> TaskList:
        """Read a task list: CSV with one task a line, or JSON.

        A line of CSV holds the classes of one task, and before them, where wanted, how often it is
        asked for: ``12,cat,dog``. A first cell that is itself one of the given classes is a class.
        Empty lines and those that begin with ``#`` are passed over. JSON is what `save` writes; of
        each task only its ``classes`` are needed, and the ``digest`` is compared where there is
        one.

        Args:
            path: the file.
            classes: all label ids that tasks may ask for; by default those that the file names.
                A JSON file with ``ids`` of its own keeps them.

        Raises:
            FileFormatError: the file is unreadable, of another format or damaged; the line, or the
                place in the JSON, is named.
            LabelError: a task has an unknown class, one twice, or an impossible count.
        """
        text = io.read_text(path)
        known = None if classes is None else tuple(classes)
        if text.lstrip().startswith(("{", "[")):
            return cls._from_json(parse_json(text, path), known, path)
        tasks = list(_csv_tasks(text, known, path))
        if not tasks:
            raise FileFormatError(f"{path}: holds no task; write one a line: cat,dog.")
        ids = {name for task in tasks for name in task.classes} if known is None else known
        return cls(tasks, ids, {"made_by": "TaskList.load", "file": io.file_digest(path)})

    @classmethod
    def _from_json(
        cls, value: io.Json, known: tuple[str, ...] | None, path: Path | str
    ) -> TaskList:
        if not isinstance(value, dict) or value.get("format") != FORMAT:
            raise FileFormatError(f'{path}: not a {FORMAT} file; its "format" says so.')
        content = decode(_Written, value, path, checked=True)
        if content.version != 1:
            raise FileFormatError(f"{path}: version {content.version} is not readable.")
        ids = content.ids or known or {name for task in content.tasks for name in task.classes}
        try:
            tasks = [
                Task(task.id or f"{i:06d}", task.classes, task.kind, task.reference, task.count)
                for i, task in enumerate(content.tasks)
            ]
            loaded = cls(tasks, ids, content.provenance)
        except LabelError as error:
            raise LabelError(told(path, str(error))) from error
        if content.digest not in ("", loaded.digest):
            raise FileFormatError(
                f"{path}: the content does not match its digest; if you changed it by hand, remove "
                'the line "digest".'
            )
        return loaded


@dataclass(frozen=True)
class _WrittenTask:
    """A task as a JSON file holds it."""

    classes: tuple[str, ...]
    id: str = ""
    kind: str = "named"
    reference: str = ""
    count: int = 1


@dataclass(frozen=True)
class _Written:
    """A task list as a JSON file holds it."""

    format: str
    tasks: tuple[_WrittenTask, ...]
    version: int = 1
    digest: str = ""
    ids: tuple[str, ...] = ()
    provenance: dict[str, io.Json] = field(default_factory=dict)


def _check_names(ids: Iterable[str]) -> None:
    """Refuse label ids that no label can have.

    Raises:
        LabelError: one holds a control character, or is too long.
    """
    for name in ids:
        check_kind(name, str, "a class of a task list", LabelError)
        if fault := fault_of(name):
            raise LabelError(f"The class {shown(name)} {fault}.")


def _csv_tasks(text: str, known: tuple[str, ...] | None, path: Path | str) -> Iterator[Task]:
    """Yield the tasks of a CSV file, numbered from 0."""
    reader = csv.reader(StringIO(text, newline=""), skipinitialspace=True)
    allowed = None if known is None else set(known)
    number = 0
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileFormatError(
                f"{path}, line {reader.line_num}: no readable CSV ({error})."
            ) from error
        cells = [cell.strip() for cell in row if cell.strip()]
        if not cells or cells[0].startswith("#"):
            continue
        count = 1
        if cells[0].isdecimal() and (allowed is None or cells[0] not in allowed):
            # A longer number is beyond every count, and too long ones cannot be read at all.
            count = int(cells[0]) if len(cells[0]) <= len(str(MOST_COUNT)) else MOST_COUNT + 1
            del cells[0]
        try:
            if known is None:
                _check_names(cells)
            classes = cells if known is None else check_classes(cells, known)
            yield Task(f"{number:06d}", check_classes(classes, classes), count=count)
        except LabelError as error:
            raise LabelError(told(f"{path}, line {reader.line_num}", str(error))) from error
        number += 1
