"""``taxonomy name``: name the inner nodes of a tree."""

from typing import Any, get_args

from taxonomy._core.registry import owners
from taxonomy._naming import By, name_tree
from taxonomy.cli._arguments import LABELS, TREE, Given, Parser, Words, add_out, say
from taxonomy.cli._options import add_options, choice, from_options
from taxonomy.formats import format_to_write, saved
from taxonomy.llm import Settings
from taxonomy.trees.naming import parse_names

EXAMPLES = (
    "taxonomy name icons/wordnet --labels icons --out named.json",
    "taxonomy name tree.json --by medoid --set cat,dog=pets",
    "taxonomy name named.json --by hand --set car,bus=vehicles --out renamed.json",
    "taxonomy name tree.json --by model --model gpt-4o-mini --price 0.15,0.60 --max-usd 1",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("tree", help=TREE)
    parser.add_argument("--labels", help=f"the tree's classes [its leaves, by id]: {LABELS}")
    ways = (
        "WordNet's lowest common hypernym, two central classes and the size, a language model, "
        "or those of --set alone; nodes without such a name get the next best [hypernym]"
    )
    by: Any = parser.add_argument("--by", choices=get_args(By), default="hypernym", help=ways)
    by.owners = owners({"model": Settings})
    own = "CLASS,CLASS=NAME, your own name for the node where these meet, which wins; repeatable"
    parser.add_argument("--set", action="append", default=[], metavar="A,B=NAME", help=own)
    parser.add_argument("--keep", action="store_true", help="leave names that are there")
    add_out(parser, "the named tree's file", format_to_write, "named.json")
    if choice(argv, "--by", "hypernym") == "model":
        add_options(parser, Settings, "options of --by model", "model")


def run(arguments: Given) -> None:
    named = name_tree(
        arguments.tree,
        arguments.labels,
        by=arguments.by,
        chosen=parse_names(arguments.set),
        keep=arguments.keep,
        settings=from_options(Settings, arguments),
    )
    say(arguments, named)
    print(saved(named.tree, arguments.out))
