"""`Classified`: what a network says about some pictures, class by class and node by node."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from functools import cached_property
from io import StringIO
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import DataError, check_whole
from taxonomy._core.spelling import counted
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import called


class Step(NamedTuple):
    """A node or a class on a way down the tree, with the probability of the classes below it."""

    name: str
    probability: float


class Classified:
    """Class probabilities of some pictures, and with the tree those of every node.

    A node's probability is the sum of its classes', so a coarse answer can be sure where a fine
    one is not.

    Args:
        pictures: what each picture is called.
        hierarchy: the network's tree.
        logits: the network's output, shape (pictures, classes).

    Raises:
        DataError: shapes that do not agree, or logits that are not finite.

    >>> tree = Hierarchy.from_nested({"pet": ["cat", "dog"], "car": ["bus", "taxi"]})
    >>> print(Classified(["a.png"], tree, np.log([[0.02, 0.7, 0.2, 0.08]])).to_text(top=2))
    a.png
      pet 90.0%
        cat 70.0%
        dog 20.0%
    """

    def __init__(
        self, pictures: Iterable[str], hierarchy: Hierarchy, logits: npt.ArrayLike
    ) -> None:
        self.pictures, self.hierarchy = tuple(pictures), hierarchy
        values = np.asarray(logits, dtype=np.float64)
        if values.shape != (len(self.pictures), len(hierarchy.leaves)):
            raise DataError(
                f"Logits of shape {values.shape} do not fit "
                f"{counted(len(self.pictures), 'picture')} and "
                f"{counted(len(hierarchy.leaves), 'class')}."
            )
        if not np.isfinite(values).all():
            raise DataError("The logits hold NaN or infinity; the network has diverged.")
        odds = np.exp(values - values.max(axis=1, keepdims=True))
        self.probabilities: FloatArray = odds / odds.sum(axis=1, keepdims=True)
        """Shape (pictures, classes), by the order of `classes`; a row sums to 1."""
        self.probabilities.setflags(write=False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The label ids, in the order of the columns."""
        return self.hierarchy.leaves

    def __len__(self) -> int:
        """Return the number of pictures."""
        return len(self.pictures)

    def __repr__(self) -> str:
        """Show the size."""
        return f"Classified({counted(len(self), 'picture')}, {counted(len(self.classes), 'class')})"

    @cached_property
    def node_probabilities(self) -> FloatArray:
        """Per picture the probability of every entry of the tree, shape (pictures, entries)."""
        tree = self.hierarchy
        own = np.zeros((len(self), len(tree) + 1))
        own[:, tree.leaf_entries + 1] = self.probabilities
        before = own.cumsum(axis=1)
        below: FloatArray = before[:, tree.stop] - before[:, :-1]
        return below

    @cached_property
    def _names(self) -> dict[int, str]:
        """What nodes are called: by their names, else by a class below and how many more."""
        return called(self.hierarchy)

    def best(self, picture: int, top: int = 5) -> list[Step]:
        """Return a picture's most probable classes, best first; equal ones by their ids.

        Args:
            picture: its number.
            top: how many classes, at least 1; all where there are fewer.

        Raises:
            DataError: ``top`` is no such number.
        """
        check_whole("`top`", top, 1, 10**9, DataError)
        order = np.argsort(-self.probabilities[picture], kind="stable")[:top]
        return [Step(self.classes[i], float(self.probabilities[picture, i])) for i in order]

    def path(self, picture: int, name: str | None = None) -> list[Step]:
        """Return the way down the tree to a class, coarse to fine, the root left out.

        Args:
            picture: number of the picture.
            name: the class; by default the most probable one.

        Raises:
            LabelError: the tree does not hold the class.
        """
        tree = self.hierarchy
        if name is None:
            name = self.best(picture, 1)[0].name
        nodes = [node for node in reversed(tree.ancestors(name)) if node]
        leaf = int(tree.leaf_entries[tree.positions([name])[0]])
        steps = [(self._names[node], node) for node in nodes] + [(name, leaf)]
        chances = self.node_probabilities[picture]
        return [Step(called, float(chances[entry])) for called, entry in steps]

    def to_text(self, top: int = 5) -> str:
        """Return one indented block a picture: the way down to its class, and the next classes.

        Args:
            top: how many classes are shown.
        """
        lines = []
        for number, picture in enumerate(self.pictures):
            lines.append(picture)
            *above, _ = self.path(number)
            for depth, step in enumerate([*above, *self.best(number, top)], start=1):
                indent = "  " * min(depth, len(above) + 1)
                lines.append(f"{indent}{step.name} {step.probability:.1%}")
        return "\n".join(lines)

    def to_dicts(self, top: int = 5) -> list[dict[str, io.Json]]:
        """Return one JSON object a picture: its best classes, and the way down to the first."""
        return [
            {
                "picture": picture,
                "classes": [_dict(step) for step in self.best(number, top)],
                "path": [_dict(step) for step in self.path(number)],
            }
            for number, picture in enumerate(self.pictures)
        ]

    def to_csv(self, top: int = 5) -> str:
        """Return a table as CSV, a line a picture and class.

        Its columns are picture, rank, class, probability and path, the way down to the class,
        such as ``pet 0.900 > cat 0.700``.
        """
        table = StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["picture", "rank", "class", "probability", "path"])
        for number, picture in enumerate(self.pictures):
            for rank, step in enumerate(self.best(number, top), start=1):
                way = _written(self.path(number, step.name))
                writer.writerow([picture, rank, step.name, f"{step.probability:.6f}", way])
        return table.getvalue()


def _written(steps: Sequence[Step]) -> str:
    return " > ".join(f"{step.name} {step.probability:.3f}" for step in steps)


def _dict(step: Step) -> dict[str, io.Json]:
    return {"name": step.name, "probability": round(step.probability, 6)}
