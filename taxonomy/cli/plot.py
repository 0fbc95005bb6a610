"""``taxonomy plot``: draw a tree as a picture."""

from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, given_options
from taxonomy.labels import class_names
from taxonomy.trees.hierarchy import get_tree

EXAMPLES = (
    "taxonomy plot icons/wordnet --out tree.png",
    "taxonomy plot icons/wordnet --classes cat,dog,car --out three.svg",
)


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.plots import plot_tree

    parser.add_argument("tree", help=texts.TREE)
    parser.add_argument("--classes", help=texts.CLASSES)
    add_options(parser, plot_tree, "the picture")
    add_out(parser, "tree.png", "the picture, as .png, .svg or .pdf")


def run(arguments: Given) -> None:
    from taxonomy.plots import plot_tree

    tree = get_tree(arguments.tree)
    if arguments.classes is not None:
        tree = tree.restrict(class_names(arguments.classes))
    options = {"title": arguments.tree, **given_options(plot_tree, arguments)}
    plot_tree(tree, arguments.out, **options)
    print(f"{len(tree.leaves)} classes drawn to {arguments.out}")
    if tree.support is None:
        print("nodes are not coloured: taxonomy generate --stability 100 stores how stable each is")
