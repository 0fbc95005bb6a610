"""``taxonomy demo``: go the whole way on the shipped icons, from class names to experts."""

from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, from_options

EXAMPLES = ("taxonomy demo", "taxonomy demo --epochs 3 --out /tmp/demo")


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.studies.demo import DemoConfig

    folder = "folder of everything that is made; a stopped run continues in it"
    add_out(parser, folder, default="runs/demo")
    add_options(parser, DemoConfig, "size of the demonstration")


def run(arguments: Given) -> None:
    from taxonomy.studies.demo import DemoConfig, demo

    print(demo(arguments.out, from_options(DemoConfig, arguments)))
    print(f"report, figure, tables, trees and experts written to {arguments.out}")
