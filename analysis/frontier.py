"""Experts against the flat family: the recommended recipe, three seeds, every claim computed.

    make frontier          (trains, chooses on validation, prints the verdict on validation)
    python analysis/frontier.py --split test      (once, for the final table)

The flat family has every objective that the tree network has, and as many epochs; mixing, which
costs it accuracy, it is spared. Writes ``results/frontier-<split>.csv`` (means over seeds),
``…-seeds.csv``, ``….json`` with the verdict on the recipe at both its widths, ``….png``.
"""

from __future__ import annotations

import argparse

import pandas as pd
from matplotlib.figure import Figure
from recipes import (
    KINDS,
    ON,
    RESULTS,
    TEACHER,
    TREE_SPEC,
    Runs,
    arguments_of,
    flat_family,
    icon_tasks,
    record,
    teacher,
    trained,
    tree_recipe,
)

from taxonomy.plots import cost_accuracy_figure, save_figure
from taxonomy.study.claims import claims, sentence
from taxonomy.study.curve import mean_points, points
from taxonomy.study.settings import Setting, mean_over_seeds, score_series

TREES = {"tree": TREE_SPEC, "tree 1.4x": TREE_SPEC.scaled(1.4)}
"""The recipe at two widths: what its experts are worth, and where the whole network stands."""


def settings() -> dict[str, Setting]:
    """Return the teacher, the flat family and the recipe."""
    made = {**teacher(), **flat_family()}
    for name, spec in TREES.items():
        made |= tree_recipe(name, ON, spec)
    return made


def is_flat(name: str) -> bool:
    """Tell whether a setting belongs to the flat family; the teacher does not."""
    return name.startswith("flat ") and name != TEACHER


def picture(runs: Runs, split: str) -> Figure:
    """Draw accuracy over cost, means over seeds."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for (name, _), run in runs.items():
        table = points(run.spec, run.hierarchy, run.predictions(split), icon_tasks())
        tables.setdefault(name, []).append(table)
    shown = {name: pd.concat(table) for name, table in tables.items() if name != TEACHER}
    flat = [name for name in shown if is_flat(name)]
    paths = [name for name in shown if name.endswith(" path")]
    seeds = sorted({seed for _, seed in runs})
    note = f"{split} split; seeds {seeds}; bars: standard error over tasks and seeds"
    return cost_accuracy_figure(mean_points(shown), flat, 5, note, paths)


def main() -> None:
    """Train what is missing, then write the tables and print the verdict."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--split", choices=("val", "test"), default="val")
    own, rest = parser.parse_known_args()
    arguments = arguments_of(__doc__, "frontier", "0,1,2", rest)
    every = settings()
    runs = trained(arguments, every)
    validation = mean_over_seeds(score_series(runs, icon_tasks(), "val", KINDS))
    scores = score_series(runs, icon_tasks(), own.split, KINDS)
    means = mean_over_seeds(scores)
    print(means.round(4).to_string(index=False))
    stem = f"frontier-{own.split}"
    save_figure(RESULTS / f"{stem}.png", picture(runs, own.split))
    flat = [name for name in every if name in set(means["setting"]) and is_flat(name)]
    made = {}
    for name in TREES if flat else ():
        if name in set(means["setting"]):
            made[name] = claims(name, flat, means, validation, "coherent5")
            print(f"{name}\n{sentence(made[name])}")
    command = f"python analysis/frontier.py --split {own.split}"
    record(stem, command, every, {"": means, "-seeds": scores}, claims=made)


if __name__ == "__main__":
    main()
