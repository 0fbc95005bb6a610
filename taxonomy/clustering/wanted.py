"""The tree that makes the experts of given tasks cheapest.

An expert keeps the trunk and the nodes on its classes' paths. Where all nodes of a level are built
alike, the mean cost of the experts of a task list is, up to a constant that is the same for every
tree,

    sum over levels l of (cost of a node of l) * (sum over nodes v of l of T(v))

with T(v) the tasks, by their counts, that ask for a class below v. The search starts from
the co-occurrence of classes in tasks, clustered within the bounds by
`taxonomy.clustering.shaped`, and from trees given; `taxonomy.clustering.connectivity` then moves
and swaps classes and groups while it saves. That ends in trees that differ by a few thousandths, so
it is begun several times, with noise on the co-occurrences, and the cheapest tree stays. The
cheapest of all trees costs that or less; `least_cost` is a bound from the other side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.errors import ClusteringError, SpecError
from taxonomy.clustering.canonical import label_free_order
from taxonomy.clustering.connectivity import Search
from taxonomy.clustering.groups import Levels, groups_of_tree, tree_of_groups
from taxonomy.clustering.shaped import Shape, shaped_tree
from taxonomy.design.costs import entry_costs, expert_costs
from taxonomy.labels import check_same_labels
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

if TYPE_CHECKING:
    from taxonomy.design.spec import NetSpec
    from taxonomy.similarity import DenseSimilarity


NOISE = 0.15
"""Standard deviation of the logarithm of the noise on co-occurrences."""

QUANTITIES = ("params", "macs")
"""What may be made cheap, in the order of `taxonomy.design.costs.entry_costs`."""


def wanted_tree(
    tasks: TaskList,
    spec: NetSpec,
    shape: Shape | None = None,
    quantity: str = "macs",
    starts: Iterable[Hierarchy] = (),
    tries: int = 10,
    seed: int = 0,
) -> Hierarchy:
    """Return the tree within bounds whose experts cost least on average, as far as found.

    Args:
        tasks: the experts wanted, with their counts.
        spec: the network; one width a level.
        shape: the bounds; by default two levels and 3 to 12 classes a group.
        quantity: ``macs`` or ``params``.
        starts: trees of the same labels and of that shape to start from too, so that none of them
            is cheaper than what is returned.
        tries: how many more times the search starts, from co-occurrences with noise.
        seed: seeds the noise.

    Raises:
        ClusteringError: no tree has that shape, a start has another, or an unknown quantity.
        SpecError: the network has too few levels, or a level has several widths.

    >>> from taxonomy.design.spec import NetSpec
    >>> from taxonomy.tasks import Task
    >>> pets, cars = Task("pets", ("cat", "dog")), Task("cars", ("bus", "car"))
    >>> tasks = TaskList([pets, cars], ["bus", "car", "cat", "dog"])
    >>> shape = Shape(levels=1, least_leaves=(2,), most_leaves=(2,))
    >>> print(wanted_tree(tasks, NetSpec.tree(levels=((48, 1),)), shape).to_text())
    (4)
    ├── (2)
    │   ├── bus
    │   └── car
    └── (2)
        ├── cat
        └── dog
    """
    shape = shape or Shape()
    prices = level_prices(spec, shape.levels, quantity)
    order = label_free_order(cooccurrence(tasks).values)
    ids = [tasks.ids[i] for i in order]
    limits = shape.limits(len(ids))
    search = Search(tasks.membership[:, order], tasks.counts, prices, limits)
    begun = [_levels_of(tree, ids, shape) for tree in starts]
    if not all(map(search.fits, begun)):
        raise ClusteringError("A tree to start from has nodes outside the bounds.")
    together = _together(tasks)[np.ix_(order, order)]
    begun += _clustered(together, shape, tries, seed)
    best = min((search.settled(levels) for levels in begun), key=search.cost)
    tree = tree_of_groups(best, ids)
    mean = float(np.average(_costs(tree, tasks, spec, quantity), weights=tasks.counts))
    made = io.provenance(
        "cooccurrence",
        mean_cost=round(mean, 1),
        least_cost=round(least_cost(tasks, spec, shape, quantity), 1),
        tasks=tasks.digest,
        number_of_tasks=len(tasks),
        spec=spec.digest,
        quantity=quantity,
        shape={k: list(v) if isinstance(v, tuple) else v for k, v in asdict(shape).items()},
        tries=tries,
        seed=seed,
        begun=len(begun),
    )
    return tree.with_provenance(**made)


def _costs(tree: Hierarchy, tasks: TaskList, spec: NetSpec, quantity: str) -> IntArray:
    costs: IntArray = getattr(expert_costs(spec, tree, tasks), quantity)
    return costs


def level_prices(spec: NetSpec, levels: int, quantity: str = "macs") -> FloatArray:
    """Return what a node of each level costs, coarse to fine; shape (levels,).

    Raises:
        ClusteringError: an unknown quantity.
        SpecError: the network has too few levels, or a level has several widths.

    >>> from taxonomy.design.spec import NetSpec
    >>> level_prices(NetSpec.tree(), 2).tolist()  # MACs: 9 * (32 * 48 + 2 * 48 * 48) * 8 * 8, …
    [3538944.0, 516096.0]
    """
    if quantity not in QUANTITIES:
        raise ClusteringError(f"Unknown cost {quantity!r}; choose from: {', '.join(QUANTITIES)}.")
    costs = entry_costs(spec, _chain(levels))
    for depth, level in enumerate(spec.levels[:levels], start=1):
        if len(level.buckets) > 1:
            raise SpecError(
                f"Level {depth} has several widths, which follow a tree that is there already; "
                "search with one width a level, and widen with NetSpec.proportional afterwards."
            )
    prices: FloatArray = costs[QUANTITIES.index(quantity)][1 : levels + 1].astype(np.float64)
    return prices


def _chain(levels: int) -> Hierarchy:
    """Return the tree of one class below so many nodes: entries are root, nodes and leaf."""
    raw = RawTree()
    for above in range(-1, levels):
        raw.add(above)
    raw.add(levels, leaf="class")
    return Hierarchy.from_raw(raw)


def least_cost(tasks: TaskList, spec: NetSpec, shape: Shape, quantity: str = "macs") -> float:
    """Return a mean cost of experts that no tree of a shape goes below.

    A task of k classes opens, at each level, at least as many nodes as the largest allowed ones
    needed to hold k classes. Trunk and heads are in.

    Raises:
        ClusteringError: an unknown quantity.
        SpecError: as for `level_prices`.
    """
    prices = level_prices(spec, shape.levels, quantity)
    sizes = tasks.membership.sum(1)
    costs = entry_costs(spec, _chain(shape.levels))[QUANTITIES.index(quantity)]
    total = costs[0] + costs[-1] * sizes.astype(np.float64)
    for price, limits in zip(prices, shape.limits(len(tasks.ids)), strict=True):
        total += price * np.ceil(sizes / limits.most)
    return float(np.average(total, weights=tasks.counts))


def cooccurrence(tasks: TaskList) -> DenseSimilarity:
    """Return how often two classes are asked for together: tasks of both over tasks of either.

    That is Jaccard's index of the sets of tasks that ask for each, counts included; 0 for classes
    that no task asks for.

    >>> from taxonomy.tasks import Task
    >>> some = [Task("1", ("cat", "dog"), count=3), Task("2", ("cat",))]
    >>> cooccurrence(TaskList(some, ["car", "cat", "dog"])).between("cat", "dog")
    0.75
    """
    from taxonomy.similarity import DenseSimilarity

    together = _together(tasks)
    alone = np.diag(together)
    either = alone[:, None] + alone[None, :] - together
    values = np.divide(together, either, out=np.zeros_like(together), where=either > 0)
    np.fill_diagonal(values, 1.0)
    return DenseSimilarity(tasks.ids, values, io.provenance("cooccurrence", tasks=tasks.digest))


def _together(tasks: TaskList) -> FloatArray:
    member = tasks.membership.astype(np.float64)
    both: FloatArray = (member * tasks.counts[:, None]).T @ member
    return both


def _clustered(together: FloatArray, shape: Shape, tries: int, seed: int) -> list[Levels]:
    """Return partitions to start from: of co-occurrences, clear and with noise."""
    from taxonomy.similarity import DenseSimilarity

    ids = [f"{i:08d}" for i in range(len(together))]
    rng = np.random.default_rng(seed)
    begun = []
    for number in range(tries + 1):
        values = together / max(1.0, float(together.max(initial=0.0)))
        if number:
            noise = np.triu(np.exp(rng.normal(0, NOISE, values.shape)), 1)
            values = np.minimum(values * (noise + noise.T), 1)
        np.fill_diagonal(values, 1.0)
        tree = shaped_tree(DenseSimilarity(ids, values), shape)
        begun.append(_levels_of(tree, ids, shape))
    return begun


def _levels_of(tree: Hierarchy, ids: list[str], shape: Shape) -> Levels:
    """Return every level's groups of a tree, labels in the order of ``ids``."""
    names = ("the tree to start from", "the task list")
    check_same_labels(tree.leaves, sorted(ids), ClusteringError, names)
    entry = tree.parent[tree.leaf_entries[tree.positions(ids)]]
    if (tree.depth[entry] != shape.levels).any():
        raise ClusteringError(
            f"A tree to start from does not have all classes below {shape.levels} levels of nodes."
        )
    return groups_of_tree(tree, ids, shape.levels)
