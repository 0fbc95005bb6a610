"""``taxonomy curve``: draw experts' accuracy over their cost, beside flat networks."""

from taxonomy._core.endings import FIGURES
from taxonomy.cli import _arguments as shared
from taxonomy.cli._arguments import Given, Parser, Words

EXAMPLES = (
    "taxonomy curve icons/tree icons/flat --out curve.png",
    "taxonomy curve runs/wordnet runs/flat icons/tree icons/flat --size 10",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    networks = f"flat ones form the line; {shared.NETWORK}"
    parser.add_argument("networks", nargs="+", help=networks)
    parser.add_argument("--tasks", help=shared.TASKS)
    size = "classes of the tasks that are drawn [5, or else the commonest size]"
    parser.add_argument("--size", type=int, help=size)
    drawn = "the picture, with the table beside it as CSV"
    shared.add_out(parser, drawn, FIGURES, "curve.png")
    shared.add_scoring(parser)
    shared.add_data(parser, argv, matching=False)


def run(arguments: Given) -> None:
    from taxonomy.evaluation import cost_accuracy_curve
    from taxonomy.tasks import tasks_of
    from taxonomy.training import scored_by_name

    nets = scored_by_name(arguments.networks, *shared.scoring(arguments))
    tree = max((net.hierarchy for net in nets.values()), key=lambda tree: len(tree.nodes))
    curve = cost_accuracy_curve(nets, tasks_of(tree, arguments.tasks), arguments.size)
    figure, table = curve.save(arguments.out)
    print(f"{curve}\nfigure written to {figure}, table to {table}")
