"""``taxonomy features``: compute a trained network's class features for the source 'visual'."""

from taxonomy.cli._arguments import Given, Parser, Words, add_data, add_scoring, scoring

EXAMPLES = ("taxonomy features runs/flat", "taxonomy features runs/flat --split train")


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("network", metavar="RUN", help="a finished run's folder")
    of = "pictures that the features are of; never those that are tested on"
    add_scoring(parser, "train", of)
    add_data(parser, argv, matching=True)


def run(arguments: Given) -> None:
    from taxonomy.training import Run, run_features

    features = run_features(arguments.network, *scoring(arguments))
    path = Run(arguments.network).path / f"features-{arguments.split}.npz"
    features.save(path)
    print(f"{features}\narrays written to {path}")
    print(f"next: taxonomy generate LABELS --source visual --network {arguments.network}")
