"""``taxonomy predict``: say what is on pictures, coarse to fine."""

import json

from taxonomy.cli._arguments import NETWORK, Given, Parser, Words, add_width

EXAMPLES = (
    "taxonomy predict icons/tree cat.png",
    "taxonomy predict pets.safetensors photos/ --csv",
    "taxonomy predict runs/mine a.jpg b.jpg --top 3 --json",
)


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("network", help=NETWORK)
    parser.add_argument("pictures", nargs="+", metavar="PICTURE", help="files, or folders of them")
    parser.add_argument("--top", type=int, default=5, help="classes shown of each picture [5]")
    add_width(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON, one list of all pictures")
    form.add_argument("--csv", action="store_true", help="print CSV, a line a picture and class")


def run(arguments: Given) -> None:
    from taxonomy.nets import predict

    answers = predict(arguments.network, arguments.pictures, width=arguments.width)
    if arguments.json:
        print(json.dumps(answers.to_dicts(arguments.top), indent=1, ensure_ascii=False))
    elif arguments.csv:
        print(answers.to_csv(arguments.top), end="")
    else:
        print(answers.to_text(arguments.top))
