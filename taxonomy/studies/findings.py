"""What a study finds: tables of tasks, of settings by kind of task, and of differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from taxonomy._core.arrays import BoolArray, FloatArray, IntArray
from taxonomy.design.costs import expert_costs
from taxonomy.evaluation.resampling import Interval
from taxonomy.studies.config import FLAT
from taxonomy.studies.counting import Counts, count
from taxonomy.studies.plan import Place, Plan
from taxonomy.studies.uncertainty import (
    Resampled,
    Scored,
    estimate,
    gains,
    holm,
    in_words,
    p_value,
    resample,
)
from taxonomy.training import Run

if TYPE_CHECKING:
    import pandas as pd

ALL = "all"
"""The kind of the group of all tasks but those of a hierarchy's own family's references."""

FAMILY_AT_EQUAL_MACS = "flat family at equal MACs"


@dataclass(frozen=True)
class Group:
    """Tasks that a mean is taken over.

    Args:
        kind: of the tasks; `ALL` for all kinds.
        reference: the tree they were drawn from; empty for any.
        size: classes of each; 0 for any.
        without: references whose tasks are left out.
    """

    kind: str
    reference: str = ""
    size: int = 0
    without: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return it in words."""
        if self.kind == ALL:
            left = f" but those drawn from {' and '.join(self.without)}" if self.without else ""
            return f"all tasks{left}"
        size = f" of {self.size} classes" if self.size else ""
        return f"{self.kind} tasks{size}" + (
            f", drawn from {self.reference}" if self.reference else ""
        )


@dataclass(frozen=True, eq=False)
class Findings:
    """What was found.

    Args:
        plan: what was compared.
        tasks: one row a training and task.
        trainings: one row a training.
        settings: one row a setting and group of tasks, with intervals.
        differences: one row a comparison within a headline, corrected for their number.
        headlines: the groups that are spoken of.
    """

    plan: Plan
    tasks: pd.DataFrame
    trainings: pd.DataFrame
    settings: pd.DataFrame
    differences: pd.DataFrame
    headlines: tuple[Group, ...]


def find(plan: Plan, runs: Mapping[str, Run]) -> Findings:
    """Score every training on every task from its stored predictions, and compare.

    Args:
        plan: of the study.
        runs: the finished trainings, by the ids of their cells.
    """
    import pandas as pd

    split, tasks = plan.config.split, plan.tasks
    counts: dict[str, Counts] = {}
    rows, trainings = [], []
    for place in plan.places:
        run = runs[place.cell]
        predictions = run.predictions(split)
        counts[place.cell] = count(predictions, tasks)
        costs = expert_costs(run.spec, run.hierarchy, tasks)
        rows.append(_of_tasks(plan, place, counts[place.cell].accuracy, costs.macs, costs.params))
        trainings.append(
            {
                "setting": place.setting,
                "hierarchy": place.hierarchy,
                "network": place.network,
                "seed": place.seed,
                "cell": place.cell,
                "accuracy": predictions.accuracy(),
                "macs": run.manifest["macs"],
                "params": run.manifest["params"],
            }
        )
    scored = {
        name: Scored(
            [counts[place.cell] for place in places],
            expert_costs(runs[places[0].cell].spec, runs[places[0].cell].hierarchy, tasks).macs,
        )
        for name, places in plan.settings.items()
    }
    groups = _groups(plan)
    strata = _strata(plan)
    masks = np.array([_members(plan, group) for group in groups])
    found = resample(scored, masks, strata, plan.config.resamples)
    gained = {name: gains(own, [found[flat] for flat in plan.flat]) for name, own in found.items()}
    table = pd.concat(rows, ignore_index=True)
    headlines = tuple(_headlines(plan))
    return Findings(
        plan,
        table,
        pd.DataFrame(trainings),
        pd.DataFrame(_of_settings(plan, groups, masks, found, gained)),
        _differences(plan, groups, headlines, found, gained),
        headlines,
    )


def _of_tasks(
    plan: Plan, place: Place, accuracy: FloatArray, macs: IntArray, params: IntArray
) -> pd.DataFrame:
    import pandas as pd

    tasks = plan.tasks
    return pd.DataFrame(
        {
            "setting": place.setting,
            "hierarchy": place.hierarchy,
            "network": place.network,
            "seed": place.seed,
            "task": [task.id for task in tasks],
            "kind": [task.kind for task in tasks],
            "reference": [task.reference for task in tasks],
            "size": [task.size for task in tasks],
            "own_family": [plan.is_own(place.hierarchy, task.reference) for task in tasks],
            "accuracy": accuracy,
            "macs": macs,
            "params": params,
        }
    )


def _strata(plan: Plan) -> list[int]:
    """Return a number for each task's kind, reference and size."""
    known: dict[tuple[str, str, int], int] = {}
    return [known.setdefault((t.kind, t.reference, t.size), len(known)) for t in plan.tasks]


def _own_references(plan: Plan, *hierarchies: str) -> tuple[str, ...]:
    """Return the references that are of some hierarchy's own family."""
    references = sorted({task.reference for task in plan.tasks} - {""})
    return tuple(r for r in references if any(plan.is_own(name, r) for name in hierarchies))


def _groups(plan: Plan) -> list[Group]:
    """Return every kind, reference and size of task, and all tasks that are fair for someone."""
    kinds = dict.fromkeys((t.kind, t.reference, t.size) for t in plan.tasks)
    groups = [Group(*key) for key in kinds]
    names = [*plan.config.hierarchies]
    fair = [_own_references(plan)]  # the flat family's
    fair += [_own_references(plan, name) for name in names]
    fair += [_own_references(plan, *pair) for pair in combinations(names, 2)]
    return groups + [Group(ALL, without=without) for without in dict.fromkeys(fair)]


def _members(plan: Plan, group: Group) -> BoolArray:
    if group.kind == ALL:
        return np.array([task.reference not in group.without for task in plan.tasks])
    key = (group.kind, group.reference, group.size)
    return np.array([(t.kind, t.reference, t.size) == key for t in plan.tasks])


def _headlines(plan: Plan) -> Iterator[Group]:
    """Yield the groups spoken of: coherent tasks by reference, random ones, and all."""
    size = plan.config.size
    for kind in ("coherent", "random"):
        there = dict.fromkeys(t.reference for t in plan.tasks if (t.kind, t.size) == (kind, size))
        yield from (Group(kind, reference, size) for reference in there)
    yield Group(ALL)


def _of_settings(
    plan: Plan,
    groups: list[Group],
    masks: BoolArray,
    found: Mapping[str, Resampled],
    gained: Mapping[str, FloatArray],
) -> Iterator[dict[str, object]]:
    """Yield one row a setting and group."""
    for setting, (place, *_) in plan.settings.items():
        own = _own_references(plan, place.hierarchy)
        for i, group in enumerate(groups):
            if group.kind == ALL and group.without != own:
                continue
            row: dict[str, object] = {
                "setting": setting,
                "hierarchy": place.hierarchy,
                "network": place.network,
                "kind": group.kind,
                "reference": group.reference,
                "size": group.size,
                "tasks": int(masks[i].sum()),
                "own_family": plan.is_own(place.hierarchy, group.reference),
                "macs": found[setting].macs[i, 0],
            }
            row |= _interval("accuracy", estimate(found[setting].accuracy[i]))
            if place.hierarchy != FLAT:
                row |= _interval("gain_at_equal_macs", estimate(gained[setting][i]))
            yield row


def _interval(name: str, interval: Interval) -> dict[str, float]:
    return {name: interval.value, f"{name}_low": interval.low, f"{name}_high": interval.high}


def _differences(
    plan: Plan,
    groups: list[Group],
    headlines: tuple[Group, ...],
    found: Mapping[str, Resampled],
    gained: Mapping[str, FloatArray],
) -> pd.DataFrame:
    """Return every comparison of the headlines; p corrected within a headline and measure."""
    import pandas as pd

    place_of = {group: i for i, group in enumerate(groups)}
    parts = []
    for headline in headlines:
        fair = {
            setting: place.hierarchy
            for setting, (place, *_) in plan.settings.items()
            if place.hierarchy != FLAT and not plan.is_own(place.hierarchy, headline.reference)
        }
        for measure in ("accuracy", "gain_at_equal_macs"):
            values = {
                name: found[name].accuracy if measure == "accuracy" else gained[name]
                for name in found
            }
            rows = []
            if measure != "accuracy":
                for name, hierarchy in fair.items():
                    i = place_of[_shared(plan, headline, hierarchy)]
                    rows.append(_compared(name, FAMILY_AT_EQUAL_MACS, values[name][i]))
            for a, b in combinations(fair, 2):
                i = place_of[_shared(plan, headline, fair[a], fair[b])]
                rows.append(_compared(a, b, values[a][i] - values[b][i]))
            table = pd.DataFrame(rows)
            if rows:
                table["p_corrected"] = holm(table["p"])
                table.insert(0, "measure", measure)
                table.insert(0, "tasks", str(headline))
                parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _shared(plan: Plan, headline: Group, *hierarchies: str) -> Group:
    """Return the tasks of a headline that flatter none of some hierarchies."""
    if headline.kind != ALL:
        return headline
    return Group(ALL, without=_own_references(plan, *hierarchies))


def _compared(a: str, b: str, values: FloatArray) -> dict[str, object]:
    row: dict[str, object] = {"a": a, "b": b}
    row |= _interval("difference", estimate(values))
    size = "" if np.isnan(values[0]) else in_words(float(values[0]))
    return row | {"size": size, "p": p_value(values)}
