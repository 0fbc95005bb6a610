"""The networks of the study of rivals: how each is made for a task, and what was chosen for that.

All rivals have the recipe's teacher (``icons/flat``), variations and losses; those made for a task
have as many MACs as its expert at most. All are files for onnxruntime, in floats and in int8.
"""

from __future__ import annotations

import copy
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from pruning import Plain, Pruning, counted, onnx_of, pruned, some, tuned
from recipes import RESULTS, TAUGHT, TEACHER, icons

import taxonomy as tx
from taxonomy.data import Pictures
from taxonomy.design.spec import NetSpec
from taxonomy.export import ONNX
from taxonomy.export.int8 import quantized
from taxonomy.export.lower import lower
from taxonomy.export.pictures import calibrating, colours, predictions_of
from taxonomy.nets import HierarchicalNet
from taxonomy.nets.inputs import to_input
from taxonomy.nets.layers import folded
from taxonomy.studies.results import write_text
from taxonomy.studies.runner import run_cells
from taxonomy.tasks import Task
from taxonomy.training import Objective, Run, train_run
from taxonomy.training.fitting import batch_size_for
from taxonomy.training.loop import batches
from taxonomy.trees.hierarchy import Hierarchy

TREE = "icons/tree"
FAMILY = {"flat 0.6x": TEACHER, "flat 0.35x": "icons/flat-0.35x", "flat 0.25x": "icons/flat-0.25x"}
SPLITS = ("val", "test")

HOW = Pruning(steps=24, together=True)
"""Of the flat network: until it has the expert's MACs."""
BRANCHES = Pruning(steps=4, share=0.25)
"""Of an expert's branches; its trunk is left as it is."""
RATES = {"pruned": 4e-3, "ours": 1e-3, "ours pruned": 1e-3}
"""The highest learning rate of a tuning."""
TUNED, LONGER, LONG = 1, 10, 352
"""Epochs of tunings, and of a training four times as long as the recipe's."""
TRIED = 2
"""Tasks that choices are made on."""
EMA = 0.99
"""The recipe's average is over some 500 of 14,000 steps; this one over 100 of a task's 2,000."""
BATCH = 16
"""Of a training from nothing: in the recipe's batches of 64, 88 epochs would be 500 steps."""


@dataclass(frozen=True)
class Made:
    """One network of a task.

    Args:
        file: in floats.
        plain: the file that int8 is made from.
        macs: of one picture, as its graph has them.
        params: likewise.
        seconds: of the processor, to make it, without reading data.
        steps: of gradients.
        pictures: that it was made with.
    """

    file: bytes
    plain: bytes
    macs: int
    params: int
    seconds: float
    steps: int = 0
    pictures: int = 0


@dataclass(frozen=True)
class Place:
    """A task, and what all its makers need.

    Args:
        task: which classes.
        seed: of trainings and prunings.
        folder: to work in.
    """

    task: Task
    seed: int
    folder: Path

    @property
    def data(self) -> Pictures:
        """The pictures of the task's classes."""
        return icons().restrict(self.task.classes)

    @property
    def train(self) -> Pictures:
        """Those to train on."""
        return self.data.part("train")

    def cut(self, name: str) -> HierarchicalNet:
        """Return a shipped network with the task's classes alone."""
        return tx.extract(tx.get_net(name), self.task.classes)

    @property
    def most(self) -> int:
        """The MACs of the task's expert, in closed form."""
        expert = self.cut(TREE)
        return tx.cost(expert.spec, expert.hierarchy).macs


def of_net(net: HierarchicalNet, seconds: float, steps: int = 0, pictures: int = 0) -> Made:
    """Return a network's files."""
    started = time.process_time()
    file = ONNX().model(net)
    seconds += time.process_time() - started
    plain = ONNX(lowering="grouped").model(net)
    return Made(file, plain, *counted(lower(net, "grouped")), seconds, steps, pictures)


def of_plain(net: Plain, seconds: float, steps: int, pictures: int) -> Made:
    """Return the files of a network of plain layers."""
    file = onnx_of(net.lowered())
    return Made(file, file, *counted(net.lowered()), seconds, steps, pictures)


def given(place: Place) -> Iterator[tuple[str, Made]]:
    """Yield what is cut from shipped networks, without data or training."""
    for name, source in {**FAMILY, "ours": TREE}.items():
        started = time.process_time()
        net = place.cut(source)
        yield name, of_net(net, time.process_time() - started)


def of_pruned(place: Place) -> Iterator[tuple[str, Made]]:
    """Yield the flat network pruned to the expert's MACs, and tuned."""
    started, teacher = time.process_time(), folded(place.cut(TEACHER))
    net = of_flat(place, teacher, HOW)
    taken = time.process_time() - started
    yield "pruned", of_plain(net, taken, 0, len(place.train))
    yield from tunings("pruned", net, place, teacher, taken, (TUNED, LONGER))


def of_flat(place: Place, teacher: HierarchicalNet, how: Pruning) -> Plain:
    """Return the flat network, pruned to the MACs of the task's expert."""
    net, train, most = Plain.of(place.cut(TEACHER)), place.train, place.most
    net.normalise(some(train))
    pruned(net, train, teacher, how, place.seed, enough=lambda graph: counted(graph)[0] <= most)
    return net


def tunings(
    name: str, net: Plain, place: Place, teacher: HierarchicalNet, taken: float, epochs: tuple
) -> Iterator[tuple[str, Made]]:
    """Yield a pruned network after some epochs of tuning."""
    train = place.train
    for count in epochs:
        started, tried = time.process_time(), copy.deepcopy(net)
        size = batch_size_for(len(train))
        steps = tuned(tried, train, teacher, count, size, RATES[name], place.seed)
        both = taken + time.process_time() - started
        yield f"{name}, {count} epoch{'s' * (count > 1)}", of_plain(tried, both, steps, len(train))


def of_ours(place: Place) -> Iterator[tuple[str, Made]]:
    """Yield the expert tuned, its branches pruned, and both."""
    train, expert = place.train, place.cut(TREE)
    started, tried = time.process_time(), copy.deepcopy(expert)
    teacher, size = folded(place.cut(TEACHER)), batch_size_for(len(train))
    steps = tuned(tried, train, teacher, TUNED, size, RATES["ours"], place.seed)
    yield "ours, 1 epoch", of_net(tried, time.process_time() - started, steps, len(train))
    started = time.process_time()
    net = of_branches(expert, train, teacher, BRANCHES, place.seed)
    taken = time.process_time() - started
    yield "ours pruned", of_plain(net, taken, 0, len(train))
    yield from tunings("ours pruned", net, place, teacher, taken, (TUNED,))


def of_branches(
    expert: HierarchicalNet, train: Pictures, teacher: HierarchicalNet, how: Pruning, seed: int
) -> Plain:
    """Return an expert whose branches are pruned."""
    net = Plain.of(expert)
    net.normalise(some(train))
    trunk = sum("trunk" in name and name.endswith("conv.weight") for name in expert.state_dict())
    pruned(net, train, teacher, how, seed, kept=trunk)
    return net


def of_scratch(
    name: str, distil: float = TAUGHT.objective.distill, epochs: int = TAUGHT.epochs
) -> Callable[[Place], Iterator[tuple[str, Made]]]:
    """Return the maker of a small flat network that is trained for a task alone."""

    def make(place: Place) -> Iterator[tuple[str, Made]]:
        folder = place.folder / f"run-{epochs}-{BATCH}"
        shutil.rmtree(folder, ignore_errors=True)  # or what was stopped would be timed in part
        count, started = len(place.train), time.process_time()
        run = alone(place, folder, distil, epochs, BATCH)
        taken = time.process_time() - started
        yield name, of_net(run.net(), taken, epochs * len(batches(count, BATCH)), count)

    return make


def alone(place: Place, folder: Path, distil: float, epochs: int, size: int) -> Run:
    """Train a small flat network on a task's pictures alone."""
    star = Hierarchy.star(place.task.classes)
    config = replace(TAUGHT, epochs=epochs, batch_size=size, ema=EMA, seed=place.seed)
    config = replace(config, objective=Objective(distill=distil))
    teacher = place.cut(TEACHER) if distil else None
    with tempfile.TemporaryDirectory() as cache:  # so that every training makes its own views
        os.environ["XDG_CACHE_HOME"] = cache
        return train_run(
            *(folder, widest(star, place.most), star, place.data, config),
            progress=False,
            teacher=teacher,
        )


def widest(star: Hierarchy, most: int) -> NetSpec:
    """Return the widest flat network of so many MACs at most."""
    made = [NetSpec.flat().scaled(width / 1000) for width in range(150, 600, 2)]
    return max(
        (s for s in made if tx.cost(s, star).macs <= most), key=lambda s: tx.cost(s, star).macs
    )


Planned = tuple[str, Task, int]
MAKERS: dict[str, Callable[[Place], Iterator[tuple[str, Made]]]] = {
    "given": given,
    "ours": of_ours,
    "pruned": of_pruned,
    "scratch": of_scratch("scratch", 0.0),
    "distilled": of_scratch("distilled"),
    "longer": of_scratch(f"distilled, {LONG} epochs", epochs=LONG),
}


FRESH, ONCE = ("distilled", "scratch"), "longer"
"""The makers that train from nothing, which takes nearly all of the time; and the one that takes
as much as all others, and has the first seed alone."""


def plan(tasks: list[Task], seeds: list[int], fresh: list[int]) -> dict[str, Planned]:
    """Return maker, task and seed of every cell: seed by seed, and what takes longest last.

    Args:
        tasks: what is asked for.
        seeds: of prunings and tunings; what is shipped has none.
        fresh: of networks trained from nothing.
    """
    made: dict[str, Planned] = {f"given-{task.id}": ("given", task, 0) for task in tasks}
    for seed in sorted({*seeds, *fresh}):
        asked = dict.fromkeys(MAKERS, seeds) | dict.fromkeys(FRESH, fresh) | {ONCE: []}
        makers = [name for name in list(MAKERS)[1:] if seed in asked[name]]
        for task in tasks:
            made |= {f"{maker}-{task.id}-{seed}": (maker, task, seed) for maker in makers}
        if seed == seeds[0]:
            made |= {f"{ONCE}-{task.id}-{seed}": (ONCE, task, seed) for task in tasks}
    return made


def measured(folder: Path, cells: dict[str, Planned]) -> list[dict]:
    """Do the cells that are not done and return a row a cell and network."""

    def work(name: str, _: object, where: Path) -> dict:
        torch.set_num_threads(1)
        maker, task, seed = cells[name]
        where.mkdir(parents=True, exist_ok=True)
        found = {}
        for kind, made in MAKERS[maker](Place(task, seed, where)):
            found[kind] = written(made, kind, Place(task, seed, where))
        print(name, {kind: facts["val"] for kind, facts in found.items()}, flush=True)
        return found

    settings = {name: describe(*cell) for name, cell in cells.items()}
    rows = run_cells(folder, settings, work)
    return [
        {"kind": kind, "task": cells[row["cell"]][1].id, "seed": cells[row["cell"]][2]}
        | {"cell": row["cell"], **facts}
        for row in rows
        for kind, facts in row.items()
        if kind != "cell"
    ]


def describe(maker: str, task: Task, seed: int) -> dict:
    """Return what a cell depends on."""
    epochs = {"scratch": TAUGHT.epochs, "distilled": TAUGHT.epochs, ONCE: LONG}
    how = {
        "pruned": [vars(HOW), RATES["pruned"], LONGER],
        "ours": [vars(BRANCHES), RATES["ours"], RATES["ours pruned"]],
        **{name: [BATCH, count] for name, count in epochs.items()},
    }
    known = {"maker": maker, "classes": list(task.classes), "seed": seed, "data": icons().digest}
    return {**known, "ema": EMA, "how": how.get(maker, []), "strokes": str(TAUGHT.augment)}


def settings_of() -> dict:
    """Return what was chosen, for the manifest."""
    recipe = asdict(replace(TAUGHT, ema=EMA, batch_size=BATCH))
    rates = {"rates": RATES, "epochs": [TUNED, LONGER, LONG]}
    return {"pruning": vars(HOW), "branches": vars(BRANCHES), "scratch": recipe, **rates}


def written(made: Made, kind: str, place: Place) -> dict:
    """Write a network's files and answers into the cell's folder; return the facts."""
    net, facts = place.cut(TREE), {"macs": made.macs, "params": made.params}
    feeds = ({"image": row[None]} for row in colours(calibrating(icons(), net).images[:]))
    files = {"float": made.file, "int8": quantized(made.plain, feeds)}
    for precision, content in files.items():
        path = file_of(place.folder, kind, precision)
        path.write_bytes(content)
        facts[f"{precision}_bytes"] = len(content)
        for split in SPLITS:
            answers = predictions_of(ONNX().runner(path), place.data.part(split))
            answers.save(path.with_name(f"{path.stem}-{split}.npz"))
            if split == "val":
                facts["val" if precision == "float" else "val_int8"] = round(answers.accuracy(), 4)
    return {**facts, "seconds": made.seconds, "steps": made.steps, "pictures": made.pictures}


def file_of(folder: Path, kind: str, precision: str) -> Path:
    """Return where a network's file is kept."""
    return folder / f"{kind.replace(' ', '-').replace(',', '')}-{precision}.onnx"


def choose(tasks: list[Task]) -> None:
    """Try the options of pruning and tuning on the two tasks of fewest pictures, seed 0."""
    torch.set_num_threads(1)
    few = sorted(tasks, key=lambda task: len(Place(task, 0, Path()).train))[:TRIED]
    rows = []
    for place in (Place(task, 0, Path()) for task in few):
        train, val, teacher = place.train, place.data.part("val"), folded(place.cut(TEACHER))
        for what, option, net, rates in candidates(place, teacher):
            for rate in rates:
                tried, epochs = copy.deepcopy(net), TUNED if rate else 0
                if epochs:
                    tuned(tried, train, teacher, epochs, batch_size_for(len(train)), rate, 0)
                facts = {"what": what, "option": option, "epochs": epochs, "rate": rate}
                rows.append({**facts, "right": right_of(tried, val), "pictures": len(val)})
                print(place.task.id, rows[-1], flush=True)
        for size in (TAUGHT.batch_size, BATCH):
            with tempfile.TemporaryDirectory() as folder:
                run = alone(
                    *(place, Path(folder) / "run", TAUGHT.objective.distill, TAUGHT.epochs, size)
                )
                facts = {"what": "distilled", "option": f"batches of {size}"}
                facts |= {"epochs": TAUGHT.epochs, "rate": TAUGHT.learning_rate}
                rows.append({**facts, "right": right_of(run.net(), val), "pictures": len(val)})
            print(place.task.id, rows[-1], flush=True)
    keys = ["what", "option", "epochs", "rate"]
    table = pd.DataFrame(rows).groupby(keys, sort=False)[["right", "pictures"]].sum().reset_index()
    table["accuracy"] = table["right"] / table["pictures"]
    write_text(RESULTS / "rivals-choices.csv", table.round(4).to_csv(index=False))
    print(table.to_string(index=False))


def candidates(
    place: Place, teacher: HierarchicalNet
) -> Iterator[tuple[str, str, torch.nn.Module, tuple[float, ...]]]:
    """Yield what is chosen among: for which row, the option, the network, rates of tuning."""
    train, expert = place.train, place.cut(TREE)
    for together in (False, True):
        net = of_flat(place, teacher, replace(HOW, together=together))
        option = "all layers together" if together else "layer by layer"
        yield "pruned", option, net, (0.0, 1e-3, 4e-3)
    yield "ours", "", expert, (0.0, 1e-4, 1e-3, 4e-3)
    for share in (0.25, 0.5, 0.75):
        net = of_branches(expert, train, teacher, replace(BRANCHES, share=share), 0)
        yield "ours pruned", f"{share:.0%} of the branches' channels", net, (0.0, 1e-3, 4e-3)


@torch.no_grad()
def right_of(net: torch.nn.Module, part: Pictures) -> int:
    """Return how many pictures a network tells right."""
    found = net.eval()(to_input(torch.from_numpy(np.ascontiguousarray(part.images[:]))))
    return int((found.argmax(1).numpy() == part.targets).sum())
