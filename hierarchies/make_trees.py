"""Write the shipped trees, or say that they are made anew with the same digests.

    python hierarchies/make_trees.py [NAME ...] [--check]

A name is a label set, such as ``cifar-100``, or one of its trees, such as ``cifar-100/wordnet``;
all are made where none is given. A file whose tree comes out the same stays as it is. Of the icons,
whose trees ``icons/make_trees.py`` makes together with their tasks, and of the others:

- ``wordnet``, ``embedding``, ``random``: clustered as ``taxonomy generate`` does it by default.
- ``hypernyms``: WordNet's own tree.
- ``superclasses``: the twenty that were published with CIFAR-100.
- ``llm-rows``, ``llm-groups``: replayed from a language model's answers, which ship too.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from icons.make_trees import make_trees as icons_trees

from taxonomy import generate, get_labels
from taxonomy._core import io
from taxonomy.trees.hierarchy import Hierarchy

HERE = Path(__file__).parent
LISTED = HERE.parent / "analysis" / "inputs" / "sets" / "cifar-100.txt"
GROUP = "# ["
SETS = ("cifar-10", "cifar-100", "icons-600", "imagenet-1k")
ALIKE = {
    "wordnet": {"source": "wordnet"},
    "embedding": {"source": "embedding"},
    "random": {"source": "random"},
    "hypernyms": {"builder": "hypernyms"},
}
"""What the trees of every set of `SETS` are made by."""

ANSWERS = {
    "cifar-100/llm-rows": {"source": "llm"},
    "cifar-100/llm-groups": {"builder": "llm"},
    "imagenet-1k/llm-groups": {"builder": "llm"},
}
"""What the trees of answers are made by; the transcript has the tree's name."""


def generated(name: str, how: dict[str, str]) -> Hierarchy:
    """Return the tree of a shipped label set."""
    return generate(name.partition("/")[0], **how).tree  # type: ignore[arg-type]


def superclasses() -> Hierarchy:
    """Return CIFAR-100's classes below the superclasses that stand between them in the list."""
    groups: dict[str, list[str]] = {}
    below: list[str] = []
    for line in io.read_text(LISTED).splitlines():
        if line.startswith(GROUP):
            below = groups.setdefault(line.removeprefix(GROUP).rstrip("]"), [])
        elif not line.startswith("#"):
            below.append(line.replace(" ", "_"))
    labels = get_labels("cifar-100")
    made = io.provenance(
        "hierarchies/make_trees.py",
        published="Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images",
        labels=labels.digest,
    )
    return Hierarchy.from_nested(groups).restrict(labels.ids).with_provenance(**made)


MAKERS: dict[str, Callable[[], Hierarchy]] = {
    **{f"{s}/{name}": partial(generated, s, how) for s in SETS for name, how in ALIKE.items()},
    "cifar-100/superclasses": superclasses,
    **{
        name: partial(generated, name, how | {"transcript": str(HERE / f"{name}.jsonl.xz")})
        for name, how in ANSWERS.items()
    },
}
"""What makes each tree, but for the icons', which are made at once."""


def makers(names: list[str]) -> dict[str, Callable[[], Hierarchy]]:
    """Return what makes the trees that are named; all where none is."""
    found = dict(MAKERS)
    if not names or any(name.partition("/")[0] == "icons" for name in names):
        trees = icons_trees(get_labels("icons"))
        found |= {f"icons/{name}": partial(dict.__getitem__, trees, name) for name in trees}
    chosen = {
        name: make
        for name, make in sorted(found.items())
        if not names or {name, name.partition("/")[0]} & set(names)
    }
    if not chosen:
        sys.exit(f"no tree is called so; there are {', '.join(sorted(found))}")
    return chosen


def main() -> None:
    """Make trees; write those that are new or have changed, unless only asked to check."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", metavar="NAME", nargs="*", help="a label set or a tree [all]")
    parser.add_argument("--check", action="store_true", help="only compare, fail where one differs")
    arguments = parser.parse_args()
    differ = []
    for name, make in makers(arguments.names).items():
        labels, _, rest = name.partition("/")
        path = HERE / labels / "trees" / f"{rest}.json"
        tree = make()
        same = path.exists() and Hierarchy.load(path) == tree
        print(f"{name}  {tree.digest}  {'the same' if same else 'changed'}", flush=True)
        if not same:
            differ.append(name)
            if not arguments.check:
                path.parent.mkdir(exist_ok=True)
                tree.save(path)
    if arguments.check and differ:
        sys.exit(f"made anew, these differ: {', '.join(differ)}")


if __name__ == "__main__":
    main()
