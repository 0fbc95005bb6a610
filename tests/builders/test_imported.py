"""Public taxonomies made trees of one's own classes, and what is said to be lost."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from taxonomy import import_tree
from taxonomy._core.errors import FileFormatError, LabelError, RegistryError, TaxonomyError
from taxonomy.builders import Imported
from taxonomy.cli import main
from taxonomy.formats import read_tree, write_tree
from taxonomy.labels import Label, LabelSet
from taxonomy.trees import Hierarchy
from tests.support.mutants import of_pieces
from tests.support.trees import caterpillar

FILES = Path(__file__).parents[1] / "formats" / "published"
LISTS = Path(__file__).parents[1] / "labels" / "lists"
OPEN_IMAGES = {"descriptions": str(FILES / "class-descriptions.csv")}


def edges(tmp_path, *lines: str) -> Path:
    (tmp_path / "t.edges").write_text("\n".join(lines) + "\n")
    return tmp_path / "t.edges"


def test_coco():
    made = import_tree(LISTS / "coco.json", ["Cat", "dog", "Traffic_Light", "person", "fork"])
    assert made.tree == Hierarchy.from_nested(
        [{"animal": ["Cat", "dog"]}, "Traffic_Light", "person", "fork"]
    )
    assert set(made.found.values()) == {"name"}
    assert made.several == {}  # the group person holds the class person


def test_lvis_by_synset_and_synonym():
    """The crane that lifts is LVIS's, the one that flies is not; spray cans have two names."""
    flies = Label("bird", name="crane", wnid="n02012849")
    lifts = Label("machine", name="crane", wnid="n03126707")
    made = import_tree(LISTS / "lvis.json", [flies, lifts, "spray can"])
    assert made.found == {"machine": "id", "spray can": "synonym"}
    assert made.missing == {"bird": ("crane",)}


def test_inaturalist_by_common_names_at_its_own_ranks():
    made = import_tree(
        FILES / "inaturalist.json", ["common raven", "Pica pica", "Felis", "Oenanthe crocata"]
    )
    assert made.tree == Hierarchy.from_nested(
        [
            {
                "name": "Chordata",
                "children": [
                    {"name": "Corvidae", "leaves": ["common raven", "Pica pica"]},
                    "Felis",
                ],
            },
            "Oenanthe crocata",
        ]
    )
    assert made.found["common raven"] == "synonym"
    assert "Animalia" in made.collapsed


def test_open_images_by_names_and_machine_ids():
    made = import_tree(
        FILES / "open-images.json",
        ["cat", "/m/0bt9lr", "bird", "chicken", "apple", "bananas"],
        parents="deepest",
        **OPEN_IMAGES,
    )
    assert made.tree == Hierarchy.from_nested(
        {
            "name": "Entity",
            "children": [
                {"Animal": ["/m/0bt9lr", "cat", {"Bird": ["bird", "chicken"]}]},
                "apple",
            ],
        }
    )
    assert str(made) == (
        "5 of 6 classes found: 1 by id, 4 by name\n"
        "not found (1): 'bananas' (near: 'Banana')\n"
        "groups of others there, leaves here (1): 'bird'\n"
        "several parents (1): 'chicken' ('Bird', 'Food')\n"
        "left out, having a single child (2): 'Food'; 'Fruit'\n"
        "2 parts were left out\n"
        "1 node has several parents, such as 'chicken': 'Bird', 'Food'; of these the deepest stays"
    )
    lost = made.tree.provenance["lost"]
    assert lost["above_others"] == ["bird"]
    assert lost["several_parents"] == {"chicken": ["Bird", "Food"]}
    assert lost["missing"] == ["bananas"]


def test_several_parents_matter_only_above_ones_own_classes():
    """Chickens are birds and food; without them nothing has to be refused."""
    made = import_tree(FILES / "open-images.json", ["dog", "duck"], **OPEN_IMAGES)
    assert made.cut == {}
    with pytest.raises(
        FileFormatError, match=r"'chicken' has 2 parents: 'Bird', 'Food'.*`parents`"
    ):
        import_tree(FILES / "open-images.json", ["dog", "chicken"], **OPEN_IMAGES)


def test_a_class_that_is_several_nodes():
    file = FILES / "google-products.txt"
    wanted = ["Accessories", "Audio", "Cameras"]
    with pytest.raises(
        FileFormatError,
        match="The class 'Accessories' is 2 nodes: 'Accessories in Cameras & Optics', "
        "'Accessories in Electronics'; give it the id of one of them, or choose by `parents`",
    ):
        import_tree(file, wanted)
    made = import_tree(file, wanted, parents="first")
    assert made.several == {
        "Accessories": ("Accessories in Cameras & Optics", "Accessories in Electronics")
    }
    assert made.tree == Hierarchy.from_nested(
        [{"Cameras & Optics": ["Accessories", "Cameras"]}, "Audio"]
    )
    path = "Electronics > Accessories"
    assert import_tree(file, [path, "Audio", "Cameras"]).found[path] == "id"
    by_id = import_tree(file, [Label("224"), "Audio", "Cameras"])
    assert by_id.tree == Hierarchy.from_nested([{"Electronics": ["224", "Audio"]}, "Cameras"])
    assert by_id.found["224"] == "id"


def test_superclasses_of_cifar_100():
    made = import_tree(FILES / "cifar-100.csv", ["maple tree", "Beaver", "dolphin"])
    assert made.tree == Hierarchy.from_nested(
        [{"aquatic_mammals": ["Beaver", "dolphin"]}, "maple tree"]
    )


def test_scenes_of_places_as_data_sets_call_them():
    made = import_tree(FILES / "places365.csv", ["airfield", "bakery_shop", "/p/pond", "oilrig"])
    assert made.found == {
        "/p/pond": "id",
        "airfield": "name",
        "bakery_shop": "synonym",
        "oilrig": "name",
    }
    assert made.tree == Hierarchy.from_nested(
        [{"outdoor, man-made": ["airfield", "oilrig"]}, "bakery_shop", "/p/pond"]
    )


def test_unspsc_by_titles_codes_and_synonyms():
    mine = ["cats", "44121706", "Ball-point pens", "tomcat", "dogss"]
    made = import_tree(FILES / "unspsc.csv", mine)
    assert made.found == {
        "44121706": "id",
        "Ball-point pens": "name",
        "cats": "name",
        "tomcat": "synonym",
    }
    assert made.missing == {"dogss": ("Dogs",)}
    assert made.shared == (("cats", "tomcat"),)
    assert made.tree == Hierarchy.from_nested(
        {"Writing instruments": ["44121706", "Ball-point pens"], "Cats": ["cats", "tomcat"]}
    )


def test_inaturalists_taxa():
    made = import_tree(FILES / "inat-taxa.csv", ["corvus corax", "Oenanthe oenanthe", "Plantae"])
    assert made.tree == Hierarchy.from_nested(
        [{"Passeriformes": ["corvus corax", "Oenanthe oenanthe"]}, "Plantae"]
    )


def test_audioset():
    made = import_tree(
        FILES / "audioset.json", ["Clapping", "speech", "/m/0463cq4"], parents="first"
    )
    assert made.tree == Hierarchy.from_nested(
        {
            "name": "Human sounds",
            "children": ["Clapping", {"name": "Human voice", "leaves": ["speech", "/m/0463cq4"]}],
        }
    )
    assert made.cut == {"Clapping": ("Hands", "Domestic sounds")}


def test_wnids_by_their_lemmas(tmp_path):
    """A tree of ImageNet's ids, and a class that is called as one of a synset's lemmas."""
    file = edges(tmp_path, "n00015388 n02084071", "n00015388 n02121620", "top n00015388", "top x")
    made = import_tree(file, ["domestic dog", Label("pet", wnid="n02121620"), "x"])
    assert made.found == {"domestic dog": "synonym", "pet": "id", "x": "id"}
    assert made.tree.leaves == ("domestic dog", "pet", "x")


def test_a_lemma_of_a_classs_wnid(tmp_path):
    file = edges(tmp_path, "home hound", "home true_cat", "home lamp")
    made = import_tree(file, [Label("c1", name="kitty", wnid="n02121620"), "lamp"])
    assert made.found == {"c1": "synonym", "lamp": "id"}


def test_two_classes_that_are_one_node(tmp_path):
    file = edges(tmp_path, "home couch", "home lamp")
    made = import_tree(file, ["couch", "Couch", "lamp"])
    assert made.shared == (("Couch", "couch"),)
    assert made.tree == Hierarchy.from_nested(
        {"name": "home", "children": [{"couch": ["Couch", "couch"]}, "lamp"]}
    )
    assert "one node there, siblings here (1): 'Couch' and 'couch'" in str(made)


def test_ones_own_numbers_are_not_the_taxonomys():
    """COCO's 17 is a cat; whose classes are counted from 0 calls a cat 15."""
    ours = [Label("17", name="horse"), Label("15", name="cat"), Label("18", name="dog")]
    made = import_tree(LISTS / "coco.json", ours)
    assert made.found == {"15": "name", "18": "id"}
    assert list(made.missing) == ["17"]


def test_a_cycle_above_the_classes_is_refused_with_its_path(tmp_path):
    (tmp_path / "c.json").write_text(
        json.dumps(
            [
                {"id": "a", "name": "A", "child_ids": ["b"]},
                {"id": "b", "name": "B", "child_ids": ["a", "cat"]},
                {"id": "c", "name": "C", "child_ids": ["owl", "hen"]},
            ]
        )
    )
    with pytest.raises(FileFormatError, match="The graph has a cycle: 'A' → 'B' → 'A'"):
        import_tree(tmp_path / "c.json", ["cat", "owl"], parents="first")
    assert len(import_tree(tmp_path / "c.json", ["hen", "owl"]).tree.leaves) == 2


def test_nothing_is_found():
    with pytest.raises(LabelError, match=r"none of 2 classes.*'cat'; 'dog'.*such as '/m/0bl9f'"):
        import_tree(FILES / "open-images.json", ["cat", "dog"])


def test_options_and_formats_are_those_of_read_tree():
    with pytest.raises(RegistryError, match=r"has no option 'descriptoins'.*'descriptions'"):
        import_tree(FILES / "open-images.json", ["cat"], descriptoins="x")
    with pytest.raises(RegistryError, match="Unknown format 'coca'"):
        import_tree(LISTS / "coco.json", ["cat"], "coca")


def test_the_order_of_the_labels_changes_nothing(tmp_path):
    words = ["cat", "/m/0bt9lr", "bird", "chicken", "apple", "bananas", "Cat"]
    seen = set()
    for seed in range(4):
        random.Random(seed).shuffle(words)
        made = import_tree(FILES / "open-images.json", words, parents="deepest", **OPEN_IMAGES)
        made.tree.save(tmp_path / "t.json")
        seen.add((str(made), (tmp_path / "t.json").read_bytes()))
    assert len(seen) == 1


def test_all_classes_of_a_tree_give_the_tree_without_chains(tmp_path):
    """Also where it is deep."""
    for tree in (read_tree(LISTS / "coco.json"), caterpillar([f"c{i:04d}" for i in range(2001)])):
        write_tree(tree, tmp_path / "t.json")
        made = import_tree(tmp_path / "t.json", LabelSet(tree.leaves))
        assert made.tree == tree.collapse_unary()
        assert isinstance(made, Imported)


@pytest.mark.parametrize("name", sorted(path.name for path in FILES.iterdir()))
def test_damaged_files_are_read_or_refused(name, tmp_path):
    """Whatever is left of a file."""
    rng = random.Random(name)
    data, file = (FILES / name).read_bytes(), tmp_path / name
    labels = ["cat", "Accessories", "beaver", "/p/pond", "Clapping", "Pica pica", "2"]
    for _ in range(60):
        file.write_bytes(of_pieces(data, rng))
        try:
            import_tree(file, labels, parents=rng.choice(["refuse", "first", "most-classes"]))
        except TaxonomyError as error:
            assert 10 < len(str(error)) <= 400


def test_the_command_prints_what_was_lost(tmp_path, capsys):
    (tmp_path / "mine.txt").write_text("cat\nchicken\nduck\nfruits\n")
    words = [str(FILES / "open-images.json"), str(tmp_path / "t.json"), "--from", "open-images"]
    words += ["--descriptions", OPEN_IMAGES["descriptions"], "--labels", str(tmp_path / "mine.txt")]
    assert main(["convert", *words]) == 2
    assert "choose by --parents: first" in capsys.readouterr().err
    assert main(["convert", *words, "--parents", "deepest"]) == 0
    out = capsys.readouterr().out
    assert "3 of 4 classes found: 3 by name\nnot found (1): 'fruits' (near: 'Fruit')" in out
    assert read_tree(tmp_path / "t.json") == Hierarchy.from_nested(
        {"name": "Animal", "children": ["cat", {"name": "Bird", "leaves": ["chicken", "duck"]}]}
    )
