"""``taxonomy plot``: draw a tree as a picture."""

from dataclasses import replace

from taxonomy._core.endings import FIGURES
from taxonomy._core.errors import DataError
from taxonomy._core.spelling import counted
from taxonomy.cli import _arguments as shared
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.cli._options import add_options, given_options
from taxonomy.wordnet.known import display_names

PIXELS = 32
"""A side of a class's picture, which is drawn a quarter of an inch wide."""

EXAMPLES = (
    "taxonomy plot icons/wordnet --out tree.png",
    "taxonomy plot icons/wordnet --kind radial --classes cat,dog,car --out three.svg",
    "taxonomy plot icons/wordnet --data icons --out pictures.svg",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("tree", help=shared.TREE)
    shared.add_classes(parser)
    shared.add_out(parser, "the picture", FIGURES, "tree.png")
    from taxonomy.plots import plot_tree

    add_options(parser, plot_tree, "the picture")
    shared.add_data(parser, argv, matching=False, text="draw each class with a picture of")


def run(given: Given) -> None:
    from taxonomy.plots import plot_tree

    tree = shared.chosen_tree(given)
    names = display_names(tree.leaves)
    options = {"title": given.tree, "names": names, **given_options(plot_tree, given)}
    pictures = {}
    if asked := shared.data_request(given):
        pictures = replace(asked, classes=()).pictures(PIXELS).typical(tree.leaves)
        if not pictures:
            raise DataError(f"{given.data} has no picture of the tree's classes.")
    plot_tree(tree, given.out, pictures=pictures, **options)
    print(f"{counted(len(tree.leaves), 'class')} drawn to {given.out}")
    if 0 < len(pictures) < len(tree.leaves):
        print(f"{len(tree.leaves) - len(pictures)} of them without a picture: the data has none")
    if tree.support is None:
        print(
            "no support is shown; to store how stable nodes are: taxonomy generate --stability 100"
        )
