"""``taxonomy evaluate``: print a network's scores, and those of its experts."""

from pathlib import Path

from taxonomy._core import io
from taxonomy._core.process import prepare_process
from taxonomy._core.registry import require
from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words, add_data, data_request
from taxonomy.labels import class_names
from taxonomy.trees.hierarchy import get_tree

EXAMPLES = (
    "taxonomy evaluate runs/wordnet",
    "taxonomy evaluate icons/tree --classes cat,dog",
    "taxonomy evaluate expert.safetensors --data pictures/",
    "taxonomy evaluate runs/flat --hierarchy icons/hypernyms --out runs/flat/scores",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("network", help=texts.NETWORK)
    parser.add_argument("--split", choices=("val", "test"), default="val", help=texts.SPLIT)
    parser.add_argument("--classes", help=texts.CLASSES)
    parser.add_argument("--hierarchy", help=f"tree that weighs mistakes [its own]: {texts.TREE}")
    parser.add_argument("--bins", type=int, default=15, help="of the calibration error [15]")
    parser.add_argument("--tasks", help=texts.TASKS)
    parser.add_argument("--out", type=Path, help="write all tables as CSV files into this folder")
    add_data(parser, argv, matching=False)


def run(arguments: Given) -> None:
    prepare_process()
    require("torch")
    from taxonomy.evaluation import evaluate, evaluate_tasks
    from taxonomy.tasks import tasks_for
    from taxonomy.training import scored

    net = scored(arguments.network, arguments.split, data_request(arguments))
    predictions = net.predictions
    if arguments.classes is not None:
        predictions = predictions.restrict(class_names(arguments.classes))
    tree = get_tree(arguments.hierarchy) if arguments.hierarchy else net.hierarchy
    result = evaluate(predictions, tree, arguments.bins)
    print(f"{arguments.split} split\n{result.to_text()}")
    if len(tree.nodes) == 1:
        print("the tree is a star, by which all mistakes are equal; give another with --hierarchy")
    files = result.save(arguments.out) if arguments.out else ()
    tasks = tasks_for(net.predictions.ids, arguments.tasks, required=bool(arguments.tasks))
    if arguments.classes is None and tasks is not None:
        scores = evaluate_tasks(net.spec, net.hierarchy, predictions, tasks, arguments.bins)
        print(f"experts by kind of task:\n{scores.kinds.round(4).to_string(index=False)}")
        if arguments.out:
            files = (*files, arguments.out / "tasks.csv")
            io.write_text(files[-1], scores.tasks.to_csv(index=False))
    if files:
        print(f"tables written to {arguments.out}: {', '.join(file.name for file in files)}")
