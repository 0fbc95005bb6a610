"""Which of WordNet's measures agrees best with how people and models group classes.

    python analysis/studies/measures.py

References are CIFAR-100's published superclasses, and three groupings of the icons by a language
model. A measure is judged by itself, by the share of triples (two classes of one group and one of
another) in which it finds the two of the group more alike, ties counting half; and by the trees
that the builder `cluster` makes of it, whole dendrograms and its default levels. Nothing is fitted.
Writes ``analysis/results/measures.csv`` and ``.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

import taxonomy as tx
from taxonomy.comparison import dendrogram_purity, triplet_distance
from taxonomy.similarity import DenseSimilarity
from taxonomy.similarity.wordnet import MAPS, WordNet
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.wordnet import NounGraph, measures

RESULTS = Path(__file__).parents[1] / "results"
CIFAR_100 = """
beaver dolphin otter seal whale; aquarium_fish flatfish ray shark trout;
orchid poppy rose sunflower tulip; bottle bowl can cup plate;
apple mushroom orange pear sweet_pepper; clock keyboard lamp telephone television;
bed chair couch table wardrobe; bee beetle butterfly caterpillar cockroach;
bear leopard lion tiger wolf; bridge castle house road skyscraper;
cloud forest mountain plain sea; camel cattle chimpanzee elephant kangaroo;
fox porcupine possum raccoon skunk; crab lobster snail spider worm;
baby boy girl man woman; crocodile dinosaur lizard snake turtle;
hamster mouse rabbit shrew squirrel; maple_tree oak_tree palm_tree pine_tree willow_tree;
bicycle bus motorcycle pickup_truck train; lawn_mower rocket streetcar tank tractor
"""
"""The superclasses that Krizhevsky (2009) published."""
LLM_TREES = ("icons/llm-groups-0", "icons/llm-groups", "icons/llm-groups-2")
LEVELS: Mapping[str, tuple[int, ...] | str] = {"dendrogram": (), "default levels": "natural"}


def groups_of(reference: str) -> dict[str, str]:
    """Return the group of every label: its superclass, or the node right above it."""
    if reference == "superclasses":
        return {one: line.strip() for line in CIFAR_100.split(";") for one in line.split()}
    tree = tx.get_tree(reference)
    return {leaf: str(tree.ancestors(leaf)[0]) for leaf in tree.leaves}


def triples(similarity: DenseSimilarity, groups: Mapping[str, str]) -> float:
    """Return the share of triples in which two of one group are more alike than one of another."""
    own = np.array([groups[one] for one in similarity.ids])
    won, count = 0.0, 0
    for row, group in enumerate(own):
        same = own == group
        same[row] = False
        inside, outside = similarity.values[row, same], similarity.values[row, own != group]
        won += (inside[:, None] > outside).sum() + (inside[:, None] == outside).sum() / 2
        count += len(inside) * len(outside)
    return won / count


def rows_of(title: str, references: tuple[str, ...]) -> list[dict[str, object]]:
    """Return a line for every measure, reference and score."""
    labels, made = tx.get_labels(title), []
    for measure in MAPS:
        similarity = WordNet(measure)(labels)
        trees = {
            name: tx.generate(
                labels, source=WordNet(measure), builder="cluster", levels=levels
            ).tree
            for name, levels in LEVELS.items()
        }
        for reference in references:
            groups = groups_of(reference)
            line = {"labels": title, "reference": reference, "measure": measure}
            line["triples"] = round(float(triples(similarity, groups)), 4)
            for name, tree in trees.items():
                line[f"purity, {name}"] = round(dendrogram_purity(tree, groups), 4)
                if reference != "superclasses":
                    distance = triplet_distance(tree, tx.get_tree(reference))
                    line[f"triplet distance, {name}"] = round(distance, 4)
            made.append(line)
            print(line, flush=True)
    return made


def quirks() -> dict[str, object]:
    """Return what the native values of both kinds of ``wup`` say about ImageNet-1k."""
    graph, labels = NounGraph.load(), tx.get_labels("imagenet-1k")
    nodes = [graph.index(label.wnid) for label in labels]
    found: dict[str, object] = {}
    for name in ("wup", "wup-nltk"):
        scores = measures.score(name, graph, nodes)
        whippet = labels.ids.index("n02091134")
        others = np.delete(np.arange(len(nodes)), whippet)
        best = others[scores[whippet, others] == scores[whippet, others].max()]
        found[name] = {
            "not_wholly_like_themselves": int((np.diag(scores) < 1).sum()),
            "pairs_that_depend_on_direction": int((scores != scores.T).sum() // 2),
            "nearest_to_the_whippet": [labels[labels.ids[at]].name for at in best],
        }
    return found


def main() -> None:
    """Score every measure and write the table."""
    rows = rows_of("cifar-100", ("superclasses",)) + rows_of("icons", LLM_TREES)
    table = pd.DataFrame(rows)
    write_text(RESULTS / "measures.csv", table.to_csv(index=False))
    facts = {
        "command": "python analysis/studies/measures.py",
        "imagenet-1k": quirks(),
        "labels": {title: tx.get_labels(title).digest for title in ("cifar-100", "icons")},
        "references": {name: tx.get_tree(name).digest for name in LLM_TREES},
        "versions": versions("numpy", "scipy"),
        **stamp(),
    }
    write_json(RESULTS / "measures.json", facts)
    print(table.to_string(index=False), facts["imagenet-1k"], sep="\n")


if __name__ == "__main__":
    main()
