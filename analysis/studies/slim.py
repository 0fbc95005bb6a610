"""Do slim experts meet the marks: three seeds of one network over all 1,612 tasks, with intervals.

    make slim                                        (trains; an hour of one core, continues)
    python analysis/studies/slim.py --split test     (once, for the final table)
    make slim ONLY="slim,slim twice as long"         (other ways to train it; see ``settings``)

The marks are those of ``budgets.py``: over all tasks on average at most 26.6 % of the MACs and 20 %
of the parameters of the masked flat 0.6x network, over five coherent classes 20 % and 14 %, at no
loss of accuracy. Beside the slim network stand the other shipped networks of the icons, one
training each, and one way to choose among them that needs no picture: of the slim expert and the
masked flat 0.35x network whichever has fewer parameters. Intervals are of designers and seeds drawn
again; the tasks stay. Writes ``results/slim-<split>.csv``, ``.json`` and ``.md``, and
``slim-ways.csv``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from budgets import CANDIDATES, MARKS
from recipes import RESULTS, arguments_of, icon_tasks, icons, record, trained, tree_setting
from scipy import sparse

from taxonomy.design import expert_costs
from taxonomy.nets import get_net
from taxonomy.studies.counting import Counts, count
from taxonomy.studies.results import write_text
from taxonomy.studies.settings import Setting
from taxonomy.studies.uncertainty import Resampled, Scored, estimate, resample
from taxonomy.training import Run, predictions_on

SLIM, CANDIDATE = "slim", "private branches of 40"
FLAT, THIN = "icons/flat", "icons/flat-0.35x"
SHIPPED = ("icons/tree", "icons/tree-aligned", FLAT, THIN, "icons/flat-0.25x")
SMALLER = f"the smaller of {SLIM} and {THIN}"
RESAMPLES = 2000

Costs = dict[str, np.ndarray]


def settings() -> dict[str, Setting]:
    """Return the slim network trained by the recommended recipe, and other ways to train it."""
    chosen, recipe = CANDIDATES[CANDIDATE], tree_setting()
    own = replace(recipe, spec=chosen.spec, tree=chosen.hierarchy)
    others = {
        "a quarter blended": {"mixup": 0.25},
        "three quarters blended": {"mixup": 0.75},
        "twice as long": {"epochs": 176},
    }
    return {SLIM: own} | {
        f"{SLIM} {name}": replace(own, config=replace(own.config, **other))
        for name, other in others.items()
    }


def measured(
    runs: dict[tuple[str, int], Run], split: str
) -> tuple[dict[str, list[Counts]], Costs, Costs]:
    """Return every network's right answers by seed, and its experts' MACs and parameters."""
    tasks, counts, macs, params = icon_tasks(), {}, {}, {}
    counts[SLIM] = [count(run.predictions(split), tasks) for run in runs.values()]
    nets = {name: get_net(name) for name in SHIPPED}
    for name, net in nets.items():
        counts[name] = [count(predictions_on(net, icons().part(split)), tasks)] * len(runs)
    run = next(iter(runs.values()))
    shapes = {SLIM: (run.spec, run.hierarchy)}
    for name, (spec, tree) in (
        shapes | {n: (x.spec, x.hierarchy) for n, x in nets.items()}
    ).items():
        found = expert_costs(spec, tree, tasks)
        macs[name], params[name] = np.asarray(found.macs), np.asarray(found.params)
    thin = params[THIN] < params[SLIM]
    counts[SMALLER] = [either(thin, *both) for both in zip(counts[THIN], counts[SLIM], strict=True)]
    for costs in (macs, params):
        costs[SMALLER] = np.where(thin, costs[THIN], costs[SLIM])
    return counts, macs, params


def either(first: np.ndarray, one: Counts, other: Counts) -> Counts:
    """Return the answers of one network for some tasks, and of another for the others."""
    chosen = sparse.diags_array(first.astype(float)), sparse.diags_array(1.0 - first)
    right = (chosen[0] @ one.right + chosen[1] @ other.right).tocsr()
    return Counts(right, one.pictures, one.groups)


def groups() -> Iterator[tuple[str, np.ndarray]]:
    """Yield the groups of tasks: all, and by kind and size."""
    tasks = icon_tasks()
    yield "all", np.ones(len(tasks), dtype=bool)
    kinds = [t.kind if t.kind == "named" else f"{t.kind} {len(t.classes)}" for t in tasks]
    for kind in dict.fromkeys(kinds):
        yield kind, np.array([one == kind for one in kinds])


def table(counts: dict[str, list[Counts]], macs: Costs, params: Costs) -> pd.DataFrame:
    """Return one row a network and group of tasks."""
    names, members = zip(*groups(), strict=True)
    scored = {name: Scored(of, macs[name]) for name, of in counts.items()}
    every = np.arange(len(members[0]))  # each task a stratum of its own: the tasks stay
    found = resample(scored, np.array(members), every, RESAMPLES)
    rows = []
    for name, again in found.items():
        for i, (group, member) in enumerate(zip(names, members, strict=True)):
            rows.append(
                {
                    "network": name,
                    "tasks": group,
                    "count": int(member.sum()),
                    "accuracy": again.accuracy[i, 0],
                    **gain(again, found[FLAT], i),
                    "macs_share": float((macs[name] / macs[FLAT])[member].mean()),
                    "params_share": float((params[name] / params[FLAT])[member].mean()),
                }
            )
    return pd.DataFrame(rows)


def gain(own: Resampled, flat: Resampled, group: int) -> dict[str, float]:
    """Return accuracy above the flat network's, with the ends of its interval."""
    found = estimate(own.accuracy[group] - flat.accuracy[group])
    return {"gain": found.value, "gain_low": found.low, "gain_high": found.high}


def verdict(rows: pd.DataFrame) -> dict[str, dict[str, object]]:
    """Return for the slim network and the choice what the marks ask for, and what is reached."""
    made = {}
    for name in (SLIM, SMALLER):
        own = rows[rows["network"] == name].set_index("tasks")
        whole, fives = own.loc["all"], own.loc["coherent 5"]
        reached = {
            "mean_macs": whole["macs_share"],
            "mean_params": whole["params_share"],
            "coherent5_macs": fives["macs_share"],
            "coherent5_params": fives["params_share"],
        }
        facts = {key: [round(float(value), 4), MARKS[key]] for key, value in reached.items()}
        worst = own["gain"].drop("all").idxmin()
        facts["gain"] = [round(100 * float(whole[k]), 2) for k in ("gain", "gain_low", "gain_high")]
        facts["gain_coherent5"] = round(100 * float(fives["gain"]), 2)
        facts["worst_kind"] = [worst, round(100 * float(own.loc[worst, "gain"]), 2)]
        made[name] = facts
    return made


def markdown(rows: pd.DataFrame) -> str:
    """Return the table of a page: a row a group of tasks, a column a network."""
    names = [SLIM, "icons/tree-aligned", THIN]
    lines = [f"| points above the masked flat network; MACs / parameters | {' | '.join(names)} |"]
    lines.append("|---" * (1 + len(names)) + "|")
    for group, of in rows.groupby("tasks", sort=False):
        own = of.set_index("network")
        cells = []
        for name in names:
            row = own.loc[name]
            low, high = 100 * row["gain_low"], 100 * row["gain_high"]
            text = f"{100 * row['gain']:+.1f} ({low:+.1f} to {high:+.1f})"
            cells.append(f"{text}; {row['macs_share']:.0%} / {row['params_share']:.0%}")
        lines.append(
            f"| {group} ({own['count'].iloc[0]}) | {' | '.join(cells)} |".replace("-", "−")
        )
    return "\n".join(lines) + "\n"


def ways(runs: dict[tuple[str, int], Run], every: dict[str, Setting]) -> pd.DataFrame:
    """Return of every training its experts' mean accuracy over all tasks, and above the flat's."""
    tasks = icon_tasks()
    flat = count(predictions_on(get_net(FLAT), icons().part("val")), tasks).accuracy
    rows = []
    for (name, seed), run in runs.items():
        own = count(run.predictions("val"), tasks).accuracy
        config = every[name].config
        row = {"setting": name, "seed": seed, "epochs": config.epochs, "mixup": config.mixup}
        rows.append({**row, "accuracy": own.mean(), "gain": (own - flat).mean()})
    return pd.DataFrame(rows)


def keep(rows: pd.DataFrame) -> None:
    """Add trainings to the table, which keeps those of other commands."""
    place = RESULTS / "slim-ways.csv"
    if place.is_file():
        rows = pd.concat([rows.round(5), pd.read_csv(place)])
    rows = rows.drop_duplicates(["setting", "seed"]).sort_values(["setting", "seed"])
    write_text(place, rows.to_csv(index=False))
    print(rows.to_string(index=False))


def main() -> None:
    """Train what is missing, then write the tables."""
    own = argparse.ArgumentParser(add_help=False)
    own.add_argument("--split", choices=("val", "test"), default="val", help="[val]")
    arguments = arguments_of(__doc__, "slim", "0,1,2", own)
    arguments.only = arguments.only or SLIM
    every = settings()
    runs = trained(arguments, every)
    chosen = {key: run for key, run in runs.items() if key[0] == SLIM}
    keep(ways(runs, every))
    if not chosen:  # other ways to train alone were asked for
        return
    rows = table(*measured(chosen, arguments.split))
    told = verdict(rows)
    accuracy = {
        seed: round(run.predictions(arguments.split).accuracy(), 5)
        for (_, seed), run in chosen.items()
    }
    record(
        f"slim-{arguments.split}",
        {SLIM: every[SLIM]},
        {"": rows.assign(setting=SLIM)},
        marks=told,
        accuracy_of_all_classes=accuracy,
    )
    write_text(RESULTS / f"slim-{arguments.split}.md", markdown(rows))
    print(markdown(rows))
    for name, facts in told.items():
        print(name, facts)


if __name__ == "__main__":
    main()
