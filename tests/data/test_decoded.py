"""The cache of decoded pictures: mapped, replaced when the folder changes, never half written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from taxonomy._core.cached import cached_array
from taxonomy._core.errors import DataError
from taxonomy._core.io import cache_folder
from taxonomy.data import get_data
from taxonomy.data._pictures import Selection
from taxonomy.data.folder import ImageFolder
from tests.support.painting import paint

WRITER = """
import os, sys
from pathlib import Path
from taxonomy._core.sharing import create_temporary
create_temporary(Path(sys.argv[1]))
sys.stdout.write("left")
"""
"""Ends before what it writes has its name, like a killed process."""


class TestCache:
    """Decoded once, mapped, replaced when the folder changes, never half written."""

    @pytest.fixture
    def data(self, plain, tmp_path_factory):
        return ImageFolder(str(plain), 8, cache=str(tmp_path_factory.mktemp("own")))

    def files(self, data):
        return sorted(p.suffix for p in Path(data.cache).iterdir())

    def test_the_second_time_nothing_is_decoded(self, data, monkeypatch):
        first = data()
        monkeypatch.setattr("taxonomy.data.preprocessing.decode", None)
        again = data()
        assert np.array_equal(again.images, first.images)
        assert again.digest == first.digest
        assert self.files(data) == [".json", ".npy"]

    def test_the_digest_is_of_the_content(self, data):
        mapped = data()
        held = replace(mapped, images=np.array(mapped.images))
        assert mapped.digest == held.digest

    def test_pictures_are_mapped_and_parts_are_views(self, data):
        pictures = data()
        assert isinstance(pictures.images, np.memmap)
        for split in ("train", "val", "test"):
            part = pictures.part(split)
            assert isinstance(part.images, np.memmap)
            assert np.shares_memory(part.images, pictures.images)
        pictures.images[:] = 0  # changes memory only
        assert data().images.any()

    def test_a_restriction_reads_nothing_before_it_is_asked(self, data):
        part = data().restrict(("dog",))
        held = replace(data(), images=np.array(data().images)).restrict(("dog",))
        assert isinstance(part.images, Selection)
        assert isinstance(held.images, np.ndarray)
        assert part.digest == held.digest
        rows = np.array([5, 0, 39])
        assert np.array_equal(part.images[rows], held.images[rows])
        assert np.array_equal(part.images, held.images)
        twice, both = part.part("train"), held.part("train")
        assert np.array_equal(twice.images, both.images)
        assert not isinstance(twice.images, Selection) or twice.images.base is part.images.base

    def test_torch_reads_the_map_in_place(self, data):
        part = data().part("train")
        tensor = torch.from_numpy(part.images)
        assert tensor.data_ptr() == part.images.ctypes.data

    def test_a_changed_folder_is_decoded_anew_and_replaces_the_old(self, data, plain):
        before = data()
        paint(plain / "cat" / "7.png", size=(9, 9), colour=(200, 0, 0))
        after = data()
        assert before.digest != after.digest
        assert (after.images[:, 0, 0, 0] == 200).sum() == 1
        assert self.files(data) == [".json", ".npy"]

    def test_options_have_caches_of_their_own(self, data):
        data()
        replace(data, resolution=4)()
        assert self.files(data) == [".json", ".json", ".npy", ".npy"]

    @pytest.mark.parametrize("ending", [".npy", ".json"])
    def test_a_damaged_cache_is_made_again(self, data, caplog, ending):
        digest = data().digest
        file = next(p for p in Path(data.cache).iterdir() if p.suffix == ending)
        file.write_bytes(file.read_bytes()[:20])
        assert data().digest == digest
        assert "made again" in caplog.text

    def test_stopped_in_the_middle_nothing_is_left(self, data, monkeypatch):
        calls = []

        def stop(*arguments):
            calls.append(1)
            if len(calls) == 10:
                raise KeyboardInterrupt
            return np.zeros((3, 8, 8), np.uint8)

        monkeypatch.setattr("taxonomy.data.preprocessing.decode", stop)
        with pytest.raises(KeyboardInterrupt):
            data()
        assert self.files(data) == []

    def test_a_full_disk_is_noticed_before(self, data, monkeypatch):
        usage = SimpleNamespace(total=10**6, used=10**6 - 100, free=100)
        monkeypatch.setattr("shutil.disk_usage", lambda folder: usage)
        with pytest.raises(DataError, match=r"GB are free; name another folder .`cache`"):
            data()
        assert self.files(data) == []

    def test_a_cache_that_cannot_be_written(self, data, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(DataError, match=r"cannot be written.*`cache`.*TAXONOMY_CACHE"):
            replace(data, cache=str(tmp_path / "file" / "below"))()

    def test_processes_that_start_together_decode_once(self, data):
        """Eight threads stand for processes: each opens the lock for itself."""
        from concurrent.futures import ThreadPoolExecutor

        calls = []

        def fill(images):
            calls.append(1)
            time.sleep(0.2)
            images[:] = 7
            return {"digest": "x"}

        def work(_):
            return cached_array(Path(data.cache), "s" * 20, "c" * 32, (4, 3, 2, 2), fill)

        with ThreadPoolExecutor(8) as pool:
            results = list(pool.map(work, range(8)))
        assert len(calls) == 1
        assert all((images == 7).all() and facts == {"digest": "x"} for images, facts in results)

    def test_what_a_killed_process_left_is_removed(self, data):
        digest = data().digest
        facts = next(p for p in Path(data.cache).iterdir() if p.suffix == ".json")
        facts.unlink()
        writer = subprocess.run(
            [sys.executable, "-c", WRITER, str(facts.with_suffix(".npy"))],
            check=True,
            capture_output=True,
        )
        assert writer.stdout == b"left"
        assert len(list(facts.parent.glob(".*.tmp"))) == 1
        assert data().digest == digest
        assert self.files(data) == [".json", ".npy"]

    def test_where_it_is(self, monkeypatch, tmp_path):
        assert cache_folder("here") == Path("here")
        monkeypatch.setenv("TAXONOMY_CACHE", "there")
        assert cache_folder() == Path("there")
        monkeypatch.delenv("TAXONOMY_CACHE")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        monkeypatch.setattr("sys.platform", "linux")
        assert cache_folder() == tmp_path / "taxonomy-experts"

    def test_any_number_of_threads_gives_the_same(self, data):
        one, many = (replace(data, workers=n, cache=f"{data.cache}/{n}")() for n in (1, 7))
        assert one.digest == many.digest

    def test_unreadable_pictures_can_be_left_out(self, data, plain, monkeypatch, caplog):
        whole = data()
        spoilt = [plain / "cat" / "0.png", plain / "cat" / "39.png", plain / "dog" / "7.png"]
        for path in spoilt:
            path.write_bytes(b"spoilt")
        with pytest.raises(DataError, match=r"So are 2 others: .*`unreadable=.skip.`.; what was"):
            data()
        fill_rows = "taxonomy.data._decoded.fill_rows"
        with monkeypatch.context() as patch:
            patch.setattr(fill_rows, None)  # what was decoded is kept
            kept = replace(data, unreadable="skip")()
        assert len(kept) == 77
        assert "3 of 80 pictures cannot be read" in caplog.text
        rows = [i for i, f in enumerate(data.files()) if f.path not in spoilt]
        for name in ("images", "targets", "splits"):
            assert np.array_equal(getattr(kept, name), getattr(whole, name)[rows]), name
        assert kept.digest == replace(kept).digest

    def test_a_picture_that_can_be_read_again_is(self, data, plain):
        """Mended, with the size and the time that it had."""
        path = plain / "cat" / "0.png"
        sound, times = path.read_bytes(), (path.stat().st_atime_ns, path.stat().st_mtime_ns)
        whole = data().digest
        path.write_bytes(b"x" * len(sound))
        os.utime(path, ns=times)
        shutil.rmtree(data.cache)
        with pytest.raises(DataError, match=r"0\.png"):
            data()
        path.write_bytes(sound)
        os.utime(path, ns=times)
        assert data().digest == whole

    def test_a_class_of_unreadable_pictures_only(self, data, plain):
        for path in (plain / "cat").iterdir():
            path.write_bytes(b"spoilt")
        with pytest.raises(DataError, match="'cat' has no readable picture"):
            replace(data, unreadable="skip")()

    def test_names_that_are_no_utf8(self, tmp_path):
        for i in range(3):
            paint(tmp_path / "cat" / f"{i}.png", size=(4, 4))
        (tmp_path / "cat" / "0.png").rename(tmp_path / "cat" / os.fsdecode(b"\xff.png"))
        assert len(get_data(tmp_path, 4)) == 3
