"""Shapes of class lists that are easily believed to be something else, each as somebody has it."""

from __future__ import annotations

import logging

import pytest

from taxonomy._core.errors import LabelError
from taxonomy.labels import LabelSet

PETS = ["cat", "dog"]


def read(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return LabelSet.read(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.txt", "0 - cat\n1 - dog\n"),
        ("x.txt", "0- cat\n1- dog\n"),
        ("x.txt", "(1) cat\n(2) dog\n"),
        ("x.txt", "[0] cat\n[1] dog\n"),
        ("x.txt", "class_0 cat\nclass_1 dog\n"),
        ("x.txt", "label 0: cat\nlabel 1: dog\n"),
        ("x.txt", "cat=0\ndog=1\n"),
        ("x.md", "- [ ] cat\n- [x] dog\n"),
        ("x.md", "| id | name |\n|---|:---:|\n| 0 | cat |\n| 1 | dog |\n"),
        ("x.md", "name | colour\n--- | ---\ncat | grey\ndog | brown\n"),
        ("x.txt", "cat, dog\n"),
        ("x.txt", "cat; dog\n"),
        ("x.txt", "'cat', 'dog'\n"),
        ("x.txt", '"cat", "dog",\n'),
        ("x.txt", "// pets\ncat  # purrs\ndog // barks\n"),
        ("x.txt", "# pets\ncat\t# purrs\ndog\n"),
        ("x.jsonl", '{"id": 0, "name": "cat"}\n{"id": 1, "name": "dog"}\n'),
        ("x.txt", '{"id": 0, "name": "cat"}\n{"id": 1, "name": "dog"}\n'),
        ("x.txt", "---\nnames:\n- cat\n- dog\n"),
        ("x.yaml", "train: a\nval: b\nnames:\n  0: cat\n  1: dog\n"),
        ("x.txt", " cat\ndog\n"),
        ("x.txt", "  cat\n  dog\n"),
        ("x.txt", "\u202ecat\ndog\u2069\n"),
        ("x.txt", "c\u200dat\ndog\u2800\n"),
    ],
)
def test_is_two_pets(tmp_path, name, content):
    assert [label.name for label in read(tmp_path, name, content)] == PETS


@pytest.mark.parametrize(
    ("content", "ids"),
    [
        ("C\nC++\nC#\n", ["C", "C#", "C++"]),
        ("F-16\nMiG-29\n", ["F-16", "MiG-29"]),
        ("class A\nclass B\n", ["class A", "class B"]),
        ("<unk>\ncat\n", ["<unk>", "cat"]),
        ("(no) cat\ndog;\n", ["(no) cat", "dog;"]),
        ("http://a\nhttp://b\n", ["http://a", "http://b"]),
        ("1,000 l tank\ncup\n", ["1,000 l tank", "cup"]),
        ("n01440764 tench, Tinca tinca\n", ["n01440764"]),
        ("0 ducks, geese\n", ["ducks, geese"]),
        ("name tag\nprice tag\n", ["name tag", "price tag"]),
        ("key = lock\n= sign\n", ["= sign", "key = lock"]),
        ("a > b\nc\n", ["a > b", "c"]),
    ],
)
def test_what_only_looks_like_it_stays_whole(tmp_path, content, ids):
    assert list(read(tmp_path, "x.txt", content).ids) == ids


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", "animal\n  cat\n  dog\ntaxi\n", "further in than others, as in a tree"),
        ("x.txt", "animal\n\tcat\n\tdog\n", "'taxonomy show' prints one"),
        ("x.txt", "animal > cat\nanimal > dog\n", "paths, which make a tree"),
        ("x.txt", "((cat,dog),taxi);\n", "a tree, no list of classes"),
        ("x.txt", "# cut\nitem {\n  id: 1\n}\n", "a label map of TensorFlow"),
        ("x.txt", "('cat', 'dog')\n", "a program; write its names as text"),
        ("x.txt", "const classes = ['cat', 'dog'];\n", "a program"),
        ("x.txt", "NAMES: list[str] = [\n'cat',\n'dog']\n", "a program"),
        ("coco.data", "classes = 2\nnames = coco.names\n", "settings, no list of classes"),
        ("x.txt", "classes= 2\ntrain  = train.txt\nnames = coco.names\n", "settings"),
        ("x.txt", "[classes]\n0=cat\n1=dog\n", "settings"),
        ("x.toml", "names = ['cat']\n", "settings"),
        ("x.jsonl", '{"name": "cat"}\n\n{"name":\n', "line 3 of JSON lines: not valid JSON"),
        ("x.yaml", "path: a\ntrain: b\nval: c\n", "settings without a list of classes"),
        ("package.json", '{"name": "pets", "version": "1"}', "settings without a list"),
        ("x.yaml", "names: cat, dog\n", "names: expected names, found 'cat, dog'"),
        ("x.yaml", "names: coco.names\nnc: 2\n", "names: expected names"),
        ("x.txt", "id name\n0 cat\n1 dog\n", "line 1: 'id', 'name': a header"),
        ("x.txt", "<annotation>\n<name>cat</name>\n</annotation>\n", "XML"),
        ("x.txt", "{\\rtf1\\ansi cat}", "a document"),
        ("x.csv", b"PK\x03\x04\x14\x00", "an archive or a spreadsheet"),
        ("x.txt", b"\x1f\x8b\x08\x00", r"compressed by gzip; end its name in \.gz"),
        ("x.txt", b"\x80\x04\x95", "a pickle, which is never opened"),
        ("x.txt", b"\x89PNG\r\n", "a picture"),
        ("x.csv", "id,name\ncat,Cat\n".encode("utf-16"), "UTF-16, as Excel's 'Unicode text'"),
        ("x.txt", "cat\ndog\n".encode("utf-16-le"), "full of zero bytes, as UTF-16"),
        ("x.txt", "cat\n" + "x" * 5000, "line 2: 5,000 characters are no name"),
        ("README.md", "---\nlicense: mit\n---\n# Pets\n", "line 3: a second document"),
    ],
)
def test_what_is_no_list_is_refused_by_name(tmp_path, name, content, message):
    with pytest.raises(LabelError, match=message) as caught:
        read(tmp_path, name, content)
    assert len(str(caught.value)) <= 400


@pytest.mark.parametrize(
    "codes",
    [
        ["N02084071", "N02121620"],
        ["02084071-n", "02121620-n"],
        ["Synset('dog.n.01')", "Synset('cat.n.01')"],
        ["N02084071 dog, Canis familiaris", "N02121620 cat"],
    ],
)
def test_a_wnid_is_the_synset_however_it_is_written(tmp_path, codes):
    from taxonomy.wordnet.known import known

    labels = known(read(tmp_path, "x.txt", "\n".join(codes)))
    assert sorted((label.name, label.wnid) for label in labels) == [
        ("cat", "n02121620"),
        ("dog", "n02084071"),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("00000\n00001\n00002\n", "all 3 names are numbers or codes (00000, …)"),
        ("Q146\nQ144\n", "all 2 names are numbers or codes"),
        ("/m/01yrx\n/m/0bt9lr\n", "give a table with the columns id and name"),
        ("nc: 3\nnames: [cat, dog]\n", "'nc' says 3, and there are 2 names"),
        ("cat\n#dog\n#cow\n", "2 lines begin with # and no space, as '#dog'"),
        ("cat 1200\ndog 900\n", "names that end in numbers, which stay"),
        ("cat, dog, cow\n", "names between commas (3 classes)"),
        ("\u202ecat\ndog\n", "U+202E in line 1"),
    ],
)
def test_what_is_doubtful_is_said(tmp_path, caplog, content, said):
    caplog.set_level(logging.INFO)
    read(tmp_path, "x.txt", content)
    assert said in caplog.text


def test_class_folders_with_numbers_for_names_are_doubtful(tmp_path, caplog):
    for name in ("00000", "00017"):
        (tmp_path / name).mkdir()
    assert LabelSet.read(tmp_path).ids == ("00000", "00017")
    assert "all 2 names are numbers or codes" in caplog.text


@pytest.mark.parametrize(
    "pair", [("hot dog", "hotdog"), ("CAT", "ＣＡＴ"), ("cat", "с\u0430t"), ("t-shirt", "T‑shirt")]
)
def test_names_that_look_alike_are_warned_of(tmp_path, caplog, pair):
    assert len(read(tmp_path, "x.txt", "\n".join(pair))) == 2
    assert "letters that look alike only" in caplog.text


@pytest.mark.parametrize("pair", [("1 0", "10"), ("C", "C++"), ("мак", "mac"), ("ma", "má")])
def test_others_are_not(tmp_path, caplog, pair):
    read(tmp_path, "x.txt", "\n".join(pair))
    assert "look alike" not in caplog.text
