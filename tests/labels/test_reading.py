"""Class lists as they are found: what is recognised, what is said, what is refused by name."""

from __future__ import annotations

import json
import logging

import pytest

from taxonomy._core.errors import LabelError
from taxonomy.labels import Label, LabelSet, get_labels

PETS = [Label("cat"), Label("dog")]
CODED = [
    Label("n01440764", "tench", wnid="n01440764"),
    Label("n01443537", "goldfish", wnid="n01443537"),
]


def read(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(LabelSet.read(path))


@pytest.mark.parametrize(
    ("content", "labels"),
    [
        ("cat\ndog\n", PETS),
        ("0 cat\n1 dog\n", PETS),
        ("1. cat\n2. dog\n", PETS),
        ("1) cat\n2) dog\n", PETS),
        ("0: cat\n1: dog\n", PETS),
        ("0\tcat\n1\tdog\n", PETS),
        ("0,cat\n1,dog\n", PETS),
        ("cat 0\ndog 1\n", PETS),
        ("cat,1\ndog,2\n", PETS),
        ("dog 1\ncat 0\n", PETS),
        ("/c/cat 0\n/d/dog 1\n", PETS),
        ("/c/cat\n/d/dog\n", PETS),
        ("'cat',\n'dog',\n", PETS),
        ('"cat"\n"dog"\n', PETS),
        ("# Classes\n\n- cat\n- dog\n", PETS),
        ("* 0: cat\n* 1: dog\n", PETS),
        ("n01440764\nn01443537\n", [Label.of_word("n01440764"), Label.of_word("n01443537")]),
        ("n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n", CODED),
        ("n01440764 : tench, Tinca tinca\nn01443537 : goldfish\n", CODED),
        ("n01440764\ttench\nn01443537\tgoldfish\n", CODED),
        ("n01440764,tench\nn01443537,goldfish\n", CODED),
        ("tench n01440764\ngoldfish n01443537\n", CODED),
        ("n01440764 1 tench\nn01443537 2 goldfish\n", CODED),
        ("/m/0bt9lr dog\n/m/01yrx cat\n", [Label("/m/01yrx", "cat"), Label("/m/0bt9lr", "dog")]),
        ("bat.n.01\ncat.n.01\n", [Label.of_word("bat.n.01"), Label.of_word("cat.n.01")]),
        (
            "1 001.Black_footed_Albatross\n2 002.Laysan_Albatross\n",
            [
                Label("001.Black_footed_Albatross", "Black footed Albatross"),
                Label("002.Laysan_Albatross", "Laysan Albatross"),
            ],
        ),
    ],
)
def test_text(tmp_path, content, labels):
    assert read(tmp_path, "x.txt", content) == labels


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("2 door car\n4 door car\n", ["2 door car", "4 door car"]),
        ("boeing 707\nboeing 717\n", ["boeing 707", "boeing 717"]),
        ("7 up\ncola\n", ["7 up", "cola"]),
        ("0\n1\n2\n", ["0", "1", "2"]),
        ("tench, Tinca tinca\ncrane\n", ["crane", "tench, Tinca tinca"]),
        ("name\ntitle\nlabel\n", ["label", "name", "title"]),
        ("stop sign: red\ngo\n", ["go", "stop sign: red"]),
        ("n0144\nn123456789 x\n", ["n0144", "n123456789 x"]),
        ("route 1\nroute 2\n", ["route 1", "route 2"]),
    ],
)
def test_what_only_looks_like_a_code_stays_in_the_name(tmp_path, content, ids):
    assert [label.id for label in read(tmp_path, "x.txt", content)] == ids


def test_growing_numbers_with_gaps_count_a_long_list_only(tmp_path):
    lines = [f"{number} {'abcdefgh'[i]}" for i, number in enumerate((1, 2, 3, 5, 7, 8, 13, 90))]
    assert read(tmp_path, "x.txt", "\n".join(lines))[0] == Label("a")
    assert read(tmp_path, "x.txt", "\n".join(lines[:7]))[0] == Label("1 a")


HOUSE = [Label("cat", "House cat", wnid="n02121620"), Label("dog", wnid="n02084071")]


@pytest.mark.parametrize(
    ("name", "content", "labels"),
    [
        ("x.csv", "id, name, wnid\ncat, House cat, n02121620\ndog,,n02084071\n", HOUSE),
        ("x.csv", "ID;Class Name;WordNet ID\ncat;House cat;n02121620\ndog;;n02084071\n", HOUSE),
        ("x.csv", "sep=;\r\nid;name;wnid\r\ncat;House cat;n02121620\r\ndog;;n02084071\r\n", HOUSE),
        ("x.tsv", "id\tname\twnid\ncat\tHouse cat\tn02121620\ndog\t\tn02084071\n", HOUSE),
        ("x.txt", "id\tname\twnid\ncat\tHouse cat\tn02121620\ndog\t\tn02084071\n", HOUSE),
        ("x.txt", "id,name,wnid\ncat,House cat,n02121620\ndog,,n02084071\n", HOUSE),
        ("x.csv", "id|name|wnid\ncat|House cat|n02121620\ndog||n02084071\n", HOUSE),
        ("x.csv", "id,name,wnid\n\ncat,House cat,02121620-n\n,,\ndog,,n02084071\n", HOUSE),
        ("x.csv", "label\ncat\ndog\n", PETS),
        ("x.csv", "# mine\n# all of it\nid,name\ncat,\ndog,\n", PETS),
        ("x.csv", "#1\n#2\n", [Label("#1"), Label("#2")]),
        ("x.csv", "Category,colour\ncat,grey\ndog,brown\n", PETS),
        ("x.csv", ",class\n0,cat\n1,dog\n", PETS),
        ("x.csv", "class_index,class_name\n0,cat\n1,dog\n", PETS),
        ("x.csv", "cat\ndog\n", PETS),
        ("x.csv", "0,cat\n1,dog\n", PETS),
        ("x.csv", "dog;1\ncat;0\n", PETS),
        ("x.csv", '"dog",1\n"cat",0\n', PETS),
        ("x.csv", "id\nn01440764\n", [Label.of_word("n01440764")]),
        ("x.csv", "wnid\nn01440764\n", [Label.of_word("n01440764")]),
        ("x.csv", 'n01440764,"tench, Tinca tinca"\nn01443537,goldfish\n', CODED),
        ("x.csv", "id,name\n1,one\n2,two\n", [Label("1", "one"), Label("2", "two")]),
        ("x.csv", "/m/01yrx,Cat\n", [Label("/m/01yrx", "Cat")]),
        ("x.csv", "index,mid,display_name\n0,/m/01yrx,Cat\n", [Label("/m/01yrx", "Cat")]),
        ("x.csv", "LabelName,DisplayName\n/m/01yrx,Cat\n", [Label("/m/01yrx", "Cat")]),
        ("x.csv", "name,synset\nbat,bat.n.01\n", [Label("bat", wnid="bat.n.01")]),
    ],
)
def test_tables(tmp_path, name, content, labels):
    assert read(tmp_path, name, content) == labels


YOLO = "# data\npath: ../coco\nnc: 2\nnames:\n  0: cat\n  1: dog\n"


@pytest.mark.parametrize(
    ("name", "content", "labels"),
    [
        ("data.yaml", YOLO, PETS),
        ("data.yml", "train: a\nnames: [dog, cat]\n", PETS),
        ("data.txt", "names:\n- dog\n- cat\n", PETS),
        ("x.yaml", "- cat\n- dog\n", PETS),
        ("x.yaml", "names: ['yes', no, 1.0]", [Label("1.0"), Label("no"), Label("yes")]),
        ("x.yaml", "categories:\n- {id: 1, name: dog}\n- {id: 2, name: cat}\n", PETS),
        ("x.json", '["dog", "cat"]', PETS),
        ("x.json", '{"0": "dog", "1": "cat"}', PETS),
        ("x.json", '{"dog": 0, "cat": 1}', PETS),
        ("x.json", '{"names": {"0": "dog", "1": "cat"}, "nc": 2}', PETS),
        ("config.json", '{"id2label": {"0": "dog", "1": "cat"}, "label2id": {"dog": 0}}', PETS),
        ("x.json", '[{"id": 1, "name": "dog"}, {"id": 2, "name": "cat", "rgb": [1]}]', PETS),
        ("x.json", '{"images": [], "categories": [{"id": 17, "name": "cat"}]}', PETS[:1]),
        ("x.json", '{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}', CODED),
        ("x.json", '{"n01440764": "tench", "n01443537": ["goldfish", "x"]}', CODED),
        ("x.json", '{"0": ["cat", "kitty"], "1": ["dog", "hound"]}', PETS),
        ("x.json", '{"n01440764": {"name": "tench"}, "n01443537": {"name": "goldfish"}}', CODED),
        ("x.json", '{"cat": {"def": "a pet"}}', [Label("cat", "", "a pet")]),
        ("x.json", '["n01440764"]', [Label.of_word("n01440764")]),
        ("x.json", '[{"id": "a", "name": "one", "def": "1"}]', [Label("a", "one", "1")]),
        ("x.json", '[{"name": "bat", "synset": "bat.n.01"}]', [Label("bat", wnid="bat.n.01")]),
        ("x.json", '{"cat": "House cat"}', [Label("cat", "House cat")]),
        ("x.json", "[0, 1]", [Label("0"), Label("1")]),
        ("x.txt", "{0: 'cat',\n 1: 'dog'}\n", PETS),
        ("x.txt", "['cat', 'dog']", PETS),
    ],
)
def test_yaml_and_json(tmp_path, name, content, labels):
    assert read(tmp_path, name, content) == labels


@pytest.mark.parametrize(
    ("folders", "labels"),
    [
        (
            ["n02085620-Chihuahua", "n02085782-Japanese_spaniel"],
            [
                Label("n02085620-Chihuahua", "Chihuahua", wnid="n02085620"),
                Label("n02085782-Japanese_spaniel", "Japanese spaniel", wnid="n02085782"),
            ],
        ),
        (
            ["003.backpack", "001.ak47"],
            [Label("001.ak47", "ak47"), Label("003.backpack", "backpack")],
        ),
        (["01_cat", "02_dog"], [Label("01_cat", "cat"), Label("02_dog", "dog")]),
        (["n02084071", "n02121620"], [Label.of_word("n02084071"), Label.of_word("n02121620")]),
        (["bat.n.01", "cat"], [Label.of_word("bat.n.01"), Label("cat")]),
        (["2_door", "4_door"], [Label("2_door"), Label("4_door")]),
        (["001.ak47", "cat"], [Label("001.ak47"), Label("cat")]),
        (["0", "1"], [Label("0"), Label("1")]),
    ],
)
def test_folders_keep_their_names_as_ids(tmp_path, folders, labels):
    for name in folders:
        (tmp_path / name).mkdir()
    assert list(LabelSet.read(tmp_path)) == labels


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.csv", "Klasse;Farbe\nKatze;grau\n", "line 1: 'Klasse', 'Farbe': the columns are not"),
        (
            "x.csv",
            "cat,feline\n",
            "the columns are not known. Add a header line with 'id' or 'name'",
        ),
        ("x.csv", "tench, Tinca tinca\ncrane\n", "double quotes"),
        (
            "x.csv",
            "name\ntench, Tinca tinca\n",
            "line 2: 2 cells where the header has 1; put a name",
        ),
        ("x.csv", "id,wnid\ncat,wolf\n", "line 2: The wnid 'wolf' of label 'cat'"),
        ("x.json", '{"kitchen": ["cup", "fork"]}', "groups of classes are a tree"),
        ("x.json", '{"format": "taxonomy-hierarchy"}', "'taxonomy-hierarchy', no list of classes"),
        ("x.json", '["cat", null]', r"\[1\]: expected names, found None"),
        ("x.json", '["cat", 1.5]', r"\[1\]: expected names, found 1\.5"),
        ("x.json", '{"names": ["cat", ["dog"]]}', r"names\[1\]: expected names"),
        ("x.json", '{"features": {"label": {"names": ["cat"]}}}', "features.label: expected names"),
        ("x.json", '{"a": {"b": {"c": 1}}}', "expected names"),
        ("x.json", '{"categories": [{"colour": "red"}]}', "categories: expected names"),
        ("x.json", '[["cat"]]', r"\[0\]: expected names"),
        ("x.json", '["cat"', "not valid JSON"),
        ("x.json", "7", "expected names, found 7"),
        ("x.json", "{}", "expected names"),
        ("x.json", '["cat", "cat"]', r"'cat' \(\[0\], \[1\]\) occurs twice"),
        ("x.yaml", "names: [cat", "line 2: not valid YAML|line 1: not valid YAML"),
        ("x.yaml", "names: {0: cat, 0: dog}", "line 1: the key '0' is no text, or occurs twice"),
        ("x.yaml", "a: &a [x]\nnames: *a", r"line 2: the alias \*a is not read"),
        ("x.yaml", "[" * 50, "nested more than 20 deep"),
        ("x.yaml", "- cat\n---\n- dog\n", "line 2: a second document"),
        ("x.yaml", "? [a]\n: b\n", "line 1: the key"),
        ("x.yaml", "", "expected names"),
        ("x.pbtxt", "item { id: 1 name: 'cat' }", "a label map of TensorFlow"),
        ("labels.txt", "item {\n  id: 1\n}", "a label map of TensorFlow"),
        ("x.nwk", "((cat,dog),taxi);", "a tree, no list of classes; 'taxonomy show' prints it"),
        ("x.txt", "#NEXUS\nbegin trees;\n", "a tree, no list of classes"),
        ("x.xlsx", b"PK\x03\x04", "a spreadsheet; save it as CSV"),
        ("x.txt", "<!DOCTYPE html><html>", "a web page"),
        ("x.txt", "CLASSES = ('cat',\n 'dog')\n", "a program; write its names as text"),
        ("x.txt", "from torchvision import datasets\n", "a program"),
        ("x.xml", "<a/>", "XML; give one name a line"),
        ("x.pkl", b"\x80\x04", "a pickle, which is never opened"),
        ("x.txt", "version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS"),
    ],
)
def test_what_is_not_known_is_refused_by_name(tmp_path, name, content, message):
    with pytest.raises(LabelError, match=message) as caught:
        read(tmp_path, name, content)
    assert str(tmp_path / name) in str(caught.value)
    assert len(str(caught.value)) <= 400


def test_a_missing_file_and_words_in_its_place(tmp_path):
    with pytest.raises(LabelError, match=r"no such file or folder\. Give a file"):
        get_labels(tmp_path / "missing.txt")
    with pytest.raises(LabelError, match="Words go into a file, one a line"):
        get_labels("cat,dog")


class TestSaid:
    """What was recognised stands in the log; what is plain is not worth a word."""

    @pytest.mark.parametrize(
        ("name", "content", "said"),
        [
            ("x.txt", "0 person\n", "a number before each name, which is left out (1 class)"),
            ("x.csv", "name;colour\ncat;red\n", "semicolons, name from 'name'; not read: 'colour'"),
            ("x.csv", "cat\ndog\n", "CSV without a header, a name a line, the first being 'cat'"),
            ("data.yaml", YOLO, "YAML, 'names': names by number (2 classes)"),
            ("x.txt", "2 door\n4 door\n", "names that begin with numbers, which stay"),
            ("x.txt", "n01440764 tench\ncat\n", "a code and a name in 1 of 2 lines"),
        ],
    )
    def test_form(self, tmp_path, caplog, name, content, said):
        caplog.set_level(logging.INFO)
        read(tmp_path, name, content)
        assert said in caplog.text

    @pytest.mark.parametrize(
        ("name", "content"), [("x.txt", "cat\n"), ("x.csv", "id,name,wnid\ncat,,\n")]
    )
    def test_plain(self, tmp_path, caplog, name, content):
        caplog.set_level(logging.INFO)
        read(tmp_path, name, content)
        assert not caplog.text


class TestDoubles:
    def test_all_are_listed_with_lines_and_the_remedy(self, tmp_path):
        with pytest.raises(
            LabelError,
            match=r"2 classes occur several times: 'cat' \(line 1, line 3\); "
            r"'dog' \(line 2, line 4, line 5\); ids must be unique: remove the doubles, or tell",
        ):
            read(tmp_path, "x.txt", "cat\ndog\ncat\ndog\ndog\n")

    def test_where_they_are_too_many_for_one_message_the_log_lists_them(self, tmp_path, caplog):
        names = [f"class {i}" for i in range(100)]
        with pytest.raises(LabelError, match="100 classes occur several times, all listed above"):
            read(tmp_path, "x.txt", "\n".join(names * 2))
        assert all(f"'class {i}' (line {i + 1}, line {i + 101})" in caplog.text for i in range(100))

    def test_namesakes_of_different_synsets_are_told_apart_by_them(self, tmp_path):
        content = "name,wnid\ncrane,n02012849\ncrane,n03126707\n"
        with pytest.raises(LabelError, match="name the column of their WordNet ids 'id'"):
            read(tmp_path, "x.csv", content)
        assert len(read(tmp_path, "x.csv", content.replace("wnid", "id"))) == 2

    @pytest.mark.parametrize("other", ["Cat fish", "cat-fish", "cat_fish", "CAT  FISH"])
    def test_near_doubles_are_warned_of(self, tmp_path, caplog, other):
        assert len(read(tmp_path, "x.txt", f"cat fish\ndog\n{other}\n")) == 3
        assert f"'cat fish' (line 1) and {other!r} (line 3) differ in capitals" in caplog.text

    @pytest.mark.parametrize(
        "other", ["c\u200bat", "cat\ufeff", "c\u00adat", "\u00a0cat", "cat\u2060", "\u200ecat"]
    )
    def test_characters_that_cannot_be_seen_make_no_difference(self, tmp_path, other):
        with pytest.raises(LabelError, match=r"'cat' \(line 1, line 2\) occurs twice.*in line 2\)"):
            read(tmp_path, "x.txt", f"cat\n{other}\n")


@pytest.mark.parametrize(
    ("content", "label"),
    [
        ("hot\u00a0dog\n", "hot dog"),
        ("hot\u2009dog\n", "hot dog"),
        ("\ufeff\ufeffhot dog\n", "hot dog"),
        ("hot do\u200bg\n", "hot dog"),
    ],
)
def test_what_cannot_be_seen_is_taken_out_and_said(tmp_path, caplog, content, label):
    assert read(tmp_path, "x.txt", content) == [Label(label)]
    assert "in line 1" in caplog.text


@pytest.mark.parametrize("text", ["می\u200cخواهم", "👩\u200d🌾", "赤い\u3000犬", "❤\ufe0f"])
def test_what_changes_the_look_of_a_name_stays(tmp_path, text):
    assert read(tmp_path, "x.txt", text) == [Label(text)]


@pytest.mark.parametrize("text", ["c\u200bat", "hot\u00a0dog", "cat\u2060"])
def test_labels_made_by_hand_refuse_what_cannot_be_seen(text):
    with pytest.raises(LabelError, match=r"cannot be seen.*U\+.*rename it"):
        Label(text)
    assert Label("cat", text).name in ("cat", "hot dog")


@pytest.mark.parametrize("text", ["c\u200bat", "hot\u00a0dog", "cat\u2060"])
def test_folders_and_escapes_that_hold_what_cannot_be_seen_are_refused(tmp_path, text):
    with pytest.raises(LabelError, match=r"\[0\]: .*cannot be seen.*U\+.*rename it"):
        read(tmp_path, "x.json", json.dumps([text]))
    (tmp_path / "pictures" / text).mkdir(parents=True)
    with pytest.raises(LabelError, match=r"pictures: .*cannot be seen.*U\+.*rename it"):
        LabelSet.read(tmp_path / "pictures")


def test_a_large_annotation_file_is_read_by_its_categories(tmp_path):
    content = {
        "annotations": [{"id": i, "category_id": 1, "bbox": [0, 0, 1, 1]} for i in range(20_000)],
        "categories": [{"id": 1, "name": "cat", "supercategory": "animal"}],
    }
    assert read(tmp_path, "instances.json", json.dumps(content)) == [Label("cat")]


EVERYTHING = [
    "0 cat\n1 dog\n",
    "n01440764 tench\n",
    "1 001.Cat_a\n2 002.Dog\n",
    "hot\u00a0dog\n",
    "bat.n.01\n",
]


@pytest.mark.parametrize("content", EVERYTHING)
def test_what_was_read_is_written_and_read_again_as_the_same(tmp_path, content):
    labels = LabelSet(read(tmp_path, "x.txt", content))
    labels.save(tmp_path / "saved.csv")
    assert LabelSet.read(tmp_path / "saved.csv").digest == labels.digest


def test_quotes_go_where_they_keep_a_comma(tmp_path):
    """As in CSV; those of a word stay, unless all names have them."""
    text = '"tench, Tinca tinca"\n24" screen\n"so-called"\n'
    ids = [label.id for label in read(tmp_path, "x.txt", text)]
    assert ids == ['"so-called"', '24" screen', "tench, Tinca tinca"]
