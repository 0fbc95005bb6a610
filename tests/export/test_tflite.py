"""TFLite models answer what networks answer, in LiteRT and in the microcontroller's interpreter."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import torch

from taxonomy._core.errors import ExportError
from taxonomy.data import get_data
from taxonomy.export import TFLite, bundle
from taxonomy.export.graph import Builder, Graph
from taxonomy.export.pictures import calibrating, colours, of_classes
from taxonomy.export.ranges import Range, ranges_of
from taxonomy.export.sizes import model_bytes
from taxonomy.export.tflite_file import ALIGNED
from taxonomy.export.tflite_steps import IN_FLOATS, WRITTEN
from taxonomy.export.to_onnx import WRITTEN as WRITTEN_BY_ONNX
from taxonomy.export.to_tflite import interpreter
from taxonomy.nets import extract, get_net
from taxonomy.nets.inputs import to_input
from taxonomy.tasks import get_tasks
from tests.export.test_bundling import run_alone, small
from tests.export.test_graph import CLOSE, SHAPES, bytes_of, filled
from tests.nets.test_hierarchical import settled

schema = pytest.importorskip("ai_edge_litert.schema_py_generated")

FARM = ("cat", "cow", "dog", "horse", "pig")


def gap(net, target, tmp_path, count: int = 3) -> float:
    """Return the largest difference of logits, over the largest logit where that is above 1."""
    pictures = bytes_of(net.spec.resolution, count)
    with torch.no_grad():
        wanted = net(to_input(torch.from_numpy(pictures))).numpy()
    (tmp_path / "model.tflite").write_bytes(target.model(net))
    found = target.runner(tmp_path / "model.tflite")(pictures)
    assert wanted.std() > 1e-3
    return float(np.abs(found - wanted).max() / max(1.0, np.abs(wanted).max()))


@pytest.mark.parametrize("lowering", ["auto", "sliced", "dense"])
@pytest.mark.parametrize("name", SHAPES)
def test_every_variant_is_exact(name, lowering, tmp_path):
    assert gap(settled(*SHAPES[name]), TFLite(lowering=lowering), tmp_path) < CLOSE


@pytest.mark.parametrize("name", ["icons/tree", "icons/flat-0.25x"])
def test_shipped_networks_are_exact(name, tmp_path):
    assert gap(get_net(name), TFLite(), tmp_path) < CLOSE


@pytest.mark.parametrize("target", [TFLite(input="float"), TFLite(batch=2)], ids=repr)
def test_every_form_of_input_is_exact(target, tmp_path):
    assert gap(small(), target, tmp_path) < CLOSE


def test_all_kinds_of_steps_are_written():
    assert WRITTEN.keys() | {"subtract"} == WRITTEN_BY_ONNX.keys()


def model_of(data: bytes):
    return schema.ModelT.InitFromPackedBuf(data)


class TestTheFile:
    def test_it_is_stable_and_a_relu_is_part_of_what_it_follows(self):
        data = TFLite().model(small())
        assert data == TFLite().model(small())
        assert data[4:8] == b"TFL3"
        names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
        model = model_of(data)
        used = {names[code.builtinCode] for code in model.operatorCodes}
        known = {"DEQUANTIZE", "PAD", "CONV_2D", "ADD", "MEAN", "RESHAPE", "FULLY_CONNECTED"}
        assert used == known

    def test_weights_begin_where_processors_want_them(self):
        data = TFLite().model(extract(get_net("icons/tree"), FARM))
        held = [buffer.data for buffer in model_of(data).buffers if buffer.data is not None]
        places = [data.index(bytes(numbers)) for numbers in held if len(numbers) > 64]
        assert len(places) > 20
        assert {place % ALIGNED for place in places} == {0}
        for place in places:  # in front of a vector lies its length
            (length,) = struct.unpack("<I", data[place - 4 : place])
            assert 64 < length < len(data)

    def test_class_names_are_in_it_and_no_others(self):
        net = get_net("icons/tree")
        data = TFLite().model(extract(net, FARM))
        (names,) = [one for one in model_of(data).metadata if one.name == b"class_names"]
        assert bytes(model_of(data).buffers[names.buffer].data).decode() == "\n".join(FARM)
        assert b"giraffe" not in data

    def test_useless_options(self):
        with pytest.raises(ExportError, match="`batch` is 0"):
            TFLite(batch=0)
        with pytest.raises(ExportError, match="`micro` is for whole numbers"):
            TFLite(micro=True)
        with pytest.raises(ExportError, match="`lowering`"):
            TFLite(lowering="other")


class TestRanges:
    def test_zero_is_a_whole_number_in_every_range(self):
        for low, high in ((-1, 3), (0, 5), (-2, 0), (0.5, 1), (0, 0)):
            held = Range().joined(low, high)
            assert held.low <= 0 <= held.high
            assert -128 <= held.zero <= 127
            for end in (held.low, held.high):
                assert -129 < end / held.scale + held.zero < 128

    def test_values_that_are_the_same_numbers_share_one(self):
        build = Builder()
        build.channels["input"] = 2
        first = build.add("average", "input")
        second = build.add("average", "input")
        joined = build.add("join", first, second, channels=4)
        flat = build.add("flatten", joined)
        graph = Graph(tuple(build.steps), 2, 4, ("a",))
        seen = {first: [-1.0], second: [4.0], joined: [0.0], flat: [0.0]}
        found = ranges_of(graph, [{name: np.float32(v) for name, v in seen.items()}])
        assert set(found.values()) == {Range(-1.0, 4.0)}


@pytest.fixture(scope="module")
def farm():
    """An expert, its pictures, its calibrating ones, and its logits in floats."""
    data, net = get_data("icons"), extract(get_net("icons/tree"), FARM)
    shown = colours(of_classes(data.part("val"), net).images[:])
    with torch.no_grad():
        wanted = net(to_input(torch.from_numpy(shown))).numpy()
    return net, shown, colours(calibrating(data, net).images[:]), wanted


@pytest.mark.parametrize("micro", [False, True])
class TestInt8:
    def test_it_answers_as_floats_do(self, farm, micro, tmp_path):
        net, shown, seen, wanted = farm
        target = TFLite(precision="int8", micro=micro)
        data = target.quantized(net, target.model(net), seen)
        assert data == target.quantized(net, target.model(net), seen)
        assert len(data) < 0.37 * len(target.model(net))
        (tmp_path / "m.tflite").write_bytes(data)
        found = target.runner(tmp_path / "m.tflite")(shown)
        assert (found.argmax(1) == wanted.argmax(1)).mean() > 0.95
        assert np.abs(found - wanted).max() < 0.1 * np.abs(wanted).max()

    def test_convolutions_read_and_make_whole_numbers(self, farm, micro):
        net, _, seen, _ = farm
        target = TFLite(precision="int8", micro=micro)
        model = model_of(target.quantized(net, target.model(net), seen))
        (graph,) = model.subgraphs
        names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
        counted = 0
        for operator in graph.operators:
            kind = names[model.operatorCodes[operator.opcodeIndex].builtinCode]
            if kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                values = [graph.tensors[i] for i in (*operator.inputs, *operator.outputs)]
                int8, int32 = schema.TensorType.INT8, schema.TensorType.INT32
                kinds = [value.type for value in values]
                if not counted and not micro:  # three channels are faster in floats
                    assert set(kinds) == {schema.TensorType.FLOAT32}
                else:
                    assert kinds == [int8, int8, int32, int8]
                counted += 1
            assert not (micro and kind == "GELU")
        assert counted == 11  # the head has the last one in it


@pytest.mark.parametrize("name", SHAPES)
def test_every_variant_of_network_has_an_int8_form_or_says_why_not(name, tmp_path):
    """Off by less than a fifth of what pictures differ by, random weights or not.

    Where no convolution opens a level anew, random blocks add up on one map, which takes more; a
    bottleneck of a single channel is one that LiteRT does not run in int8.
    """
    spec, tree = SHAPES[name]
    wide = spec.scaled(4) if name == "family bottleneck" else spec
    net, target = settled(wide, tree), TFLite(precision="int8")
    shown = bytes_of(net.spec.resolution, 32)
    data = target.model(net)
    kinds = {step.kind for step in target.graph(net).steps}
    if kinds & IN_FLOATS:
        with pytest.raises(ExportError, match="int8 with TFLite has no step"):
            target.quantized(net, data, shown)
        return
    (tmp_path / "m.tflite").write_bytes(data)
    floats = target.runner(tmp_path / "m.tflite")(shown)
    (tmp_path / "m.tflite").write_bytes(target.quantized(net, data, shown))
    whole = target.runner(tmp_path / "m.tflite")(shown)
    allowed = 0.4 if name.startswith("no openings") else 0.2
    assert (floats - whole).std() < allowed * (floats - floats.mean(0)).std()


def test_a_model_that_litert_does_not_run_is_an_error_in_words(tmp_path):
    net, target = settled(*SHAPES["family bottleneck"]), TFLite(precision="int8")
    data = target.quantized(net, target.model(net), bytes_of(net.spec.resolution, 32))
    (tmp_path / "m.tflite").write_bytes(data)
    with pytest.raises(ExportError, match="LiteRT does not run this model"):
        target.runner(tmp_path / "m.tflite")(bytes_of(net.spec.resolution, 1))


def test_values_become_whole_numbers_once():
    """After the first convolution, and not again after a gate's sigmoid."""
    net = settled(*SHAPES["nesting gate"])
    data = TFLite(precision="int8").quantized(net, TFLite().model(net), bytes_of(16, 4))
    model = model_of(data)
    names = {number: name for name, number in vars(schema.BuiltinOperator).items()}
    kinds = [
        names[model.operatorCodes[one.opcodeIndex].builtinCode]
        for one in model.subgraphs[0].operators
    ]
    assert "LOGISTIC" in kinds
    assert kinds.count("QUANTIZE") == 1


class TestOnAMicrocontroller:
    def answers(self, data: bytes, pictures: np.ndarray) -> np.ndarray:
        runtime = pytest.importorskip("tflite_micro.python.tflite_micro.runtime")
        model = runtime.Interpreter.from_bytes(data, arena_size=400_000)
        found = []
        for picture in pictures:
            model.set_input(np.ascontiguousarray(picture[None].transpose(0, 2, 3, 1)), 0)
            model.invoke()
            found.append(model.get_output(0)[0])
        return np.stack(found)

    def test_an_expert_in_int8_answers_as_litert_does(self, farm, tmp_path):
        net, shown, seen, wanted = farm
        target = TFLite(precision="int8", micro=True)
        data = target.quantized(net, target.model(net), seen)
        (tmp_path / "m.tflite").write_bytes(data)
        found, known = self.answers(data, shown), target.runner(tmp_path / "m.tflite")(shown)
        assert np.abs(found - known).max() < 0.05 * np.abs(known).max()
        assert (found.argmax(1) == wanted.argmax(1)).mean() > 0.95

    def test_a_flat_network_runs_in_floats_too(self, tmp_path):
        net = extract(get_net("icons/flat-0.25x"), FARM)
        data, shown = TFLite().model(net), bytes_of(32)
        (tmp_path / "m.tflite").write_bytes(data)
        known = TFLite().runner(tmp_path / "m.tflite")(shown)
        np.testing.assert_allclose(self.answers(data, shown), known, rtol=1e-4, atol=1e-4)


class TestTheBundle:
    def test_it_runs_with_numpy_and_litert_alone(self, tmp_path):
        """What LiteRT's package needs itself comes with it."""
        made = bundle("icons/tree", tmp_path / "b", "tflite", classes=FARM, precision="int8")
        also = "ai_edge_litert backports ml_dtypes flatbuffers google tqdm typing_extensions"
        done = run_alone(made.path, also=also)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("self-test passed: 8 pictures")
        assert "pip install numpy ai-edge-litert pillow" in (made.path / "README.md").read_text()
        assert made.manifest["input"]["shape"] == [1, 32, 32, 3]
        assert made.manifest["cost"]["bytes"] < 81_000
        assert made.manifest["versions"].keys() >= {"ai-edge-litert"}

    def test_a_model_that_was_changed_is_named(self, tmp_path):
        made = bundle(small(), tmp_path / "b", "tflite")
        data = bytearray((made.path / "model.tflite").read_bytes())
        data[len(data) // 2] ^= 1
        (made.path / "model.tflite").write_bytes(data)
        done = run_alone(made.path)
        assert done.returncode == 1
        assert "model.tflite is not the file that was bundled" in done.stderr


def test_values_inside_are_called_as_in_the_graph():
    """By their names the ranges are found."""
    model = interpreter(TFLite().model(small()), all_values=True)
    named = {one["name"] for one in model.get_tensor_details()}
    graph = TFLite().graph(small())
    assert graph.steps[0].output in named
    assert graph.steps[-2].output in named


@pytest.mark.parametrize("lowering", ["grouped", "padded", "sliced", "dense"])
@pytest.mark.parametrize("name", SHAPES)
def test_bytes_are_foretold_without_a_network(name, lowering):
    """Within 3 % from 50 kB on; all shapes here are made five times as wide."""
    spec, tree = SHAPES[name]
    wide = spec.scaled(6)
    found = len(TFLite(lowering=lowering).model(filled(settled(wide, tree))))
    assert found > 100_000
    assert model_bytes(wide, tree, "tflite", lowering) == pytest.approx(found, rel=0.03)


def test_bytes_of_shipped_experts_are_foretold():
    net, data, target = get_net("icons/tree"), get_data("icons"), TFLite(precision="int8")
    for task in list(get_tasks("icons"))[::320]:
        expert = extract(net, task.classes)
        known = {"float": target.model(expert)}
        seen = colours(calibrating(data, expert).images[:8])
        known["int8"] = target.quantized(expert, known["float"], seen)
        for precision, model in known.items():
            told = model_bytes(net.spec, expert.hierarchy, "tflite", precision=precision)
            assert told == pytest.approx(len(model), rel=0.03)
    with pytest.raises(ExportError, match="precision"):
        model_bytes(net.spec, net.hierarchy, "tflite", precision="int4")


def test_equal_lists_are_written_once(farm):
    """The zeros of all weights and biases of 40 channels: eight bytes each, 40 of them."""
    net, _, seen, _ = farm
    data = TFLite(precision="int8").quantized(net, TFLite().model(net), seen)
    tensors = model_of(data).subgraphs[0].tensors
    lists = [one.quantization.zeroPoint for one in tensors if one.quantization is not None]
    same = [zeros for zeros in lists if zeros is not None and len(zeros) == 40]
    assert len(same) == 6
    assert not np.any(same)
    assert data.count(struct.pack("<I", 40) + bytes(8 * 40)) == 1
