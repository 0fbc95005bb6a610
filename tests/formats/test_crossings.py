"""Trees that cross to other software and back, and files in the layouts in which others publish.

The files were written for these tests. Packages that the developers' extra does not bring are tried
where they are installed; what is lost on the way was seen with the versions that the guide names.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest

from taxonomy.formats import Content, Newick, read_tree, write_tree
from taxonomy.trees import Hierarchy

FILES = Path(__file__).parent / "published"


class TestPublishedLayouts:
    def test_nbdt(self):
        """Neural-backed decision trees: networkx's node-link JSON, leaves by wnid and label."""
        tree = read_tree(FILES / "nbdt.json")
        animals = {"name": "f00000004", "leaves": ["cat", "dog"]}
        vehicles = {"name": "f00000005", "leaves": ["ship", "truck"]}
        assert tree == Hierarchy.from_nested({"name": "f00000006", "children": [animals, vehicles]})

    def test_making_better_mistakes(self):
        """Bertinetto et al.: a parent and a child a line, of ImageNet by wnid."""
        assert read_tree(FILES / "making-better-mistakes.txt") == Hierarchy.from_nested(
            {
                "name": "n00015388",
                "children": [
                    {"name": "n01503061", "leaves": ["n01514668", "n01622779"]},
                    {"name": "n02120997", "leaves": ["n02121620", "n02129165"]},
                ],
            }
        )

    def test_hiercls(self):
        """Valmadre: CSV without a heading, a parent and a child a line; names hold spaces."""
        tree = read_tree(FILES / "hiercls.csv")
        chordates = {"name": "Chordata", "leaves": ["Corvus corax", "Pica pica"]}
        animals = {"name": "Animalia", "children": [chordates]}
        plants = {"name": "Plantae", "leaves": ["Quercus robur"]}
        assert tree == Hierarchy.from_nested({"name": "Life", "children": [animals, plants]})

    def test_barz_and_denzler(self):
        """Semantic embeddings: numbers of parent and child, and the outline they were made of."""
        tree = read_tree(FILES / "semantic-embeddings.txt")
        assert tree.leaves == ("0", "1", "2", "3")
        assert [tree.clade(int(i)) for i in tree.nodes if tree.name[i] in ("5", "6")] == [
            ("0", "1", "2"),
            ("0", "1"),
        ]
        outline = read_tree(FILES / "dashes.txt")
        feline = {"name": "feline", "leaves": ["lion", "tiger"]}
        animal = {"name": "animal", "children": [feline, "wolf"]}
        artifact = {"name": "artifact", "leaves": ["lamp", "sweet_pepper"]}
        assert outline == Hierarchy.from_nested({"name": "entity", "children": [animal, artifact]})

    def test_gephi(self):
        """With places, sizes and colours, which no tree has."""
        tree = read_tree(FILES / "gephi.graphml")
        pets = {"name": "pets", "leaves": ["cat", "dog's"]}
        assert tree == Hierarchy.from_nested({"name": "things", "children": [pets, "stop sign"]})


PLAIN = Hierarchy.from_nested({"pets": ["cat", "dog"], "road": ["bus", "taxi"]})
WRITTEN = {
    "R's ape, without lengths": "((cat,dog)pets,(bus,taxi)road);",
    "R's ape, with lengths": "((cat:1,dog:1)pets:1,(bus:1,taxi:1)road:1);",
    "DendroPy": "[&R] ((cat,dog)pets,(bus,taxi)road);\n",
    "scikit-bio": "((cat,dog)pets,(bus,taxi)road);\n",
    "Biopython": "((cat:0.00000,dog:0.00000)pets:0.00000,(bus:0.00000,taxi:0.00000)road:0.00000)"
    ":0.00000;\n",
    "ETE, format 1": "((cat:1,dog:1)pets:1,(bus:1,taxi:1)road:1);",
    "treeswift": "[&R] ((cat,dog)pets,(bus,taxi)road);",
}


@pytest.mark.parametrize("program", WRITTEN)
def test_one_plain_tree_as_programs_write_it(program):
    reading = Newick().read(Content(WRITTEN[program].encode(), "t.nwk"), "refuse")
    assert Hierarchy.from_raw(reading.raw) == PLAIN


def test_labels_with_spaces_as_rs_ape_writes_them():
    """Its `write.tree` puts underscores for spaces, quotes nothing, gives the root no length."""
    text = "((cat:0.5,dog's:0.5)pets:1.25,(stop_sign:0.75,bus:0.75)on_the_road:1)all_things;\n"
    content = Content(text.encode(), "t.tre")
    kept = Newick().read(content, "refuse")
    assert kept.notes[0].startswith("3 labels hold underscores outside quotes, which were kept")
    assert Hierarchy.from_raw(kept.raw).leaves == ("bus", "cat", "dog's", "stop_sign")
    pets = {"name": "pets", "merge_height": 0.5, "leaves": ["cat", "dog's"]}
    road = {"name": "on the road", "merge_height": 0.75, "leaves": ["bus", "stop sign"]}
    things = {"name": "all things", "merge_height": 1.75, "children": [pets, road]}
    reading = Newick(underscores="spaces").read(content, "refuse")
    assert reading.notes == ()
    assert Hierarchy.from_raw(reading.raw) == Hierarchy.from_nested(things)


def by_dendropy(text: str) -> str:
    dendropy = pytest.importorskip("dendropy")
    tree = dendropy.Tree.get(data=text, schema="newick", case_sensitive_taxon_labels=True)
    return tree.as_string("newick")


def by_scikit_bio(text: str) -> str:
    skbio = pytest.importorskip("skbio")
    file = io.StringIO()
    skbio.TreeNode.read(io.StringIO(text), format="newick").write(file, format="newick")
    return file.getvalue()


def by_biopython(text: str) -> str:
    phylo = pytest.importorskip("Bio.Phylo")
    file = io.StringIO()
    phylo.write(phylo.read(io.StringIO(text), "newick"), file, "newick")
    return file.getvalue()


def by_ete(text: str) -> str:
    ete = pytest.importorskip("ete3")
    return ete.Tree(text, format=1, quoted_node_names=True).write(format=1, quoted_node_names=True)


def by_treeswift(text: str) -> str:
    treeswift = pytest.importorskip("treeswift")
    return treeswift.read_tree_newick(text).newick()


def by_bigtree(text: str) -> str:
    bigtree = pytest.importorskip("bigtree")
    return bigtree.tree_to_newick(bigtree.newick_to_tree(text))


SPACES = Newick(underscores="spaces")
NEWICK: dict[str, tuple[Callable[[str], str], Newick, set[str]]] = {
    "DendroPy, told that case counts": (by_dendropy, SPACES, set()),
    "scikit-bio": (by_scikit_bio, SPACES, set()),
    "Biopython": (by_biopython, Newick(), set()),
    "ETE, told of quotes": (by_ete, Newick(), {"dog's"}),
    "treeswift": (by_treeswift, Newick(), {"dog's"}),
    "bigtree": (by_bigtree, Newick(), {"dog's"}),
}
"""What reads and writes Newick, how its text is read, and the labels that do not come back."""
ODD = ("dog's", "a_b", "stop sign", "Cat", "x(y)", "e,f", "ä-b.c", "a/b")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("program", NEWICK)
@pytest.mark.parametrize("odd", ["", *ODD])
def test_newick_there_and_back(program, odd):
    """One odd label at a time; what differs is what the table says."""
    cross, made, lost = NEWICK[program]
    tree = Hierarchy.from_nested({"pets": ["cat", "dog", *filter(None, [odd])], "road": ["bus"]})
    text = Newick().write(tree).decode()
    if odd not in lost:
        assert back(cross(text), made) == tree
        return
    try:
        assert back(cross(text), made) != tree
    except (KeyError, ValueError) as error:  # refused, as ETE and bigtree do
        assert str(error)


def back(text: str, made: Newick) -> Hierarchy:
    reading = made.read(Content(text.encode(), "t.nwk"), "refuse")
    return Hierarchy.from_raw(reading.raw)


NAMED = Hierarchy.from_nested(
    {
        "name": "all",
        "children": [{"pets": ["cat", "dog's", "a_b"]}, {"two words": ["näme", "x(y)"]}],
    }
)


def graphml_by_networkx(path: Path, out: Path) -> None:
    nx.write_graphml(nx.read_graphml(path), out)


def graphml_by_igraph(path: Path, out: Path) -> None:
    igraph = pytest.importorskip("igraph")
    igraph.Graph.Read_GraphML(str(path)).write_graphml(str(out))


def node_link_by_networkx(path: Path, out: Path) -> None:
    graph = nx.node_link_graph(json.loads(path.read_text()), edges="links")
    out.write_text(json.dumps(nx.node_link_data(graph, edges="links")))


def brackets_by_nltk(path: Path, out: Path) -> None:
    nltk = pytest.importorskip("nltk")
    out.write_text(str(nltk.Tree.fromstring(path.read_text())))


def skos_by_rdflib(path: Path, out: Path) -> None:
    rdflib = pytest.importorskip("rdflib")
    rdflib.Graph().parse(path).serialize(out, format="turtle")


GRAPHS: dict[str, tuple[str, dict[str, Any], Callable[[Path, Path], None]]] = {
    "networkx, GraphML": ("t.graphml", {}, graphml_by_networkx),
    "igraph, GraphML": ("t.graphml", {}, graphml_by_igraph),
    "networkx, node-link": ("t.json", {"format": "node-link"}, node_link_by_networkx),
    "rdflib, SKOS": ("t.ttl", {}, skos_by_rdflib),
}


@pytest.mark.parametrize("program", GRAPHS)
def test_graphs_there_and_back(tmp_path, program):
    name, how, cross = GRAPHS[program]
    write_tree(NAMED, tmp_path / name, **how)
    (tmp_path / "back").mkdir()
    cross(tmp_path / name, tmp_path / "back" / name)
    assert read_tree(tmp_path / "back" / name) == NAMED


def test_brackets_of_nltk_there_and_back(tmp_path):
    """Of plain words; spaces and brackets are written otherwise, which the writer says."""
    write_tree(PLAIN, tmp_path / "t.mrg")
    brackets_by_nltk(tmp_path / "t.mrg", tmp_path / "back.mrg")
    assert read_tree(tmp_path / "back.mrg") == PLAIN
