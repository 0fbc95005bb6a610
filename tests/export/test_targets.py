"""Every registered target: as exact as eager, stable, foretold, and at home with its runtime alone.

A target whose package is not installed is skipped, by its name.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from taxonomy._core import io
from taxonomy._core.errors import ExportError, MissingExtraError
from taxonomy.cli import main
from taxonomy.data import get_data
from taxonomy.export import TARGETS, bundle
from taxonomy.export.checking import made_up
from taxonomy.export.pictures import colours
from taxonomy.export.programs import BESIDE, RUNTIMES
from taxonomy.export.sizes import WORDS, foretold, model_bytes
from taxonomy.export.target import Quantizing, write_files
from taxonomy.nets import extract, get_net
from taxonomy.nets.inputs import to_input
from taxonomy.tasks import get_tasks
from tests.export.test_bundling import small
from tests.export.test_graph import CLOSE, SHAPES, bytes_of, filled
from tests.nets.test_hierarchical import RAGGED, SPEC, settled
from tests.support.fresh import environment, needed, run_there
from tests.support.pages import ROOT

FARM = ("cat", "cow", "dog", "horse", "pig")
NEW = ("openvino", "torch-export", "executorch")
"""Those whose writers have no tests of their own for every shape of network; see beside."""
SLOWEST = {"executorch", "torch-export"}
"""PyTorch's exporter takes a second for what others do in milliseconds."""


@cache
def lacking(name: str) -> str:
    """Return which package a target lacks here."""
    try:
        TARGETS.make(name, {}).model(small())
    except MissingExtraError as error:
        return str(error)
    return ""


def of(name: str, **options):
    """Return a target, or skip where its package is missing."""
    if reason := lacking(name):
        pytest.skip(f"target {name}: {reason}")
    return TARGETS.make(name, options)


def answers(to, model: bytes, pictures, place) -> np.ndarray:
    """Return a written model's logits."""
    write_files(to, model, place)
    return to.runner(place / to.file)(pictures)


def gap(net, to, place, pictures=None) -> float:
    """Return the largest difference of logits, over the largest logit where that is above 1."""
    pictures = bytes_of(net.spec.resolution) if pictures is None else pictures
    with torch.no_grad():
        wanted = net(to_input(torch.from_numpy(pictures))).numpy()
    found = answers(to, to.model(net), pictures, place)
    assert wanted.std() > 1e-3
    return float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max()))


def few(names):
    """Return parameters of which all but every tenth are slow, for targets that take seconds."""
    slow = pytest.mark.slow
    for target in NEW:
        for number, name in enumerate(names):
            late = target in SLOWEST and number % 10
            yield pytest.param(target, name, marks=slow if late else ())


@pytest.mark.parametrize(("target", "name"), list(few(SHAPES)))
def test_every_variant_is_exact(target, name, tmp_path):
    assert gap(settled(*SHAPES[name]), of(target), tmp_path) < CLOSE


@pytest.mark.parametrize("lowering", ["sliced", "dense"])
@pytest.mark.parametrize("target", NEW)
def test_every_lowering_is_exact(target, lowering, tmp_path):
    assert gap(small(), of(target, lowering=lowering), tmp_path) < CLOSE


@pytest.mark.parametrize("options", [{"input": "float"}, {"batch": 0}, {"batch": 2}], ids=str)
@pytest.mark.parametrize("target", NEW)
def test_every_form_of_input_is_exact(target, options, tmp_path):
    if target == "executorch" and options == {"batch": 0}:
        with pytest.raises(ExportError, match="`batch` is 0"):
            TARGETS.make(target, options)
        return
    to = of(target, **options)
    assert gap(small(), to, tmp_path) < CLOSE
    if not to.batch:
        assert gap(small(), to, tmp_path, bytes_of(16, 1)) < CLOSE


@pytest.mark.parametrize("target", TARGETS.names())
class TestEvery:
    def test_real_pictures_get_eagers_logits(self, target, tmp_path):
        """64 pictures of the shipped expert's classes and others, to 1e-4."""
        pictures = colours(get_data("icons").part("val").images[:64])
        expert = extract(get_net("icons/tree"), FARM)
        assert gap(expert, of(target), tmp_path, pictures) < 1e-4

    def test_written_twice_all_but_the_measured_times_are_the_same(self, target, tmp_path):
        one, other = (bundle(small(), tmp_path / name, of(target)) for name in "ab")
        assert one.manifest["files"] == other.manifest["files"]
        assert {k: v for k, v in one.manifest.items() if k != "measured"} == {
            k: v for k, v in other.manifest.items() if k != "measured"
        }

    def test_bytes_are_foretold(self, target):
        """Within 3 % from 100 kB on, for experts of every size and one of every shape."""
        if target not in WORDS:
            pytest.skip(f"{target}: its size is not foretold")
        to, net = of(target), get_net("icons/tree")
        every = 800 if target in SLOWEST else 400
        for task in list(get_tasks("icons"))[::every]:
            tree = net.hierarchy.restrict(task.classes)
            found = len(to.model(extract(net, task.classes)))
            assert model_bytes(net.spec, tree, target) == pytest.approx(found, rel=0.03)
        for spec, tree in list(SHAPES.values())[:: 12 if target in SLOWEST else 4]:
            wide = spec.scaled(6)
            found = len(to.model(filled(settled(wide, tree))))
            assert model_bytes(wide, tree, target) == pytest.approx(found, rel=0.03)

    def test_bytes_in_int8_are_foretold(self, target):
        """Within 3 %, for experts of 2 to 20 classes and two shapes, six times as wide."""
        if "int8" not in foretold(SPEC, RAGGED).get(target, {}):
            pytest.skip(f"{target}: no int8, or its size is not foretold")
        to, whole = replace(of(target), precision="int8"), get_net("icons/tree")
        experts = [extract(whole, task.classes) for task in list(get_tasks("icons"))[::800]]
        shapes = [SHAPES[name] for name in ("family resnet", "family convnext")]
        wide = [filled(settled(spec.scaled(6), tree)) for spec, tree in shapes]
        for net in (*experts, *wide):
            found = len(to.quantized(net, to.model(net), made_up(net)))
            told = model_bytes(net.spec, net.hierarchy, target, precision="int8")
            assert told == pytest.approx(found, rel=0.03)

    def test_the_guide_says_how_large_an_expert_is(self, target):
        """As the table of targets has it, in floats."""
        if target == "browser":
            pytest.skip("browser: the table has its format, ONNX")
        size = len(of(target).model(extract(get_net("icons/tree"), FARM)))
        page = (ROOT / "docs/guides/devices.md").read_text(encoding="utf-8")
        (row,) = [line for line in page.splitlines() if line.startswith(f"| `{target}` |")]
        assert row.split(" | ")[4] == f"{size:,}"

    def test_no_file_names_a_dropped_class(self, target, tmp_path):
        to, net = of(target), get_net("icons/tree")
        files = to.files(to.model(extract(net, FARM)))
        for name in set(net.classes) - set(FARM):
            if len(name) > 4:  # shorter ones are words of the formats, too
                word = re.compile(rf"(?<![a-z]){re.escape(name)}(?![a-z])".encode())
                assert not any(map(word.search, files.values()))
        for name in FARM:
            assert any(name.encode() in content for content in files.values()) != (
                target == "executorch"  # which has no place for words
            )

    def test_a_changed_file_is_named(self, target, tmp_path):
        if target not in RUNTIMES:
            pytest.skip(f"{target}: this toolkit reads it, and no program of its own")
        to = of(target)
        made = bundle(small(), tmp_path / "b", to)
        python = environment(tmp_path / "there", "numpy")  # files are looked at before a runtime
        for name in (*to.files(to.model(small())), "labels.txt", "self-test.npz"):
            file = made.path / name
            whole = file.read_bytes()
            middle = len(whole) // 2
            file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
            done = run_there(python, made.path / "run.py")
            assert (done.returncode, done.stdout) == (1, "")
            assert done.stderr == (
                f"{name} is not the file that was bundled; copy the whole folder again.\n"
            )
            file.write_bytes(whole)

    @pytest.mark.slow
    @pytest.mark.parametrize("precision", ["float", "int8"])
    def test_it_runs_where_its_runtime_is_and_nothing_else(self, target, precision, tmp_path):
        """In an environment of numpy, the runtime, and what these say that they require."""
        if target not in RUNTIMES:
            pytest.skip(f"{target}: this toolkit reads it, and no program of its own")
        to = of(target)
        if precision == "int8" and not isinstance(to, Quantizing):
            pytest.skip(f"{target}: floats only")
        options = {"precision": "int8"} if precision == "int8" else {}
        made = bundle("icons/tree", tmp_path / "b", target, classes=FARM, **options)
        names = ("numpy", "pillow", RUNTIMES[target], *BESIDE.get(target, ()))
        python = environment(tmp_path / "there", *names)
        assert "taxonomy-experts" not in needed(names)
        assert run_there(python, made.path / "run.py").stdout.startswith("self-test passed: 8 ")
        picture = get_data("icons").part("val").restrict(FARM).images[0]
        from PIL import Image

        Image.fromarray(picture.transpose(1, 2, 0)).save(tmp_path / "a.png")
        shown = run_there(python, made.path / "run.py", tmp_path / "a.png")
        assert shown.returncode == 0, shown.stderr
        assert shown.stdout.splitlines()[1].split()[0] in FARM

        arrays = io.load_npz(made.path / "self-test.npz")
        io.save_npz(made.path / "self-test.npz", arrays | {"logits": arrays["logits"] + 1})
        manifest = json.loads((made.path / "bundle.json").read_text())
        manifest["files"]["self-test.npz"] = io.file_digest(made.path / "self-test.npz")
        (made.path / "bundle.json").write_text(json.dumps(manifest))
        done = run_there(python, made.path / "run.py")
        assert (done.returncode, "self-test: the outputs differ by" in done.stderr) == (1, True)


def test_every_target_with_a_runtime_of_its_own_has_a_program():
    made = {name: TARGETS.make(name, {}) for name in TARGETS.names()}
    assert {name: made[name].runtime for name in RUNTIMES} == RUNTIMES
    assert set(made) - set(RUNTIMES) == {"browser", "safetensors"}  # the first is ONNX
    assert set(WORDS) == set(RUNTIMES)


def test_the_command_foretells_every_file(capsys):
    assert main(["cost", "icons/tree", "--classes", ",".join(FARM)]) == 0
    shown = capsys.readouterr().out.partition("foretold:\n")[2].splitlines()
    net = get_net("icons/tree")
    told = foretold(net.spec, net.hierarchy.restrict(FARM))
    # Written: 192,035 and 59,449.
    assert shown[0] == "  onnx          192,338 in float, 59,552 in int8"
    assert [line.split()[0] for line in shown] == list(told)
