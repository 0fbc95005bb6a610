"""``taxonomy tasks``: draw tasks from a tree, the sets of classes that experts are wanted for."""

from taxonomy._core.endings import TASKS
from taxonomy.cli._arguments import TREE, Given, Parser, Words, add_out
from taxonomy.cli._options import add_options, given_options
from taxonomy.formats import get_tree
from taxonomy.tasks import draw_tasks

EXAMPLES = (
    "taxonomy tasks tree.json --sizes 3",
    "taxonomy tasks icons/wordnet --sizes 3,8 --count 40 --out mine.csv",
)


def add_arguments(parser: Parser, _: Words) -> None:
    parser.add_argument("tree", help=TREE)
    add_options(parser, draw_tasks, "what is drawn")
    add_out(parser, "the task list", TASKS, "tasks.json")


def run(arguments: Given) -> None:
    tasks = draw_tasks(get_tree(arguments.tree), **given_options(draw_tasks, arguments))
    tasks.save(arguments.out)
    print(f"{tasks}\nwritten to {arguments.out}")
