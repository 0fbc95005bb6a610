"""Bundles that answer "none of these": thresholds, siblings' outputs, and what run.py prints."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from taxonomy._core.errors import ExportError
from taxonomy.cli import main
from taxonomy.data import get_data
from taxonomy.evaluation import Rejector, siblings
from taxonomy.export import ONNX, Bundle, bundle
from taxonomy.export.pictures import colours
from taxonomy.nets import get_net
from tests.export.test_bundling import run_alone, small

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

PETS = ("cat", "dog", "horse")
NEAR = siblings(get_net("icons/tree").hierarchy, PETS)


@pytest.fixture(scope="module", params=["probability", "energy", "siblings", "both"])
def made(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("bundles") / "b"
    return bundle("icons/tree", place, classes=PETS, reject=request.param)


class TestTheBundle:
    def test_siblings_are_outputs_where_the_method_wants_them(self, made):
        method = made.manifest["reject"]["method"]
        more = NEAR if method in ("siblings", "both") else ()
        assert made.classes == PETS
        names = sorted({*PETS, *more})
        assert (made.path / "labels.txt").read_text().split() == names
        told = {label["id"] for label in made.manifest["labels"] if label.get("rejected")}
        assert told == set(more)

    def test_it_accepts_what_it_should_and_refuses_others(self, made):
        known = made.manifest["reject"]["measured"]
        part = get_data("icons").part("val")
        assert known["kept"]["pictures"] == len(part.restrict(PETS))
        assert known["near"]["pictures"] == len(part.restrict(NEAR))
        assert sum(known[name]["pictures"] for name in ("kept", "near", "far")) == len(part)
        assert known["kept"]["accepted"] >= 0.95
        for name in ("near", "far"):
            assert known[name]["accepted"] < (0.95 if weak(made) else 0.5)
            assert known[name]["auroc"] > (0.7 if weak(made) else 0.9)

    def test_the_accuracy_is_among_the_kept_classes(self, made):
        plain = bundle("icons/tree", made.path.parent / "plain", classes=PETS)
        assert made.manifest["measured"]["accuracy"] == plain.manifest["measured"]["accuracy"]

    def test_the_card_says_what_it_refuses(self, made):
        card = (made.path / "README.md").read_text()
        assert "*none of these*" in card
        assert "called one of them" not in card
        assert "# 3 of 212 classes" in card

    def test_the_program_on_the_device_answers_so(self, made, tmp_path):
        """For two dozen pictures, of all classes, as the toolkit's own score says."""
        part = get_data("icons").part("val")
        shown = colours(part.images[:: len(part) // 24])
        for number, picture in enumerate(shown):
            Image.fromarray(picture.transpose(1, 2, 0)).save(tmp_path / f"{number:02}.png")
        logits = ONNX().runner(made.path / "model.onnx")(shown)
        kept = np.isin([label["id"] for label in made.manifest["labels"]], PETS)
        told = {key: value for key, value in made.manifest["reject"].items() if key != "measured"}
        wanted = Rejector(**told).accepts(logits[:, kept], logits[:, ~kept])
        assert 0 < wanted.sum() < len(wanted)
        done = run_alone(made.path, *sorted(tmp_path.glob("*.png")), "--top", "1", also="PIL")
        assert done.returncode == 0, done.stderr
        refused: list[bool] = []
        for line in done.stdout.splitlines():
            if line.endswith(".png"):
                refused.append(False)
            elif line.startswith("  none of these"):
                refused[-1] = True
            elif line.startswith("  "):
                assert line.split()[0] in PETS
        assert refused == (~wanted).tolist()


def weak(made: Bundle) -> bool:
    """Return whether a bundle goes by the plain probability, which tells the least."""
    return made.manifest["reject"]["method"] == "probability"


def test_a_run_brings_its_stored_predictions(tmp_path, stripes):
    from taxonomy.design import NetSpec
    from taxonomy.training import train
    from tests.support.stripes import TREE

    spec = NetSpec.tree(trunk=((4, 0),), levels=((4, 0),), resolution=16)
    run = train(tmp_path / "run", TREE, stripes, spec=spec, epochs=1, progress=False)
    made = bundle(tmp_path / "run", tmp_path / "b", classes=["dots", "plain"], reject="siblings")
    known, whole = made.manifest["reject"]["measured"], run.predictions("val")
    assert known["split"] == "val"
    kept = np.isin(np.array(whole.ids)[whole.targets], ["dots", "plain"])
    assert known["kept"]["pictures"] == kept.sum()


def test_what_is_missing_or_unknown(tmp_path):
    with pytest.raises(ExportError, match="learnt from validation pictures"):
        bundle(small(), tmp_path / "b", reject="energy")
    with pytest.raises(ExportError, match="Did you mean 'energy'"):
        bundle(small(), tmp_path / "b", reject="enrgy")
    assert list(tmp_path.iterdir()) == []


def test_int8_has_it_too_by_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["extract", "icons/tree", "--classes", "cat,dog,horse", "--target", "onnx"]
    assert main([*words, "--precision", "int8", "--reject", "both", "--out", "b"]) == 0
    made = Bundle.load("b")
    assert made.classes == PETS
    assert made.manifest["reject"]["measured"]["kept"]["accepted"] >= 0.95
    assert made.manifest["measured"]["int8"]["points_lost"] <= 0.5
