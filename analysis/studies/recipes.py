"""What the studies on the icons share: data, tasks, trees, the flat family and the recipe."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pandas as pd

from taxonomy.data import Pictures, get_data
from taxonomy.design.spec import RECOMMENDED_PATH, NetSpec
from taxonomy.studies.results import shipped_path, stamp, versions, write_json, write_text
from taxonomy.studies.settings import Setting, describe_setting, run_series
from taxonomy.tasks import TaskList, get_tasks
from taxonomy.training import Augment, Objective, Run, TrainConfig
from taxonomy.trees.hierarchy import Hierarchy

RESULTS = Path(__file__).parents[1] / "results"
Runs = dict[tuple[str, int], Run]
Tables = Mapping[str, pd.DataFrame]

KINDS = (("coherent", 5), ("coherent", 10), ("random", 5))
FLAT_WIDTHS = (0.25, 0.35, 0.6)
TEACHER = "icons/flat"
"""The shipped flat network (``analysis/studies/teacher.py``)."""

ON, NESTED_ON = "llm-rows-24", "llm-rows-roomy"
"""The trees that the recommended network and the nested one grow over."""
REFERENCE = NESTED_ON
"""The clade loss of all networks sees both levels of this tree."""

STROKES = Augment(grey=0.3, thicken=0.5, outline=0.3)
"""Designers differ in line weight, filling and colour; chosen with a plain flat 0.5x network."""

TAUGHT = TrainConfig(
    epochs=88,
    ema=0.998,
    augment=STROKES,
    views=40,
    objective=Objective(clade=0.5, distill=2.0),
)
"""On validation flat 0.35x and 0.6x still gain half a point from 52 to 88 epochs."""

BLENDED = replace(TAUGHT, mixup=0.5, compile=True)
"""Blended pictures cost flat networks accuracy; tree networks' experts gain by them."""

TREE_SPEC, NESTED_SPEC = RECOMMENDED_PATH.split(1), RECOMMENDED_PATH.split(2)
"""Groups; and the same path split one stage earlier: groups, and groups of them."""


@cache
def icons() -> Pictures:
    """Return the pictures."""
    return get_data("icons")


@cache
def icon_tasks() -> TaskList:
    """Return the shipped tasks."""
    return get_tasks("icons")


@cache
def tree(name: str) -> Hierarchy:
    """Return a shipped tree of the icons, or the star."""
    if name == "star":
        return Hierarchy.star(icons().classes)
    return Hierarchy.load(shipped_path(f"icons/trees/{name}.json"))


def flat_setting(spec: NetSpec) -> Setting:
    """Return a flat network, which has every loss of the tree networks, and their teacher."""
    return Setting(spec, tree("star"), TAUGHT, reference=tree(REFERENCE), teacher=TEACHER)


def flat_family() -> dict[str, Setting]:
    """Return the flat family by name."""
    return {f"flat {w:g}x": flat_setting(NetSpec.flat().scaled(w)) for w in FLAT_WIDTHS}


def tree_setting() -> Setting:
    """Return the recommended tree network, trained by the recommended recipe."""
    return Setting(TREE_SPEC, tree(ON), BLENDED, reference=tree(REFERENCE), teacher=TEACHER)


def record(stem: str, settings: Mapping[str, Setting], tables: Tables, **more: object) -> None:
    """Write a study's tables as CSV and, beside them, what made them.

    Args:
        stem: of the files below ``analysis/results``.
        settings: by name; those in the main table are described.
        tables: by the end of the file's name; the empty one is the main table.
        more: facts that stand beside.
    """
    for end, table in tables.items():
        write_text(RESULTS / f"{stem}{end}.csv", table.round(5).to_csv(index=False))
    there = set(tables[""]["setting"])
    script = f"analysis/studies/{Path(sys.argv[0]).name}"
    facts = {
        "command": shlex.join(["python", script, *sys.argv[1:]]),
        "data": icons().digest,
        "tasks": icon_tasks().digest,
        "settings": {name: describe_setting(settings[name]) for name in settings if name in there},
        "versions": versions("numpy", "torch", "scipy"),
        **more,
        **stamp(),
    }
    write_json(RESULTS / f"{stem}.json", facts)
    print(f"tables written to {RESULTS}/{stem}*")


def arguments_of(
    description: str, folder: str, seeds: str, *own: argparse.ArgumentParser
) -> argparse.Namespace:
    """Parse what the scripts that train have in common, and what a script has of its own."""
    parser = argparse.ArgumentParser(
        parents=own,
        description=description.partition("\n")[0],
        epilog="Start the command several times, with OMP_NUM_THREADS=1, to share the trainings.",
    )
    parser.add_argument("--out", type=Path, default=Path("runs") / folder, help=f"[runs/{folder}]")
    parser.add_argument("--seeds", default=seeds, help=f"separated by commas [{seeds}]")
    parser.add_argument("--only", default="", help="settings to train, separated by commas [all]")
    return parser.parse_args()


def trained(arguments: argparse.Namespace, settings: Mapping[str, Setting]) -> Runs:
    """Train the settings that were asked for and those they build on, or continue."""
    wanted = {name for name in arguments.only.split(",") if name} or set(settings)
    for name in reversed(settings):  # what builds on others comes after them
        if name in wanted:
            wanted |= {settings[name].teacher, settings[name].start} & set(settings)
    for name in wanted:
        if name not in settings:
            raise SystemExit(f"No setting {name!r}; choose from: {', '.join(settings)}.")
    chosen = {name: setting for name, setting in settings.items() if name in wanted}
    seeds = tuple(int(seed) for seed in arguments.seeds.split(","))
    return run_series(arguments.out, chosen, icons(), seeds)
