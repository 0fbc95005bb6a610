"""Experts against the flat family: the recommended recipe, three seeds, every claim computed.

    make frontier          (trains, chooses on validation, prints the verdict on validation)
    python analysis/frontier.py --split test      (once, for the final table)

The flat family has every objective that the tree network has, and as many epochs. Writes
``results/frontier-<split>.csv`` (means over seeds), ``…-seeds.csv``, ``….json`` with the verdict,
``….png``.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from recipes import (
    KINDS,
    RESULTS,
    SPECIALISE,
    TAUGHT,
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
from taxonomy.study.curve import mean_points, points
from taxonomy.study.settings import Setting, mean_over_seeds, score_series

ON = "llm-rows-roomy"
TREE = "tree"
NEAR = 0.005
"""A flat network this near the family's best validation accuracy counts as as good."""

Claims = dict[str, float | str]


def settings() -> dict[str, Setting]:
    """Return the teacher, the flat family with the tree's number of epochs, and the recipe."""
    epochs = TAUGHT.epochs + SPECIALISE.epochs
    family = {
        name: replace(setting, config=replace(setting.config, epochs=epochs))
        for name, setting in flat_family(ON).items()
    }
    return {**teacher(), **family, **tree_recipe(TREE, ON)}


def claims(means: pd.DataFrame, chosen_by: pd.DataFrame, kind: str = "coherent5") -> Claims:
    """Return what the recipe achieves against the flat family.

    Flat networks are chosen on validation. Between the family's widths its accuracy is interpolated
    over the logarithm of the MACs, and its MACs over the best accuracy reached up to there.

    Args:
        means: one row a setting, on the split reported.
        chosen_by: the same on validation.
        kind: of the tasks.
    """
    rows, val = means.set_index("setting"), chosen_by.set_index("setting")
    flat = [name for name in val.index if name.startswith("flat ")]
    best = str(val.loc[flat, "accuracy"].idxmax())
    good = val.loc[flat][val.loc[flat, "accuracy"] >= val.loc[best, "accuracy"] - NEAR]
    small = str(good["macs"].idxmin())
    tree, accuracy = rows.loc[TREE], f"{kind}_accuracy"
    family = rows.loc[flat].sort_values(f"{kind}_macs")
    logs = {what: np.log(family[f"{kind}_{what}"].to_numpy()) for what in ("macs", "params")}
    reached = np.maximum.accumulate(family[accuracy].to_numpy())
    made: Claims = {
        "best_flat": best,
        "accuracy_behind_best_flat": rows.loc[best, "accuracy"] - tree["accuracy"],
        "macs_over_best_flat": tree["macs"] / rows.loc[best, "macs"],
        "smallest_good_flat": small,
        "expert_gain_over_it": tree[accuracy] - rows.loc[small, accuracy],
        "expert_gain_at_equal_macs": tree[accuracy]
        - np.interp(np.log(tree[f"{kind}_macs"]), logs["macs"], family[accuracy]),
    }
    for what, log in logs.items():
        made[f"expert_{what}_over_it"] = tree[f"{kind}_{what}"] / rows.loc[small, what]
        equal = np.exp(np.interp(tree[accuracy], reached, log, right=np.inf))
        made[f"expert_{what}_over_equally_good_flat"] = tree[f"{kind}_{what}"] / equal
    return made


def sentence(made: Claims) -> str:
    """Return the claims in words."""
    return (
        f"whole: {made['accuracy_behind_best_flat']:+.2%} behind {made['best_flat']}, the best "
        f"flat network, at {made['macs_over_best_flat']:.2f} times its MACs\n"
        f"experts against {made['smallest_good_flat']}, the smallest flat within "
        f"{NEAR:.1%} of it, masked: {made['expert_macs_over_it']:.1%} of its MACs, "
        f"{made['expert_params_over_it']:.1%} of its parameters, "
        f"{made['expert_gain_over_it']:+.2%} accuracy\n"
        f"experts against the masked family: {made['expert_gain_at_equal_macs']:+.2%} at equal "
        f"MACs; {made['expert_macs_over_equally_good_flat']:.1%} of the MACs and "
        f"{made['expert_params_over_equally_good_flat']:.1%} of the parameters at equal accuracy "
        "(0% where no flat network is as good)"
    )


def picture(runs: Runs, split: str) -> Figure:
    """Draw accuracy over cost, means over seeds."""
    tables: dict[str, list[pd.DataFrame]] = {}
    for (name, _), run in runs.items():
        table = points(run.spec, run.hierarchy, run.predictions(split), icon_tasks())
        tables.setdefault(name, []).append(table)
    shown = {n: pd.concat(t) for n, t in tables.items() if not n.endswith((" path", " plain"))}
    means = mean_points(shown)
    flat = [name for name in shown if name.startswith("flat ")]
    seeds = len({seed for _, seed in runs})
    note = f"{split} split, {seeds} seeds; bars: standard error over tasks and seeds"
    return cost_accuracy_figure(means, flat, 5, note)


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
    made = {}
    if TREE in set(means["setting"]):
        made = claims(means, validation)
        print(sentence(made))
    command = f"python analysis/frontier.py --split {own.split}"
    record(stem, command, every, {"": means, "-seeds": scores}, claims=made)


if __name__ == "__main__":
    main()
