"""What a class name can mean: spellings, compounds, qualifiers, and names without a noun."""

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
    ],
)
def test_names(graph: NounGraph, name: str, first: str, guessed: bool) -> None:
    reading = read_name(graph, name)
    assert graph.name(reading.nodes[0]) == first
    assert reading.guessed == guessed
    assert not guessed or reading.note


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
