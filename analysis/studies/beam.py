"""Only where it looks likely: accuracy against MACs where the best b branches run for a picture.

    make beam                     (validation pictures; minutes)
    python analysis/studies/beam.py --split test     (the test split, once)

A coarse head is fitted on the trunk's map of ``icons/tree`` (averages over 1, 2 x 2 or 4 x 4 cells)
of training pictures, and scores the 22 branches. Which cells is chosen on validation pictures: the
fewest mean MACs within 0.3 points of everything. Beside it the flat networks, whole. Then coarse
answers: from which probability on a branch is the answer and none runs, calibrated on validation
pictures. Writes ``results/beam.csv`` or ``beam-test.csv``, ``.json`` and ``.png``.
"""

from __future__ import annotations

import argparse
from functools import cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import torch

import taxonomy as tx
from taxonomy.data import Pictures
from taxonomy.evaluation import likely
from taxonomy.nets import HierarchicalNet
from taxonomy.nets.features import shared_features
from taxonomy.nets.inputs import to_input
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.training import predictions_on

RESULTS = Path(__file__).parents[1] / "results"
TREE, FLAT = "icons/tree", ("icons/flat-0.25x", "icons/flat-0.35x", "icons/flat")
CELLS = (1, 2, 4)
MASSES = (0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999)
ERRORS = (0.02, 0.05, 0.10)
RUN = 0.99
"""The probability of the branches that run for a picture without a coarse answer."""
NEAR = 0.003


def main() -> None:
    """Fit, score, write and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    split = parser.parse_args().split
    net, data = tx.get_net(TREE), tx.get_data("icons")
    train, val = data.part("train"), data.part("val")
    heads = {cells: fitted(net, train, cells) for cells in CELLS}
    tables = {cells: Scored(net, val, cells, head).table() for cells, head in heads.items()}
    cells = min(CELLS, key=lambda cells: near(tables[cells])["macs"])
    head = heads[cells]
    scored = Scored(net, val, cells, head)
    stops = {errors: likely.stopping(scored.likely, scored.right, errors) for errors in ERRORS}
    if split == "test":
        scored = Scored(net, data.part("test"), cells, head)
    table = pd.concat([scored.table(), flat_family(data.part(split))], ignore_index=True)
    name = "beam" if split == "val" else "beam-test"
    write_text(RESULTS / f"{name}.csv", table.round(5).to_csv(index=False))
    facts = {
        "command": "make beam"
        if split == "val"
        else "python analysis/studies/beam.py --split test",
        "split": split,
        "cells": cells,
        "head_macs": head.macs,
        "near": {str(cells): near(table) for cells, table in tables.items()},
        "coarse_accuracy": float(scored.right.mean()),
        "stopping": [{**stop.to_dict(), **scored.stopped(stop)} for stop in stops.values()],
        "versions": versions("numpy", "scipy", "torch"),
        **stamp(),
    }
    write_json(RESULTS / f"{name}.json", facts)
    draw(table, RESULTS / f"{name}.png")
    print(table.round(4).to_string(index=False))
    print(facts["near"], facts["stopping"], sep="\n")


@cache
def of_trunk(net: HierarchicalNet, pictures: Pictures) -> np.ndarray:
    """Return the trunk's averages over 4 x 4 cells, shape (pictures, channels, 4, 4)."""
    made = []
    for start in range(0, len(pictures), 256):
        images = np.ascontiguousarray(pictures.images[start : start + 256])
        batch = to_input(torch.from_numpy(images))
        made.append(shared_features(net, batch, CELLS[-1]).numpy())
    return np.concatenate(made).reshape(len(pictures), -1, CELLS[-1], CELLS[-1])


def features(net: HierarchicalNet, pictures: Pictures, cells: int) -> np.ndarray:
    """Return what a coarse head reads of pictures: cells whose number divides are averaged."""
    made, part = of_trunk(net, pictures), CELLS[-1] // cells
    shape = (*made.shape[:2], cells, part, cells, part)
    return made.reshape(shape).mean((3, 5)).reshape(len(made), -1)


def fitted(net: HierarchicalNet, train: Pictures, cells: int) -> likely.CoarseHead:
    """Return the coarse head of training pictures."""
    targets = likely.branch_of(net.hierarchy)[train.targets]
    return likely.fit_coarse_head(features(net, train, cells), targets)


class Scored:
    """A coarse head on the pictures of a split."""

    def __init__(
        self, net: HierarchicalNet, pictures: Pictures, cells: int, head: likely.CoarseHead
    ) -> None:
        self.net, self.head = net, head
        self.predictions = predictions_on(net, pictures)
        self.likely = head.probabilities(features(net, pictures, cells))
        wanted = likely.branch_of(net.hierarchy)[pictures.targets]
        self.right = self.likely.argmax(axis=1) == wanted

    def accuracy(self, runs: np.ndarray) -> float:
        """Return the share of pictures told right where some branches run."""
        found = likely.answers_of_opened(self.predictions, self.net.hierarchy, runs)
        return float((found == self.predictions.targets).mean())

    def macs(self, runs: np.ndarray) -> float:
        """Return the mean MACs of a picture."""
        return likely.mean_macs(self.net.spec, self.net.hierarchy, runs, self.head)

    def table(self) -> pd.DataFrame:
        """Return accuracy and mean MACs by how many branches run, and by their probability."""
        count, rows = self.likely.shape[1], []
        for kind, most, mass in (
            *(("best b", most, 1.0) for most in range(1, count + 1)),
            *(("probability", count, mass) for mass in MASSES),
        ):
            runs = likely.opened(self.likely, most, mass)
            row = {"kind": kind, "b": most if kind == "best b" else None, "mass": mass}
            row |= {"branches": float(runs.sum(axis=1).mean()), "macs": self.macs(runs)}
            rows.append(row | {"accuracy": self.accuracy(runs)})
        return pd.DataFrame(rows)

    def stopped(self, stop: likely.Stopping) -> dict[str, float]:
        """Return how many answers are coarse by a threshold, how many of them wrong, and MACs."""
        coarse = self.likely.max(axis=1) >= stop.threshold
        runs = likely.opened(self.likely, self.likely.shape[1], RUN)
        runs[coarse] = False
        wrong = float((~self.right[coarse]).mean()) if coarse.any() else 0.0
        return {"coarse": float(coarse.mean()), "wrong": wrong, "macs": self.macs(runs)}


def near(table: pd.DataFrame) -> dict[str, float]:
    """Return the row of fewest MACs within 0.3 points of everything."""
    every = table[table["kind"] == "best b"]["accuracy"].iloc[-1]
    fine = table[table["accuracy"] >= every - NEAR]
    row = fine.loc[fine["macs"].idxmin()]
    return {name: float(row[name]) for name in ("mass", "branches", "macs", "accuracy")}


def flat_family(pictures: Pictures) -> pd.DataFrame:
    """Return the flat networks' accuracy and MACs."""
    rows = []
    for name in FLAT:
        net = tx.get_net(name)
        macs = tx.cost(net.spec, net.hierarchy).macs
        row = {"kind": name, "macs": float(macs)}
        rows.append(row | {"accuracy": predictions_on(net, pictures).accuracy()})
    return pd.DataFrame(rows)


def draw(table: pd.DataFrame, file: Path) -> None:
    """Draw accuracy over mean MACs."""
    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for kind, mark, text in (
        ("best b", "o-", "the best b branches, b = 1 … 22"),
        ("probability", "s--", "as many as hold a probability"),
    ):
        part = table[table["kind"] == kind]
        axes.plot(part["macs"] / 1e6, 100 * part["accuracy"], mark, markersize=4, label=text)
    flat = table[table["kind"].isin(FLAT)]
    axes.plot(flat["macs"] / 1e6, 100 * flat["accuracy"], "^-", color="grey", label="flat networks")
    axes.set(xlabel="mean MACs of a picture, millions", ylabel="accuracy, 212 classes, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=110)


if __name__ == "__main__":
    main()
