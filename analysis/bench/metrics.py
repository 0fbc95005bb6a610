"""Tree distances against other programs' at 1,000 leaves, in one process.

    python analysis/bench/metrics.py

Writes ``analysis/results/bench-metrics.csv`` and ``.json``: rooted Robinson-Foulds beside
scikit-bio's and DendroPy's, the triplet distance beside tqdist's. All are timed in turns, so that
a disturbance hits all, and the figures are medians. scikit-bio and DendroPy start from their own
trees in memory, newly read for every timing, tqdist from Newick text, which is all that it takes.
The toolkit is timed twice: on newly made trees (first), and again on the same ones (again).
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
import warnings
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import dendropy
import numpy as np
import pandas as pd
import tqdist
from dendropy.calculate import treecompare

from taxonomy.comparison import robinson_foulds, triplet_distance
from taxonomy.study.results import stamp, versions, write_json, write_text
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from skbio import TreeNode

RESULTS = Path(__file__).parent.parent / "results"
Timed = Callable[[], tuple[Callable[[], float], float]]


def main() -> None:
    """Time every program on binary and on multiway trees."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leaves", type=int, default=1000, help="labels a tree [1000]")
    parser.add_argument("--repeats", type=int, default=21, help="timings a figure [21]")
    arguments = parser.parse_args()
    rows = []
    for shape, most in (("binary", 2), ("multiway", 5)):
        raws = [random_tree(arguments.leaves, most, seed) for seed in (1, 2)]
        for metric, programs in (("robinson_foulds", by_clades), ("triplet_distance", by_triples)):
            seconds = in_turns(programs(raws), arguments.repeats)
            first, again = seconds["taxonomy, first"], seconds["taxonomy, again"]
            for program, median in seconds.items():
                ratios = {"over_first": median / first, "over_again": median / again}
                rows.append(
                    {"metric": metric, "shape": shape, "program": program, "seconds": median}
                    | ratios
                )
                print(rows[-1])
    table = pd.DataFrame(rows)
    write_text(RESULTS / "bench-metrics.csv", table.round(6).to_csv(index=False))
    facts = {
        "command": "make bench-metrics",
        "leaves": arguments.leaves,
        "repeats": arguments.repeats,
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
        "versions": versions("numpy", "scikit-bio", "DendroPy", "tqdist"),
        **stamp(),
    }
    write_json(RESULTS / "bench-metrics.json", facts)
    print(table.round(5).to_string(index=False))


def random_tree(leaves: int, most: int, seed: int) -> RawTree:
    """Join random groups of 2 to ``most`` until one is left."""
    rng = np.random.default_rng(seed)
    raw = RawTree()
    groups = [raw.add(-1, leaf=f"c{i:05d}") for i in range(leaves)]
    while len(groups) > 1:
        node = raw.add(-1)
        rng.shuffle(groups)
        for _ in range(rng.integers(2, min(most, len(groups)), endpoint=True)):
            raw.parent[groups.pop()] = node
        groups.append(node)
    return raw


def newick(raw: RawTree) -> str:
    """Return a tree as text; children come before their parents in ``raw``."""
    below: list[list[str]] = [[] for _ in raw.parent]
    text = ""
    for i, parent in enumerate(raw.parent):
        text = raw.leaf[i] or f"({','.join(below[i])})"
        below[parent].append(text)
    return text + ";"


def by_clades(raws: list[RawTree]) -> dict[str, Timed]:
    """Return every program's way to the normalised rooted Robinson-Foulds distance."""
    texts = [newick(raw) for raw in raws]
    total = sum(raw.leaf.count(None) - 1 for raw in raws)

    def scikit_bio() -> tuple[Callable[[], float], float]:
        one, other = (TreeNode.read(StringIO(text)) for text in texts)
        return lambda: one.compare_rfd(other, rooted=True), total

    def dendro_py() -> tuple[Callable[[], float], float]:
        names = dendropy.TaxonNamespace()
        one, other = (
            dendropy.Tree.get(
                data=text, schema="newick", rooting="force-rooted", taxon_namespace=names
            )
            for text in texts
        )
        return lambda: treecompare.symmetric_difference(one, other), total

    return {**ours(robinson_foulds, raws), "scikit-bio": scikit_bio, "DendroPy": dendro_py}


def by_triples(raws: list[RawTree]) -> dict[str, Timed]:
    """Return every program's way to the triplet distance."""
    one, other = (newick(raw) for raw in raws)
    theirs: Timed = lambda: (lambda: tqdist.triplet_distance(one, other), 1)  # noqa: E731
    return {**ours(triplet_distance, raws), "tqdist": theirs}


def ours(metric: Callable[[Hierarchy, Hierarchy], float], raws: list[RawTree]) -> dict[str, Timed]:
    """Return the toolkit's way on newly made trees, and on trees already compared."""

    def first() -> tuple[Callable[[], float], float]:
        one, other = (Hierarchy.from_raw(raw) for raw in raws)
        return lambda: metric(one, other), 1

    def again() -> tuple[Callable[[], float], float]:
        act, scale = first()
        act()
        return act, scale

    return {"taxonomy, first": first, "taxonomy, again": again}


def in_turns(programs: dict[str, Timed], repeats: int) -> dict[str, float]:
    """Return each program's median seconds, after checking that all agree; one more to warm up."""
    times: dict[str, list[float]] = {name: [] for name in programs}
    for repeat in range(repeats + 1):
        values = []
        for name, prepare in programs.items():
            act, scale = prepare()
            started = time.perf_counter()
            value = act()
            if repeat:
                times[name].append(time.perf_counter() - started)
            values.append(value / scale)
        if max(values) - min(values) > 1e-12:
            raise SystemExit(f"The programs disagree: {dict(zip(programs, values, strict=True))}")
    return {name: statistics.median(found) for name, found in times.items()}


if __name__ == "__main__":
    main()
