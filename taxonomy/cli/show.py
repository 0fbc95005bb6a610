"""``taxonomy show``: print a tree."""

from taxonomy._core import io
from taxonomy._core.endings import TEXTS
from taxonomy.cli._arguments import (
    LABELS,
    TREE,
    Given,
    Parser,
    Words,
    add_classes,
    add_out,
    chosen_tree,
)
from taxonomy.wordnet.known import display_names

EXAMPLES = ("taxonomy show icons/wordnet", "taxonomy show icons/wordnet --classes cat,dog,car")


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("tree", help=TREE)
    add_classes(parser)
    parser.add_argument("--labels", help=f"names for its classes [WordNet's]: {LABELS}")
    add_out(parser, "write the text to a file instead", TEXTS)


def run(arguments: Given) -> None:
    from taxonomy.comparison import describe

    tree = chosen_tree(arguments)
    text = tree.to_text(display_names(tree.leaves, arguments.labels))
    if arguments.out:
        io.write_text(arguments.out, text + "\n")
        text = f"text written to {arguments.out}"
    print(f"{text}\n{describe(tree)}")
