"""Taxonomies in the layouts in which they are published; the files were written for these tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from taxonomy._core.errors import FileFormatError
from taxonomy.builders import import_tree
from taxonomy.formats import read_raw, read_tree
from taxonomy.trees import Hierarchy

FILES = Path(__file__).parent / "published"
LISTS = Path(__file__).parents[1] / "labels" / "lists"


def notes(tree: Hierarchy) -> list[str]:
    return tree.provenance.get("notes", [])


def test_supercategories_of_coco():
    tree = read_tree(LISTS / "coco.json")
    assert tree == Hierarchy.from_nested(
        [
            {"animal": ["cat", "dog"], "furniture": ["chair"], "kitchen": ["fork", "spoon"]},
            {"outdoor": ["stop sign", "traffic light"], "person": ["person"]},
            {"sports": ["frisbee"], "vehicle": ["bicycle", "bus", "car"]},
        ]
    )
    assert notes(tree) == []


def test_lvis_has_synsets_and_no_groups():
    tree = read_tree(LISTS / "lvis.json")
    assert len(tree.nodes) == 1
    (note,) = notes(tree)
    assert note.endswith("of synsets taxonomy generate FILE --builder hypernyms makes a tree")


def categories(tmp_path, *rows: dict) -> Path:
    path = tmp_path / "instances.json"
    path.write_text(json.dumps({"annotations": [{"id": 7}], "categories": rows}))
    return path


def test_a_category_that_is_a_group_of_others(tmp_path):
    """As Roboflow writes them."""
    path = categories(
        tmp_path,
        {"id": 0, "name": "animal", "supercategory": "none"},
        {"id": 1, "name": "cat", "supercategory": "animal"},
        {"id": 2, "name": "dog", "supercategory": "animal"},
    )
    tree = read_tree(path)
    assert tree == Hierarchy.from_nested({"name": "animal", "leaves": ["cat", "dog"]})
    assert notes(tree) == ["1 category is a group of others and no class here, such as 'animal'"]


def test_a_name_that_comes_twice_keeps_its_id(tmp_path):
    rows = [{"id": 4, "name": "bat"}, {"id": 9, "name": "bat"}]
    tree = read_tree(categories(tmp_path, *rows))
    assert tree.leaves == ("bat", "bat (9)")
    assert "1 name was given again, such as 'bat'; the id stands behind the later ones" in notes(
        tree
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "categories: expected a list of objects, each with a name"),
        (["cat"], r"categories\[0\]: expected a name, found 'cat'"),
        ([{"name": " "}], r"categories\[0\]: expected a name, found \{'name': ' '\}"),
        (
            [
                {"id": 1, "name": "a", "supercategory": "b"},
                {"id": 2, "name": "b", "supercategory": "a"},
            ],
            "cycle: 'a' → 'b' → 'a'",
        ),
    ],
)
def test_what_is_wrong_with_categories_is_said(tmp_path, rows, message):
    with pytest.raises(FileFormatError, match=message):
        read_tree(categories(tmp_path, *rows))


def test_ranks_of_inaturalist():
    """A genus of plants and one of birds share a name, and stay apart."""
    tree = read_tree(FILES / "inaturalist.json").collapse_unary()
    animals = {
        "Animalia": [
            "Lumbricus terrestris",
            {
                "Chordata": [
                    {"Passeriformes": [{"Corvidae": ["Corvus corax", "Pica pica"]}, "X"]},
                    "Felis catus",
                ]
            },
        ]
    }
    expected = json.dumps([animals, "Oenanthe crocata"]).replace('"X"', '"Oenanthe oenanthe"')
    assert tree == Hierarchy.from_nested(json.loads(expected))


class TestDarwinCore:
    """Rows that name the taxon above them."""

    def test_catalogue_of_life(self):
        """A taxon below a synonym lies below the accepted one, and one above has no row."""
        tree = read_tree(FILES / "catalogue-of-life.tsv")
        lynx = {"Lynx": [{"Lynx lynx": ["Lynx lynx lynx"]}, "Lynx rufus"]}
        felidae = {"Felidae": [{"Felis": ["Felis catus"]}, lynx]}
        assert tree == Hierarchy.from_nested({"name": "CARN", "children": [felidae]})
        assert notes(tree) == [
            "2 rows are of synonyms, and no class or group",
            "1 taxon has no row but others below, such as 'CARN'",
        ]

    def test_gbif_has_ranks_and_names_without_authors_beside(self, tmp_path):
        heads = "taxonID parentNameUsageID acceptedNameUsageID scientificName canonicalName kingdom"
        rows = ["1 - - Animalia - Animalia", "2 1 2 Felis_catus_L. Felis_catus Animalia"]
        rows += ["3 1 3 Canis_lupus_L. Canis_lupus -", "4 - 3 Canis_mongolicus_Hodgson - -"]
        text = "\n".join([heads, *rows]).replace(" ", "\t").replace("_", " ").replace("-", "")
        (tmp_path / "Taxon.tsv").write_text(text)
        tree = read_tree(tmp_path / "Taxon.tsv")
        assert tree == Hierarchy.from_nested(
            {"name": "Animalia", "leaves": ["Canis lupus", "Felis catus"]}
        )
        mine = import_tree(tmp_path / "Taxon.tsv", ["felis_catus", "Canis mongolicus Hodgson"])
        assert mine.found == {"felis_catus": "name", "Canis mongolicus Hodgson": "synonym"}

    def test_several_taxa_of_one_name(self, tmp_path):
        rows = ["id,parent", "1,", "2,1", "3,1"]
        rows = [row + ",Oenanthe" for row in rows]
        rows[0] = "taxonID,parentNameUsageID,scientificName"
        (tmp_path / "t.csv").write_text("\n".join(rows))
        tree = read_tree(tmp_path / "t.csv")
        assert (tree.name[0], *tree.leaves) == ("Oenanthe", "2", "3")

    @pytest.mark.parametrize(
        ("rows", "message"),
        [
            (["1\t\tA", "1\t\tB"], "Line 3: the taxon '1' is there twice"),
            (["\t1\tA"], "Line 2: a taxon without an id"),
            (["1\t2\tA", "2\t1\tB"], "has a cycle"),
            ([], "no row of a taxon"),
        ],
    )
    def test_refused(self, tmp_path, rows, message):
        head = "taxonID\tparentNameUsageID\tscientificName"
        (tmp_path / "t.tsv").write_text("\n".join([head, *rows]))
        with pytest.raises(FileFormatError, match=rf"t\.tsv: .*{message}"):
            read_tree(tmp_path / "t.tsv", "darwin-core")

    def test_a_table_without_its_columns(self, tmp_path):
        (tmp_path / "t.tsv").write_text("taxonID\tname\n1\tA\n")
        with pytest.raises(FileFormatError, match="lacks 2 of them"):
            read_tree(tmp_path / "t.tsv", "darwin-core")


def test_open_images_with_descriptions():
    with pytest.raises(FileFormatError, match="'/m/09b5t' has 2 parents: '/m/015p6', '/m/02wbm'"):
        read_tree(FILES / "open-images.json")
    tree = read_tree(
        FILES / "open-images.json",
        parents="deepest",
        descriptions=str(FILES / "class-descriptions.csv"),
    )
    assert tree == Hierarchy.from_nested(
        {
            "name": "Entity",
            "children": [
                {"Animal": ["/m/01yrx", "/m/0bt9lr", {"Bird": ["/m/09b5t", "/m/09ddx"]}]},
                {"Food": {"Fruit": ["/m/014j1m", "/m/09qck"]}},
                "/m/01g317",
            ],
        }
    )
    assert notes(tree)[0] == "2 parts were left out"


def test_descriptions_that_lack_some(tmp_path):
    (tmp_path / "some.csv").write_text("/m/0bl9f,Entity\n")
    tree = read_tree(
        FILES / "open-images.json", parents="first", descriptions=str(tmp_path / "some.csv")
    )
    assert tree.name[0] == "Entity"
    assert "11 nodes have no description" in notes(tree)


def test_googles_product_taxonomy():
    tree = read_tree(FILES / "google-products.txt")
    assert tree == Hierarchy.from_nested(
        {
            "Animals & Pet Supplies": [
                "Live Animals",
                {"Pet Supplies": ["Cat Supplies", "Dog Supplies"]},
            ],
            "Cameras & Optics": ["Cameras", "Cameras & Optics > Accessories"],
            "Electronics": ["Audio", "Electronics > Accessories"],
        }
    )
    assert notes(tree) == [
        "11 ids in front of the paths were left out",
        "it is version 2021-09-21 of Google's product taxonomy",
        "1 name stands for several classes, such as 'Accessories'; they are called by their paths",
    ]


def test_superclasses_of_cifar_100():
    tree = read_tree(FILES / "cifar-100.csv")
    assert tree == Hierarchy.from_nested(
        {
            "fruit_and_vegetables": ["apple", "orange"],
            "aquatic_mammals": ["beaver", "dolphin"],
            "trees": ["maple_tree"],
        }
    )


def test_scenes_of_places():
    """The urban canal is outdoor and man-made, and it is water, which most ponds put in nature."""
    with pytest.raises(FileFormatError, match="'/c/canal/urban' has 2 parents"):
        read_tree(FILES / "places365.csv")
    tree = read_tree(FILES / "places365.csv", parents="first")
    roads = "transportation (roads, parking, bridges, boats, airports, etc.)"
    assert tree == Hierarchy.from_nested(
        {
            "indoor": {
                "shopping and dining": ["/b/bakery/shop"],
                "transportation (vehicle interiors, stations, etc.)": ["/a/airplane_cabin"],
            },
            "outdoor, man-made": {
                "industrial and construction": ["/o/oilrig"],
                roads: ["/a/airfield"],
            },
            "outdoor, natural": {
                "water, ice, snow": ["/c/canal/natural", "/c/canal/urban", "/p/pond"]
            },
        }
    )
    assert "which group lies in which was told by the scenes that they share" in notes(tree)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("category,indoor\n'/a/attic',1\n", "The first row must say at which column each level"),
        (",Level 1,\ncategory,indoor\n'/a/attic',1,0\n", "Line 2: a group has no name"),
        (",Level 1\ncategory,x\n/a/b,1\n/a/b,1\n", "Line 4: the scene '/a/b' is empty, or given"),
        (",Level 1\ncategory,x\n'',1\n", "Line 3: the scene '' is empty"),
        (",Level 1\ncategory,x\nnode:0,1\n", "The scene 'node:0' is called as a group is"),
    ],
)
def test_what_is_wrong_with_a_table_of_scenes_is_said(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_tree(tmp_path / "t.csv", "places")


def test_codes_of_unspsc():
    tree = read_tree(FILES / "unspsc.csv")
    pens = {"Writing instruments": ["Ball point pens", "Wooden pencils"]}
    animals = {"Livestock": ["Cats", "Dogs"], "Birds and fowl": ["Live chickens"]}
    assert tree == Hierarchy.from_nested(
        {
            "Live Plant and Animal Material": {"Live animals": animals},
            "Office Equipment, Accessories and Supplies": {"Office supplies": pens},
        }
    )
    assert notes(tree) == ["12 ids beside the names were left out"]


def test_taxa_of_inaturalist_as_its_package_holds_them():
    """A subspecies of the crow lies below it, and a subfamily has no column."""
    tree = read_tree(FILES / "inat-taxa.csv")
    groups = {tree.name[i]: tree.clade(int(i)) for i in tree.nodes}
    assert groups["Corvus"] == groups["Corvidae"] == ("Corvus corax", "Corvus corone cornix")
    assert groups["Corvus corone"] == ("Corvus corone cornix",)
    assert groups["Aves"] == ("Corvus corax", "Corvus corone cornix", "Oenanthe oenanthe")
    assert groups["Plantae"] == ("Oenanthe crocata",)
    assert "Corvinae" not in {*groups, *tree.leaves}
    assert notes(tree) == [
        "9 ids beside the names were left out",
        "1 row is of ranks that have no column, such as 'subfamily', and left out",
    ]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("Tier 1,Tier 2\nPets,Cats\nPets,Dogs\nCars,\n", {}),
        ("L1;L2;price\nPets;Cats;3\nPets;Dogs;4\nCars;;5\n", {}),
        ("stock of 2026\n\nLevel_1\tLevel_2\nPets\tCats\nPets\tDogs\nCars\t\n", {}),
        ("aisle,item\nPets,Cats\nPets,Dogs\nCars,\n", {"columns": "aisle, item"}),
    ],
)
def test_levels_in_columns(tmp_path, text, options):
    (tmp_path / "t.csv").write_text(text)
    tree = read_tree(tmp_path / "t.csv", "ranks" if options else "", **options)
    assert tree == Hierarchy.from_nested([{"Pets": ["Cats", "Dogs"]}, "Cars"])


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("a,b\n1,2\n", {}, "columns of levels, such as segment, family.*the first row is 'a, b'"),
        ("a,b\n1,2\n", {"columns": "a,c"}, "No row names all the columns 'a,c'"),
        ("L1,L2\n,\n", {}, "no row with a name in a column of a level"),
        ('L1,L2\n"a,b\n', {}, "cannot be read as CSV"),
    ],
)
def test_what_is_wrong_with_columns_of_levels_is_said(tmp_path, text, options, message):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_tree(tmp_path / "t.csv", "ranks", **options)


def test_audiosets_ontology():
    with pytest.raises(FileFormatError, match="'/m/0l15bq' has 2 parents"):
        read_tree(FILES / "audioset.json")
    tree = read_tree(FILES / "audioset.json", parents="most-classes")
    assert tree == Hierarchy.from_nested(
        {
            "Human sounds": {"Human voice": ["/m/0463cq4", "/m/09x0r"]},
            "Domestic sounds": ["/m/02y_763", "/m/0l15bq"],
        }
    )
    assert "1 node was left without classes and went, such as '/m/0k65p'" in notes(tree)


def test_a_child_without_an_entry(tmp_path):
    (tmp_path / "o.json").write_text('[{"id": "/m/1", "name": "all", "child_ids": ["/m/2"]}]')
    reading = read_raw(tmp_path / "o.json")
    assert reading.raw.leaf == [None, "/m/2"]
    assert reading.notes == ("1 child has no entry",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": "a", "child_ids": ["b"]}, {"id": "a"}]', r"\[1\]: the id 'a' is given already"),
        ('[{"id": "a", "child_ids": [7]}]', r"\[0\]: the child 7 is no id"),
        ('[{"child_ids": ["b"]}]', r"\[0\]: expected an object with an id"),
        ('[{"id": "a", "child_ids": "b"}]', r"\[0\]: the name is no text, or child_ids is no list"),
        ('[{"id": "a", "child_ids": ["a"]}]', "cycle: 'a' → 'a'"),
    ],
)
def test_what_is_wrong_with_an_ontology_is_said(tmp_path, text, message):
    (tmp_path / "o.json").write_text(text)
    with pytest.raises(FileFormatError, match=message):
        read_tree(tmp_path / "o.json")
