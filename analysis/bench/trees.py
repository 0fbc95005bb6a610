"""From a matrix of similarities to a tree's file, at 1,000 and 10,000 labels, with ties.

    python analysis/bench/trees.py

Writes ``analysis/results/bench-trees.csv`` and ``.json``: seconds from an array in memory to a
dendrogram written as JSON, and the process's greatest memory. Scores are those of labels that come
in groups of groups, with noise, rounded to 0.01 as a model's would be, so that most of them tie;
beside them the same scores unrounded, where scipy's own `linkage` is timed too. Each figure comes
from a process of its own.
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
from taxonomy.clustering.linkage import LINKAGES
from taxonomy.similarity import DenseSimilarity
from taxonomy.study.results import stamp, versions, write_json, write_text

RESULTS = Path(__file__).parent.parent / "results"
BOUNDS = {1000: 3.0, 10_000: 90.0}
"""Seconds that a tree of so many tied labels may take."""


def main() -> None:
    """Time every size and linkage, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", default="1000,10000", help="labels [1000,10000]")
    parser.add_argument("--linkages", default="average,complete,single", help="[average,…]")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(timed(**json.loads(arguments.one))))
        return
    rows = []
    for n in map(int, arguments.sizes.split(",")):
        for linkage in arguments.linkages.split(","):
            for digits in (2, None) if linkage == "average" else (2,):
                case = json.dumps({"n": n, "linkage": linkage, "digits": digits})
                command = [sys.executable, __file__, "--one", case]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                rows.append(json.loads(done.stdout))
                print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    write_text(RESULTS / "bench-trees.csv", table.round(3).to_csv(index=False))
    facts = {
        "command": "make bench-trees",
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
        "versions": versions("numpy", "scipy"),
        **stamp(),
    }
    write_json(RESULTS / "bench-trees.json", facts)
    late = table[
        (table["scores"] != "unrounded") & (table["seconds"] > table["labels"].map(BOUNDS))
    ]
    if len(late):
        raise SystemExit(f"Too slow:\n{late}")


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


def timed(n: int, linkage: str, digits: int | None) -> dict[str, object]:
    """Time one tree, and scipy's merges where nothing ties."""
    assert linkage in LINKAGES
    ids = [f"c{i:05d}" for i in range(n)]
    values = scores(n, digits)
    dendrogram(DenseSimilarity(ids[:50], values[:50, :50]), linkage)  # imports
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        tree = dendrogram(DenseSimilarity(ids, values), linkage)
        tree.save(Path(folder) / "tree.json")
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    row: dict[str, object] = {
        "labels": n,
        "linkage": linkage,
        "scores": "unrounded" if digits is None else f"rounded to {10**-digits:g}",
        "nodes": len(tree.nodes),
        "seconds": seconds,
        "peak_gib": peak,
        "scipy_linkage_seconds": None,
    }
    if digits is None:
        from scipy.cluster.hierarchy import linkage as merges
        from scipy.spatial.distance import squareform

        condensed = squareform(1 - values, checks=False)
        started = time.perf_counter()
        merges(condensed, linkage)
        row["scipy_linkage_seconds"] = time.perf_counter() - started
    return row


if __name__ == "__main__":
    main()
