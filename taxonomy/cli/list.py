"""``taxonomy list``: show what ships: trees, labels and more, with origin and licence."""

from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from typing import get_args

from taxonomy._core import io
from taxonomy._core.shipped import Kind, Shipped, list_shipped
from taxonomy._core.spelling import counted
from taxonomy.cli._arguments import Given, Parser, Words

EXAMPLES = ("taxonomy list", "taxonomy list trees", "taxonomy list trees --json")


def add_arguments(parser: Parser, _: Words) -> None:
    kinds = f"of one kind only: {', '.join(get_args(Kind))}"
    parser.add_argument("kind", metavar="KIND", nargs="?", help=kinds)
    parser.add_argument("--json", action="store_true", help="print JSON, with sha256 and files")


def run(given: Given) -> None:
    order = get_args(Kind)
    things = sorted(list_shipped(given.kind), key=lambda x: (order.index(x.kind), x.name))
    if given.json:
        print(io.indented_json([asdict(x) | {"path": str(x.path)} for x in things]))
        return
    for kind, group in groupby(things, lambda thing: thing.kind):
        print("\n".join([f"{kind}:", *_lines(group)]))


def _lines(things: Iterable[Shipped]) -> list[str]:
    """Return a line for each thing: name, classes, size, licence, origin."""
    # A table of counts has no classes, and says nothing of them.
    rows = [
        (x.name, counted(x.classes, "class") * bool(x.classes), _size(x.bytes), x.licence, x.made)
        for x in things
    ]
    wide = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:4]]
    return [
        f"  {name:{wide[0]}}  {classes:>{wide[1]}}  {size:>{wide[2]}}  {licence:{wide[3]}}  {made}"
        for name, classes, size, licence, made in rows
    ]


def _size(count: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{max(1, round(count / 1e3))} kB"
