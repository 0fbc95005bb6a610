"""Processes that the tests kill: a training that ends itself at a step, and an endless writer.

python -m tests.support.victim train FOLDER [STEP ...]
python -m tests.support.victim write FILE KILLS
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from taxonomy._core.sharing import clear_temporaries
from taxonomy.design.spec import NetSpec
from taxonomy.nets import HierarchicalNet, build_net, save_net
from taxonomy.training import Objective, TrainConfig, fit
from taxonomy.training.checkpoint import Place, load_checkpoint, save_checkpoint
from taxonomy.training.loop import Training
from tests.support.stripes import TREE, striped_pictures

SPEC = NetSpec.tree(trunk=((6, 0),), levels=((6, 1),), resolution=16)
CONFIG = TrainConfig(
    epochs=3,
    batch_size=36,
    precision="fp32",
    checkpoint_steps=3,
    ema=0.9,
    drop_path=0.2,
    mixup=0.5,
    patience=3,
    objective=Objective(clade=0.5, subset=0.5),
)
"""8 steps an epoch, and everything random that a training can hold."""


def train_with_kills(folder: Path, fatal_steps: list[int]) -> None:
    """Train in a process that is killed at each of the steps in turn, then to the end."""
    for fatal in fatal_steps:
        child = os.fork()
        if not child:
            train_until_killed(folder, fatal)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            raise SystemExit(f"the training was not killed at step {fatal}")
    train_until_killed(folder, None)


def train_until_killed(folder: Path, fatal_step: int | None) -> None:
    """Train; at the fatal step, counted from the start of the run, kill this very process."""
    net = build_net(SPEC, TREE, 0)
    step = Training.step

    def fatal(self: Training, rows: object, place: Place) -> float:
        if place.epoch * self.steps_an_epoch + place.step == fatal_step:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(self, rows, place)

    Training.step = fatal  # type: ignore[method-assign]
    fit(net, striped_pictures(), CONFIG, folder / "checkpoint.safetensors", progress=False)
    save_net(folder / "model.safetensors", net)


def write_until_killed(path: Path, kills: int) -> None:
    """Kill a writer of checkpoints at random moments; each time the file must load."""
    net = build_net(NetSpec.tree(trunk=((32, 2),), levels=((32, 2),)), TREE, 0)
    rng = random.Random(0)
    newest = 0
    for _ in range(kills):
        child = os.fork()
        if not child:
            write_forever(path, net, newest)
        wait_for_a_newer(path, newest)
        time.sleep(rng.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        place = load_checkpoint(path, {"net": net}, "key")
        if place.step < newest:
            raise SystemExit(f"went back from step {newest} to {place.step}")
        newest = place.step
    clear_temporaries(path.parent)  # as a training does when it begins
    sys.stdout.write(f"{newest}\n")


def wait_for_a_newer(path: Path, newest: int) -> None:
    """Wait until the writer has written at least once, however busy the machine is."""
    while not path.exists() or load_checkpoint(path, {}, "key").step <= newest:
        time.sleep(0.002)


def write_forever(path: Path, net: HierarchicalNet, step: int) -> None:
    """Save one checkpoint after another."""
    while True:
        step += 1
        save_checkpoint(path, {"net": net}, Place(step=step), "key")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1] == "train":
        train_with_kills(Path(sys.argv[2]), [int(step) for step in sys.argv[3:]])
    else:
        write_until_killed(Path(sys.argv[2]), int(sys.argv[3]))
