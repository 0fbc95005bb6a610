"""Graphs, links, brackets and merges: what other programs write, and what they read of ours."""

from __future__ import annotations

import io
import json

import networkx as nx
import nltk
import numpy as np
import pytest
from scipy.cluster import hierarchy as scipy_hierarchy
from sklearn.cluster import AgglomerativeClustering

from taxonomy._core.errors import FileFormatError
from taxonomy.formats import FORMATS, Content, read_tree, write_tree
from taxonomy.formats.graphml import _read_by_networkx, _read_plain
from taxonomy.trees import Hierarchy

HOME = Hierarchy.from_nested({"kitchen": ["fork", "spoon"], "shed": ["rake"]})


NAMED = Hierarchy.from_nested({"name": "home", "children": [HOME.to_nested()[0], "bed"]})


def read(tmp_path, name: str, text: str, **options) -> Hierarchy:
    """Return the tree in a file of a name."""
    (tmp_path / name).write_text(text)
    return read_tree(tmp_path / name, **options)


def notes(tree: Hierarchy) -> list[str]:
    return tree.provenance.get("notes", [])


class TestEdges:
    def test_the_order_can_be_turned(self, tmp_path):
        text = "fork kitchen\nspoon kitchen\nrake shed\n"
        assert read(tmp_path, "t.txt", text, format="edges", order="child-parent") == HOME

    def test_several_parents(self, tmp_path):
        text = "pets cat\nwild cat\nwild owl\n"
        with pytest.raises(FileFormatError, match="'cat' has 2 parents: 'pets', 'wild'"):
            read(tmp_path, "t.txt", text)
        tree = read(tmp_path, "t.txt", text, parents="most-classes")
        assert tree.clade(int(tree.ancestors("cat")[0])) == ("cat", "owl")
        assert "of these the most-classes stays" in notes(tree)[0]


class TestGraphML:
    IGRAPH = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="v_name" for="node" attr.name="name" attr.type="string"/>
  <key id="v_support" for="node" attr.name="support" attr.type="double"/>
  <graph id="G" edgedefault="directed">
    <node id="n0"><data key="v_name">home</data></node>
    <node id="n1"><data key="v_name">kitchen</data><data key="v_support">0.5</data></node>
    <node id="n2"><data key="v_name">bed</data></node>
    <node id="n3"><data key="v_name">fork</data></node>
    <edge source="n0" target="n1"></edge><edge source="n0" target="n2"></edge>
    <edge source="n1" target="n3"></edge>
  </graph>
</graphml>"""

    def test_igraph_numbers_nodes_and_names_them(self, tmp_path):
        """As igraph 1.0.0 writes."""
        tree = read(tmp_path, "t.graphml", self.IGRAPH)
        assert tree.leaves == ("bed", "fork")
        assert sorted(tree.name)[-2:] == ["home", "kitchen"]

    def test_several_parents_in_a_graph(self, tmp_path):
        text = self.IGRAPH.replace('target="n2"', 'target="n3"')
        assert read(tmp_path, "t.graphml", text, parents="deepest").leaves == ("bed", "fork")

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ('edgedefault="directed"', 'edgedefault="undirected"', "is undirected"),
            ("<graph ", "<!DOCTYPE x><graph ", "defines entities"),
            ("</graphml>", "", "not readable as GraphML"),
            ('attr.type="double"', 'attr.type="list"', "not readable as GraphML"),
            ("0.5", "half", "not readable as GraphML"),
        ],
    )
    def test_refused(self, tmp_path, old, new, message):
        with pytest.raises(FileFormatError, match=message):
            read(tmp_path, "t.graphml", self.IGRAPH.replace(old, new))

    def test_plain_files_are_read_as_networkx_reads_them(self):
        """In the order of its edges, too; all else is left to it."""
        edges = '<edge source="n1" target="n3"></edge>', '<edge source="n0" target="n2"></edge>'
        turned = self.IGRAPH.replace(edges[1], "").replace(edges[0], "".join(edges))
        written = FORMATS.get("graphml")().write(NAMED).decode()
        escaped = self.IGRAPH.replace("bed", "a &amp; b &lt;c>&#13;&#x64;").replace("n2", "n&quot;")
        indented = "\n".join(nx.generate_graphml(NAMED.to_networkx()))
        windows = self.IGRAPH.replace("fork", "a\nb").replace("\n", "\r\n")
        for text in (self.IGRAPH, turned, written, escaped, indented, windows):
            content = Content(text.encode(), "t.graphml")
            found = _read_plain(content)
            assert found is not None
            assert found == _read_by_networkx(content)
        for old, new in (
            ("<edge", '<edge id="e"'), ("0.5", "half"), ("n3", "n2"), ("bed", "&eacute;"),
            ("bed", "]]>"), ("bed", "\x01"), ("bed", "<i>bed</i>"), ("<edge", "<!-- --><edge"),
            ('id="n0"', "id='n0'"), ("</graph>", "</graph><graph/>"), ("</graph>", "- </graph>"),
        ):  # fmt: skip
            changed = self.IGRAPH.replace(old, new)
            assert _read_plain(Content(changed.encode(), "t.graphml")) is None

    def test_networkx_reads_what_is_written_and_sees_labels(self, tmp_path):
        write_tree(NAMED, tmp_path / "t.graphml")
        graph = nx.read_graphml(tmp_path / "t.graphml")
        assert {data.get("label") for _, data in graph.nodes(data=True)} == {
            *("home", "kitchen", "fork", "spoon", "bed"),
        }

    def test_node_link_is_networkxs(self, tmp_path):
        write_tree(NAMED, tmp_path / "t.json", "node-link")
        data = json.loads((tmp_path / "t.json").read_text())
        assert Hierarchy.from_networkx(nx.node_link_graph(data, edges="links")) == NAMED
        graph = nx.node_link_data(NAMED.to_networkx(), edges="edges")
        (tmp_path / "theirs.json").write_text(json.dumps(graph))
        assert read_tree(tmp_path / "theirs.json") == NAMED


class TestBrackets:
    def test_nltk_reads_what_is_written(self, tmp_path):
        tree = Hierarchy.from_nested([["cat", "x(y)"], {"two words": ["stop sign", "a"]}])
        lost = write_tree(tree, tmp_path / "t.mrg")
        assert lost == ("1 of 4 labels, such as 'stop sign', which are written otherwise",)
        theirs = nltk.Tree.fromstring((tmp_path / "t.mrg").read_text())
        assert theirs.leaves() == ["a", "stop_sign", "cat", "x-LRB-y-RRB-"]
        assert [len(below) for below in theirs] == [2, 2]

    def test_what_nltk_prints_is_read(self, tmp_path):
        text = str(nltk.Tree("S", [nltk.Tree("NP", ["the", "cat"]), nltk.Tree("VP", ["sat"])]))
        tree = read(tmp_path, "t.ptb", text)
        assert tree == Hierarchy.from_nested(
            {"name": "S", "children": [{"NP": ["the", "cat"]}, {"VP": ["sat"]}]}
        )


POINTS = np.random.default_rng(0).random((20, 3))


class TestMerges:
    def test_scipy_draws_the_same_merges(self, tmp_path):
        merges = scipy_hierarchy.linkage(POINTS, "average")
        np.save(tmp_path / "z.npy", merges)
        tree = read_tree(tmp_path / "z.npy")
        assert len(tree.leaves) == 20
        assert notes(tree) == ["there are no labels: classes are numbered from 0"]
        write_tree(tree, tmp_path / "z.npz")
        with np.load(tmp_path / "z.npz") as file:
            again, labels = file["linkage"], file["labels"].tolist()
        assert scipy_hierarchy.is_valid_linkage(again)
        assert np.allclose(
            scipy_hierarchy.cophenet(again),
            reordered(scipy_hierarchy.cophenet(merges), [int(label) for label in labels]),
        )

    def test_an_npy_holds_the_matrix_alone(self, tmp_path):
        write_tree(HOME, tmp_path / "t.npy")
        assert np.load(tmp_path / "t.npy").tolist() == [[0, 2, 1, 2], [1, 3, 2, 3]]

    def test_ties_are_one_node(self, tmp_path):
        merges = scipy_hierarchy.linkage(np.array([[0.0], [1], [2], [9]]), "single")
        np.savez(tmp_path / "z.npz", Z=merges, labels=np.array(["a", "b", "c", "d"]))
        tree = read_tree(tmp_path / "z.npz")
        assert tree.to_nested() == {
            "merge_height": 7.0,
            "children": [{"merge_height": 1.0, "children": ["a", "b", "c"]}, "d"],
        }
        assert notes(tree) == ["1 merge is at the height of the next, and one node with it"]

    def test_scikit_learns_children(self, tmp_path):
        model = AgglomerativeClustering(linkage="average", compute_distances=True).fit(POINTS)
        np.savez(tmp_path / "s.npz", children=model.children_, distances=model.distances_)
        np.save(tmp_path / "z.npy", scipy_hierarchy.linkage(POINTS, "average"))
        one, other = read_tree(tmp_path / "s.npz"), read_tree(tmp_path / "z.npy")
        assert np.array_equal(one.parent, other.parent)
        assert one.leaf == other.leaf
        assert np.allclose(one.height, other.height)
        np.save(tmp_path / "c.npy", model.children_)
        assert read_tree(tmp_path / "c.npy").leaf == one.leaf

    @pytest.mark.parametrize(
        ("matrix", "message"),
        [
            ([[0, 1, 1, 2], [0, 2, 2, 3]], "Something merges twice"),
            ([[0, 4, 1, 2], [1, 2, 2, 3]], "Row 0 merges what is not there yet; 3 classes"),
            ([[0, 1.5, 1, 2]], "numbered by whole numbers"),
            ([[0, 1, np.inf, 2]], "other than finite numbers"),
            ([[0, 1e300, 1, 2]], "not there yet"),
        ],
    )
    def test_refused(self, tmp_path, matrix, message):
        np.save(tmp_path / "z.npy", np.array(matrix, dtype=float))
        with pytest.raises(FileFormatError, match=message):
            read_tree(tmp_path / "z.npy", "linkage")

    def test_nothing_is_unpickled(self, tmp_path):
        np.save(tmp_path / "z.npy", np.array([print], dtype=object), allow_pickle=True)
        with pytest.raises(FileFormatError, match="not a readable npy file"):
            read_tree(tmp_path / "z.npy", "linkage")

    def test_declared_sizes_are_not_trusted(self, tmp_path):
        file = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 4)}
        )
        (tmp_path / "z.npy").write_bytes(file.getvalue())
        with pytest.raises(FileFormatError, match="entries are declared, and 0 bytes are there"):
            read_tree(tmp_path / "z.npy", "linkage")


def reordered(condensed: np.ndarray, order: list[int]) -> np.ndarray:
    from scipy.spatial.distance import squareform

    return squareform(squareform(condensed)[np.ix_(order, order)])


def test_graphs_have_a_policy_for_parents():
    graph = nx.DiGraph([("r", "a"), ("r", "b"), ("a", "x"), ("b", "x"), ("b", "y")])
    tree = Hierarchy.from_networkx(graph, parents="most-classes")
    assert tree == Hierarchy.from_nested({"name": "r", "children": [{"b": ["x", "y"]}]})
