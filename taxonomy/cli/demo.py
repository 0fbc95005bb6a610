"""``taxonomy demo``: the whole way on the shipped icons, from class names to experts."""

from taxonomy._core.process import prepare_process
from taxonomy._core.registry import require
from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, from_options

EXAMPLES = ("taxonomy demo", "taxonomy demo --epochs 3 --out /tmp/demo")


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.study.demo import DemoConfig

    add_out(parser, "runs/demo", "folder of everything that is made; a stopped run continues in it")
    add_options(parser, DemoConfig, "size of the demonstration")


def run(arguments: Given) -> None:
    prepare_process()
    require("torch")
    from taxonomy.study.demo import DemoConfig, demo

    print(demo(arguments.out, from_options(DemoConfig, arguments)))
    print(f"report, figure, tables, trees and experts written to {arguments.out}")
