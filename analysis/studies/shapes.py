"""What groups of 3 to 12 classes cost on the icons, for every source that needs no key.

    python analysis/studies/shapes.py [--matrix NAME=FILE …]

Writes ``analysis/results/shapes.csv`` and ``.json``, and a picture of every tree under
``runs/shapes/``, its nodes coloured by how many noisy runs keep them. ``--matrix`` adds
similarities that a file holds, such as a language model's.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from taxonomy.clustering.shaped import Shape, shaped_tree
from taxonomy.clustering.stability import stability
from taxonomy.comparison import bounds_cost, summary
from taxonomy.labels import get_labels
from taxonomy.plots import save_figure, tree_figure
from taxonomy.similarity import get_source
from taxonomy.studies.results import stamp, versions, write_json, write_text

RESULTS = Path(__file__).parents[1] / "results"
SOURCES = {
    "llm": {"transcript": "icons/llm-rows"},
    "wordnet": {"measure": "wup-nltk"},  # as when the results were written
    "embedding": {},
    "random": {},
}
"""Every source that works without a key, with its options; the language model's answers replay."""


def main() -> None:
    """Shape a tree for every source, and say what the bounds cost."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--matrix", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("--pictures", type=Path, default=Path("runs/shapes"), help="[runs/shapes]")
    arguments = parser.parse_args()
    labels = get_labels("icons")
    similarities = {name: get_source(name, **o)(labels) for name, o in SOURCES.items()}
    for text in arguments.matrix:
        name, _, path = text.partition("=")
        similarities[name] = get_source("precomputed", path=path)(labels)
    shape = Shape()
    rows = []
    for name, similarity in similarities.items():
        steady = stability(similarity, lambda s: shaped_tree(s, shape), noise=0.005)
        before, after = bounds_cost(steady.tree, similarity)
        shown = summary(steady.tree)
        rows.append(
            {
                "source": name,
                "groups": shown["nodes"] - shown["groups"],
                "top_groups": shown["groups"],
                "smallest": shown["smallest"],
                "largest": shown["largest"],
                "dasgupta_before": before.dasgupta_cost,
                "dasgupta_after": after.dasgupta_cost,
                "dasgupta_by_chance": after.by_chance,
                "cophenetic_before": before.cophenetic_fit,
                "cophenetic_after": after.cophenetic_fit,
                "stability": round(steady.mean, 4),
            }
        )
        print(rows[-1], flush=True)
        note = f"support: the share of {steady.runs} runs with noise of up to 0.005"
        figure = tree_figure(steady.with_support(), title=name, note=note)
        save_figure(arguments.pictures / f"{name}.png", figure)
    write_text(RESULTS / "shapes.csv", pd.DataFrame(rows).to_csv(index=False))
    facts = {
        "command": "python analysis/studies/shapes.py",
        "similarities": {name: similarity.digest for name, similarity in similarities.items()},
        "shape": asdict(shape),
        "noise": 0.005,
        "seed": 0,
        "labels": labels.digest,
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(RESULTS / "shapes.json", facts)


if __name__ == "__main__":
    main()
