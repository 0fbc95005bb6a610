"""What the toolkit makes of public class lists: the table of docs/guides/class-lists.md.

``python -m tests.support.class_lists`` writes it again. The lists in tests/labels/lists are a dozen
classes each, in the layouts in which the data sets publish them; ``.folders`` lists class folders.
"""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import TemporaryDirectory

from taxonomy import generate
from taxonomy._senses import find_senses
from taxonomy.labels import LabelSet, get_labels
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.wordnet.known import known

ROOT = Path(__file__).parents[2]
LISTS = ROOT / "tests" / "labels" / "lists"
PAGE = ROOT / "docs" / "guides" / "class-lists.md"
START, END = "<!-- table: python -m tests.support.class_lists -->\n", "<!-- end of table -->\n"

TITLES = {
    "coco.json": ("COCO", "`instances_val2017.json`"),
    "lvis.json": ("LVIS", "`lvis_v1_val.json`"),
    "open-images.csv": ("Open Images", "`class-descriptions.csv`, no header"),
    "places365.txt": ("Places365", "`categories_places365.txt`"),
    "objects365.yaml": ("Objects365", "`data.yaml` of YOLO"),
    "food-101.txt": ("Food-101", "`classes.txt`"),
    "caltech-101.folders": ("Caltech-101", "class folders"),
    "caltech-256.folders": ("Caltech-256", "class folders"),
    "cub.txt": ("CUB-200-2011", "`classes.txt`"),
    "stanford-dogs.folders": ("Stanford Dogs", "class folders"),
    "quick-draw.txt": ("Quick, Draw!", "`categories.txt`"),
    "audioset.csv": ("AudioSet", "`class_labels_indices.csv`"),
    "imagenet.json": ("ImageNet-1k", "`imagenet_class_index.json`"),
    "nbdt.txt": ("CIFAR-10, as NBDT has it", "`wnids.txt`"),
}
"""Every list, with the data set's name and what the file is called there."""


def table() -> str:
    """Return the table as Markdown."""
    lines = [
        "| list | given as | read as | a class | `senses` | groups that `generate` makes |",
        "|---|---|---|---|---|---|",
    ]
    for name, (title, layout) in TITLES.items():
        form, labels = read(LISTS / name)
        first = next(iter(labels))
        shown = f"`{first.id}`" + (f": {first.name}" if first.name != first.id else "")
        found, tree = made(labels)
        plain = "the folders' names" if name.endswith(".folders") else "names, one a line"
        cells = (title, layout, form or plain, shown, found, groups(tree, labels))
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines) + "\n"


def read(path: Path) -> tuple[str, LabelSet]:
    """Return how a list was read, in the words of the log, and its labels."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    log, listener = logging.getLogger("taxonomy.labels.reading"), Listener()
    level = log.level
    log.addHandler(listener)
    log.setLevel(logging.INFO)
    try:
        with TemporaryDirectory() as folder:
            if path.suffix == ".folders":
                for name in path.read_text().splitlines():
                    (Path(folder) / name).mkdir()
                labels = get_labels(folder)
            else:
                labels = get_labels(path)
    finally:
        log.removeHandler(listener)
        log.setLevel(level)
    form = said[0].partition(": read as ")[2].rpartition(" (")[0] if said else ""
    return form.replace("'", "`"), known(labels)


def made(labels: LabelSet) -> tuple[str, Hierarchy]:
    """Return what `senses` says of the labels, and the tree of those that have a synset then."""
    found = find_senses(labels)
    unsure = [p.label for p in found.proposals if p.unsure]
    summary = found.to_text().splitlines()[-2].partition(": ")[2]
    looked = " · ".join(label.name for label in unsure[:3]) + " …" * (len(unsure) > 3)
    kept = LabelSet(label for label in found.labels() if label.wnid)
    made = generate(kept, "wordnet", same_synset="allow")
    return f"{summary}{f'; unsure: {looked}' if unsure else ''}", made.tree


def groups(tree: Hierarchy, labels: LabelSet) -> str:
    """Return the groups below the root, the largest first."""
    found = [tree.clade(int(node)) for node in tree.nodes[1:] if tree.parent[node] == 0]
    ordered = sorted(found, key=lambda group: (-len(group), group))
    return "; ".join(" · ".join(sorted(labels[one].name for one in group)) for group in ordered)


def written() -> str:
    """Return the table that the page holds."""
    return PAGE.read_text().partition(START)[2].partition(END)[0].strip() + "\n"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(START)
    PAGE.write_text(f"{before}{START}\n{table()}\n{END}{rest.partition(END)[2]}")
