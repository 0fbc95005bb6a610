"""The value behind the page: made, written, read again, refused where it was changed."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest
from PIL import Image

from taxonomy import explore
from taxonomy._core.errors import (
    DataError,
    FileFormatError,
    LabelError,
    MissingExtraError,
    RegistryError,
)
from taxonomy.cli import main
from taxonomy.design import NetSpec
from taxonomy.explorer import Explorer
from taxonomy.explorer.thumbnails import thumbnails
from taxonomy.nets import build_net, save_net
from taxonomy.tasks import Task, TaskList
from taxonomy.training import TrainConfig, train_run
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.explored import HOSTILE, scored_by_chance, tiny_networks
from tests.support.stripes import TREE

IDS = [f"c{i:02d}" for i in range(12)]


@pytest.fixture(scope="module")
def page():
    return Explorer.of(tiny_networks(IDS))


def test_it_is_written_and_read_again_to_the_same_bytes(page, tmp_path):
    path = page.save(tmp_path / "e.html")
    again = Explorer.load(path)
    assert again.digest == page.digest
    assert again.to_html() == path.read_text(encoding="utf-8")
    assert again.ask("deep", IDS[:4]) == page.ask("deep", IDS[:4])


def test_the_order_of_labels_changes_nothing(page):
    assert Explorer.of(tiny_networks(IDS[::-1])).to_html() == page.to_html()


def test_hostile_names_survive(tmp_path):
    nets = tiny_networks(HOSTILE)
    path = Explorer.of(nets).save(tmp_path / "e.html")
    assert Explorer.load(path).classes == tuple(sorted(HOSTILE))


def test_a_page_that_was_changed_is_refused(page, tmp_path):
    text, path = page.to_html(), tmp_path / "e.html"
    renamed, without = text.replace('"two"', '"owt"'), text.replace("data-digest", "x")
    for changed in (renamed, without, "<p>hello</p>"):
        path.write_text(changed, encoding="utf-8")
        with pytest.raises(FileFormatError, match=r"e\.html: (was changed|is no page)"):
            Explorer.load(path)


def test_wrong_questions_are_answered_with_what_to_do(page, tmp_path):
    with pytest.raises(RegistryError, match="Did you mean 'deep'"):
        page.ask("depe", IDS[:2])
    with pytest.raises(LabelError, match="c99"):
        page.ask("deep", ["c99"])
    with pytest.raises(LabelError, match="class"):
        page.ask("deep", [])
    with pytest.raises(FileFormatError, match=r"\.html"):
        page.save(tmp_path / "e.pdf")
    with pytest.raises(DataError, match="at least one"):
        explore([])
    with pytest.raises(DataError, match="one text"):
        explore("icons/tree")
    with pytest.raises(DataError, match="thumbnail"):
        explore(["icons/tree"], thumbnail=1000)


def test_networks_over_other_classes_are_refused():
    nets = tiny_networks(IDS) | {
        "other": scored_by_chance(Hierarchy.star(["x", "y"]), NetSpec.flat((4,)))
    }
    with pytest.raises(DataError, match="'other' has other classes than 'two'"):
        Explorer.of(nets)


def test_networks_scored_on_other_splits_are_refused():
    nets = tiny_networks(IDS)
    old = nets["two"].predictions
    held_out = type(old)(old.ids, old.logits, old.targets, "test")
    nets["two"] = dataclasses.replace(nets["two"], predictions=held_out)
    with pytest.raises(DataError, match="'deep' was scored on the val split"):
        Explorer.of(nets)


def test_a_run_brings_its_stored_predictions(tmp_path, stripes):
    """It was trained on pictures in memory, so that nobody knows where thumbnails are."""
    config = TrainConfig(epochs=1, batch_size=32)
    spec = NetSpec.tree(levels=((8, 0),), resolution=16)
    run = train_run(tmp_path / "run", spec, TREE, stripes, config, progress=False)
    page = explore([tmp_path / "run"])
    assert page.ask("run", TREE.leaves).accuracy == run.predictions("val").accuracy()
    assert page.notes == ("no thumbnails: no network says where its pictures are (`data`)",)
    assert page.networks["run"].content["source"] == str(tmp_path / "run")


def test_tasks_are_offered_by_name():
    tasks = TaskList([Task("pets", ("c01", "c03")), Task("all", tuple(IDS))], IDS)
    page = Explorer.of(tiny_networks(IDS), tasks=tasks)
    assert page.content["tasks"][0] == {"id": "pets", "classes": [1, 3]}
    assert page.content["exactness"] == {"tasks": 2, "most_points": 0, "mean_points": 0}


def test_exactness_is_measured(monkeypatch):
    """It would show if the bytes said something else than the logits."""
    from taxonomy.explorer.answers import Answers

    right = Answers.right

    def spoilt(self, columns):
        asked, found = right(self, columns)
        return asked, found & (np.arange(len(found)) % 7 > 0)

    monkeypatch.setattr(Answers, "right", spoilt)
    assert Explorer.of(tiny_networks(IDS)).content["exactness"]["most_points"] > 1


def test_names_are_those_of_the_labels(page, tmp_path):
    (tmp_path / "l.csv").write_text("id,name\n" + "".join(f"{i},class {i}\n" for i in IDS))
    named = Explorer.of(tiny_networks(IDS), labels=tmp_path / "l.csv")
    assert named.content["names"][0] == "class c00"
    assert page.content["names"][0] == "c00"


def test_thumbnails_are_training_pictures_of_their_classes(stripes):
    sheet = thumbnails(stripes, ["across-fine", "missing", "plain"], 16)
    assert sheet["classes"] == [0, 2]
    kind, data = re.fullmatch(r"data:image/(\w+);base64,(.*)", sheet["file"]).groups()
    assert kind == "webp"
    import base64
    import io

    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("L"))
    assert picture.shape == (16, 32)
    assert picture[:, :16].std() > 40  # stripes
    assert picture[:, 16:].std() < 20  # plain
    with pytest.raises(DataError, match="no picture"):
        thumbnails(stripes, ["missing"], 16)


@pytest.fixture
def saved(tmp_path):
    """Two small networks over three of the icons' classes, as files."""
    ids = ["cat", "dog", "horse"]
    for name, tree in {
        "tree": Hierarchy.from_nested([["cat", "dog"], "horse"]),
        "flat": Hierarchy.star(ids),
    }.items():
        spec = NetSpec.tree(levels=((8, 0),)) if name == "tree" else NetSpec.flat((4, 8))
        save_net(tmp_path / f"{name}.safetensors", build_net(spec, tree))
    return tmp_path


def test_the_command_writes_the_page_and_says_how_exact_it_is(saved, capsys, monkeypatch):
    monkeypatch.chdir(saved)
    words = [
        "explore",
        "tree.safetensors",
        "flat.safetensors",
        "--data",
        "icons",
        "--out",
        "e.html",
    ]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "2 networks over 3 classes, val split" in out
    assert "at most 0.00 points" in out
    page = Explorer.load("e.html")
    assert page.content["thumbnails"]["classes"] == [0, 1, 2]
    assert page.content["thumbnails"]["licence"] == "each icon set's own, see NOTICE"
    assert page.networks["tree.safetensors"].content["source"] == "tree.safetensors"


def test_pictures_that_nobody_knows_are_told(saved):
    nets = {"tree": scored_by_chance(Hierarchy.star(["a", "b"]), NetSpec.flat((4,)))}
    assert Explorer.of(nets).content["thumbnails"] is None
    with pytest.raises(DataError, match="data"):
        explore([saved / "tree.safetensors"])


def test_experts_are_timed(saved):
    try:
        page = explore([saved / "tree.safetensors"], data="icons", measure=True, thumbnail=0)
    except MissingExtraError:
        pytest.skip("onnx or onnxruntime is not installed")
    timing = page.content["networks"][0]["timing"]
    assert timing["experts"] == 24
    assert timing["runtime"] == "onnxruntime"
    assert min(timing["fixed"], timing["per_million_macs"], timing["per_node"]) >= 0
    assert page.ask("tree.safetensors", ["cat", "dog"]).ms > 0
    assert timing["machine"] in str(page)
