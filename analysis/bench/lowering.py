"""The ways to run a level of nodes, in turns, in onnxruntime and in LiteRT with XNNPACK.

    make bench-lowering

Networks of one level with random weights, in floats, batch 1, one thread: the time by lowering
over the grouped one's, and of ``auto`` over the fastest. `taxonomy.export.packs.chosen` follows the
table. All are timed in turns in one process, so that a disturbance hits all of them, and figures
are medians of the ratios within a turn. Writes ``bench-lowering.csv`` and ``.json`` as results.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from taxonomy.design import Block, NetSpec
from taxonomy.export import ONNX, OpenVINO, TFLite
from taxonomy.export.packs import chosen
from taxonomy.export.to_onnx import session
from taxonomy.export.to_openvino import COMPUTING
from taxonomy.export.to_tflite import interpreter
from taxonomy.nets import HierarchicalNet, build_net
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parents[1] / "results"
RUNTIMES = {"onnxruntime": ONNX, "ai-edge-litert": TFLite}
NODES = (1, 2, 3, 5, 10, 22)
WIDTHS = (8, 12, 16, 20, 24, 29, 32, 36, 44, 48, 64)
LOWERINGS = ("grouped", "padded", "sliced", "dense")
WARM, TIMED = 2, 3
"""Runs a turn: models that were not run lately have to be fetched into the processor's caches."""
MOST_DENSE = 640
"""Channels of a level beyond which dense weights are not tried: they grow with the square."""
MATTERS = 1.2
"""By so much the slowest lowering is slower where the choice is said to matter."""


def main() -> None:
    """Time all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=41, help="timings a figure [41]")
    parser.add_argument("--out", type=Path, default=RESULTS / "bench-lowering", help="[results]")
    arguments = parser.parse_args()
    rows = []
    for runtime in RUNTIMES:
        for family in ("resnet", "convnext"):
            for nodes in NODES:
                for width in WIDTHS:
                    rows.append(row(runtime, family, nodes, width, arguments.turns))
                    print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    write_text(arguments.out.with_suffix(".csv"), table.round(4).to_csv(index=False))
    facts = {"command": "make bench-lowering", "turns": arguments.turns, "threads": 1}
    facts |= {runtime: summary(part) for runtime, part in table.groupby("runtime")}
    facts |= {"load_average": os.getloadavg()[1]}
    facts |= {"versions": versions("onnx", "onnxruntime", "ai-edge-litert"), **stamp()}
    write_json(arguments.out.with_suffix(".json"), facts)


def row(runtime: str, family: str, nodes: int, width: int, turns: int) -> dict[str, object]:
    """Return how long a network of one level takes, and its bytes, by lowering."""
    net = one_level(family, nodes, width)
    ways = [way for way in LOWERINGS if way != "dense" or nodes * width <= MOST_DENSE]
    if nodes == 1:
        ways = ["grouped", "padded"]  # the others are the same as the first
    targets = {way: RUNTIMES[runtime](lowering=way) for way in ways}
    models = {way: target.model(net) for way, target in targets.items()}
    times = in_turns({way: run_of(models[way], runtime, net) for way in ways}, turns)
    over = {way: ratio(times[way], times["grouped"]) for way in ways}
    auto = chosen(runtime, Block(family), nodes, width)
    return {
        "runtime": runtime,
        "family": family,
        "nodes": nodes,
        "width": width,
        "grouped_ms": 1e3 * float(np.median(times["grouped"])),
        **{f"{way}_over_grouped": over.get(way, np.nan) for way in LOWERINGS[1:]},
        "padded_bytes_over_grouped": len(models["padded"]) / len(models["grouped"]),
        "auto": auto,
        "auto_over_best": over[auto] / min(over.values()),
        "worst_over_best": max(over.values()) / min(over.values()),
    }


def summary(table: pd.DataFrame) -> dict[str, float]:
    """Return how far ``auto`` is from the fastest, and where it matters from the slowest."""
    matters = table[table["worst_over_best"] >= MATTERS]
    return {
        "cases": len(table),
        "cases_that_matter": len(matters),
        "auto_over_best_median": float(table["auto_over_best"].median()),
        "auto_over_best_worst": float(table["auto_over_best"].max()),
        "worst_over_auto_least_where_it_matters": float(
            (matters["worst_over_best"] / matters["auto_over_best"]).min()
        ),
    }


def one_level(family: str, nodes: int, width: int) -> HierarchicalNet:
    """Return a network of a thin trunk and one level of nodes on maps of 4 by 4 cells."""
    tree = Hierarchy.from_nested([[f"{i:02}a", f"{i:02}b"] for i in range(nodes)])
    spec = NetSpec.tree(
        trunk=((16, 0), (16, 0), (40, 0)), levels=((width, 1),), block=Block(family)
    )
    return build_net(spec, tree, seed=0).eval()


def run_of(
    model: bytes, runtime: str, net: HierarchicalNet, picture: np.ndarray | None = None
) -> Callable[[], object]:
    """Return one run of a model on one picture that lies where the runtime reads it.

    Args:
        model: the file's content.
        runtime: what runs it.
        net: the network that it is of.
        picture: uint8 (1, 3, side, side); black by default.
    """
    side = net.spec.resolution
    given = np.zeros((1, 3, side, side), np.uint8) if picture is None else picture
    if runtime == "ai-edge-litert":
        made = interpreter(model)
        where = made.get_input_details()[0]["index"]
        made.set_tensor(where, np.ascontiguousarray(given.transpose(0, 2, 3, 1)))
        return made.invoke  # type: ignore[no-any-return]
    feed = {"image": np.ascontiguousarray(given)}
    if runtime == "executorch":
        return executorch_run(model, given)
    if runtime == "openvino":
        import openvino

        words, weights = OpenVINO().files(model).values()
        core = openvino.Core()
        read = core.read_model(words, openvino.Tensor(np.frombuffer(weights, np.uint8)))
        request = core.compile_model(read, "CPU", COMPUTING).create_infer_request()
        request.infer(feed)
        return request.infer  # type: ignore[no-any-return]
    loaded = session(model)
    return lambda: loaded.run(None, feed)


def executorch_run(model: bytes, picture: np.ndarray) -> Callable[[], object]:
    """Return one run of an ExecuTorch program on one picture, on one thread."""
    import torch
    from executorch.extension.pybindings import portable_lib
    from executorch.runtime import Runtime

    portable_lib._unsafe_reset_threadpool(1)  # noqa: SLF001 - there is no other way
    program = Runtime.get().load_program(model)
    method, given = program.load_method("forward"), [torch.from_numpy(picture)]

    def run(_: object = (model, program)) -> object:  # which a method reads, but does not hold
        return method.execute(given)

    return run


def in_turns(runs: dict[str, Callable[[], object]], turns: int) -> dict[str, np.ndarray]:
    """Return each one's seconds by turn: the median of some runs after a few to warm up."""
    times = {name: np.empty((turns, TIMED)) for name in runs}
    for turn in range(turns):
        for name, run in runs.items():
            for _ in range(WARM):
                run()
            for number in range(TIMED):
                started = time.perf_counter()
                run()
                times[name][turn, number] = time.perf_counter() - started
    return {name: np.median(taken, axis=1) for name, taken in times.items()}


def ratio(times: np.ndarray, others: np.ndarray) -> float:
    """Return the median of two ways' ratios, each within one turn."""
    return float(np.median(times / others))


if __name__ == "__main__":
    main()
