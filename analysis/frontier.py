"""Experts against the flat family: the recommended recipe, three seeds, every claim computed.

    make frontier          (trains, chooses on validation, prints the verdict on validation)
    python analysis/frontier.py --split test      (once, for the final table)

The flat family has every objective that the tree network has, and as many epochs. Writes
``results/frontier-<split>.csv`` (means over seeds), ``…-seeds.csv``, ``….json``.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from recipes import (
    KINDS,
    SPECIALISE,
    TAUGHT,
    arguments_of,
    flat_family,
    icon_tasks,
    record,
    teacher,
    trained,
    tree_recipe,
)

from taxonomy.study.settings import Setting, mean_over_seeds, score_series

ON = "llm-rows-roomy"
TREE = "tree"
NEAR = 0.005
"""A flat network this near the family's best validation accuracy counts as as good."""


def settings() -> dict[str, Setting]:
    """Return the teacher, the flat family with the tree's number of epochs, and the recipe."""
    epochs = TAUGHT.epochs + SPECIALISE.epochs
    family = {
        name: replace(setting, config=replace(setting.config, epochs=epochs))
        for name, setting in flat_family(ON).items()
    }
    return {**teacher(), **family, **tree_recipe(TREE, ON)}


def verdict(means: pd.DataFrame, chosen_by: pd.DataFrame, kind: str = "coherent5") -> str:
    """Return what the recipe's experts achieve against the flat family, claim by claim.

    Args:
        means: one row a setting, on the split reported.
        chosen_by: the same on validation, by which flat networks are chosen.
        kind: of the tasks.
    """
    rows, val = means.set_index("setting"), chosen_by.set_index("setting")
    flat = [name for name in val.index if name.startswith("flat ")]
    best = val.loc[flat, "accuracy"].idxmax()
    good = val.loc[flat][val.loc[flat, "accuracy"] >= val.loc[best, "accuracy"] - NEAR]
    small = good["macs"].idxmin()
    tree, accuracy = rows.loc[TREE], f"{kind}_accuracy"
    family = rows.loc[flat].sort_values(f"{kind}_macs")
    logs = np.log(family[f"{kind}_macs"])
    at_equal = np.interp(np.log(tree[f"{kind}_macs"]), logs, family[accuracy])
    reach = family[family[accuracy] >= tree[accuracy]]
    equal = (
        f"equally good first at {reach[f'{kind}_macs'].iloc[0] / 1e6:.1f} million MACs"
        if len(reach)
        else "nowhere as good"
    )
    share = {what: tree[f"{kind}_{what}"] / rows.loc[small, what] for what in ("macs", "params")}
    whole = tree["macs"] / rows.loc[best, "macs"]
    network = (
        f"whole: tree {tree['accuracy']:.2%}, best flat ({best}) {rows.loc[best, 'accuracy']:.2%}; "
        f"{whole:.2f} times its MACs"
    )
    cheapness = (
        f"experts against {small}, the smallest flat as good as the best: {share['macs']:.1%} of "
        f"its MACs, {share['params']:.1%} of its parameters, "
        f"{tree[accuracy] - rows.loc[small, accuracy]:+.2%} accuracy"
    )
    masked = (
        f"experts against the masked flat family: {tree[accuracy] - at_equal:+.2%} at equal MACs "
        f"({tree[f'{kind}_macs'] / 1e6:.1f} million); the family is {equal}"
    )
    return f"{network}\n{cheapness}\n{masked}"


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
    print(verdict(means, validation))
    command = f"python {Path('analysis/frontier.py')} --split {own.split}"
    record(f"frontier-{own.split}", command, every, {"": means, "-seeds": scores})


if __name__ == "__main__":
    main()
