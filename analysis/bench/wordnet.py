"""WordNet at scale: against nltk's double loop, and trees of 1,000 to 82,115 classes.

    python analysis/bench/wordnet.py --dict DIR

Writes ``analysis/results/bench-wordnet.csv`` and ``.json``, three kinds of rows:

- ``nltk``: all pairs of n of ImageNet-1k's synsets by a measure, here and by nltk in two loops over
  the synsets, one after the other in one process; the values are compared. The information content
  is Brown's, from the shipped counts, for both.
- ``tree``: seconds from a label set in memory to a tree's file, and the process's greatest memory,
  each in a process of its own: ImageNet-1k, 5,000 classes of ImageNet-21k, ImageNet-21k, and all
  nouns. Past 10,000 classes the clustered trees are of 50 neighbours a class.
- ``neighbours``: what is lost where only neighbours are scored, on 3,000 classes of ImageNet-21k,
  where all pairs can be had: Dasgupta's cost of the dendrogram by all pairs, and the share of the
  full dendrogram's clades that it has.

nltk reads WordNet's own files, which the repository does not ship: only what it needs of them. Get
them from Debian's package, without installing it:

    apt-get download wordnet-base && dpkg -x wordnet-base_*.deb wordnet
    python analysis/bench/wordnet.py --dict wordnet/usr/share/wordnet
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from taxonomy.builders import get_builder
from taxonomy.clustering.levels import dendrogram
from taxonomy.comparison import dasgupta_cost
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.similarity import get_source
from taxonomy.studies.results import shipped_path, stamp, versions, write_json, write_text
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.wordnet import NounGraph, information, measures

RESULTS = Path(__file__).parents[1] / "results"
PLACES = ("/usr/share/wordnet", "wordnet/usr/share/wordnet")
LEAST_RATIO = 500
"""How many times faster than nltk's loop 1,000 classes by ``wup-nltk`` must be."""
MOST = {"seconds": 60.0, "peak_gib": 6.0}
"""What a tree of ImageNet-21k may take."""


def main() -> None:
    """Run all cases, those of trees each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--dict", type=Path, help=f"WordNet 3.0's files [{' or '.join(PLACES)}]")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(tree_of(**json.loads(arguments.one))))
        return
    folder = arguments.dict or next((p for p in map(Path, PLACES) if p.is_dir()), None)
    if folder is None:
        raise SystemExit(
            f"nltk needs WordNet's files.\n\n{(__doc__ or '').partition('nltk reads')[2]}"
        )
    load = os.getloadavg()[0]
    rows = []
    for size in ("1k", "5k", "21k", "82k"):
        for builder in ("cluster", "hypernyms"):
            case = json.dumps({"size": size, "builder": builder})
            command = [sys.executable, __file__, "--one", case]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rows.append(json.loads(done.stdout))
            print(rows[-1], flush=True)
    for row in chain(neighbours(), against_nltk(folder)):
        rows.append(row)
        print(row, flush=True)
    table = pd.DataFrame(rows)
    write_text(RESULTS / "bench-wordnet.csv", table.round(4).to_csv(index=False))
    facts = {
        "command": "make bench-wordnet",
        "seed": 0,
        "threads": os.environ.get("OMP_NUM_THREADS", "not set"),
        "load before and after": [round(load, 1), round(os.getloadavg()[0], 1)],
        "versions": versions("numpy", "scipy", "nltk"),
        **stamp(),
    }
    write_json(RESULTS / "bench-wordnet.json", facts)
    check(table)


def check(table: pd.DataFrame) -> None:
    """Stop where a bound is broken."""
    large = table[(table["what"] == "tree") & (table["labels"] == 21_841)]
    for column, most in MOST.items():
        if (large[column] > most).any():
            raise SystemExit(f"A tree of ImageNet-21k took more than {most:g} {column}:\n{large}")
    whole = table[(table["what"] == "nltk") & (table["labels"] == 1000)]
    if (whole["ratio"] < LEAST_RATIO).any():
        raise SystemExit(f"Less than {LEAST_RATIO} times as fast as nltk:\n{whole}")


def labels_of(size: str) -> LabelSet:
    """Return the label set of a size."""
    if size == "1k":
        return get_labels("imagenet-1k")
    if size == "82k":
        graph = NounGraph.load()
        wnids = [graph.wnid(node) for node in range(len(graph))]
        return LabelSet(Label(wnid, wnid=wnid) for wnid in wnids)
    labels = get_labels("imagenet-21k")
    return sample(labels, 5000) if size == "5k" else labels


def sample(labels: LabelSet, count: int) -> LabelSet:
    """Return some of the labels, drawn with seed 0."""
    return labels.restrict(
        np.random.default_rng(0).choice(labels.ids, count, replace=False).tolist()
    )


def tree_of(size: str, builder: str) -> dict[str, Any]:
    """Time one tree."""
    labels = labels_of(size)
    few = labels.restrict(labels.ids[:10])
    get_builder("cluster", levels=())(few, get_source("wordnet")(few))  # imports
    started = time.perf_counter()
    similarity, made = None, get_builder(builder)
    if builder == "cluster":
        similarity, made = get_source("wordnet")(labels), get_builder(builder, levels=())
    scored = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        tree = made(labels, similarity)
        tree.save(Path(folder) / "tree.json")
        seconds = time.perf_counter() - started
    pairs = None
    if similarity is not None:
        sparse = not similarity.has_all_pairs
        pairs = len(similarity.first) if sparse else len(labels) * (len(labels) - 1) // 2
    return {
        "what": "tree",
        "labels": len(labels),
        "option": builder,
        "pairs": pairs,
        "nodes": len(tree.nodes),
        "seconds": seconds,
        "seconds_scoring": scored - started if similarity is not None else None,
        "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def neighbours() -> Iterator[dict[str, Any]]:
    """Compare dendrograms of neighbours with that of all pairs."""
    labels = sample(get_labels("imagenet-21k"), 3000)
    every = get_source("wordnet")(labels)
    whole = dendrogram(every)
    for count in (10, 50, 200, 0):
        similarity = get_source("wordnet", neighbours=count)(labels)
        tree = dendrogram(similarity) if count else whole
        yield {
            "what": "neighbours",
            "labels": len(labels),
            "option": str(count or "all"),
            "pairs": len(similarity.first) if count else 3000 * 2999 // 2,
            "nodes": len(tree.nodes),
            "dasgupta_cost": dasgupta_cost(tree, every, normalised=True),
            "clades_kept": len(clades(tree) & clades(whole)) / len(clades(whole)),
        }


def clades(tree: Hierarchy) -> set[tuple[str, ...]]:
    """Return the labels below every node."""
    return {tree.clade(node) for node in tree.nodes}


def against_nltk(folder: Path) -> Iterator[dict[str, Any]]:
    """Time all pairs here and by nltk, and compare the values."""
    sys.path.insert(0, str(Path(__file__).parents[2]))
    from hierarchies.wordnet.build import nltk_reader

    graph = NounGraph.load()
    nodes = np.array([graph.index(label.wnid) for label in get_labels("imagenet-1k")])
    nodes = np.random.default_rng(0).permutation(nodes)
    every = (*measures.MEASURES, *measures.BY_CONTENT)
    cases = [(100, measure) for measure in every if measure != "wup"]  # which nltk lacks
    with nltk_reader(folder) as reader:
        counts = nltk_counts()
        for n, measure in [*cases, (300, "wup-nltk"), (1000, "wup-nltk")]:
            chosen = nodes[:n]
            if measure in measures.BY_CONTENT:  # a synset that Brown lacks has none in nltk
                seen = information.brown(graph)[nodes] < information.UNSEEN
                chosen = nodes[seen][:n]
            yield _against_nltk(reader, counts, graph, chosen, measure)


def _against_nltk(
    reader: Any, counts: Any, graph: NounGraph, nodes: np.ndarray, measure: str
) -> dict[str, Any]:
    content = information.brown(graph) if measure in measures.BY_CONTENT else None
    seconds = []
    for _ in range(6):  # the first is left out, as nltk's synsets are read before
        started = time.perf_counter()
        ours = measures.score(measure, graph, nodes, content)
        seconds.append(time.perf_counter() - started)
    synsets = [reader.synset_from_pos_and_offset("n", int(graph.offsets[i])) for i in nodes]
    more = () if content is None else (counts,)
    score = f"{measure.removesuffix('-nltk')}_similarity"
    started = time.perf_counter()
    theirs = [[getattr(one, score)(other, *more) for other in synsets] for one in synsets]
    loop = time.perf_counter() - started
    if not np.allclose(ours, theirs, rtol=1e-9, atol=1e-12):
        raise SystemExit(f"{measure}: nltk's values differ.")
    middle = statistics.median(seconds[1:])
    return {
        "what": "nltk",
        "labels": len(nodes),
        "option": measure,
        "pairs": len(nodes) ** 2,
        "seconds": middle,
        "nltk_seconds": loop,
        "ratio": loop / middle,
    }


def nltk_counts() -> dict[str, dict[int, float]]:
    """Return the shipped Brown counts as nltk keeps them: by offset, the roots' sum at 0."""
    arrays = np.load(shipped_path("wordnet/brown.npz"))
    counts = dict(zip(arrays["offsets"].tolist(), arrays["counts"].tolist(), strict=True))
    return {
        "n": {
            **dict.fromkeys(NounGraph.load().offsets.tolist(), 0.0),
            **counts,
            0: max(counts.values()),
        }
    }


if __name__ == "__main__":
    main()
