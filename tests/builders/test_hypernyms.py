"""What a tree of hypernyms says about what it lost of WordNet's graph."""

from __future__ import annotations

from taxonomy.builders import get_builder
from taxonomy.labels import Label, LabelSet, get_labels
from taxonomy.wordnet import NounGraph


def labels_of(*names: str) -> LabelSet:
    graph = NounGraph.load()
    return LabelSet(Label(name, wnid=graph.wnid(graph.index(name))) for name in names)


def cut(labels: LabelSet, policy: str = "shortest") -> dict:
    return get_builder("hypernyms", policy=policy)(labels).provenance["cut"]


def test_a_dog_is_cut_from_the_canines_or_from_the_domestic_animals():
    labels = labels_of("dog.n.01", "wolf.n.01", "bear.n.01")
    found = cut(labels)
    assert ["dog.n.01", "canine.n.02", "domestic_animal.n.01"] in found["links"]
    assert found["several_ways"] == ["dog.n.01"]
    assert found["above_others"] == []
    assert found["left_out"] == []  # a wolf still is a canine
    found = cut(labels, "longest")
    assert ["dog.n.01", "domestic_animal.n.01", "canine.n.02"] in found["links"]
    assert found["left_out"] == ["domestic_animal.n.01"]


def test_synsets_with_one_child_are_named():
    found = cut(labels_of("wolf.n.01", "bear.n.01"))
    assert "canine.n.02" in found["collapsed"]
    assert "entity.n.01" in found["collapsed"]
    assert "carnivore.n.01" not in found["collapsed"]
    assert "wolf.n.01" not in found["collapsed"]  # the class itself is no chain


def test_a_class_above_others_is_named():
    assert cut(labels_of("carnivore.n.01", "bear.n.01"))["above_others"] == ["carnivore.n.01"]


def test_icons_cuts_are_consistent_for_every_policy():
    icons = get_labels("icons")
    graph = NounGraph.load()
    for policy in ("shortest", "longest", "first", "least"):
        found = cut(icons, policy)
        for node, dropped, kept in found["links"]:
            above = [graph.name(i) for i in graph.hypernyms(graph.index(node))]
            assert {dropped, kept} <= set(above)
        assert set(found["several_ways"]) <= set(icons.ids)
        assert not set(found["left_out"]) & set(found["collapsed"])
