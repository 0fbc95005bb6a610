"""Tree distances against other programs', from 1,000 to 10,000 leaves, in one process.

    python analysis/bench/metrics.py

Writes ``analysis/results/bench-metrics.csv`` and ``.json``: rooted Robinson-Foulds beside
scikit-bio's and DendroPy's, triplet and quartet distance beside tqdist's, on random trees of six
shapes. All are timed in turns, so that a disturbance hits all, and the figures are medians of
processor time. scikit-bio and DendroPy start from their own trees in memory, newly read for every
timing. tqdist takes Newick text only, and reading it is in its time (it has no other entry). The
toolkit is timed twice: on newly made trees (first), and again on the same ones (again).
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

from taxonomy.comparison import quartet_distance, robinson_foulds, triplet_distance
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.raw_tree import RawTree

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from skbio import TreeNode

RESULTS = Path(__file__).parents[1] / "results"
Timed = Callable[[], tuple[Callable[[], float], float]]


def main() -> None:
    """Time every program on binary and on multiway trees."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--leaves", default="1000,10000", help="labels a tree [1000,10000]")
    parser.add_argument("--repeats", type=int, default=2, help="timings a figure [2]")
    arguments = parser.parse_args()
    rows = []
    for leaves in map(int, arguments.leaves.split(",")):
        for shape, drawn in SHAPES.items():
            raws = [drawn(leaves, seed) for seed in (1, 2)]
            for metric, programs in (
                ("robinson_foulds", by_clades),
                ("triplet_distance", by_triples),
                ("quartet_distance", by_quartets),
            ):
                if metric == "robinson_foulds" and (shape not in KNOWN_SHAPES or leaves > 1000):
                    continue
                seconds = in_turns(programs(raws), arguments.repeats)
                first, again = seconds["taxonomy, first"], seconds["taxonomy, again"]
                for program, median in seconds.items():
                    rows.append(
                        {
                            "leaves": leaves,
                            "metric": metric,
                            "shape": shape,
                            "program": program,
                            "seconds": median,
                            "over_first": median / first,
                            "over_again": median / again,
                        }
                    )
                    print(rows[-1], flush=True)
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


def joined(leaves: int, most: int, seed: int) -> RawTree:
    """Join random groups of 2 to ``most`` until one is left: the coalescent where it is 2."""
    rng = np.random.default_rng(seed)
    raw = RawTree()
    groups = [raw.add(-1, leaf=f"c{i:05d}") for i in range(leaves)]
    while len(groups) > 1:
        node = raw.add(-1)
        for _ in range(rng.integers(2, min(most, len(groups)), endpoint=True)):
            chosen = int(rng.integers(len(groups)))
            groups[chosen], groups[-1] = groups[-1], groups[chosen]
            raw.parent[groups.pop()] = node
        groups.append(node)
    return raw


def balanced(leaves: int, seed: int) -> RawTree:
    """Join neighbours two by two until one is left."""
    raw = RawTree()
    order = np.random.default_rng(seed).permutation(leaves)
    groups = [raw.add(-1, leaf=f"c{i:05d}") for i in order]
    while len(groups) > 1:
        above = []
        for i in range(0, len(groups) - 1, 2):
            above.append(raw.add(-1))
            raw.parent[groups[i]] = raw.parent[groups[i + 1]] = above[-1]
        groups = [*above, *groups[2 * len(above) :]]
    return raw


def caterpillar(leaves: int, seed: int) -> RawTree:
    """Join one label at a time."""
    raw = RawTree()
    order = np.random.default_rng(seed).permutation(leaves)
    entries = [raw.add(-1, leaf=f"c{i:05d}") for i in order]
    top = entries[0]
    for entry in entries[1:]:
        node = raw.add(-1)
        raw.parent[top] = raw.parent[entry] = node
        top = node
    return raw


def multiway_caterpillar(leaves: int, seed: int) -> RawTree:
    """Join one to four labels at a time."""
    rng = np.random.default_rng(seed)
    raw = RawTree()
    entries = [raw.add(-1, leaf=f"c{i:05d}") for i in rng.permutation(leaves)]
    top = entries.pop()
    while entries:
        node = raw.add(-1)
        raw.parent[top] = node
        for _ in range(min(len(entries), int(rng.integers(1, 4, endpoint=True)))):
            raw.parent[entries.pop()] = node
        top = node
    return raw


def three_levels(leaves: int, seed: int) -> RawTree:
    """Put labels in groups of four on average, and these in a seventeenth as many as labels."""
    rng = np.random.default_rng(seed)
    raw = RawTree()
    entries = np.array([raw.add(-1, leaf=f"c{i:05d}") for i in rng.permutation(leaves)])
    for groups in (leaves // 4, leaves // 17, 1):
        of = rng.integers(groups, size=len(entries))
        above = {int(group): raw.add(-1) for group in np.unique(of)}
        for entry, group in zip(entries.tolist(), of.tolist(), strict=True):
            raw.parent[entry] = above[group]
        entries = np.array(list(above.values()))
    return raw


SHAPES: dict[str, Callable[[int, int], RawTree]] = {
    "binary": lambda leaves, seed: joined(leaves, 2, seed),
    "multiway": lambda leaves, seed: joined(leaves, 5, seed),
    "balanced": balanced,
    "three levels": three_levels,
    "caterpillar": caterpillar,
    "multiway caterpillar": multiway_caterpillar,
}
KNOWN_SHAPES = ("binary", "multiway")


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
    return {**ours(triplet_distance, raws), **tqdists(tqdist.triplet_distance, raws)}


def by_quartets(raws: list[RawTree]) -> dict[str, Timed]:
    """Return every program's way to the quartet distance."""
    return {**ours(quartet_distance, raws), **tqdists(tqdist.quartet_distance, raws)}


def tqdists(distance: Callable[[str, str], float], raws: list[RawTree]) -> dict[str, Timed]:
    """Return tqdist's way from texts."""
    one, other = (newick(raw) for raw in raws)
    return {"tqdist": lambda: (lambda: distance(one, other), 1)}


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
            started = time.process_time()
            value = act()
            if repeat:
                times[name].append(time.process_time() - started)
            values.append(value / scale)
        if max(values) - min(values) > 1e-12:
            raise SystemExit(f"The programs disagree: {dict(zip(programs, values, strict=True))}")
    return {name: statistics.median(found) for name, found in times.items()}


if __name__ == "__main__":
    main()
