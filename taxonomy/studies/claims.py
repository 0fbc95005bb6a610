"""A tree network's experts compared with a masked flat family, in numbers and in words."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import FloatArray
from taxonomy._core.errors import TrainingError

if TYPE_CHECKING:
    import pandas as pd

NEAR = 0.005
"""A flat network this near the family's best validation accuracy counts as as good."""

Claims = dict[str, float | str]


def claims(
    name: str, flat: list[str], means: pd.DataFrame, chosen_by: pd.DataFrame, kind: str
) -> Claims:
    """Return what a tree network achieves against a flat family; accuracies as shares.

    Flat networks are chosen on validation. Between the family's widths its accuracy is interpolated
    over the logarithm of the MACs; a flat network as accurate as the experts costs what it does
    where that line first reaches their accuracy: infinite where it never does, NaN where it starts
    above it.

    Args:
        name: of the tree network's setting.
        flat: the settings that form the flat family.
        means: one row a setting, on the split reported, as `mean_over_seeds` returns.
        chosen_by: the same on validation.
        kind: of the tasks, with their size, as in the columns: ``coherent5``.

    Raises:
        TrainingError: a setting has no row.
    """
    rows, val = means.set_index("setting"), chosen_by.set_index("setting")
    if lacking := sorted({name, *flat} - (set(rows.index) & set(val.index))):
        raise TrainingError(f"No scores of {', '.join(lacking)}; train them first.")
    best = str(val.loc[flat, "accuracy"].idxmax())
    good = val.loc[flat][val.loc[flat, "accuracy"] >= val.loc[best, "accuracy"] - NEAR]
    small = str(good["macs"].idxmin())
    own, accuracy = rows.loc[name], f"{kind}_accuracy"
    family = rows.loc[flat].sort_values(f"{kind}_macs")
    logs = {what: np.log(family[f"{kind}_{what}"].to_numpy()) for what in ("macs", "params")}
    made: Claims = {
        "best_flat": best,
        "accuracy_behind_best_flat": rows.loc[best, "accuracy"] - own["accuracy"],
        "macs_over_best_flat": own["macs"] / rows.loc[best, "macs"],
        "smallest_good_flat": small,
        "expert_gain_over_it": own[accuracy] - rows.loc[small, accuracy],
        "expert_gain_at_equal_macs": own[accuracy]
        - np.interp(np.log(own[f"{kind}_macs"]), logs["macs"], family[accuracy], np.nan, np.nan),
    }
    for what, log in logs.items():
        cost = own[f"{kind}_{what}"]
        made[f"expert_{what}_over_it"] = cost / rows.loc[small, f"{kind}_{what}"]
        equal = np.exp(first_reached(own[accuracy], family[accuracy].to_numpy(), log))
        made[f"expert_{what}_over_equally_good_flat"] = cost / equal
    return made


def first_reached(value: float, values: FloatArray, places: FloatArray) -> float:
    """Return the first place at which a line through points reaches a value.

    It is infinite where the line never does, and NaN where it starts above the value.

    >>> first_reached(2.0, np.array([1.0, 0.0, 4.0]), np.array([10.0, 20.0, 30.0]))
    25.0
    """
    if not (values >= value).any():
        return math.inf
    end = int((values >= value).argmax())
    if end == 0:
        return float(places[0]) if values[0] == value else math.nan
    return float(np.interp(value, values[end - 1 : end + 1], places[end - 1 : end + 1]))


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
        "(0% where no flat network is as good, nan% where all are better)"
    )
