"""The packed network against the same weights run one module per node, side by side.

    make bench

Writes ``analysis/results/bench-packed.csv`` and ``.json``. Every pair of timings is taken in
turns in one process, so that a disturbance hits both; the figures are medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch

from taxonomy import _io, _shipped
from taxonomy.cost import cost
from taxonomy.hierarchy import Hierarchy
from taxonomy.nets import build
from taxonomy.nets.unpacked import UnpackedNet
from taxonomy.spec import branching

RESULTS = Path(__file__).parent.parent / "results"


def main() -> None:
    """Time both ways, forward and training step, at every batch size."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=7, help="timings a figure [7]")
    parser.add_argument("--batches", default="1,64", help="batch sizes [1,64]")
    arguments = parser.parse_args()
    tree = Hierarchy.load(_shipped.path("icons/trees/wordnet.json"))
    spec = branching()
    packed = build(spec, tree, seed=0)
    nets = {"packed": packed, "per_node": UnpackedNet(packed)}
    for net in nets.values():
        net.to(memory_format=torch.channels_last)
    largest_gap = check_equal(nets)
    rows = []
    for batch in map(int, arguments.batches.split(",")):
        x = torch.randn(batch, 3, spec.resolution, spec.resolution)
        x = x.contiguous(memory_format=torch.channels_last)
        for name, act in (("forward", forward), ("training step", training_step)):
            times = in_turns({k: act(net, x) for k, net in nets.items()}, arguments.repeats)
            ratio = times["per_node"] / times["packed"]
            rows.append({"batch": batch, "what": name, **times, "per_node_over_packed": ratio})
            print(rows[-1])
    table = pd.DataFrame(rows).rename(
        columns={"packed": "packed_seconds", "per_node": "per_node_seconds"}
    )
    _io.write_text(RESULTS / "bench-packed.csv", table.round(5).to_csv(index=False))
    facts = {
        "command": "make bench",
        "repeats": arguments.repeats,
        "nodes": len(tree.nodes) - 1,
        "leaves": len(tree.leaves),
        "macs": cost(spec, tree).macs,
        "dtype": "float32",
        "largest_logit_difference": largest_gap,
        "threads": torch.get_num_threads(),
        "versions": _io.versions("torch"),
        **_io.stamp(),
    }
    _io.write_json(RESULTS / "bench-packed.json", facts)
    print(table.round(4).to_string(index=False))


def check_equal(nets: dict[str, torch.nn.Module]) -> float:
    """Return the largest difference of the two ways' logits, which must be rounding."""
    x = torch.randn(8, 3, 32, 32)
    with torch.no_grad():
        one, other = (net.eval()(x) for net in nets.values())
    torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * max(1.0, one.abs().max().item()))
    return (one - other).abs().max().item()


def forward(net: torch.nn.Module, x: torch.Tensor) -> Callable[[], None]:
    """Return a forward pass in evaluation mode."""

    def act() -> None:
        net.eval()
        with torch.no_grad():
            net(x)

    return act


def training_step(net: torch.nn.Module, x: torch.Tensor) -> Callable[[], None]:
    """Return a forward and backward pass in training mode and a step of AdamW."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)

    def act() -> None:
        # Norms stay in evaluation mode, because a batch of one has no variance.
        net.eval()
        optimizer.zero_grad(set_to_none=True)
        net(x).logsumexp(1).mean().backward()
        optimizer.step()

    return act


def in_turns(acts: dict[str, Callable[[], None]], repeats: int) -> dict[str, float]:
    """Return each act's median seconds, timed in turns after one run of each to warm up."""
    for act in acts.values():
        act()
    times: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(repeats):
        for name, act in acts.items():
            started = time.perf_counter()
            act()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    main()
