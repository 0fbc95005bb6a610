"""What every tree builder keeps; new ones are found by themselves."""

from __future__ import annotations

import random
import re

import pytest

from taxonomy._core.errors import (
    ClusteringError,
    FileFormatError,
    LabelError,
    SimilarityError,
    TaxonomyError,
)
from taxonomy.builders import BUILDERS, get_builder
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.similarity import get_source
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.choices import choices

ICONS = get_labels("icons")
LABELS = LabelSet(list(ICONS)[::7])

OPTIONS = {
    "cluster": [
        {},
        {"most_levels": 3, "linkage": "weighted"},
        {"levels": ()},
        {"levels": (3, 9), "linkage": "complete"},
        {"levels": "auto", "refine": True},
    ],
    "cooccurrence": [
        {
            "tasks": "icons",
            "least_leaves": (1,),
            "least_children": 1,
            "tries": 1,
        }
    ],
    "hypernyms": [{}],
    "llm": [
        {"transcript": "icons/llm-groups"},
        {"transcript": "icons/llm-groups", "repeats": 3},
    ],
    "shuffled": [{"tree": "icons/hypernyms", "seed": 2}],
    "star": [{}],
    "shaped": [{}, {"groups": "cheapest", "most_children": 8, "balance": 0.1}],
}
"""How each builder is made for these tests."""


def test_every_builder_is_tested():
    assert set(OPTIONS) == set(BUILDERS)


CASES = [(name, options) for name in OPTIONS for options in OPTIONS[name]]


def build(name: str, options: dict, labels: LabelSet) -> Hierarchy:
    builder = get_builder(name, **options)
    similarity = get_source("wordnet")(labels) if builder.needs_similarity else None
    return builder(labels, similarity)


@pytest.mark.parametrize(("name", "options"), CASES)
class TestEveryBuilder:
    def test_holds_every_label_once(self, name, options):
        assert build(name, options, LABELS).leaves == LABELS.ids

    def test_gives_the_same_bytes_in_any_order(self, name, options):
        expected = build(name, options, LABELS).to_json()
        for seed in range(5):
            order = random.Random(seed).sample(list(LABELS), len(LABELS))
            assert build(name, options, LabelSet(order)).to_json() == expected

    def test_takes_few_labels(self, name, options):
        for n in (1, 2, 3, 6, 18) if options.get("levels") != (3, 9) else (18,):  # 9 groups of 2
            few = LabelSet(list(ICONS)[:n])
            if name == "shaped" and n < 3:  # what is asked for is groups of three
                with pytest.raises(ClusteringError, match="3 to"):
                    build(name, options, few)
                continue
            assert build(name, options, few).leaves == few.ids

    def test_says_what_made_it(self, name, options):
        assert build(name, options, LABELS).provenance["made_by"]


@pytest.mark.parametrize("name", OPTIONS)
def test_every_choice_is_a_tree_or_is_refused(name):
    """Every value of every option that has a list of values, one at a time."""
    few = LabelSet(list(ICONS)[:24])
    for option in choices(BUILDERS.get(name)):
        options = OPTIONS[name][0] | option
        try:
            tree = build(name, options, few)
        except TaxonomyError as error:
            assert len(str(error)) > 40, option
            continue
        assert tree.leaves == few.ids
        again = build(name, options, LabelSet(random.Random(1).sample(list(few), len(few))))
        assert again.to_json() == tree.to_json(), option


@pytest.mark.parametrize(("name", "options"), CASES)
def test_neighbours_only_give_a_tree_or_are_refused(name, options):
    sparse = get_source("wordnet", neighbours=5)(LABELS)
    builder = get_builder(name, **options)
    try:
        tree = builder(LABELS, sparse)
    except (ClusteringError, SimilarityError) as error:
        assert re.search("all pairs.*levels", str(error))
        return
    assert tree.leaves == LABELS.ids


def test_a_star_has_no_node_below_the_root():
    assert build("star", {}, LABELS).nodes.tolist() == [0]


class TestHypernyms:
    TREE = build("hypernyms", {}, ICONS)

    def meet(self, one: str, other: str) -> int:
        """Return how many classes are below the node where two classes meet."""
        i, j = self.TREE.positions([one, other])
        return int(self.TREE.leaf_counts[self.TREE.lowest_common_ancestors[i, j]])

    def test_what_is_alike_meets_lower(self):
        assert self.meet("cat", "dog") < self.meet("cat", "car") <= len(ICONS)
        assert self.meet("car", "bus") < self.meet("car", "apple")
        assert self.meet("apple", "banana") < self.meet("apple", "cat")

    def test_nodes_are_named_and_branch(self):
        """A dog is a canine and a domestic animal, and the latter is nearer to the root."""
        i, j = self.TREE.positions(["cat", "dog"])
        assert self.TREE.name[self.TREE.lowest_common_ancestors[i, j]] == "animal.n.01"
        assert self.TREE.provenance["policy"] == "shortest"
        assert self.TREE.name[0] == "entity.n.01"
        assert all(len(self.TREE.children(node)) > 1 for node in self.TREE.nodes)

    def test_a_class_above_another_is_a_leaf_beside_it(self):
        """Cats and bears are carnivores, so all three hang from the node carnivore."""
        labels = [
            ICONS["cat"],
            Label("bear", wnid="n02131653"),
            Label("meat-eater", wnid="n02075296"),
        ]
        tree = get_builder("hypernyms")(LabelSet(labels))
        assert tree.to_text() == "carnivore.n.01 (3)\n├── bear\n├── cat\n└── meat-eater"

    def test_two_labels_of_one_synset_are_siblings(self):
        labels = LabelSet([ICONS["car"], Label("auto", wnid=ICONS["car"].wnid), ICONS["cat"]])
        with pytest.raises(SimilarityError, match="'auto' and 'car' are one synset"):
            get_builder("hypernyms")(labels)
        tree = get_builder("hypernyms", same_synset="allow")(labels)
        assert tree.provenance["same_synset"] == {"car.n.01": ["auto", "car"]}
        assert ("auto", "car") in [tree.clade(node) for node in tree.nodes]

    def test_a_label_without_synset_is_refused(self):
        with pytest.raises(SimilarityError, match="'thing'"):
            get_builder("hypernyms")(LabelSet(["thing"]))


class TestCluster:
    def test_needs_a_similarity_of_these_labels(self):
        cluster = get_builder("cluster")
        with pytest.raises(ClusteringError, match="name a `source`"):
            cluster(LABELS)
        with pytest.raises(ClusteringError, match="the label set have different labels"):
            cluster(LABELS, get_source("random")(ICONS))

    def test_of_neighbours_the_whole_dendrogram(self):
        sparse = get_source("wordnet", neighbours=5)(LABELS)
        tree = get_builder("cluster")(LABELS, sparse)
        assert tree == get_builder("cluster", levels=())(LABELS, sparse.dense())
        with pytest.raises(SimilarityError, match="needs all pairs"):
            get_builder("cluster", levels=(3, 9))(LABELS, sparse)

    def test_the_shipped_trees_are_what_it_builds(self):
        from taxonomy._core.shipped import path

        cluster = get_builder("cluster", levels="auto")
        for source, options in (("wordnet", {"measure": "wup-nltk"}), ("random", {})):
            tree = cluster(ICONS, get_source(source, **options)(ICONS))
            assert tree == Hierarchy.load(path(f"icons/trees/{source}.json"))
        assert Hierarchy.load(path("icons/trees/hypernyms.json")) == TestHypernyms.TREE


class TestCooccurrence:
    def test_reads_counts_and_classes(self, tmp_path):
        path = tmp_path / "wanted.csv"
        path.write_text("# how often, what\n9,cat,dog\n1,cat,car\n\n5,car,bus\n")
        labels = ICONS.restrict(["bus", "car", "cat", "dog"])
        build = get_builder("cooccurrence", tasks=str(path), groups=(2,), least_leaves=(2,))
        tree = build(labels)
        assert [tree.clade(node) for node in tree.nodes[1:]] == [("bus", "car"), ("cat", "dog")]
        assert tree.provenance["number_of_tasks"] == 3

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("9,cat,dgo\n", r"wanted.csv, line 1: .*'dgo'.*Did you mean 'dog'"),
            ("0,cat,dog\n", r"line 1: count of task '000000' is 0"),
            ("9,cat,cat\n", r"line 1: .*given twice"),
            ("# cat\n", r"holds no task"),
        ],
    )
    def test_faulty_lines_are_named(self, tmp_path, text, message):
        path = tmp_path / "wanted.csv"
        path.write_text(text)
        with pytest.raises((LabelError, FileFormatError), match=message):
            get_builder("cooccurrence", tasks=str(path))(ICONS)

    def test_needs_tasks_about_the_labels(self):
        with pytest.raises(ClusteringError, match="as `tasks`"):
            get_builder("cooccurrence")(LABELS)
        with pytest.raises(LabelError, match=r"other classes; it lacks 1 of 2 labels.*'x'"):
            get_builder("cooccurrence", tasks="icons")(LabelSet(["cat", "x"]))
