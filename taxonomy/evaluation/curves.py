"""Accuracy over cost: experts of several networks for tasks of one size, beside flat networks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.endings import FIGURES, check_ending
from taxonomy._core.errors import DataError, naming
from taxonomy.evaluation.experts import HasPredictions, mean_points, points

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.tasks import TaskList

SIZE = 5
"""The number of classes a task that is drawn unless another one is asked for."""


@dataclass(frozen=True, eq=False)
class Curve:
    """What experts cost and how good they are, by network and kind of task; printing shows it.

    Args:
        means: one row for each network and kind, reference and size of task, as `mean_points`
            returns.
        size: classes of the tasks that are drawn.
        flat: the names of the flat networks, which form the line.
        split: that was scored.
    """

    means: pd.DataFrame
    size: int
    flat: tuple[str, ...]
    split: str

    @property
    def drawn(self) -> pd.DataFrame:
        """The rows of the size that is drawn."""
        return self.means[self.means["size"] == self.size]

    def __str__(self) -> str:
        """Return the rows that are drawn as a table."""
        return str(self.drawn.round(4).to_string(index=False))

    def save(self, path: Path | str) -> tuple[Path, Path]:
        """Write the figure, and beside it the whole table as CSV; return both paths.

        Raises:
            FileFormatError: the name does not end as a figure's.
            MissingExtraError: matplotlib is not installed.
        """
        from taxonomy.plots import cost_accuracy_figure, save_figure

        check_ending(path, FIGURES)
        path, table = Path(path), Path(path).with_suffix(".csv")
        note = f"{self.split} split; bars: standard error over tasks"
        save_figure(path, cost_accuracy_figure(self.means, list(self.flat), self.size, note))
        io.write_text(table, self.means.to_csv(index=False))
        return path, table


def cost_accuracy_curve(
    networks: Mapping[str, HasPredictions], tasks: TaskList, size: int | None = None
) -> Curve:
    """Return accuracy over cost of several networks' experts; those over a star are flat.

    Args:
        networks: by name, as `taxonomy.training.scored_by_name` returns.
        tasks: over the networks' classes, of kinds called as you like.
        size: classes of the tasks that are drawn; where left out, 5 or, without any such task, the
            commonest size, the smallest of several.

    Raises:
        DataError: no network, no task of that size, or tasks over other classes.
    """
    if not networks or not len(tasks):
        raise DataError("A curve needs at least one network and one task.")
    found = {}
    for name, net in networks.items():
        with naming(f"the network {name!r}", DataError):
            found[name] = points(net.spec, net.hierarchy, net.predictions, tasks)
    means = mean_points(found)
    sizes = sorted(task.size for task in tasks)
    if size is None:
        size = SIZE if SIZE in sizes else max(sizes, key=sizes.count)
    if size not in sizes:
        known = ", ".join(map(str, dict.fromkeys(sizes)))
        raise DataError(f"No task has `size` {size}; the tasks have: {known}.")
    flat = [name for name, net in networks.items() if len(net.hierarchy.nodes) == 1]
    splits = {net.predictions.split: None for net in networks.values()}
    return Curve(means, size, tuple(flat), ", ".join(splits))
