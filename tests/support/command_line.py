"""Running commands in tests, and small files to run them on."""

from __future__ import annotations

import json

import numpy as np

from taxonomy.cli import main
from taxonomy.design.spec import NetSpec
from taxonomy.nets import build_net
from taxonomy.predictions import Predictions
from taxonomy.trees.hierarchy import Hierarchy

NESTED = [["cat", "dog"], ["bus", "car"]]


def run(capsys, *argv) -> list[str]:
    """Run a command that must work and return what it printed, by line."""
    code = main(argv)
    printed = capsys.readouterr()
    assert (code, printed.err) == (0, "")
    return printed.out.splitlines()


def small_net():
    return build_net(
        NetSpec.tree(trunk=((4, 0),), levels=((4, 0), (4, 0))),
        Hierarchy.from_nested(NESTED),
        seed=0,
    )


def save_run(folder):
    """Write what a finished run holds, but for its network: cat is named for dog and for car."""
    net = small_net()
    folder.mkdir()
    net.hierarchy.save(folder / "hierarchy.json")
    net.spec.save(folder / "spec.json")
    logits = np.array([[3, 0, 1, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 2, 1]])
    Predictions(net.classes, logits, [0, 1, 2, 3], "val").save(folder / "predictions-val.npz")
    words = dict.fromkeys(("data", "model", "time", "machine"), "made up")
    numbers = dict.fromkeys(("val_accuracy", "macs", "params", "seconds", "threads"), 1)
    (folder / "manifest.json").write_text(json.dumps({"inputs": {}, **words, **numbers}))
