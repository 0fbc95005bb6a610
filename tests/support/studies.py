"""A study of six patterns that takes seconds, and engines to run it by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from taxonomy._core.errors import TaxonomyError
from taxonomy.design.spec import NetSpec
from taxonomy.studies.engines import Ended, Job
from taxonomy.studies.working import work_on
from taxonomy.tasks import Task, TaskList
from tests.support.stripes import CLASSES, TREE, picture_folder

PAIRS = (("across-fine", "across-wide"), ("down-fine", "down-wide"), ("dots", "plain"))
TASKS = TaskList(
    [Task(f"own-{i}", pair, "coherent", "stripes") for i, pair in enumerate(PAIRS)]
    + [Task(f"any-{i}", pair, "random") for i, pair in enumerate(combinations(CLASSES, 2))],
    CLASSES,
)

FILE = """
data = "pictures"
tasks = "tasks.json"
seeds = [0, 1]
size = 2
resamples = 200
verify = 4

[references]
stripes = "stripes"

[train]
epochs = {epochs}
batch_size = 36
precision = "fp32"

[hierarchies.stripes]
tree = "tree.json"
family = "stripes"

[hierarchies.random]
source = "random"
options = {{ levels = [3], slack = 2.0 }}

[networks.small]
spec = "tree-spec.json"

[flat]
widths = [0.5, 2.0]
spec = "flat-spec.json"
"""


def study_folder(folder: Path, epochs: int = 2) -> Path:
    """Write the files of the study and return that of the study itself."""
    picture_folder(folder / "pictures")
    TREE.save(folder / "tree.json")
    TASKS.save(folder / "tasks.json")
    NetSpec.tree(trunk=((6, 1),), levels=((6, 1),), resolution=16).save(folder / "tree-spec.json")
    NetSpec.flat((6, 8), resolution=16).save(folder / "flat-spec.json")
    path = folder / "study.toml"
    path.write_text(FILE.format(epochs=epochs))
    return path


@dataclass(frozen=True)
class Inline:
    """Works on cells in this process, one after another."""

    def work(self, cells: Iterable[str], job: Job) -> Iterator[Ended | None]:
        for cell in cells:
            yield None
            try:
                work_on(job.store, cell)
            except TaxonomyError as error:
                yield Ended(cell, str(error))
            else:
                yield Ended(cell)


def tables(folder: Path) -> dict[str, bytes]:
    """Return the tables of a study by name."""
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}
