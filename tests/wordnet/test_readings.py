"""What a class name can mean: spellings, lists, compounds, and names without a noun."""

import pytest

from taxonomy.wordnet import NounGraph
from taxonomy.wordnet.readings import read_name


@pytest.fixture(scope="module")
def graph() -> NounGraph:
    return NounGraph.load()


@pytest.mark.parametrize(
    ("name", "first", "guessed"),
    [
        ("Women", "woman.n.01", False),
        ("coffee_cup", "coffee_cup.n.01", False),
        ("ferris-wheel", "ferris_wheel.n.01", False),
        ("trafficLight", "traffic_light.n.01", False),
        ("café", "cafe.n.01", False),
        ("tyre iron", "tire_iron.n.01", False),
        ("tench, Tinca tinca", "tench.n.01", False),
        ("crane (bird)", "crane.n.05", False),
        ("crane (music)", "crane.n.01", True),
        ("willow tree", "willow.n.01", False),
        ("maple tree", "maple.n.02", False),
        ("aquarium fish", "fish.n.01", True),
        ("big red coffee cup", "coffee_cup.n.01", True),
        ("traffic lights", "traffic_light.n.01", False),
        ("crane_(bird)", "crane.n.05", False),
        ("sofa/couch", "sofa.n.01", False),
        ("bow/ribbon", "bow.n.01", True),
        ("crane, bird", "crane.n.05", True),
        ("bowl, soup", "soup_bowl.n.01", False),
        ("chair, folding", "folding_chair.n.01", False),
        ("Pepper, black", "pepper.n.01", False),
    ],
)
def test_names(graph: NounGraph, name: str, first: str, guessed: bool) -> None:
    reading = read_name(graph, name)
    assert graph.name(reading.nodes[0]) == first
    assert reading.guessed == guessed
    assert not guessed or reading.note


@pytest.mark.parametrize("name", ["stop sign", "point mark", "ball sport", "period mark"])
def test_a_word_and_its_kind_met_by_chance_are_read_as_the_head(
    graph: NounGraph, name: str
) -> None:
    """A stop is a punctuation mark, and a mark a sign; but a stop sign is no full stop."""
    reading = read_name(graph, name)
    assert reading.guessed
    assert reading.nodes == tuple(graph.senses(name.split()[1]))


@pytest.mark.parametrize("name", ["maple tree", "halter top", "drum instrument", "sole fish"])
def test_a_physical_word_and_its_kind_are_sure(graph: NounGraph, name: str) -> None:
    word = name.split()[0]
    reading = read_name(graph, name)
    assert not reading.guessed
    assert reading.form == word
    assert set(reading.nodes) < set(graph.senses(word))


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("qwertz", "WordNet has no such noun"),
        ("teapott", "Did you mean 'teapot'"),
        ("slowly", "WordNet has no such noun"),
        ("мышь", "not in Latin letters"),
        ("猫", "not in Latin letters"),
        ("42", "no letters"),
        ("()", "no letters"),
    ],
)
def test_names_without_a_noun_say_why(graph: NounGraph, name: str, why: str) -> None:
    reading = read_name(graph, name)
    assert reading.nodes == ()
    assert why in reading.note
