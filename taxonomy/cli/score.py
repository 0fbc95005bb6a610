"""``taxonomy score``: score anybody's predictions on a tree."""

from taxonomy.cli import _arguments as shared
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.cli._options import add_options, given_options

EXAMPLES = (
    "taxonomy score predictions.csv tree.json",
    "taxonomy score predictions.csv icons/wordnet --true label --predicted guess --by designer",
    "taxonomy score logits.npz tree.json --classes imagenet-1k --out scores/",
    "taxonomy score pairs.csv tree.nwk --sample image --category class --value probability",
    "taxonomy score runs/mine icons/hypernyms --split test --json",
)
PREDICTIONS = (
    "CSV, parquet or npz: true classes beside scores (a column a class, or a row for each sample "
    "and class) or beside predicted classes; or a run's folder"
)


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.evaluation import score

    parser.add_argument("predictions", help=PREDICTIONS)
    parser.add_argument("tree", help=shared.TREE)
    add_options(parser, score, "columns and scores")
    count = f"what numbers stand for, from 0, in the order of: {shared.LABELS}"
    parser.add_argument("--classes", dest="score.classes", default="", metavar="LIST", help=count)
    shared.add_out(parser, "write tables (CSV, JSON) and the operating curve into this folder")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(arguments: Given) -> None:
    from taxonomy.evaluation import score

    found = score(arguments.predictions, arguments.tree, **given_options(score, arguments))
    if arguments.json:
        print(found.to_json())
    else:
        shared.say(arguments, found)
    if arguments.out:
        files = [file.name for file in found.save(arguments.out)]
        if arguments.json:
            return
        print(f"written to {arguments.out}: {', '.join(files)}")
        if found.operating is not None and "operating.png" not in files:
            print('no figure; it needs: pip install "taxonomy-experts[plots]"')
