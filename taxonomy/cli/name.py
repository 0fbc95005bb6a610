"""``taxonomy name``: name the inner nodes of a tree."""

from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.cli._ask import asked_at_terminal
from taxonomy.cli._options import add_options, choice, from_options
from taxonomy.labels import LabelSet, get_labels
from taxonomy.llm import Settings
from taxonomy.llm.naming import ask_names
from taxonomy.trees.hierarchy import get_tree
from taxonomy.trees.naming import by_medoid, count_names, name_nodes
from taxonomy.wordnet.naming import by_hypernym

EXAMPLES = (
    "taxonomy name icons/wordnet --labels icons --out named.json",
    "taxonomy name tree.json --by medoid",
    "taxonomy name tree.json --by model --model gpt-4o-mini --price 0.15,0.60 --max-usd 1",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("tree", help=texts.TREE)
    parser.add_argument("--labels", help=f"the tree's classes [its leaves, by id]: {texts.LABELS}")
    parser.add_argument(
        "--by",
        choices=("hypernym", "medoid", "model"),
        default="hypernym",
        help="WordNet's lowest common hypernym, the most central class and the size, or a "
        "language model; nodes without such a name get the next best [hypernym]",
    )
    parser.add_argument("--keep", action="store_true", help="leave names that are there")
    add_out(parser, "named.json", "the named tree's file")
    if choice(argv, "--by", "hypernym") == "model":
        add_options(parser, Settings, "options of --by model", "model")


@asked_at_terminal
def run(arguments: Given) -> None:
    tree = get_tree(arguments.tree)
    given = get_labels(arguments.labels) if arguments.labels else LabelSet(tree.leaves)
    labels = given.restrict(tree.leaves)
    namers = {"medoid": by_medoid(tree, labels)}
    if arguments.by != "medoid":
        namers = {"hypernym": by_hypernym(tree, labels)} | namers
    if arguments.by == "model":
        settings = from_options(Settings, arguments)
        namers = {"model": ask_names(tree, labels, settings)} | namers
    named = name_nodes(tree, *namers.values(), keep=arguments.keep)
    named.save(arguments.out)
    parts = (f"{count} by {namer}" for namer, count in count_names(tree, namers).items())
    print(f"{len(tree.nodes) - 1} nodes named: {', '.join(parts)}")
    print(f"tree {named.digest[:12]} written to {arguments.out}")
