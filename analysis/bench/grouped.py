"""One grouped convolution beside a dense one of equal MACs: the ceiling of a packed forward pass.

    python analysis/bench/grouped.py

A packed level is a grouped convolution, a flat network's stage a dense one. Timed alone, in turns
in one process, with PyTorch's own kernels, in bf16 with channels last where the processor computes
in it natively, else in fp32. The dense width is a multiple of 16, which kernels like. Writes
``analysis/results/bench-grouped.csv`` and ``.json``.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import torch
from packed import RESULTS, in_turns

from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.training import TrainConfig
from taxonomy.training.config import uses_bf16

CPU = torch.device("cpu")
WIDTH, REPEATS, PASSES = 32, 15, 10
LEVELS = ((12, 8), (48, 4), (25, 8), (100, 4))
"""Nodes, and the side of their maps: the packed bench's levels at 212 and at 1,000 leaves."""


def main() -> None:
    """Time both at every level and batch, and write the shares."""
    dtype = torch.bfloat16 if uses_bf16(TrainConfig(), CPU) else torch.float32
    rows = []
    for nodes, side in LEVELS:
        dense = 16 * round(WIDTH * nodes**0.5 / 16)  # about as many MACs a cell
        for batch in (1, 64, 256):
            acts = {
                "grouped": convolution(batch, nodes * WIDTH, nodes, side, dtype),
                "dense": convolution(batch, dense, 1, side, dtype),
            }
            seconds = {what: t / PASSES for what, t in in_turns(acts, REPEATS, CPU).items()}
            macs = nodes * WIDTH**2 / dense**2
            share = macs * seconds["dense"] / seconds["grouped"]
            row = {"nodes": nodes, "width": WIDTH, "dense_width": dense, "side": side}
            row |= {"batch": batch, "share_of_dense_macs_per_second": share}
            rows.append(row | {f"{what}_seconds": t for what, t in seconds.items()})
    table = pd.DataFrame(rows)
    write_text(RESULTS / "bench-grouped.csv", table.round(7).to_csv(index=False))
    facts = {
        "command": "python analysis/bench/grouped.py",
        "dtype": str(dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "versions": versions("torch"),
        **stamp(),
    }
    write_json(RESULTS / "bench-grouped.json", facts)
    print(table.round(6).to_string(index=False))


def convolution(
    batch: int, channels: int, groups: int, side: int, dtype: torch.dtype
) -> Callable[[], None]:
    """Return some passes of a 3x3 convolution over random maps."""
    x = torch.randn(batch, channels, side, side).to(dtype, memory_format=torch.channels_last)
    weight = torch.randn(channels, channels // groups, 3, 3)
    weight = weight.to(dtype, memory_format=torch.channels_last)

    def act() -> None:
        with torch.no_grad():
            for _ in range(PASSES):
                torch.nn.functional.conv2d(x, weight, padding=1, groups=groups)

    return act


if __name__ == "__main__":
    main()
