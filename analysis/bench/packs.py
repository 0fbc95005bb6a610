"""Banks beside single experts: bytes of a change, and time in turns in one process.

    make bench-packs

The bank of ``icons/tree`` and 200 coherent tasks of five classes, batch 1, one thread, pictures of
the validation split. For each task: the bank's models and classes and their bytes, the bytes of
the expert as one ONNX file, and the time of the bank with these classes open over that of the file,
and that of the model that the bank merges of them.
Then pairs of tasks on one picture: the bank's time for both over that of the two files. A figure is
the median of the ratios within a turn. Writes ``bench-packs.csv`` and ``bench-packs.json``.
"""

from __future__ import annotations

import argparse
import os
import runpy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lowering import in_turns, ratio

from taxonomy.data import get_data
from taxonomy.export import ONNX, pack
from taxonomy.export.to_onnx import session
from taxonomy.nets import extract, get_net
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import get_tasks

RESULTS = Path(__file__).parents[1] / "results"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--turns", type=int, default=101, help="timings a figure [101]")
    parser.add_argument("--tasks", type=int, default=200, help="coherent tasks of five [200]")
    arguments = parser.parse_args()
    facts: dict[str, Any] = {"command": "make bench-packs", "turns": arguments.turns, "threads": 1}
    with tempfile.TemporaryDirectory() as place:
        banks = {}
        for precision in ("float", "int8"):
            made = pack("icons/tree", f"{place}/{precision}", precision=precision)
            opened = runpy.run_path(str(made.path / "bank.py"))["ExpertBank"]
            banks[precision] = opened(made.path)
            facts[precision] = sizes(banks[precision]) | made.manifest["measured"]
        table = beside_experts(banks, arguments.tasks, arguments.turns)
    write_text(RESULTS / "bench-packs.csv", table.round(4).to_csv(index=False))
    facts["median"] = {
        name: float(table[name].median()) for name in table.columns if "_over_" in name
    }
    facts["mean_bytes"] = {name: float(table[name].mean()) for name in table if "bytes" in name}
    facts |= {"load_average": os.getloadavg()[1], "versions": versions("onnx", "onnxruntime")}
    write_json(RESULTS / "bench-packs.json", facts | stamp())
    print(facts)


def sizes(bank: Any) -> dict[str, float]:
    """Return the bytes of a bank's parts, and what a class more costs."""
    size = {name: known[0] for name, known in bank.files.items()}
    nodes = [size[node["file"]] for node in bank.nodes]
    beside, apart = [], []
    for name, label in bank.labels.items():
        bank.remove(bank.classes)
        others = [n for n in bank.labels if n != name]
        same = [n for n in others if bank.labels[n]["node"] == label["node"]]
        for open_ones, found in ((same[:1], beside), (sorted(set(others) - set(same))[:1], apart)):
            bank.remove(bank.classes)
            bank.add(open_ones)
            if open_ones:
                found.append(bank.bytes_of_change([name]))
    bank.remove(bank.classes)
    return {
        "trunk_bytes": nodes[0],
        "node_bytes_mean": float(np.mean(nodes[1:])),
        "class_bytes_mean": float(np.mean([size[c["file"]] for c in bank.labels.values()])),
        "all_bytes": sum(size[name] for name in bank.files_of(bank.labels)),
        "largest_change_node_open": max(beside),
        "largest_change_node_closed": max(apart),
    }


def beside_experts(banks: dict[str, Any], count: int, turns: int) -> pd.DataFrame:
    """Return for each task what the bank and the expert in one file weigh, and their times."""
    whole = get_net("icons/tree")
    tasks = list(get_tasks("icons").select("coherent", 5))[:count]
    picture = np.ascontiguousarray(get_data("icons").part("val").images[:1, :3])
    files = {task.id: ONNX().model(extract(whole, task.classes)) for task in tasks}
    rows = []
    for number, task in enumerate(tasks):
        other = tasks[(number + len(tasks) // 2) % len(tasks)]
        one, two = session(files[task.id]), session(files[other.id])
        for bank in banks.values():
            bank.remove(bank.classes)
            bank.add(task.classes)
        row = {"task": task.id, "models": len(banks["float"].models)}
        row |= {f"{name}_bytes": bank.bytes for name, bank in banks.items()}
        row |= {"file_bytes": len(files[task.id])}
        runs = {name: lambda b=bank: b.logits(picture) for name, bank in banks.items()}
        runs["file"] = lambda one=one: one.run(None, {"image": picture})
        bank = banks["float"]
        merged = session(bank.merged())
        runs["merged"] = lambda merged=merged: merged.run(None, {"input": picture})
        times = in_turns(runs, turns)
        ways = (*banks, "merged")
        row |= {f"{name}_over_file": ratio(times[name], times["file"]) for name in ways}
        bank.add(other.classes)
        sets = [task.classes, other.classes]
        runs = {"bank": lambda b=bank, s=sets: b.logits_of(s, picture)}
        runs["files"] = lambda a=one, b=two: [m.run(None, {"image": picture}) for m in (a, b)]
        times = in_turns(runs, turns)
        rows.append(row | {"bank_over_two_files": ratio(times["bank"], times["files"])})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
