"""How long experts take on this machine: some are timed, and a line through them tells the rest."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass

import numpy as np

from taxonomy._core import io
from taxonomy.design.costs import cost
from taxonomy.export.bundling import TARGETS
from taxonomy.export.candidates import runner
from taxonomy.export.checking import made_up
from taxonomy.export.figures import medians_in_turns
from taxonomy.nets import HierarchicalNet, extract

EXPERTS = 24
"""Experts that are timed of each network; every fourth one judges the line, and shapes it not."""


@dataclass(frozen=True)
class Timing:
    """The time of one network's experts, as a line over their MACs and their nodes.

    Args:
        fixed: milliseconds that every expert takes.
        per_million_macs: milliseconds more for a million MACs.
        per_node: milliseconds more for a node.
        error: the median relative error on experts that the line was not fitted to.
        experts: how many were timed.
        runtime: the package that ran them.
        threads: how many it used.
        machine: on which.
    """

    fixed: float
    per_million_macs: float
    per_node: float
    error: float
    experts: int
    runtime: str
    threads: int
    machine: str

    def estimate(self, macs: int, nodes: int) -> float:
        """Return the milliseconds of one picture.

        >>> Timing(0.1, 0.05, 0.01, 0.02, 24, "onnxruntime", 1, "a laptop").estimate(2_000_000, 3)
        0.23
        """
        return self.fixed + self.per_million_macs * (macs / 1e6) + self.per_node * nodes

    def to_dict(self) -> dict[str, io.Json]:
        """Return plain JSON values."""
        return asdict(self)


def time_experts(net: HierarchicalNet, seed: int = 0) -> Timing:
    """Time experts of one class to all, drawn by chance, and fit a line to three quarters of them.

    Args:
        net: a network.
        seed: of the draw.

    Raises:
        ExportError: the network cannot be exported.
        MissingExtraError: onnx or onnxruntime is not installed.
    """
    from scipy.optimize import nnls

    target = TARGETS.resolve("onnx", {})
    rng, count = np.random.default_rng(seed), len(net.classes)
    sizes = np.unique(np.geomspace(1, count, EXPERTS).astype(int))
    sizes = rng.permutation(np.resize(sizes, EXPERTS))
    experts = [
        extract(net, sorted(rng.choice(net.classes, size, replace=False).tolist()))
        for size in sizes
    ]
    with ExitStack() as places:
        models = [(runner(target, target.model(e), places), made_up(e)) for e in experts]
        taken = np.array(medians_in_turns(models))
    costs = [cost(expert.spec, expert.hierarchy) for expert in experts]
    table = np.array(
        [[1, c.macs / 1e6, len(e.hierarchy.nodes)] for c, e in zip(costs, experts, strict=True)]
    )
    judging = np.arange(EXPERTS) % 4 == 3
    line, _ = nnls(table[~judging] / taken[~judging, None], np.ones((~judging).sum()))
    errors = np.abs(table[judging] @ line / taken[judging] - 1)
    fixed, per_million_macs, per_node = (round(float(number), 6) for number in line)
    return Timing(
        fixed,
        per_million_macs,
        per_node,
        error=round(float(np.median(errors)), 4),
        experts=EXPERTS,
        runtime=target.runtime,
        threads=target.threads,
        machine=io.stamp()["machine"],
    )
