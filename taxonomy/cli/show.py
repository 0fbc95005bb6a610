"""``taxonomy show``: print a tree."""

from taxonomy._core import io
from taxonomy._core.endings import TEXTS
from taxonomy.cli._arguments import TREE, Given, Parser, Words, add_classes, add_out, chosen_tree

EXAMPLES = ("taxonomy show icons/wordnet", "taxonomy show icons/wordnet --classes cat,dog,car")


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("tree", help=TREE)
    add_classes(parser)
    add_out(parser, "write the text to a file instead", TEXTS)


def run(arguments: Given) -> None:
    from taxonomy.comparison import describe

    tree = chosen_tree(arguments)
    if arguments.out:
        io.write_text(arguments.out, tree.to_text() + "\n")
        print(f"{describe(tree)}; text written to {arguments.out}")
    else:
        print(tree.to_text())
        print(describe(tree))
