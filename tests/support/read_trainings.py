"""What a training leaves in files, and what is read of it: checkpoints, runs, series of rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import torch

from taxonomy._core import io
from taxonomy._core.errors import TaxonomyError, told
from taxonomy.studies.runner import run_cells
from taxonomy.training import TrainConfig
from taxonomy.training.checkpoint import Place, load_checkpoint, save_checkpoint
from taxonomy.training.run import Metrics, Run
from taxonomy.training.start import run_data, run_settings
from tests.support.mutants import of_json, of_lines
from tests.support.read_values import FOUR, SPEC, TREE

STEPS = {"step": torch.tensor(3.0), "mean": torch.tensor([1.0, 2.0])}


def _parts() -> dict[str, Any]:
    net = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(net.parameters())
    net(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return {"net": net, "optimizer": optimizer, "average": {k: v.clone() for k, v in STEPS.items()}}


def checkpoints(folder: Path) -> list[bytes]:
    save_checkpoint(folder / "c.safetensors", _parts(), Place(2, 5, 1.5, 9.0, 1, 0.5), "key")
    return [(folder / "c.safetensors").read_bytes()]


def checkpoint(path: Path) -> tuple[dict[str, Any], Place]:
    parts = _parts()
    return parts, load_checkpoint(path, parts, "key")


def save_training(found: tuple[dict[str, Any], Place], path: Path) -> None:
    save_checkpoint(path, *found, "key")


def digest_of_training(found: tuple[dict[str, Any], Place]) -> str:
    """Return the digest of what is saved, for a training has none of its own."""
    with TemporaryDirectory() as folder:
        save_training(found, Path(folder, "c.safetensors"))
        return io.file_digest(Path(folder, "c.safetensors"))


RUN = ("config.json", "hierarchy.json", "spec.json", "metrics.jsonl", "manifest.json")


_MANIFEST = {
    "val_accuracy": 0.5,
    "macs": 3,
    "params": 4,
    "seconds": 1.5,
    "model": "0" * 64,
    "threads": 1,
    "time": "2026-01-01T00:00:00+00:00",
    "machine": "x",
}


@cache
def _run_files() -> dict[str, bytes]:
    """Return the small files of a run, all of which one file of JSON lines can hold."""
    config = {
        "config": asdict(TrainConfig()),
        "device": "cpu",
        "spec": SPEC.digest,
        "hierarchy": TREE.digest,
        "data": "0" * 64,
        "reference": TREE.digest,
        "teacher": None,
        "start": None,
        "inputs": {"data": {"data": "icons"}},
    }
    metrics = [{"epoch": i, "loss": 1.5, "val_accuracy": 0.5, "seconds": 1.0} for i in (1, 2)]
    return {
        "config.json": io.canonical_json(config).encode(),
        "hierarchy.json": TREE.to_json().encode(),
        "spec.json": io.canonical_json(SPEC.to_dict()).encode(),
        "metrics.jsonl": "\n".join(map(io.canonical_json, metrics)).encode(),
        "manifest.json": io.canonical_json({**config, **_MANIFEST}).encode(),
    }


def runs(_: Path) -> list[bytes]:
    return list(_run_files().values())


def change_run(data: bytes, random: Random) -> bytes:
    return (of_lines if data.startswith(b'{"epoch"') else of_json)(data, random)


def run_of(path: Path) -> list[Any]:
    """Read a folder in which one file is the one given, whichever it was."""
    folder = path.parent / "run"
    folder.mkdir(exist_ok=True)
    data, good = path.read_bytes(), _run_files()
    for name in RUN:
        (folder / name).write_bytes(good[name])
    found: list[Any] = []
    for name in RUN:  # the same bytes in every file's place
        (folder / name).write_bytes(data)
        try:
            found.append(_READ_OF_RUN[name](folder))
        except TaxonomyError as error:
            assert str(folder) in str(error), f"the run is not named in: {error}"
            last = error
        (folder / name).write_bytes(good[name])
    if not found:
        raise type(last)(told(path, str(last)))
    return found


_READ_OF_RUN: dict[str, Callable[[Path], Any]] = {
    "config.json": lambda folder: (
        run_settings(folder),
        run_data(folder),
    ),
    "hierarchy.json": lambda folder: Run(folder).hierarchy,
    "spec.json": lambda folder: Run(folder).spec,
    "metrics.jsonl": lambda folder: Metrics(folder / "metrics.jsonl").rows,
    "manifest.json": lambda folder: Run(folder).manifest,
}


CELLS = {name: {"width": width} for width, name in enumerate(FOUR.ids)}


def series(folder: Path) -> list[bytes]:
    run_cells(
        folder, CELLS, lambda name, settings, _: {"square": settings["width"] ** 2, "by": name}
    )
    return [(folder / "cells.jsonl").read_bytes()]


def rows(path: Path) -> list[Any]:
    """Read what is done; what is not, does nothing."""
    return run_cells(path.parent, CELLS, lambda *_: {})


def save_rows(found: list[Any], path: Path) -> None:
    by_cell = {row["cell"]: row for row in found}
    run_cells(path.parent, CELLS, lambda name, *_: {**by_cell[name]})
