"""``taxonomy convert``: read a tree of any format and write it in any other."""

from pathlib import Path

from taxonomy.cli._arguments import TREE, Given, Parser, Words
from taxonomy.cli._options import add_options, choice, given_options
from taxonomy.formats import FORMATS, find_tree, read_tree, saved

EXAMPLES = (
    "taxonomy convert icons/wordnet tree.nwk",
    "taxonomy convert tree.nwk tree.graphml",
    "taxonomy convert taxonomy.txt tree.json --from paths",
    "taxonomy convert edges.txt tree.json --from edges --parents deepest",
    "taxonomy convert icons/wordnet hierarchy.json --to node-link",
    "taxonomy convert icons/wordnet tree.nwk --to newick --comments",
)


def add_arguments(parser: Parser, argv: Words) -> None:
    parser.add_argument("tree", metavar="IN", help=TREE)
    parser.add_argument("out", metavar="OUT", type=Path, help="the file to write")
    read = f"the format of IN [by ending and content]: {', '.join(FORMATS)}"
    parser.add_argument("--from", dest="format", default="", metavar="FORMAT", help=read)
    parser.add_argument("--to", default="", metavar="FORMAT", help="that of OUT [by ending]")
    add_options(parser, read_tree, "nodes with several parents")
    named = {flag: name for flag in ("--from", "--to") if (name := choice(argv, flag, ""))}
    for flag, name in {name: (flag, name) for flag, name in named.items()}.values():
        add_options(parser, FORMATS.get(name), f"options of {flag} {name}", flag[2:])


def run(given: Given) -> None:
    own = {
        name: given_options(FORMATS.get(name), given) for name in {given.format, given.to} - {""}
    }
    options = given_options(read_tree, given) | own.get(given.format, {})
    tree = read_tree(find_tree(given.tree), given.format, **options)
    print(saved(tree, given.out, given.to, **own.get(given.to, {})))
