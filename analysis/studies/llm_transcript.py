"""What the shipped answers of a language model are worth: asymmetry, ties, stability, agreement.

    make llm-report

Replays ``icons/llm-rows`` and the three answers of ``icons/llm-groups``; nothing is asked. Writes
``analysis/results/llm-transcript.csv`` (every pair of trees by the comparison's metrics) and
``llm-transcript.json`` (the scores themselves; versions, date). The agreement of the three answers
to one question is the noise floor: no two trees can be expected to agree better.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from taxonomy.builders import get_builder
from taxonomy.clustering.stability import grid_step, stability
from taxonomy.comparison import METRICS, compare
from taxonomy.labels import get_labels
from taxonomy.similarity import DenseSimilarity, get_source
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parents[1] / "results"
ANSWERS = 3
"""Independent answers to ``groups``."""


def ties(similarity: DenseSimilarity) -> dict[str, float]:
    """Return how coarse the scores are."""
    values = similarity.values[np.triu_indices(len(similarity), 1)].round(9)
    _, counts = np.unique(values, return_counts=True)
    return {
        "pairs": len(values),
        "distinct": len(counts),
        "largest_tie": int(counts.max()),
        "median_tie_of_a_pair": float(np.median(np.repeat(counts, counts))),
        "step": round(grid_step(similarity), 6),
    }


def agreement(scores: DenseSimilarity, others: dict[str, DenseSimilarity]) -> dict[str, float]:
    """Return the rank correlation over pairs with other sources."""
    upper = np.triu_indices(len(scores), 1)
    return {
        name: round(float(spearmanr(scores.values[upper], other.values[upper])[0]), 4)
        for name, other in others.items()
    }


def main() -> None:
    """Replay, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=100, help="noisy copies for stability [100]")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the tables go")
    arguments = parser.parse_args()
    icons = get_labels("icons")
    cluster, whole = get_builder("cluster", levels="auto"), get_builder("cluster", levels=())
    scores = get_source("llm", transcript="icons/llm-rows")(icons)
    # WordNet's measure is that of when the results were written.
    sources = {"wordnet": {"measure": "wup-nltk"}, "embedding": {}, "random": {}}
    others = {name: get_source(name, **options)(icons) for name, options in sources.items()}
    trees: dict[str, Hierarchy] = {"rows": cluster(icons, scores)}
    for first in range(ANSWERS):
        answer = get_builder("llm", transcript="icons/llm-groups", first_repeat=first)
        trees[f"groups-{first}"] = answer(icons)
    trees |= {name: cluster(icons, other) for name, other in others.items()}
    trees["hypernyms"] = get_builder("hypernyms")(icons)
    steady = {
        name: stability(scores, lambda s, b=builder: b(icons, s), arguments.runs)
        for name, builder in (("levels 12, 48", cluster), ("dendrogram", whole))
    }
    table = compare(trees)
    write_text(arguments.results / "llm-transcript.csv", table.round(4).to_csv(index=False))
    both = table[table.a.str.startswith("groups") & table.b.str.startswith("groups")]
    floor = both[[name for name in METRICS if name in both]].mean().round(4).to_dict()
    facts = {
        "command": "make llm-report",
        "note": scores.provenance["note"],
        "directions": scores.provenance["report"],
        "ties": ties(scores),
        "stability": {
            name: {"support": round(one.mean, 4), "runs": one.runs, "noise": one.noise}
            for name, one in steady.items()
        },
        "spearman_with": agreement(scores, others),
        "noise_floor": floor,
        "trees": {name: tree.digest for name, tree in trees.items()},
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(arguments.results / "llm-transcript.json", facts)
    print(table.round(3).to_string(index=False))
    for name in ("directions", "ties", "stability", "spearman_with", "noise_floor"):
        print(f"{name}: {facts[name]}")
    print(f"tables written to {arguments.results}")


if __name__ == "__main__":
    main()
