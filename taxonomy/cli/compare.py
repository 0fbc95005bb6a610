"""``taxonomy compare``: compare trees over the classes they share."""

from taxonomy._core.errors import TaxonomyError
from taxonomy.cli._arguments import TREE, Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, given_options, reader
from taxonomy.formats import get_tree

EXAMPLES = (
    "taxonomy compare icons/wordnet icons/embedding",
    "taxonomy compare icons/wordnet icons/llm-rows --samples 100 --metrics robinson_foulds",
    "taxonomy compare icons/wordnet icons/embedding icons/llm-rows --out report",
)


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.comparison import METRICS, ComparisonReport, check_report

    parser.add_argument("trees", nargs="+", help=f"two or more; each {TREE}")
    parser.add_argument("--moved", type=int, default=0, help="print this many classes moved most")
    known = f"separated by commas [all]: {', '.join(METRICS)}"
    parser.add_argument("--metrics", type=reader(tuple[str, ...]), default=(), help=known)
    add_options(parser, ComparisonReport, "chance and pictures", skip=("metrics",))
    add_out(parser, "a folder for the whole report, or .csv for the table", check_report)


def run(arguments: Given) -> None:
    from taxonomy.comparison import ComparisonReport, comparison_text

    trees = {name: get_tree(name) for name in arguments.trees}
    if len(trees) < len(arguments.trees):
        raise TaxonomyError("A tree is named twice; name each tree once.")
    options = given_options(ComparisonReport, arguments)
    report = ComparisonReport(trees, arguments.metrics, **options)
    print(comparison_text(report.table, trees, arguments.moved))
    if arguments.out:
        print(f"written to {report.save(arguments.out)}")
