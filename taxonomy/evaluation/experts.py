"""Cost-accuracy points: the cost and the accuracy of every task's expert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from taxonomy._core.errors import DataError
from taxonomy.design.costs import expert_costs
from taxonomy.evaluation.calibration import BINS, task_calibration
from taxonomy.predictions import Predictions
from taxonomy.tasks import TaskList

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.design.spec import NetSpec
    from taxonomy.trees.hierarchy import Hierarchy


class HasPredictions(Protocol):
    """A network's shape and its predictions on one split."""

    @property
    def spec(self) -> NetSpec:
        """Its shape."""
        ...

    @property
    def hierarchy(self) -> Hierarchy:
        """Its tree."""
        ...

    @property
    def predictions(self) -> Predictions:
        """Its logits."""
        ...


def points(
    spec: NetSpec, hierarchy: Hierarchy, predictions: Predictions, tasks: TaskList
) -> pd.DataFrame:
    """Return accuracy and cost of each task's expert, one row a task.

    Columns: ``task kind reference size accuracy params macs``.

    A network over a star tree is a flat one, and its row is that of the flat network masked to
    the task's classes: all its trunk, and only their heads.

    Args:
        spec: of the network.
        hierarchy: of the network.
        predictions: its stored logits; accuracy is top-1 among the task's classes, in [0, 1].
        tasks: over the same classes.

    Raises:
        DataError: the tasks are over other classes.
    """
    import pandas as pd

    if tasks.ids != predictions.ids:
        raise DataError(
            "The tasks are over other classes than the network's; give its own as `tasks`."
        )
    costs = expert_costs(spec, hierarchy, tasks)
    return pd.DataFrame(
        {
            "task": [task.id for task in tasks],
            "kind": [task.kind for task in tasks],
            "reference": [task.reference for task in tasks],
            "size": [task.size for task in tasks],
            "accuracy": predictions.task_accuracies(tasks),
            "params": costs.params,
            "macs": costs.macs,
        }
    )


@dataclass(frozen=True, eq=False)
class TaskScores:
    """What experts for the tasks of a list cost and how good they are.

    Args:
        tasks: one row a task, as `points` returns, and ``calibration_error``.
        kinds: their means by kind of task, as `mean_points` returns, and ``calibration_error``.
    """

    tasks: pd.DataFrame
    kinds: pd.DataFrame


def evaluate_tasks(
    spec: NetSpec,
    hierarchy: Hierarchy,
    predictions: Predictions,
    tasks: TaskList,
    bins: int = BINS,
) -> TaskScores:
    """Return accuracy, calibration and cost of a network's experts for every task of a list.

    Args:
        spec: of the network.
        hierarchy: of the network.
        predictions: its stored logits.
        tasks: over the same classes.
        bins: of the calibration error.

    Raises:
        DataError: the tasks are over other classes.
    """
    rows = points(spec, hierarchy, predictions, tasks)
    rows["calibration_error"] = task_calibration(predictions, tasks, bins)
    keys = ["kind", "reference", "size"]
    means = mean_points({"": rows}).drop(columns="network")
    errors = rows.groupby(keys)["calibration_error"].mean()
    return TaskScores(rows, means.join(errors, on=keys))


def mean_points(by_network: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return means over tasks, one row for each network and kind, reference and size of task.

    Columns: ``network kind reference size tasks accuracy accuracy_se params macs``, where
    ``accuracy_se`` is the standard error of the mean over the tasks.
    """
    import pandas as pd

    table = pd.concat([frame.assign(network=name) for name, frame in by_network.items()])
    keys = ["network", "kind", "reference", "size"]
    grouped = table.groupby(keys, sort=False)
    means = grouped.agg(
        tasks=("task", "size"),
        accuracy=("accuracy", "mean"),
        accuracy_se=("accuracy", "sem"),
        params=("params", "mean"),
        macs=("macs", "mean"),
    )
    return means.reset_index()


def versus_flat(means: pd.DataFrame, flat: list[str]) -> pd.DataFrame:
    """Add the column ``gain_at_equal_macs``: accuracy minus the flat family's at equal MACs.

    The family is interpolated linearly in the logarithm of the MACs; NaN outside its range, where
    nothing is known. A positive number means that experts win.

    Args:
        means: what `mean_points` returns.
        flat: the networks that form the flat family.
    """
    keys = ["kind", "reference", "size"]
    gains = np.full(len(means), np.nan)
    for _, rows in means.groupby(keys, sort=False):
        family = rows[rows["network"].isin(flat)].sort_values("macs")
        if family.empty:
            continue
        places = means.index.get_indexer(rows.index)
        flat_accuracy = np.interp(
            np.log(rows["macs"]), np.log(family["macs"]), family["accuracy"], np.nan, np.nan
        )
        gains[places] = rows["accuracy"].to_numpy() - flat_accuracy
    return means.assign(gain_at_equal_macs=gains)
