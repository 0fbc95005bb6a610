"""``taxonomy train``: train a network that a tree shapes; a stopped run continues."""

from typing import Any

from taxonomy._core.errors import TrainingError
from taxonomy.cli import _arguments as shared
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.cli._options import add_options, given_options

EXAMPLES = (
    "taxonomy train --data icons --hierarchy icons/wordnet --out runs/wordnet",
    "taxonomy train --data pictures/ --hierarchy tree.json --init-from icons/tree --out runs/mine",
    "taxonomy train --data icons --flat --width 0.5 --epochs 4 --out runs/flat-half",
    "taxonomy train --data icons --hierarchy icons/llm-rows-24 --teacher icons/flat --distill 2",
    "taxonomy train --data icons --flat --classes cat,dog,horse --out runs/dedicated",
    "taxonomy train --resume --out runs/mine",
    "torchrun --nproc-per-node 2 -m taxonomy train --data icons --flat --out runs/two",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("--hierarchy", help=f"the tree that shapes the network: {shared.TREE}")
    parser.add_argument("--flat", action="store_true", help="train a flat network, without a tree")
    shared.add_classes(parser, f"train a dedicated network: {shared.CLASSES}")
    shared.add_out(parser, "folder of the run", default="runs/train")
    resume = "continue the run in --out with its own settings"
    parser.add_argument("--resume", action="store_true", help=resume)
    typed = {word.partition("=")[0] for word in argv if word.startswith("--")}
    parser.set_defaults(typed=sorted(typed - {"--resume", "--out", "--quiet", "--verbose"}))
    from taxonomy.training import Augment, Objective, TrainConfig, train

    add_options(parser, train, "network", skip=("progress",))
    add_options(parser, TrainConfig, "training")
    add_options(parser, Augment, "augmentation: how training pictures are varied")
    add_options(parser, Objective, "objective: weights of the losses, and their settings")
    shared.add_data(parser, argv, matching=True)


def run(arguments: Given) -> None:
    from taxonomy.training import resume, train
    from taxonomy.training.distribution import is_first, processes
    from taxonomy.training.start import chosen_device, run_settings

    if arguments.resume and arguments.typed:
        raise TrainingError(
            f"A resumed run keeps its own settings; leave out {', '.join(arguments.typed)}."
        )
    folder = arguments.out
    given = run_settings(folder) if arguments.resume else given_options(train, arguments)
    with processes(chosen_device(given.get("device", "auto"))):
        finished = resume(folder) if arguments.resume else train(folder, **_asked(arguments))
        if is_first():
            print(f"{finished}\nrun written to {folder}")
            print(f"next: taxonomy evaluate {folder}, or taxonomy extract {folder} --classes …")


def _asked(arguments: Given) -> dict[str, Any]:
    """Return the arguments of `train` but for the folder."""
    from taxonomy.training import Augment, Objective, TrainConfig, train

    data = shared.data_request(arguments)
    if data is None:
        raise TrainingError("Name the pictures: a folder of class folders, or a data set (`data`).")
    if not (arguments.flat or arguments.hierarchy):
        raise TrainingError("Name the tree that shapes it (`hierarchy`), or ask for `flat`.")
    if arguments.flat and arguments.hierarchy:
        raise TrainingError("`flat` has no tree; leave out `hierarchy`.")
    asked = {"tree": arguments.hierarchy, "data": data}
    for options in (train, TrainConfig, Augment, Objective):
        asked |= given_options(options, arguments)
    return asked
