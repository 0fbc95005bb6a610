"""Which specifications meet the marks of cost, in closed form: seconds, no network, no torch.

    make budgets

The marks are shares of what the masked flat 0.6x network costs, the smallest flat one within half a
point of the family's best (``frontier.py``): over all shipped tasks on average at most 26.6 % of
its MACs and 20 % of its parameters; over coherent tasks of five classes at most 20 % and 14 %; the
whole tree network at most half of the MACs and no more parameters. Writes ``results/budgets.csv``,
a row a candidate, ``budgets-tasks.csv``, where the cost of the shipped network's experts lies, by
kind and size of task, and ``budgets.json``.

Private scales and shifts of a shared map are no candidates of their own: a block that reads it
opens with a depthwise convolution and a normalisation, which scale and shift each channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from taxonomy.builders import get_builder
from taxonomy.design import CONVNEXT, Block, Bucket, Level, NetSpec, Stage, cost, expert_costs
from taxonomy.design.costs import entry_costs, kept_sum
from taxonomy.formats import get_tree
from taxonomy.labels import get_labels
from taxonomy.similarity import get_source
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import get_tasks
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parents[1] / "results"
TASKS = get_tasks("icons")
TREE = get_tree("icons/llm-rows-24")
"""The tree that the shipped tree network grows over: 22 nodes, and room for 24."""
SHIPPED = NetSpec.recommended(TREE)
FLAT = NetSpec.flat().scaled(0.6)

MARKS = {
    "mean_macs": 0.266,
    "mean_params": 0.2,
    "coherent5_macs": 0.2,
    "coherent5_params": 0.14,
    "whole_macs": 0.5,
    "whole_params": 1.0,
}
ALIGNED = 8
"""Channels of a node are a multiple of it where runtimes take their fast kernels."""


@dataclass(frozen=True)
class Candidate:
    """A tree network.

    Args:
        what: is shared, and what is each node's own.
        spec: its shape.
        hierarchy: its tree.
    """

    what: str
    spec: NetSpec
    hierarchy: Hierarchy = TREE


def trunk(*widths: int) -> tuple[Stage, ...]:
    """Return a trunk like the shipped one's, of three stages, with these widths."""
    first, second, third = widths
    return Stage(first, 0), Stage(second, 1, 2), Stage(third, 1, 2, CONVNEXT)


def opened(stages: tuple[Stage, ...], width: int, bottleneck: int, depth: int = 1) -> NetSpec:
    """Return a network whose nodes share an opening convolution and have adapters of their own."""
    block = Block("adapter", bottleneck=bottleneck)
    opening = Stage(width, 0, 2, CONVNEXT)
    return NetSpec((*stages, opening), (Level.onward(width, block, depth),))


def adapted(stages: tuple[Stage, ...], width: int, bottleneck: int) -> NetSpec:
    """Return a network that shares the last stage whole; a node adds an adapter."""
    last = Stage(width, 1, 2, Block("convnext", expand=2))
    level = Level.onward(width, Block("adapter", bottleneck=bottleneck))
    return NetSpec((*stages, last), (level,))


def private(stages: tuple[Stage, ...], width: int, expand: int) -> NetSpec:
    """Return a network as the shipped one is, with nodes of another width."""
    return NetSpec(stages, (Level((Bucket(width),), 1, 2, Block("convnext", expand=expand)),))


def groups(count: int) -> Hierarchy:
    """Return one level of groups from the scores that the recommended tree is made of."""
    labels = get_labels("icons")
    scores = get_source("llm", transcript="icons/llm-rows")(labels)
    return get_builder("cluster", levels=(count,), slack=2.0)(labels, scores)


SLIM = trunk(12, 16, 40)
DEEPER = (*SLIM, Stage(40, 1, 1, Block("convnext", expand=1), opening=False))
OPENING, STAGE, NOTHING = "the opening convolution", "the last stage", "nothing"
CANDIDATES = {
    "shared opening with adapter 80": Candidate(OPENING, opened(SLIM, 64, 80)),
    "shared opening with two adapters of 36": Candidate(OPENING, opened(SLIM, 64, 36, depth=2)),
    "shared opening of 80 with adapter 64": Candidate(OPENING, opened(trunk(12, 16, 32), 80, 64)),
    "shared opening behind 16-16-40": Candidate(OPENING, opened(trunk(16, 16, 40), 64, 80)),
    "shared opening over 12 groups": Candidate(OPENING, opened(SLIM, 64, 112), groups(12)),
    "shared stage with adapter 48": Candidate(STAGE, adapted(trunk(12, 16, 32), 64, 48)),
    "shared stage of 48 with adapter 64": Candidate(STAGE, adapted(SLIM, 48, 64)),
    "private branches of 40": Candidate(NOTHING, private(SLIM, 40, 2)),
    "private branches of 48 unexpanded": Candidate(NOTHING, private(SLIM, 48, 1)),
    "private branches of 48 over 12 groups": Candidate(
        NOTHING, private(trunk(16, 16, 40), 48, 2), groups(12)
    ),
    "private branches of 40 behind a deeper trunk": Candidate(NOTHING, private(DEEPER, 40, 2)),
}
"""Each as large as the marks allow, or nearly; the studies of what they score train these."""

BEYOND = {
    "shipped": Candidate(NOTHING, SHIPPED),
    "shipped over 12 groups": Candidate(NOTHING, SHIPPED, groups(12)),
    "shipped with its opening shared": Candidate(OPENING, opened(SHIPPED.trunk, 64, 128)),
    "shipped with its last stage shared and adapter 16": Candidate(
        STAGE, adapted(SHIPPED.trunk, 64, 16)
    ),
}
"""What they are compared with; these miss marks."""


def shares(candidate: Candidate, params: np.ndarray, macs: np.ndarray) -> dict[str, float]:
    """Return a candidate's share of the flat network's cost: on average, on fives, and whole.

    Args:
        candidate: whose tree the entries are of.
        params: of every entry.
        macs: likewise.
    """
    star = Hierarchy.star(TREE.leaves)
    flat, whole = expert_costs(FLAT, star, TASKS), cost(FLAT, star)
    own = kept_sum(candidate.hierarchy, TASKS, np.array([macs, params]))
    fives = np.array([t.kind == "coherent" and len(t.classes) == 5 for t in TASKS])
    found: dict[str, float] = {}
    for column, name in enumerate(("macs", "params")):
        ratio = own[:, column] / getattr(flat, name)
        found[f"mean_{name}"] = float(ratio.mean())
        found[f"coherent5_{name}"] = float(ratio[fives].mean())
        total = (macs, params)[column].sum()
        found[f"whole_{name}"] = float(total / getattr(whole, name))
    return found


def row(name: str, candidate: Candidate, low_rank: int = 0) -> dict[str, object]:
    """Return a candidate's costs, and whether it meets every mark.

    Args:
        name: of the candidate.
        candidate: the network.
        low_rank: if not 0, the nodes' matrices are one shared matrix plus a private one of this
            rank each, which spares parameters and no MACs; such networks are costed, not built.
    """
    spec, hierarchy = candidate.spec, candidate.hierarchy
    params, macs = entry_costs(spec, hierarchy)
    nodes, (level,) = hierarchy.nodes[1:], spec.levels
    width = level.buckets[0].width
    if low_rank:
        middle = level.block.middle(width)
        reads = level.stride**2 * spec.trunk[-1].width
        matrices = ((reads, width), (width, middle), (middle, width))
        params = params.copy()
        params[0] += sum(a * b for a, b in matrices)
        params[nodes] -= sum(a * b - low_rank * (a + b) for a, b in matrices)
    found = shares(candidate, params, macs)
    widths = [*(stage.width for stage in spec.trunk), width]
    return {
        "candidate": name,
        "shared": candidate.what,
        "nodes": len(nodes),
        "trunk_params": params[0],
        "trunk_macs": macs[0],
        "node_params": params[nodes[0]],
        "node_macs": macs[nodes[0]],
        **{mark: found[mark] for mark in MARKS},
        "meets": all(found[mark] <= most for mark, most in MARKS.items()),
        "aligned": all(width % ALIGNED == 0 for width in widths),
    }


def by_task() -> pd.DataFrame:
    """Return where the cost of the shipped network's experts lies, by kind and size of task."""
    params, macs = entry_costs(SHIPPED, TREE)
    part = np.zeros((3, len(TREE)))
    part[0, 0] = 1
    part[1, TREE.nodes[1:]] = 1
    part[2, TREE.leaf_entries] = 1
    values = np.concatenate([part * macs, part * params, part[1:2]]).astype(np.int64)
    names = [f"{of}_{what}" for what in ("macs", "params") for of in ("trunk", "nodes", "heads")]
    flat = expert_costs(FLAT, Hierarchy.star(TREE.leaves), TASKS)
    table = pd.DataFrame(kept_sum(TREE, TASKS, values), columns=[*names, "open_nodes"])
    for name in ("macs", "params"):
        whole = sum(table[f"{of}_{name}"] for of in ("trunk", "nodes", "heads"))
        table[f"{name}_share"] = whole / getattr(flat, name)
    table.insert(0, "kind", [task.kind for task in TASKS])
    sizes = [len(task.classes) if task.kind != "named" else 0 for task in TASKS]
    table.insert(1, "size", sizes)
    table["tasks"] = 1
    grouped = table.groupby(["kind", "size"], sort=False)
    means = grouped.mean().assign(tasks=grouped.size()).reset_index()
    every = table.drop(columns=["kind", "size"]).mean().to_dict()
    every |= {"kind": "all", "size": 0, "tasks": len(table)}
    return pd.concat([means, pd.DataFrame([every])], ignore_index=True)


def main() -> None:
    """Write the tables."""
    rows = [row(name, candidate) for name, candidate in (BEYOND | CANDIDATES).items()]
    low = Candidate("all matrices, but for a part of rank 8", private(SLIM, 64, 2))
    rows.append(row("shared weights of rank 8", low, low_rank=8))
    table, tasks = pd.DataFrame(rows), by_task()
    print(table.round(3).to_string(index=False))
    print(tasks.round(3).to_string(index=False))
    for end, each in {"": table, "-tasks": tasks}.items():
        write_text(RESULTS / f"budgets{end}.csv", each.round(4).to_csv(index=False))
    facts = {
        "command": "make budgets",
        "marks": MARKS,
        "flat": FLAT.to_dict(),
        "specs": {name: c.spec.to_dict() for name, c in (BEYOND | CANDIDATES).items()},
        "tree": TREE.digest,
        "tasks": TASKS.digest,
        "versions": versions("numpy"),
        **stamp(),
    }
    write_json(RESULTS / "budgets.json", facts)


if __name__ == "__main__":
    main()
