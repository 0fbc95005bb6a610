"""The visual source: numbers by hand, no test split, and arrays of a real small network."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from taxonomy._core.errors import DataError, FileFormatError, SimilarityError
from taxonomy.cli import main
from taxonomy.design.spec import NetSpec
from taxonomy.labels import LabelSet
from taxonomy.nets import build_net
from taxonomy.nets.inputs import to_input
from taxonomy.predictions import ClassFeatures, Predictions
from taxonomy.similarity.visual import Visual, of_features, of_predictions
from taxonomy.training.features import class_features
from taxonomy.trees.hierarchy import Hierarchy
from tests.support.stripes import TREE, picture_folder

PETS = ("car", "cat", "dog")


def folder_of(folder, features: ClassFeatures | None = None, logits: Predictions | None = None):
    folder.mkdir(exist_ok=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    if features:
        features.save(folder / "features-val.npz")
    if logits:
        logits.save(folder / "predictions-val.npz")
    return str(folder)


def test_weights_by_hand():
    """Weights (3, 0) and (3, 4) have the cosine 3 / 5."""
    means = np.eye(3)
    features = ClassFeatures(PETS, means, [1, 1, 1], "val", [[3, 0], [3, 4], [0, 1]])
    assert of_features(features, "weights").between("car", "cat") == (1 + 3 / 5) / 2


def test_features_are_taken_less_what_all_share():
    """Less their mean (5, 0) the means are (-1, 1), (1, 1) and (0, -2)."""
    features = ClassFeatures(PETS, [[4, 1], [6, 1], [5, -2]], [1, 1, 1], "val")
    similarity = of_features(features)
    assert similarity.between("car", "cat") == pytest.approx((1 + 0) / 2)
    assert similarity.between("car", "dog") == pytest.approx((1 - 2 / (2**0.5 * 2)) / 2)


def test_confusion_by_hand():
    """A car's picture gives the cat .25, and two cats' give the car 0.5 and 0: (.25 + .25) / 2."""
    shares = np.array([[0.75, 0.25 - 1e-12, 1e-12], [0.5, 0.5 - 1e-12, 1e-12]])
    shares = np.vstack([shares, [[1e-12, 1 - 2e-12, 1e-12], [1e-12, 1e-12, 1 - 2e-12]]])
    made = of_predictions(Predictions(PETS, np.log(shares), [0, 1, 1, 2], "val"))
    assert made.between("car", "cat") == pytest.approx(0.25)
    assert made.between("cat", "dog") == pytest.approx(0, abs=1e-9)


class TestRefusals:
    FEATURES = ClassFeatures(PETS, np.eye(3), [1, 2, 3], "val")

    def test_the_test_split_in_any_way(self, tmp_path):
        with pytest.raises(SimilarityError, match="set `split='val'`"):
            Visual("run", split="test")(LabelSet(PETS))
        logits = Predictions(PETS, np.eye(3), [0, 1, 2], "test")
        for view, run in (
            ("features", folder_of(tmp_path, ClassFeatures(PETS, np.eye(3), [1] * 3, "test"))),
            ("confusion", folder_of(tmp_path, logits=logits)),
        ):  # a file of the test split under the name of another
            with pytest.raises(SimilarityError, match="tested on what it was made of"):
                Visual(run, view)(LabelSet(PETS))

    def test_no_network(self):
        with pytest.raises(SimilarityError, match="`network`"):
            Visual()(LabelSet(PETS))

    @pytest.mark.parametrize(
        ("view", "split", "step"),
        [
            ("features", "val", "taxonomy features .* --split val"),
            ("confusion", "val", "taxonomy train --resume"),
            ("confusion", "train", "logits of val, not of train"),
        ],
    )
    def test_arrays_that_are_not_there(self, tmp_path, view, split, step):
        with pytest.raises(FileFormatError, match=step):
            Visual(folder_of(tmp_path), view, split)(LabelSet(PETS))

    def test_classes_that_the_network_lacks(self, tmp_path):
        run = folder_of(tmp_path, self.FEATURES)
        with pytest.raises(SimilarityError, match=r"lacks 1 of 2 classes.*'kat'.*mean 'cat'"):
            Visual(run)(LabelSet(["kat", "dog"]))

    def test_weights_that_do_not_compare(self):
        with pytest.raises(SimilarityError, match="taxonomy train --flat"):
            of_features(self.FEATURES, "weights")

    def test_a_class_without_a_picture(self):
        with pytest.raises(SimilarityError, match=r"1 of 3 classes have no picture.*'cat'"):
            of_features(ClassFeatures(PETS, np.eye(3), [1, 0, 3], "val"))
        with pytest.raises(SimilarityError, match="'dog'"):
            of_predictions(Predictions(PETS, np.eye(3)[:2], [0, 1], "val"))

    def test_a_class_without_a_direction(self):
        dead = ClassFeatures(PETS, np.eye(3), [1, 1, 1], "val", [[1, 0], [0, 0], [0, 1]])
        with pytest.raises(SimilarityError, match="'cat' are all zero"):
            of_features(dead, "weights")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"means": [[1.0, np.nan]] * 3}, "means hold NaN"),
        ({"means": np.eye(2)}, "shape .* a row for each of 3 classes is needed"),
        ({"weights": [[1.0, np.inf]] * 3}, "weights hold NaN"),
        ({"counts": [1, 2]}, "2 counts for 3 classes"),
        ({"ids": ("dog", "cat", "car")}, "sorted by label id"),
    ],
)
def test_malformed_features_are_refused(arrays, message):
    good = {"ids": PETS, "means": np.eye(3), "counts": [1, 1, 1], "split": "val"}
    with pytest.raises(DataError, match=message):
        ClassFeatures(**(good | arrays))


def test_features_round_trip(tmp_path):
    made = ClassFeatures(PETS, np.eye(3), [1, 2, 3], "val", np.eye(3), {"made_by": "test"})
    made.save(tmp_path / "f.npz")
    loaded = ClassFeatures.load(tmp_path / "f.npz")
    assert (loaded.digest, loaded.provenance) == (made.digest, {"made_by": "test"})
    assert loaded.weights is not None


class TestNetwork:
    def test_means_are_of_what_the_heads_read(self, stripes):
        """Heads on a class's mean features give its mean logits, a head being linear."""
        net = build_net(
            NetSpec.flat((6, 8), resolution=16), Hierarchy.star(stripes.classes), 0
        ).eval()
        part = stripes.part("val")
        made = class_features(net, part, batch_size=7)
        logits = net(to_input(torch.from_numpy(part.images))).detach().numpy()
        bias = next(iter(net.heads.values())).bias.detach().numpy()[net.order.numpy()]
        for target in range(len(stripes.classes)):
            mean = logits[part.targets == target].mean(0)
            expected = made.weights @ made.means[target] + bias
            assert mean == pytest.approx(expected, abs=1e-4)
        assert made.counts.tolist() == [10] * 6
        assert made.split == "val"

    def test_a_tree_network_has_features_and_no_weights(self, stripes):
        spec = NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16)
        made = class_features(build_net(spec, TREE, 0).eval(), stripes.part("train"))
        assert made.weights is None
        assert made.means.shape == (6, 6)
        assert of_features(made).ids == TREE.leaves

    def test_from_training_to_a_tree(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        picture_folder(tmp_path / "data")
        NetSpec.flat((6, 8), resolution=16).save("spec.json")
        flags = ["--flat", "--spec", "spec.json", "--epochs", "1", "--precision", "fp32"]
        assert main(["train", "--data", "data", *flags, "--out", "run"]) == 0
        assert main(["features", "run"]) == 0
        assert "6 classes over 60 pictures (val), 8 channels; weights" in capsys.readouterr().out
        model = json.loads((tmp_path / "run" / "manifest.json").read_text())["model"]
        for view in ("weights", "features", "confusion"):
            options = ["--source", "visual", "--network", "run", "--view", view]
            assert main(["generate", "data", *options, "--out", f"{view}.json"]) == 0
            made = Hierarchy.load(f"{view}.json").provenance["source"]
            assert made["checkpoint"] == model
            assert made["split"] == "val"
        assert main(["generate", "data", *options, "--split", "test"]) == 2
        assert "tested on what it was made of" in capsys.readouterr().err

    def test_other_pictures_than_it_was_trained_on_are_refused(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        picture_folder(tmp_path / "data")
        NetSpec.flat((6,), resolution=16).save("spec.json")
        flags = ["--flat", "--spec", "spec.json", "--epochs", "1", "--precision", "fp32"]
        assert main(["train", "--data", "data", *flags, "--out", "run"]) == 0
        next((tmp_path / "data" / "val" / "dots").iterdir()).unlink()
        assert main(["features", "run"]) == 2
        assert "trained on other pictures" in capsys.readouterr().err
        assert not (tmp_path / "run" / "features-val.npz").exists()
