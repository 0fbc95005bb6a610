"""``taxonomy curve``: draw experts' accuracy over their cost, beside flat networks."""

from taxonomy._core import io
from taxonomy._core.process import prepare_process
from taxonomy._core.registry import require
from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words, add_data, add_out, data_request

EXAMPLES = (
    "taxonomy curve icons/tree icons/flat --out curve.png",
    "taxonomy curve runs/wordnet runs/flat icons/tree icons/flat --size 10",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("networks", nargs="+", help=f"flat ones form the line; {texts.NETWORK}")
    parser.add_argument("--split", choices=("val", "test"), default="val", help=texts.SPLIT)
    parser.add_argument("--tasks", help=texts.TASKS)
    parser.add_argument("--size", type=int, default=5, help="classes a task [5]")
    add_out(parser, "curve.png", "the picture; the table goes beside it as CSV")
    add_data(parser, argv, matching=False)


def run(arguments: Given) -> None:
    prepare_process()
    require("torch")
    from taxonomy.evaluation import mean_points_of_size
    from taxonomy.plots import cost_accuracy_figure, save_figure
    from taxonomy.tasks import tasks_for
    from taxonomy.training import scored_by_name

    nets = scored_by_name(arguments.networks, arguments.split, data_request(arguments))
    tasks = tasks_for(next(iter(nets.values())).hierarchy.leaves, arguments.tasks)
    means, shown = mean_points_of_size(nets, tasks, arguments.size)
    flat = [name for name, net in nets.items() if len(net.hierarchy.nodes) == 1]
    note = f"{arguments.split} split; bars: standard error over tasks"
    save_figure(arguments.out, cost_accuracy_figure(means, flat, arguments.size, note))
    table = arguments.out.with_suffix(".csv")
    io.write_text(table, means.to_csv(index=False))
    print(shown.round(4).to_string(index=False))
    print(f"figure written to {arguments.out}, table to {table}")
