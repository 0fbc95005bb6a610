"""``taxonomy generate``: build a tree of classes."""

from taxonomy._generate import generate, plan
from taxonomy.builders import BUILDERS
from taxonomy.cli._arguments import DRY_RUN, LABELS, Given, Parser, Words, add_out, say
from taxonomy.cli._options import add_choice, add_options, from_options, given_options
from taxonomy.formats import format_to_write, saved
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
    parser.add_argument("labels", help=LABELS)
    add_out(parser, "the tree's file", format_to_write, "tree.json")
    parser.add_argument("--dry-run", action="store_true", help=DRY_RUN)
    add_options(parser, generate, "how stable the tree is")
    builder = add_choice(parser, argv, "--builder", BUILDERS, "cluster")
    scored = builder.needs_similarity
    add_choice(parser, argv, "--source", SOURCES, "wordnet", with_options=scored)


def run(arguments: Given) -> None:
    builder = from_options(BUILDERS.get(arguments.builder), arguments)
    source = from_options(SOURCES.get(arguments.source), arguments)
    if arguments.dry_run:
        print(plan(arguments.labels, source, builder))
        return
    made = generate(arguments.labels, source, builder, **given_options(generate, arguments))
    if not arguments.quiet:
        say(arguments, made)
    print(saved(made.tree, arguments.out))
    print(f"next: taxonomy show {arguments.out}")
