"""Newick and NEXUS: dialects of other programs, lengths, support, and what is refused."""

from __future__ import annotations

import io

import dendropy
import pytest
from hypothesis import given
from skbio import TreeNode

from taxonomy._core.errors import FileFormatError, HierarchyError
from taxonomy.formats import Content, Newick, Nexus, read_tree, write_tree
from taxonomy.formats.newick import spelled
from taxonomy.trees import Hierarchy
from tests.support.strategies import IDS, ODD_LABELS, trees


def read(text: str, made: Newick | None = None):
    """Return the tree of a text, and the notes."""
    reading = (made or Newick()).read(Content(text.encode(), "tree.nwk"), "refuse")
    return Hierarchy.from_raw(reading.raw), reading.notes


SAME = Hierarchy.from_nested(
    {"pets": ["cat", "dog's", "a_b"], "two words": ["stop sign", "Cat", "x(y)"]}
)
WRITTEN = {
    "scikit-bio 0.7.4": "((cat,dog''s,'a_b')pets,(stop_sign,Cat,'x(y)')two_words);\n",
    "DendroPy 5.1.3": "((cat,'dog''s','a_b')pets,(stop_sign,Cat,'x(y)')two_words);\n",
    "Biopython 1.88": "((cat:0,'dog''s':0,a_b:0)pets:0,"
    "('stop sign':0,Cat:0,'x(y)':0)'two words':0):0;",
    "ETE 3.1.3, in quotes": '(("cat":1,"dog\'s":1,"a_b":1)"pets":1,'
    '("stop sign":1,"Cat":1,"x(y)":1)"two words":1);',
    "treeswift 1.1.51": "[&R] ((cat,'dog's',a_b)pets,(stop sign,Cat,'x(y)')two words);",
    "with backslashes": r"((cat,'dog\'s',a_b)pets,('stop sign',Cat,'x(y)')'two words');",
}
"""One tree as these programs write it."""


@pytest.mark.parametrize("program", WRITTEN)
def test_what_other_programs_write_is_the_same_tree(program):
    assert read(WRITTEN[program])[0] == SAME


def test_ete_without_quotes_has_lost_brackets_before():
    text = "((cat:1,dog's:1,a_b:1)pets:1,(stop sign:1,Cat:1,x_y_:1)two words:1);"
    assert set(SAME.leaves) - set(read(text)[0].leaves) == {"x(y)"}


LABELS = [
    *SAME.leaves,
    'q"uote',
    "c:d",
    "e,f",
    "g;h",
    "[i]",
    "a/b",
    "'lead",
    "trail'",
    "7",
    "ä-b.c",
]


class TestOthersReadWhatIsWritten:
    TEXT = Newick().write(Hierarchy.from_nested([LABELS[:8], LABELS[8:]])).decode()

    def test_scikit_bio(self):
        tree = TreeNode.read(io.StringIO(self.TEXT), format="newick")
        assert sorted(tip.name for tip in tree.tips()) == sorted(LABELS)

    def test_dendropy(self):
        tree = dendropy.Tree.get(data=self.TEXT, schema="newick", case_sensitive_taxon_labels=True)
        assert sorted(leaf.taxon.label for leaf in tree.leaf_node_iter()) == sorted(LABELS)

    @given(trees([label for label in IDS + ODD_LABELS if label[0] != '"']))
    def test_what_scikit_bio_and_dendropy_write_of_it_comes_back(self, tree):
        """Labels and groups, by the rule for underscores.

        scikit-bio writes a label in double quotes as it is, which is how ETE writes one without.
        """
        bare = Hierarchy.from_nested(shape(tree))
        text = Newick().write(bare).decode()
        back = TreeNode.read(io.StringIO(text), format="newick")
        file = io.StringIO()
        back.write(file, format="newick")
        assert read(file.getvalue(), Newick(underscores="spaces"))[0] == bare
        theirs = dendropy.Tree.get(data=text, schema="newick", case_sensitive_taxon_labels=True)
        assert read(theirs.as_string("newick"), Newick(underscores="spaces"))[0] == bare

    def test_dendropy_reads_and_writes_the_nexus(self):
        text = Nexus().write(SAME).decode()
        tree = dendropy.Tree.get(data=text, schema="nexus", case_sensitive_taxon_labels=True)
        assert sorted(leaf.taxon.label for leaf in tree.leaf_node_iter()) == sorted(SAME.leaves)
        assert read(tree.as_string("nexus"), Nexus())[0] == SAME


def shape(tree: Hierarchy):
    """Return nested lists of the labels alone."""
    built = list(tree.leaf)
    for i in reversed(tree.nodes.tolist()):
        built[i] = [built[child] for child in tree.children(i)]
    return built[0]


class TestUnderscores:
    def test_they_stay_and_are_spoken_of(self):
        tree, notes = read("(stop_sign,cat);")
        assert tree.leaves == ("cat", "stop_sign")
        assert notes[0].startswith("1 label holds underscores outside quotes, which were kept")

    def test_they_are_spaces_where_asked_or_where_another_is_in_quotes(self):
        assert read("(stop_sign,cat);", Newick(underscores="spaces"))[0].leaves == (
            "cat",
            "stop sign",
        )
        assert read("(stop_sign,'a_b');")[0].leaves == ("a_b", "stop sign")
        assert read("(stop_sign,'a_b');", Newick(underscores="keep"))[0].leaves == (
            "a_b",
            "stop_sign",
        )


class TestLengths:
    def test_they_are_differences_of_heights(self):
        tree, notes = read("((cat:0.1,dog:0.1):0.2,taxi:0.3);")
        assert tree.attributes(0)["merge_height"] == 0.3
        assert tree.attributes(1)["merge_height"] == 0.1
        assert notes == ()
        assert Newick().write(tree) == b"((cat:0.1,dog:0.1):0.19999999999999998,taxi:0.3);\n"

    def test_leaves_at_different_heights_are_spoken_of(self):
        tree, notes = read("((cat:1,dog:3):1,taxi:4);")
        assert dict(zip(tree.leaf, tree.height, strict=True))["cat"] == 2
        said = "the leaves end at different heights, up to 2 above the lowest, from which merge"
        assert notes == (f"{said} heights count",)

    @pytest.mark.parametrize("length", ["0", "1.0"])
    def test_equal_ones_say_nothing(self, length):
        tree, notes = read(f"((a:{length},b:{length}):{length},c:{length});")
        assert tree.merge_height is None
        assert "taken to say nothing" in notes[0]

    def test_some_are_not_enough(self):
        tree, notes = read("((a:1,b:2),c);")
        assert tree.merge_height is None
        assert notes == ("2 branches have no length, so that there are no merge heights",)


class TestSupport:
    def test_numbers_on_nodes_are_support(self):
        assert read("((a,b)0.5,c);")[0].attributes(1) == {"support": 0.5}
        tree, notes = read("((a,b)95,c);")
        assert tree.attributes(1) == {"support": 0.95}
        assert notes == ("support was taken for percent and divided by 100",)

    def test_unless_they_are_names(self):
        assert read("((a,b)95,c);", Newick(inner="names"))[0].attributes(1) == {"name": "95"}
        assert read("((a,b)'95',c);")[0].attributes(1) == {"name": "95"}
        assert read("((a,b)95,c)all;")[0].attributes(1) == {"name": "95"}
        with pytest.raises(HierarchyError, match="'all' of a node is no support"):
            read("((a,b)95,c)all;", Newick(inner="support"))
        with pytest.raises(HierarchyError, match=r"go up to 2012, which is no support.*`inner="):
            read("((a,b)2012,c);")

    def test_comments_say_all(self, tmp_path):
        tree = Hierarchy.from_nested(
            {
                "name": "all",
                "merge_height": 1 / 3,
                "children": [{"leaves": ["a", "b"], "merge_height": 0.1, "support": 1 / 7}, "c"],
            }
        ).restrict(["a", "b"])
        assert len(write_tree(tree, tmp_path / "t.nwk")) == 3  # last digits, spans and support
        assert write_tree(tree, tmp_path / "t.nwk", "newick", comments=True) == ()
        assert read_tree(tmp_path / "t.nwk") == tree
        assert read("((a,b)[&&NHX:B=50],c)[&!color=red];")[0].attributes(1) == {"support": 0.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("((a,b);", r"Line 1, character 7: 1 bracket is not closed"),
        ("(a,\nb));", r"Line 2, character 3: '\)' stands outside of all brackets"),
        ("(a,,b);", "character 4: a leaf has no label"),
        ("(a,b)c(d);", "a bracket opens after a label or tree"),
        ("(a,'b);", "a label in quotes .* does not end"),
        ("(a,b[c);", "a comment in square brackets does not end"),
        ("(a:x,b);", "a number must follow the colon, and 'x' does"),
        ("(a:1:2,b);", "a second length follows"),
        ("(a:1e999,b:1);", "add up to more than a number"),
        ("(a,b);(c,d);", "After the tree follows '\\(c,d\\);'"),
        ("(a,b)'c'd;", "does not end|follows another label"),
        ("", "there is no tree"),
        (";", "there is no tree"),
        ("a;", "root is a leaf"),
        ("(a,a);", "The label 'a' occurs twice"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path, text, message):
    (tmp_path / "t.nwk").write_text(text)
    with pytest.raises(FileFormatError, match=message) as error:
        read_tree(tmp_path / "t.nwk")
    assert str(error.value).startswith(str(tmp_path / "t.nwk"))


def test_plain_words_have_no_quotes():
    assert [spelled(x) for x in ("a/b", "a+b", "a.b-c", "näme", "0")] == [
        *("a/b", "a+b", "a.b-c", "näme", "0")
    ]
    assert [spelled(x) for x in ("a=b", "-a", "a b", "a'b")] == ["'a=b'", "'-a'", "'a b'", "'a''b'"]


class TestNexus:
    TEXT = """#NEXUS
    [a comment; with a semicolon]
    Begin Taxa; Dimensions NTax=2; TaxLabels cat 'dog; wolf'; End;
    BEGIN TREES;
      Translate 1 cat, 2 'dog; wolf' ;
      TREE * best = [&R] [&lnP=-1.0] ((1:1,2:1)0.5:1,taxi:2);
    END;
    """

    def test_translated(self):
        tree, notes = read(self.TEXT, Nexus())
        assert tree.leaves == ("cat", "dog; wolf", "taxi")
        assert tree.attributes(1) == {"merge_height": 1.0, "support": 0.5}
        assert notes == ("1 comment was left out",)

    def test_one_tree_is_wanted(self):
        with pytest.raises(HierarchyError, match="The file holds 0 trees"):
            read("#NEXUS\nbegin taxa; end;", Nexus())
        with pytest.raises(HierarchyError, match="holds 2 trees"):
            read("#NEXUS begin trees; tree a = (b,c); tree d = (e,f); end;", Nexus())

    def test_an_unrooted_tree_is_spoken_of(self):
        _, notes = read("#NEXUS begin trees; utree a = [&U] (b,c); end;", Nexus())
        assert notes == ("the tree is unrooted ([&U]); its outermost node was made the root",)
