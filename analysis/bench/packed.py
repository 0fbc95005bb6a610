"""The packed network against one module per node, and against a flat ResNet of equal MACs.

    make bench

Writes ``analysis/results/bench-packed.csv`` and ``.json``. All that is compared is timed in turns
in one process, so that a disturbance hits every side; the figures are medians. All run in bf16 with
channels last where the processor computes in it natively, else in fp32; forward passes as they are
deployed, normalisations folded away and weights in that type. The packed and the flat network
are timed once more as ``torch.compile`` makes them.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch import nn

from taxonomy.design import NetSpec, cost
from taxonomy.formats import get_tree
from taxonomy.nets import build_net
from taxonomy.nets.layers import folded
from taxonomy.nets.unpacked import UnpackedNet
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.training import TrainConfig
from taxonomy.training.config import uses_bf16
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parents[1] / "results"
SPEC = NetSpec.tree(trunk=((16, 0), (32, 2)), levels=((32, 2), (32, 1)))
Acts = dict[str, Callable[[], None]]


def main() -> None:
    """Time forward passes and training steps at every size and batch."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=9, help="timings a figure [9]")
    parser.add_argument("--batches", default="1,64,256", help="batch sizes [1,64,256]")
    parser.add_argument("--device", default="cpu", help="cpu or cuda [cpu]")
    parser.add_argument("--out", type=Path, default=RESULTS / "bench-packed", help="[results]")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    bf16 = uses_bf16(TrainConfig(), device)
    rows, facts = [], {}
    for leaves, tree in {212: get_tree("icons/wordnet"), 1000: even_tree()}.items():
        packed = build_net(SPEC, tree, seed=0)
        flat = flat_of_equal_macs(tree)
        nets = {
            "packed": packed,
            "per_node": UnpackedNet(packed),
            "flat": build_net(flat, Hierarchy.star(tree.leaves), seed=0),
        }
        facts[f"largest_logit_difference_{leaves}"] = check_equal(packed, nets["per_node"])
        macs = {"packed": cost(SPEC, tree).macs}
        macs["flat"] = cost(flat, Hierarchy.star(tree.leaves)).macs
        facts[f"macs_{leaves}"] = macs
        facts[f"nodes_{leaves}"] = len(tree.nodes) - 1
        for net in nets.values():
            net.to(device=device, memory_format=torch.channels_last)
        for batch in map(int, arguments.batches.split(",")):
            x = torch.randn(batch, 3, 32, 32).to(device, memory_format=torch.channels_last)
            for what, act in (("forward", forward), ("training step", training_step)):
                acts = {name: act(net, x, bf16, False) for name, net in nets.items()}
                for name in ("packed", "flat"):
                    acts[f"{name}_compiled"] = act(nets[name], x, bf16, True)
                times = in_turns(acts, arguments.repeats, device)
                rows.append(figures(leaves, batch, what, times, macs["packed"] / macs["flat"]))
                print(rows[-1], flush=True)
            torch.compiler.reset()
    table = pd.DataFrame(rows)
    write_text(arguments.out.with_suffix(".csv"), table.round(5).to_csv(index=False))
    facts |= {
        "command": f"make bench (--device {arguments.device} --batches {arguments.batches})",
        "repeats": arguments.repeats,
        "dtype": "bfloat16" if bf16 else "float32",
        "spec": SPEC.to_dict(),
        "threads": torch.get_num_threads(),
        "device": torch.cuda.get_device_name() if device.type == "cuda" else "cpu",
        "versions": versions("torch"),
        **stamp(),
    }
    write_json(arguments.out.with_suffix(".json"), facts)
    print(table.round(4).to_string(index=False))


def even_tree(leaves: int = 1000, groups: int = 25, subgroups: int = 4) -> Hierarchy:
    """Return a tree of equal groups of equal subgroups."""
    ids = [f"c{i:04d}" for i in range(leaves)]
    each = leaves // (groups * subgroups)
    lowest = [ids[i : i + each] for i in range(0, leaves, each)]
    return Hierarchy.from_nested(
        [lowest[i : i + subgroups] for i in range(0, len(lowest), subgroups)]
    )


def flat_of_equal_macs(tree: Hierarchy) -> NetSpec:
    """Return the flat network whose MACs come nearest to those of the packed one over a tree."""
    wanted, star = cost(SPEC, tree).macs, Hierarchy.star(tree.leaves)
    family = [NetSpec.flat().scaled(step / 24) for step in range(6, 96)]
    return min(family, key=lambda spec: abs(cost(spec, star).macs - wanted))


def figures(
    leaves: int, batch: int, what: str, times: dict[str, float], macs: float
) -> dict[str, object]:
    """Return a row: seconds, and the ratios that matter.

    Args:
        leaves: of the tree.
        batch: its size.
        what: was timed.
        times: in seconds, by what it took.
        macs: the packed network's over the flat one's.
    """
    ratios = {
        "per_node_over_packed": times["per_node"] / times["packed"],
        "packed_share_of_flat_macs_per_second": macs * times["flat"] / times["packed"],
        "share_where_both_are_compiled": macs * times["flat_compiled"] / times["packed_compiled"],
    }
    seconds = {f"{name}_seconds": taken for name, taken in times.items()}
    return {"leaves": leaves, "batch": batch, "what": what, **ratios, **seconds}


def check_equal(packed: nn.Module, per_node: nn.Module) -> float:
    """Return the largest difference of the two ways' logits, which must be rounding."""
    x = torch.randn(8, 3, 32, 32)
    with torch.no_grad():
        one, other = packed.eval()(x), per_node.eval()(x)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-5 * max(1.0, one.abs().max().item()))
    return (one - other).abs().max().item()


def forward(net: nn.Module, x: torch.Tensor, bf16: bool, compiled: bool) -> Callable[[], None]:
    """Return a forward pass as it is deployed: normalisations folded into the convolutions."""
    deployed, x = folded(net), x.bfloat16() if bf16 else x
    if bf16:
        deployed = deployed.bfloat16()
    run = torch.compile(deployed, dynamic=False) if compiled else deployed

    def act() -> None:
        with torch.no_grad():
            run(x)

    return act


def training_step(
    net: nn.Module, x: torch.Tensor, bf16: bool, compiled: bool
) -> Callable[[], None]:
    """Return a forward and backward pass in training mode and a step of AdamW."""
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-4)
    run = torch.compile(net, dynamic=False) if compiled else net

    def act() -> None:
        net.train(len(x) > 1)  # norms stay as they are where a batch of one has no variance
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=bf16):
            logits = run(x)
        logits.float().logsumexp(1).mean().backward()
        optimizer.step()

    return act


def in_turns(acts: Acts, repeats: int, device: torch.device) -> dict[str, float]:
    """Return each act's median seconds, timed in turns after two runs of each to warm up."""
    times: dict[str, list[float]] = {name: [] for name in acts}
    for turn in range(repeats + 2):
        for name, act in acts.items():
            started = time.perf_counter()
            act()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn > 1:
                times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    main()
