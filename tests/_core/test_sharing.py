"""Files that several processes share: permissions, leftovers of the dead, one lock."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from taxonomy._core import io
from taxonomy._core.cached import cached_array
from taxonomy._core.sharing import clear_temporaries, create_temporary, lock

HOLD = """
import sys, time
from pathlib import Path
from taxonomy._core.sharing import create_temporary, lock
folder = Path(sys.argv[1])
create_temporary(folder / "x.json")
with lock(folder / ".x.lock"):
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """A process that writes x.json and holds a lock."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


@pytest.fixture
def umask():
    """Set a mask that lets nobody but the group read."""
    old = os.umask(0o027)
    yield
    os.umask(old)


@pytest.mark.skipif(sys.platform == "win32", reason="no permissions of this kind")
def test_every_writer_leaves_the_permissions_to_the_umask(tmp_path, umask):
    io.write_text(tmp_path / "x.txt", "hello")
    io.save_npz(tmp_path / "x.npz", {})
    cached_array(tmp_path / "cache", "s" * 20, "c" * 32, (2, 3), lambda array: {})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {path.stat().st_mode & 0o777 for path in files} == {0o640}


def test_a_folder_that_cannot_be_synced_is_no_failure(tmp_path, monkeypatch):
    """Windows opens no folder; some file systems sync none."""
    opened = os.open

    def refuses(path, flags, *rest):
        if Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, flags, *rest)

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuses)
        io.write_text(tmp_path / "x.txt", "windows")
    assert (tmp_path / "x.txt").read_text() == "windows"

    synced = os.fsync

    def invalid(descriptor):
        if os.fstat(descriptor).st_nlink > 1:  # a folder
            raise OSError(errno.EINVAL, "Invalid argument")
        synced(descriptor)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", invalid)
        io.write_text(tmp_path / "x.txt", "share")
    assert (tmp_path / "x.txt").read_text() == "share"


def test_what_a_live_process_writes_stays_and_what_a_dead_one_left_goes(tmp_path, holder):
    clear_temporaries(tmp_path)
    assert len(list(tmp_path.glob(".x.json.*.tmp"))) == 1
    holder.kill()
    holder.wait()
    io.write_text(tmp_path / "y.json", "another file")
    assert len(list(tmp_path.glob(".x.json.*.tmp"))) == 1
    io.write_text(tmp_path / "x.json", "the same file")
    assert list(tmp_path.glob("*.tmp")) + list(tmp_path.glob(".*.tmp")) == []


def test_what_this_process_writes_and_other_programs_files_stay(tmp_path):
    descriptor, mine = create_temporary(tmp_path / "x.json")
    (tmp_path / ".x.json.tmp").touch()
    (tmp_path / ".x.json.abc.tmp").touch()
    clear_temporaries(tmp_path)
    clear_temporaries(tmp_path, "x.json")
    os.close(descriptor)
    assert len(list(tmp_path.iterdir())) == 3
    assert mine.exists()


def test_a_file_of_another_machine_goes_after_a_day(tmp_path):
    descriptor, mine = create_temporary(tmp_path / "x.json")
    os.close(descriptor)
    writer = mine.name.removeprefix(".x.json.")
    theirs = mine.rename(tmp_path / f".x.json.00000000{writer[8:]}")
    clear_temporaries(tmp_path)
    assert theirs.exists()
    long_ago = time.time() - 2 * 24 * 3600
    os.utime(theirs, (long_ago, long_ago))
    clear_temporaries(tmp_path)
    assert not theirs.exists()


def test_a_number_that_was_used_before_is_another_process(tmp_path):
    """A restarted container gives its processes the same numbers."""
    descriptor, mine = create_temporary(tmp_path / "x.json")
    os.close(descriptor)
    machine, number, _, rest = mine.name.removeprefix(".x.json.").split("-")
    earlier = mine.rename(tmp_path / f".x.json.{machine}-{number}-00000000-{rest}")
    clear_temporaries(tmp_path)
    assert not earlier.exists()


def test_a_lock_is_had_by_one_and_ends_with_its_process(tmp_path, holder):
    with lock(tmp_path / ".x.lock", wait=False) as mine:
        assert not mine
    holder.kill()
    holder.wait()
    with lock(tmp_path / ".x.lock", wait=False) as mine:
        assert mine
    assert not (tmp_path / ".x.lock").exists()


def test_a_lock_serves_one_thread_after_the_other(tmp_path):
    inside, most, times = [], [], 25

    def work():
        for _ in range(times):
            with lock(tmp_path / "deep" / ".x.lock") as mine:
                assert mine
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.001)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 4 * times
    assert max(most) == 1
    assert list((tmp_path / "deep").iterdir()) == []


def test_the_cache_clears_dead_locks_and_keeps_live_ones(tmp_path):
    dead = tmp_path / f".{'a' * 20}-{'b' * 32}.lock"
    foreign = tmp_path / ".other.lock"
    dead.touch()
    foreign.touch()
    live = tmp_path / f".{'a' * 20}-{'c' * 32}.lock"
    with lock(live):
        cached_array(tmp_path, "s" * 20, "c" * 32, (2, 3), lambda array: {})
        assert live.exists()
    assert not dead.exists()
    assert foreign.exists()
