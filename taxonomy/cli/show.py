"""``taxonomy show``: print a tree."""

from pathlib import Path

from taxonomy._core import io
from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.labels import class_names
from taxonomy.trees.hierarchy import get_tree

EXAMPLES = ("taxonomy show icons/wordnet", "taxonomy show icons/wordnet --classes cat,dog,car")


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("tree", help=texts.TREE)
    parser.add_argument("--classes", help=texts.CLASSES)
    parser.add_argument("--out", type=Path, help="write the text to a file instead")


def run(arguments: Given) -> None:
    from taxonomy.comparison import describe

    tree = get_tree(arguments.tree)
    if arguments.classes is not None:
        tree = tree.restrict(class_names(arguments.classes))
    if arguments.out:
        io.write_text(arguments.out, tree.to_text() + "\n")
        print(f"{describe(tree)}; text written to {arguments.out}")
    else:
        print(tree.to_text())
        print(describe(tree))
