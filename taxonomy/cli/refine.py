"""``taxonomy refine``: improve a tree by moving classes while its cost falls."""

from taxonomy.cli._arguments import LABELS, TREE, Given, Parser, Words, add_out
from taxonomy.cli._options import add_choice, add_options, from_options, given_options
from taxonomy.clustering.refinement import Bounds, refine
from taxonomy.formats import format_to_write, get_tree, saved
from taxonomy.labels import get_labels
from taxonomy.similarity import SOURCES

EXAMPLES = (
    "taxonomy refine icons/hypernyms --labels icons --source embedding",
    "taxonomy refine icons/hypernyms --labels icons --most-leaves 40,12 --out refined.json",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("tree", help=TREE)
    parser.add_argument("--labels", required=True, help=LABELS)
    add_options(parser, Bounds, "bounds")
    add_options(parser, refine, "what is improved")
    add_out(
        parser,
        "the refined tree's file",
        format_to_write,
        "refined.json",
    )
    add_choice(parser, argv, "--source", SOURCES, "wordnet")


def run(arguments: Given) -> None:
    from taxonomy.comparison import dasgupta_cost

    tree = get_tree(arguments.tree)
    labels = get_labels(arguments.labels).restrict(tree.leaves)
    similarity = from_options(SOURCES.get(arguments.source), arguments)(labels)
    bounds = from_options(Bounds, arguments)
    refined = refine(tree, similarity, bounds, **given_options(refine, arguments))
    before, after = (dasgupta_cost(t, similarity, normalised=True) for t in (tree, refined))
    print(f"Dasgupta's cost by {arguments.source}: {before:.4f} before, {after:.4f} now")
    print(saved(refined, arguments.out))
