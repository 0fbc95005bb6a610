"""Task sampling keeps its promises, and the shipped list was drawn by it."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from taxonomy._core import shipped
from taxonomy._core.errors import FileFormatError, LabelError
from taxonomy.labels import get_labels
from taxonomy.tasks import Task, TaskList, sample_coherent, sample_mixed, sample_random
from taxonomy.trees.hierarchy import Hierarchy

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
    return TaskList.load(shipped.path("icons/tasks.json"))


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
        (lambda c: c.pop("digest"), "does not match its digest"),
        (lambda c: c["tasks"][0].update(classes=["kat"]), "'pets': Unknown class 'kat'"),
        (lambda c: c["tasks"][0].pop("kind"), "malformed task"),
        (lambda c: c["tasks"][0].update(id="all"), "'all' occurs twice"),
        (lambda c: c.update(format="x"), "not a taxonomy-tasks file"),
    ],
)
def test_damage_is_reported(tmp_path, change, message):
    LIST.save(tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    change(content)
    (tmp_path / "t.json").write_text(json.dumps(content))
    with pytest.raises(FileFormatError, match=rf"t\.json: .*{message}"):
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
        with pytest.raises(LabelError, match="Task '1' is asked for"):
            TaskList([Task("1", ("cat",), count=count)], ["cat"])

    def test_restricting_keeps_them(self):
        assert self.TASKS.restrict(["cat"]).counts.tolist() == [12]

    def test_reading_csv(self, tmp_path):
        (tmp_path / "wanted.csv").write_text('# comment\n12, cat, dog\n1,"car"\n')
        read = TaskList.read(tmp_path / "wanted.csv", ["car", "cat", "dog"])
        assert [(t.count, t.classes) for t in read] == [(12, ("cat", "dog")), (1, ("car",))]
