"""How long the command takes to start, beside Python itself and beside importing torch.

    python analysis/bench/startup.py [--repeats 5]

Every command is timed whole, as a process, in turns with what it is compared with; the best of all
repeats counts. Writes ``analysis/results/bench-startup.csv`` and ``.json``.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

from taxonomy.studies.results import stamp, versions, write_json, write_text

RESULTS = Path(__file__).parents[1] / "results"
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "python -c 'import torch'": ["-c", "import torch"],
    "taxonomy --help": ["-m", "taxonomy", "--help"],
    "taxonomy show icons/wordnet": ["-m", "taxonomy", "show", "icons/wordnet"],
    "taxonomy extract icons/tree": [
        *("-m", "taxonomy", "extract", "icons/tree", "--classes", "cat,dog,horse,cow,pig"),
    ],
}


def seconds(words: list[str], folder: str) -> float:
    """Run Python with some arguments and return how long it took."""
    started = time.perf_counter()
    subprocess.run([sys.executable, *words], cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    """Time all commands in turns, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="runs of each command [5]")
    arguments = parser.parse_args()
    best = dict.fromkeys(COMMANDS, float("inf"))
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.repeats):
            for name, words in COMMANDS.items():
                best[name] = min(best[name], seconds(words, folder))
    plain, torch = best["python -c pass"], best["python -c 'import torch'"]
    table = pd.DataFrame(
        {
            "command": list(best),
            "seconds": list(best.values()),
            "above_python": [value - plain for value in best.values()],
            "ratio_to_python": [value / plain for value in best.values()],
            "ratio_to_torch": [value / torch for value in best.values()],
        }
    ).round(3)
    print(table.to_string(index=False))
    write_text(RESULTS / "bench-startup.csv", table.to_csv(index=False))
    facts = {"command": "python analysis/bench/startup.py", "repeats": arguments.repeats}
    write_json(RESULTS / "bench-startup.json", {**facts, "versions": versions("torch"), **stamp()})


if __name__ == "__main__":
    main()
