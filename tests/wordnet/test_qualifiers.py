"""Names with a qualifier in brackets: kinds, other words for the same, uses and places."""

import pytest

from taxonomy.wordnet import NounGraph
from taxonomy.wordnet.qualifiers import Qualified
from taxonomy.wordnet.readings import read_name


@pytest.fixture(scope="module")
def graph() -> NounGraph:
    return NounGraph.load()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bat_(animal)", "bat.n.01"),
        ("crane_(bird)", "crane.n.05"),
        ("seal [animal]", "seal.n.09"),
        ("date_(fruit)", "date.n.08"),
        ("sandal (type of shoe)", "sandal.n.01"),
        ("cab_(taxi)", "cab.n.03"),  # another word for the same
        ("pop (soda)", "pop.n.02"),
        ("crisp (potato chip)", "chip.n.04"),
        ("mouse_(computer_equipment)", "mouse.n.04"),  # by the words of the definition
        ("truffle_(chocolate)", "truffle.n.03"),
        ("bow_(decorative_ribbons)", "bow.n.08"),
        ("knocker_(on_a_door)", "knocker.n.05"),  # a place
        ("clippers (for cutting hair)", "clipper.n.04"),  # a use
        ("monitor_(computer_equipment) computer_monitor", "monitor.n.04"),  # and a second name
    ],
)
def test_what_fits_is_kept_and_sure(graph: NounGraph, name: str, meant: str) -> None:
    reading = read_name(graph, name)
    assert [graph.name(node) for node in reading.nodes] == [meant]
    assert not reading.guessed
    assert reading.note
    assert read_name(graph, name.replace("_", " ")).nodes == reading.nodes


@pytest.mark.parametrize("name", ["jaguar (car)", "crane (music)", "window (software_company)"])
def test_a_kind_that_no_sense_is_of_leaves_all_and_is_a_guess(graph: NounGraph, name: str) -> None:
    reading = read_name(graph, name)
    assert reading.guessed
    assert list(reading.nodes) == graph.senses(name.split()[0])
    assert "is known to fit" in reading.note


def test_a_use_says_nothing_of_the_kind(graph: NounGraph) -> None:
    reading = read_name(graph, "headstall (for_horses)")
    assert not reading.guessed
    assert [graph.name(node) for node in reading.nodes] == ["headstall.n.01"]


def test_a_negated_kind_leaves_the_others_out(graph: NounGraph) -> None:
    fish = [graph.name(node) for node in read_name(graph, "bass (non fish)").nodes]
    assert "bass.n.08" not in fish
    assert "bass.n.07" in fish


@pytest.mark.parametrize("name", ["(bird)", "crane ()", "crane (bird", "crane", "a (b) (c)"])
def test_what_is_no_qualified_name(name: str) -> None:
    assert Qualified.parse(name) is None
