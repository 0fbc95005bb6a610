"""``taxonomy pack``: write a network's trunk once, and a small file for every node and class."""

from taxonomy.cli._arguments import NETWORK, Given, Parser, Words, add_classes, add_out, add_width

EXAMPLES = (
    "taxonomy pack icons/tree --out packs/",
    "taxonomy pack icons/tree --precision int8 --out packs/",
)


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("net", help=NETWORK)
    add_classes(parser)
    add_width(parser)
    told = "float, or int8 for weights in whole numbers: a third of the bytes [float]"
    parser.add_argument("--precision", choices=("float", "int8"), default="float", help=told)
    told = "pictures to compare and measure on: icons or a folder [its own]"
    parser.add_argument("--data", dest="calibration", metavar="FOLDER", help=told)
    add_out(parser, "the bank's folder", default="packs")


def run(arguments: Given) -> None:
    from taxonomy.export import pack

    names = ("classes", "width", "precision", "calibration")
    made = pack(arguments.net, arguments.out, **{name: getattr(arguments, name) for name in names})
    print(f"{made}\nbank written to {arguments.out}")
    print(f"next: python {arguments.out / 'bank.py'} PICTURE")
