"""Commands on trees of other formats than the toolkit's own."""

from __future__ import annotations

import pytest

from taxonomy.cli import main
from taxonomy.formats import get_tree
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.command_line import run


class TestTreesOfOtherFormats:
    def test_convert_says_what_is_lost(self, here, capsys):
        lines = run(capsys, "convert", "icons/hypernyms", "tree.npz")
        assert lines[0].startswith("tree ")
        assert lines[1].startswith("the file does not hold ")
        assert "names of nodes" in lines[1]
        lines = run(capsys, "convert", "icons/hypernyms", "tree.nwk")
        assert lines[1:] == ["the file does not hold what made the tree (its provenance)"]
        run(capsys, "convert", "tree.nwk", "back.json")
        assert Hierarchy.load("back.json") == get_tree("icons/hypernyms")

    def test_formats_and_their_options_can_be_named(self, here, capsys):
        (here / "t.txt").write_text("fork kitchen\nspoon kitchen\n")
        words = ("convert", "t.txt", "t.json", "--from", "edges", "--order", "child-parent")
        run(capsys, *words)
        assert Hierarchy.load("t.json").leaves == ("fork", "spoon")
        run(capsys, "convert", "t.json", "n.json", "--to", "node-link")
        assert '"links"' in (here / "n.json").read_text()
        run(capsys, "convert", "n.json", "n.nwk", "--to", "newick", "--comments")
        assert (here / "n.nwk").read_text() == "(fork,spoon)kitchen;\n"

    def test_several_parents_need_a_policy(self, here, capsys, caplog):
        (here / "t.txt").write_text("a x\nb x\nb y\nr a\nr b\na z\n")
        assert main(["convert", "t.txt", "t.json"]) == 2
        assert "choose by --parents: first, deepest" in capsys.readouterr().err
        assert not (here / "t.json").exists()
        assert main(["convert", "t.txt", "t.json", "--parents", "first"]) == 0
        assert "1 node has several parents, such as 'x'" in caplog.text
        capsys.readouterr()
        assert run(capsys, "check", "t.txt")[0].startswith("in reading: 1 node has several")

    def test_every_command_takes_them_by_path(self, here, capsys):
        (here / "a.nwk").write_text("((cat,dog)pets,(bus,car));")
        (here / "b.yaml").write_text("pets: [cat, bus]\nroad: [car, dog]\n")
        assert "pets (2)" in "\n".join(run(capsys, "show", "a.nwk"))
        assert run(capsys, "compare", "a.nwk", "b.yaml", "--moved", "0")
        assert run(capsys, "plot", "b.yaml")[0] == "4 classes drawn to tree.png"
        assert run(capsys, "check", "a.nwk")[-1].startswith("0 errors")

    def test_what_is_drawn_can_be_read(self, here, capsys):
        run(capsys, "show", "icons/hypernyms", "--out", "drawn.txt")
        run(capsys, "convert", "drawn.txt", "again.json")
        assert Hierarchy.load("again.json") == get_tree("icons/hypernyms")

    @pytest.mark.parametrize(
        "words", [["generate", "icons", "--source", "random"], ["name", "icons/wordnet"]]
    )
    def test_out_writes_the_format_of_its_ending_or_is_refused(self, here, capsys, words):
        run(capsys, *words, "--out", "t.nwk")
        assert (here / "t.nwk").read_text().startswith("(")
        assert main([*words, "--out", "t.pdf"]) == 2
        assert "'.pdf' names no format. Trees are written as" in capsys.readouterr().err
        assert [path.name for path in here.iterdir()] == ["t.nwk"]
