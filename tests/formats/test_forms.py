"""The other formats: files as people and programs write them, and what is refused."""

from __future__ import annotations

import json
import re

import pytest

from taxonomy._core.errors import FileFormatError
from taxonomy.formats import FORMATS, get_tree, read_raw, read_tree
from taxonomy.formats._format import NO_GROUPS
from taxonomy.trees import Hierarchy

HOME = Hierarchy.from_nested({"kitchen": ["fork", "spoon"], "shed": ["rake"]})


NAMED = Hierarchy.from_nested({"name": "home", "children": [HOME.to_nested()[0], "bed"]})


def read(tmp_path, name: str, text: str, **options) -> Hierarchy:
    """Return the tree in a file of a name."""
    (tmp_path / name).write_text(text)
    return read_tree(tmp_path / name, **options)


def notes(tree: Hierarchy) -> list[str]:
    return tree.provenance.get("notes", [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "child,parent\nkitchen,\nshed,\nfork,kitchen\nspoon,kitchen\nrake,shed\n"),
        ("t.csv", "id;supercategory;colour\nfork;kitchen;1\nspoon;kitchen;2\nrake;shed;3\n"),
        ("t.tsv", '"parent"\t"class"\nkitchen\tfork\nkitchen\tspoon\nshed\trake\n'),
        ("t.txt", "kitchen fork\nkitchen spoon\nshed rake\n"),
        ("t.txt", "# parents and children\nkitchen\tfork\nkitchen\tspoon\nshed\trake\n"),
        ("t.edges", "kitchen fork\nkitchen spoon\nshed rake\n"),
        ("t.txt", "kitchen > fork\nkitchen > spoon\nshed > rake\n"),
        ("t.txt", "# Google_Product\nkitchen\nkitchen > fork\nkitchen > spoon\nshed > rake\n"),
        ("t.txt", "/kitchen/fork\n/kitchen/spoon\n/shed/rake\n"),
        ("t.paths", "kitchen\tfork\nkitchen\tspoon\nshed\trake\n"),
        ("t.txt", "kitchen\n  fork\n  spoon\n\nshed\n  rake\n"),
        ("t.txt", "kitchen\n\tfork\n\tspoon\nshed\n\trake\n"),
        ("t.txt", "(3)\n├── kitchen (2)\n│   ├── fork\n│   └── spoon\n└── shed (1)\n    └── rake"),
        ("t.yaml", "kitchen:\n  - fork\n  - spoon\nshed: [rake]\n"),
        ("t.yml", "kitchen: {fork: , spoon: {}}\nshed: {rake: ~}\n"),
        ("t.json", '{"kitchen": ["fork", "spoon"], "shed": ["rake"]}'),
        ("t.json", '{"kitchen": {"fork": null, "spoon": {}}, "shed": {"rake": 7}}'),
        ("t.nwk", "((fork,spoon)kitchen,(rake)shed);"),
        ("t.mrg", "(node:0 (kitchen fork spoon)\n  (shed rake))"),
        (
            "t.json",
            """{"nodes": [{"id": "r"}, {"id": "a", "label": "kitchen"}, {"id": "b", "name": "shed"},
            {"id": "fork"}, {"id": "x", "label": "spoon"}, {"id": "rake"}], "links": [{"source":
            "r", "target": "a"}, {"source": "r", "target": "b"}, {"source": "a", "target":
            "fork"}, {"source": "a", "target": "x"}, {"source": "b", "target": 5}]}""",
        ),
        (
            "t.json",
            '{"label_tree_edges": [["fork", "kitchen"], ["spoon", "kitchen"], ["rake", "shed"]]}',
        ),
        (
            "t.json",
            """{"name": "t", "root": {"name": "node:0", "values": [{"name": "kitchen", "can_select":
            false, "values": [{"name": "fork"}, {"name": "spoon", "values": []}]},
            {"name": "shed", "values": [{"name": "rake"}]}]}}""",
        ),
    ],
)
def test_one_tree_in_many_forms(tmp_path, name, text):
    tree = read(tmp_path, name, text)
    named = Hierarchy.from_nested({"name": "r", "children": HOME.to_nested()})
    assert tree in (HOME, named), tree.to_text()


def test_d3_names_leaves_too(tmp_path):
    flare = {
        "name": "home",
        "children": [
            {"name": "kitchen", "children": [{"name": "fork", "value": 3}, {"name": "spoon"}]},
            {"name": "bed", "value": 1},
        ],
    }
    tree = read(tmp_path, "flare.json", json.dumps(flare))
    assert tree == Hierarchy.from_nested(
        {"name": "home", "children": [{"kitchen": ["fork", "spoon"]}, "bed"]}
    )
    assert notes(tree) == ["1 key was left out: value"]


def test_yaml_words_are_texts(tmp_path):
    """``no`` is a country, not a truth value, and ``1.10`` is no number."""
    tree = read(tmp_path, "t.yaml", "countries: [no, se, on]\nversions: ['1.10', 1.1, null_]\n")
    assert tree.leaves == ("1.1", "1.10", "no", "null_", "on", "se")


def test_names_in_several_branches_become_paths(tmp_path):
    tree = read(tmp_path, "t.txt", "fruit > orange\ncolours > orange\ncolours > red\n")
    assert tree.leaves == ("colours > orange", "fruit > orange", "red")
    assert notes(tree)[0].startswith("1 name stands for several classes, such as 'orange'")


def test_orphans_are_named(tmp_path):
    tree = read(tmp_path, "t.csv", "id,parent\nroot,\na,root\nb,roott\nc,a\n")
    assert notes(tree) == [
        "1 parent has no row, such as 'roott', and became roots",
        "2 roots, such as 'root' and 'roott', were put under a new one",
    ]


OPEN_IMAGES = {
    "LabelName": "/m/0bl9f",
    "Subcategory": [
        {"LabelName": "/m/0138tl"},
        {
            "LabelName": "/m/07yv9",
            "Subcategory": [{"LabelName": "/m/0k4j", "Part": [{"LabelName": "/m/083wq"}]}],
        },
        {
            "LabelName": "/m/0138t",
            "Subcategory": [{"LabelName": "/m/0k4j"}, {"LabelName": "/m/01lcw4"}],
        },
    ],
}


def test_open_images_has_nodes_of_several_parents(tmp_path):
    text = json.dumps(OPEN_IMAGES)
    with pytest.raises(FileFormatError, match="'/m/0k4j' has 2 parents: '/m/07yv9', '/m/0138t'"):
        read(tmp_path, "t.json", text)
    tree = read(tmp_path, "t.json", text, parents="most-classes")
    assert tree.leaves == ("/m/0138tl", "/m/01lcw4", "/m/0k4j")
    assert [note.partition(",")[0] for note in notes(tree)] == [
        "1 part was left out",
        "1 node has several parents",
        "1 node was left without classes and went",
    ]


def test_a_list_of_wnids_has_no_groups(tmp_path):
    tree = read(tmp_path, "w.txt", "n02123045 tabby, tabby cat\nn02084071\nn01503061\n")
    assert tree == Hierarchy.star(["n02123045", "n02084071", "n01503061"])
    assert notes(tree) == [NO_GROUPS]


@pytest.mark.parametrize("text", ['["cat", "dog", "cow"]', '{"names": ["cat", "dog", "cow"]}'])
def test_a_list_in_json_has_no_groups(tmp_path, text):
    assert notes(read(tmp_path, "w.json", text)) == [NO_GROUPS]
    assert notes(read(tmp_path, "w.json", '[["cat", "dog"], "cow"]')) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("words.txt", "cat\ndog\ncow\n"),
        ("two words.txt", "traffic light\nstop sign\n"),
        ("numbers.txt", "0 cat\n1 dog\n"),
        ("list", "cat\ndog\n"),
        ("data.yaml", "nc: 2\nnames:\n  0: person\n  1: bicycle\n"),
        ("id2label.json", '{"0": "person", "1": "bicycle"}'),
        ("labels.csv", "id,name,wnid\ncat,House cat,n02121620\n"),
    ],
)
def test_a_list_of_classes_is_told_from_a_tree(tmp_path, name, text):
    with pytest.raises(FileFormatError) as caught:
        read(tmp_path, name, text)
    said = f"{caught.value!s} "
    assert "If it is a list of classes, this makes a tree of it: taxonomy generate " in said
    assert len(said) <= 401


def test_what_is_no_list_is_not_called_one(tmp_path):
    for name, text in (("t.json", '{"format": "taxonomy-hierarchy"}'), ("t.nwk", "((a,b\nc,d")):
        with pytest.raises(FileFormatError) as caught:
            read(tmp_path, name, text)
        assert "list of classes" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("icons", "this makes a tree of it: taxonomy generate icons."),
        ("icons/tree", "It is a network; in Python taxonomy.get_net('icons/tree').hierarchy is"),
    ],
)
def test_shipped_lists_and_networks_are_told_from_trees(name, words):
    with pytest.raises(FileFormatError, match=re.escape(words)):
        get_tree(name)


def test_a_networks_file_is_told_from_a_tree(tmp_path):
    with pytest.raises(FileFormatError, match=r"It is a network; in Python taxonomy.get_net\("):
        read(tmp_path, "net.safetensors", "\0" * 80)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "a,b\nx,y\n", "names the columns 'a, b'; one must be called child"),
        ("t.csv", "child,parent\na\n", "Line 2: a child or its parent is missing"),
        ("t.csv", 'child,parent\n"a', "Line 2: unexpected end of data"),
        ("t.csv", "child,parent,merge_height\na,,x\nb,a,\n", "merge_height of the node 'a' is 'x'"),
        ("t.edges", "a b\na b c\n", "Line 2, 'a b c', is not a parent and a child"),
        ("t.edges", "a b\nb a\n", "has a cycle: 'a' → 'b' → 'a'"),
        ("t.paths", "a >  > b\n", "Line 1: a part of the path is empty"),
        ("t.txt", "a\n    b\n  c\nd\n", "Line 3, 'c', is indented by 2"),
        ("t.json", '{"a": [1, {}', "expected a comma or the end .* at line 1 column 13"),
        ("t.json", '{"a": ["b"], "a": []}', "given already"),
        ("t.json", '{"a": ["\\ud800"]}', "lone surrogate"),
        ("t.json", '["a", 1e999]', "a number of at most 64 bits"),
        ("t.json", '["a", 1]', "holds 1; expected a label id"),
        ("t.json", '{"nodes": [1], "links": []}', r"nodes\[0\]: expected an object, found 1"),
        ("t.json", '{"nodes": [{"id": []}], "links": []}', r"nodes\[0\]: the id is \[\]"),
        (
            "t.json",
            '{"nodes": [{}], "links": [{"source": "q", "target": 0}]}',
            "there is no node 'q'",
        ),
        ("t.json", '{"label_tree_edges": [["a"]]}', r"label_tree_edges\[0\]: expected a child"),
        ("t.json", '{"root": {"name": "a", "values": [3]}}', "A node is 3; expected an object"),
        ("t.yaml", "a: &x [b]\nc: *x\n", "Anchors and aliases"),
        ("t.yaml", "a: [b\n", "not readable as YAML"),
        ("t.yaml", "a: !!python/name:os.system x\n", "The node 'a' holds 'x'"),
        ("t.yaml", "{a: b}: c\n", "is no text"),
        ("t.mrg", "(a b) (c d)", "A second tree begins at character 5"),
        ("t.mrg", "(a (b c)", "1 bracket is not closed"),
        ("t.bin", "\x00\x01", "no known format. If it is a tree, name"),
        (
            "t.txt",
            "cat\ndog\n",
            "that end in .txt: darwin-core, edges, indented, nested, paths, wn",
        ),
    ],
)
def test_what_is_wrong_is_said(tmp_path, name, text, message):
    with pytest.raises(FileFormatError, match=message) as error:
        read(tmp_path, name, text)
    assert str(error.value).startswith(str(tmp_path / name))
    assert len(str(error.value)) <= 400 + len(str(tmp_path))


def test_a_file_can_be_looked_at_before_it_is_a_tree(tmp_path):
    (tmp_path / "t.nwk").write_text("((a,a),b);")
    assert read_raw(tmp_path / "t.nwk").raw.leaf.count("a") == 2


def test_the_schema_of_the_own_json_is_published():
    from importlib import resources

    schema = json.loads((resources.files("taxonomy.trees") / "hierarchy.schema.json").read_text())
    assert schema["$id"] == "urn:taxonomy-experts:hierarchy:1"
    assert schema["properties"]["version"]["const"] == 1


def test_save_writes_json_only(tmp_path):
    with pytest.raises(FileFormatError, match=r"save\(\) writes JSON.*taxonomy\.write_tree"):
        HOME.save(tmp_path / "t.nwk")
    assert list(tmp_path.iterdir()) == []


def test_options_of_a_format_are_checked(tmp_path):
    (tmp_path / "t.nwk").write_text("(a,b);")
    with pytest.raises(Exception, match=r"`parents` is 'deepst'\. Did you mean 'deepest'"):
        read_tree(tmp_path / "t.nwk", parents="deepst")
    with pytest.raises(FileFormatError, match="No such file"):
        read_tree("nowhere.nwk")
    with pytest.raises(Exception, match=r"has no option 'underscore'\. Did you mean 'underscores'"):
        FORMATS.make("newick", {"underscore": "keep"})


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("pets:\n  - cat\n  - dog\ncars:\n  - taxi\n", ["pets", "cars"]),
        ("# mine\n\npets:\n- cat\n- dog\ncars:\n- taxi\n", ["pets", "cars"]),
        ("all:\n  pets:\n    - cat\n    - dog\n  cars: [taxi]\n", ["pets", "cars"]),
        ("pets:\n  cat\n  dog\ncars:\n  taxi\n", ["pets:", "cars:"]),
    ],
)
def test_yaml_saved_as_text_is_yaml(tmp_path, text, groups):
    tree = read(tmp_path, "t.txt", text)
    assert tree.leaves == ("cat", "dog", "taxi")
    assert {name for name in tree.name if name} >= set(groups)


@pytest.mark.parametrize("name", ["data.txt", "data.yaml"])
def test_yolos_names_are_a_list_and_no_tree(tmp_path, name):
    text = "nc: 2\nnames:\n  0: person\n  1: bicycle\n"
    for written in (text, text.partition("\n")[2]):
        with pytest.raises(FileFormatError, match="taxonomy generate"):
            read(tmp_path, name, written)
