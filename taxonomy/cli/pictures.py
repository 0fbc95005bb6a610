"""Commands that draw: ``plot``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from taxonomy._core.errors import HierarchyError
from taxonomy.cli._command import Command, class_names
from taxonomy.trees.hierarchy import load_tree


def _plot_flags(parser: argparse.ArgumentParser, _: Sequence[str]) -> None:
    parser.add_argument("tree", help="a tree file, a run's folder, or a shipped tree (icons/…)")
    parser.add_argument("--classes", help="only these classes, separated by commas")
    parser.add_argument("--columns", type=int, default=0, help="[one every 75 classes]")
    parser.add_argument("--title", help="above the picture [the tree as it was named]")
    parser.add_argument("--out", type=Path, default=Path("tree.png"), help="[tree.png]")


def _plot(arguments: argparse.Namespace) -> None:
    from taxonomy.plots import save_figure, tree_figure

    tree = load_tree(arguments.tree)
    stored = tree.provenance.get("stability") or {}
    support, note = stored.get("support"), ""
    if support is not None:
        if len(support) != len(tree):
            raise HierarchyError(
                f"{arguments.tree}: its stability is of a tree of {len(support)} entries, and it "
                f"has {len(tree)}; generate it again with --stability."
            )
        runs, noise = stored.get("runs"), stored.get("noise", 0)
        note = f"support: the share of {runs} runs with noise of up to {noise:.2g} that keep a node"
    if arguments.classes is not None:
        tree, origin = tree.restrict_with_origin(class_names(arguments.classes))
        support = None if support is None else [support[i] for i in origin]
    title = arguments.tree if arguments.title is None else arguments.title
    save_figure(
        arguments.out,
        tree_figure(tree, support, arguments.columns, title, note),
    )
    print(f"{len(tree.leaves)} classes drawn to {arguments.out}")
    if support is None:
        print("no support is stored; taxonomy generate --stability 100 computes it")


COMMANDS = (
    Command(
        "plot",
        "Draw a tree as a picture, its nodes coloured by their stability where that is stored.",
        ("taxonomy plot icons/wordnet --out tree.png", "taxonomy plot tree.json --classes cat,dog"),
        _plot_flags,
        _plot,
    ),
)
