"""The specification for ImageNet at 224 pixels, on a made-up folder in ImageNet's layout."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from taxonomy.cli import main
from taxonomy.design.costs import cost
from taxonomy.design.spec import NetSpec
from taxonomy.trees.hierarchy import Hierarchy

SPEC = Path(__file__).parents[2] / "analysis" / "inputs" / "imagenet.json"
WNIDS = {
    "n02121620": "cat",
    "n02084071": "dog",
    "n02374451": "horse",
    "n02958343": "car",
    "n02924116": "bus",
    "n04490091": "truck",
}


@pytest.fixture
def imagenet(tmp_path, monkeypatch):
    """Six synsets with eight training pictures and one validation picture, of several sizes."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for colour, wnid in enumerate(WNIDS):
        for split, count in (("train", 8), ("val", 1)):
            folder = tmp_path / "imagenet" / split / wnid
            folder.mkdir(parents=True)
            for i in range(count):
                height, width = rng.integers(200, 300, 2)
                picture = rng.integers(0, 60, (height, width, 3)) + 30 * colour
                Image.fromarray(picture.astype(np.uint8)).save(folder / f"{wnid}_{i}.JPEG")
    return tmp_path


def command(text: str) -> None:
    assert main(text.split()) == 0


def test_the_commands_of_the_readme_on_a_small_folder(imagenet, capsys):
    command("generate imagenet --source wordnet --levels 2,3 --out tree.json")
    asked = "--data imagenet --hierarchy tree.json --epochs 1 --batch-size 16 --held-out 0.2"
    command(f"train {asked} --spec {SPEC} --out run")
    facts = json.loads(Path("run/manifest.json").read_text())
    tree = Hierarchy.load("run/hierarchy.json")
    assert tree.leaves == tuple(sorted(WNIDS))
    assert facts["macs"] == cost(NetSpec.load(SPEC), tree).macs
    command("evaluate run --split test --out scores")
    assert "6 pictures, 6 classes" in capsys.readouterr().out  # all of val, which is the test
    command(f"train {asked} --path --spec {SPEC} --out path")  # what the whole can start from
    assert len(NetSpec.load("path/spec.json").trunk) == 5
    command("train --resume --out run")  # reads the same data by the options of the run
    command("extract run --classes n02121620,n02084071 --out pets.safetensors")
    assert Path("pets.safetensors").stat().st_size > 1000


def test_what_the_readme_says_of_its_cost():
    names = np.array([f"c{i:04d}" for i in range(1000)], dtype=object)
    groups = [list(part) for part in np.array_split(names, 100)]
    tree = Hierarchy.from_nested([groups[i : i + 5] for i in range(0, 100, 5)])
    assert 1.8e9 < cost(NetSpec.load(SPEC), tree).macs < 2.2e9
