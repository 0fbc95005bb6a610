"""Banks: one trunk, a file a node and a class; any classes opened, added and removed, exactly."""

from __future__ import annotations

import json
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from taxonomy._core.errors import DataError, ExportError, LabelError, WriteError
from taxonomy.cli import main
from taxonomy.data import get_data
from taxonomy.design import NetSpec
from taxonomy.export import bank as banking
from taxonomy.export import pack
from taxonomy.export.checking import TOLERANCE
from taxonomy.export.pictures import colours
from taxonomy.export.to_onnx import session
from taxonomy.nets import build_net, extract, get_net, predict
from taxonomy.nets.inputs import to_input
from taxonomy.trees.hierarchy import Hierarchy
from tests.export.test_bundling import run_alone, small, texts
from tests.export.test_graph import SHAPES, bytes_of
from tests.nets.test_hierarchical import settled

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

NETS = {
    **{name: lambda shape=shape: settled(*shape) for name, shape in SHAPES.items()},
    "flat": lambda: settled(NetSpec.flat((4, 8), resolution=16), Hierarchy.star("abcdef")),
    "icons/tree": lambda: get_net("icons/tree"),
    "icons/flat-0.25x": lambda: get_net("icons/flat-0.25x"),
}
SEQUENCES = -(-200 // len(NETS))
"""Of adding and removing, for each network: 200 and more in all."""


def program_of(place: Path) -> dict[str, object]:
    """Return what a bank's program defines."""
    return runpy.run_path(str(place / "bank.py"))


def opened(place: Path, classes=()):
    return program_of(place)["ExpertBank"].open(place, classes)


def logits_of(net, pictures: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return net(to_input(torch.from_numpy(pictures))).numpy()


def assert_close(found: np.ndarray, wanted: np.ndarray) -> None:
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= TOLERANCE * max(1, np.abs(wanted).max())


def contents(place: Path) -> dict[str, bytes]:
    files = [file for file in place.rglob("*") if file.is_file()]
    return {file.relative_to(place).as_posix(): file.read_bytes() for file in files}


@pytest.fixture(scope="module")
def icons(tmp_path_factory):
    return pack("icons/tree", tmp_path_factory.mktemp("banks") / "packs")


@pytest.fixture
def small_bank(tmp_path):
    """Return a bank of two nodes: cat and dog, bus and taxi."""
    return pack(small(), tmp_path / "b").path


@pytest.mark.parametrize("name", NETS)
def test_after_adding_and_removing_it_answers_as_the_expert_does(tmp_path, name):
    net = NETS[name]()
    bank = opened(pack(net, tmp_path / "b").path)
    rng = np.random.default_rng(len(name))
    pictures = bytes_of(net.spec.resolution, 2)
    for _ in range(SEQUENCES):
        bank.remove(bank.classes)
        assert (bank.models, bank.bytes) == ({}, 0)
        for _ in range(int(rng.integers(1, 6))):
            closed = sorted(set(net.classes) - set(bank.classes))
            some = bank.classes if rng.random() < 0.4 and len(bank.classes) > 1 else closed
            if not some:
                continue
            count = int(rng.integers(1, min(len(some), 9) + 1))
            chosen = rng.choice(np.array(some, dtype=object), count, replace=False)
            change = bank.remove if some is bank.classes else bank.add
            change(chosen[: len(some) - 1] if change == bank.remove else chosen)
        if not bank.classes:
            bank.add([net.classes[0]])
        expert = extract(net, bank.classes)
        assert bank.classes == expert.classes
        assert len(bank.models) == len(expert.hierarchy.nodes)
        assert_close(bank.logits(pictures), logits_of(expert, pictures))


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_open_classes_as_one_model_answer_the_same(tmp_path, precision):
    bank = opened(
        pack("icons/tree", tmp_path / "b", precision=precision).path, ["bus", "cat", "dog"]
    )
    pictures = bytes_of(32, 3)
    model = bank.merged()
    assert model == bank.merged()
    found = session(model).run(None, {"input": pictures})[0]
    np.testing.assert_allclose(found, bank.logits(pictures), atol=1e-4)
    assert len(model) < bank.bytes + 2_000


@pytest.mark.parametrize("name", NETS)
def test_every_variant_is_one_model_too(tmp_path, name):
    net = NETS[name]()
    bank = opened(pack(net, tmp_path / "b").path, net.classes[::2])
    pictures = bytes_of(net.spec.resolution, 2)
    found = session(bank.merged()).run(None, {"input": pictures})[0]
    assert_close(found, logits_of(extract(net, net.classes[::2]), pictures))


def test_the_sequences_are_as_many_as_is_said():
    assert SEQUENCES * len(NETS) >= 200


class TestSizes:
    def test_bytes_stated_are_bytes_on_disk(self, icons):
        bank, rng = opened(icons.path), np.random.default_rng(0)
        for _ in range(20):
            before, files = bank.bytes, bank.files_of(bank.classes)
            chosen = rng.choice(np.array(icons.classes, dtype=object), 5, replace=False)
            stated = bank.bytes_of_change(chosen)
            new = set(bank.files_of(chosen)) - set(files)
            assert stated == sum((icons.path / name).stat().st_size for name in new)
            bank.add(chosen)
            assert bank.bytes == before + stated
            assert bank.bytes_of_change(chosen) == 0

    def test_a_class_of_an_open_node_takes_at_most_200_bytes(self, icons):
        bank = opened(icons.path, ["cat"])
        above = bank.labels["cat"]["node"]
        beside = [name for name, label in bank.labels.items() if label["node"] == above]
        assert len(beside) > 2
        for name in set(beside) - {"cat"}:
            assert bank.bytes_of_change([name]) == 195

    def test_a_class_of_a_closed_node_takes_at_most_40_kb_in_int8(self, tmp_path):
        made = pack("icons/tree", tmp_path / "b", precision="int8")
        bank = opened(made.path, ["cat"])
        assert max(bank.bytes_of_change([name]) for name in made.classes) <= 40_000
        known = made.manifest["measured"]
        assert known["int8"]["points_lost"] <= 0.5
        assert known["int8"]["agreement"] > 0.98
        bank.add(made.classes)
        pictures = colours(get_data("icons").part("val").images[::16])
        exact = logits_of(get_net("icons/tree"), pictures)
        assert np.abs(bank.logits(pictures) - exact).max() < 0.05 * np.abs(exact).max()

    def test_nothing_but_the_files_it_names_is_needed(self, icons, tmp_path):
        done = run_alone(
            icons.path, "--classes", "cat,dog", "--files", also="PIL", program="bank.py"
        )
        for name in done.stdout.split():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            shutil.copy(icons.path / name, tmp_path / name)
        assert len(done.stdout.split()) == 4 + 1 + 2
        done = run_alone(tmp_path, "--classes", "cat,dog", program="bank.py")
        assert done.returncode == 0, done.stderr
        done = run_alone(tmp_path, "--classes", "cat,whale,bus", program="bank.py")
        assert (done.returncode, done.stderr) == (
            1,
            "'whale' is no class of this bank, which has 212.\n",
        )
        assert "missing; copy it, too" in run_alone(tmp_path, program="bank.py").stderr


class TestSharing:
    def test_two_sets_on_one_picture_run_each_model_once(self, icons):
        bank = opened(icons.path, ["cat", "dog", "bus", "car"])
        runs = count_runs(bank)
        pictures = bytes_of(32, 3)
        one, other = bank.logits_of([["cat", "bus"], ["dog", "cat"]], pictures)
        assert set(runs.values()) == {1}
        net = get_net("icons/tree")
        assert_close(one, logits_of(extract(net, ["cat", "bus"]), pictures))
        assert_close(other, logits_of(extract(net, ["cat", "dog"]), pictures))

    def test_only_nodes_of_the_classes_asked_for_run(self, icons):
        bank = opened(icons.path, ["cat", "bus"])
        assert bank.labels["cat"]["node"] != bank.labels["bus"]["node"]
        runs = count_runs(bank)
        bank.logits_of([["cat"]], bytes_of(32, 1))
        assert runs == {0: 1, bank.labels["cat"]["node"]: 1}

    def test_experts_share_the_trunk_bit_for_bit(self, tmp_path):
        net = get_net("icons/tree")
        one, other = (
            contents(pack(net, tmp_path / name, classes=classes).path)
            for name, classes in (("a", ["cat", "dog"]), ("b", ["bus", "cat"]))
        )
        assert one["trunk.onnx"] == other["trunk.onnx"]
        assert one["classes/0000.bin"] == other["classes/0001.bin"]
        assert {"bus", "dog"} & set(texts(json.loads(one["bank.json"]))) == {"dog"}


def count_runs(bank) -> dict[int, int]:
    """Have a bank's models count how often they run, and return the counts."""
    runs: dict[int, int] = {}

    class Counting:
        def __init__(self, number, model):
            self.number, self.model = number, model

        def run(self, *given):
            runs[self.number] = runs.get(self.number, 0) + 1
            return self.model.run(*given)

    bank.models = {number: Counting(number, model) for number, model in bank.models.items()}
    return runs


class TestOnTheDevice:
    def test_it_runs_with_numpy_and_onnxruntime_alone(self, icons):
        done = run_alone(icons.path, program="bank.py")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()
        assert lines[0].startswith("212 classes open: 23 models, ")
        assert lines[1].startswith("self-test passed")
        assert "ms a picture" in lines[2]

    def test_it_names_the_class_that_predict_names(self, icons, tmp_path):
        part = get_data("icons").part("val").restrict(("cat", "dog"))
        for number, picture in enumerate(colours(part.images[:4])):
            Image.fromarray(picture.transpose(1, 2, 0)).resize((70, 50)).save(
                tmp_path / f"{number}.png"
            )
        files = sorted(tmp_path.glob("*.png"))
        words = ("--classes", "dog,cat", *files, "--top", "1")
        done = run_alone(icons.path, *words, also="PIL", program="bank.py")
        assert done.returncode == 0, done.stderr
        lines = done.stdout.splitlines()[1:]
        known = predict(extract(get_net("icons/tree"), ["cat", "dog"]), tmp_path)
        for number, name in enumerate(known.pictures):
            (best,) = known.best(number, 1)
            assert lines[2 * number] == name
            assert lines[2 * number + 1] == f"  {best.name} {best.probability:.1%}"

    @pytest.mark.parametrize(
        "name", ["trunk.onnx", "nodes/0001.onnx", "classes/0002.bin", "self-test.npz"]
    )
    def test_a_file_that_was_tampered_with_is_named(self, small_bank, name):
        data = bytearray((small_bank / name).read_bytes())
        data[len(data) // 2] ^= 1
        (small_bank / name).write_bytes(data)
        done = run_alone(small_bank, program="bank.py")
        assert (done.returncode, done.stderr) == (
            1,
            f"{name} is not the file that was written; copy it again.\n",
        )

    def test_what_cannot_be_added_leaves_the_bank_as_it_was(self, small_bank):
        program = program_of(small_bank)
        bank = program["ExpertBank"].open(small_bank, ["cat"])
        pictures, before = bytes_of(16, 2), bank.logits(bytes_of(16, 2))
        (small_bank / bank.labels["taxi"]["file"]).unlink()
        for classes in (["dog", "taxi"], ["dog", "whale"]):
            with pytest.raises(program["BankError"], match=r"missing|no class"):
                bank.add(classes)
            assert bank.classes == ("cat",)
            assert len(bank.models) == 2
            np.testing.assert_array_equal(bank.logits(pictures), before)
        with pytest.raises(program["BankError"], match="'dog' is not open"):
            bank.remove(["dog"])
        with pytest.raises(program["BankError"], match="uint8 of shape"):
            bank.logits(pictures.astype(np.float32))
        bank.remove(["cat"])
        assert bank.logits(pictures).shape == (2, 0)
        with pytest.raises(program["BankError"], match="No class is open"):
            bank.answer(pictures[0])

    @pytest.mark.parametrize(
        "change",
        [
            lambda known: known["files"].update({"../run.onnx": {"bytes": 1, "sha256": ""}}),
            lambda known: known["nodes"][1].update(parent=1),
            lambda known: known["nodes"][1].update(reads=[2]),
            lambda known: known["labels"][0].update(node=9),
            lambda known: known["labels"][0].update(file="/etc/passwd"),
            lambda known: known.pop("self_test"),
            lambda known: known.update(files=None),
        ],
    )
    def test_a_damaged_manifest_is_refused(self, small_bank, change):
        known = json.loads((small_bank / "bank.json").read_text())
        change(known)
        (small_bank / "bank.json").write_text(json.dumps(known))
        done = run_alone(small_bank, program="bank.py")
        assert done.returncode == 1
        assert "bank.json: missing or damaged" in done.stderr
        assert "Traceback" not in done.stderr


class TestWholeOrNotAtAll:
    def test_written_twice_all_bytes_are_the_same(self, tmp_path):
        one, other = (contents(pack(small(), tmp_path / name).path) for name in "ab")
        assert one == other

    @pytest.mark.parametrize("precision", ["float", "int8"])
    def test_what_answers_something_else_gets_no_name(self, tmp_path, monkeypatch, precision):
        monkeypatch.setattr(banking, "head_bytes", lambda weights: bytes(3 * len(weights)))
        with pytest.raises(ExportError, match=r"differ from the network's|points"):
            pack("icons/tree", tmp_path / "b", precision=precision, classes=["cat", "dog", "bus"])
        assert list(tmp_path.iterdir()) == []

    def test_an_earlier_bank_is_replaced_and_other_folders_stay(self, tmp_path):
        before = contents(pack(small(), tmp_path / "b").path)
        after = contents(pack(small(1), tmp_path / "b", classes=["cat"]).path)
        assert before.keys() > after.keys()
        (tmp_path / "c").mkdir()
        (tmp_path / "c" / "mine.txt").write_text("x")
        with pytest.raises(WriteError, match=r"holds no bank\.json"):
            pack(small(), tmp_path / "c")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]

    def test_what_is_not_offered_says_so(self, tmp_path):
        with pytest.raises(ExportError, match="measured on validation pictures"):
            pack(small(), tmp_path / "b", precision="int8")
        with pytest.raises(ExportError, match="Did you mean 'int8'"):
            pack(small(), tmp_path / "b", precision="int9")
        with pytest.raises(LabelError, match="dgo"):
            pack(small(), tmp_path / "b", classes=["dgo"])
        with pytest.raises(DataError, match="pixels a side"):
            pack(small(), tmp_path / "b", pictures=get_data("icons").part("val"))
        grey = build_net(NetSpec.flat((4,), channels=1), Hierarchy.star("ab"), 0)
        with pytest.raises(ExportError, match="reads 1 channels"):
            pack(grey, tmp_path / "b")
        assert list(tmp_path.iterdir()) == []


def test_a_device_writes_one_model(small_bank, tmp_path):
    """With the package onnx, which brings others; without it the message says what to type."""
    words = ("--classes", "cat,taxi", "--onnx", tmp_path / "a.onnx")
    done = run_alone(small_bank, *words, program="bank.py")
    assert (done.returncode, done.stderr) == (1, "This needs onnx. Type: pip install onnx\n")
    assert not (tmp_path / "a.onnx").exists()
    command = [sys.executable, str(small_bank / "bank.py"), *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path / 'a.onnx'} answers: cat, taxi\n"
    assert (tmp_path / "a.onnx").is_file()


def test_names_of_strangers_name_no_files(tmp_path):
    odd = ["../x", 'a"b', "c,d", "猫", "<b>"]
    made = pack(settled(NetSpec.flat((4,), resolution=8), Hierarchy.star(odd)), tmp_path / "b")
    assert made.classes == tuple(sorted(odd))
    done = run_alone(made.path, "--classes", '"c,d",猫', program="bank.py")
    assert done.stdout.startswith("2 classes open"), done.stderr
    assert r"\<b\>" in (made.path / "README.md").read_text()


def test_numbers_of_three_bytes_are_the_nearest():
    """Of 16 significant bits: 1 + 2^-16 is halfway and goes to the even one, 1."""
    numbers = np.array([1 + 2**-16, 1 + 3 * 2**-16, -0.1, 0.0], dtype=np.float32)
    data = np.frombuffer(banking.head_bytes(numbers), np.uint8).reshape(-1, 3)
    whole = np.zeros((4, 4), np.uint8)
    whole[:, 1:] = data
    found = whole.view("<f4")[:, 0]
    assert found.tolist() == [1, 1 + 4 * 2**-16, pytest.approx(-0.1, rel=2**-17), 0]


def test_the_command(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["pack", "icons/tree", "--classes", "cat,dog,horse", "--out", "pets"]
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["classes", "3"]
    assert lines[-2:] == ["bank written to pets", "next: python pets/bank.py PICTURE"]
    assert main(["predict", "pets", "x.png"]) == 2
    assert (
        "pets: a bank for another runtime; run it: python pets/bank.py" in capsys.readouterr().err
    )
    assert main([*words, "--precision", "int8", "--data", "icons"]) == 0
    assert json.loads((tmp_path / "pets" / "bank.json").read_text())["precision"] == "int8"
