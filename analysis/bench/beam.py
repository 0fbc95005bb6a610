"""Time where only the likely branches run, beside everything, in turns in one process.

    make bench-beam

Validation pictures one after another, batch 1, one thread, onnxruntime. A bank of ``icons/tree``
runs its trunk, the coarse head of ``analysis/studies/beam.py`` scores the 22 branches on the
trunk's map, and the branches that hold the probability in ``results/beam.json`` run, each a model
of its own. Beside it the same bank with all branches, the whole network in one file, and the flat
networks. What is answered is compared with what the study counts from the network's logits. A
picture's time is the shortest of its turns, as a busy machine makes runs late and never early;
figures are means over pictures, as these run different branches. Writes ``bench-beam.csv`` (a row
a picture) and ``.json`` as results.
"""

from __future__ import annotations

import argparse
import json
import os
import runpy
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lowering import RESULTS, in_turns

import taxonomy as tx
from taxonomy.evaluation import likely
from taxonomy.export import ONNX, pack
from taxonomy.export.pictures import colours
from taxonomy.export.to_onnx import session
from taxonomy.nets import HierarchicalNet
from taxonomy.nets.features import shared_features
from taxonomy.nets.inputs import to_input
from taxonomy.predictions import Predictions
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.training import predictions_on

TREE, FLAT = "icons/tree", ("icons/flat", "icons/flat-0.35x", "icons/flat-0.25x")


def main() -> None:
    """Time all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pictures", type=int, default=200, help="of the validation split [200]")
    parser.add_argument("--turns", type=int, default=5, help="timings of a picture [5]")
    parser.add_argument("--out", type=Path, default=RESULTS / "bench-beam", help="[results]")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    net, data = tx.get_net(TREE), tx.get_data("icons")
    study = json.loads((RESULTS / "beam.json").read_text())
    cells = study["cells"]
    mass = study["near"][str(cells)]["mass"]
    train, val = data.part("train"), data.part("val")
    known = likely.branch_of(net.hierarchy)[train.targets]
    head = likely.fit_coarse_head(features(net, train.images, cells), known)
    step = max(len(val) // arguments.pictures, 1)
    shown = val.images[::step][: arguments.pictures]
    with tempfile.TemporaryDirectory() as place:
        made = pack(TREE, place + "/bank")
        bank = runpy.run_path(str(made.path / "bank.py"))["ExpertBank"].open(made.path, net.classes)
    beam = Beam(bank, head, cells, mass)
    table, answers = timed(beam, net, colours(shown), arguments.turns)
    write_text(arguments.out.with_suffix(".csv"), table.round(4).to_csv(index=False))

    chances = head.probabilities(features(net, shown, cells))
    runs = likely.opened(chances, chances.shape[1], mass)
    whole = predictions_on(net, val)
    rows = np.arange(len(val))[::step][: len(shown)]
    part = Predictions(net.classes, whole.logits[rows], whole.targets[rows], "val")
    counted = likely.answers_of_opened(part, net.hierarchy, runs)
    times = table.filter(like="_ms").mean()
    facts: dict[str, Any] = {
        "command": "make bench-beam",
        "pictures": len(shown),
        "turns": arguments.turns,
        "threads": 1,
        "mass": mass,
        "branches": float(table["branches"].mean()),
        "mean_macs": likely.mean_macs(net.spec, net.hierarchy, runs, head),
        "all_macs": tx.cost(net.spec, net.hierarchy).macs,
        "answers_as_counted": float((answers == counted).mean()),
        "mean_ms": times.round(4).to_dict(),
        "over_all_branches": float(times["likely_ms"] / times["all branches_ms"]),
        "over_one_file": float(times["likely_ms"] / times["one file_ms"]),
        "load_average": os.getloadavg()[1],
    }
    facts |= {"versions": versions("numpy", "torch", "onnxruntime"), **stamp()}
    write_json(arguments.out.with_suffix(".json"), facts)
    print(facts)


def features(net: HierarchicalNet, images: Any, cells: int) -> np.ndarray:
    """Return the averages of the trunk's map that a coarse head reads."""
    parts = []
    for start in range(0, len(images), 256):
        batch = torch.from_numpy(np.ascontiguousarray(images[start : start + 256]))
        parts.append(shared_features(net, to_input(batch), cells).numpy())
    return np.concatenate(parts)


class Beam:
    """A bank that runs only the branches which its coarse head finds likely.

    Args:
        bank: with all classes open, of a tree with one level of nodes and no class at its root.
        head: scores the branches.
        cells: averages of the trunk's map a side, which the head reads.
        mass: the probability that the branches which run hold together.
    """

    def __init__(self, bank: Any, head: likely.CoarseHead, cells: int, mass: float) -> None:
        self.bank, self.cells, self.mass = bank, cells, mass
        self.weight, self.bias = head.weight.astype(np.float32), head.bias.astype(np.float32)
        self.inputs = [node["inputs"][0] for node in bank.nodes]
        self.products = {node: rest for node, *rest in bank._products(bank.classes)}  # noqa: SLF001
        if sorted(self.products) != list(range(1, len(bank.nodes))):
            raise ValueError("Every node below the root has classes, and nothing else has.")

    def answer(self, picture: np.ndarray) -> tuple[int, int]:
        """Return the best class's place among all, and how many branches ran."""
        models = self.bank.models
        (made,) = models[0].run(["map"], {self.inputs[0]: picture})
        order, count = self.chosen(made)
        best, place = -np.inf, -1
        for node in order[:count]:
            (read,) = models[node].run(["features"], {self.inputs[node]: made})
            columns, weight, more = self.products[node]
            logits = (read @ weight + more)[0]
            at = int(logits.argmax())
            if logits[at] > best:
                best, place = logits[at], columns[at]
        return place, count

    def chosen(self, made: np.ndarray) -> tuple[list[int], int]:
        """Return the nodes, the likeliest first, and how many of them run."""
        _, channels, side, _ = made.shape
        part, cells = side // self.cells, self.cells
        read = made.reshape(channels, cells, part, cells, part).mean((2, 4)).ravel()
        scores = read @ self.weight + self.bias
        chances = np.exp(scores - scores.max())
        order = np.argsort(-chances)
        held = chances[order].cumsum() / chances.sum()
        return (order + 1).tolist(), int(np.searchsorted(held, self.mass)) + 1


def timed(
    beam: Beam, net: HierarchicalNet, pictures: np.ndarray, turns: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return a row a picture with the times of all, and what the beam answers."""
    files = {"one file": session(ONNX().model(net))}
    files |= {name: session(ONNX().model(tx.get_net(name))) for name in FLAT}
    rows, answers = [], []
    for picture in pictures:
        one = np.ascontiguousarray(picture[None])
        runs: dict[str, Any] = {"likely": lambda one=one: beam.answer(one)}
        runs["all branches"] = lambda one=one: beam.bank.logits(one)
        for name, model in files.items():
            runs[name] = lambda one=one, model=model: model.run(None, {"image": one})
        times = in_turns(runs, turns)
        place, count = beam.answer(one)
        answers.append(place)
        row = {f"{name}_ms": 1e3 * float(taken.min()) for name, taken in times.items()}
        rows.append({"branches": count, **row})
    return pd.DataFrame(rows), np.array(answers)


if __name__ == "__main__":
    main()
