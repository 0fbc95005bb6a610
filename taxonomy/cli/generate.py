"""``taxonomy generate``: build a tree of classes."""

from taxonomy._generate import generate, plan
from taxonomy.builders import BUILDERS
from taxonomy.cli import _texts as texts
from taxonomy.cli._arguments import Given, Parser, Words, add_out
from taxonomy.cli._ask import asked_at_terminal
from taxonomy.cli._options import add_options, choice, from_options, given_options
from taxonomy.similarity import SOURCES

EXAMPLES = (
    "taxonomy generate icons --source wordnet --levels 12,48 --out tree.json",
    "taxonomy generate icons --source embedding --linkage complete",
    "taxonomy generate icons --builder shaped --groups 7,35 --most-leaves 12",
    "taxonomy generate icons --source wordnet --measure lin --stability 20",
    "taxonomy generate icons --builder hypernyms --policy least",
    "taxonomy generate icons --builder cooccurrence --tasks icons",
    "taxonomy generate icons --source random --help   (shows the options of random)",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("labels", help=texts.LABELS)
    parser.add_argument("--builder", default="cluster", help=f"{', '.join(BUILDERS)} [cluster]")
    parser.add_argument("--source", default="wordnet", help=f"{', '.join(SOURCES)} [wordnet]")
    add_out(parser, "tree.json", "the tree's file")
    add_options(parser, generate, "how stable the tree is")
    parser.add_argument("--dry-run", action="store_true", help=texts.DRY_RUN)
    name = choice(argv, "--builder", "cluster")
    builder = BUILDERS.get(name)
    add_options(parser, builder, f"options of --builder {name}", "builder")
    if builder.needs_similarity:
        name = choice(argv, "--source", "wordnet")
        add_options(parser, SOURCES.get(name), f"options of --source {name}", "source")


@asked_at_terminal
def run(arguments: Given) -> None:
    builder = from_options(BUILDERS.get(arguments.builder), arguments)
    source = from_options(SOURCES.get(arguments.source), arguments)
    if arguments.dry_run:
        print(plan(arguments.labels, source, builder))
        return
    made = generate(arguments.labels, source, builder, **given_options(generate, arguments))
    made.tree.save(arguments.out)
    print(made)
    print(f"tree {made.tree.digest[:12]} written to {arguments.out}")
    print(f"next: taxonomy show {arguments.out}")
