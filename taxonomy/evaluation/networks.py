"""All that is said of one network, and of its experts, in one call."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy.evaluation.calibration import BINS
from taxonomy.evaluation.experts import HasPredictions, TaskScores, evaluate_tasks
from taxonomy.evaluation.scores import Evaluation, evaluate
from taxonomy.formats import get_tree
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    from taxonomy.tasks import TaskList


@dataclass(frozen=True, eq=False)
class NetworkScores:
    """A network's scores, and those of its experts; printing it shows both.

    Args:
        split: that was scored.
        whole: the scores over the classes asked for.
        experts: what experts for tasks cost and how good they are, where there are tasks.
        star: whether the tree that weighs mistakes has a single node.
    """

    split: str
    whole: Evaluation
    experts: TaskScores | None
    star: bool

    def __str__(self) -> str:
        """Return the scores as text, then the experts' means by kind of task."""
        lines = [f"{self.split} split", self.whole.to_text()]
        if self.star:
            lines.append(
                "the tree is a star, by which all mistakes are equal; give another (`hierarchy`)"
            )
        if self.experts is not None:
            means = self.experts.kinds.round(4).to_string(index=False)
            lines.append(f"experts by kind of task:\n{means}")
        return "\n".join(lines)

    def save(self, folder: Path | str) -> tuple[Path, ...]:
        """Write all tables as CSV files into a folder, each atomically, and return their paths.

        Those of `Evaluation.save`, and ``tasks.csv`` where there are experts.
        """
        files = self.whole.save(folder)
        if self.experts is None:
            return files
        path = Path(folder) / "tasks.csv"
        io.write_text(path, self.experts.tasks.to_csv(index=False))
        return (*files, path)


def evaluate_network(
    net: HasPredictions,
    *,
    classes: Iterable[str] | None = None,
    hierarchy: Hierarchy | Path | str | None = None,
    tasks: TaskList | None = None,
    bins: int = BINS,
) -> NetworkScores:
    """Score a network's predictions, and its experts for the tasks of a list.

    Args:
        net: what `taxonomy.training.scored` returns.
        classes: the only ones that are scored, as the network's expert for them would be; the tasks
            are passed over then.
        hierarchy: the tree that weighs mistakes, a file or a shipped name of one; the network's own
            where left out.
        tasks: over the network's classes; experts are scored where there are any.
        bins: of the calibration error.

    Raises:
        LabelError: an unknown class, or a tree that lacks one.
        DataError: the tasks are over other classes, or there are no predictions.
    """
    tree = net.hierarchy if hierarchy is None else get_tree(hierarchy)
    predictions = net.predictions if classes is None else net.predictions.restrict(classes)
    experts = None
    if classes is None and tasks is not None:
        experts = evaluate_tasks(net.spec, net.hierarchy, predictions, tasks, bins)
    whole = evaluate(predictions, tree, bins)
    return NetworkScores(predictions.split, whole, experts, len(tree.nodes) == 1)
