"""Run directories: everything about one training, in files with fixed names."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch

from taxonomy._core import io
from taxonomy._core.checked import check_path
from taxonomy._core.decoding import decode
from taxonomy._core.errors import FileFormatError, TrainingError
from taxonomy._core.registry import require
from taxonomy._core.sharing import clear_temporaries
from taxonomy.data import Pictures
from taxonomy.design.blocks import check_width
from taxonomy.design.costs import cost
from taxonomy.design.spec import NetSpec
from taxonomy.nets import HierarchicalNet, build_net, get_net, save_net
from taxonomy.nets.hierarchical import unpacked_state, weights_digest
from taxonomy.nets.initialise import start_from
from taxonomy.nets.widths import check_among, narrowed
from taxonomy.predictions import Predictions
from taxonomy.training import distribution
from taxonomy.training.config import TrainConfig
from taxonomy.training.loop import check_trainable, fit
from taxonomy.training.scoring import predictions_on
from taxonomy.trees.hierarchy import Hierarchy

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Run:
    """A finished training: a folder with its network, settings, metrics and predictions.

    ``config.json``, ``hierarchy.json``, ``spec.json``, ``model.safetensors``, ``metrics.jsonl``,
    ``predictions-val.npz``, ``predictions-test.npz``, ``manifest.json``; ``reference.json`` where
    the losses read another tree than the network's; ``predictions-val-0.5.npz`` and so on where
    narrower widths were trained too. Predictions on the test split are stored, so
    that a final table needs no data, and scored by nothing but what is asked to.

    Args:
        path: the folder.

    Raises:
        FileFormatError: the folder holds no finished run.
    """

    path: Path

    def __post_init__(self) -> None:
        """Check that the run is finished; the manifest is written last."""
        check_path(self.path, "the run", FileFormatError)
        object.__setattr__(self, "path", Path(self.path))
        if not is_finished(self.path):
            raise FileFormatError(
                f"{self.path}: holds no finished run; finish one that was begun there: "
                f"taxonomy train --resume --out {self.path}"
            )

    @cached_property
    def hierarchy(self) -> Hierarchy:
        """The tree of the network."""
        return Hierarchy.load(self.path / "hierarchy.json")

    @cached_property
    def spec(self) -> NetSpec:
        """The shape of the network."""
        return NetSpec.load(self.path / "spec.json")

    @cached_property
    def manifest(self) -> dict[str, io.Json]:
        """Digests, cost, accuracy, versions, time and machine."""
        file = self.path / "manifest.json"
        facts: dict[str, io.Json] = io.read_json(file)
        decode(_Manifest, facts, file, closed=False)
        return facts

    def __str__(self) -> str:
        """Return size, cost and validation accuracy on one line."""
        facts = self.manifest
        return (
            f"{facts['macs'] / 1e6:.1f} million MACs, {facts['params'] / 1e6:.2f} million "
            f"parameters; accuracy {facts['val_accuracy']:.1%} on validation"
        )

    @property
    def widths(self) -> tuple[float, ...]:
        """The shares of the channels that were trained, the widest first."""
        return (1.0, *sorted(map(float, self.manifest.get("widths", ())), reverse=True))

    def net(self) -> HierarchicalNet:
        """Read the trained network, in evaluation mode."""
        return get_net(self.path)

    def predictions(self, split: str, width: float = 1.0) -> Predictions:
        """Read the logits of one split, ``val`` or ``test``, at one of `widths`.

        Raises:
            SpecError: the network was not trained at that width.
        """
        if width != 1:
            check_among(self.widths, width)
        return Predictions.load(self.path / _predictions_file(split, width))


@dataclass(frozen=True)
class _Manifest:
    """What a manifest says that others read."""

    inputs: dict[str, io.Json]
    data: str
    val_accuracy: float
    macs: int
    params: int
    seconds: float
    model: str
    threads: int
    time: str
    machine: str
    widths: dict[str, io.Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the widths, which name files."""
        for width in self.widths:
            try:
                check_width(float(width), "widths", FileFormatError)
            except ValueError:
                raise FileFormatError(f"the width {width!r} is no number.") from None


@dataclass(frozen=True)
class _Epoch:
    """What a line of the metrics says that a continued training reads."""

    epoch: int
    seconds: float


def _predictions_file(split: str, width: float) -> str:
    return f"predictions-{split}.npz" if width == 1 else f"predictions-{split}-{width}.npz"


def is_finished(path: Path) -> bool:
    """Return whether a folder holds a finished run."""
    return (path / "manifest.json").is_file()


def train_run(
    path: Path | str,
    spec: NetSpec,
    hierarchy: Hierarchy,
    data: Pictures,
    config: TrainConfig | None = None,
    device: str = "cpu",
    progress: bool = True,
    reference: Hierarchy | None = None,
    teacher: HierarchicalNet | None = None,
    start: HierarchicalNet | None = None,
    inputs: Mapping[str, str] | None = None,
    tensorboard: bool = False,
) -> Run:
    """Train a network in a folder, continue one that was stopped, or return a finished one.

    Args:
        path: the folder.
        spec: shape of the network.
        hierarchy: its tree.
        data: pictures with splits ``train``, ``val`` and ``test``.
        config: how to train.
        device: ``cpu``, ``cuda``, or ``mps`` (Apple's, which is not tested).
        progress: whether to show a bar.
        reference: the tree that hierarchical losses read; the network's own where none is given.
        teacher: a trained network to distil from.
        start: a trained network whose like parts this one starts from.
        inputs: where data and teacher came from, as text, for who continues the run later.
        tensorboard: whether to write each epoch's metrics as TensorBoard events too, into the
            folder's ``tensorboard``.

    Raises:
        DataError: the data lacks a split, or its pictures have another size than the network's.
        SpecError: the hierarchy has nodes deeper than there are levels.
        TrainingError: the classes differ, the folder holds a run with other settings, or training
            fails. Only a failing training leaves files.
    """
    path = Path(path)
    config = config or TrainConfig()
    settings = {
        "config": config.to_dict(),
        "device": device,
        "spec": spec.digest,
        "hierarchy": hierarchy.digest,
        "data": data.digest,
        "reference": (reference or hierarchy).digest,
        "teacher": weights_digest(teacher) if teacher else None,
        "start": weights_digest(start) if start else None,
        "inputs": dict(inputs or {}),
    }
    # What cannot be trained must not claim the folder, or the corrected command is refused it.
    net = build_net(spec, hierarchy, seed=config.seed)
    if start is not None:
        taken, tensors = start_from(net, start), len(unpacked_state(net))
        if taken < tensors:
            log.warning("Started with %d of %d tensors; the others are new.", taken, tensors)
    check_trainable(net, data, config, reference or hierarchy, teacher)
    data.part("test")
    with distribution.processes(device) as own_device:
        checkpoint = path / "checkpoint.safetensors"
        if distribution.is_first():
            clear_temporaries(path)  # or a first run that was killed at once claims the folder
            _claim(path, settings)
            if is_finished(path):
                checkpoint.unlink(missing_ok=True)
        distribution.wait_for_all()
        if is_finished(path):
            return Run(path)
        if distribution.is_first():
            hierarchy.save(path / "hierarchy.json")
            spec.save(path / "spec.json")
            if reference is not None:
                reference.save(path / "reference.json")
        board = path / "tensorboard" if tensorboard and distribution.is_first() else None
        metrics = Metrics(path / "metrics.jsonl", board)
        net = net.to(own_device)
        fit(net, data, config, checkpoint, metrics.add, progress, reference, teacher)
        _finish(path, net, data, settings, sum(row["seconds"] for row in metrics.rows))
        distribution.wait_for_all()
        if distribution.is_first():
            checkpoint.unlink(missing_ok=True)
    return Run(path)


def _finish(
    path: Path,
    net: HierarchicalNet,
    data: Pictures,
    settings: dict[str, io.Json],
    seconds: float,
) -> None:
    """Write the network, its predictions and, last, the manifest, which makes the run finished."""
    predictions = {
        (split, width): predictions_on(at_width, data.part(split))
        for width, at_width in [(1.0, net), *((w, narrowed(net, w)) for w in net.narrower)]
        for split in ("val", "test")
    }
    if not distribution.is_first():
        return
    save_net(path / "model.safetensors", net)
    for (split, width), made in predictions.items():
        made.save(path / _predictions_file(split, width))
    widths = {
        str(width): {
            "val_accuracy": predictions["val", width].accuracy(),
            **asdict(cost(net.spec, net.hierarchy, width=width)),
        }
        for width in net.narrower
    }
    io.write_json(
        path / "manifest.json",
        {
            **settings,
            "val_accuracy": predictions[
                "val", 1.0
            ].accuracy(),  # the test split is for final tables
            **asdict(cost(net.spec, net.hierarchy)),
            "widths": widths,
            "preprocessing": net.preprocessing.to_dict(),
            "seconds": seconds,
            "model": io.file_digest(path / "model.safetensors"),
            "threads": torch.get_num_threads(),
            "processes": distribution.world_size(),
            "versions": io.versions("numpy", "torch"),
            **io.stamp(),
        },
    )


def _claim(path: Path, settings: dict[str, io.Json]) -> None:
    """Write the settings into a fresh folder, or check that the folder holds the same."""
    where = path / "config.json"
    wanted = json.loads(io.canonical_json(settings))
    if not where.exists():
        if path.exists() and any(path.iterdir()):
            raise TrainingError(f"{path}: is not empty and holds no run; choose another folder.")
        io.write_json(where, wanted)
        return
    found = decode(dict[str, io.Json], io.read_json(where), where)
    if found != wanted:
        key = next((k for k in wanted if found.get(k) != wanted[k]), "config")
        raise TrainingError(
            f"{path}: holds a run with another {key}. Choose another folder, or remove this one."
        )


class Metrics:
    """One line of JSON an epoch; a line is replaced when its epoch is run again.

    Args:
        path: the file.
        board: folder of event files for TensorBoard, where wanted.

    Raises:
        MissingExtraError: TensorBoard is wanted and not installed.
    """

    def __init__(self, path: Path, board: Path | None = None) -> None:
        self.path = path
        self.writer: Any = None
        if board is not None:
            require("tensorboard")
            from torch.utils.tensorboard import SummaryWriter

            self.writer = SummaryWriter(str(board))
        self.rows: list[dict[str, io.Json]] = []
        if path.is_file():
            for where, row in io.read_json_lines(path):
                decode(_Epoch, row, where, closed=False)
                self.rows.append(row)

    def add(self, row: dict[str, io.Json]) -> None:
        """Append one epoch's metrics and write the file atomically."""
        self.rows = [old for old in self.rows if old["epoch"] < row["epoch"]] + [row]
        io.write_text(self.path, "".join(io.canonical_json(r) + "\n" for r in self.rows))
        if self.writer is not None:
            for name in row.keys() - {"epoch"}:
                self.writer.add_scalar(name, row[name], row["epoch"])
            self.writer.flush()
