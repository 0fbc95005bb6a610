"""``taxonomy refine``: improve a tree by moving classes while its cost falls."""

from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, choice, from_options, reader
from taxonomy.labels import get_labels
from taxonomy.similarity import SOURCES
from taxonomy.trees.hierarchy import get_tree

EXAMPLES = (
    "taxonomy refine icons/hypernyms --labels icons --source embedding",
    "taxonomy refine icons/hypernyms --labels icons --most-leaves 40,12 --out refined.json",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("tree", help=texts.TREE)
    parser.add_argument("--labels", required=True, help=texts.LABELS)
    parser.add_argument("--source", default="wordnet", help=f"{', '.join(SOURCES)} [wordnet]")
    for which, word in (("least", "fewest"), ("most", "most")):
        parser.add_argument(
            f"--{which}-leaves",
            type=reader(tuple[int, ...]),
            default=(),
            metavar="N,N",
            help=f"{word} classes of a node, by depth from the root's children down [no bound]",
        )
    parser.add_argument(
        "--beyond-chance",
        action="store_true",
        help="subtract the cost that group sizes alone explain, so that size gains nothing",
    )
    add_out(parser, "refined.json", "the refined tree's file")
    name = choice(argv, "--source", "wordnet")
    add_options(parser, SOURCES.get(name), f"options of --source {name}", "source")


def run(arguments: Given) -> None:
    from taxonomy.clustering.refinement import Bounds, refine
    from taxonomy.comparison import dasgupta_cost

    tree = get_tree(arguments.tree)
    labels = get_labels(arguments.labels).restrict(tree.leaves)
    similarity = from_options(SOURCES.get(arguments.source), arguments)(labels)
    bounds = Bounds(arguments.least_leaves, arguments.most_leaves)
    refined = refine(tree, similarity, bounds, beyond_chance=arguments.beyond_chance)
    refined.save(arguments.out)
    before, after = (dasgupta_cost(t, similarity, normalised=True) for t in (tree, refined))
    print(f"Dasgupta's cost by {arguments.source}: {before:.4f} before, {after:.4f} now")
    print(f"tree {refined.digest[:12]} written to {arguments.out}")
