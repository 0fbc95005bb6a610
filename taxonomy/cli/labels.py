"""``taxonomy labels``: read a list of classes, check it and print it."""

from taxonomy._core.endings import TABLES
from taxonomy.cli._arguments import LABELS, Given, Parser, Words, add_out
from taxonomy.labels import get_labels

EXAMPLES = ("taxonomy labels icons", "taxonomy labels classes.csv --out sorted.csv")


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("labels", help=LABELS)
    add_out(parser, "write the labels, sorted by id", TABLES)


def run(arguments: Given) -> None:
    labels = get_labels(arguments.labels)
    for label in labels:
        print(f"{label.id}\t{label.name}\t{label.wnid or '-'}\t{label.definition}")
    with_wnid = sum(bool(label.wnid) for label in labels)
    print(f"{len(labels)} labels, {with_wnid} with a WordNet id; digest {labels.digest[:12]}")
    if arguments.out:
        labels.save(arguments.out)
        print(f"labels written to {arguments.out}")
