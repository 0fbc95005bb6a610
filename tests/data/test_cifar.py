"""CIFAR from archives built in the official layout; the real ones are not available here."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import tarfile
import threading
from contextlib import contextmanager

import numpy as np
import pytest

from taxonomy._core.errors import DataError
from taxonomy.data import DATASETS, cifar10, cifar100, get_data

TEN = [
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
]
FINE, COARSE = ["trout", "apple", "shark", "pear"], ["fish", "fruit_and_vegetables"]
ABOVE = {"trout": 0, "apple": 1, "shark": 0, "pear": 1}


def pixels(rng):
    """Return one picture in the order of the archive: colour, row, column."""
    return rng.integers(0, 256, (3, 32, 32), dtype=np.uint8)


def pack(path, members):
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return {"archive": str(path), "md5": hashlib.md5(path.read_bytes()).hexdigest()}


@pytest.fixture
def ten(tmp_path):
    """Five batches, ten training pictures a class in all, and 20 test pictures; as arrays too."""
    rng = np.random.default_rng(0)
    batches, seen = {}, {}
    for name, count in [(f"data_batch_{i}", 20) for i in range(1, 6)] + [("test_batch", 20)]:
        records = [(i % 10, pixels(rng)) for i in range(count)]
        batches[f"cifar-10-batches-bin/{name}.bin"] = b"".join(
            bytes([label]) + picture.tobytes() for label, picture in records
        )
        seen[name] = records
    batches["cifar-10-batches-bin/batches.meta.txt"] = ("\n".join(TEN) + "\n\n").encode()
    return pack(tmp_path / "cifar-10-binary.tar.gz", batches), seen


def hundred_members(above=ABOVE, per_class=10):
    rng = np.random.default_rng(1)
    members = {}
    for name, count in (("train", per_class), ("test", 2)):
        records = [(above[n], i, pixels(rng)) for _ in range(count) for i, n in enumerate(FINE)]
        members[f"cifar-100-binary/{name}.bin"] = b"".join(
            bytes([group, label]) + picture.tobytes() for group, label, picture in records
        )
    for kind, names in (("fine", FINE), ("coarse", COARSE)):
        members[f"cifar-100-binary/{kind}_label_names.txt"] = ("\n".join(names) + "\n").encode()
    return members


@pytest.fixture
def hundred(tmp_path):
    return pack(tmp_path / "cifar-100-binary.tar.gz", hundred_members())


def test_every_record_of_cifar10_is_read(ten):
    options, seen = ten
    pictures = cifar10.CIFAR10(**options)()
    assert pictures.classes == tuple(TEN)
    assert [len(pictures.part(s)) for s in ("train", "val", "test")] == [90, 10, 20]
    test = pictures.part("test")
    for row, (label, picture) in enumerate(seen["test_batch"]):
        assert test.targets[row] == label
        assert np.array_equal(test.images[row], picture)
    trained = {
        (label, picture.tobytes())
        for i in range(1, 6)
        for label, picture in seen[f"data_batch_{i}"]
    }
    both = [pictures.part(split) for split in ("train", "val")]
    read = {
        (t, i.tobytes()) for part in both for t, i in zip(part.targets, part.images, strict=True)
    }
    assert read == trained


def test_the_held_out_part_is_drawn_by_class_and_seed(ten):
    options, _ = ten
    one, again, other = (cifar10.CIFAR10(**options, split_seed=s)() for s in (0, 0, 1))
    assert np.bincount(one.part("val").targets).tolist() == [1] * 10
    assert one.digest == again.digest != other.digest
    half = cifar10.CIFAR10(**options, held_out=0.5)()
    assert np.bincount(half.part("val").targets).tolist() == [5] * 10
    # The rule as published: records of a class by the sha256 of "split_seed/number".
    cats = range(3, 100, 10)
    first = min(cats, key=lambda i: hashlib.sha256(f"0/{i}".encode()).digest()[:8])
    kept = one.part("val").images[one.part("val").targets == 3][0]
    batch = ten[1][f"data_batch_{first // 20 + 1}"]
    assert np.array_equal(kept, batch[first % 20][1])
    for share in (0, 1, float("nan")):
        with pytest.raises(DataError, match="between 0 and 1"):
            cifar10.CIFAR10(**options, held_out=share)()
    with pytest.raises(DataError, match="'airplane' has too few training pictures"):
        cifar10.CIFAR10(**options, held_out=0.99)()


def test_parts_are_views(ten):
    pictures = cifar10.CIFAR10(**ten[0])()
    assert all(np.shares_memory(pictures.part(s).images, pictures.images) for s in ("train", "val"))


def test_cifar100_sorts_its_classes(hundred):
    pictures = cifar100.CIFAR100(**hundred)()
    assert pictures.classes == ("apple", "pear", "shark", "trout")
    assert pictures.part("test").targets.tolist() == [3, 0, 2, 1] * 2
    assert len(pictures.part("train")) == 36


def test_the_published_superclasses_are_a_tree(hundred):
    tree = cifar100.CIFAR100(**hundred).superclasses()
    assert tree.leaves == ("apple", "pear", "shark", "trout")
    below = {tree.name[node]: tree.clade(node) for node in tree.nodes[1:]}
    assert below == {"fish": ("shark", "trout"), "fruit_and_vegetables": ("apple", "pear")}


def test_a_class_in_two_superclasses_is_refused(tmp_path):
    members = hundred_members()
    train = bytearray(members["cifar-100-binary/train.bin"])
    train[0] = 1  # the first trout among the fruit
    options = pack(tmp_path / "a.tar.gz", members | {"cifar-100-binary/train.bin": bytes(train)})
    with pytest.raises(DataError, match="two superclasses"):
        cifar100.CIFAR100(**options).superclasses()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cifar-100-binary/train.bin": b"\0" * 3073}, "no multiple of 3074"),
        ({"cifar-100-binary/train.bin": b""}, "no multiple of 3074"),
        ({"cifar-100-binary/train.bin": None}, "train.bin"),
        ({"cifar-100-binary/train.bin": b"\0\x04" + b"\0" * 3072}, "beyond its 4 names"),
        ({"cifar-100-binary/fine_label_names.txt": b"\xff\n"}, "utf-8"),
    ],
)
def test_parts_that_are_missing_or_damaged(tmp_path, change, message):
    members = {k: v for k, v in (hundred_members() | change).items() if v is not None}
    options = pack(tmp_path / "a.tar.gz", members)
    with pytest.raises(DataError, match=message):
        cifar100.CIFAR100(**options)()


def test_a_checksum_that_differs_is_refused(hundred, tmp_path):
    with pytest.raises(
        DataError, match=r"published one 03b5dce01913d631647c71ecec9e9cb8; .*binary"
    ):
        cifar100.CIFAR100(archive=hundred["archive"])()
    torn = tmp_path / "torn.tar.gz"
    torn.write_bytes((tmp_path / "cifar-100-binary.tar.gz").read_bytes()[:-100])
    digest = hashlib.md5(torn.read_bytes()).hexdigest()
    with pytest.raises(DataError, match=r"torn\.tar\.gz: not the archive"):
        cifar100.CIFAR100(archive=str(torn), md5=digest)()


def test_a_missing_archive_is_explained(tmp_path):
    with pytest.raises(DataError, match='`download="when-missing"`'):
        cifar10.CIFAR10(archive=str(tmp_path))()
    with pytest.raises(DataError, match=r"cifar-10-binary\.tar\.gz: no such archive"):
        get_data("cifar10")  # looks into the cache folder and finds nothing
    assert {"cifar10", "cifar100", "folder", "hub", "icons", "icons-600"} == set(DATASETS)


@contextmanager
def serving(handler):
    """Answer on loopback by a handler; the address is yielded."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.fixture
def server(tmp_path):
    """Serve the temporary folder on loopback."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments, **keywords):
            super().__init__(*arguments, directory=str(tmp_path), **keywords)

        def log_message(self, *arguments):
            pass

    with serving(Handler) as address:
        yield address


def test_download_when_asked(hundred, server, tmp_path):
    options = {
        "url": f"{server}/cifar-100-binary.tar.gz",
        "md5": hundred["md5"],
        "cache": str(tmp_path / "cache"),
    }
    with pytest.raises(DataError, match="no such archive"):
        cifar100.CIFAR100(**options)()
    pictures = cifar100.CIFAR100(**options, download="when-missing")()
    assert pictures.digest == cifar100.CIFAR100(**hundred)().digest
    assert [p.name for p in (tmp_path / "cache").iterdir()] == ["cifar-100-binary.tar.gz"]
    assert cifar100.CIFAR100(**options)().digest == pictures.digest


def test_a_bad_download_leaves_nothing(hundred, server, tmp_path):
    options = {"cache": str(tmp_path / "cache"), "download": "when-missing"}
    with pytest.raises(DataError, match="nothing was kept"):
        cifar100.CIFAR100(**options, url=f"{server}/cifar-100-binary.tar.gz")()
    with pytest.raises(DataError, match=r"none\.tar\.gz: cannot be downloaded .*404"):
        cifar100.CIFAR100(**options, url=f"{server}/none.tar.gz")()
    with pytest.raises(DataError, match="not a web address"):
        cifar100.CIFAR100(**options, url="file:///etc/hostname")()
    assert list((tmp_path / "cache").rglob("*")) == []


@pytest.mark.parametrize("given", [{"download": "nevr"}, {"held_out": "0.1"}, {"split_seed": 1.5}])
def test_an_option_of_another_kind_is_refused(hundred, given):
    with pytest.raises(DataError, match=f"`{next(iter(given))}` is"):
        cifar100.CIFAR100(**hundred, **given)()


@pytest.fixture
def odd_server(hundred, tmp_path):
    """Send the archive without saying its length, only half of it, or somewhere else."""
    whole = (tmp_path / "cifar-100-binary.tar.gz").read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "file:///etc/hostname")
                self.end_headers()
                return
            self.send_response(200)
            if self.path == "/half":
                self.send_header("Content-Length", str(len(whole)))
            self.end_headers()
            self.wfile.write(whole[: len(whole) // 2] if self.path == "/half" else whole)

        def log_message(self, *arguments):
            pass

    with serving(Handler) as address:
        yield address


def test_odd_servers(hundred, odd_server, tmp_path):
    options = {"cache": str(tmp_path / "c"), "download": "when-missing", "md5": hundred["md5"]}
    for path in ("half", "elsewhere"):
        with pytest.raises(DataError, match=rf"/{path}: cannot be downloaded .*`archive`"):
            cifar100.CIFAR100(**options, url=f"{odd_server}/{path}")()
        assert list((tmp_path / "c").rglob("*")) == []
    old = os.umask(0o027)
    try:
        pictures = cifar100.CIFAR100(**options, url=f"{odd_server}/whole")()
    finally:
        os.umask(old)
    assert pictures.digest == cifar100.CIFAR100(**hundred)().digest
    (file,) = (tmp_path / "c").iterdir()
    assert file.stat().st_mode & 0o777 == 0o640
