"""``taxonomy convert``: read a tree of any format and write it in any other."""

from pathlib import Path
from typing import Any

from taxonomy.cli._arguments import LABELS, TREE, Given, Parser, Words, say
from taxonomy.cli._options import add_options, choice, given_options
from taxonomy.formats import FORMATS, find_tree, read_tree, saved

EXAMPLES = (
    "taxonomy convert tree.nwk tree.graphml",
    "taxonomy convert taxonomy.txt tree.json --from paths",
    "taxonomy convert edges.txt tree.json --from edges --parents deepest",
    "taxonomy convert bbox_labels_600_hierarchy.json mine.json --labels mine.txt --parents deepest",
    "taxonomy convert icons/wordnet tree.nwk --to newick --comments",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("tree", metavar="IN", help=TREE)
    parser.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    read = f"the format of IN [by ending and content]: {', '.join(FORMATS)}"
    own: Any = parser.add_argument("--from", dest="format", default="", metavar="FORMAT", help=read)
    own.owners = FORMATS.having
    parser.add_argument("--labels", help=f"make it a tree of these classes: {LABELS}")
    parser.add_argument("--to", default="", metavar="FORMAT", help="that of OUT [by ending]")
    add_options(parser, read_tree, "nodes with several parents")
    named = {flag: name for flag in ("--from", "--to") if (name := choice(argv, flag, ""))}
    for flag, name in {name: (flag, name) for flag, name in named.items()}.values():
        add_options(parser, FORMATS.get(name), f"options of {flag} {name}", flag[2:])


def run(given: Given) -> None:
    own = {x: given_options(FORMATS.get(x), given) for x in (given.format, given.to) if x}
    options = given_options(read_tree, given) | own.get(given.format, {})
    path = find_tree(given.tree)
    if given.labels:
        from taxonomy.builders import import_tree

        made = import_tree(path, given.labels, given.format, **options)
        say(given, made)
    tree = made.tree if given.labels else read_tree(path, given.format, **options)
    print(saved(tree, given.out, given.to, **own.get(given.to, {})))
