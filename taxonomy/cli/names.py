"""The command ``name``: names for the inner nodes of a tree."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from taxonomy.cli._command import Command, chosen
from taxonomy.cli._flags import add_flags, from_flags
from taxonomy.cli.trees import LABELS_HELP
from taxonomy.labels import get_labels
from taxonomy.llm import Settings
from taxonomy.llm.naming import by_model
from taxonomy.trees.hierarchy import load_tree
from taxonomy.trees.naming import by_medoid, name_nodes
from taxonomy.wordnet.naming import by_hypernym


def _name_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("tree", help="a tree file, a run's folder, or a shipped tree (icons/…)")
    parser.add_argument("--labels", default="icons", help=LABELS_HELP.format("[icons], …"))
    parser.add_argument(
        "--by",
        choices=("hypernym", "medoid", "model"),
        default="hypernym",
        help="WordNet's lowest common hypernym, the medoid class and the size, or a language "
        "model; nodes that have no such name get the next best [hypernym]",
    )
    parser.add_argument("--keep", action="store_true", help="leave names that are there")
    parser.add_argument("--out", type=Path, default=Path("named.json"), help="[named.json]")
    if list(argv[:1]) == ["name"] and chosen(argv, "--by", "hypernym") == "model":
        add_flags(parser, Settings, "options of --by model")


def _name(arguments: argparse.Namespace) -> None:
    tree, labels = load_tree(arguments.tree), get_labels(arguments.labels)
    namers = {"medoid": by_medoid(tree, labels)}
    if arguments.by != "medoid":
        namers = {"hypernym": by_hypernym(tree, labels)} | namers
    if arguments.by == "model":
        with from_flags(Settings, arguments).asker() as asker:
            namers = {"model": by_model(tree, labels, asker)} | namers
    named = name_nodes(tree, *namers.values(), keep=arguments.keep)
    named.save(arguments.out)
    left, told = set(map(int, tree.nodes[1:])), []
    for namer, names in namers.items():
        told.append(f"{len(left & names.keys())} by {namer}")
        left -= names.keys()
    print(f"{len(tree.nodes) - 1} nodes named: {', '.join(told)}")
    print(f"tree {named.digest[:12]} written to {arguments.out}")


COMMANDS = (
    Command(
        "name",
        "Name the inner nodes of a tree.",
        (
            "taxonomy name icons/wordnet --out named.json",
            "taxonomy name tree.json --by model --model gpt-4o-mini --price 0.15,0.60 --max-usd 1",
        ),
        _name_flags,
        _name,
    ),
)
"""What this module adds to the command."""
