"""Width as users meet it: all that takes one reads the width's own answers and cost, or refuses."""

from __future__ import annotations

import json
import shlex
import zipfile
from io import BytesIO

import numpy as np
import pytest
import torch

from taxonomy._core.errors import FileFormatError, SpecError
from taxonomy.cli import main
from taxonomy.cli._parsers import parser_of
from taxonomy.design import NetSpec, cost
from taxonomy.explorer import explore
from taxonomy.export import Bundle, bundle, pack, recommend
from taxonomy.export.serving import Service
from taxonomy.export.serving.service import Wanted
from taxonomy.nets import extract, get_net, predict, save_net
from taxonomy.nets.inputs import to_input
from taxonomy.predictions import Predictions
from taxonomy.training import Run, scored, scored_by_name, train
from tests.support.stripes import CLASSES, TREE

SPEC = NetSpec.tree(trunk=((6, 0),), levels=((20, 1),), resolution=16)
PAIR = CLASSES[:2]
EVERY = {1.0: 1, 0.5: 2, 0.25: 5}
"""By width, of how many pictures one is told right: all, half and a fifth of each class."""
KEPT = {width: 1 / every for width, every in EVERY.items()}


@pytest.fixture(scope="module")
def run(stripes, tmp_path_factory) -> Run:
    """A run of three widths, whose stored answers are made up, so that none passes for another."""
    place = tmp_path_factory.mktemp("runs") / "x"
    made = train(place, TREE, stripes, spec=SPEC, epochs=1, widths=(0.25, 0.5), progress=False)
    for width, every in EVERY.items():
        own = made.predictions("val", width)
        said = np.where(np.arange(len(own)) % every, own.targets ^ 1, own.targets)
        logits = np.eye(len(CLASSES), dtype=np.float32)[said]
        file = "predictions-val.npz" if width == 1 else f"predictions-val-{width}.npz"
        Predictions(own.ids, logits, own.targets, "val", own.groups).save(place / file)
    return made


def pictures(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (count, 3, 16, 16), np.uint8)


@torch.no_grad()
def logits_of(net, given: np.ndarray) -> np.ndarray:
    return net(to_input(torch.from_numpy(given))).numpy()


def of_width(run: Run, width: float, classes=PAIR) -> tuple[int, int]:
    closed = cost(run.spec, run.hierarchy, classes, width=width)
    return closed.params, closed.macs


@pytest.mark.parametrize("width", EVERY)
def test_a_bundle_is_measured_at_its_width_and_names_it(run, tmp_path, width):
    made = bundle(run.path, tmp_path / "b", "safetensors", classes=PAIR, width=width)
    known = made.manifest
    assert known["width"] == width
    assert known["measured"]["accuracy"]["top1"] == KEPT[width]
    assert (known["cost"]["params"], known["cost"]["macs"]) == of_width(run, width)
    assert (known["source"]["params"], known["source"]["macs"]) == of_width(run, 1.0, CLASSES)
    test = np.load(made.path / "self-test.npz")
    expert = extract(run.net(), PAIR, width=width)
    np.testing.assert_allclose(test["logits"], logits_of(expert, test["pictures"]), atol=1e-5)
    for text in (str(made), (made.path / "README.md").read_text()):
        assert (f"at width {width}" in text) == (width < 1)
    assert get_net(made.path).width == width
    assert Bundle.load(made.path).manifest == known


def test_every_width_is_a_choice_and_its_command_makes_it(run, tmp_path, monkeypatch, capsys):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    monkeypatch.chdir(tmp_path)
    found = recommend(PAIR, [run.path], targets=["onnx"], precisions=["float"])
    rows = {row.width: row for row in found.rows}
    assert {width: row.accuracy for width, row in rows.items()} == KEPT
    for width, row in rows.items():
        assert (row.params, row.macs) == of_width(run, width)
        words = shlex.split(row.command)
        assert parser_of("extract", words[2:]).parse_args(words[2:]).width == width
    assert rows[0.25].bytes <= rows[0.5].bytes < rows[1].bytes  # zeros may fill channels up
    assert rows[0.5].name == f"{run.path} at width 0.5 onnx float"
    assert f"{run.path} at width 0.25  expert" in str(found)
    assert found.choice == rows[1]  # the others are told from it, by 20 pictures
    assert len({shlex.split(row.command)[-1] for row in found.rows}) == 3
    assert main(shlex.split(rows[0.5].command)[1:]) == 0
    assert "expert for 2 of 6 classes at width 0.5: " in capsys.readouterr().out
    made = Bundle.load(shlex.split(rows[0.5].command)[-1]).manifest
    assert made["cost"]["bytes"] == rows[0.5].bytes
    assert made["measured"]["accuracy"]["top1"] == 0.5
    assert made["width"] == 0.5


def test_scores_are_those_of_the_width(run, capsys):
    half = scored(run.path, width=0.5)
    assert half.predictions.accuracy() == 0.5
    assert half.spec == SPEC.narrowed(0.5)
    assert main(["evaluate", str(run.path), "--width", "0.25"]) == 0
    narrow = capsys.readouterr().out
    assert main(["evaluate", str(run.path)]) == 0
    assert "accuracy: top-1 20.00%" in narrow
    assert "accuracy: top-1 100.00%" in capsys.readouterr().out
    every = scored_by_name([str(run.path)])
    assert list(every) == ["x", "x at width 0.5", "x at width 0.25"]
    assert [net.predictions.accuracy() for net in every.values()] == list(KEPT.values())


def test_the_explorer_shows_every_width(run):
    page = explore([run.path], thumbnail=0)
    assert list(page.networks) == ["x", "x at width 0.5", "x at width 0.25"]
    for (name, part), width in zip(page.networks.items(), EVERY, strict=True):
        asked = page.ask(name, PAIR)
        assert asked.accuracy == KEPT[width]
        assert (asked.params, asked.macs) == of_width(run, width)
        assert (part.content["source"], part.content["width"]) == (str(run.path), width)


def test_pictures_are_named_at_a_width(run, tmp_path, capsys):
    given, half = pictures(), extract(run.net(), CLASSES, width=0.5)
    answers = predict(run.path, given, width=0.5)
    assert np.array_equal(answers.probabilities, predict(half, given).probabilities)
    assert not np.allclose(answers.probabilities, predict(run.path, given).probabilities)
    from PIL import Image

    Image.fromarray(given[0].transpose(1, 2, 0)).save(tmp_path / "a.png")
    words = ["predict", str(run.path), str(tmp_path / "a.png"), "--json", "--width", "0.5"]
    assert main(words) == 0
    best = json.loads(capsys.readouterr().out)[0]["classes"][0]
    assert best["probability"] == pytest.approx(answers.probabilities[0].max(), abs=1e-3)


def test_a_bank_has_one_width_and_says_which(run, tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    made = pack(run.path, tmp_path / "b", classes=PAIR, width=0.25)
    assert made.manifest["width"] == 0.25
    assert (made.manifest["cost"]["params"], made.manifest["cost"]["macs"]) == of_width(run, 0.25)
    assert "at width 0.25; any expert's outputs" in (made.path / "README.md").read_text()


def test_a_service_names_and_gives_away_at_its_width(run):
    service = Service(run.path, width=0.5)
    with zipfile.ZipFile(BytesIO(service.bundle(Wanted(PAIR, "safetensors")))) as archive:
        known = json.loads(archive.read("expert/bundle.json"))
    assert (known["width"], known["measured"]["accuracy"]["top1"]) == (0.5, 0.5)
    square = pictures(1)[0].transpose(1, 2, 0)
    from PIL import Image

    Image.fromarray(square).save(sent := BytesIO(), "PNG")
    (best, *_) = service.predict(sent.getvalue(), CLASSES, 1)["classes"]
    wanted = predict(run.path, pictures(1), width=0.5).to_dicts(1)[0]["classes"][0]
    assert best == wanted


def test_a_file_says_its_width_and_is_cut_once(run, tmp_path, capsys):
    file = tmp_path / "half.safetensors"
    words = ["extract", str(run.path), "--classes", ",".join(CLASSES[:4]), "--width", "0.5"]
    assert main([*words, "--out", str(file)]) == 0
    assert "expert for 4 of 6 classes at width 0.5: " in capsys.readouterr().out
    assert extract(file, PAIR).width == 0.5
    assert bundle(file, tmp_path / "b", "safetensors", classes=PAIR).manifest["width"] == 0.5
    with pytest.raises(SpecError, match=r"was cut to `width` 0\.5 already"):
        predict(file, pictures(), width=0.5)
    save_net(tmp_path / "whole.safetensors", run.net())
    assert get_net(tmp_path / "whole.safetensors").width == 1


@pytest.mark.parametrize(
    "words",
    [
        ("extract", "--classes", "plain", "--target", "safetensors"),
        ("evaluate",),
        ("predict", "a.png"),
        ("pack",),
        ("serve",),
    ],
)
def test_a_width_that_was_not_trained_is_refused(run, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([words[0], str(run.path), *words[1:], "--width", "0.3"]) == 2
    assert "at --width 0.25, 0.5, 1, not at 0.3" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_manifest_names_no_files(run, tmp_path):
    content = json.loads((run.path / "manifest.json").read_text())
    for wrong in ("../x", "2", "nan"):
        (tmp_path / "manifest.json").write_text(json.dumps({**content, "widths": {wrong: {}}}))
        with pytest.raises(FileFormatError, match="width"):
            Run(tmp_path).widths  # noqa: B018
