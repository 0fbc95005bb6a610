"""The tree that makes the experts of given tasks cheapest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from taxonomy._core.checked import check_options
from taxonomy._core.errors import ClusteringError, LabelError, check_choice
from taxonomy._core.spelling import counted
from taxonomy.clustering.shaped import Shape, number_of_levels
from taxonomy.clustering.wanted import wanted_tree
from taxonomy.design.spec import NetSpec
from taxonomy.labels import LabelSet
from taxonomy.similarity import Similarity
from taxonomy.tasks import TaskList, get_tasks
from taxonomy.trees.hierarchy import Hierarchy


@dataclass(frozen=True)
class Cooccurrence:
    """Search for the tree within bounds whose experts, for given tasks, cost least on average.

    It knows what users will ask for, which no source of similarities does; so it is a bound to
    measure those by, and the tree to take where logs of requests exist.

    Args:
        tasks: a file of wanted subsets: CSV with one a line, how often it is asked for and then its
            classes (12,cat,dog), a task list as JSON, or a shipped one (icons).
        spec: a network's specification as JSON, with one width a level; by default branches of 48
            and 32 channels, as the command train builds.
        quantity: the cost to minimise: MACs or parameters.
        levels: levels of nodes between the root and the classes; 0 for two from 24 classes on,
            and one below.
        groups: nodes of every level, coarse to fine; middle for the geometric mean of the fewest
            and the most that the bounds allow.
        least_children: fewest children of a node below the root, classes counting as children.
        most_children: most children of a node below the root.
        least_leaves: fewest classes of a node, by level, coarse to fine; one number is about the
            finest level.
        most_leaves: most classes of a node, by level as ``least_leaves``.
        tries: how many more times the search starts, from co-occurrences with noise; more take
            longer and sometimes find a cheaper tree.
        seed: seeds the noise.
    """

    tasks: str = ""
    spec: str = ""
    quantity: Literal["macs", "params"] = "macs"
    levels: int = 0
    groups: tuple[int, ...] | Literal["middle"] = "middle"
    least_children: int = 2
    most_children: int = 12
    least_leaves: tuple[int, ...] = (3,)
    most_leaves: tuple[int, ...] = (12,)
    tries: int = 10
    seed: int = 0

    needs_similarity: ClassVar[bool] = False

    def __post_init__(self) -> None:
        check_options(self, ClusteringError)
        if isinstance(self.groups, str):
            check_choice("groups", self.groups, ["middle"], ClusteringError)

    def __call__(self, labels: LabelSet, similarity: Similarity | None = None) -> Hierarchy:
        """Search for the tree.

        Raises:
            ClusteringError: no tasks are named, or bounds that cannot be met.
            FileFormatError: a file is missing or malformed.
            LabelError: a line asks for an unknown class, or no task for any of the labels.
            SpecError: the network has too few levels, or several widths a level.
        """
        wanted = self.wanted(labels)
        levels = number_of_levels(self.levels, self.groups, len(labels))
        shape = Shape(
            levels,
            self.groups,
            self.least_children,
            self.most_children,
            self.least_leaves,
            self.most_leaves,
        )
        spec = NetSpec.load(self.spec) if self.spec else NetSpec.tree(levels=BRANCHES[:levels])
        return wanted_tree(wanted, spec, shape, self.quantity, tries=self.tries, seed=self.seed)

    def wanted(self, labels: LabelSet) -> TaskList:
        """Return what the tasks ask for among the labels.

        A task list of more classes than the labels is cut to them.

        Raises:
            ClusteringError: no tasks are named.
            LabelError: the list lacks a label, or no task asks for any.
        """
        if not self.tasks:
            raise ClusteringError(
                "Name a file of wanted subsets as `tasks`, one a line, such as 12,cat,dog."
            )
        given = get_tasks(self.tasks, labels.ids)
        lacking = [name for name in labels.ids if name not in set(given.ids)]
        if lacking:
            raise LabelError(
                f"{self.tasks}: is a list over other classes; it lacks {len(lacking)} of "
                f"{counted(len(labels), 'label')}, the first being {lacking[0]!r}. Write the "
                "subsets of yours "
                "as CSV, one a line: 12,cat,dog."
            )
        wanted = given.restrict(labels.ids) if given.ids != labels.ids else given
        if not len(wanted):
            raise LabelError(
                f"{self.tasks}: no task asks for any of the {counted(len(labels), 'label')}."
            )
        return wanted


BRANCHES = ((48, 1), (32, 1))
"""Width and depth of the nodes of each level where no specification is given."""
