"""Label sets: readers, errors with lines, and what never changes a result."""

from __future__ import annotations

import gzip
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxonomy._core.errors import FileFormatError, HierarchyError, LabelError
from taxonomy.labels import (
    Label,
    LabelSet,
    check_classes,
    check_same_labels,
    get_labels,
    shipped_names,
)
from taxonomy.wordnet import NounGraph

CSV = "id,name,definition,wnid\ncat,the cat,a small feline,n02121620\ndog,,,n02084071\n"

label_sets = st.lists(
    st.builds(
        Label,
        id=st.text("abc ,\"'é#", min_size=1).map(str.strip).filter(bool),
        name=st.text('abc ,"é'),
        definition=st.text('abc ,;"é'),
        wnid=st.sampled_from(["", "n02121620"]),
    ),
    min_size=1,
    unique_by=lambda label: label.id,
).map(LabelSet)


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_text_has_one_class_a_line(tmp_path):
    path = write(tmp_path, "classes.txt", "# pets\ncat\n\n  hot dog \r\n")
    assert LabelSet.read(path).ids == ("cat", "hot dog")


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        CSV.replace("\n", "\r\n"),
        b"\xef\xbb\xbf" + CSV.encode(),
        'wnid,extra,id,definition,name\nn02084071,1,dog\nn02121620,2,"cat","a small feline",the cat\n',  # noqa: E501
    ],
    ids=["plain", "CRLF", "byte-order mark", "other order, quotes, extra and short rows"],
)
def test_csv(tmp_path, content):
    labels = LabelSet.read(write(tmp_path, "classes.csv", content))
    assert list(labels) == [
        Label("cat", "the cat", "a small feline", "n02121620"),
        Label("dog", "dog", "", "n02084071"),
    ]


@pytest.mark.parametrize(("name", "content"), [("c.csv.gz", CSV), ("c.txt.GZ", "cat\ndog\n")])
def test_compressed(tmp_path, name, content):
    path = write(tmp_path, name, gzip.compress(content.encode()))
    assert LabelSet.read(path).ids == ("cat", "dog")


def test_damaged_compressed_files_are_refused(tmp_path):
    whole = gzip.compress(CSV.encode())
    for content in (CSV, whole[:-9], whole[:20] + b"no" + whole[22:]):
        path = write(tmp_path, "classes.csv.gz", content)
        with pytest.raises(FileFormatError, match=r"classes\.csv\.gz: no readable gzip file"):
            LabelSet.read(path)


@pytest.mark.parametrize(
    ("name", "count"),
    [("cifar-10", 10), ("cifar-100", 100), ("imagenet-1k", 1000), ("imagenet-21k", 21841)],
)
def test_shipped_sets_have_a_synset_of_their_own_for_every_class(name, count):
    labels, graph = get_labels(name), NounGraph.load()
    assert len(labels) == count
    assert len({graph.index(label.wnid) for label in labels}) == count
    assert all(label.name and label.definition for label in labels)
    if name.startswith(
        "imagenet"
    ):  # the other's synsets were chosen, their names are not WordNet's
        assert all(graph.index(label.wnid) in graph.senses(label.name) for label in labels)


def test_csv_by_name_alone(tmp_path):
    labels = LabelSet.read(write(tmp_path, "classes.csv", 'name\n"crane, the bird"\n'))
    assert labels["crane, the bird"].name == "crane, the bird"


def test_folder_of_class_folders(tmp_path):
    for name in ("n02121620", "dog", ".cache"):
        (tmp_path / name).mkdir()
    write(tmp_path, "readme.txt", "no class")
    labels = LabelSet.read(tmp_path)
    assert labels.ids == ("dog", "n02121620")
    assert [label.wnid for label in labels] == ["", "n02121620"]


def test_order_does_not_matter():
    one, other = LabelSet(["b", "a", "c"]), LabelSet(["c", "b", "a"])
    assert one == other
    assert one.digest == other.digest
    assert one.ids == ("a", "b", "c")


def test_the_digest_sees_every_field():
    labels = [Label("a"), Label("a", "b"), Label("a", "", "b"), Label("a", "", "", "n00000001")]
    assert len({LabelSet([label]).digest for label in labels}) == 4


@given(label_sets)
def test_csv_round_trips(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("labels") / "saved.csv"
    labels.save(path)
    assert LabelSet.read(path) == labels


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "x.txt",
            "cat\ndog\ncat\n",
            r"'cat' \(line 1, line 3\) occurs twice; ids must be unique: remove",
        ),
        ("x.txt", "cat\nd\tog\n", "line 2: The id of label .* control character"),
        ("x.txt", f"cat\n{'x' * 200_000}\n", "line 2: 200,000 characters are no name"),
        ("x.csv", f"id,definition\ncat,{'x' * 12_000}\n", "line 2: The definition of label 'cat'"),
        ("x.csv", f"id\n{'x' * 200_000}\n", "line 2: not valid CSV .field larger"),
        ("x.json", f'["cat", "{"x" * 10_001}"]', r"x.json: \[1\]: The id .* shorten it to 10,000"),
        ("x.yaml", f"names:\n  7: {'x' * 10_001}\n", r"names\.7: .* 10,001 characters; shorten"),
        ("x.yaml", "names: [a\x07]\n", r"not valid YAML \(unacceptable .* not allowed in \""),
        ("x.txt", "\n# nothing\n", "at least one class"),
        (
            "x.csv",
            "id\ncat\ncat\n",
            r"'cat' \(line 2, line 3\) occurs twice; ids must be unique: remove",
        ),
        ("x.csv", "id,wnid\ncat,n123\n", "line 2: The wnid 'n123' of label 'cat'.*eight digits"),
        ("x.csv", "id,name\ncat,x\n,y\n", "line 3: .*empty id"),
        ("x.csv", 'id\n"a\x00b"\n', "line 2: .*control character"),
        ("x.csv", 'id\ncat\n"dog\n', "line 3: not valid CSV"),
        ("x.csv", '"id', "line 1: not valid CSV"),
        ("x.csv", "", "at least one class"),
        ("x.csv", "id\n", "at least one class"),
    ],
)
def test_errors_name_file_and_line(tmp_path, name, content, message):
    path = write(tmp_path, name, content)
    with pytest.raises(LabelError, match=message) as caught:
        LabelSet.read(path)
    assert name in str(caught.value)


@pytest.mark.parametrize("letter", ['"', "'", ",", "ß", "🦊"])
def test_the_longest_texts_are_written_and_read_again(tmp_path, letter):
    labels = LabelSet([Label(*[letter * 10_000] * 3), Label("b")])
    labels.save(tmp_path / "x.csv")
    assert LabelSet.read(tmp_path / "x.csv") == labels


def test_other_unreadable_sources(tmp_path):
    with pytest.raises(LabelError, match=r"holds no class folders; expected .*/CLASS/picture"):
        LabelSet.read(tmp_path)
    with pytest.raises(LabelError, match=r"no such file or folder.*icons"):
        LabelSet.read(tmp_path / "missing.csv")
    with pytest.raises(FileFormatError, match="byte 1 is not UTF-8"):
        LabelSet.read(write(tmp_path, "x.txt", b"a\xff"))


@pytest.mark.parametrize("label_id", ["", " ", " cat", "cat ", "c\nat", "c\x00at", "\ud800"])
def test_bad_ids_are_refused(label_id):
    with pytest.raises(LabelError):
        Label(label_id)


def test_duplicates_are_refused_even_with_other_names():
    with pytest.raises(LabelError, match="'crane' occurs twice"):
        LabelSet([Label("crane", "bird"), Label("crane", "machine")])


def test_unknown_classes_get_a_suggestion():
    labels = LabelSet(["cat", "car", "elephant"])
    for lookup in (labels.index, labels.__getitem__, lambda name: labels.restrict([name])):
        with pytest.raises(LabelError, match=r"'elefant'. Did you mean 'elephant'. There are 3"):
            lookup("elefant")


def test_restrict_and_membership():
    labels = LabelSet(["cat", "car", "dog"])
    part = labels.restrict(["dog", "cat"])
    assert part.ids == ("cat", "dog")
    assert "car" in labels
    assert "car" not in part
    assert labels.index("dog") == 2


def test_check_classes_sorts_and_refuses():
    assert check_classes(["b", "a"], "abc") == ("a", "b")
    for classes, message in [([], "at least one"), (["a", "a"], "twice"), (["d"], "Unknown")]:
        with pytest.raises(LabelError, match=message):
            check_classes(classes, "abc")


def test_shipped_icons():
    labels = get_labels("icons")
    assert "icons" in shipped_names()
    assert len(labels) == 212
    assert labels["cat"].wnid == "n02121620"  # cat.n.01 in WordNet 3.0's data.noun


def test_unlike_labels_are_refused_with_one_that_only_one_has():
    names = ("the tree", "the similarity")
    check_same_labels(["cat", "dog"], ("cat", "dog"), HierarchyError, names)
    with pytest.raises(HierarchyError, match=r"The tree and the similarity .*: 'ant' is"):
        check_same_labels(["cat", "dog"], ["ant", "cat"], HierarchyError, names)


class TestSpelling:
    """One word may be written with an accented letter, or with a letter and an accent."""

    ONE, TWO = "caf\u00e9", "cafe\u0301"

    def test_both_in_one_list_are_doubles(self, tmp_path):
        with pytest.raises(LabelError, match=r"in other characters \(U\+.*twice"):
            LabelSet([self.ONE, "bar", self.TWO])
        (tmp_path / "x.txt").write_text(f"{self.ONE}\ncafz\n{self.TWO}\n", encoding="utf-8")
        with pytest.raises(LabelError, match=r"\(line 1\) and .*\(line 3\) .*U\+0301.*twice"):
            LabelSet.read(tmp_path / "x.txt")
        (tmp_path / "x.csv").write_text(f"id\n{self.TWO}\n{self.ONE}\n", encoding="utf-8")
        with pytest.raises(LabelError, match=r"\(line 2\) and .*\(line 3\) .*U\+0301"):
            LabelSet.read(tmp_path / "x.csv")

    def test_hangul_and_kana_are_composed_as_well(self):
        for text in ("\uac00", "\u304c"):
            with pytest.raises(LabelError, match="other characters"):
                LabelSet([text, unicodedata.normalize("NFD", text)])

    def test_texts_that_are_not_equal_stay_apart(self):
        assert len(LabelSet(["cafe", self.ONE, "\ufb01sh", "fish", "Cafe"])) == 5

    def test_a_class_in_other_characters_is_said_to_be_there(self):
        labels = LabelSet([self.ONE, "bar"])
        with pytest.raises(LabelError, match=r"with other characters \(U\+00E9, U\+0301\)"):
            labels.index(self.TWO)
        with pytest.raises(LabelError, match="other characters"):
            labels.restrict([self.TWO])


def test_nothing_is_said_of_what_is_shipped(caplog):
    """What a file of one's own was read as is worth knowing; that of the toolkit's own is not."""
    with caplog.at_level("INFO"):
        for name in shipped_names():
            get_labels(name)
    assert caplog.records == []
