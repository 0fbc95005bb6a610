"""Task lists by name, by file and by the classes that they are over."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import overload

from taxonomy._core import shipped
from taxonomy._core.checked import check_path
from taxonomy._core.errors import (
    FileFormatError,
    LabelError,
    did_you_mean,
)
from taxonomy.tasks.drawing import draw_tasks
from taxonomy.tasks.task_list import TaskList
from taxonomy.trees.hierarchy import Hierarchy

log = logging.getLogger(__name__)


def get_tasks(name: Path | str, classes: Iterable[str] | None = None) -> TaskList:
    """Return a shipped task list by the name of its label set, or read one from a file.

    Args:
        name: a shipped list such as ``icons``, or a file as `TaskList.load` reads it.
        classes: all label ids that the file's tasks may ask for; by default those that it names.

    Raises:
        FileFormatError: there is no such list, or the file is damaged; the line or place is named.
        LabelError: a task has an unknown class, one twice, or an impossible count.

    >>> get_tasks("icons").digest[:8]
    'bd52222a'
    """
    check_path(name, "the task list", FileFormatError)
    ending = f"/{TASKS_FILE}"
    name = str(name).removesuffix(ending) if not Path(name).exists() else name
    lists = [file.removesuffix(ending) for file in shipped.index() if file.endswith(ending)]
    if str(name) in lists:
        return TaskList.load(shipped.path(f"{name}{ending}"))
    if not Path(name).exists():
        raise FileFormatError(
            f"{name}: no such file, and no shipped task list.{did_you_mean(str(name), lists)} "
            f"Shipped: {', '.join(lists)}."
        )
    return TaskList.load(name, classes)


TASKS_FILE = "tasks.json"
"""The name of a shipped label set's task list, in its folder."""


@overload
def tasks_for(classes: Iterable[str], given: Path | str | None = None) -> TaskList: ...


@overload
def tasks_for(
    classes: Iterable[str], given: Path | str | None = None, *, required: bool
) -> TaskList | None: ...


def tasks_for(
    classes: Iterable[str], given: Path | str | None = None, *, required: bool = True
) -> TaskList | None:
    """Return the tasks of a list, or the shipped ones over the same classes.

    Args:
        classes: that the tasks are over.
        given: a task list's name or file; where left out, the shipped list over just these classes.
        required: whether it is an error if there is no such list; else None is returned.

    Raises:
        LabelError: no list is given and none is shipped for these classes, or the list given asks
            for other classes.

    >>> from taxonomy.labels import get_labels
    >>> len(tasks_for(get_labels("icons").ids))
    1612
    >>> tasks_for(["cat", "dog"], required=False) is None
    True
    """
    known = tuple(sorted(classes))
    if given is not None:
        return get_tasks(given, known)
    for name in shipped.index():
        if (
            name.endswith("/tasks.json")
            and (found := get_tasks(name.partition("/")[0])).ids == known
        ):
            return found
    if not required:
        return None
    raise LabelError(
        "No task list is shipped for these classes; write one, a line a task with the classes that "
        "an expert is wanted for, such as: cat,dog. Name its file as `tasks`."
    )


def tasks_of(tree: Hierarchy, given: Path | str | None = None) -> TaskList:
    """Return the tasks of a list, else the shipped ones over a tree's classes, else drawn ones.

    Args:
        tree: that the tasks are over the classes of.
        given: a task list's name or file.

    Raises:
        LabelError: the list given asks for other classes, or the tree is too small to draw tasks.

    >>> print(tasks_of(Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])))
    16 tasks over 4 classes: 6 coherent, 4 mixed, 6 random
    """
    if given is not None:
        return get_tasks(given, tree.leaves)
    if (found := tasks_for(tree.leaves, required=False)) is not None:
        return found
    drawn = draw_tasks(tree)
    log.info("No task list is named: %s, drawn from the tree (taxonomy tasks writes them).", drawn)
    return drawn
