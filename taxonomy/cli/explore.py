"""``taxonomy explore``: write a page in which classes are ticked and their expert is shown."""

from taxonomy._core.endings import PAGES
from taxonomy.cli import _arguments as shared
from taxonomy.cli._arguments import Given, Parser, Words

EXAMPLES = (
    "taxonomy explore icons/tree icons/flat icons/flat-0.35x icons/flat-0.25x",
    "taxonomy explore runs/wordnet runs/embedding runs/flat --out compared.html",
    "taxonomy explore icons/tree icons/flat --measure",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    networks = "over the same classes; flat ones are what experts are compared with; "
    parser.add_argument("networks", nargs="+", metavar="RUN", help=networks + shared.NETWORK)
    parser.add_argument("--tasks", help=f"tasks, of which the page offers 40: {shared.TASKS}")
    parser.add_argument("--labels", help=f"names of the classes: {shared.LABELS}")
    sides = "pixels a side of the classes' pictures, 0 for none [32]"
    parser.add_argument("--thumbnail", type=int, default=32, metavar="PIXELS", help=sides)
    told = "time experts on this machine, so that the page estimates times"
    parser.add_argument("--measure", action="store_true", help=told)
    shared.add_out(parser, "the page", PAGES, "explorer.html")
    shared.add_scoring(parser)
    shared.add_data(parser, argv, matching=False)


def run(given: Given) -> None:
    from taxonomy.explorer import explore

    split, data, device = shared.scoring(given)
    page = explore(
        given.networks,
        split=split,
        data=data,
        labels=given.labels,
        tasks=given.tasks,
        thumbnail=given.thumbnail,
        measure=given.measure,
        device=device,
    )
    shared.say(given, page)
    print(f"written to {page.save(given.out)}; open it in a browser, also from the disk")
