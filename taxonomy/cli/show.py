"""``taxonomy show``: print a tree."""

from taxonomy._core import io
from taxonomy._core.endings import TEXTS
from taxonomy.cli import _arguments as shared
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.wordnet.known import display_names

EXAMPLES = ("taxonomy show icons/wordnet", "taxonomy show icons/wordnet --classes cat,dog,car")


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("tree", help=shared.TREE)
    shared.add_classes(parser)
    parser.add_argument("--labels", help=f"names for its classes [WordNet's]: {shared.LABELS}")
    shared.add_out(parser, "write the text to a file instead", TEXTS)


def run(arguments: Given) -> None:
    from taxonomy.comparison import describe

    tree = shared.chosen_tree(arguments)
    text = tree.to_text(display_names(tree.leaves, arguments.labels))
    if arguments.out:
        io.write_text(arguments.out, text + "\n")
        text = f"text written to {arguments.out}"
    print(f"{text}\n{describe(tree)}")
