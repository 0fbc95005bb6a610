"""Where a study's cells are kept: a folder, or what fsspec reaches by a URL.

A cell is done once ``done.json`` says so, which is written last and names every file with its size
and digest. So an upload that was cut off is never taken for a whole one: without that record, or
where a file is not as it says, the cell counts as missing and is stored again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from taxonomy._core import io
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.errors import FileFormatError, TaxonomyError, WriteError, shown
from taxonomy._core.registry import require
from taxonomy.studies.cells import CELL_FILES, Cell

RUN_FILES = (
    *("config.json", "spec.json", "hierarchy.json", "model.safetensors", "metrics.jsonl"),
    *("predictions-val.npz", "predictions-test.npz", "manifest.json"),
)
"""What is kept of a finished run."""


@dataclass(frozen=True)
class Kept:
    """A file as it was stored.

    Args:
        bytes: its size.
        sha256: its digest.
    """

    bytes: int
    sha256: str


@dataclass(frozen=True)
class Done:
    """What a finished cell says of itself.

    Args:
        cell: its id.
        files: of its run, by name.
        seconds: that training took.
        threads: that it computed with.
        time: when it was finished, UTC.
        machine: where.
        versions: of the packages.
    """

    cell: str
    files: dict[str, Kept]
    seconds: float
    threads: int
    time: str
    machine: str
    versions: dict[str, str]


class Files(Protocol):
    """Files by name with slashes; each is read whole, and written whole or not at all."""

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes; None where there is none."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""

    def remove(self, name: str) -> None:
        """Remove a file that may be there."""

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Return the sizes of the files directly in a folder, by name."""


class LocalFiles:
    """Files in a folder.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes; None where there is none."""
        path = self.root / name
        return io.read_bytes(path) if path.is_file() else None

    def write(self, name: str, data: bytes) -> None:
        """Write a file atomically."""
        io.write_bytes(self.root / name, data)

    def remove(self, name: str) -> None:
        """Remove a file that may be there."""
        (self.root / name).unlink(missing_ok=True)

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Return the sizes of the files directly in a folder, by name."""
        where = self.root / folder
        there = where.iterdir() if where.is_dir() else ()
        return {path.name: path.stat().st_size for path in there if path.is_file()}


class RemoteFiles:
    """Files that fsspec reaches by a URL, such as ``s3://bucket/study``.

    Args:
        url: of the folder; further settings, such as credentials, are the file system's own.

    Raises:
        MissingExtraError: fsspec, or what it needs for the protocol, is not installed.
        TaxonomyError: fsspec knows no such protocol.
    """

    def __init__(self, url: str) -> None:
        fsspec = require("fsspec")
        self.url = url.rstrip("/")
        if self.url.startswith("s3:"):
            require("s3fs")
        try:
            self.system, self.root = fsspec.core.url_to_fs(self.url, use_listings_cache=False)
        except (ValueError, ImportError) as error:
            raise TaxonomyError(f"{url}: cannot be opened as a `store` ({error}).") from error

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes; None where there is none."""
        try:
            data: bytes = self.system.cat_file(f"{self.root}/{name}")
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileFormatError(f"{self.url}/{name}: cannot be read ({error}).") from error
        return data

    def write(self, name: str, data: bytes) -> None:
        """Write a file."""
        path = f"{self.root}/{name}"
        try:
            self.system.makedirs(path.rpartition("/")[0], exist_ok=True)
            self.system.pipe_file(path, data)
        except OSError as error:
            raise WriteError(f"{self.url}/{name}", str(error)) from error

    def remove(self, name: str) -> None:
        """Remove a file that may be there."""
        try:
            self.system.rm_file(f"{self.root}/{name}")
        except FileNotFoundError:
            return
        except OSError as error:
            raise WriteError(f"{self.url}/{name}", str(error)) from error

    def sizes(self, folder: str) -> Mapping[str, int]:
        """Return the sizes of the files directly in a folder, by name."""
        self.system.invalidate_cache()
        try:
            there: list[dict[str, Any]] = self.system.ls(f"{self.root}/{folder}", detail=True)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise FileFormatError(f"{self.url}/{folder}: cannot be read ({error}).") from error
        return {
            str(entry["name"]).rpartition("/")[2]: int(entry["size"] or 0)
            for entry in there
            if entry["type"] == "file"
        }


class Store:
    """The cells of studies, in a folder or below a URL.

    Args:
        place: a folder, or a URL with ``://``.
    """

    def __init__(self, place: Path | str) -> None:
        self.is_local = "://" not in str(place)
        self.place = str(Path(place).absolute() if self.is_local else place)
        self.files: Files = (
            LocalFiles(Path(self.place)) if self.is_local else RemoteFiles(self.place)
        )

    def workspace(self, cell: str) -> Path:
        """Return the local folder in which a cell is worked on, and continued.

        Of a folder it is the cell's place itself; of a URL it lies in the folder of caches.
        """
        if self.is_local:
            return Path(self.place) / cell
        return io.cache_folder() / "studies" / io.digest(self.place)[:16] / cell

    def plan(self, cell: Cell) -> None:
        """Keep a cell that a worker will take, unless it is there already.

        Raises:
            TaxonomyError: it was begun with another number of threads.
        """
        where = self.workspace(cell.id)
        begun = begun_with(where)
        if begun not in (0, cell.threads) and self.done(cell.id) is None:
            raise TaxonomyError(
                f"{where}: the cell was begun with `threads` = {begun} and the study says "
                f"{cell.threads}; to continue it exactly keep {begun}, or remove the folder to "
                "start it again."
            )
        if (known := self._known(cell.id)) is not None and known.threads == cell.threads:
            return
        cell.save(where)
        if not self.is_local:
            for name in CELL_FILES:
                if (where / name).is_file():
                    self.files.write(f"{cell.id}/{name}", io.read_bytes(where / name))

    def _known(self, cell: str) -> Cell | None:
        try:
            return self.cell(cell)
        except FileFormatError:
            return None

    def cell(self, cell: str) -> Cell:
        """Return a planned cell.

        Raises:
            FileFormatError: there is none of that id, or it is damaged, or another one's.
        """
        where = self.workspace(cell)
        if not self.is_local:
            for name in CELL_FILES:
                if (data := self.files.read(f"{cell}/{name}")) is not None:
                    io.write_bytes(where / name, data)
        if not (where / "cell.json").is_file():
            raise FileFormatError(
                f"{self.place}: holds no cell {shown(cell)}; give the id of one that is planned."
            )
        if (found := Cell.load(where)).id != cell:
            raise FileFormatError(f"{where}: holds the cell {found.id}; remove the folder.")
        return found

    def done(self, cell: str) -> Done | None:
        """Return the record of a finished cell, None where it is not finished, or not whole."""
        data = self.files.read(f"{cell}/done.json")
        if data is None:
            return None
        where = f"{self.place}/{cell}/done.json"
        try:
            record = decode(Done, parse_json(data.decode(errors="replace"), where), where)
        except FileFormatError:
            return None  # cut off while it was written
        there = self.files.sizes(f"{cell}/run")
        whole = all(there.get(name) == kept.bytes for name, kept in record.files.items())
        return record if whole and record.cell == cell else None

    def finish(self, cell: str) -> None:
        """Store a cell whose run is finished in its workspace; the record comes last."""
        folder = self.workspace(cell) / "run"
        manifest = io.read_json(folder / "manifest.json")
        kept = {}
        for name in RUN_FILES:
            data = io.read_bytes(folder / name)
            kept[name] = Kept(len(data), sha256(data).hexdigest())
            if not self.is_local:
                self.files.write(f"{cell}/run/{name}", data)
        facts = {key: manifest[key] for key in ("seconds", "threads", "time", "machine")}
        record = Done(cell=cell, files=kept, versions=manifest["versions"], **facts)
        self.files.write(f"{cell}/done.json", io.indented_json(asdict(record)).encode())
        self.files.remove(f"{cell}/failed.json")

    def run(self, cell: str) -> Path:
        """Return a finished cell's run as a local folder, every file as it was stored.

        Raises:
            FileFormatError: the cell is not finished, or a file is not as it was stored.
        """
        record = self.done(cell)
        if record is None:
            raise FileFormatError(f"{self.place}: the cell {cell} is not finished.")
        folder = self.workspace(cell) / "run"
        for name, kept in record.files.items():
            path = folder / name
            if path.is_file() and io.file_digest(path) == kept.sha256:
                continue
            data = None if self.is_local else self.files.read(f"{cell}/run/{name}")
            if data is None or sha256(data).hexdigest() != kept.sha256:
                raise FileFormatError(
                    f"{self.place}/{cell}/run/{name}: is not what was stored; remove "
                    "the cell's folder, and the study trains it again."
                )
            io.write_bytes(path, data)
        return folder

    def failed(self, cell: str) -> str:
        """Return why a cell failed last; empty where it did not."""
        data = self.files.read(f"{cell}/failed.json")
        if data is None:
            return ""
        try:
            return str(json.loads(data)["message"])
        except (ValueError, KeyError, TypeError):
            return "the record of the failure is damaged"

    def fail(self, cell: str, message: str) -> None:
        """Keep why a cell failed, until it is finished."""
        facts = {"message": message, **io.stamp()}
        self.files.write(f"{cell}/failed.json", io.indented_json(facts).encode())


def begun_with(workspace: Path) -> int:
    """Return the threads that a cell was begun with in a workspace; 0 where it was not."""
    path = workspace / "begun.json"
    if not path.is_file():
        return 0
    return decode(_Begun, io.read_json(path), path).threads


@dataclass(frozen=True)
class _Begun:
    """What a workspace says of a training in it."""

    threads: int
