"""What each part of a tree recipe buys: one factor at a time, three seeds, on validation.

    make ablation

The recipe here is the earlier one, in two steps: a flat network of one path is trained first, and
every branch of the tree starts from its last stage. One finding, that training from scratch is
better, made that the recommended recipe (`recipes.tree_setting`). Every setting differs from
``recipe`` in what its name says, and is trained for a third of the epochs that the frontier's
networks have, taught by the shipped flat network. What is taken from the recipe is missing from the
path's training too; losses that are added, and blending, concern the specialising branches alone.
Training minutes count the path's.

Writes ``results/ablation.csv`` (means over seeds), ``ablation-seeds.csv`` and ``ablation.json``.
Stopped, it continues.
"""

from __future__ import annotations

from dataclasses import replace

from recipes import (
    KINDS,
    NESTED_ON,
    NESTED_SPEC,
    ON,
    REFERENCE,
    TAUGHT,
    TEACHER,
    TREE_SPEC,
    arguments_of,
    icon_tasks,
    record,
    trained,
    tree,
)

from taxonomy.builders import get_builder
from taxonomy.design import CONVNEXT, RESNET, Bucket, Level, NetSpec, Stage
from taxonomy.labels import get_labels
from taxonomy.similarity import get_source
from taxonomy.studies.settings import Setting, mean_over_seeds, score_series, with_starts
from taxonomy.trees.hierarchy import Hierarchy

FRESH = replace(TAUGHT, views=0)
"""Pictures are varied, and the teacher asked, anew in every step."""
PATH = replace(FRESH, epochs=72)
SPECIALISE = replace(
    FRESH,
    epochs=FRESH.epochs - PATH.epochs,
    batch_size=128,
    learning_rate=4e-3,
    ema=0.996,
    mixup=0.5,
    compile=True,
)
"""From a flat path network's weights on: larger batches, a lower rate, blended pictures."""
SCRATCH = replace(FRESH, mixup=SPECIALISE.mixup, compile=SPECIALISE.compile)
"""As many epochs in all as the path and the tree grown from it have."""


def two_steps(name: str, on: str, spec: NetSpec = TREE_SPEC) -> dict[str, Setting]:
    """Return two settings: the flat path network of a specification, and the tree grown from it.

    Args:
        name: of the tree's setting; the path's is ``<name> path``.
        on: the hierarchy.
        spec: the tree network.
    """
    path = Setting(spec.path(), tree("star"), PATH, reference=tree(REFERENCE), teacher=TEACHER)
    grown = Setting(spec, tree(on), SPECIALISE, teacher=TEACHER, start=f"{name} path")
    return {f"{name} path": path, name: grown}


def settings() -> dict[str, Setting]:
    """Return the recipe and its variations at a third of the epochs, what others build on first."""
    return {
        name: replace(setting, config=replace(setting.config, epochs=setting.config.epochs // 3))
        for name, setting in full_length().items()
    }


def full_length() -> dict[str, Setting]:
    """Return the recipe and what differs from it in one thing."""
    made = two_steps("recipe", ON)
    path, grown = made["recipe path"], made["recipe"]
    made["no specialising"] = replace(path, config=FRESH)
    made["from scratch"] = replace(grown, config=SCRATCH, start=None)
    made["no mixing"] = replace(grown, config=replace(SPECIALISE, mixup=0.0))
    for name, without in (("no distillation", "distill"), ("no clade loss", "clade")):
        made[f"{name} path"] = weighted(path, **{without: 0.0})
        made[name] = replace(weighted(grown, **{without: 0.0}), start=f"{name} path")
    made["subset softmax"] = weighted(grown, subset=0.5)
    made["inner losses"] = weighted(grown, inner=0.5)
    made["48 groups"] = replace(grown, tree=groups(48))
    made["12 groups"] = replace(grown, tree=groups(12))
    made["two levels"] = replace(grown, spec=NESTED_SPEC, tree=tree(NESTED_ON))
    made["two levels, gated"] = replace(
        made["two levels"], spec=replace(NESTED_SPEC, nesting="gate")
    )
    made["widths follow classes, from scratch"] = replace(
        made["from scratch"], spec=TREE_SPEC.proportional(tree(ON))
    )
    for name, spec in other_blocks().items():
        made |= two_steps(name, ON, spec)
    return made


def weighted(setting: Setting, **weights: float) -> Setting:
    """Return a setting with other weights of its losses, and a teacher only where one is read."""
    objective = replace(setting.config.objective, **weights)
    config = replace(setting.config, objective=objective)
    return replace(
        setting, config=config, teacher=setting.teacher if objective.needs_teacher else None
    )


def groups(count: int) -> Hierarchy:
    """Return one level of groups from the scores that the recommended tree is made of."""
    labels = get_labels("icons")
    scores = get_source("llm", transcript="icons/llm-rows")(labels)
    return get_builder("cluster", levels=(count,), slack=2.0)(labels, scores)


def other_blocks() -> dict[str, NetSpec]:
    """Return the recipe with the other family's blocks, at about the same cost."""
    return {
        "branches of ResNet": replace(TREE_SPEC, levels=(Level((Bucket(32),), 1, 2, RESNET),)),
        "trunk of ConvNeXt": replace(
            TREE_SPEC,
            trunk=(Stage(12, 1, 1, CONVNEXT), Stage(20, 2, 2, CONVNEXT), TREE_SPEC.trunk[-1]),
        ),
    }


def main() -> None:
    """Train what is missing, then write the tables."""
    arguments = arguments_of(__doc__, "ablation", "0,1,2")
    every = settings()
    scores = with_starts(score_series(trained(arguments, every), icon_tasks(), "val", KINDS), every)
    means = mean_over_seeds(scores)
    print(means.round(4).to_string(index=False))
    record("ablation", every, {"": means, "-seeds": scores})


if __name__ == "__main__":
    main()
