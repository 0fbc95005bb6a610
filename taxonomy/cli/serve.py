"""``taxonomy serve``: let others pick classes on a page, name pictures, and take experts away."""

from taxonomy._core.spelling import with_width
from taxonomy.cli._arguments import NETWORK, Given, Parser, Words, add_width
from taxonomy.cli._options import add_options, from_options

EXAMPLES = (
    "taxonomy serve icons/tree",
    "taxonomy serve runs/mine --host 0.0.0.0 --port 8080 --per-minute 60",
)


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.export.serving import Limits

    parser.add_argument("net", help=NETWORK)
    told = "the address to listen on; 0.0.0.0 lets other machines in [127.0.0.1]"
    parser.add_argument("--host", default="127.0.0.1", help=told)
    told = "the port to listen on, 0 for any free one [8000]"
    parser.add_argument("--port", type=int, default=8000, metavar="N", help=told)
    add_width(parser)
    add_options(parser, Limits, "limits on requests")


def run(arguments: Given) -> None:
    from taxonomy.export.serving import Limits, serve

    limits = from_options(Limits, arguments)
    where = (arguments.net, arguments.host, arguments.port)
    begun = f"serving {with_width(arguments.net, arguments.width)} on"
    serve(*where, limits, lambda url: print(begun, url, flush=True), arguments.width)
