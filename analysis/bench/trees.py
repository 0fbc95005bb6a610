"""From a matrix of similarities to a tree's file, beside scipy's `linkage` of the same matrix.

    python analysis/bench/trees.py

Writes ``analysis/results/bench-clustering.csv`` and ``.json``. Scores are of labels that come in
groups of groups, with noise, rounded to 0.01 as a model's would be, so that most of them tie, and
unrounded. Both sides start with the square matrix in memory. Ours ends with a dendrogram written as
JSON; scipy's begins by making condensed distances and ends with its merges, in which equal
distances merge by order of rows. Each run is a process of its own, the two sides in turns; seconds
are the processor's, the least of the rounds, and memory is the process's greatest.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from taxonomy.clustering.levels import dendrogram
from taxonomy.similarity import DenseSimilarity
from taxonomy.studies.results import stamp, versions, write_json, write_text

RESULTS = Path(__file__).parents[1] / "results"
SECONDS, MEMORY = 2.5, 1.5
"""How many times scipy's seconds and memory a tree of 10,000 labels may take."""


def main() -> None:
    """Time every size and linkage, ours and scipy's in turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="1000,10000", help="labels [1000,10000]")
    parser.add_argument("--linkages", default="average,complete,weighted,single", help="[all four]")
    parser.add_argument("--rounds", type=int, default=2, help="runs of each [2]")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(timed(**json.loads(arguments.one))))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n in map(int, arguments.sizes.split(",")):
            for digits in (2, None):
                matrix = str(Path(folder) / "scores.npy")
                np.save(matrix, scores(n, digits))
                for linkage in arguments.linkages.split(",") if digits else ("average",):
                    rows.append(compared(matrix, linkage, digits, arguments.rounds))
                    print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    write_text(RESULTS / "bench-clustering.csv", table.round(3).to_csv(index=False))
    facts = {
        "command": "make bench-trees",
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
        "versions": versions("numpy", "scipy"),
        **stamp(),
    }
    write_json(RESULTS / "bench-clustering.json", facts)
    large = table[table["labels"] >= 10_000]
    over = large[(large["seconds_ratio"] > SECONDS) | (large["memory_ratio"] > MEMORY)]
    if len(over):
        raise SystemExit(
            f"Above {SECONDS} times scipy's time or {MEMORY} times its memory:\n{over}"
        )


def scores(n: int, digits: int | None, seed: int = 0) -> np.ndarray:
    """Return the similarities of labels in groups of 100 and of 10, with noise."""
    rng = np.random.default_rng(seed)
    at = rng.permutation(n)
    values = rng.random((n, n), dtype=np.float32)
    values += values.T
    values *= 0.15
    for size, more in ((100, 0.25), (10, 0.3)):
        values += np.float32(more) * ((at // size)[:, None] == (at // size)[None, :])
    made = values.astype(np.float64) if digits is None else values.round(digits).astype(np.float64)
    if digits is not None:
        made.round(digits, out=made)
    np.fill_diagonal(made, 1)
    return made


def compared(matrix: str, linkage: str, digits: int | None, rounds: int) -> dict[str, object]:
    """Run both sides so many times, in turns; return the least seconds and memory of each."""
    runs: dict[str, list[dict[str, float]]] = {"ours": [], "scipy": []}
    for _ in range(rounds):
        for side, done in runs.items():
            case = json.dumps({"matrix": matrix, "linkage": linkage, "side": side})
            command = [sys.executable, __file__, "--one", case]
            done.append(
                json.loads(
                    subprocess.run(command, check=True, capture_output=True, text=True).stdout
                )
            )
    least = {
        side: {key: min(run[key] for run in done) for key in done[0]} for side, done in runs.items()
    }
    ours, peer = least["ours"], least["scipy"]
    return {
        "labels": int(ours["labels"]),
        "linkage": linkage,
        "scores": "unrounded" if digits is None else f"rounded to {10**-digits:g}",
        "nodes": int(ours["nodes"]),
        "seconds": ours["seconds"],
        "merges_seconds": ours["merges_seconds"],
        "scipy_seconds": peer["seconds"],
        "scipy_merges_seconds": peer["merges_seconds"],
        "seconds_ratio": ours["seconds"] / peer["seconds"],
        "peak_gib": ours["peak_gib"],
        "scipy_peak_gib": peer["peak_gib"],
        "memory_ratio": ours["peak_gib"] / peer["peak_gib"],
    }


def timed(matrix: str, linkage: str, side: str) -> dict[str, float]:
    """Time one side from the square matrix: all of it, and the merges alone."""
    values = np.load(matrix)
    run = ours if side == "ours" else scipys
    run(values[:50, :50].copy(), linkage)  # imports
    started = time.process_time()
    nodes, merges = run(values, linkage)
    return {
        "labels": len(values),
        "nodes": nodes,
        "seconds": time.process_time() - started,
        "merges_seconds": merges,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def ours(values: np.ndarray, linkage: str) -> tuple[int, float]:
    """Make and write the tree; return its nodes and the seconds of the tree alone."""
    similarity = DenseSimilarity([f"c{i:05d}" for i in range(len(values))], values)
    assert similarity.digest  # part of what the tree records, and not of its merges
    started = time.process_time()
    tree = dendrogram(similarity, linkage)
    seconds = time.process_time() - started
    with tempfile.TemporaryDirectory() as folder:
        tree.save(Path(folder) / "tree.json")
    return len(tree.nodes), seconds


def scipys(values: np.ndarray, linkage: str) -> tuple[int, float]:
    """Make condensed distances and merge; return the merges and the seconds of them alone."""
    from scipy.cluster.hierarchy import linkage as merges
    from scipy.spatial.distance import squareform

    condensed = squareform(values, checks=False)
    np.subtract(1, condensed, out=condensed)
    started = time.process_time()
    nodes = len(merges(condensed, linkage))
    return nodes, time.process_time() - started


if __name__ == "__main__":
    main()
