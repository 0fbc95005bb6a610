"""``taxonomy design``: propose networks within a budget, without building one."""

from pathlib import Path

from taxonomy._core.errors import TaxonomyError
from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words
from taxonomy.cli._options import add_options, from_options
from taxonomy.trees.hierarchy import get_tree

EXAMPLES = (
    "taxonomy design icons/wordnet --macs 76700000 --expert-macs 13600000",
    "taxonomy design icons/wordnet --kind coherent --size 5 --out spec.json",
)


def add_arguments(parser: Parser, _: Words) -> None:
    from taxonomy.design import DesignConfig

    parser.add_argument("hierarchy", help=texts.TREE)
    parser.add_argument("--tasks", help=texts.TASKS)
    parser.add_argument("--kind", help="only tasks of this kind, such as coherent")
    parser.add_argument("--size", type=int, help="only tasks of this many classes")
    parser.add_argument("--out", type=Path, help="write the best design as a specification")
    add_options(parser, DesignConfig, "budgets and what is searched")


def run(arguments: Given) -> None:
    from taxonomy.design import DesignConfig, design_search
    from taxonomy.tasks import tasks_for

    tree = get_tree(arguments.hierarchy)
    tasks = tasks_for(tree.leaves, arguments.tasks).select(arguments.kind, arguments.size)
    if not len(tasks):
        raise TaxonomyError("No task is of that `kind` and `size`; leave one of them out.")
    found = design_search(tree, tasks, from_options(DesignConfig, arguments))
    print(f"{found.searched} designs costed, {found.fitting} within the budgets", end="; ")
    print(f"experts: mean over {len(tasks)} tasks\n{found}")
    if arguments.out:
        found.specs[0].save(arguments.out)
        print(f"the first one written to {arguments.out}; next: taxonomy train --spec …")
