"""What a type checker says of calls on the front door: nothing of right ones, all of wrong ones."""

from __future__ import annotations

import subprocess
import sys

import pytest

RIGHT = """
import taxonomy as tx

labels = tx.get_labels(["cat", "dog", "car", "bus"])
similarity = tx.get_source("random", seed=1)(labels)
tree: tx.Hierarchy = tx.get_builder("cluster", levels=(2,))(labels, similarity)
made = tx.generate(labels, source=tx.similarity.WordNet(measure="lin"), levels=(2,))
same = tx.generate(labels, builder=tx.builders.Cluster(levels=(2,)))
table = tx.compare({"one": made.tree, "two": same.tree})
cost: tx.Cost = tx.cost(tx.NetSpec.tree(levels=((48, 1), (32, 1))), tree, ["cat", "dog"])
run: tx.Run = tx.train("runs/mine", tree, data="photos/", epochs=20)
pets: tx.HierarchicalNet = tx.extract(run.net(), ["cat", "dog"])
tx.save_net("pets.safetensors", pets)
best: str = tx.predict(pets, ["a.png", "b.png"]).best(0)[0].name
bytes_of: int = tx.bundle(pets, "pets/", target="onnx").manifest["cost"]["bytes"]
tx.plot_tree(tree, "tree.png")
named: tx.Hierarchy = tx.name_tree(tree, chosen={("cat", "dog"): "pets"}).tree
"""

WRONG = """
import taxonomy as tx

tx.similarity.WordNet(mesure="lin")
tx.builders.Cluster(levels="three")
tx.extract(3, ["cat"])
"""


def check(text: str, folder) -> list[str]:
    (folder / "script.py").write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "script.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    return [line for line in done.stdout.splitlines() if line.startswith("script.py")]


@pytest.mark.slow
def test_right_calls_pass(tmp_path):
    assert check(RIGHT, tmp_path) == []


@pytest.mark.slow
def test_wrong_calls_are_found(tmp_path):
    lines = check(WRONG, tmp_path)
    assert [int(line.split(":")[1]) for line in lines if ": error:" in line] == [4, 5, 6]
