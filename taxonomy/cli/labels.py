"""``taxonomy labels``: read a list of classes, check it and print it."""

from pathlib import Path

from taxonomy._core.endings import TABLES
from taxonomy.cli._arguments import LABELS, Given, Parser, Words, add_out
from taxonomy.data.survey import survey
from taxonomy.labels import get_labels
from taxonomy.wordnet.known import known, listed

EXAMPLES = ("taxonomy labels icons", "taxonomy labels classes.csv --out sorted.csv")


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("labels", help=LABELS)
    add_out(parser, "write the labels, sorted by id", TABLES)


def run(arguments: Given) -> None:
    labels = known(get_labels(arguments.labels))
    print(listed(labels))
    if Path(arguments.labels).is_dir():
        print(survey(arguments.labels))
    if arguments.out:
        labels.save(arguments.out)
        print(f"labels written to {arguments.out}")
