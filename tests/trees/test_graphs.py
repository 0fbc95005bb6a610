"""Graphs: what is written is read again as the same tree, and what is no tree is refused."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import HierarchyError
from taxonomy.trees import Hierarchy
from tests.support.strategies import trees

PETS = {"pets": ["cat", "dog"], "road": [["bus", "car"], "van"]}
FILES = {
    "graphml": (nx.write_graphml, nx.read_graphml),
    "gexf": (nx.write_gexf, nx.read_gexf),
}


class TestRoundTrip:
    @given(trees())
    def test_gives_an_equal_tree(self, tree):
        graph = tree.to_networkx()
        assert nx.is_arborescence(graph)
        again = Hierarchy.from_networkx(graph)
        assert again == tree
        assert again.with_provenance(**tree.provenance).to_json() == tree.to_json()

    @given(trees(), st.sampled_from(sorted(FILES)))
    def test_through_a_file_that_knows_only_text(self, tmp_path_factory, tree, kind):
        write, read = FILES[kind]
        path = tmp_path_factory.mktemp("graphs") / f"tree.{kind}"
        write(tree.to_networkx(), path)
        assert Hierarchy.from_networkx(read(path)) == tree

    @given(trees())
    def test_through_node_link_data(self, tree):
        data = nx.node_link_data(tree.to_networkx(), edges="edges")
        assert Hierarchy.from_networkx(nx.node_link_graph(data, edges="edges")) == tree

    def test_only_what_there_is_is_written(self):
        graph = Hierarchy.from_nested(PETS).to_networkx()
        assert dict(graph.nodes(data=True)) == {
            "node:0": {},
            "node:1": {"name": "road"},
            "node:2": {},
            "bus": {"label": "bus"},
            "car": {"label": "car"},
            "van": {"label": "van"},
            "node:6": {"name": "pets"},
            "cat": {"label": "cat"},
            "dog": {"label": "dog"},
        }
        part = Hierarchy.from_nested(PETS).restrict(["cat", "dog", "bus"]).to_networkx()
        assert part.nodes["node:0"] == {"span": 5}

    def test_labels_of_digits_and_keys_of_nodes_stay_apart(self, tmp_path):
        """As integers, inner nodes 0 and 1 were one with the labels "0" and "1" in a file."""
        tree = Hierarchy.from_nested([["0", "1"], ["node:0", "leaf:node:0"]])
        graph = tree.to_networkx()
        assert len(graph) == len(tree) == 7
        nx.write_graphml(graph, tmp_path / "t.graphml")
        assert len(nx.read_graphml(tmp_path / "t.graphml")) == 7

    def test_the_graph_is_frozen(self):
        with pytest.raises(nx.NetworkXError):
            Hierarchy.from_nested(PETS).to_networkx().add_edge("new", "edge")

    def test_a_restricted_tree_keeps_the_leaves_it_was_cut_from(self):
        part = Hierarchy.from_nested([["a", "b"], ["c", "d"]]).restrict(["a", "c"])
        assert Hierarchy.from_networkx(part.to_networkx()).span.tolist() == [4, 2, 1, 2, 1]


class TestForeignGraphs:
    def test_an_edge_list_keeps_its_names(self):
        graph = nx.DiGraph([("home", "kitchen"), ("kitchen", "fork"), ("home", "bed")])
        tree = Hierarchy.from_networkx(graph)
        assert tree == Hierarchy.from_nested(
            {"name": "home", "children": [{"kitchen": ["fork"]}, "bed"]}
        )

    @pytest.mark.parametrize("kind", sorted(FILES))
    def test_also_through_a_file(self, tmp_path, kind):
        write, read = FILES[kind]
        graph = nx.DiGraph([("home", "kitchen"), ("kitchen", "fork"), ("home", "bed")])
        write(graph, tmp_path / "home")
        assert Hierarchy.from_networkx(read(tmp_path / "home")) == Hierarchy.from_networkx(graph)

    def test_names_labels_and_keys(self):
        graph = nx.DiGraph([(0, 1), (1, 2), (1, "x"), (0, ("a", 1))])
        graph.nodes[0].update(name=None, label="everything")
        graph.nodes[1].update(name="some", label="other")
        graph.nodes[2].update(label=None)
        graph.nodes["x"].update(label=7, name="ignored")
        tree = Hierarchy.from_networkx(graph)
        assert tree.leaves == ("('a', 1)", "2", "7")
        assert sorted(tree.name) == ["", "", "", "everything", "some"]
        assert set(Hierarchy.from_networkx(nx.balanced_tree(2, 2, nx.DiGraph)).name) == {""}

    def test_long_labels_stay_whole(self):
        long = "x" * 300
        graph = nx.DiGraph([("root", long + "1"), ("root", long + "2")])
        assert Hierarchy.from_networkx(graph).leaves == (long + "1", long + "2")

    def test_leaves_without_a_height_are_at_0(self):
        graph = nx.DiGraph([("r", "a"), ("r", "b")])
        graph.nodes["r"]["merge_height"] = "0.5"  # some formats know only text
        assert Hierarchy.from_networkx(graph).height.tolist() == [0.5, 0, 0]

    def test_nan_counts_as_absent(self):
        graph = nx.DiGraph([("r", "a"), ("r", "b")])
        for key in graph:
            graph.nodes[key].update(support=float("nan"), span=float("nan"), merge_height=None)
        assert Hierarchy.from_networkx(graph) == Hierarchy.from_nested({"r": ["a", "b"]}).restrict(
            ["a", "b"], "collapse"
        )


def attributed(key, **attributes):
    graph = nx.DiGraph([("r", "s"), ("s", "a"), ("s", "b")])
    graph.nodes[key].update(attributes)
    return graph


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        ([("r", "a")], r"networkx\.DiGraph, not a list"),
        (nx.Graph([("r", "a")]), "undirected graph .* from parent to child"),
        (nx.MultiGraph([("r", "a")]), "undirected graph"),
        (nx.MultiDiGraph([("r", "a")]), r"multigraph .* give networkx\.DiGraph\(graph\)"),
        (nx.DiGraph(), "graph is empty; a tree needs"),
        (nx.DiGraph([("a", "b"), ("b", "c"), ("c", "a")]), "cycle: 'a' → 'b' → 'c' → 'a'; remove"),
        (nx.DiGraph([("r", "a"), ("x", "x")]), "cycle: 'x' → 'x'"),
        (nx.DiGraph([(i, (i + 1) % 99) for i in range(99)]), "cycle: 0 → 1 → 2 → 3 → 4 → …; rem"),
        (
            nx.DiGraph([("r", "a"), ("r", "b"), ("a", "c"), ("b", "c")]),
            "'c' has 2 parents: 'a', 'b'",
        ),
        (nx.DiGraph([("a", "r"), ("b", "r")]), r"give graph\.reverse\(\)"),
        (nx.DiGraph([("r", "a"), ("s", "b")]), "2 roots, such as 'r' and 's', and a tree has one"),
        (nx.DiGraph([("r", 1), ("r", "1")]), "1 and '1' both give the label '1'"),
        (attributed("s", merge_height=1.0), "the graph node 'r' has none"),
        (attributed("s", merge_height="high"), "merge_height of the graph node 's' is 'high'"),
        (attributed("s", span=2.5), "span of the graph node 's' is 2.5"),
        (
            attributed("s", support=[1]),
            "support of the graph node 's' is a list; expected",
        ),
        (attributed("s", support=3), "support 3"),
        (attributed("s", name="a\nb"), "control character"),
        (nx.DiGraph([("r", " a")]), "begins or ends with a space"),
    ],
)
def test_what_is_no_tree_is_refused(graph, message):
    with pytest.raises(HierarchyError, match=message):
        Hierarchy.from_networkx(graph)


def test_a_single_node_is_no_tree():
    graph = nx.DiGraph()
    graph.add_node("a")
    with pytest.raises(HierarchyError, match="root is a leaf"):
        Hierarchy.from_networkx(graph)
