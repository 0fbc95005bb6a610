"""Cells behind a URL, on a real S3-compatible server and on fsspec's memory."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

import taxonomy as tx
from taxonomy._core.errors import FileFormatError, MissingExtraError, TaxonomyError
from taxonomy.studies import prepare
from taxonomy.studies.store import RUN_FILES, Store
from taxonomy.studies.working import work_on
from tests.support.studies import Inline, study_folder, tables

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return study_folder(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def local(file):
    out = file.parent / "local"
    tx.study(file, out, engine=Inline(), progress=False)
    return out


@pytest.fixture
def memory(monkeypatch, tmp_path):
    """A store in memory, and a fresh folder of caches, as another machine would have."""
    pytest.importorskip("fsspec", reason="stores behind a URL need the extra store")
    monkeypatch.setenv("TAXONOMY_CACHE", str(tmp_path / "cache"))
    return f"memory://{uuid4().hex}"


def other_machine(tmp_path):
    """Forget what this machine has worked on."""
    shutil.rmtree(tmp_path / "cache" / "studies", ignore_errors=True)


def test_a_store_behind_a_url_gives_the_same_tables(file, local, memory, tmp_path):
    tx.study(file, tmp_path / "out", store=memory, engine=Inline(), progress=False)
    assert tables(tmp_path / "out") == tables(local)
    other_machine(tmp_path)
    asked = prepare(file, tmp_path / "out", memory)
    assert asked.pending == []
    assert asked.job.line("0123").endswith(f"--cell 0123 --store {memory}")
    cell = asked.plan.places[0].cell
    assert tx.Run(asked.job.store.run(cell)).net() is not None


def test_an_upload_that_was_cut_off_is_not_taken_for_a_whole_one(
    file, memory, tmp_path, monkeypatch
):
    """Whatever file was the last to arrive, the cell is missing; and is stored without training."""
    store = Store(memory)
    cell = next(iter(prepare(file, tmp_path / "out", memory).plan.cells))
    real = type(store.files).write
    for number in range(len(RUN_FILES) + 1):
        left = [number]

        def write(self, name, data, left=left):
            if "/run/" in name or name.endswith("done.json"):
                if not left[0]:
                    real(self, name, data[: len(data) // 2])  # as a file system without renaming
                    raise OSError("the line is dead")
                left[0] -= 1
            real(self, name, data)

        monkeypatch.setattr(type(store.files), "write", write)
        with pytest.raises(OSError, match="the line is dead"):
            work_on(store, cell)
        assert Store(memory).done(cell) is None
        with pytest.raises(FileFormatError, match="is not finished"):
            store.run(cell)
    monkeypatch.setattr(type(store.files), "write", real)
    model = store.workspace(cell) / "run" / "model.safetensors"
    written = model.stat().st_mtime_ns
    assert work_on(store, cell)
    assert model.stat().st_mtime_ns == written
    assert store.done(cell) is not None


def test_what_changed_behind_the_url_is_refused(file, memory, tmp_path):
    store = Store(memory)
    cell = next(iter(prepare(file, tmp_path / "out", memory).plan.cells))
    work_on(store, cell)
    name = f"{cell}/run/model.safetensors"
    data = bytearray(store.files.read(name))
    data[-1] ^= 1
    store.files.write(name, bytes(data))
    other_machine(tmp_path)
    with pytest.raises(FileFormatError, match=r"model\.safetensors: is not what was stored"):
        store.run(cell)
    store.files.write(name, bytes(data[:-1]))
    assert store.done(cell) is None


@pytest.mark.parametrize(
    ("broken", "call"),
    [
        ("ls", lambda store: store.files.sizes("a")),
        ("cat_file", lambda store: store.files.read("a")),
        ("rm_file", lambda store: store.files.remove("a")),
        ("pipe_file", lambda store: store.files.write("a", b"")),
    ],
)
def test_what_the_file_system_refuses_is_told(memory, monkeypatch, broken, call):
    store = Store(memory)

    def refuse(*_, **__):
        raise PermissionError("no such right")

    monkeypatch.setattr(type(store.files.system), broken, refuse)
    with pytest.raises(TaxonomyError, match=r"memory://.*no such right"):
        call(store)


def test_an_unknown_cell_and_an_unknown_protocol_are_told(tmp_path):
    with pytest.raises(FileFormatError, match="holds no cell '0123'"):
        work_on(Store(tmp_path), "0123")
    pytest.importorskip("fsspec")
    with pytest.raises(TaxonomyError, match="cannot be opened as a `store`"):
        Store("nowhere://at/all")


def test_a_missing_package_is_named(monkeypatch):
    pytest.importorskip("fsspec")
    monkeypatch.setitem(sys.modules, "s3fs", None)
    with pytest.raises(MissingExtraError, match=r"taxonomy-experts\[store\]"):
        Store("s3://bucket/cells")


@pytest.fixture
def bucket(monkeypatch, tmp_path):
    """A bucket on a real S3-compatible server on loopback."""
    for name in ("s3fs", "moto", "flask"):
        pytest.importorskip(name, reason="the tests on S3 need s3fs and moto[server]")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    code = f"from moto.server import main; main(['-H', '127.0.0.1', '-p', '{port}'])"
    server = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    keys = {"AWS_ACCESS_KEY_ID": "some", "AWS_SECRET_ACCESS_KEY": "one"}
    for name, value in {**keys, "AWS_ENDPOINT_URL": address, "AWS_REGION": "us-east-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TAXONOMY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    import s3fs

    system = s3fs.S3FileSystem()
    end = time.monotonic() + 120
    while True:
        try:
            system.mkdir("bucket")
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.2)
    yield "s3://bucket/cells"
    server.terminate()
    server.wait()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_cells_on_s3_and_a_worker_killed_while_it_uploads(file, local, bucket, tmp_path):
    out = tmp_path / "out"
    asked = prepare(file, out, bucket)
    cell = asked.plan.places[0].cell
    worker = subprocess.Popen(asked.job.command(cell))
    store = Store(bucket)
    end = time.monotonic() + 300
    while not store.files.sizes(f"{cell}/run"):  # the first file has arrived
        assert time.monotonic() < end
        assert worker.poll() is None
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    there = store.files.sizes(f"{cell}/run")
    assert store.done(cell) is None or len(there) == len(RUN_FILES)
    tx.study(file, out, store=bucket, engine=Inline(), progress=False)
    assert tables(out) == tables(local)
    names = [name for name in store.files.system.find("bucket/cells") if "done.json" in name]
    assert len(names) == 8
    other_machine(tmp_path)
    assert prepare(file, out, bucket).pending == []
