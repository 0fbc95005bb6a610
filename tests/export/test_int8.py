"""int8 bundles: small, stable, calibrated on their own classes, and refused where they lose."""

from __future__ import annotations

import json

import numpy as np
import pytest

from taxonomy._core import io
from taxonomy._core.errors import DataError, ExportError
from taxonomy.cli import main
from taxonomy.data import Pictures, get_data
from taxonomy.export import ONNX, Bundle, bundle, pictures
from taxonomy.export.checking import REPEATED, made_up
from taxonomy.export.figures import paired, parity_of
from taxonomy.export.pictures import calibrating
from taxonomy.export.to_onnx import session
from taxonomy.nets import extract, get_net
from taxonomy.predictions import Predictions
from tests.export.test_bundling import run_alone, small, texts
from tests.export.test_graph import SHAPES, bytes_of
from tests.nets.test_hierarchical import settled

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

FARM = ("cat", "cow", "dog", "horse", "pig")
KINDS = {"icons/tree": FARM, "icons/flat-0.25x": ("cat", "dog", "horse")}


@pytest.fixture(scope="module", params=KINDS)
def made(request, tmp_path_factory):
    """A bundle of each kind of network, in int8."""
    place = tmp_path_factory.mktemp("bundles") / "b"
    return bundle(request.param, place, classes=KINDS[request.param], precision="int8")


@pytest.fixture(scope="module")
def farm(tmp_path_factory):
    place = tmp_path_factory.mktemp("bundles") / "farm"
    return bundle("icons/tree", place, classes=FARM, precision="int8")


def icons(split: str, classes=FARM) -> Pictures:
    return get_data("icons").part(split).restrict(classes)


def pale(classes=FARM) -> Pictures:
    """Return training pictures that are nearly white: ranges too narrow for what will be shown."""
    part = icons("train", classes)
    images = part.images[:].copy()
    images[:, :3] = images[:, :3] // 16 + 240
    images[:, 3] = 255
    return Pictures(images, part.targets, part.classes, part.splits, part.groups)


class TestTheModel:
    def test_it_is_one_file_of_a_third_of_the_bytes(self, made):
        measured = made.manifest["measured"]
        size = (made.path / "model.onnx").stat().st_size
        assert size == made.manifest["cost"]["bytes"]
        assert size < 0.33 * measured["bytes_in_floats"]
        kept = extract(get_net(made.manifest["source"]["name"]), made.classes)
        assert measured["bytes_in_floats"] == len(ONNX().model(kept))
        others = {file.name for file in made.path.iterdir()} - {"model.onnx"}
        assert others == {"README.md", "bundle.json", "labels.txt", "run.py", "self-test.npz"}

    def test_written_twice_it_has_the_same_bytes_whatever_the_order(self, farm, tmp_path):
        again = bundle(get_net("icons/tree"), tmp_path / "b", classes=FARM[::-1], precision="int8")
        assert again.manifest["files"] == farm.manifest["files"]
        assert again.manifest["calibration"] == farm.manifest["calibration"]

    def test_convolutions_read_whole_numbers_and_logits_stay_floats(self, made):
        model = onnx.load(made.path / "model.onnx")
        maker = {name: node for node in model.graph.node for name in node.output}
        for node in model.graph.node:
            if node.op_type in ("Conv", "Gemm"):
                kinds = {maker[name].op_type for name in node.input}
                assert kinds == {"DequantizeLinear"}, node
                assert len(maker[node.input[1]].input) == 3, "onnxruntime 1.18 wants zero points"
        assert maker["logits"].op_type == "Gemm"
        assert not model.graph.value_info
        assert {p.key for p in model.metadata_props} >= {"names", "class_names"}

    def test_weights_leave_room_for_processors_that_add_in_16_bits(self, made):
        """Two products of a uint8 and a weight: 2 · 255 · 64 is below 2 ** 15."""
        model = onnx.load(made.path / "model.onnx")
        arrays = [onnx.numpy_helper.to_array(tensor) for tensor in model.graph.initializer]
        weights = [array for array in arrays if array.dtype == np.int8 and array.ndim > 1]
        tree = made.manifest["source"]["name"] == "icons/tree"  # a layer of which the head has
        assert len(weights) == (12 if tree else 13)
        assert max(np.abs(weight.astype(int)).max() for weight in weights) == 64

    def test_nothing_of_a_dropped_class_is_named(self, made):
        dropped = set(get_data("icons").classes) - set(made.classes)
        assert set(texts(made.manifest)) & dropped == {"train"}  # which is also a split
        assert made.manifest["calibration"]["of_class"].keys() == set(made.classes)
        data = (made.path / "model.onnx").read_bytes()
        for name in dropped:
            assert f'"{name}"'.encode() not in data

    @pytest.mark.parametrize("options", [{"input": "float"}, {"batch": 0}, {"batch": 3}])
    def test_other_forms_answer_alike(self, farm, tmp_path, options):
        other = bundle("icons/tree", tmp_path / "b", classes=FARM, precision="int8", **options)
        shown = icons("val").images[:, :3]
        one = ONNX().runner(farm.path / "model.onnx")(shown)
        two = ONNX(**options).runner(other.path / "model.onnx")(shown)
        assert np.abs(one - two).max() < REPEATED["int8"] * np.abs(one).max()
        assert "self-test passed" in run_alone(other.path).stdout


@pytest.mark.parametrize("name", SHAPES)
def test_every_variant_of_network_has_an_int8_form(name):
    """Off by less than a fifth of what pictures differ by, random weights or not.

    Where no convolution opens a level anew, random blocks add up on one map, which takes more.
    """
    net = settled(*SHAPES[name])
    shown = bytes_of(net.spec.resolution, 32)
    model = ONNX().model(net)
    floats, whole = (
        ONNX().run(session(data), shown) for data in (model, ONNX().quantized(net, model, shown))
    )
    allowed = 0.4 if name.startswith("no openings") else 0.2
    assert (floats - whole).std() < allowed * (floats - floats.mean(0)).std()


class TestCalibration:
    def test_it_is_on_training_pictures_of_the_kept_classes(self, farm):
        known, part = farm.manifest["calibration"], icons("train")
        assert known["split"] == "train"
        assert known["of_class"] == {
            name: int((part.targets == i).sum()) for i, name in enumerate(FARM)
        }
        assert known["pictures"] == len(part)
        assert known["digest"] == part.digest

    def test_classes_take_turns_where_there_are_too_many_pictures(self, monkeypatch):
        """Of 36, 12, 34, 12 and 19 pictures: 12 of each are 60, and 5 more of the three others."""
        monkeypatch.setattr(pictures, "CALIBRATING", 75)
        chosen = calibrating(get_data("icons"), extract(get_net("icons/tree"), FARM))
        assert np.bincount(chosen.targets).tolist() == [17, 12, 17, 12, 17]

    def test_own_data_and_its_validation_pictures(self, stripes, tmp_path):
        """A run of pictures in memory does not say where they are."""
        from taxonomy.design import NetSpec
        from taxonomy.training import train
        from tests.support.stripes import TREE

        spec = NetSpec.tree(trunk=((4, 0),), levels=((4, 0),), resolution=16)
        train(tmp_path / "run", TREE, stripes, spec=spec, epochs=1, progress=False)
        some = {"classes": ["dots", "plain"], "precision": "int8", "least_agreement": 0.0}
        with pytest.raises(ExportError, match="name a data set that has them as `calibration`"):
            bundle(tmp_path / "run", tmp_path / "b", **some)
        found = bundle(tmp_path / "run", tmp_path / "b", calibration=stripes, **some).manifest
        assert found["measured"]["accuracy"]["split"] == "val"
        count = len(stripes.part("val").restrict(("dots", "plain")))
        assert found["measured"]["accuracy"]["pictures"] == count
        only = stripes.part("train")
        with pytest.raises(ExportError, match="measured on validation pictures"):
            bundle(small(), tmp_path / "c", precision="int8", calibration=only)

    def test_what_is_missing_is_named(self, tmp_path):
        with pytest.raises(ExportError, match="`calibration`"):
            bundle(small(), tmp_path / "b", precision="int8")
        data = get_data("icons")
        cats = data.restrict(("cat",))
        with pytest.raises(DataError, match="`calibration` are not of the class 'cow'"):
            calibrating(cats, extract(get_net("icons/tree"), FARM))
        elsewhere = np.where(data.targets == 44, 1, data.splits).astype(np.uint8)
        without = Pictures(data.images, data.targets, data.classes, elsewhere, data.groups)
        assert data.classes[44] == "cat"
        with pytest.raises(DataError, match="no training picture of 'cat'"):
            calibrating(without, extract(get_net("icons/tree"), FARM))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(
        "options", [{"allowed_loss": -1.0}, {"least_agreement": 1.1}, {"precision": "int4"}]
    )
    def test_useless_options(self, options):
        with pytest.raises(ExportError, match=next(iter(options))):
            ONNX(**options)


class TestTheGate:
    def test_both_accuracies_are_those_of_the_models(self, made):
        part = icons("val", made.classes)
        shown = pictures.colours(part.images[:])
        kept = extract(get_net(made.manifest["source"]["name"]), made.classes)
        floats = ONNX().run(session(ONNX().model(kept)), shown).argmax(1)
        whole = ONNX().runner(made.path / "model.onnx")(shown).argmax(1)
        measured = made.manifest["measured"]
        before, after = ((found == part.targets).mean() for found in (floats, whole))
        told = measured["int8"]
        assert told["accuracy_in_floats"]["top1"] == pytest.approx(before, abs=1e-6)
        assert measured["accuracy"]["top1"] == pytest.approx(after, abs=1e-6)
        assert told["points_lost"] == pytest.approx(100 * (before - after), abs=1e-3)
        assert told["agreement"] == pytest.approx((floats == whole).mean(), abs=1e-6)

    def test_the_card_says_so(self, farm):
        card = (farm.path / "README.md").read_text()
        assert "calibrated on 113 train pictures of these classes alone" in card
        assert farm.manifest["calibration"]["digest"] in card
        assert "these are too few pictures to tell" in card
        assert "bytes in floats" in card
        assert "accuracy in floats" in card

    def test_a_spoilt_calibration_gets_no_name(self, tmp_path):
        """26 pictures are too few to tell of accuracy, and enough to tell of agreement."""
        with pytest.raises(ExportError, match=r"on \d+ of 26 .* `least_agreement=0\.95`"):
            bundle("icons/tree", tmp_path / "b", classes=FARM, precision="int8", calibration=pale())
        some = get_data("icons").classes[:20]
        with pytest.raises(ExportError, match=r"loses 1\d\.\d points .* `allowed_loss=0\.5`"):
            bundle(
                "icons/tree",
                tmp_path / "b",
                classes=some,
                precision="int8",
                calibration=pale(some),
            )
        assert list(tmp_path.iterdir()) == []

    def test_what_is_allowed_is_yours_to_say(self, tmp_path):
        options = {"precision": "int8", "calibration": pale(), "least_agreement": 0.5}
        assert bundle("icons/tree", tmp_path / "b", classes=FARM, **options).classes == FARM

    def test_it_refuses_when_the_pictures_tell(self):
        """Of 200, all right before, 3 lost: 3 / 202 ± 1.96 √((5/202 - (3/202)²) / 202)."""
        few = parity_of(answers(0), answers(3), 0.5, 0.95)
        assert few["points_lost"] == 1.5
        assert few["interval_95"] == [-0.67, 3.65]
        assert few["enough_pictures_to_tell"] is False
        with pytest.raises(ExportError, match=r"loses 4.0 points of accuracy on 200 pictures"):
            parity_of(answers(0), answers(8), 0.5, 0.95)
        many = parity_of(answers(0, 20_000), answers(3, 20_000), 0.5, 0.95)
        assert many["enough_pictures_to_tell"] is True

    def test_the_interval_of_a_difference_by_hand(self):
        """Bonett and Price: shares 8 / 23 and 2 / 23, variance (10/23 - (6/23)²) / 23."""
        half = 1.959964 * ((10 / 23 - (6 / 23) ** 2) / 23) ** 0.5
        assert paired(7, 1, 21) == pytest.approx((6 / 23 - half, 6 / 23 + half))
        assert paired(1, 7, 21) == pytest.approx(tuple(-end for end in paired(7, 1, 21)[::-1]))
        assert paired(0, 0, 10) == pytest.approx((-(1.959964 * (2**0.5) / 12), 0.230984), abs=1e-5)


def answers(wrong: int, count: int = 200) -> Predictions:
    """Return predictions of which the first are wrong."""
    targets = np.zeros(count, dtype=np.int64)
    logits = np.tile(np.float32([1, 0]), (count, 1))
    logits[:wrong] = logits[:wrong, ::-1]
    return Predictions(("a", "b"), logits, targets, "val", np.full(count, ""))


class TestOnTheDevice:
    def test_it_passes_its_self_test_with_numpy_and_onnxruntime_alone(self, made):
        done = run_alone(made.path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("self-test passed: 8 pictures")

    def test_a_runtime_without_whole_number_kernels_passes_it(self, made):
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        plain = onnxruntime.InferenceSession(
            str(made.path / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        known = io.load_npz(made.path / "self-test.npz")
        net = get_net(made.manifest["source"]["name"])
        np.testing.assert_array_equal(known["pictures"], made_up(net))
        gap = np.abs(ONNX().run(plain, known["pictures"]) - known["logits"]).max()
        assert gap < made.manifest["self_test"]["tolerance"] * np.abs(known["logits"]).max()

    def test_tampering_is_told(self, tmp_path):
        place = bundle("icons/flat-0.25x", tmp_path / "b", classes=FARM, precision="int8").path
        data = bytearray((place / "model.onnx").read_bytes())
        data[len(data) // 2] ^= 1
        (place / "model.onnx").write_bytes(data)
        done = run_alone(place)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert "model.onnx is not the file that was bundled" in done.stderr

    def test_outputs_beyond_the_tolerance_fail(self, tmp_path):
        place = bundle("icons/flat-0.25x", tmp_path / "b", classes=FARM, precision="int8").path
        arrays = io.load_npz(place / "self-test.npz")
        manifest = json.loads((place / "bundle.json").read_text())
        assert manifest["self_test"] == {"tolerance": 0.08}
        size = np.abs(arrays["logits"]).max()
        for share, code in ((0.02, 0), (0.1, 1)):
            moved = arrays | {"logits": arrays["logits"] + np.float32(share * size)}
            io.save_npz(place / "self-test.npz", moved)
            manifest["files"]["self-test.npz"] = io.file_digest(place / "self-test.npz")
            (place / "bundle.json").write_text(json.dumps(manifest))
            assert run_alone(place).returncode == code


class TestTheCommand:
    WORDS = ("extract", "icons/tree", "--classes", "cat,dog,horse", "--target", "onnx", "-o", "b")

    def test_from_a_name_to_an_int8_bundle(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        assert main([*self.WORDS, "--precision", "int8", "--data", "icons"]) == 0
        assert "bytes in floats" in capsys.readouterr().out
        assert Bundle.load("b").manifest["options"]["precision"] == "int8"

    def test_a_network_of_your_own_needs_data(self, tmp_path, monkeypatch, capsys):
        from taxonomy.nets import save_net

        monkeypatch.chdir(tmp_path)
        save_net("mine.safetensors", small())
        words = ["extract", "mine.safetensors", "--classes", "cat,bus", "--target", "onnx"]
        assert main([*words, "-o", "b", "--precision", "int8"]) == 2
        assert "name a data set that has them as --data" in capsys.readouterr().err
        assert not (tmp_path / "b").exists()
