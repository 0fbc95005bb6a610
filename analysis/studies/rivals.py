"""Rivals of an expert, measured on ten named tasks: thin, pruned and freshly trained networks.

    make rivals                                         (trains; hours on one core, continues)
    python analysis/studies/rivals.py --stage latency   (times all files anew, in turns; minutes)
    python analysis/studies/rivals.py --split test      (once, for the final table)

The tasks are the first ten by name of the named ones. Seeds vary trainings and prunings; of a
shipped network there is one. Every row is a file for onnxruntime, in floats and in int8, and its
accuracy is that of the file. Seconds are of the processor, so that other work on the machine
hardly matters. Intervals are of designers and seeds drawn again; the tasks stay. Needs the package
torch-pruning (``pip install torch-pruning==1.6.1``). Writes ``results/rivals.csv`` (means over
tasks; a name more for any other split), ``rivals-tasks.csv``, ``rivals.json``, ``rivals.png`` and,
by itself, ``rivals-latency.csv``; ``--stage choose`` writes ``rivals-choices.csv``.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from recipes import RESULTS, icon_tasks, icons
from rival_nets import FAMILY, LONG, choose, file_of, measured, plan, settings_of
from scipy import sparse

from taxonomy.export.pictures import colours
from taxonomy.nets import get_net
from taxonomy.plots import save_figure
from taxonomy.predictions import Predictions
from taxonomy.studies.counting import Counts
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.studies.uncertainty import Resampled, Scored, estimate, gains, resample
from taxonomy.tasks import Task

sys.path.append(str(Path(__file__).parents[1] / "bench"))  # where what times in turns is
from lowering import in_turns, ratio, run_of

SCRIPT = "analysis/studies/rivals.py"
TASKS = 10
ORDER = [
    *FAMILY,
    *("pruned", "pruned, 1 epoch", "pruned, 10 epochs"),
    *("scratch", "distilled", f"distilled, {LONG} epochs"),
    *("ours", "ours, 1 epoch", "ours pruned", "ours pruned, 1 epoch"),
]
OURS, REFERENCE = "ours", "flat 0.6x"
PRECISIONS = ("float", "int8")
RESAMPLES, TURNS = 2000, 41
LATENCY = RESULTS / "rivals-latency.csv"
PACKAGES = ("numpy", "torch", "scipy", "onnx", "onnxruntime", "torch-pruning")


def main() -> None:
    """Do a stage, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    stages = ("all", "choose", "train", "latency", "tables")
    parser.add_argument("--stage", choices=stages, default="all", help="[all]")
    parser.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    parser.add_argument("--seeds", default="0,1,2", help="separated by commas [0,1,2]")
    fresh = "of networks trained from nothing, if fewer [the same]"
    parser.add_argument("--fresh-seeds", help=fresh)
    parser.add_argument("--tasks", type=int, default=TASKS, help=f"so many [{TASKS}]")
    parser.add_argument("--out", type=Path, default=Path("runs/rivals"), help="[runs/rivals]")
    given = parser.parse_args()
    tasks = sorted((t for t in icon_tasks() if t.kind == "named"), key=lambda t: t.id)[
        : given.tasks
    ]
    if given.stage == "choose":
        choose(tasks)
        return
    seeds, fresh = (
        [int(seed) for seed in text.split(",")]
        for text in (given.seeds, given.fresh_seeds or given.seeds)
    )
    rows = pd.DataFrame(measured(given.out, plan(tasks, seeds, fresh)))
    rows = rows.sort_values("kind", key=lambda kinds: kinds.map(ORDER.index), kind="stable")
    if given.stage in ("all", "latency"):
        time_all(rows, tasks, given.out)
    if given.stage != "train":
        write_tables(rows, tasks, given.split, given.out, seeds)


def time_all(rows: pd.DataFrame, tasks: list[Task], out: Path) -> None:
    """Time every file of the first seed in turns, task by task, and write the table of times."""
    picture, net = colours(icons().part("val").images[:1]), get_net("icons/tree")
    made = []
    for task in tasks:
        first = rows[rows["task"] == task.id].drop_duplicates("kind")
        files = {
            (row.kind, precision): file_of(out / row.cell, row.kind, precision)
            for row in first.itertuples()
            for precision in PRECISIONS
        }
        runs = {
            "/".join(key): run_of(file.read_bytes(), "onnxruntime", net, picture)
            for key, file in files.items()
        }
        times = in_turns(runs, TURNS)
        for (kind, precision), name in zip(files, runs, strict=True):
            over = {
                f"over_{what}": ratio(times[name], times[f"{of}/float"])
                for what, of in (("flat", REFERENCE), ("ours", OURS))
            }
            taken = 1e3 * float(np.median(times[name]))
            made.append({"task": task.id, "kind": kind, "precision": precision, "ms": taken} | over)
        print(f"timed {task.id}", flush=True)
    write_text(LATENCY, pd.DataFrame(made).round(4).to_csv(index=False))
    facts = {"turns": TURNS, "threads": 1, "load_average": os.getloadavg()[1]}
    facts |= {"command": f"python {SCRIPT} --stage latency"}
    facts |= {"versions": versions("onnxruntime"), **stamp()}
    write_json(LATENCY.with_suffix(".json"), facts)


def counted_by_designer(
    rows: pd.DataFrame, tasks: list[Task], precision: str, split: str, out: Path
) -> Counts:
    """Return right answers and pictures of one network a task, by the pictures' designers."""
    designers = np.unique(icons().part(split).groups)
    right, pictures = (np.zeros((len(tasks), len(designers))) for _ in range(2))
    number = {str(name): i for i, name in enumerate(designers)}
    for row in rows.itertuples():
        file = file_of(out / row.cell, row.kind, precision)
        answers = Predictions.load(file.with_name(f"{file.stem}-{split}.npz"))
        at = [number[str(name)] for name in answers.groups]
        task = [t.id for t in tasks].index(row.task)
        hit = answers.logits.argmax(axis=1) == answers.targets
        np.add.at(right[task], at, hit)
        np.add.at(pictures[task], at, 1)
    return Counts(sparse.csr_array(right), sparse.csr_array(pictures), tuple(map(str, designers)))


def drawn_again(
    rows: pd.DataFrame, tasks: list[Task], split: str, out: Path, seeds: list[int]
) -> dict[str, Resampled]:
    """Return every file's mean accuracy over the tasks, with the resamples that all share."""
    made = {}
    for kind, of_kind in rows.groupby("kind", sort=False):
        macs = of_kind.groupby("task")["macs"].mean()
        macs = macs.reindex([task.id for task in tasks]).round().astype(int).to_numpy()
        for precision in PRECISIONS:
            counts = [
                counted_by_designer(part, tasks, precision, split, out)
                for _, part in of_kind.groupby("seed")
            ]
            counts *= 1 if len(counts) == len(seeds) else len(seeds)  # one network for all seeds
            made[f"{kind}/{precision}"] = Scored(counts, macs)
    every = np.ones((1, len(tasks)), dtype=bool)
    return resample(made, every, np.arange(len(tasks)), RESAMPLES)


def write_tables(
    rows: pd.DataFrame, tasks: list[Task], split: str, out: Path, seeds: list[int]
) -> None:
    """Write the tables and the figure of a split."""
    again, given = drawn_again(rows, tasks, split, out, seeds), ",".join(map(str, seeds))
    times = pd.read_csv(LATENCY) if LATENCY.is_file() else None
    made = []
    for kind, of_kind in rows.groupby("kind", sort=False):
        for precision in PRECISIONS:
            name = f"{kind}/{precision}"
            made.append(
                {
                    "kind": kind,
                    "precision": precision,
                    "seeds": of_kind["seed"].nunique(),
                    **interval("accuracy", again[name].accuracy[0]),
                    **interval("over_ours", against(again, name, f"{OURS}/float")),
                    **interval("at_equal_macs", at_equal_macs(again, name)),
                    **{what: of_kind[what].mean() for what in ("macs", "params")},
                    "bytes": of_kind[f"{precision}_bytes"].mean(),
                    **latency_of(times, str(kind), precision),
                    **{what: of_kind[what].mean() for what in ("seconds", "steps", "pictures")},
                }
            )
    table = pd.DataFrame(made)
    stem = "rivals" if split == "val" else f"rivals-{split}"
    write_text(RESULTS / f"{stem}.csv", table.round(5).to_csv(index=False))
    write_text(RESULTS / f"{stem}-tasks.csv", by_task(rows, split, out).to_csv(index=False))
    write_text(RESULTS / f"{stem}.md", markdown(table))
    save_figure(RESULTS / f"{stem}.png", picture(table, split, len(tasks), seeds))
    facts = {
        "command": f"python {SCRIPT} --split {split} --seeds {given} --tasks {len(tasks)}",
        "split": split,
        "tasks": {task.id: list(task.classes) for task in tasks},
        "settings": settings_of(),
        "together": together(table, again),
        "data": icons().digest,
        "versions": versions(*PACKAGES),
        **stamp(),
    }
    write_json(RESULTS / f"{stem}.json", facts)
    shown = ["kind", "precision", "accuracy", "over_ours", "macs", "params", "bytes", "seconds"]
    print(table[[*shown, *table.columns.intersection(["ms", "time_over_ours"])]].to_string())
    print(facts["together"])


def against(again: dict[str, Resampled], name: str, other: str) -> np.ndarray:
    """Return a file's accuracy minus another's, in every resample."""
    return again[name].accuracy[0] - again[other].accuracy[0]


def at_equal_macs(again: dict[str, Resampled], name: str) -> np.ndarray:
    """Return a file's accuracy minus the masked flat family's in floats, at equal MACs."""
    return gains(again[name], [again[f"{flat}/float"] for flat in FAMILY])[0]


def interval(name: str, values: np.ndarray) -> dict[str, float]:
    """Return a figure and the ends of its interval as columns."""
    found = estimate(values)
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}


def latency_of(times: pd.DataFrame | None, kind: str, precision: str) -> dict[str, float]:
    """Return means and medians over the tasks of what was timed; nothing where nothing was."""
    if times is None:
        return {}
    part = times[(times["kind"] == kind) & (times["precision"] == precision)]
    return {
        "ms": float(part["ms"].mean()),
        "time_over_flat": float(part["over_flat"].median()),
        "time_over_ours": float(part["over_ours"].median()),
    }


def by_task(rows: pd.DataFrame, split: str, out: Path) -> pd.DataFrame:
    """Return a row a task, network, precision and seed."""
    made = []
    for row in rows.itertuples():
        for precision in PRECISIONS:
            file = file_of(out / row.cell, row.kind, precision)
            found = Predictions.load(file.with_name(f"{file.stem}-{split}.npz")).accuracy()
            facts: dict[str, Any] = {"task": row.task, "kind": row.kind, "seed": row.seed}
            facts |= {"precision": precision, "accuracy": round(found, 5), "macs": row.macs}
            facts |= {"params": row.params, "bytes": getattr(row, f"{precision}_bytes")}
            made.append(facts | {"seconds": round(row.seconds, 2), "pictures": row.pictures})
    return pd.DataFrame(made).sort_values(["task", "kind", "precision", "seed"])


STEPS = {
    "cutting and int8": (
        f"{REFERENCE}/float",
        f"{OURS}/float",
        f"{REFERENCE}/int8",
        f"{OURS}/int8",
    ),
    "pruning and int8, of an expert": (
        *(f"{OURS}/float", "ours pruned, 1 epoch/float", f"{OURS}/int8"),
        "ours pruned, 1 epoch/int8",
    ),
}
"""Pairs of steps: the file that both begin with, with the one, with the other, and with both."""


def together(table: pd.DataFrame, again: dict[str, Resampled]) -> dict[str, dict[str, float]]:
    """Return whether two steps add up: bytes that are left, and points that are lost."""
    rows = table.assign(name=table["kind"] + "/" + table["precision"]).set_index("name")
    made = {}
    for pair, (start, *ways) in STEPS.items():
        left = [float(rows.loc[way, "bytes"] / rows.loc[start, "bytes"]) for way in ways]
        lost = [100 * against(again, start, way) for way in ways]
        more = lost[2] - lost[0] - lost[1]
        facts = {"bytes_left_expected": left[0] * left[1], "bytes_left": left[2]}
        facts |= dict(zip(("one", "other", "both"), (float(x[0]) for x in lost), strict=True))
        made[pair] = {k: round(v, 4) for k, v in (facts | interval("more_lost", more)).items()}
    return made


def markdown(table: pd.DataFrame) -> str:
    """Return the table of a page: a row a network, floats and int8 side by side."""
    names = ["network", "accuracy, floats", "above ours", "int8", "MACs", "parameters"]
    names += ["kB, floats / int8", "time over ours, floats / int8", "processor seconds", "pictures"]
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for kind, rows in table.groupby("kind", sort=False):
        full, whole = (rows[rows["precision"] == p].iloc[0] for p in PRECISIONS)
        low, high = 100 * full["over_ours_low"], 100 * full["over_ours_high"]
        cells = [
            *(f"{kind}", f"{full['accuracy']:.1%}"),
            f"{100 * full['over_ours']:+.1f} ({low:+.1f} to {high:+.1f})",
            *(f"{whole['accuracy']:.1%}", f"{full['macs'] / 1e6:.1f} M"),
            f"{full['params'] / 1e3:.0f} k",
            f"{full['bytes'] / 1e3:.0f} / {whole['bytes'] / 1e3:.0f}",
            " / ".join(f"{row.get('time_over_ours', np.nan):.2f}" for row in (full, whole)),
            *(two_figures(full["seconds"]), f"{full['pictures']:.0f}"),
        ]
        lines.append(f"| {' | '.join(cells)} |".replace("-", "−"))
    return "\n".join(lines) + "\n"


def two_figures(number: float) -> str:
    """Return a number with two figures, and never as a power of ten."""
    return f"{number:.2g}" if number < 100 else f"{number:.0f}"


COLOURS = {"flat": "#7f7f7f", "ours": "#d62728", "pruned": "#1f77b4"}
"""By the first word of a row's name; networks trained for a task alone have `FRESH`."""
FRESH = "#2ca02c"
LEAST = -16.0
"""Points below which a mark stands at the edge, with its number."""


def picture(table: pd.DataFrame, split: str, tasks: int, seeds: list[int]) -> Figure:
    """Draw every row's accuracy minus the expert's, and what it costs beside it."""
    figure = Figure(figsize=(10.5, 5.2), layout="constrained")
    panel, texts = figure.subplots(1, 2, sharey=True, width_ratios=(1.3, 1))
    kinds = list(dict.fromkeys(table["kind"]))
    for row in table.itertuples():
        full = row.precision == "float"
        colour = COLOURS.get(row.kind.split()[0].rstrip(","), FRESH)
        at = kinds.index(row.kind) + (-0.15 if full else 0.2)
        points, low, high = (
            max(LEAST, 100 * value)
            for value in (row.over_ours, row.over_ours_low, row.over_ours_high)
        )
        panel.plot([low, high], [at, at], color=colour, linewidth=1)
        fill = colour if full else "white"
        panel.plot(points, at, "o", color=colour, markerfacecolor=fill, clip_on=False)
        if 100 * row.over_ours < LEAST:
            panel.text(LEAST + 0.4, at, f" −{-100 * row.over_ours:.0f}", va="center", size=7)
    panel.set_yticks(range(len(kinds)), kinds)
    panel.set(xlim=(LEAST, None), ylim=(len(kinds) - 0.5, -1.2))
    panel.set_xlabel("points above the expert in floats (hollow: int8)")
    panel.axvline(0, color="#d62728", linewidth=0.6)
    panel.grid(alpha=0.3)
    beside_rows(texts, table, kinds)
    told = f"tasks: {tasks}, split: {split}, seeds: {', '.join(map(str, seeds))}"
    figure.suptitle(f"{told}; 95 % intervals over designers and seeds", size=9)
    return figure


def beside_rows(texts: Any, table: pd.DataFrame, kinds: list[str]) -> None:
    """Write what each row costs, in columns."""
    texts.axis("off")
    columns = {"million\nMACs": 0.12, "kB, float\n/ int8": 0.4}
    columns |= {"seconds\nto make": 0.65, "pictures\nneeded": 0.9}
    for name, place in columns.items():
        texts.text(place, -0.7, name, ha="center", va="center", size=8)
    for at, kind in enumerate(kinds):
        full, whole = (
            table[(table["kind"] == kind) & (table["precision"] == p)].iloc[0] for p in PRECISIONS
        )
        cells = (f"{full.macs / 1e6:.1f}", f"{full.bytes / 1e3:.0f} / {whole.bytes / 1e3:.0f}")
        cells += (two_figures(full.seconds), f"{full.pictures:.0f}")
        for text, place in zip(cells, columns.values(), strict=True):
            texts.text(place, at, text, ha="center", va="center", size=8)


if __name__ == "__main__":
    main()
