"""Every metric of every pair of trees, over the labels that all of them share."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING

from taxonomy._core.checked import check_kind, check_several
from taxonomy._core.errors import HierarchyError, RegistryError
from taxonomy._core.registry import lookup
from taxonomy._core.spelling import counted
from taxonomy.comparison.metric import Metric
from taxonomy.comparison.relabelling import null
from taxonomy.comparison.table import METRICS
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd


def compare(
    trees: Mapping[str, Hierarchy],
    metrics: tuple[str, ...] = (),
    samples: int = 0,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare trees: one row for every pair of trees, one column for every metric.

    Args:
        trees: at least two, by display name.
        metrics: names from `METRICS`; all when empty.
        samples: random relabellings drawn for every metric of every row (see `null`); with 0 none
            are.
        seed: of the relabellings.

    Returns:
        columns ``a`` and ``b``; ``labels``, how many all the trees share and the row is about;
        ``left_out``, how many others the row's two trees have; one column a metric and, with
        samples, beside it ``<metric>_expected`` and ``<metric>_p``. Its ``attrs["alike"]`` says of
        every metric whether a ``high`` or a ``low`` value means that two trees are alike.

    Raises:
        HierarchyError: fewer than two trees, or fewer than three shared labels.
        RegistryError: an unknown metric.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> print(compare({"A": a, "B": b}, ("robinson_foulds",)).round(2).to_string(index=False))
    a b  labels  left_out  robinson_foulds
    A B       4         1             0.33
    >>> compare({"A": a, "B": b}, ("robinson_foulds", "ancestor_f1")).attrs["alike"]
    {'robinson_foulds': 'low', 'ancestor_f1': 'high'}
    """
    import pandas as pd

    common, chosen = over_shared_labels(trees), chosen_metrics(metrics)
    shared = next(iter(common.values())).leaves
    rows = []
    for a, b in combinations(trees, 2):
        left_out = len({*trees[a].leaves, *trees[b].leaves}) - len(shared)
        row: dict[str, object] = {"a": a, "b": b, "labels": len(shared), "left_out": left_out}
        for name, metric in chosen.items():
            if samples:
                found = null(metric, common[a], common[b], samples, seed)
                row[name] = found.value
                row |= {f"{name}_expected": found.mean, f"{name}_p": found.p}
            else:
                row[name] = metric(common[a], common[b])
        rows.append(row)
    table = pd.DataFrame(rows)
    table.attrs["alike"] = {name: metric.alike for name, metric in chosen.items()}
    return table


def chosen_metrics(names: tuple[str, ...]) -> dict[str, Metric]:
    """Return metrics by name, all of `METRICS` where none are named.

    Raises:
        RegistryError: an unknown metric.
    """
    check_several(names, "metrics", RegistryError)
    return {name: lookup("metric", METRICS, name) for name in names or METRICS}


def over_shared_labels(trees: Mapping[str, Hierarchy]) -> dict[str, Hierarchy]:
    """Return trees restricted to the labels that all of them have.

    Raises:
        HierarchyError: fewer than two trees, or fewer than three shared labels.

    >>> a = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"], "owl"])
    >>> b = Hierarchy.from_nested([["cat", "dog"], "bus", "car"])
    >>> over_shared_labels({"A": a, "B": b})["A"].leaves
    ('bus', 'car', 'cat', 'dog')
    """
    if not isinstance(trees, Mapping):
        raise HierarchyError(
            f"what is compared is a {type(trees).__name__}; give a dictionary of trees by name, "
            "such as {'one': tree, 'other': other}."
        )
    for title, tree in trees.items():
        check_kind(tree, Hierarchy, f"the tree {title!r}", HierarchyError)
    if len(trees) < 2:
        raise HierarchyError("Comparison needs at least two trees.")
    shared = sorted(set.intersection(*(set(tree.leaves) for tree in trees.values())))
    if len(shared) < 3:
        raise HierarchyError(
            f"The trees share {counted(len(shared), 'label')}; comparison needs 3 or more."
        )
    return {name: tree.restrict(shared, unary="collapse") for name, tree in trees.items()}
