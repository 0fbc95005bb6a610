"""One hypernym a synset: every policy on a world whose choices can be made by hand."""

from __future__ import annotations

import pytest

from taxonomy._core.errors import RegistryError
from taxonomy.wordnet import NounGraph
from taxonomy.wordnet.parents import POLICIES, parents

# entity ── animal ── mammal ── dog     dog is a pet, too, and lists it first;
#    │         └───────────────  fish   work is nearer to the root than mammal, but the longer
#    ├── thing ── goods ── pet          way up goes over pet
#    └── work ── dog
WORLD = {
    "entity": [],
    "animal": ["entity"],
    "mammal": ["animal"],
    "fish": ["animal"],
    "thing": ["entity"],
    "goods": ["thing"],
    "pet": ["goods"],
    "work": ["entity"],
    "dog": ["mammal", "pet", "work"],
    "puppy": ["dog"],
}


@pytest.fixture(scope="module")
def world() -> NounGraph:
    return NounGraph.from_hypernyms(WORLD)


def tree(world: NounGraph, words: str, policy: str) -> dict[str, str]:
    """Return the chosen parents by word."""
    names = dict(enumerate(WORLD))
    chosen = parents(world, [world.index(f"{word}.n.01") for word in words.split()], policy)
    return {names[node]: names.get(above, "") for node, above in chosen.items()}


@pytest.mark.parametrize(
    ("policy", "kept"),
    [("shortest", "work"), ("longest", "pet"), ("first", "mammal"), ("least", "work")],
)
def test_a_dog_alone(world, policy, kept):
    found = tree(world, "puppy", policy)
    assert found["dog"] == kept
    assert found["puppy"] == "dog"
    assert [word for word, above in found.items() if not above] == ["entity"]


def test_least_joins_what_is_there(world):
    """Beside a fish, mammal adds dog and mammal; beside a pet, the dog alone is new."""
    assert tree(world, "dog mammal", "least")["dog"] == "mammal"
    assert tree(world, "dog pet", "least")["dog"] == "pet"
    assert tree(world, "dog work", "least")["dog"] == "work"
    assert len(tree(world, "dog fish", "least")) == 5  # entity, animal, fish, work or mammal, dog


def test_least_waits_for_what_adds_less():
    """Both s and t have two ways up; t adds one synset, and then s needs one as well."""
    graph = NounGraph.from_hypernyms(
        {
            "root": [],
            "a": ["root"],
            "b": ["a"],
            "u": ["root"],
            "v": ["u"],
            "s": ["v", "t"],
            "c": ["b"],
            "t": ["b", "c"],
        }
    )
    b, s, t = (graph.index(f"{word}.n.01") for word in ("b", "s", "t"))
    chosen = parents(graph, [b, s, t], "least")
    assert (chosen[t], chosen[s]) == (b, t)
    assert len(chosen) == 5  # root, a, b, t, s


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_gives_one_tree_in_any_order(policy):
    graph = NounGraph.load()
    nodes = list(range(0, len(graph), 97))
    chosen = parents(graph, nodes, policy)
    assert parents(graph, nodes[::-1] + nodes, policy) == chosen
    assert set(nodes) <= set(chosen)
    assert [graph.name(node) for node, above in chosen.items() if above < 0] == ["entity.n.01"]
    for node, above in chosen.items():
        assert above < 0 or above in graph.hypernyms(node)
        assert above < 0 or above in chosen


def test_least_adds_least_of_all_policies():
    graph = NounGraph.load()
    nodes = list(range(0, len(graph), 97))
    sizes = {policy: len(parents(graph, nodes, policy)) for policy in POLICIES}
    assert sizes["least"] == min(sizes.values()) < sizes["longest"]


def test_an_unknown_policy(world):
    with pytest.raises(RegistryError, match="Did you mean 'shortest'"):
        parents(world, [0], "shortes")
