"""A network's predictions as the few numbers from which every expert's accuracy follows exactly.

An expert is right about a picture unless one of its classes outdoes the picture's own. So of a
picture's logits only the *rivals* matter: the classes whose logit is above that of its own class
(among equals, the first by label id wins, as everywhere here). Listed best first, they also say
what a wrong expert answers: the first rival that it has. Most pictures of a good network have none,
so that this takes a hundredth of the logits' bytes, and nothing is rounded.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy._core.errors import DataError, FileFormatError
from taxonomy.predictions import Predictions

MOST_CLASSES = 1 << 16
_ROWS = 1 << 24
"""Logits looked at in one go."""


@dataclass(frozen=True, eq=False)
class Answers:
    """The true class and the rivals of every picture of a split.

    Args:
        targets: column of each picture's class, shape (pictures,).
        counts: how many rivals each has, shape (pictures,).
        rivals: their columns, best first, those of one picture after those of another.
        classes: how many there are.

    Raises:
        FileFormatError: numbers that do not fit together.
    """

    targets: IntArray
    counts: IntArray
    rivals: IntArray
    classes: int

    def __post_init__(self) -> None:
        """Check the shapes and the ranges."""
        columns = np.concatenate([self.targets, self.rivals])
        if (
            len(self.targets) != len(self.counts)
            or int(self.counts.sum()) != len(self.rivals)
            or columns.max(initial=0) >= self.classes
        ):
            raise FileFormatError("The answers of a network do not fit together; write them again.")

    @classmethod
    def of(cls, predictions: Predictions) -> Answers:
        """Return the answers of a network.

        Raises:
            DataError: there are more than 65,536 classes.

        >>> Answers.of(Predictions(["a", "b", "c"], [[1, 3, 2], [5, 3, 4]], [0, 0], "val")).rivals
        array([1, 2])
        """
        classes = len(predictions.ids)
        if classes > MOST_CLASSES:
            raise DataError(f"At most {MOST_CLASSES:,} classes can be explored, not {classes:,}.")
        counts, rivals = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        at_once = max(1, _ROWS // classes)
        for start in range(0, len(predictions), at_once):
            logits = predictions.logits[start : start + at_once]
            place = predictions.targets[start : start + at_once, None]
            own = np.take_along_axis(logits, place, 1)
            ahead = (logits > own) | ((logits == own) & (np.arange(classes) < place))
            rows, columns = np.nonzero(ahead)
            order = np.lexsort((columns, -logits[rows, columns], rows))
            counts.append(ahead.sum(1))
            rivals.append(columns[order])
        return cls(predictions.targets, np.concatenate(counts), np.concatenate(rivals), classes)

    def to_text(self) -> str:
        """Return base64 of all numbers: how many pictures (uint32), then uint16s, small end first.

        >>> Answers.from_text(Answers(*map(np.array, ([1], [1], [0])), 2).to_text(), 2).rivals
        array([0])
        """
        numbers = np.concatenate([self.targets, self.counts, self.rivals]).astype("<u2")
        head = np.array([len(self.targets)], dtype="<u4")
        return base64.b64encode(head.tobytes() + numbers.tobytes()).decode()

    @classmethod
    def from_text(cls, text: str, classes: int) -> Answers:
        """Read what `to_text` returned.

        Raises:
            FileFormatError: it is something else.
        """
        try:
            data = base64.b64decode(text, validate=True)
            count = int(np.frombuffer(data[:4], "<u4")[0])
            numbers = np.frombuffer(data[4:], "<u2").astype(np.int64)
        except (ValueError, IndexError) as error:
            raise FileFormatError(f"The answers of a network are damaged: {error}.") from error
        return cls(numbers[:count], numbers[count : 2 * count], numbers[2 * count :], classes)

    @cached_property
    def _picture(self) -> IntArray:
        """The picture of each rival."""
        return np.repeat(np.arange(len(self.targets)), self.counts)

    def right(self, columns: Iterable[int]) -> tuple[BoolArray, BoolArray]:
        """Return which pictures are of some classes, and which of all their expert is right about.

        Args:
            columns: of the expert's classes.

        Returns:
            Two arrays of shape (pictures,), the second one true for the first's pictures alone.
        """
        chosen = np.zeros(self.classes, dtype=bool)
        chosen[list(columns)] = True
        asked = chosen[self.targets]
        wrong = np.zeros(len(self.targets), dtype=bool)
        wrong[self._picture[chosen[self.rivals]]] = True
        return asked, asked & ~wrong
