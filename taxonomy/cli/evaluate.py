"""``taxonomy evaluate``: print a network's scores, and those of its experts."""

from taxonomy.cli import _arguments as shared
from taxonomy.cli._arguments import Given, Parser, Words

EXAMPLES = (
    "taxonomy evaluate runs/wordnet",
    "taxonomy evaluate icons/tree --classes cat,dog",
    "taxonomy evaluate runs/widths --width 0.5",
    "taxonomy evaluate expert.safetensors --data pictures/",
    "taxonomy evaluate runs/flat --hierarchy icons/hypernyms --out runs/flat/scores",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("network", help=shared.NETWORK)
    shared.add_classes(parser)
    shared.add_width(parser)
    weighs = f"tree that weighs mistakes [its own]: {shared.TREE}"
    parser.add_argument("--hierarchy", help=weighs)
    parser.add_argument("--bins", type=int, default=15, help="of the calibration error [15]")
    parser.add_argument("--tasks", help=shared.TASKS)
    shared.add_out(parser, "write all tables as CSV files into this folder")
    shared.add_scoring(parser)
    shared.add_data(parser, argv, matching=False)


def run(arguments: Given) -> None:
    from taxonomy.evaluation import evaluate_network
    from taxonomy.tasks import tasks_for
    from taxonomy.training import scored

    net = scored(arguments.network, *shared.scoring(arguments), arguments.width)
    scores = evaluate_network(
        net,
        classes=arguments.classes,
        hierarchy=arguments.hierarchy,
        tasks=tasks_for(net.hierarchy.leaves, arguments.tasks, required=bool(arguments.tasks)),
        bins=arguments.bins,
    )
    shared.say(arguments, scores)
    if arguments.out:
        names = ", ".join(file.name for file in scores.save(arguments.out))
        print(f"tables written to {arguments.out}: {names}")
