"""Bundles: whole or not at all, stable, checked, and run with numpy and the runtime alone."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from taxonomy._core import io
from taxonomy._core.errors import (
    DataError,
    ExportError,
    FileFormatError,
    MissingExtraError,
    RegistryError,
    WriteError,
)
from taxonomy.cli import main
from taxonomy.data import Preprocessing, get_data
from taxonomy.design import NetSpec
from taxonomy.export import ONNX, Bundle, Safetensors, bundle
from taxonomy.export.card import figures_table
from taxonomy.export.figures import wilson
from taxonomy.nets import extract, get_net, predict
from taxonomy.trees.hierarchy import Hierarchy
from tests.nets.test_hierarchical import settled

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

PETS = ("cat", "dog", "horse")
ALONE = """
import runpy, sys
allowed = set(sys.stdlib_module_names) | {"numpy", "onnxruntime"} | set(sys.argv.pop(1).split())
class Only:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Only())
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run_alone(
    place, *words, also: str = "", program: str = "run.py"
) -> subprocess.CompletedProcess[str]:
    """Run a folder's program where there are numpy, onnxruntime and what else is named."""
    command = [sys.executable, "-I", "-W", "ignore", "-c", ALONE, also, str(place / program)]
    return subprocess.run(
        [*command, *map(str, words)], capture_output=True, text=True, check=False, cwd=place.parent
    )


def texts(value) -> list[str]:
    """Return all texts in a JSON value but the keys of objects."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in texts(item)]


def small(seed: int = 0):
    tree = Hierarchy.from_nested({"pet": ["cat", "dog"], "car": ["bus", "taxi"]})
    return settled(NetSpec.tree(trunk=((4, 0),), levels=((8, 1),), resolution=16), tree, seed)


@pytest.fixture(scope="module")
def pets(tmp_path_factory):
    return bundle("icons/tree", tmp_path_factory.mktemp("bundles") / "pets", classes=PETS)


class TestContent:
    def test_it_says_all_that_a_device_and_a_person_need(self, pets):
        known = pets.manifest
        assert pets.classes == PETS
        assert (pets.path / "labels.txt").read_text() == "cat\ndog\nhorse\n"
        assert known["labels"][0] == {"id": "cat", "name": "cat", "wnid": "n02121620"}
        assert known["preprocessing"] == Preprocessing(32).to_dict()
        source = get_net("icons/tree").source
        assert known["source"]["sha256"] == source.sha256
        assert known["source"]["classes"] == 212
        assert Hierarchy.from_content(known["tree"], "it").leaves == PETS
        assert known["input"]["shape"] == [1, 3, 32, 32]
        assert "MIT" in known["licences"]["weights"]
        assert str(pets) == pets.to_text()
        assert known["cost"]["bytes"] == (pets.path / "model.onnx").stat().st_size
        assert known["versions"].keys() >= {"onnx", "onnxruntime", "torch"}
        assert Bundle.load(pets.path).manifest == known

    def test_the_accuracy_is_that_of_the_expert_on_validation(self, pets):
        part = get_data("icons").part("val").restrict(PETS)
        answers = predict(extract(get_net("icons/tree"), PETS), part)
        right = (answers.probabilities.argmax(1) == part.targets).mean()
        found = pets.manifest["measured"]["accuracy"]
        assert found["top1"] == pytest.approx(right, abs=1 / len(part))
        assert (found["pictures"], found["split"]) == (len(part), "val")
        assert found["interval_95"][0] < right < found["interval_95"][1]

    def test_outputs_equal_the_networks_on_real_pictures(self, pets):
        assert pets.manifest["measured"]["compared_pictures"] > 20
        assert pets.manifest["measured"]["largest_difference"] < 1e-4

    def test_the_flat_networks_stand_beside_a_shipped_ones_expert(self, pets):
        beside = {row["network"]: row for row in pets.manifest["measured"]["beside"]}
        assert list(beside) == ["icons/flat-0.25x", "icons/flat-0.35x", "icons/flat"]
        part = get_data("icons").part("val").restrict(PETS)
        right = {
            name: predict(extract(get_net(name), PETS), part).probabilities.argmax(1)
            == part.targets
            for name in ("icons/tree", *beside)
        }
        own = right.pop("icons/tree")
        for name, known in right.items():
            row = beside[name]
            assert row["accuracy"]["top1"] == pytest.approx(known.mean(), abs=1e-6)
            assert row["points_behind"] == pytest.approx(
                100 * (own.mean() - known.mean()), abs=0.01
            )
            assert f"| {name} | {row['params']:,} |" in (pets.path / "README.md").read_text()
        thin = extract(get_net("icons/flat-0.25x"), PETS)
        assert beside["icons/flat-0.25x"]["bytes"] == len(ONNX().model(thin))

    def test_other_networks_stand_alone(self, tmp_path):
        made = bundle(extract("icons/tree", PETS), tmp_path / "pets", target="safetensors")
        assert "beside" not in made.manifest["measured"]
        assert "Beside flat" not in (tmp_path / "pets" / "README.md").read_text()

    def test_every_file_is_listed_with_its_digest(self, pets):
        others = {"bundle.json", "README.md"}
        names = {file.name for file in pets.path.iterdir()}
        assert names - others == pets.manifest["files"].keys()
        for name, digest in pets.manifest["files"].items():
            assert io.file_digest(pets.path / name) == digest

    def test_no_dropped_class_is_named_in_any_file(self, pets):
        dropped = set(get_net("icons/tree").classes) - set(PETS)
        assert set(texts(pets.manifest)) >= {*PETS, "n02121620"}
        assert not dropped & set(texts(pets.manifest))
        assert not dropped & set((pets.path / "labels.txt").read_text().split())

    def test_the_card_shows_the_figures_and_no_markup_of_strangers(self, tmp_path):
        tree = Hierarchy.star(["<b>x</b>", "[y](http://z)"])
        made = bundle(settled(NetSpec.flat((4,), resolution=8), tree), tmp_path / "b")
        card = (made.path / "README.md").read_text()
        assert r"\<b\>x\</b\>" in card
        assert r"\[y\](http://z)" in card
        assert figures_table(made.manifest) in card
        assert "not stated" in card

    def test_names_and_licences_of_your_own(self, tmp_path):
        licences = {"weights": "CC0", "data": "mine"}
        made = bundle(
            small(), tmp_path / "b", labels=["bus", "cat", "dog", "taxi"], licences=licences
        )
        assert made.manifest["licences"] == licences
        assert made.manifest["labels"][0] == {"id": "bus", "name": "bus"}
        assert made.manifest["source"] is None
        assert "accuracy" not in made.manifest["measured"]

    def test_wilsons_interval(self):
        """Newcombe 1998, table I: 81 of 263, and 15 of 148."""
        assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
        assert wilson(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)


def test_generic_tools_read_the_labels_of_safetensors(tmp_path):
    made = bundle(small(), tmp_path / "b", Safetensors())
    names = json.loads((made.path / "config.json").read_text())
    assert names["id2label"] == {"0": "bus", "1": "cat", "2": "dog", "3": "taxi"}
    assert names["label2id"]["taxi"] == 3
    assert get_net(made.path).classes == made.classes


class TestWholeOrNotAtAll:
    def test_what_answers_something_else_gets_no_name(self, tmp_path):
        @dataclass(frozen=True)
        class Wrong(Safetensors):
            def runner(self, file):
                run = Safetensors.runner(self, file)
                return lambda pictures: run(pictures) + np.float32(0.01)

        with pytest.raises(ExportError, match=r"differ from the network's by 1\.0e-02"):
            bundle(small(), tmp_path / "b", Wrong())
        assert list(tmp_path.iterdir()) == []

    def test_an_earlier_bundle_is_replaced_and_kept_on_failure(self, tmp_path):
        first = bundle(small(), tmp_path / "b")
        second = bundle(small(1), tmp_path / "b", "safetensors")
        assert first.manifest["weights"] != second.manifest["weights"]
        assert not (tmp_path / "b" / "model.onnx").exists()
        with pytest.raises(RegistryError, match="Did you mean 'onnx'"):
            bundle(small(), tmp_path / "b", "onx")
        with pytest.raises(DataError, match="several splits"):
            bundle("icons/tree", tmp_path / "b", pictures=get_data("icons"), classes=PETS)
        assert Bundle.load(tmp_path / "b").manifest == second.manifest
        assert [path.name for path in tmp_path.iterdir()] == ["b"]

    def test_other_folders_stay(self, tmp_path):
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "mine.txt").write_text("x")
        with pytest.raises(WriteError, match=r"holds no bundle\.json"):
            bundle(small(), tmp_path / "b")
        assert [path.name for path in (tmp_path / "b").iterdir()] == ["mine.txt"]
        with pytest.raises(FileFormatError, match="bundle"):
            Bundle.load(tmp_path / "b")

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"labels": ["cat"]}, r"labels\[0\]: expected an object, found 'cat'"),
            ({"cost": None}, "cost: expected an object, found None"),
            ({"source": {"classes": "212"}}, "source.*: "),
            ({"measured": {}}, "measured: lacks the field 'latency'"),
            ({"format": ["x"]}, "describes no bundle"),
        ],
    )
    def test_a_damaged_manifest_is_refused(self, tmp_path, change, message):
        made = bundle(small(), tmp_path / "b", "safetensors")
        (tmp_path / "b" / "bundle.json").write_text(json.dumps({**made.manifest, **change}))
        with pytest.raises(FileFormatError, match=rf"bundle\.json: {message}"):
            Bundle.load(tmp_path / "b")

    def test_a_missing_package_is_named_with_the_line_to_type(self, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "onnx", None)
        with pytest.raises(MissingExtraError, match=r'pip install "taxonomy-experts\[onnx\]"'):
            bundle(small(), tmp_path / "b")
        assert list(tmp_path.iterdir()) == []


class TestOnTheDevice:
    def test_it_runs_with_numpy_and_onnxruntime_alone(self, pets):
        done = run_alone(pets.path)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("self-test passed: 8 pictures")
        assert "ms a picture" in done.stdout

    def test_it_names_the_class_that_predict_names(self, pets, tmp_path):
        """Wider than high, transparent, in grey, turned by its camera: prepared alike."""
        part = get_data("icons").part("val").restrict(PETS)
        for number in range(6):
            picture = Image.fromarray(part.images[2 * number].transpose(1, 2, 0))
            if number == 3:
                picture = picture.convert("LA")
            picture = picture.resize((90 + number, 70))
            exif = picture.getexif()
            exif[0x0112] = 1 + number
            picture.save(tmp_path / f"{number}.png", exif=exif)
        done = run_alone(pets.path, *sorted(tmp_path.glob("*.png")), "--top", "1", also="PIL")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        known = predict(extract(get_net("icons/tree"), PETS), tmp_path)
        for number, name in enumerate(known.pictures):
            (best,) = known.best(number, 1)
            assert lines[2 * number] == name
            assert lines[2 * number + 1] == f"  {best.name} {best.probability:.1%}"

    @pytest.mark.parametrize("name", ["model.onnx", "labels.txt", "self-test.npz"])
    def test_a_file_that_was_tampered_with_is_named(self, tmp_path, name):
        made = bundle(small(), tmp_path / "b")
        data = bytearray((made.path / name).read_bytes())
        data[len(data) // 2] ^= 1
        (made.path / name).write_bytes(data)
        done = run_alone(made.path)
        assert done.returncode == 1
        assert f"{name} is not the file that was bundled" in done.stderr
        assert "Traceback" not in done.stderr

    def test_a_manifest_that_is_gone_and_numbers_below_one_are_named(self, tmp_path):
        made = bundle(small(), tmp_path / "b")
        for words in (("--threads", "0"), ("--top", "-1")):
            done = run_alone(made.path, *words)
            assert done.returncode == 2
            assert "--top and --threads are 1 or more" in done.stderr
        (made.path / "bundle.json").unlink()
        done = run_alone(made.path)
        assert done.returncode == 1
        assert done.stderr.startswith("bundle.json is missing or broken")

    @pytest.mark.skipif(sys.platform == "win32", reason="closes a pipe as POSIX does")
    def test_a_reader_that_goes_is_no_error(self, pets):
        for words in ([], ["--help"]):
            command = [sys.executable, "-I", str(pets.path / "run.py"), *words]
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
                run.stdout.close()
                assert run.stderr.read() == b""

    def test_outputs_that_differ_fail_the_self_test(self, tmp_path):
        """As of a runtime that computes something else: here the stored logits are changed."""
        made = bundle(small(), tmp_path / "b")
        arrays = io.load_npz(made.path / "self-test.npz")
        io.save_npz(made.path / "self-test.npz", arrays | {"logits": arrays["logits"] + 1})
        manifest = json.loads((made.path / "bundle.json").read_text())
        manifest["files"]["self-test.npz"] = io.file_digest(made.path / "self-test.npz")
        (made.path / "bundle.json").write_text(json.dumps(manifest))
        done = run_alone(made.path)
        assert done.returncode == 1
        assert "self-test: the outputs differ by 1.0e+00" in done.stderr

    @pytest.mark.parametrize("options", [{"input": "float"}, {"batch": 0}, {"batch": 3}])
    def test_other_forms_pass_their_self_test_too(self, tmp_path, options):
        done = run_alone(bundle(small(), tmp_path / "b", **options).path)
        assert "self-test passed" in done.stdout, done.stderr

    def test_a_picture_without_pillow_and_one_that_is_none(self, pets, tmp_path):
        (tmp_path / "x.png").write_bytes(b"no picture")
        assert "pip install pillow" in run_alone(pets.path, tmp_path / "x.png").stderr
        done = run_alone(pets.path, tmp_path / "x.png", also="PIL")
        assert (done.returncode, "not a readable picture" in done.stderr) == (1, True)


class TestTheCommand:
    def test_from_a_name_to_a_bundle(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        words = [
            "extract",
            "icons/tree",
            "--classes",
            "cat,hors*",
            "--target",
            "onnx",
            "-o",
            "pets",
        ]
        assert main(words) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "expert for 2 of 212 classes: cat, horse"
        assert lines[2].split() == ["classes", "2", "212"]
        assert lines[-1] == "bundle written to pets"
        assert Bundle.load("pets").classes == ("cat", "horse")
        assert main([*words[:-2], "--batch", "0", "--input", "float"]) == 0  # into ./expert
        assert Bundle.load("expert").manifest["input"]["shape"][0] == "N"

    def test_classes_of_a_file_and_below_a_node(self, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine.txt").write_text("dog\ncat\n")
        assert main(["extract", "icons/tree", "--classes", "mine.txt"]) == 0
        assert get_net("expert.safetensors").classes == ("cat", "dog")
        assert main(["extract", "icons/tree", "--under", "airplane, drone and 4 more"]) == 0
        assert len(get_net("expert.safetensors").classes) == 6
        capsys.readouterr()
        assert main(["extract", "icons/tree", "--under", "airplane and 5 mor"]) == 2
        assert "Did you mean 'airplane, drone and 4 more'?" in capsys.readouterr().err

    def test_predicting_with_a_bundle_names_its_own_program(self, pets, capsys):
        assert main(["predict", str(pets.path), "x.png"]) == 2
        assert f"run it: python {pets.path}/run.py" in capsys.readouterr().err

    def test_a_run_brings_its_stored_predictions(self, tmp_path, stripes):
        from taxonomy.training import train
        from tests.support.stripes import TREE

        spec = NetSpec.tree(trunk=((4, 0),), levels=((4, 0),), resolution=16)
        run = train(tmp_path / "run", TREE, stripes, spec=spec, epochs=1, progress=False)
        made = bundle(tmp_path / "run", tmp_path / "b", classes=["dots", "plain"])
        known = run.predictions("val").restrict(["dots", "plain"])
        assert made.manifest["measured"]["accuracy"]["top1"] == known.accuracy()
        assert made.manifest["source"]["name"] == "run"
