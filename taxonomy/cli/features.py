"""``taxonomy features``: compute a trained network's class features for the source 'visual'."""

from taxonomy._core.process import prepare_process
from taxonomy._core.registry import require
from taxonomy.cli._arguments import Given, Parser, Words, add_data, data_request

EXAMPLES = ("taxonomy features runs/flat", "taxonomy features runs/flat --split train")


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("network", metavar="RUN", help="a finished run's folder")
    parser.add_argument(
        "--split",
        choices=("val", "train"),
        default="val",
        help="pictures that the features are of; never those that are tested on [val]",
    )
    add_data(parser, argv, matching=True)


def run(arguments: Given) -> None:
    prepare_process()
    require("torch")
    from taxonomy.training import Run, run_features

    features = run_features(arguments.network, arguments.split, data_request(arguments))
    path = Run(arguments.network).path / f"features-{arguments.split}.npz"
    features.save(path)
    weights = "no weights, as heads read different maps" if features.weights is None else "weights"
    print(
        f"mean features of {len(features.ids)} classes over {int(features.counts.sum())} pictures "
        f"({features.split}), {features.means.shape[1]} channels; {weights}"
    )
    print(f"arrays written to {path}")
    print(f"next: taxonomy generate LABELS --source visual --network {arguments.network}")
