"""``taxonomy check``: check a tree file: errors, warnings, notes."""

from collections import Counter

from taxonomy._core.errors import HierarchyError
from taxonomy._core.spelling import counted
from taxonomy.cli._arguments import LABELS, TREE, Given, Parser, Words
from taxonomy.formats import find_tree, read_raw
from taxonomy.labels import get_labels
from taxonomy.trees.checks import check

EXAMPLES = ("taxonomy check tree.json", "taxonomy check tree.json --labels icons")


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("tree", help=TREE)
    parser.add_argument("--labels", help=f"the classes that it is meant for: {LABELS}")


def run(arguments: Given) -> None:
    reading = read_raw(find_tree(arguments.tree), parents="first")
    for note in reading.notes:
        print(f"in reading: {note}")
    findings = check(reading.raw, get_labels(arguments.labels) if arguments.labels else None)
    for finding in findings:
        print(finding)
    count = Counter(finding.severity for finding in findings)
    print(", ".join(counted(count[name], name) for name in ("error", "warning", "note")))
    if count["error"]:
        raise HierarchyError(f"{arguments.tree}: has errors; mend the entries named above.")
