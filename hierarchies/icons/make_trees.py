"""Write the shipped trees of the icon classes and the frozen task list, or icons-600's task list.

    python hierarchies/icons/make_trees.py [icons-600]

- ``trees/wordnet.json``, ``trees/embedding.json``, ``trees/random.json``: clustered.
- ``trees/hypernyms.json``: WordNet's own tree; a reference that tasks are drawn from.
- ``trees/llm-rows.json``: clustered from an LLM's scores, replayed from ``llm-rows.jsonl.xz``.
- ``trees/llm-rows-roomy.json``: the same with groups of up to twice the even share: a task opens
  fewer of them.
- ``trees/llm-rows-24.json``: one level of 24 such groups, for networks that split late.
- ``trees/llm-groups.json``: an LLM's grouping, replayed from ``llm-groups.jsonl.xz``; the other
  reference. ``llm-groups-0`` and ``llm-groups-2`` are its other answers to the same question.
- ``tasks.json``: what every comparison uses. It is frozen: make it again only for a new label set.

The trees of ``icons-600``, which its tasks are drawn from, are ``../make_trees.py icons-600``'s.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from taxonomy._core import io
from taxonomy.builders import get_builder
from taxonomy.labels import LabelSet
from taxonomy.similarity import get_source
from taxonomy.tasks import Task, TaskList, sample_coherent, sample_mixed, sample_random
from taxonomy.trees.hierarchy import Hierarchy

HERE = Path(__file__).parent
SIZES = (2, 5, 10, 20)
PER_SIZE = 100
"""Coherent tasks of each size and reference; as many mixed ones in all, and random ones."""

NAMED = {
    "kitchen": "fork spoon cup bucket bread cheese coffee apple banana lemon carrot",
    "street": "car bus truck bicycle motorcycle taxi tram scooter road",
    "office": "computer monitor keyboard mouse printer paperclip pencil calculator clipboard",
    "animals": "bird bug butterfly cat cow dog elephant fish horse pig rabbit shrimp",
    "medical": "ambulance hospital pill stethoscope syringe thermometer wheelchair mask tooth",
    "weather": "rain snow wind tornado lightning sun moon",
    "fruit": "apple avocado banana lemon pear strawberry watermelon",
    "tools": "axe hammer screwdriver shovel scissors ruler toolbox flashlight",
    "music": "drum guitar piano trumpet microphone speaker radio headset",
    "airport": "airplane suitcase backpack taxi bus clock elevator toilet",
    "supermarket": "shopping-cart shopping-basket shopping-bag bread cheese apple pizza wallet",
    "household-robot": "chair sofa bed lamp door window toilet bathtub mirror television",
}
"""Tasks that people could really ask for, by what a camera there has to tell apart."""


def make_trees(labels: LabelSet) -> dict[str, Hierarchy]:
    """Build every shipped tree."""
    cluster = get_builder("cluster", levels="auto")
    # The measure of the first release, in which it was called wup.
    first = {"wordnet": {"measure": "wup-nltk"}, "embedding": {}, "random": {}}
    trees = {
        name: cluster(labels, get_source(name, **options)(labels))
        for name, options in first.items()
    }
    trees["hypernyms"] = get_builder("hypernyms")(labels)
    rows = get_source("llm", transcript="icons/llm-rows")
    trees["llm-rows"] = cluster(labels, rows(labels))
    roomy = get_builder("cluster", levels=(12, 48), slack=2.0)
    trees["llm-rows-roomy"] = roomy(labels, rows(labels))
    trees["llm-rows-24"] = get_builder("cluster", levels=(24,), slack=2.0)(labels, rows(labels))
    for name, first in {"llm-groups-0": 0, "llm-groups": 1, "llm-groups-2": 2}.items():
        groups = get_builder("llm", transcript="icons/llm-groups", first_repeat=first)
        trees[name] = groups(labels)
    return trees


REFERENCES = {
    "icons": {"wordnet": "hypernyms", "llm-groups": "llm-groups"},
    "icons-600": {"wordnet": "hypernyms", "embedding": "embedding"},
}
"""Which trees tasks are drawn from, by the name of the reference and the tree's file."""


def make_tasks(labels: LabelSet, references: dict[str, Hierarchy], seed: int) -> TaskList:
    """Draw the task list: coherent and mixed from both references, random, named."""
    tasks: list[Task] = []
    for size in SIZES:
        for name, tree in references.items():
            tasks += sample_coherent(tree, name, size, PER_SIZE, seed)
            tasks += sample_mixed(tree, name, size, PER_SIZE // 2, seed)
        tasks += sample_random(labels.ids, size, PER_SIZE, seed)
    tasks += [Task(name, tuple(sorted(text.split()))) for name, text in NAMED.items()]
    made = io.provenance(
        "hierarchies/icons/make_trees.py",
        seed=seed,
        labels=labels.digest,
        references={name: tree.digest for name, tree in references.items()},
    )
    return TaskList(tasks, labels.ids, made)


def main() -> None:
    """Write trees and tasks into the set's folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("set", nargs="?", choices=REFERENCES, default="icons", help="[icons]")
    parser.add_argument("--seed", type=int, default=2403, help="of the task list [2403]")
    arguments = parser.parse_args()
    folder = HERE.parent / arguments.set
    labels = LabelSet.read(folder / "labels.csv")
    trees = make_trees(labels) if arguments.set == "icons" else {}
    for name, tree in trees.items():
        tree.save(folder / "trees" / f"{name}.json")
    references = {
        name: Hierarchy.load(folder / "trees" / f"{tree}.json")
        for name, tree in REFERENCES[arguments.set].items()
    }
    tasks = make_tasks(labels, references, arguments.seed)
    tasks.save(folder / "tasks.json")
    print(f"{len(trees)} trees and {len(tasks)} tasks ({tasks.digest[:12]}) written to {folder}")


if __name__ == "__main__":
    main()
