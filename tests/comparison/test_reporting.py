"""The report of a comparison: its tables, its sentences, and the folder that holds them."""

from __future__ import annotations

import json
import random
import sys
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from taxonomy._core import io
from taxonomy._core.errors import (
    FileFormatError,
    HierarchyError,
    MissingExtraError,
    RegistryError,
    WriteError,
)
from taxonomy.comparison import METRICS, ComparisonReport, check_report
from taxonomy.comparison import report_pictures as pictures
from taxonomy.trees.hierarchy import Hierarchy

PETS, CARS = ["ant", "bee", "cat", "dog"], ["bus", "car", "van", "cab"]
A = Hierarchy.from_nested([[*PETS, "toy"], CARS], {"made_by": "wordnet"})
B = Hierarchy.from_nested([PETS, [*CARS, "toy"]], {"source": {"made_by": "llm", "model": "m1"}})
C = Hierarchy.from_nested([[*PETS, "toy", "owl"], CARS], {"made_by": "wordnet"})
FEW = ("adjusted_mutual_information", "triplet_distance", "robinson_foulds")


class Page(HTMLParser):
    """Reads which tags a page has, and that they are closed in turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.sources: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.sources.append(dict(attrs)["src"])
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def contents(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_tables_hold_every_metric_of_every_pair():
    report = ComparisonReport({"A": A, "B": B, "C": C})
    assert len(report.values) == 3 * len(METRICS)
    assert list(report.values) == ["a", "b", "labels", "left_out", "metric", "value", "equal"]
    of = report.values.set_index(["a", "b", "metric"])["value"]
    # Of A's clades, pets with the toy and cars, none is in B; over the shared nine C is A.
    assert of["A", "B", "robinson_foulds"] == 1
    assert of["A", "C", "robinson_foulds"] == 0
    assert of["A", "C", "ancestor_f1"] == 1
    # Of 84 triples those of the toy and two others change: two pets 6, two cars 6, one each 16.
    assert of["A", "B", "triplet_distance"] == pytest.approx(28 / 84)
    assert report.values["left_out"].tolist()[0 :: len(METRICS)] == [0, 1, 1]


def test_chance_stands_beside_the_values():
    report = ComparisonReport({"A": A, "B": B}, FEW, samples=20, seed=1)
    values = report.values.set_index("metric")
    assert values.loc["adjusted_mutual_information", "expected"] == 0
    assert 1 / 21 <= values.loc["triplet_distance", "p"] <= 1


def test_the_class_that_moved_says_from_where_to_where():
    first = ComparisonReport({"A": A, "B": B}).moved.iloc[0]
    assert first[["a", "b", "label"]].tolist() == ["A", "B", "toy"]
    assert first["near_a"] == ("ant", "bee", "cat")
    assert first["near_b"] == ("bus", "cab", "car")


def test_a_sentence_on_every_pair():
    said = ComparisonReport({"A": A, "B": B, "C": C}, FEW).conclusions
    assert said["A", "C"] == "A and C group all classes in the same way."
    assert "33% of all triples of classes differ. Moved farthest: toy" in said["A", "B"]
    chance = Hierarchy.from_nested(
        [["ant", "bus", "bee", "car"], ["cat", "van", "dog", "cab"], "toy"]
    )
    said = ComparisonReport({"A": A, "B": chance}, FEW).conclusions["A", "B"]
    assert said.startswith("A and B are no more alike than chance makes them: ")


def test_names_are_for_people():
    ids = ["n02121808", "n02084071", "n02958343", "n02924116"]  # cat, dog, car, bus
    trees = {
        "A": Hierarchy.from_nested([ids[:2], ids[2:]]),
        "B": Hierarchy.from_nested([ids[::2], ids[1::2]]),
    }
    assert "Moved farthest: dog, domestic cat, bus." in str(ComparisonReport(trees))
    names = dict(zip(ids, ["Katze", "Hund", "Auto", "Bus"], strict=True))
    assert "Moved farthest: Hund, Katze, Bus." in str(ComparisonReport(trees, names=names))


def test_groups_are_what_made_a_tree():
    report = ComparisonReport({"A": A, "B": B, "C": C}, FEW)
    assert report.map is not None
    assert report.map["group"].tolist() == ["wordnet", "llm m1", "wordnet"]
    groups = {"A": "one", "B": "two", "C": "one"}
    assert [*ComparisonReport({"A": A, "B": B, "C": C}, FEW, groups=groups).map["group"]] == [
        "one",
        "two",
        "one",
    ]
    assert ComparisonReport({"A": A, "B": B}).map is None
    assert ComparisonReport({"A": A, "B": B}, ("baker_gamma", "ancestor_f1")).laid_out_by == (
        "baker_gamma"
    )


@pytest.mark.parametrize(
    ("trees", "options", "error", "words"),
    [
        ({"A": A}, {}, HierarchyError, "at least two"),
        ({"A": A, "B": Hierarchy.star("xyz")}, {}, HierarchyError, "share 0 labels"),
        ({"A": A, "B": B}, {"metrics": ("baker",)}, RegistryError, "baker_gamma"),
        (
            {"A": A, "B": B},
            {"metrics": FEW, "distance": "baker_gamma"},
            HierarchyError,
            "`metrics`",
        ),
        ({"A": A, "B": B}, {"distance": "far"}, RegistryError, "far"),
        ({"A": A, "B": B}, {"groups": {"A": "x"}}, HierarchyError, "lacks the tree 'B'"),
        ({"A": A, "B": B}, {"pairs": "all"}, HierarchyError, "`pairs`"),
    ],
)
def test_what_cannot_be_compared_is_refused_at_once(trees, options, error, words):
    with pytest.raises(error, match=words):
        ComparisonReport(trees, **options)


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("reports") / "report"
    page = ComparisonReport({"x/A": A, "x/B": B, "x/C": C}, FEW, pairs=2).save(place)
    assert page == place / "report.html"
    return place


def test_the_folder_holds_all(saved):
    files = contents(saved)
    assert [name for name in files if "/" not in name] == [
        *("comparison.json", "curves.csv", "heat-maps.svg", "map.csv", "map.svg", "metrics.csv"),
        *("metrics.md", "metrics.tex", "moved.csv", "report.html", "trees.csv"),
    ]
    assert [name for name in files if "/" in name] == [
        f"pairs/{pair}-{what}.svg"
        for pair in ("1-a--b", "2-a--c")
        for what in ("curve", "tanglegram")
    ]
    manifest = json.loads(files["comparison.json"])
    assert manifest["trees"] == {"x/A": A.digest, "x/B": B.digest, "x/C": C.digest}
    assert manifest["files"].keys() == files.keys() - {"comparison.json"}
    assert all(io.file_digest(saved / name) == sha for name, sha in manifest["files"].items())


def test_tables_are_read_back(saved):
    metrics = pd.read_csv(saved / "metrics.csv")
    assert metrics.shape == (9, 7)
    assert metrics["value"][1] == pytest.approx(1 / 3)
    moved = pd.read_csv(saved / "moved.csv")
    assert moved.loc[0, ["label", "near_a", "near_b"]].tolist() == [
        *("toy", "ant; bee; cat", "bus; cab; car")
    ]
    assert len(moved) == 3 * 9
    trees = pd.read_csv(saved / "trees.csv").set_index("tree")
    assert trees["left_out"].to_dict() == {"x/A": 0, "x/B": 0, "x/C": 1}
    # scikit-learn's adjusted_mutual_info_score of the only cut, five and four, is 0.5499.
    assert (saved / "metrics.tex").read_text().splitlines()[2:6] == [
        r"metric & equal trees & A – B & A – C & B – C \\",
        r"\midrule",
        r"adjusted mutual information & 1 & 0.550 & 1.000 & 0.550 \\",
        r"triplet distance & 0 & 0.333 & 0.000 & 0.333 \\",
    ]
    assert "| Robinson Foulds | 0 | 1.000 | 0.000 | 1.000 |" in (saved / "metrics.md").read_text()


def test_the_page_says_what_it_is_about(saved):
    page = Page((saved / "report.html").read_text())
    assert page.open == []
    assert "script" not in page.tags
    assert "x/A and x/C group all classes in the same way." in page.text
    assert "Compared are the 9 classes that all trees have." in page.text
    assert "x/C: owl" in page.text
    assert "Pictures are drawn of the first 2 of 3 pairs only" in page.text
    assert "from near, in x/A to near, in x/B toy ant, bee, cat bus, cab, car" in page.text
    assert len(page.sources) == 2 + 2 * 2
    assert all(source.startswith("data:image/svg+xml;base64,") for source in page.sources)


def test_the_same_trees_give_the_same_bytes(saved, tmp_path):
    def shuffled(nested):
        if isinstance(nested, str):
            return nested
        return random.Random(1).sample([shuffled(child) for child in nested], len(nested))

    again = {
        "x/A": Hierarchy.from_nested(shuffled([[*PETS, "toy"], CARS]), A.provenance),
        "x/B": Hierarchy.from_nested(shuffled([PETS, [*CARS, "toy"]]), B.provenance),
        "x/C": Hierarchy.from_nested(shuffled([[*PETS, "toy", "owl"], CARS]), C.provenance),
    }
    ComparisonReport(again, FEW, pairs=2).save(tmp_path / "again")
    assert contents(tmp_path / "again") == contents(saved)


def test_names_from_strangers_do_nothing(tmp_path):
    hostile = ["<script>alert(1)</script>", "a & b", "$x_1$", "|", '"quoted"', "back\\slash"]
    trees = {
        "<b>one</b>": Hierarchy.from_nested([hostile[:3], hostile[3:]]),
        "../../two": Hierarchy.from_nested([hostile[::2], hostile[1::2]]),
        "50 %": Hierarchy.star(hostile),
    }
    page = ComparisonReport(trees, FEW).save(tmp_path / "report")
    read = Page(page.read_text())
    assert "script" not in read.tags
    assert "b" not in read.tags
    assert "<script>alert(1)</script>" in read.text
    assert "50 \\%" in (tmp_path / "report" / "metrics.tex").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert "pairs/1-b-one-b--two-curve.svg" in contents(tmp_path / "report")


def test_a_metric_without_a_value_says_so(tmp_path):
    # Two stars cannot be cut, so that nothing can be said of their cuts.
    stars = {"A": Hierarchy.star("abcd"), "B": Hierarchy.star("abcd"), "C": Hierarchy.star("abcd")}
    page = ComparisonReport(stars, ("adjusted_mutual_information",)).save(tmp_path / "report")
    assert "adjusted mutual information 1 none none none" in Page(page.read_text()).text
    assert "A and B group all classes in the same way." in Page(page.read_text()).text
    assert not (tmp_path / "report" / "map.svg").exists()


def test_of_very_large_trees_the_part_that_moved_is_drawn(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_CLASSES", 8)
    monkeypatch.setattr(pictures, "FARTHEST", 1)
    page = ComparisonReport({"A": A, "B": B}, FEW).save(tmp_path / "report")
    # The toy, the three pets that it was near, and the three cars that it is near now.
    assert "Of 9 classes it shows the 1 that moved farthest and those near them, 7 in all." in (
        Page(page.read_text()).text
    )


def test_a_report_that_breaks_off_leaves_the_earlier_one(saved, tmp_path, monkeypatch):
    report = ComparisonReport({"A": A, "B": B}, FEW)
    report.save(tmp_path / "report")
    before = contents(tmp_path / "report")

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(pictures, "curve_figure", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ComparisonReport({"A": A, "C": C}, FEW).save(tmp_path / "report")
    with pytest.raises(KeyboardInterrupt):
        report.save(tmp_path / "fresh")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    assert contents(tmp_path / "report") == before
    monkeypatch.undo()
    ComparisonReport({"A": A, "C": C}, FEW).save(tmp_path / "report")
    assert contents(tmp_path / "report") != before


def test_other_peoples_folders_and_files_stay(tmp_path):
    report = ComparisonReport({"A": A, "B": B}, FEW)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"meow")
    with pytest.raises(WriteError, match=r"holds no comparison\.json"):
        report.save(tmp_path / "photos")
    with pytest.raises(FileFormatError, match="without an ending"):
        report.save(tmp_path / "table.tex")
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(FileFormatError, match="is a file"):
        report.save(tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"


def test_the_table_alone(tmp_path):
    report = ComparisonReport({"A": A, "B": B}, FEW)
    assert report.save(tmp_path / "table.csv") == tmp_path / "table.csv"
    assert (tmp_path / "table.csv").read_text().startswith("a,b,labels,left_out,adjusted_mutual")


def test_without_matplotlib_it_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"taxonomy-experts\[plots\]"):
        ComparisonReport({"A": A, "B": B}, FEW).save(tmp_path / "report")
    with pytest.raises(MissingExtraError, match="pip install"):
        check_report("report")
    assert list(tmp_path.iterdir()) == []
    assert check_report("table.csv") == ".csv"
