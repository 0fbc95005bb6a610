"""Processes that the tests kill: a training at a step, an endless writer, a command as it saves.

python -m tests.support.victim train FOLDER [STEP ...]
python -m tests.support.victim write FILE KILLS
python -m tests.support.victim renames FOLDER WORD ...
python -m tests.support.victim commits FOLDER WORD ...
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from taxonomy._core.sharing import clear_temporaries
from taxonomy.cli import main
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


def kill_at_every(what: str, base: Path, words: list[str]) -> None:
    """Kill a command before and after each time that it saves; run again, it must end as if never.

    Args:
        what: ``renames``, by which files get their names, or ``commits`` to SQLite.
        base: an empty folder; every kill has a folder of its own in it, with a cache.
        words: of the command; ``{}`` stands for that folder.
    """
    import pandas as pd  # noqa: F401 - or every child imports it for itself

    times = _in_child(what, base / "whole", words, None)
    wanted = _contents(base / "whole")
    for number in range(times):
        for after in (False, True):
            folder = base / f"{number}{'-after' * after}"
            if _in_child(what, folder, words, (number, after)) != -signal.SIGKILL:
                raise SystemExit(f"not killed at number {number} of the {what}")
            if (again := _in_child(what, folder, words, None)) < 0:
                raise SystemExit(f"{folder.name}: the rerun ended with {again}")
            found = _contents(folder)
            if found.keys() != wanted.keys():
                raise SystemExit(f"{folder.name}: {sorted(found.keys() ^ wanted.keys())}")
            if differ := [name for name in found if found[name] != wanted[name]]:
                raise SystemExit(f"{folder.name}: other bytes in {differ}")
    sys.stdout.write(f"{times}\n")


def _in_child(what: str, folder: Path, words: list[str], fatal: tuple[int, bool] | None) -> int:
    """Run a command in a process of its own; return how often it saved, or what killed it.

    Raises:
        SystemExit: the command failed.
    """
    folder.mkdir(exist_ok=True)
    child = os.fork()
    if not child:
        os.environ["TAXONOMY_CACHE"] = str(folder / "cache")
        os.chdir(folder)
        done = 0

        def counted(save: Callable[..., Any], *arguments: object) -> Any:
            nonlocal done
            for is_after in (False, True):
                saved = save(*arguments) if is_after else None
                if fatal == (done, is_after):
                    os.kill(os.getpid(), signal.SIGKILL)
            done += 1
            return saved

        class Connection(sqlite3.Connection):
            def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
                run = super().execute
                return counted(run, query) if query == "COMMIT" else run(query, *values)

        if what == "renames":
            os.replace = partial(counted, os.replace)  # what pathlib renames by
        else:
            sqlite3.connect = partial(sqlite3.connect, factory=Connection)
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            code = main([word.replace("{}", str(folder)) for word in words])
        os._exit(100 + done if code == 0 else code)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if 0 <= code < 100:
        raise SystemExit(f"{folder.name}: the command ended with {code}")
    return code if code < 0 else code - 100


_TIMES = ("seconds", "images_per_second", "time")


def _contents(folder: Path) -> dict[str, object]:
    """Return what lies in a folder, but for times and for how often a server was asked."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_dir():
            continue
        if path.suffix == ".sqlite":
            base = sqlite3.connect(path)
            tables = [
                t for (t,) in base.execute("SELECT name FROM sqlite_schema WHERE type='table'")
            ]
            kept = [table for table in sorted(tables) if table != "sends"]
            found[name] = [sorted(base.execute(f"SELECT * FROM {table}")) for table in kept]
            base.close()
        elif path.name in ("metrics.jsonl", "manifest.json"):
            text = path.read_text()
            rows = text.splitlines() if path.suffix == ".jsonl" else [text]
            values = [json.loads(row) for row in rows]
            found[name] = [{k: v for k, v in row.items() if k not in _TIMES} for row in values]
        else:
            found[name] = path.read_bytes().replace(str(folder).encode(), b"FOLDER")
    return found


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[1] in ("renames", "commits"):
        kill_at_every(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
    elif sys.argv[1] == "train":
        train_with_kills(Path(sys.argv[2]), [int(step) for step in sys.argv[3:]])
    else:
        write_until_killed(Path(sys.argv[2]), int(sys.argv[3]))
