"""``taxonomy compare``: compare trees over the classes they share."""

from taxonomy._core import io
from taxonomy._core.endings import TABLES
from taxonomy._core.errors import TaxonomyError
from taxonomy.cli._arguments import TREE, Given, Parser, Words, add_out
from taxonomy.cli._options import reader
from taxonomy.formats import get_tree

EXAMPLES = (
    "taxonomy compare icons/wordnet icons/embedding",
    "taxonomy compare icons/wordnet icons/llm-rows --samples 100 --metrics robinson_foulds",
    "taxonomy compare icons/wordnet icons/embedding --moved 10",
)


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.comparison import METRICS

    parser.add_argument("trees", nargs="+", help=f"two or more; each {TREE}")
    known = f"separated by commas [all]: {', '.join(METRICS)}"
    parser.add_argument("--metrics", type=reader(tuple[str, ...]), default=(), help=known)
    chance = "random relabellings that give values by chance [0]"
    parser.add_argument("--samples", type=int, default=0, help=chance)
    parser.add_argument("--moved", type=int, default=0, help="print this many classes moved most")
    add_out(parser, "write the table", TABLES)


def run(arguments: Given) -> None:
    from taxonomy.comparison import compare, comparison_text

    trees = {name: get_tree(name) for name in arguments.trees}
    if len(trees) < len(arguments.trees):
        raise TaxonomyError("A tree is named twice; name each tree once.")
    table = compare(trees, arguments.metrics, arguments.samples)
    print(comparison_text(table, trees, arguments.moved))
    if arguments.out:
        io.write_text(arguments.out, table.to_csv(index=False))
        print(f"table written to {arguments.out}")
