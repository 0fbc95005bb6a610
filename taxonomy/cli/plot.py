"""``taxonomy plot``: draw a tree as a picture."""

from taxonomy._core.endings import FIGURES
from taxonomy._core.spelling import counted
from taxonomy.cli._arguments import TREE, Given, Parser, Words, add_classes, add_out, chosen_tree
from taxonomy.cli._options import add_options, given_options
from taxonomy.wordnet.known import display_names

EXAMPLES = (
    "taxonomy plot icons/wordnet --out tree.png",
    "taxonomy plot icons/wordnet --kind radial --classes cat,dog,car --out three.svg",
)


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("tree", help=TREE)
    add_classes(parser)
    add_out(parser, "the picture", FIGURES, "tree.png")
    from taxonomy.plots import plot_tree

    add_options(parser, plot_tree, "the picture")


def run(arguments: Given) -> None:
    from taxonomy.plots import plot_tree

    tree = chosen_tree(arguments)
    names = display_names(tree.leaves)
    options = {"title": arguments.tree, "names": names, **given_options(plot_tree, arguments)}
    plot_tree(tree, arguments.out, **options)
    print(f"{counted(len(tree.leaves), 'class')} drawn to {arguments.out}")
    if tree.support is None:
        print(
            "no support is shown; to store how stable nodes are: taxonomy generate --stability 100"
        )
