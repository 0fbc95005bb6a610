"""``taxonomy predict``: text, CSV and JSON of the same answers."""

from __future__ import annotations

import csv
import json

import numpy as np
from PIL import Image

from taxonomy.cli import main
from taxonomy.design import NetSpec
from taxonomy.nets import build_net, predict, save_net
from taxonomy.trees.hierarchy import Hierarchy

TREE = Hierarchy.from_nested({"pet": ["cat", "dog"], "car": ["bus", "taxi"]})


def test_the_three_forms_say_the_same(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    net = build_net(NetSpec.tree(trunk=((4, 0),), levels=((4, 0),)), TREE, seed=0)
    save_net("net.safetensors", net)
    (tmp_path / "photos").mkdir()
    for i in range(2):
        noise = np.random.default_rng(i).integers(0, 256, (40, 30, 3)).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / "photos" / f"{i}.png")
    known = predict(net, "photos")

    assert main(["predict", "net.safetensors", "photos", "--top", "2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "photos/0.png"
    assert lines[1].split()[0] in ("pet", "car")
    assert lines[2] == f"    {known.best(0)[0].name} {known.best(0)[0].probability:.1%}"
    assert len(lines) == 8

    assert main(["predict", "net.safetensors", "photos", "--csv"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["class"] for row in rows[:4]] == [step.name for step in known.best(0)]
    assert len(rows) == 8

    assert main(["predict", "net.safetensors", "photos/1.png", "photos/0.png", "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert (first["picture"], second["picture"]) == ("photos/1.png", "photos/0.png")
    assert first["path"][-1]["name"] == known.best(1)[0].name


def test_no_pictures_is_one_line(tmp_path, capsys):
    assert main(["predict", "icons/tree", str(tmp_path / "none")]) == 2
    assert "no such picture or folder" in capsys.readouterr().err
