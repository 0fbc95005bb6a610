"""Task sampling keeps its promises, and the shipped list was drawn by it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given

from taxonomy._core import shipped
from taxonomy._core.errors import FileFormatError, LabelError
from taxonomy.labels import get_labels
from taxonomy.tasks import (
    Task,
    TaskList,
    draw_tasks,
    get_tasks,
    sample_coherent,
    sample_mixed,
    sample_random,
)
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.mutants import json_text, mutants

SIZES = (2, 5, 10, 20)
REFERENCES = {
    "wordnet": Hierarchy.load(shipped.path("icons/trees/hypernyms.json")),
    "llm-groups": Hierarchy.load(shipped.path("icons/trees/llm-groups.json")),
}
CLADES = {
    name: [frozenset(tree.clade(node)) for node in tree.nodes] for name, tree in REFERENCES.items()
}


@pytest.fixture(scope="module")
def icon_tasks() -> TaskList:
    return get_tasks("icons")


def fits_one_clade(task: Task) -> bool:
    """Tell whether a clade of k to 4k classes holds the whole task."""
    sized = (c for c in CLADES[task.reference] if task.size <= len(c) <= 4 * task.size)
    return any(set(task.classes) <= clade for clade in sized)


def fits_disjoint_clades(task: Task) -> bool:
    """Tell whether two or three disjoint clades, each with an equal share, hold the task."""
    classes = set(task.classes)
    for parts in (2, 3):
        share = -(-task.size // parts)
        sized = [c for c in set(CLADES[task.reference]) if share <= len(c) <= 4 * share]
        useful = [c for c in sized if share - 1 <= len(c & classes) <= share]
        if cover(classes, useful, parts):
            return True
    return False


def cover(classes: set[str], clades: list[frozenset[str]], parts: int) -> bool:
    if parts == 0:
        return not classes
    first = min(classes, default=None)
    return any(
        cover(classes - clade, [c for c in clades if not c & clade], parts - 1)
        for clade in clades
        if first in clade
    )


class TestShipped:
    def test_sizes_have_equal_shares(self, icon_tasks):
        drawn = [task for task in icon_tasks if task.kind != "named"]
        assert set(Counter(t.size for t in drawn)) == set(SIZES)
        for kind in ("coherent", "mixed", "random"):
            per_size = Counter(task.size for task in drawn if task.kind == kind)
            assert len(set(per_size.values())) == 1
        per_reference = Counter((t.kind, t.reference) for t in drawn if t.reference)
        assert per_reference["coherent", "wordnet"] == per_reference["coherent", "llm-groups"]
        assert per_reference["mixed", "wordnet"] == per_reference["mixed", "llm-groups"]

    def test_it_is_over_the_shipped_labels(self, icon_tasks):
        assert icon_tasks.ids == get_labels("icons").ids
        assert icon_tasks.provenance["references"] == {n: t.digest for n, t in REFERENCES.items()}

    def test_coherent_tasks_lie_in_one_clade(self, icon_tasks):
        assert all(fits_one_clade(task) for task in icon_tasks.select("coherent"))

    def test_mixed_tasks_lie_in_disjoint_clades(self, icon_tasks):
        tasks = list(icon_tasks.select("mixed"))
        assert tasks
        assert all(fits_disjoint_clades(task) for task in tasks)

    @pytest.mark.parametrize("name", REFERENCES)
    def test_it_was_drawn_by_its_seed(self, icon_tasks, name):
        seed = icon_tasks.provenance["seed"]
        for size in SIZES:
            for kind, sample in (("coherent", sample_coherent), ("mixed", sample_mixed)):
                tasks = list(icon_tasks.select(kind, size, name))
                assert tasks == sample(REFERENCES[name], name, size, len(tasks), seed)
            tasks = list(icon_tasks.select("random", size))
            assert tasks == sample_random(icon_tasks.ids, size, len(tasks), seed)


def test_seeds_are_reproducible_and_differ():
    tree = REFERENCES["wordnet"]
    for sample in (sample_coherent, sample_mixed):
        one, again, other = (sample(tree, "w", 5, 10, seed) for seed in (1, 1, 2))
        assert one == again
        assert one != other


def test_fewer_tasks_are_the_first_of_more():
    tree = REFERENCES["wordnet"]
    assert sample_coherent(tree, "w", 5, 3, 0) == sample_coherent(tree, "w", 5, 9, 0)[:3]


def test_a_tree_without_fitting_clades_is_refused():
    star = Hierarchy.star(f"c{i:02d}" for i in range(50))
    with pytest.raises(LabelError, match="no clade of 5 to 20"):
        sample_coherent(star, "star", 5, 1, 0)
    with pytest.raises(LabelError, match="disjoint clades for 5"):
        sample_mixed(star, "star", 5, 1, 0)


TASKS = [Task("pets", ("cat", "dog")), Task("all", ("car", "cat", "dog"), "coherent", "tree")]
LIST = TaskList(TASKS, ["dog", "cat", "car"], {"made_by": "test"})


def test_membership():
    assert LIST.ids == ("car", "cat", "dog")
    assert LIST.membership.tolist() == [[False, True, True], [True, True, True]]
    assert [task.size for task in LIST] == [2, 3]


def test_select():
    assert [task.id for task in LIST.select(kind="coherent")] == ["all"]
    assert [task.id for task in LIST.select(size=2)] == ["pets"]
    assert len(LIST.select(reference="other")) == 0


def test_round_trip(tmp_path):
    LIST.save(tmp_path / "t.json")
    loaded = TaskList.load(tmp_path / "t.json")
    assert list(loaded) == TASKS
    assert loaded.ids == LIST.ids
    assert loaded.digest == LIST.digest
    assert loaded.provenance == LIST.provenance
    assert np.array_equal(loaded.membership, LIST.membership)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["tasks"][0].update(classes=["car", "cat"]), "does not match its digest"),
        (lambda c: c.update(digest="0"), "does not match its digest"),
        (lambda c: c["tasks"][0].update(classes=["kat"]), "'pets': Unknown class 'kat'"),
        (lambda c: c["tasks"][0].update(kid="x"), r"tasks\[0\]: unknown field 'kid'"),
        (lambda c: c["tasks"][0].update(classes="cat"), r"tasks\[0\].classes: expected a list"),
        (lambda c: c["tasks"][1].update(count=10**30), r"tasks\[1\].count: expected an integer of"),
        (lambda c: c["tasks"][1].update(classes=["cat\ud800"]), r"tasks\[1\].classes\[0\]: .*text"),
        (lambda c: c.update(tasks={"a": 1}), "tasks: expected a list, found {'a': 1}"),
        (lambda c: c.pop("tasks"), "lacks the field 'tasks'"),
        (lambda c: c.update(version=2), "version 2 is not readable"),
        (lambda c: c["tasks"][0].update(id="all"), "'all' occurs twice"),
        (lambda c: c.update(format="x"), "not a taxonomy-tasks file"),
    ],
)
def test_damage_is_reported(tmp_path, change, message):
    LIST.save(tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    change(content)
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises((FileFormatError, LabelError), match=rf"t\.json: .*{message}"):
        TaskList.load(tmp_path / "t.json")


class TestCounts:
    TASKS = TaskList(
        [Task("1", ("cat", "dog"), count=12), Task("2", ("car",))], ["car", "cat", "dog"]
    )

    def test_files_keep_them_and_lists_without_keep_their_bytes(self, tmp_path):
        self.TASKS.save(tmp_path / "tasks.json")
        loaded = TaskList.load(tmp_path / "tasks.json")
        assert loaded.counts.tolist() == [12, 1]
        assert loaded.digest == self.TASKS.digest
        assert json.loads((tmp_path / "tasks.json").read_text())["tasks"][1].keys() == {
            *("id", "kind", "reference", "classes")
        }

    @pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
    def test_impossible_ones_are_refused(self, count):
        with pytest.raises(LabelError, match="count of task '1' is"):
            TaskList([Task("1", ("cat",), count=count)], ["cat"])

    def test_restricting_keeps_them(self):
        assert self.TASKS.restrict(["cat"]).counts.tolist() == [12]


CLASSES = ["bus", "car", "cat", "dog"]


JSON_LINES = """{"format": "taxonomy-tasks",
 "tasks": [{"classes": ["dog", "cat"]}, {"classes": ["car"]}]}"""


class TestReading:
    """One reader for all forms; the same tasks come out of each."""

    @pytest.mark.parametrize(
        "text",
        [
            "cat,dog\ncar\n",
            "cat,dog\rcar",
            '\ufeffcat, dog\r\n\r\n# comment\r\n1,"car"\r\n',
            (
                '{"format": "taxonomy-tasks", "tasks": '
                '[{"classes": ["dog", "cat"]}, {"classes": ["car"]}]}'
            ),
        ],
    )
    def test_a_task_is_a_line_of_classes(self, tmp_path, text):
        (tmp_path / "mine").write_text(text, newline="")
        for tasks in (TaskList.load(tmp_path / "mine", CLASSES), get_tasks(tmp_path / "mine")):
            assert [task.classes for task in tasks] == [("cat", "dog"), ("car",)]
            assert [task.size for task in tasks] == [2, 1]
            assert tasks.counts.tolist() == [1, 1]
        assert TaskList.load(tmp_path / "mine", CLASSES).ids == tuple(CLASSES)
        assert get_tasks(tmp_path / "mine").ids == ("car", "cat", "dog")

    def test_a_count_may_come_first(self, tmp_path):
        (tmp_path / "wanted.csv").write_text('12, cat, dog\n1,"car"\n')
        tasks = TaskList.load(tmp_path / "wanted.csv", CLASSES)
        assert [(task.count, task.classes) for task in tasks] == [
            (12, ("cat", "dog")),
            (1, ("car",)),
        ]

    def test_a_number_that_is_a_class_is_a_class(self, tmp_path):
        (tmp_path / "digits.csv").write_text("1,7\n3,1,7\n12,1,7\n")
        tasks = TaskList.load(tmp_path / "digits.csv", ["1", "3", "7"])
        assert [(task.count, task.classes) for task in tasks] == [
            *((1, ("1", "7")), (1, ("1", "3", "7")), (12, ("1", "7")))
        ]

    def test_kinds_are_free_words(self, tmp_path):
        kinds = ["kitchen", "my own words"]
        tasks = [{"classes": ["cat"], "kind": kind} for kind in kinds]
        (tmp_path / "t.json").write_text(json.dumps({"format": "taxonomy-tasks", "tasks": tasks}))
        read = TaskList.load(tmp_path / "t.json")
        assert [task.kind for task in read] == kinds
        assert len(read.select(kind="my own words", size=1)) == 1

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("cat,dgo\n", r"line 1: Unknown class 'dgo'.*Did you mean 'dog'"),
            ("cat\n\ncat,cat\n", r"line 3: .*given twice"),
            ("cat\n12\n", r"line 2: No classes were given"),
            ("0,cat\n", r"line 1: count of task '000000' is 0"),
            ("9" * 5000 + ",cat\n", r"line 1: count of task '000000' is 1000000000001"),
            ("cat\n" + "x" * 200_000, r"line 2: no readable CSV \(field larger"),
            ("# cat\n", "holds no task; write one a line: cat,dog"),
            ("", "holds no task"),
            ("[[1, 2]]", 'not a taxonomy-tasks file; its "format" says so'),
            ('{"format": "taxonomy-tasks", "tasks": {}}', "tasks: expected a list"),
            ('{"format": "taxonomy-tasks", "tasks": [["cat"]]}', r"tasks\[0\]: expected an object"),
            ('{"format": "taxonomy-tasks", "tasks": [{"classes": [3]}]}', r"classes\[0\]: .*text"),
            ("{", "not valid JSON"),
            ("[" * 10**5, "nested more than 200 deep"),
        ],
    )
    def test_faults_are_named_with_their_place(self, tmp_path, text, message):
        (tmp_path / "mine").write_text(text, newline="")
        with pytest.raises((FileFormatError, LabelError), match=f"mine.*{message}"):
            TaskList.load(tmp_path / "mine", CLASSES)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (f"cat\n\n{'x' * 12_000}", r"line 3: The class 'x.*' has 12,000 characters; shorten"),
            ('"c\tat",dog', r"line 1: The class 'c\\tat' holds a control character"),
            (f'{{"format": "taxonomy-tasks", "tasks": [{{"classes": ["{"x" * 10_001}"]}}]}}',
             r"The class 'x.*' has 10,001 characters"),
        ],
    )  # fmt: skip
    def test_names_that_no_label_can_have_are_refused(self, tmp_path, text, message):
        """Where no classes are given that a task's could be compared with."""
        (tmp_path / "mine").write_text(text)
        with pytest.raises(LabelError, match=f"mine.*{message}"):
            TaskList.load(tmp_path / "mine")

    def test_no_text_at_all(self, tmp_path):
        (tmp_path / "mine").write_bytes(b"\xff\xfecat")
        with pytest.raises(FileFormatError, match="not UTF-8"):
            TaskList.load(tmp_path / "mine")

    @given(mutants(json.loads(json.dumps(LIST._content() | {"provenance": {"made_by": "test"}}))))
    def test_what_is_accepted_can_be_written_and_read_to_the_same_digest(self, value):
        with TemporaryDirectory() as folder:
            path = Path(folder) / "t.json"
            path.write_text(json_text(value))
            try:
                tasks = TaskList.load(path)
            except (FileFormatError, LabelError) as error:
                assert str(error).startswith(str(path))
                assert len(str(error)) <= 400 + len(str(path))
                return
            tasks.save(path)
            assert TaskList.load(path).digest == tasks.digest


class TestGetting:
    def test_shipped_lists_have_the_names_of_their_label_sets(self):
        assert get_tasks("icons").ids == get_labels("icons").ids

    def test_what_is_not_there_says_what_is(self):
        with pytest.raises(FileFormatError, match=r"icnos: no such file.*Did you mean 'icons'"):
            get_tasks("icnos")
        with pytest.raises(FileFormatError, match=r"mine.csv: no such file.*Shipped: icons"):
            get_tasks("mine.csv")


class TestTask:
    def test_classes_are_kept_sorted(self):
        assert Task("x", ("dog", "cat")) == Task("x", ("cat", "dog"))

    def test_one_text_is_no_list_of_classes(self):
        with pytest.raises(LabelError, match="its classes are the text 'cat'"):
            Task("x", "cat")

    def test_as_many_classes_as_there_are_can_be_drawn(self):
        assert sample_random(CLASSES, 4, 1, 0)[0].classes == tuple(CLASSES)
        for size in (0, 5):
            with pytest.raises(LabelError, match=f"size is {size}; .* from 1 to 4, the"):
                sample_random(CLASSES, size, 1, 0)


class TestDrawn:
    TREE = Hierarchy.from_nested([["cat", "dog", "owl"], ["bus", "car"], ["fig", "pear"]])

    def test_every_kind_that_fits_is_drawn(self):
        tasks = draw_tasks(self.TREE, sizes=(2, 3, 7), count=4, name="mine")
        assert {(t.kind, t.size) for t in tasks} == {
            *(("coherent", 2), ("coherent", 3), ("mixed", 2), ("mixed", 3)),
            *(("random", 2), ("random", 3)),
        }
        assert len(tasks) == 24
        assert {t.reference for t in tasks if t.kind != "random"} == {"mine"}

    def test_no_task_is_drawn_twice(self):
        """Two clades of two classes, and one of three, of which three pairs can be drawn."""
        tasks = draw_tasks(self.TREE, sizes=(2,), count=50)
        drawn = [(task.kind, task.classes) for task in tasks]
        assert len(set(drawn)) == len(drawn)
        assert {kind for kind, _ in drawn} == {"coherent", "mixed", "random"}
        assert sum(kind == "random" for kind, _ in drawn) == 7 * 6 / 2
        few = draw_tasks(self.TREE, sizes=(2,), count=3)
        assert {task.id for task in few} <= {task.id for task in tasks}

    def test_the_same_seed_draws_the_same(self):
        one, same, other = (draw_tasks(self.TREE, sizes=(3,), seed=seed) for seed in (1, 1, 2))
        assert one.digest == same.digest != other.digest

    def test_a_star_has_random_tasks_alone(self):
        assert {task.kind for task in draw_tasks(Hierarchy.star("abc"), sizes=(2,))} >= {"random"}

    @pytest.mark.parametrize(
        "options", [{"sizes": (7, 9)}, {"sizes": ()}, {"sizes": (0,)}, {"count": 0}]
    )
    def test_what_draws_nothing_is_refused(self, options):
        with pytest.raises(LabelError):
            draw_tasks(self.TREE, **options)

    def test_csv_is_read_as_it_was_written(self, tmp_path):
        classes = ("#1", "12", 'a "b", c', "cat")
        tasks = TaskList(
            [
                Task("000000", classes[:2]),
                Task("000001", classes[1:], count=3),
                Task("000002", classes[1:2]),
            ],
            classes,
        )
        tasks.save(tmp_path / "t.csv")
        read = TaskList.load(tmp_path / "t.csv")
        assert [(t.classes, t.count) for t in read] == [(t.classes, t.count) for t in tasks]

    def test_another_ending_is_refused(self, tmp_path):
        with pytest.raises(FileFormatError, match=r"\.json or \.csv"):
            draw_tasks(self.TREE).save(tmp_path / "t.xlsx")

    def test_the_name_of_a_shipped_file_is_its_list_s(self):
        assert get_tasks("icons/tasks.json").digest == get_tasks("icons").digest
