"""Which source and builder works on which label set, and what the others say instead.

    python analysis/studies/sources.py [--network RUN]

Writes ``analysis/results/sources.csv`` and ``.json``. Every row is one run of ``taxonomy generate``
as it would be typed: it works, in so many printed lines, or it refuses with the reason and the next
step. Nothing is asked of a language model; its shipped answers about the icons replay.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shlex
import tempfile
import time
from io import StringIO
from pathlib import Path

import pandas as pd

from taxonomy.builders import BUILDERS
from taxonomy.cli import main as command
from taxonomy.labels import get_labels
from taxonomy.similarity import SOURCES
from taxonomy.studies.results import stamp, versions, write_json, write_text

ANALYSIS = Path(__file__).parents[1]
RESULTS = ANALYSIS / "results"
LABEL_SETS = ("icons", "cifar-100", "imagenet-1k", "kitchen.txt")
OPTIONS = {
    "wordnet": ("", "--senses first"),
    "embedding": ("", "--template '{name}|{name}: {definition}'"),
    "llm": ("", "--transcript icons/llm-rows"),
    "mixture": ("", "--of 'wordnet senses=first; embedding'"),
    "shuffled": ("", "--of embedding"),
}
"""Ways to call each source, beside plainly by name."""

BUILDER_OPTIONS = {
    "cooccurrence": ("", "--tasks icons"),
    "hypernyms": ("", "--senses first"),
    "llm": ("", "--transcript icons/llm-groups"),
    "shaped": ("--source embedding",),
    "shuffled": ("", "--tree icons/hypernyms"),
}
"""The same of builders; those that need a similarity take one that works everywhere."""


def calls(network: str) -> list[tuple[str, str, str]]:
    """Return kind, name and options of every way to call, found in the registries."""
    rows = [("source", name, options) for name in SOURCES for options in OPTIONS.get(name, ("",))]
    if network:
        rows.append(("source", "visual", f"--network {shlex.quote(network)}"))
    rows += [
        ("builder", name, options)
        for name in BUILDERS
        if name != "cluster"  # which every source above is clustered by
        for options in BUILDER_OPTIONS.get(name, ("",))
    ]
    return rows


def attempt(kind: str, name: str, options: str, labels: str) -> dict[str, object]:
    """Run the command once and return what came of it."""
    words = ["generate", labels, f"--{kind}", name, *shlex.split(options)]
    out, err = StringIO(), StringIO()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        words += ["--out", f"{folder}/tree.json"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = command(words)
        left = sorted(path.name for path in Path(folder).iterdir())
    printed = out.getvalue().splitlines()
    if (code == 0) != (left == ["tree.json"]) or code not in (0, 2):
        raise RuntimeError(f"{words} ended with {code} and left {left}")
    said = printed[0] if code == 0 else err.getvalue().strip().removeprefix("taxonomy: ")
    return {
        "kind": kind,
        "name": name,
        "options": options,
        "labels": labels,
        "outcome": "works" if code == 0 else "refuses",
        "lines": len(printed),
        "seconds": round(time.perf_counter() - started, 1),
        "said": said,
    }


def main() -> None:
    """Try everything and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default="", metavar="RUN", help="a finished run of a flat net")
    network = parser.parse_args().network
    network = network and str(Path(network).resolve())
    os.chdir(ANALYSIS / "inputs")  # where the plain list lies
    rows = []
    with tempfile.TemporaryDirectory() as fresh:
        os.environ["TAXONOMY_CACHE"] = fresh  # so that the first embedding of a text is timed
        for call in calls(network):
            for labels in LABEL_SETS:
                row = attempt(*call, labels)
                for told in ("options", "said"):
                    row[told] = str(row[told]).replace(network or "\0", "RUN")
                rows.append(row)
                print(" ".join(str(row[key]) for key in list(row)[1:6]), flush=True)
    table = pd.DataFrame(rows)
    write_text(RESULTS / "sources.csv", table.to_csv(index=False))
    facts = {
        "command": f"python analysis/studies/sources.py{network and ' --network RUN'}",
        "labels": {name: get_labels(name).digest for name in LABEL_SETS},
        "most_lines": int(table["lines"].max()),
        "works": int((table["outcome"] == "works").sum()),
        "refuses": int((table["outcome"] == "refuses").sum()),
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(RESULTS / "sources.json", facts)
    wide = table.assign(call=table["kind"] + " " + table["name"] + " " + table["options"])
    print(wide.pivot_table("outcome", "call", "labels", "first", sort=False).to_string())
    print(f"tables written to {RESULTS}/sources.*")


if __name__ == "__main__":
    main()
