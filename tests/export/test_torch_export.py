"""Programs of torch.export and ExecuTorch: no pickles, no paths, stable bytes, one piece."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile

import pytest
import torch

from taxonomy._core.errors import ExportError, MissingExtraError, RegistryError
from taxonomy.export import ExecuTorch, TorchExport, bundle
from taxonomy.export.programs import program
from taxonomy.export.to_onnx import WRITTEN
from taxonomy.export.to_torch_export import PARTS, check_plain
from taxonomy.export.torch_steps import COMPUTED
from taxonomy.nets import extract, get_net
from tests.export.test_bundling import small

FARM = ("cat", "cow", "dog", "horse", "pig")


def test_all_kinds_of_steps_are_computed():
    assert COMPUTED.keys() == WRITTEN.keys()


def archive(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """Return an archive with another part."""
    file = io.BytesIO(data)
    with zipfile.ZipFile(file, "a") as parts:
        parts.writestr(name, content)
    return file.getvalue()


class TestTheProgram:
    data = TorchExport().model(small())

    def test_it_holds_no_pickle_and_no_path(self):
        parts = archive(self.data)
        assert parts["archive/data/sample_inputs/model.pt"] == b""
        assert parts["archive/extra/labels.txt"] == b"bus\ncat\ndog\ntaxi"
        for name, content in parts.items():
            assert not content.startswith((b"\x80", b"PK"))
            if "/weights/weight_" not in name:
                assert b"site-packages" not in content
                assert b"taxonomy/" not in content

    @pytest.mark.slow
    def test_bytes_are_the_same_in_every_process(self):
        words = "import sys; from tests.export.test_torch_export import *; "
        words += "sys.stdout.buffer.write(TestTheProgram.data)"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", words],
            capture_output=True,
            check=True,
            env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7"},
        )
        assert done.stdout == self.data

    @pytest.mark.parametrize(
        "name",
        [
            "archive/data/sample_inputs/other.pt",
            "archive/data/constants/custom_obj_0",
            "archive/data/aotinductor/model/x.so",
        ],
    )
    def test_one_with_more_in_it_is_not_loaded(self, name, tmp_path):
        """Here, or by run.py: torch.export.load would unpickle it, or run it."""
        data = with_part(self.data, name, b"\x80\x04N.")
        with pytest.raises(ExportError, match=re.escape(name)):
            check_plain(data)
        made = bundle(small(), tmp_path / "b", "torch-export")
        text = (made.path / "run.py").read_text()
        lookup = text[text.index("def plain(") : text.index("def self_test(")]
        known: dict = {"fail": lambda message: (_ for _ in ()).throw(SystemExit(message))}
        exec("import json\n" + lookup, known)
        (tmp_path / "m.pt2").write_bytes(data)
        with pytest.raises(SystemExit, match=re.escape(name)):
            known["plain"](tmp_path / "m.pt2")
        known["plain"](made.path / "model.pt2")

    def test_weights_that_are_said_to_be_pickled_are_not_loaded(self):
        parts = archive(self.data)
        name = "archive/data/weights/model_weights_config.json"
        parts[name] = parts[name].replace(b'"use_pickle": false', b'"use_pickle": true', 1)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            for part, content in parts.items():
                made.writestr(part, content)
        with pytest.raises(ExportError, match="no plain numbers"):
            check_plain(file.getvalue())

    @pytest.mark.parametrize("data", [b"", b"PK\x03\x04", data[: len(data) // 2]])
    def test_a_damaged_one_is_named(self, data):
        with pytest.raises(ExportError, match="is damaged"):
            check_plain(data)

    def test_both_know_the_same_parts(self):
        text = program("torch").decode()
        known = "".join(re.findall(r'^        r"(.*)"$', text, re.MULTILINE))
        assert known == PARTS.pattern

    def test_whole_numbers_are_no_option_of_theirs(self, tmp_path):
        for target in ("torch-export", "executorch"):
            with pytest.raises(RegistryError, match="has no option 'precision'"):
                bundle(small(), tmp_path / "b", target, precision="int8")


class TestExecuTorch:
    def test_the_line_to_type_where_it_is_missing(self, monkeypatch):
        for name in [name for name in sys.modules if name.startswith("executorch.")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "executorch", None)
        with pytest.raises(MissingExtraError, match=r'"taxonomy-experts\[executorch\]"'):
            ExecuTorch().model(small())

    @pytest.mark.filterwarnings("ignore")  # ExecuTorch's own
    def test_a_shipped_expert_is_one_piece(self):
        exir = pytest.importorskip("executorch.exir")
        from taxonomy.export.to_executorch import PARTITIONER
        from taxonomy.export.torch_steps import exported

        part = __import__(PARTITIONER, fromlist=["XnnpackPartitioner"]).XnnpackPartitioner()
        graph = ExecuTorch().graph(extract(get_net("icons/tree"), FARM))
        edge = exir.to_edge_transform_and_lower(exported(graph, True, 1), partitioner=[part])
        calls = [
            node.target.__name__
            for node in edge.exported_program().graph.nodes
            if node.op == "call_function"
        ]
        assert len([name for name in calls if "delegate" in name]) == 1
        assert len(calls) == 3  # bytes to floats, all of the network, the first of its outputs

    @pytest.mark.filterwarnings("ignore")
    def test_bytes_are_the_same_twice(self):
        pytest.importorskip("executorch")
        assert ExecuTorch().model(small()) == ExecuTorch().model(small())


def test_the_graph_takes_bytes_and_pictures_of_one_size():
    loaded = torch.export.load(io.BytesIO(TestTheProgram.data)).module()
    with torch.no_grad():
        assert loaded(torch.zeros(1, 3, 16, 16, dtype=torch.uint8)).shape == (1, 4)
    with pytest.raises(Exception, match=r"[Gg]uard|shape|size"):
        loaded(torch.zeros(1, 3, 8, 8, dtype=torch.uint8))
