"""Experts in a browser beside a flat network, and the ways to run a level there, in turns.

    make bench-browser

Headless Chromium, onnxruntime-web on one thread; needs both:
``ONNXRUNTIME_WEB=node_modules/onnxruntime-web/dist``. All models are timed in turns in one page.
Experts of the shipped tree networks, as ``--target browser`` writes them: the time over that of
``icons/flat`` beside the same ratio of MACs. Lowerings: networks of one level with random weights,
over the grouped one's time. Figures are ratios of the shortest times, as a busy machine makes runs
late and never early. Writes ``bench-browser.csv``, ``bench-browser-lowering.csv`` and
``bench-browser.json`` as results.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from lowering import RESULTS, one_level

from taxonomy.design import cost
from taxonomy.export import ONNX
from taxonomy.export.to_browser import RUNTIME, RUNTIME_FILES
from taxonomy.export.to_browser import Browser as BrowserTarget
from taxonomy.nets import extract, get_net
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import get_tasks
from tests.support.devtools import Browser, browsing, shown

PAGE = """<!doctype html><meta charset="utf-8"><script src="ort.wasm.min.js"></script><script>
ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = new URL(".", location.href).href;
async function inTurns(names, side, turns) {
  const models = {}, times = {}, data = new Uint8Array(3 * side * side).map((_, i) => 37 * i % 256);
  for (const name of names) {
    models[name] = await ort.InferenceSession.create(name, {executionProviders: ["wasm"]});
    times[name] = [];
  }
  for (let turn = -5; turn < turns; turn++) for (const name of names) {
    const image = new ort.Tensor("uint8", data, [1, 3, side, side]), started = performance.now();
    await models[name].run({image});
    if (turn >= 0) times[name].push(performance.now() - started);
  }
  for (const name of names) await models[name].release();
  return times;
}
</script>"""

TREES = ("tree", "tree-aligned")
"""Networks of the icons whose experts are timed."""


class Pages:
    """A page that times models.

    Args:
        browser: that shows it.
        folder: where it lies, with the runtime and the models.
        address: of the folder.
        turns: timings of a model.
    """

    def __init__(self, browser: Browser, folder: Path, address: str, turns: int) -> None:
        self.browser, self.folder, self.turns = browser, folder, turns
        for name in RUNTIME_FILES:
            shutil.copy(Path(os.environ["ONNXRUNTIME_WEB"]) / name, folder)
        (folder / "index.html").write_text(PAGE, encoding="utf-8")
        browser.open(f"{address}index.html")

    def times(self, models: Mapping[str, bytes], side: int) -> dict[str, float]:
        """Return each model's shortest run in milliseconds, all timed in turns."""
        for name, model in models.items():
            (self.folder / f"{name}.onnx").write_bytes(model)
        names = [f"{name}.onnx" for name in models]
        found = self.browser.call("inTurns", names, side, self.turns)
        return {name: float(min(found[f"{name}.onnx"])) for name in models}


def main() -> None:
    """Time both and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=150, help="timings a figure [150]")
    parser.add_argument("--tasks", type=int, default=200, help="coherent tasks of five [200]")
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as place,
        shown(Path(place)) as address,
        browsing() as browser,
    ):
        pages = Pages(browser, Path(place), address, arguments.turns)
        experts = table_of_experts(pages, arguments.tasks)
        write_text(RESULTS / "bench-browser.csv", experts.round(4).to_csv(index=False))
        lowering = table_of_lowerings(pages)
        write_text(RESULTS / "bench-browser-lowering.csv", lowering.round(4).to_csv(index=False))
    facts = {"command": "make bench-browser", "turns": arguments.turns, "runtime": RUNTIME}
    by_network = {str(name): summary(rows) for name, rows in experts.groupby("network")}
    facts |= {"chromium": browser.version, "experts": by_network}
    facts |= {"load_average": os.getloadavg()[1], "versions": versions("onnx")} | stamp()
    write_json(RESULTS / "bench-browser.json", facts)
    print(lowering.round(3).to_string(index=False))
    print(pd.DataFrame(by_network).round(3).to_string())


def table_of_experts(pages: Pages, count: int) -> pd.DataFrame:
    """Return each task's experts' times and MACs over those of the flat network."""
    trees, flat = {name: get_net(f"icons/{name}") for name in TREES}, get_net("icons/flat")
    tasks = list(get_tasks("icons").select("coherent", 5))
    macs, reference = cost(flat.spec, flat.hierarchy).macs, BrowserTarget().model(flat)
    rows = []
    for task in tasks[:count]:
        experts = {name: extract(net, task.classes) for name, net in trees.items()}
        models = {name: BrowserTarget().model(net) for name, net in experts.items()}
        times = pages.times({**models, "flat": reference}, 32)
        for name, expert in experts.items():
            share = cost(expert.spec, expert.hierarchy).macs / macs
            row = {"task": task.id, "network": f"icons/{name}", "macs_ratio": share}
            row |= {"expert_ms": times[name], "flat_ms": times["flat"]}
            row |= {"time_ratio": times[name] / times["flat"]}
            rows.append(row | {"time_over_macs": row["time_ratio"] / share})
    return pd.DataFrame(rows)


def table_of_lowerings(pages: Pages) -> pd.DataFrame:
    """Return how long a network of one level takes by lowering, over the grouped one."""
    rows = []
    for family in ("resnet", "convnext"):
        for nodes in (2, 5, 22):
            for width in (20, 44, 64):
                net = one_level(family, nodes, width)
                ways = [way for way in ("grouped", "sliced", "dense") if nodes * width <= 640]
                ways = ways or ["grouped", "sliced"]
                models = {way: ONNX(lowering=way).model(net) for way in ways}
                times = pages.times(models, net.spec.resolution)
                row = {"family": family, "nodes": nodes, "width": width}
                row |= {"grouped_ms": times["grouped"]}
                rows.append(
                    row | {f"{way}_over_grouped": times[way] / times["grouped"] for way in ways[1:]}
                )
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> dict[str, float]:
    """Return the medians over tasks."""
    return {
        "tasks": len(table),
        "median_ms": float(table["expert_ms"].median()),
        "median_macs_ratio": float(table["macs_ratio"].median()),
        "median_time_ratio": float(table["time_ratio"].median()),
        "median_time_over_macs": float(table["time_over_macs"].median()),
        "within_1.3": float((table["time_over_macs"] <= 1.3).mean()),
    }


if __name__ == "__main__":
    main()
