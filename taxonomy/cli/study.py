"""``taxonomy study``: compare hierarchies by the experts they shape; a stopped study continues."""

from typing import Any

from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.cli._options import add_choice, given_options

EXAMPLES = (
    "taxonomy study study.toml --out runs/study --workers 2",
    "taxonomy study study.toml --out runs/study --dry-run",
    "taxonomy study study.toml --out runs/study --list",
    "taxonomy study study.toml --out runs/study --engine ray --address auto --store s3://bucket/cells",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    from taxonomy.studies import ENGINES

    parser.add_argument("config", help="what is compared: a file, TOML or JSON")
    add_out(parser, "folder of the study", default="runs/study")
    store = "a folder or an fsspec URL for the trainings, such as s3://bucket/cells [in --out]"
    parser.add_argument("--store", default="", help=store)
    add_choice(parser, argv, "--engine", ENGINES, "local", "who trains: ")
    one = parser.add_mutually_exclusive_group()
    lines = "print one line of shell for each training that is missing, and train nothing"
    one.add_argument("--list", action="store_true", help=lines)
    dry = "print how far each training is, and train nothing"
    one.add_argument("--dry-run", action="store_true", help=dry)
    one.add_argument("--cell", metavar="ID", help="train this one only, as --list says")


def run(arguments: Given) -> None:
    from taxonomy.studies import ENGINES, prepare, study

    where: Any = {"out": arguments.out, "store": arguments.store}
    if arguments.cell is not None:
        _work(arguments)
    elif arguments.list or arguments.dry_run:
        found = prepare(arguments.config, **where)
        print("\n".join(found.lines()) if arguments.list else found)
    else:
        options = given_options(ENGINES.get(arguments.engine), arguments)
        made = study(arguments.config, **where, engine=arguments.engine, **options)
        print(f"{made}\nreport written to {made.folder / 'report.html'}")


def _work(arguments: Given) -> None:
    """Work on one cell; exit with 75 where another process is at it."""
    from taxonomy.studies.engines import BUSY, CELLS
    from taxonomy.studies.store import Store
    from taxonomy.studies.working import BusyError, end_with_parent, work_on

    end_with_parent()
    store = Store(arguments.store or arguments.out / CELLS)
    try:
        done = work_on(store, arguments.cell, progress=True)
    except BusyError as error:
        print(error)
        raise SystemExit(BUSY) from None
    print(f"the cell {arguments.cell} {'is done' if done else 'was done before'}")
