"""The demonstration: the whole path on the shipped icons, from class names to experts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from taxonomy._core import io, shipped
from taxonomy._core.errors import MissingExtraError, TrainingError
from taxonomy._core.registry import require
from taxonomy.builders.cluster import Cluster
from taxonomy.comparison import compare, summary
from taxonomy.design.cost import cost, expert_costs
from taxonomy.design.spec import RECOMMENDED, NetSpec
from taxonomy.evaluation.points import mean_points, points, versus_flat
from taxonomy.labels import LabelSet, get_labels
from taxonomy.similarity import get_source
from taxonomy.similarity.embedding import packaged_model
from taxonomy.tasks import TaskList
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.training import Run

log = logging.getLogger(__name__)

SOURCES = ("wordnet", "embedding", "random")
EXPERTS = ("kitchen", "street", "animals", "medical", "weather")
GROUPS = 24
TREE_SPEC = RECOMMENDED.split(1)
FLAT_WIDTHS = (0.25, 0.35, 0.6)
PATH = "path"
"""The flat network that one path of the tree network is; every tree network grows from it."""


@dataclass(frozen=True)
class DemoConfig:
    """How large the demonstration is.

    Args:
        epochs: passes over the training pictures, for every network; a tree network and the path
            that it grows from share them.
        trees: how many of the hierarchies are trained on, the cheapest for experts first.
        seed: of every network.
    """

    epochs: int = 8
    trees: int = 2
    seed: int = 0

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.epochs < 2 or not 1 <= self.trees <= len(SOURCES):
            raise TrainingError(
                f"The demonstration trains for at least 2 epochs, on 1 to {len(SOURCES)} trees."
            )

    @property
    def grown(self) -> int:
        """The epochs, of all, that a tree network has to itself."""
        return max(1, self.epochs // 4)


def demo(folder: Path | str, config: DemoConfig | None = None, progress: bool = True) -> str:
    """Do the whole path in a folder, or continue it, and return the report.

    Writes ``trees/*.json`` and ``.txt``, ``trees.csv``, ``comparison.csv``, ``runs/*``,
    ``points.csv``, ``curve.png``, ``experts/*.safetensors``, ``experts.csv``, ``report.md`` and
    ``manifest.json``.

    Raises:
        MissingExtraError: an extra that the path needs is missing; nothing is written then.
    """
    try:
        for module in ("torch", "safetensors", "sentence_transformers", "matplotlib"):
            require(module)
        packaged_model()
    except MissingExtraError as error:
        raise MissingExtraError(
            "The demonstration needs three extras. "
            'Type: pip install "taxonomy-experts[embeddings,plots,train]"'
        ) from error
    folder, config = Path(folder), config or DemoConfig()
    labels = get_labels("icons")
    tasks = TaskList.load(shipped.path("icons/tasks.json"))
    _say(progress, f"1/4  hierarchies of {len(labels)} classes from {', '.join(SOURCES)}")
    trees = make_trees(labels, folder / "trees")
    table = compare_trees(trees, tasks, folder)
    chosen = list(table.sort_values(["expert_macs", "tree"])["tree"][: config.trees])
    _say(progress, f"2/4  training flat networks, and tree networks on {', '.join(chosen)}")
    runs = train_all({name: trees[name] for name in chosen}, config, folder / "runs", progress)
    _say(progress, "3/4  cost and accuracy of every task's expert")
    means = score(runs, tasks, folder, config)
    _say(progress, "4/4  cutting experts")
    best = max(chosen, key=lambda name: runs[name].manifest["val_accuracy"])
    experts = cut_experts(runs[best], tasks, folder)
    report = write_report(folder, config, table, runs, means, experts, best)
    facts = {"config": asdict(config), "versions": io.versions("numpy", "torch"), **io.stamp()}
    facts["training_seconds"] = {name: run.manifest["seconds"] for name, run in runs.items()}
    io.write_json(folder / "manifest.json", facts)
    return report


def make_trees(labels: LabelSet, folder: Path) -> dict[str, Hierarchy]:
    """Cluster every source's similarity into a tree; write each as JSON and as text."""
    trees = {}
    for name in SOURCES:
        cluster = Cluster(levels=(GROUPS,), slack=2.0)
        tree = cluster(labels, get_source(name)(labels))
        tree.save(folder / f"{name}.json")
        io.write_text(folder / f"{name}.txt", tree.to_text() + "\n")
        trees[name] = tree
    return trees


def compare_trees(trees: Mapping[str, Hierarchy], tasks: TaskList, folder: Path) -> pd.DataFrame:
    """Write how the trees differ, and what experts over them would cost, before any training."""
    import pandas as pd

    io.write_text(folder / "comparison.csv", compare(trees).to_csv(index=False))
    rows = []
    for name, tree in trees.items():
        costs = expert_costs(TREE_SPEC, tree, tasks)
        row = {"tree": name, **summary(tree), "net_macs": cost(TREE_SPEC, tree).macs}
        rows.append({**row, "expert_macs": costs.macs.mean(), "expert_params": costs.params.mean()})
    table = pd.DataFrame(rows)
    io.write_text(folder / "trees.csv", table.to_csv(index=False))
    return table


def train_all(
    trees: Mapping[str, Hierarchy], config: DemoConfig, folder: Path, progress: bool
) -> dict[str, Run]:
    """Train the thin flat family, the path, and from it one network a tree; finished are kept."""
    from taxonomy.data import get_data
    from taxonomy.study.settings import Setting, run_series
    from taxonomy.training import TrainConfig

    data = get_data("icons")
    star = Hierarchy.star(data.classes)
    whole = TrainConfig(epochs=config.epochs)
    path = replace(whole, epochs=config.epochs - config.grown)
    grown = replace(whole, epochs=config.grown, batch_size=128, learning_rate=4e-3, mix=0.5)
    settings = {
        f"flat {width:g}x": Setting(NetSpec.flat().scaled(width), star, whole)
        for width in FLAT_WIDTHS
    }
    settings[PATH] = Setting(TREE_SPEC.path(), star, path)
    settings |= {n: Setting(TREE_SPEC, tree, grown, start=PATH) for n, tree in trees.items()}
    runs = run_series(folder, settings, data, (config.seed,), progress)
    return {name: run for (name, _), run in runs.items()}


def score(
    runs: Mapping[str, Run], tasks: TaskList, folder: Path, config: DemoConfig
) -> pd.DataFrame:
    """Write the table of points and the figure, on the test split."""
    from taxonomy.plots import cost_accuracy_figure, save_figure

    means = mean_points(
        {
            n: points(run.spec, run.hierarchy, run.predictions("test"), tasks)
            for n, run in runs.items()
        }
    )
    flat = [name for name in runs if name.startswith("flat ")]
    means = versus_flat(means, flat)
    io.write_text(folder / "points.csv", means.to_csv(index=False))
    note = (
        f"icons, test split (unseen designers), {config.epochs} epochs, seed {config.seed}; "
        "bars: standard error over tasks"
    )
    save_figure(folder / "curve.png", cost_accuracy_figure(means, flat, 5, note, [PATH]))
    return means


def cut_experts(run: Run, tasks: TaskList, folder: Path) -> pd.DataFrame:
    """Cut one expert a named task, write it, and compare its logits with the full network's."""
    import pandas as pd
    import torch

    from taxonomy.data import get_data
    from taxonomy.nets import save_net
    from taxonomy.nets.experts import extract
    from taxonomy.training.augment import to_input

    net, predictions = run.net(), run.predictions("test")
    pictures = to_input(torch.from_numpy(get_data("icons").part("test").images[:64]))
    with torch.no_grad():
        whole = net(pictures)
    rows = []
    for task in (task for task in tasks if task.id in EXPERTS):
        expert = extract(net, task.classes)
        path = folder / "experts" / f"{task.id}.safetensors"
        save_net(path, expert)
        with torch.no_grad():
            gap = (expert(pictures) - whole[:, net.hierarchy.positions(expert.classes)]).abs().max()
        part = cost(expert.spec, expert.hierarchy)
        rows.append(
            {
                "task": task.id,
                "classes": task.size,
                "accuracy": predictions.accuracy(task.classes),
                "macs": part.macs,
                "params": part.params,
                "bytes": path.stat().st_size,
                "largest_logit_difference": float(f"{gap.item():.1e}"),
            }
        )
    table = pd.DataFrame(rows)
    io.write_text(folder / "experts.csv", table.to_csv(index=False))
    return table


def write_report(
    folder: Path,
    config: DemoConfig,
    table: pd.DataFrame,
    runs: Mapping[str, Run],
    means: pd.DataFrame,
    experts: pd.DataFrame,
    best: str,
) -> str:
    """Write ``report.md`` and return it."""
    chosen = means[(means["size"] == 5) & means["network"].isin(table["tree"])]
    text = REPORT.format(
        epochs=config.epochs,
        path=config.epochs - config.grown,
        grown=config.grown,
        seed=config.seed,
        best=best,
        trees=_tree_rows(table),
        nets=_network_rows(runs),
        curve=_curve_rows(chosen),
        verdict=_verdict(chosen["gain_at_equal_macs"].dropna().to_numpy()),
        experts=_expert_rows(experts),
    )
    io.write_text(folder / "report.md", text)
    return text


def _tree_rows(table: pd.DataFrame) -> str:
    head = ["tree", "nodes", "classes a group", "MACs", "MACs an expert", "parameters an expert"]
    rows = [
        [row.tree, str(row.nodes), f"{row.smallest} to {row.largest}"]
        + [_number(n) for n in (row.net_macs, row.expert_macs, row.expert_params)]
        for row in table.itertuples()
    ]
    return _markdown(head, rows)


def _network_rows(runs: Mapping[str, Run]) -> str:
    rows = [
        [name, _number(run.manifest["macs"]), _number(run.manifest["params"])]
        + [f"{run.predictions(split).accuracy():.1%}" for split in ("val", "test")]
        for name, run in runs.items()
    ]
    return _markdown(["network", "MACs", "parameters", "validation", "test"], rows)


def _curve_rows(chosen: pd.DataFrame) -> str:
    head = ["experts of", "five classes", "accuracy", "MACs", "parameters"]
    rows = [
        [
            row.network,
            f"{row.kind} {row.reference}".strip(),
            f"{row.accuracy:.1%}",
            _number(row.macs),
            _number(row.params),
            _points(row.gain_at_equal_macs),
        ]
        for row in chosen.itertuples()
    ]
    return _markdown([*head, "against flat at equal MACs"], rows)


def _expert_rows(experts: pd.DataFrame) -> str:
    head = ["task", "classes", "accuracy", "MACs", "parameters", "file", "logits differ by"]
    rows = [
        [
            row.task,
            str(row.classes),
            f"{row.accuracy:.1%}",
            _number(row.macs),
            _number(row.params),
            f"{row.bytes / 1000.0:.0f} kB",
            f"{row.largest_logit_difference:.0e}",
        ]
        for row in experts.itertuples()
    ]
    return _markdown(head, rows)


REPORT = """\
# From class names to experts: the icons

{epochs} epochs, seed {seed}; accuracy on the test split, whose designers no network has seen.
These are short trainings of narrow networks: they show the way, not the best that it can do.

## Hierarchies, and what experts over them cost before any training

Means over the 1,612 tasks of the shipped task list.

{trees}

## Networks

The network 'path' is a flat one of the tree network's stages, trained for {path} epochs. For every
tree each group then gets a copy of the last stage, to specialise for {grown}.

{nets}

## Experts of five classes

Mean over the tasks of each kind. The last column compares with the masked flat networks at the
same MACs, interpolated between their widths; a dash where no width is near.

{curve}

{verdict}

![cost and accuracy](curve.png)

## Experts cut from the network on the tree '{best}'

No retraining and no data; the logits are compared with the full network's on 64 pictures.

{experts}
"""


def _verdict(gains: npt.NDArray[np.float64]) -> str:
    """Say outright whether experts or thin flat networks were better at equal MACs.

    >>> _verdict(np.array([-0.02, -0.01, 0.03]))
    'At equal MACs the masked flat networks are better in 2 of 3 rows, the experts in 1.'
    """
    if not len(gains):
        return "No flat network is near enough in MACs to compare with."
    flat, experts = int((gains < 0).sum()), int((gains > 0).sum())
    if experts > flat:
        better, other = f"experts are better in {experts}", f"masked flat networks in {flat}"
    else:
        better, other = f"masked flat networks are better in {flat}", f"experts in {experts}"
    return f"At equal MACs the {better} of {len(gains)} rows, the {other}."


def _markdown(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    lines = [head, ["-" * width for width in widths], *rows]
    padded = (
        " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(f"| {line} |" for line in padded)


def _number(value: float) -> str:
    return f"{value / 1e6:.2f} M" if value >= 1e6 else f"{value / 1e3:.0f} k"


def _points(value: float) -> str:
    return "-" if value != value else f"{100 * value:+.1f} points"


def _say(progress: bool, text: str) -> None:
    if progress:
        from tqdm import tqdm

        tqdm.write(text)
