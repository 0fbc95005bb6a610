"""``taxonomy design``: propose networks within a budget, without building one."""

from taxonomy._core.endings import SPECS
from taxonomy.cli._arguments import TASKS, TREE, Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, from_options
from taxonomy.formats import get_tree

EXAMPLES = (
    "taxonomy design icons/wordnet --macs 76700000 --expert-macs 13600000",
    "taxonomy design icons/wordnet --kind coherent --size 5 --out spec.json",
)


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.design import DesignConfig

    parser.add_argument("hierarchy", help=TREE)
    parser.add_argument("--tasks", help=TASKS)
    parser.add_argument("--kind", help="only tasks of this kind, such as coherent")
    parser.add_argument("--size", type=int, help="only tasks of this many classes")
    add_out(parser, "write the best design as a specification", SPECS)
    add_options(parser, DesignConfig, "budgets and what is searched")


def run(arguments: Given) -> None:
    from taxonomy.design import DesignConfig, design_search
    from taxonomy.tasks import tasks_of

    tree = get_tree(arguments.hierarchy)
    tasks = tasks_of(tree, arguments.tasks).select(arguments.kind, arguments.size)
    found = design_search(tree, tasks, from_options(DesignConfig, arguments))
    print(found)
    if arguments.out:
        found.specs[0].save(arguments.out)
        print(f"the first one written to {arguments.out}; next: taxonomy train --spec …")
