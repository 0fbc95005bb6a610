"""How time and memory grow with classes, from 100 to 21,841, and with leaves of a network to 5,000.

    make bench-scale                                (all; a quarter of an hour)
    python analysis/bench/scale.py --only network   (one step)

Every case is a process of its own, which may take 12 GiB and a quarter of an hour; seconds are the
processor's, without imports, memory is the most that the process held. Labels are classes of
ImageNet-21k drawn with seed 0, the steps those of a tree's life: scores by a source, clustering of
all pairs, a comparison of two trees, closed-form costs of 1,000 experts, and a network of as many
classes: built, one picture answered, one step of training, and an expert of five classes written
for onnxruntime. A case that ends badly is a row with what went wrong, and no larger one follows.
Writes ``analysis/results/bench-scale.csv``, ``.json`` and ``.png``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from taxonomy.builders import get_builder
from taxonomy.comparison import compare
from taxonomy.design import NetSpec, expert_costs
from taxonomy.labels import LabelSet, get_labels
from taxonomy.plots import save_figure
from taxonomy.similarity import DenseSimilarity, get_source
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import TaskList
from taxonomy.tasks.drawing import sample_random
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parent.parent / "results"
CLASSES = (100, 1000, 5000, 10_000, 21_841)
LEAVES = (100, 212, 1000, 5000)
MOST_GIB, MOST_SECONDS = 12, 900
BATCH, PIXELS = 64, 32

Work = Callable[[], object]


def labels_of(count: int) -> LabelSet:
    """Return so many classes of ImageNet-21k."""
    labels = get_labels("imagenet-21k")
    drawn = np.random.default_rng(0).choice(labels.ids, count, replace=False)
    return labels.restrict(drawn.tolist())


def tree_of(count: int, names: list[str] | None = None) -> Hierarchy:
    """Return a tree of two levels of groups, the square root of the count and of that."""
    wide = round(count**0.5)
    few = max(2, round(wide**0.5))
    names = names or [f"c{i:05}" for i in range(count)]
    groups = [part.tolist() for part in np.array_split(names, wide)]
    upper = np.array_split(np.arange(wide), few)
    return Hierarchy.from_nested([[groups[i] for i in part] for part in upper])


def scores(source: str) -> Callable[[int], Work]:
    """Return what makes a source's scores of so many classes."""

    def ready(count: int) -> Work:
        options = {"cache": False} if source == "embedding" else {}
        made, labels = get_source(source, **options), labels_of(count)
        made(labels.restrict(labels.ids[:3]))  # imports, and a model that is loaded once
        return lambda: made(labels)

    return ready


def clustering(count: int) -> Work:
    """Return the clustering of all pairs, with scores that are drawn."""
    labels = labels_of(count)
    places = np.random.default_rng(0).normal(size=(count, 16)).astype(np.float32)
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    square = places @ places.T
    square = np.clip((1 + (square + square.T) / 2) / 2, 0, 1)
    np.fill_diagonal(square, 1)
    similarity = DenseSimilarity(labels.ids, square)
    return lambda: get_builder("cluster")(labels, similarity)


def comparison(count: int) -> Work:
    """Return the comparison of two trees, one with the classes of the other in another order."""
    tree = tree_of(count)
    names = np.random.default_rng(0).permutation(tree.leaves).tolist()
    other = tree_of(count, names)
    return lambda: compare({"one": tree, "other": other})


def costs(count: int) -> Work:
    """Return the closed-form costs of 1,000 experts of five classes."""
    tree = tree_of(count)
    tasks = TaskList(sample_random(tree.leaves, 5, 1000, seed=0), tree.leaves)
    return lambda: expert_costs(SPEC, tree, tasks)


SPEC = NetSpec.tree(levels=((32, 1), (48, 1)), resolution=PIXELS)
"""A network that branches at both levels of groups."""


def network(what: str) -> Callable[[int], Work]:
    """Return a step of a network of so many classes."""

    def ready(count: int) -> Work:
        import torch

        from taxonomy.export import ONNX
        from taxonomy.nets import build_net, extract

        torch.set_num_threads(1)
        tree = tree_of(count)
        if what == "built":
            build_net(SPEC, tree_of(100), 0)
            return lambda: build_net(SPEC, tree, 0)
        net = build_net(SPEC, tree, 0).eval()
        pictures = torch.zeros(BATCH, 3, PIXELS, PIXELS)
        five = net.classes[:: max(1, count // 5)][:5]
        if what == "expert":
            ONNX().model(extract(net, net.classes[:2]))
            return lambda: ONNX().model(extract(net, five))
        net.train(what == "step")

        def once() -> None:
            answers = net(pictures if what == "step" else pictures[:1])
            if what == "step":
                answers.square().mean().backward()

        once()
        return once

    return ready


STEPS: dict[str, tuple[str, tuple[int, ...], Callable[[int], Work]]] = {
    "scores of WordNet": ("tree", CLASSES, scores("wordnet")),
    "scores of embeddings": ("tree", CLASSES, scores("embedding")),
    "clustering all pairs": ("tree", CLASSES, clustering),
    "comparing two trees": ("tree", CLASSES, comparison),
    "costs of 1,000 experts": ("tree", CLASSES, costs),
    "network: built": ("network", LEAVES, network("built")),
    "network: one picture": ("network", LEAVES, network("picture")),
    "network: a step of 64 pictures": ("network", LEAVES, network("step")),
    "network: an expert of five written": ("network", LEAVES, network("expert")),
}


def measure(step: str, count: int) -> dict[str, float]:
    """Time one case in this process."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_GIB * 2**30,) * 2)
    work = STEPS[step][2](count)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    work()
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "peak_mib": peak / 2**10, "more_mib": (peak - before) / 2**10}


def case(step: str, count: int) -> dict[str, object]:
    """Time one case in a process of its own; return a row, also where it fails."""
    command = [sys.executable, __file__, "--one", json.dumps([step, count])]
    row: dict[str, object] = {"step": step, "classes": count, "failed": ""}
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        return row | {"failed": f"more than {MOST_SECONDS} seconds"}
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or [f"ended with {done.returncode}"]
        return row | {"failed": last[0][:200]}
    return row | json.loads(done.stdout.splitlines()[-1])


def picture(table: pd.DataFrame) -> Figure:
    """Draw seconds and memory against classes."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")
    panels = figure.subplots(1, 2)
    columns = {"seconds": "seconds of the processor", "peak_mib": "MiB held at most"}
    for panel, (column, told) in zip(panels, columns.items(), strict=True):
        for step, rows in table.groupby("step", sort=False):
            style = "--" if str(step).startswith("network") else "-"
            panel.plot(
                rows["classes"], rows[column].clip(lower=1e-3), style, marker=".", label=step
            )
        panel.set(xscale="log", yscale="log", xlabel="classes", ylabel=told)
        panel.grid(alpha=0.3)
    panels[0].legend(frameon=False, fontsize=7)
    return figure


def main() -> None:
    """Run all cases."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", choices=("tree", "network"), help="one kind of steps [both]")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(*json.loads(given.one))))
        return
    rows = []
    for step, (kind, counts, _) in STEPS.items():
        if given.only not in (None, kind):
            continue
        for count in counts:
            rows.append(case(step, count))
            print(rows[-1], flush=True)
            if rows[-1]["failed"]:
                break
    table = pd.DataFrame(rows)
    if given.only:  # to look at; the tables hold all
        return
    write_text(RESULTS / "bench-scale.csv", table.round(4).to_csv(index=False))
    save_figure(RESULTS / "bench-scale.png", picture(table[table["failed"] == ""]))
    facts = {
        "command": "make bench-scale",
        "threads": 1,
        "load_average": os.getloadavg()[1],
        "limits": {"gib": MOST_GIB, "seconds": MOST_SECONDS},
        "versions": versions("numpy", "scipy", "torch"),
        **stamp(),
    }
    write_json(RESULTS / "bench-scale.json", facts)


if __name__ == "__main__":
    main()
