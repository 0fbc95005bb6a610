"""Whole commands on the hypernym tree of WordNet's 82,115 nouns, beside other readers of its text.

    python analysis/bench/wordnet_tree.py

Writes ``analysis/results/bench-wordnet-tree.csv`` and ``.json``: seconds of processor time and peak
memory of a process each, from its start to its end, in turns, medians. ``taxonomy check``, ``show``
and ``convert`` read the tree from JSON, Newick or GraphML; other programs read the Newick text
alone, and so does ``read_tree``. Those that are not installed are left out. Stops where a command
takes longer or more memory than it may.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results"
MOST = {"seconds": 2.0, "peak_mib": 600.0}
"""What a command may take."""
COMMANDS = {
    "check, JSON": "check nouns.json",
    "check, Newick": "check nouns.nwk",
    "show, JSON": "show nouns.json",
    "show, Newick": "show nouns.nwk",
    "convert, JSON to Newick": "convert nouns.json out.nwk",
    "convert, Newick to JSON": "convert nouns.nwk out.json",
    "convert, JSON to GraphML": "convert nouns.json out.graphml",
    "convert, GraphML to JSON": "convert nouns.graphml out.json",
}
READERS = {
    "taxonomy": "from taxonomy.formats import read_tree; read_tree('nouns.nwk')",
    "ete3": "from ete3 import Tree; Tree('nouns.nwk', format=1)",
    "skbio": "from skbio import TreeNode; TreeNode.read('nouns.nwk')",
    "Bio": "from Bio import Phylo; Phylo.read('nouns.nwk', 'newick')",
    "dendropy": "import dendropy; dendropy.Tree.get(path='nouns.nwk', schema='newick')",
}
PACKAGES = {"ete3": "ete3", "skbio": "scikit-bio", "Bio": "biopython", "dendropy": "DendroPy"}


def main() -> None:
    """Time every command and every reader in processes of their own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=3, help="timings a figure [3]")
    parser.add_argument("--write", metavar="DIR", type=Path, help="write the tree only, there")
    arguments = parser.parse_args()
    if arguments.write:
        written(arguments.write)
        return
    repeats = arguments.repeats
    readers = {name: code for name, code in READERS.items() if find_spec(name)}
    runs = {("command", name): ["-m", "taxonomy", *line.split()] for name, line in COMMANDS.items()}
    runs |= {("read Newick", name): ["-c", code] for name, code in readers.items()}
    found: dict[tuple[str, str], list[tuple[float, float]]] = {run: [] for run in runs}
    with tempfile.TemporaryDirectory() as folder:
        spent([sys.executable, str(Path(__file__).resolve()), "--write", folder], folder)
        for _ in range(repeats):
            for run, words in runs.items():
                found[run].append(spent([sys.executable, *words], folder))
    # Late, for Linux counts what this process holds as a child's until the child begins.
    import pandas as pd

    from taxonomy.studies.results import stamp, versions, write_json, write_text

    rows = [
        {
            "what": what,
            "name": PACKAGES.get(name, name),
            "seconds": statistics.median(seconds for seconds, _ in times),
            "peak_mib": max(peak for _, peak in times),
        }
        for (what, name), times in found.items()
    ]
    table = pd.DataFrame(rows).round(3)
    write_text(RESULTS / "bench-wordnet-tree.csv", table.to_csv(index=False))
    facts = {
        "command": "make bench-wordnet-tree",
        "repeats": repeats,
        "versions": versions("numpy", *(PACKAGES[name] for name in readers if name in PACKAGES)),
        **stamp(),
    }
    write_json(RESULTS / "bench-wordnet-tree.json", facts)
    print(table.to_string(index=False))
    commands = table[table["what"] == "command"]
    for column, most in MOST.items():
        if (commands[column] > most).any():
            raise SystemExit(f"A command took more than {most:g} {column}.")


def written(folder: Path) -> None:
    """Write the tree of all nouns by their hypernyms as ``nouns`` in every form that is read."""
    from taxonomy.builders import get_builder
    from taxonomy.formats import write_tree
    from taxonomy.labels import Label, LabelSet
    from taxonomy.wordnet import NounGraph

    graph = NounGraph.load()
    labels = LabelSet(Label(wnid, wnid=wnid) for wnid in map(graph.wnid, range(len(graph))))
    tree = get_builder("hypernyms")(labels, None)
    for ending in ("json", "nwk", "graphml"):
        write_tree(tree, folder / f"nouns.{ending}")


def spent(words: list[str], folder: str) -> tuple[float, float]:
    """Return the processor seconds and the peak MiB of a process that runs in a folder."""
    path = os.pathsep.join(filter(None, (str(Path.cwd()), os.environ.get("PYTHONPATH", ""))))
    environment = {**os.environ, "PYTHONPATH": path}
    child = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{' '.join(words)} ended with {child.returncode}.")
    kib = usage.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return usage.ru_utime + usage.ru_stime, kib / 1024


if __name__ == "__main__":
    main()
