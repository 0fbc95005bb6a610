"""What the branches of a tree may share: specifications that all cost about what the marks allow.

    make shared-parts                  (one seed, a third of the epochs; about two hours)
    make shared-parts STAGE=full       (three seeds, all epochs; about a day)

On validation. A private branch repeats much that its siblings compute too. Here the opening
convolution, or the whole last stage, belongs to the trunk, and a node adds what is its own: a block
with a narrow middle. ``budgets.py`` says what each costs; this says what each scores. Writes
``results/shared-parts-<stage>.csv`` and ``.json``. Stopped, it continues.
"""

from __future__ import annotations

import argparse
from dataclasses import replace

from budgets import CANDIDATES
from recipes import (
    KINDS,
    arguments_of,
    flat_family,
    flat_setting,
    icon_tasks,
    record,
    trained,
    tree_setting,
)

from taxonomy.studies.settings import Setting, mean_over_seeds, score_series

STAGES = {"trial": (3, "0", "trials"), "full": (1, "0,1,2", "shared-parts")}
"""By what the epochs are divided, the seeds, and the folder of the runs."""

PLAIN = (
    "shared opening with adapter 80",
    "shared stage with adapter 48",
    "private branches of 40",
)
"""Trained without blended pictures too, which cost narrow networks most."""


def settings(stage: str) -> dict[str, Setting]:
    """Return every candidate beside the recipe and the flat family; the narrowest unblended too."""
    recipe = tree_setting()
    made = {"recipe": recipe, **flat_family()}
    for name, candidate in CANDIDATES.items():
        made[name] = replace(recipe, spec=candidate.spec, tree=candidate.hierarchy)
    for name in PLAIN:
        config = replace(recipe.config, mixup=0.0)
        made[f"{name} not blended"] = replace(made[name], config=config)
    made[f"{PLAIN[0]} as a path"] = flat_setting(CANDIDATES[PLAIN[0]].spec.path())
    part, *_ = STAGES[stage]
    return {
        name: replace(setting, config=replace(setting.config, epochs=setting.config.epochs // part))
        for name, setting in made.items()
    }


def main() -> None:
    """Train what is missing, then write the table."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--stage", choices=STAGES, default="trial", help="[trial]")
    stage = own.parse_known_args()[0].stage
    _, seeds, folder = STAGES[stage]
    arguments = arguments_of(__doc__, folder, seeds, own)
    every = settings(stage)
    scores = score_series(trained(arguments, every), icon_tasks(), "val", KINDS)
    means = mean_over_seeds(scores)
    print(means.round(4).to_string(index=False))
    record(f"shared-parts-{stage}", every, {"": means, "-seeds": scores})


if __name__ == "__main__":
    main()
