"""Tasks drawn by chance: from one branch of a tree, from several, or from all classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

import numpy as np

from taxonomy._core import io
from taxonomy._core.errors import (
    LabelError,
    check_whole,
)
from taxonomy._core.spelling import counted
from taxonomy.tasks.task_list import MOST_COUNT, Task, TaskList
from taxonomy.trees.hierarchy import Hierarchy

_MOST_DRAWN = 10
"""Tasks drawn for each that is wanted, where a small tree gives some of them several times."""


def sample_coherent(
    reference: Hierarchy, name: str, size: int, count: int, seed: int
) -> list[Task]:
    """Draw tasks of classes that belong together: from one clade of ``size`` to ``4 size`` leaves.

    A clade is drawn uniformly among those of that size, then its classes.

    Args:
        reference: the tree.
        name: what the tasks call it.
        size: classes a task.
        count: number of tasks; fewer are the first of more.
        seed: of the drawing.

    Raises:
        LabelError: the reference has no such clade.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> [task.classes for task in sample_coherent(tree, "mine", size=2, count=2, seed=0)]
    [('cat', 'dog'), ('cat', 'dog')]
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

    Arguments as `sample_coherent`.

    Raises:
        LabelError: the reference has too few clades that share no class.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> [task.classes for task in sample_mixed(tree, "mine", size=4, count=1, seed=0)]
    [('bus', 'car', 'cat', 'dog')]
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
    """Draw tasks uniformly from all classes.

    Args:
        ids: the classes.
        size: classes a task.
        count: number of tasks; fewer are the first of more.
        seed: of the drawing.

    Raises:
        LabelError: there are fewer classes than a task is to have.

    >>> [task.classes for task in sample_random(["cat", "dog", "bus"], size=2, count=2, seed=0)]
    [('bus', 'cat'), ('bus', 'dog')]
    """
    if not 1 <= size <= len(ids := tuple(ids)):
        raise LabelError(
            f"size is {size}; give a number from 1 to {len(ids)}, the number of classes."
        )
    pool = np.array(sorted(ids), dtype=object)
    rng = np.random.default_rng([seed, size, 3])
    return [
        _task("random", "", size, i, rng.choice(pool, size, replace=False)) for i in range(count)
    ]


def draw_tasks(
    tree: Hierarchy,
    *,
    sizes: tuple[int, ...] = (2, 5, 10, 20),
    count: int = 50,
    seed: int = 0,
    name: str = "tree",
) -> TaskList:
    """Draw tasks from a tree: coherent, mixed and random ones of several sizes.

    Kinds that a size makes impossible are left out: a tree may have no branch large enough.

    Args:
        tree: any tree.
        sizes: numbers of classes a task; those that leave no class out are passed over.
        count: tasks of each kind and size, fewer where a small tree has no more different ones.
        seed: of the drawing.
        name: what the tasks call the tree.

    Raises:
        LabelError: the tree has too few classes for any of the sizes, or a number below 1.

    >>> print(draw_tasks(Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]]), count=3))
    9 tasks over 4 classes: 3 coherent, 3 mixed, 3 random
    """
    check_whole("`count`", count, 1, MOST_COUNT, LabelError)
    for size in sizes:
        check_whole("`sizes`", size, 1, MOST_COUNT, LabelError)
    tasks: list[Task] = []
    fitting = [size for size in sizes if size < len(tree.leaves)]
    for draw in (sample_coherent, sample_mixed):
        for size in fitting:
            with suppress(LabelError):  # no branches for tasks of this size
                tasks += _different(partial(draw, tree, name, size, seed=seed), count)
    for size in fitting:
        tasks += _different(partial(sample_random, tree.leaves, size, seed=seed), count)
    if not tasks:
        raise LabelError(
            f"A tree of {counted(len(tree.leaves), 'class')} has no tasks of "
            f"{', '.join(map(str, sizes))} "
            "classes that leave any out; give smaller `sizes`."
        )
    made = io.provenance("draw_tasks", tree=tree.digest, seed=seed)
    return TaskList(tasks, tree.leaves, made)


def _different(draw: Callable[[int], list[Task]], count: int) -> list[Task]:
    """Return up to a number of tasks of different classes, the first that are drawn."""
    for drawn in (count, _MOST_DRAWN * count):
        different = {task.classes: task for task in reversed(draw(drawn))}
        if len(different) >= count or drawn > MOST_COUNT:
            break
    return sorted(different.values(), key=lambda task: task.id)[:count]


def _clades(reference: Hierarchy, least: int, most: int) -> list[tuple[str, ...]]:
    """Return the distinct clades of a size, by inner node, in canonical order."""
    nodes = [n for n in reference.nodes if least <= reference.leaf_counts[n] <= most]
    return list(dict.fromkeys(reference.clade(node) for node in nodes))


def _task(kind: str, reference: str, size: int, number: int, classes: Iterable[str]) -> Task:
    parts = [kind, reference, str(size), f"{number:03d}"]
    chosen = tuple(sorted(str(name) for name in classes))
    return Task("-".join(part for part in parts if part), chosen, kind, reference)
