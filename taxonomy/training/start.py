"""Starting a training from names, files and options, and continuing one from its folder."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import torch

from taxonomy._core import io
from taxonomy._core.checked import check_path
from taxonomy._core.decoding import decode
from taxonomy._core.errors import DataError, TrainingError, did_you_mean, naming
from taxonomy.data import DataRequest, Pictures
from taxonomy.design.spec import NetSpec
from taxonomy.formats import get_tree
from taxonomy.nets import HierarchicalNet, build_net, get_net
from taxonomy.nets.backbone import timm_backbone
from taxonomy.nets.initialise import load_pretrained
from taxonomy.training.augment import Augment
from taxonomy.training.config import TrainConfig
from taxonomy.training.fitting import batch_size_for, tell_resolution, warn_of_little
from taxonomy.training.objectives import Objective
from taxonomy.training.run import Run, train_run
from taxonomy.trees.hierarchy import Hierarchy

log = logging.getLogger(__name__)


def train(
    folder: Path | str,
    tree: Hierarchy | Path | str | None,
    data: DataRequest | Pictures | Path | str,
    *,
    spec: NetSpec | Path | str | None = None,
    width: float = 1.0,
    resolution: int = 0,
    backbone: str = "",
    path: bool = False,
    reference: Hierarchy | Path | str | None = None,
    teacher: HierarchicalNet | Path | str | None = None,
    init_from: HierarchicalNet | Path | str | None = None,
    device: str = "auto",
    config: TrainConfig | None = None,
    tensorboard: bool = False,
    progress: bool = True,
    **options: Any,
) -> Run:
    """Train a network in a folder, or continue where it stopped.

    The same call continues a training that was interrupted and returns one that is finished;
    another call on the same folder is refused. `resume` continues with the folder alone.

    Args:
        folder: where everything about the run is kept, see `Run`.
        tree: the hierarchy that shapes the network: a tree, a file, or a shipped name; None for a
            flat network.
        data: pictures: a folder of class folders, the name of a data set, a request with options,
            or pictures in memory.
        spec: shape of the network, or its file; where left out, the recommended one for the tree,
            or the flat one, which is that of a flat network in ``init_from`` if ``width`` is 1.
        width: factor on all widths of the specification.
        resolution: side in pixels at which pictures are read; 0 for the specification's, which is
            32 where none is given. Twice the side takes four times the MACs.
        backbone: a timm model put in front, cut after a stage, as ``MODEL:STAGE``.
        path: train one root-to-leaf path of the tree's network as a flat network, to start the
            branches of the whole network from.
        reference: the tree that hierarchical losses read; the network's own where left out.
        teacher: a trained network to distil from: a network, a run, a file, or a shipped name.
        init_from: a trained network whose matching weights this one starts with, or ``"timm"``
            for a backbone's pretrained weights.
        device: ``cpu``, ``cuda``, ``mps``, or ``auto`` for the fastest one that is there.
        config: all settings at once, instead of options.
        tensorboard: write metrics as TensorBoard events, too.
        progress: show how far the training is.
        options: fields of `TrainConfig`, `Augment` and `Objective`, such as ``epochs=20``. Where
            neither ``config`` nor ``batch_size`` is given, the batch size follows the data: 64, or
            32, 16 or 8 for so few pictures that an epoch would have less than 24 steps.

    Raises:
        DataError: the pictures cannot be read, or differ from the tree in classes.
        SpecError: the specification does not fit the tree.
        TrainingError: an unknown or useless option, a folder that holds another run, or a failing
            training.
    """
    follows = config is None and "batch_size" not in options
    config = config_of(config, options)
    request = data if isinstance(data, DataRequest | Pictures) else DataRequest(str(data))
    _refuse_useless(config, tree, path, reference, teacher, init_from, backbone, spec)
    shape = _spec(spec, tree, init_from if width == 1 else None).scaled(width)
    if resolution:
        shape = replace(shape, resolution=resolution)
    if backbone:
        shape = with_backbone(shape, backbone)
    tell_resolution(request, shape.resolution)
    pictures, hierarchy = _pictures_and_tree(request, tree, path, shape.resolution)
    if path:
        shape = shape.path()
    part = pictures.part("train")
    if follows:
        config = replace(config, batch_size=batch_size_for(len(part), config.batch_size))
    warn_of_little(config, part, init_from)
    return train_run(
        folder,
        shape,
        hierarchy,
        pictures,
        config,
        chosen_device(device),
        progress=progress,
        reference=None if reference is None else get_tree(reference),
        teacher=None if teacher is None else get_net(teacher),
        start=_start(init_from, shape, hierarchy, config.seed),
        inputs=_inputs(request, teacher, init_from),
        tensorboard=tensorboard,
    )


def resume(folder: Path | str, *, progress: bool = True) -> Run:
    """Continue the training in a folder with its own settings, or return it if it is finished.

    Args:
        folder: of a run that `train` started.
        progress: show how far the training is.

    Raises:
        TrainingError: the folder holds no run.
        DataError: its pictures cannot be read any more, or the run does not say where they are.
    """
    check_path(folder, "the run", TrainingError)
    folder = Path(folder)
    settings = run_settings(folder)
    inputs = settings["inputs"]
    spec = NetSpec.load(folder / "spec.json")
    tree = Hierarchy.load(folder / "hierarchy.json")
    config = TrainConfig.from_dict(settings["config"])
    pictures, tree = run_data(folder).matched(tree, spec.resolution)
    reference = folder / "reference.json"
    return train_run(
        folder,
        spec,
        tree,
        pictures,
        config,
        settings["device"],
        progress=progress,
        reference=Hierarchy.load(reference) if reference.exists() else None,
        teacher=get_net(inputs["teacher"]) if "teacher" in inputs else None,
        start=_start(inputs.get("init_from"), spec, tree, config.seed),
        inputs=inputs,
        tensorboard=(folder / "tensorboard").is_dir(),
    )


def run_settings(folder: Path) -> dict[str, io.Json]:
    """Return the settings of the run in a folder, finished or not.

    Raises:
        TrainingError: the folder holds no run.
        FileFormatError: its settings are damaged.
    """
    if not (folder / "config.json").is_file():
        raise TrainingError(f"{folder}: holds no run to continue; start one with `train`.")
    path = folder / "config.json"
    settings: dict[str, io.Json] = io.read_json(path)
    decode(_Settings, settings, path, closed=False)
    return settings


@dataclass(frozen=True)
class _Inputs:
    """Where everything came from, as far as files and names say it."""

    data: dict[str, io.Json] = field(default_factory=dict)
    teacher: str = ""
    init_from: str = ""


@dataclass(frozen=True)
class _Settings:
    """What a run's settings must say to continue it."""

    config: TrainConfig
    device: str
    inputs: _Inputs


def run_data(folder: Path) -> DataRequest:
    """Return which pictures a run was trained on.

    Raises:
        TrainingError: the folder holds no run.
        DataError: the run does not say where its pictures are.
    """
    inputs = run_settings(folder)["inputs"]
    if "data" not in inputs:
        raise DataError(
            f"{folder}: was trained on pictures in memory and does not say where they are; run "
            "what made it again, and it continues."
        )
    with naming(folder / "config.json"):
        return DataRequest.from_dict(inputs["data"])


def chosen_device(device: str) -> str:
    """Return the device to compute on; for ``auto`` the fastest one that is there."""
    if device != "auto":
        return device
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def with_backbone(spec: NetSpec, text: str) -> NetSpec:
    """Return the specification with a timm model, written as ``MODEL:STAGE``, in front.

    Raises:
        TrainingError: the text names no stage.
        SpecError: timm knows no such model or stage.
    """
    name, _, stage = text.partition(":")
    if not stage.isdecimal():
        raise TrainingError(f"The `backbone` {text!r} names no stage; write it as resnet18:1.")
    return replace(spec, backbone=timm_backbone(name, int(stage), spec.resolution))


def config_of(config: TrainConfig | None, options: Mapping[str, Any]) -> TrainConfig:
    """Return the settings, options sorted to the classes that have them.

    Raises:
        TrainingError: settings are given in both ways, or an option is unknown.
    """
    if config is not None:
        if options:
            raise TrainingError(
                "Settings are given both in `config` and by name "
                f"({', '.join(sorted(options))}); put all into one."
            )
        return config
    parts: dict[type[Any], dict[str, Any]] = {TrainConfig: {}, Augment: {}, Objective: {}}
    known = {field.name: cls for cls in parts for field in fields(cls)}
    for name, value in options.items():
        if name not in known:
            raise TrainingError(
                f"Training has no option {name!r}.{did_you_mean(name, known)} Options are the "
                "fields of TrainConfig, Augment and Objective."
            )
        parts[known[name]][name] = value
    own = parts[TrainConfig]
    if parts[Augment]:
        own["augment"] = Augment(**parts[Augment])
    if parts[Objective]:
        own["objective"] = Objective(**parts[Objective])
    return TrainConfig(**own)


def _refuse_useless(
    config: TrainConfig,
    tree: object,
    path: bool,
    reference: object,
    teacher: object,
    init_from: object,
    backbone: str,
    spec: object,
) -> None:
    """Refuse options that would change nothing.

    Raises:
        TrainingError: naming the option that is missing or too many.
    """
    losses = config.objective
    for useless, message in (
        (path and tree is None, "A `path` is one of a tree; name the tree."),
        (
            teacher is not None and not losses.needs_teacher,
            "No loss reads the `teacher`; give one a weight, such as `distill=1`.",
        ),
        (
            reference is not None and not losses.needs_tree,
            "No loss reads the `reference`; give one a weight, such as `clade=0.5`.",
        ),
        (
            config.freeze_trunk and init_from is None,
            "A frozen trunk must have been trained; name the run that it is from in `init_from`.",
        ),
        (
            backbone and spec is None,
            "The recommended network does not fit behind a `backbone`; give a `spec` of your own.",
        ),
    ):
        if useless:
            raise TrainingError(message)


def _spec(
    spec: NetSpec | Path | str | None,
    tree: Hierarchy | Path | str | None,
    start: HierarchicalNet | Path | str | None = None,
) -> NetSpec:
    """Return the specification given, or else that of a flat start, or the recommended one."""
    if isinstance(spec, NetSpec):
        return spec
    if spec is not None:
        return NetSpec.load(spec)
    if tree is None and start is not None and start != "timm":
        own = get_net(start).spec
        if not own.levels:
            return own
    return NetSpec.flat() if tree is None else NetSpec.recommended(get_tree(tree))


def _pictures_and_tree(
    request: DataRequest | Pictures,
    tree: Hierarchy | Path | str | None,
    path: bool,
    resolution: int,
) -> tuple[Pictures, Hierarchy]:
    """Return pictures and tree of the same classes; a flat network's tree is a star."""
    flat = tree is None or path
    if isinstance(request, Pictures):
        return request, Hierarchy.star(request.classes) if flat else get_tree(tree or "")
    if flat:
        pictures = request.pictures(resolution)
        return pictures, Hierarchy.star(pictures.classes)
    return request.matched(get_tree(tree or ""), resolution)


def _start(
    source: HierarchicalNet | Path | str | None, spec: NetSpec, tree: Hierarchy, seed: int
) -> HierarchicalNet | None:
    """Return the network to start from: a trained one, or a new one with timm's weights."""
    if source is None:
        return None
    if source != "timm":
        return get_net(source)
    net = build_net(spec, tree, seed)
    load_pretrained(net)
    return net


def _inputs(
    request: DataRequest | Pictures,
    teacher: HierarchicalNet | Path | str | None,
    init_from: HierarchicalNet | Path | str | None,
) -> dict[str, io.Json]:
    """Return where everything came from, for who continues the run with its folder alone."""
    inputs: dict[str, io.Json] = {}
    if isinstance(request, DataRequest):
        inputs["data"] = request.to_dict()
    for name, source in (("teacher", teacher), ("init_from", init_from)):
        if isinstance(source, Path | str):
            inputs[name] = str(source)
    return inputs
