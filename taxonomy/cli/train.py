"""The command ``train``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.errors import TaxonomyError, TrainingError
from taxonomy._core.registry import require
from taxonomy.cli._command import Command
from taxonomy.cli._data import add_data_flags, given_options, match_data, read_data, read_run_data
from taxonomy.cli._flags import add_flags, from_flags
from taxonomy.design.spec import RECOMMENDED, NetSpec
from taxonomy.trees.hierarchy import Hierarchy, load_tree

if TYPE_CHECKING:
    from taxonomy.nets import HierarchicalNet
    from taxonomy.training import Run, TrainConfig

TREE = "icons/wordnet"


def _train_flags(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    parser.add_argument("--hierarchy", help=f"tree that shapes the network [{TREE}]")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--flat", action="store_true", help="train a flat network, without a tree")
    shape.add_argument(
        "--path", action="store_true", help="train the flat network that one path of the tree is"
    )
    parser.add_argument(
        "--classes", help="train on these alone, separated by commas: a dedicated network"
    )
    parser.add_argument(
        "--spec", type=Path, help="a network specification as JSON [the recommended network's]"
    )
    parser.add_argument("--width", type=float, default=1.0, help="multiply all widths [1.0]")
    parser.add_argument(
        "--backbone", metavar="MODEL:STAGE", help="put a timm model, cut after a stage, in front"
    )
    parser.add_argument("--reference", help="tree that hierarchical losses read [the network's]")
    parser.add_argument(
        "--teacher", metavar="RUN", help="trained network to distil from, such as icons/flat"
    )
    parser.add_argument(
        "--init-from", metavar="RUN", help="trained network to start from, or timm for its weights"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda [cpu]")
    parser.add_argument("--tensorboard", action="store_true", help="write its events as well")
    parser.add_argument("--out", type=Path, default=Path("runs/train"), help="[runs/train]")
    parser.add_argument(
        "--resume", action="store_true", help="continue the run in --out with its own settings"
    )
    if "--resume" in argv:
        typed = {word.partition("=")[0] for word in argv if word.startswith("--")}
        parser.set_defaults(beside_resume=sorted(typed - {"--resume", "--out", "--help"}))
    if list(argv[:1]) == ["train"]:
        require("torch")
        from taxonomy.training import Augment, Objective, TrainConfig

        add_flags(parser, TrainConfig, "training")
        add_flags(parser, Augment, "augmentation: how training pictures are varied")
        add_flags(parser, Objective, "objective: weights of the losses, and their settings")
        add_data_flags(parser, argv)


def _train(arguments: argparse.Namespace) -> None:
    from taxonomy.training.distribution import is_first, processes

    settings = _settings_to_resume(arguments) if arguments.resume else None
    with processes(settings["device"] if settings else arguments.device):
        run = _resumed(arguments.out, settings) if settings else _trained(arguments)
        if not is_first():
            return
    facts = run.manifest
    print(
        f"{facts['macs'] / 1e6:.1f} million MACs, {facts['params'] / 1e6:.2f} million parameters; "
        f"accuracy {facts['val_accuracy']:.1%} on validation"
    )
    print(
        f"run written to {arguments.out}; next: taxonomy evaluate {arguments.out}, or "
        f"taxonomy extract {arguments.out} --classes …"
    )


def _trained(arguments: argparse.Namespace) -> Run:
    """Train with the settings given as flags."""
    from taxonomy.nets import load_net
    from taxonomy.training import Augment, Objective, TrainConfig, train_run

    config = replace(
        from_flags(TrainConfig, arguments),
        augment=from_flags(Augment, arguments),
        objective=from_flags(Objective, arguments),
    )
    _check_flags(arguments, config)
    tree = load_tree(arguments.hierarchy or TREE)
    spec = _spec(arguments, tree).scaled(arguments.width)
    if arguments.backbone:
        spec = _with_backbone(spec, arguments.backbone)
    data = read_data(arguments, spec.resolution)
    if arguments.flat or arguments.path:
        tree = Hierarchy.star(data.classes)
    if arguments.path:
        spec = spec.path()
    data, tree = match_data(arguments, data, tree)
    arguments.data_options = given_options(arguments)
    return train_run(
        arguments.out,
        spec,
        tree,
        data,
        config,
        arguments.device,
        reference=load_tree(arguments.reference) if arguments.reference else None,
        teacher=load_net(arguments.teacher) if arguments.teacher else None,
        start=_start(arguments.init_from, spec, tree, config.seed),
        inputs={
            name: str(value)
            for name in ("data", "data_options", "classes", "teacher", "init_from")
            if (value := getattr(arguments, name))
        },
        tensorboard=arguments.tensorboard,
    )


def _check_flags(arguments: argparse.Namespace, config: TrainConfig) -> None:
    """Refuse flags that would change nothing.

    Raises:
        TrainingError: naming the flag that is missing or too many.
    """
    has = config.objective
    for useless, message in (
        (arguments.flat and arguments.hierarchy, "--flat has no tree; leave out --hierarchy."),
        (
            arguments.teacher and not has.needs_teacher,
            "No loss reads the teacher; add --distill 1, or leave out --teacher.",
        ),
        (
            arguments.reference and not has.needs_tree,
            "No loss reads the reference; add one such as --clade 0.5, or leave out --reference.",
        ),
        (
            config.freeze_trunk and not arguments.init_from,
            "A frozen trunk must have been trained; name the run that it is from: --init-from RUN.",
        ),
        (
            arguments.backbone and not arguments.spec,
            "The recommended network does not fit behind a backbone; give one of your own: --spec.",
        ),
    ):
        if useless:
            raise TrainingError(message)


def _spec(arguments: argparse.Namespace, tree: Hierarchy) -> NetSpec:
    """Return the specification given; else the flat network, or the recommended tree network."""
    if arguments.spec:
        return NetSpec.load(arguments.spec)
    if arguments.flat:
        return NetSpec.flat()
    return RECOMMENDED.split(int(tree.depth[tree.nodes].max()))


def _with_backbone(spec: NetSpec, text: str) -> NetSpec:
    from taxonomy.nets.backbone import timm_backbone

    name, _, stage = text.partition(":")
    if not stage.isdecimal():
        raise TaxonomyError(f"The backbone {text!r} names no stage; write it as resnet18:1.")
    return replace(spec, backbone=timm_backbone(name, int(stage), spec.resolution))


def _start(source: str | None, spec: NetSpec, tree: Hierarchy, seed: int) -> HierarchicalNet | None:
    """Return the network to start from: a run's, or a new one with timm's weights."""
    from taxonomy.nets import build, load_net
    from taxonomy.nets.initialise import load_pretrained

    if source is None:
        return None
    if source != "timm":
        return load_net(source)
    net = build(spec, tree, seed)
    load_pretrained(net)
    return net


def _settings_to_resume(arguments: argparse.Namespace) -> dict[str, io.Json]:
    """Return the settings of the run in a folder.

    Raises:
        TrainingError: the folder holds no run, or flags are given that the run has settings for.
    """
    if arguments.beside_resume:
        raise TrainingError(
            f"A resumed run keeps its own settings; leave out {', '.join(arguments.beside_resume)}."
        )
    if not (arguments.out / "config.json").is_file():
        raise TrainingError(f"{arguments.out}: holds no run to resume; leave out --resume.")
    settings: dict[str, io.Json] = io.read_json(arguments.out / "config.json")
    return settings


def _resumed(folder: Path, settings: dict[str, io.Json]) -> Run:
    """Continue a run with the settings in its folder."""
    from taxonomy.nets import load_net
    from taxonomy.training import TrainConfig, train_run

    spec, inputs = NetSpec.load(folder / "spec.json"), settings["inputs"]
    tree = Hierarchy.load(folder / "hierarchy.json")
    data, tree = read_run_data(folder, tree, spec.resolution)
    config = TrainConfig.from_dict(settings["config"])
    reference = folder / "reference.json"
    return train_run(
        folder,
        spec,
        tree,
        data,
        config,
        settings["device"],
        reference=Hierarchy.load(reference) if reference.exists() else None,
        teacher=load_net(inputs["teacher"]) if "teacher" in inputs else None,
        start=_start(inputs.get("init_from"), spec, tree, config.seed),
        inputs=inputs,
        tensorboard=(folder / "tensorboard").is_dir(),
    )


COMMANDS = (
    Command(
        "train",
        "Train a network shaped by a hierarchy; a stopped run continues.",
        (
            "taxonomy train --hierarchy icons/wordnet --out runs/wordnet",
            "taxonomy train --flat --width 0.5 --epochs 4 --out runs/flat-half",
            "taxonomy train --data pictures/ --hierarchy tree.json --out runs/mine",
            "taxonomy train --teacher icons/flat --distill 2 --clade 0.5 --average 0.998",
            "taxonomy train --flat --classes cat,dog,horse --out runs/dedicated",
            "taxonomy train --path --out runs/path   (then --init-from runs/path for the tree)",
            "taxonomy train --resume --out runs/mine",
            "torchrun --nproc-per-node 2 -m taxonomy train --out runs/two",
        ),
        _train_flags,
        _train,
    ),
)
