"""What experts of ImageNet-sized networks cost, in closed form: no training, no weights.

    python analysis/studies/paper_scale.py [--subsets FOLDER]

Writes ``analysis/results/paper-scale.csv``, ``-subsets.csv``, ``.json`` and ``.png``. The networks
are ResNet-50 and ConvNeXt V2 (atto, tiny, base) at 224 pixels: stem and first two stages are the
trunk as published, and the third and fourth stage become two levels of nodes, each node as deep as
the stage and so much narrower that the *whole* network has as many MACs as the published one, or
two or four times as many. Trees are those that the toolkit ships for ImageNet-1k, brought to two
levels, and groups of WordNet's, embeddings' and random scores within bounds.

``--subsets`` reads lists of class numbers as other work publishes them, one file a subset, numbers
with commas between; the ten classes of similar and of distinct kinds that Class-Aware Pruning's
authors name in their README are costed always.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from recipes import RESULTS

from taxonomy.builders import get_builder
from taxonomy.design import Backbone, Block, Bucket, Level, NetSpec, cost, expert_costs
from taxonomy.formats import get_tree
from taxonomy.labels import get_labels
from taxonomy.plots import save_figure
from taxonomy.similarity import get_source
from taxonomy.studies.results import stamp, versions, write_json, write_text
from taxonomy.tasks import Task, TaskList
from taxonomy.tasks.drawing import sample_coherent, sample_random
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import to_levels

SIDE = 224
SIZES = (2, 5, 10, 20, 50, 100, 200, 500, 1000)
COUNT = 200
"""Tasks of each kind and size."""

WHOLE = (1, 2, 4)
"""MACs of the whole hierarchical network, in those of the published one."""

GROUPS = (16, 64)
SHIPPED = ("wordnet", "hypernyms", "embedding", "llm-groups", "random")
CLUSTERED = {"wordnet": "wordnet", "embedding": "embedding", "random": "random"}
REFERENCES = ("hypernyms", "llm-groups")
"""The trees that coherent tasks are drawn from."""

FAMILY = {"wordnet": "hypernyms", "hypernyms": "hypernyms", "llm-groups": "llm-groups"}
"""The reference that a tree's source is kin to; its figures there flatter it."""

PUBLISHED = {"average": (0.476, 0.058), "best case": (0.887, 0.734)}
"""Parameters and MACs saved, arXiv 2403.05601."""

NAMED = {
    "similar ten": (724, 628, 484, 576, 625, 814, 472, 780, 554, 871),
    "distinct ten": (985, 483, 812, 924, 107, 398, 970, 51, 145, 916),
}
"""Boats, and things that share nothing, to which the authors of "Analyzing the Efficiency of
Class-Aware Pruning" (2026) prune networks; numbers of ImageNet's classes from 0."""


@dataclass(frozen=True)
class Stages:
    """What a published network is made of: parameters and MACs of its trunk, and of all of it.

    Args:
        name: as timm calls it.
        trunk: parameters and MACs of the stem and the first two stages.
        total: parameters and MACs of the whole network for 1,000 classes.
        widths: channels after each of the four stages.
        depths: blocks of the third and fourth stage of a node, beside its opening convolution.
        block: how a node is built.
    """

    name: str
    trunk: tuple[int, int]
    total: tuple[int, int]
    widths: tuple[int, int, int, int]
    depths: tuple[int, int]
    block: Block

    def spec(self, factor: float) -> NetSpec:
        """Return the hierarchical network whose nodes are so much narrower than the stages."""
        params, macs = self.trunk
        backbone = Backbone(self.name, 2, self.widths[1], 8, params, macs)
        levels = (
            Level((Bucket(max(8, 8 * round(width * factor / 8))),), depth, 2, self.block)
            for width, depth in zip(self.widths[2:], self.depths, strict=True)
        )
        return NetSpec((), tuple(levels), resolution=SIDE, backbone=backbone)


def resnet50(classes: int = 1000) -> Stages:
    """Return ResNet-50 (He et al. 2016; the stride in the 3x3 convolutions), counted by hand."""
    widths, depths = (256, 512, 1024, 2048), (3, 4, 6, 3)
    params = [7 * 7 * 3 * 64 + 2 * 64]
    macs = [7 * 7 * 3 * 64 * 112**2]
    width_in, side = 64, 56
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True)):
        narrow, before = width // 4, side
        side = side if stage == 0 else side // 2
        params.append(0)
        macs.append(0)
        for number in range(depth):
            read = width_in if number == 0 else width
            cells = before if number == 0 else side
            params[-1] += read * narrow + 9 * narrow**2 + narrow * width + 4 * narrow + 2 * width
            macs[-1] += read * narrow * cells**2 + (9 * narrow**2 + narrow * width) * side**2
            if number == 0:
                params[-1] += read * width + 2 * width
                macs[-1] += read * width * side**2
        width_in = width
    head = (width_in + 1) * classes, width_in * classes
    return Stages(
        "resnet50",
        (sum(params[:3]), sum(macs[:3])),
        (sum(params) + head[0], sum(macs) + head[1]),
        widths,
        (depths[2] - 1, depths[3] - 1),  # the opening convolution stands for a stage's first block
        Block("bottleneck"),
    )


def convnextv2(
    name: str, widths: tuple[int, int, int, int], depths: tuple[int, ...], classes: int = 1000
) -> Stages:
    """Return a ConvNeXt V2 (Woo et al. 2023), counted by hand."""
    params = [4 * 4 * 3 * widths[0] + 3 * widths[0]]  # the stem, its bias and its norm
    macs = [4 * 4 * 3 * widths[0] * 56**2]
    for before, after, side in zip(widths, widths[1:], (28, 14, 7), strict=False):
        params.append(2 * before + 4 * before * after + after)
        macs.append(4 * before * after * side**2)
    for stage, (width, depth, side) in enumerate(zip(widths, depths, (56, 28, 14, 7), strict=True)):
        wide = 4 * width
        weights = 49 * width + 2 * width * wide
        params[stage] += depth * (weights + width + 2 * width + wide + 2 * wide + width)
        macs[stage] += depth * weights * side**2
    last = widths[-1]
    head = 2 * last + (last + 1) * classes, last * classes
    return Stages(
        name,
        (sum(params[:2]), sum(macs[:2])),
        (sum(params) + head[0], sum(macs) + head[1]),
        widths,
        depths[2:4],  # type: ignore[arg-type]
        Block("convnext", expand=4, kernel=7, recalibrate="grn"),
    )


BASES = {
    "ResNet-50": resnet50(),
    "ConvNeXt V2 atto": convnextv2("convnextv2_atto", (40, 80, 160, 320), (2, 2, 6, 2)),
    "ConvNeXt V2 tiny": convnextv2("convnextv2_tiny", (96, 192, 384, 768), (3, 3, 9, 3)),
    "ConvNeXt V2 base": convnextv2("convnextv2_base", (128, 256, 512, 1024), (3, 3, 27, 3)),
}
"""The published networks, by the name in the tables."""


def fitted(base: Stages, tree: Hierarchy, whole: float) -> NetSpec:
    """Return the specification whose whole network comes closest to a multiple of the base's MACs.

    Widths go in steps of eight channels, so that few trees are met exactly; of two equally close
    the narrower is taken.
    """
    wanted = whole * base.total[1]
    narrower = wider = base.spec(0)
    for step in count(1):
        wider = base.spec(step / 64)
        if cost(wider, tree).macs >= wanted:
            break
        narrower = wider
    return min(narrower, wider, key=lambda spec: abs(cost(spec, tree).macs - wanted))


@cache
def trees() -> dict[str, Hierarchy]:
    """Return every tree, by name: those shipped at two levels, and groups within bounds."""
    labels = get_labels("imagenet-1k")
    made = {name: to_levels(get_tree(f"imagenet-1k/{name}"), 2) for name in SHIPPED}
    cluster = get_builder("cluster", levels=GROUPS, slack=2.0)
    for name, source in CLUSTERED.items():
        made[f"{name}, {GROUPS[0]} and {GROUPS[1]} groups"] = cluster(
            labels, get_source(source)(labels)
        )
    return made


@cache
def tasks() -> TaskList:
    """Return the tasks: coherent ones of either reference where it has clades so large, random."""
    ids = get_labels("imagenet-1k").ids
    drawn: list[Task] = []
    for size in SIZES[:-1]:
        for name in REFERENCES:
            reference = get_tree(f"imagenet-1k/{name}")
            if any(size <= reference.leaf_counts[n] <= 4 * size for n in reference.nodes):
                drawn += sample_coherent(reference, name, size, COUNT, seed=0)
        drawn += sample_random(ids, size, COUNT, seed=0)
    return TaskList([*drawn, Task("all", ids, "random")], ids)


def subsets(folder: Path | None) -> TaskList:
    """Return the published subsets: the two named ones, and those of a folder's files."""
    ids = get_labels("imagenet-1k").ids
    listed: dict[str, tuple[int, ...]] = dict(NAMED)
    for path in sorted(folder.glob("*.txt")) if folder else ():
        numbers = tuple(int(part) for part in path.read_text("utf-8").replace(",", " ").split())
        if len(numbers) < len(ids):
            listed[path.stem] = numbers
    made = [Task(name, tuple(ids[n] for n in numbers)) for name, numbers in listed.items()]
    return TaskList(made, ids)


def networks() -> Iterator[tuple[dict[str, object], Stages, NetSpec, Hierarchy]]:
    """Yield every network: what the tables call it, its base, its specification and its tree."""
    for title, base in BASES.items():
        for whole in WHOLE:
            for name, tree in trees().items():
                spec = fitted(base, tree, whole)
                found = cost(spec, tree)
                yield (
                    {
                        "network": title,
                        "whole": whole,
                        "tree": name,
                        "widths": "-".join(str(level.buckets[0].width) for level in spec.levels),
                        "whole_params": found.params / base.total[0],
                        "whole_macs": found.macs / base.total[1],
                    },
                    base,
                    spec,
                    tree,
                )


def shares(asked: TaskList, base: Stages, spec: NetSpec, tree: Hierarchy) -> pd.DataFrame:
    """Return one row a task: its expert's parameters and MACs over those of the base."""
    costs = expert_costs(spec, tree, asked)
    return pd.DataFrame(
        {
            "task": [task.id for task in asked],
            "kind": [task.kind for task in asked],
            "reference": [task.reference for task in asked],
            "size": [task.size for task in asked],
            "params": costs.params / base.total[0],
            "macs": costs.macs / base.total[1],
        }
    )


def tables(named: TaskList) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of drawn tasks, by kind and size, and that of published subsets."""
    drawn, listed = [], []
    by = ["kind", "reference", "size"]
    for facts, base, spec, tree in networks():
        found = shares(tasks(), base, spec, tree).groupby(by, sort=False)
        part = found.agg(
            params=("params", "mean"),
            macs=("macs", "mean"),
            least_params=("params", "min"),
            least_macs=("macs", "min"),
        )
        part = part.reset_index()
        kin = FAMILY.get(str(facts["tree"]).partition(",")[0])
        drawn.append(part.assign(**facts, kin=part["reference"] == kin))
        listed.append(shares(named, base, spec, tree)[["task", "size", "params", "macs"]])
        listed[-1] = listed[-1].assign(**facts)
        print(*facts.values(), flush=True)
    first = ["network", "whole", "tree", "widths", "whole_params", "whole_macs"]
    return tuple(  # type: ignore[return-value]
        pd.concat(parts)[lambda rows: [*first, *(c for c in rows if c not in first)]].round(4)
        for parts in (drawn, listed)
    )


SHOWN = {
    "llm-groups": "#D55E00",
    f"wordnet, {GROUPS[0]} and {GROUPS[1]} groups": "#0072B2",
    f"embedding, {GROUPS[0]} and {GROUPS[1]} groups": "#009E73",
    f"random, {GROUPS[0]} and {GROUPS[1]} groups": "0.45",
}
"""The trees in the picture, by colour (Okabe & Ito)."""


def picture(rows: pd.DataFrame) -> Figure:
    """Draw MACs against classes by tree, one column a network; solid coherent, dotted random.

    Coherent tasks are those of the reference that is not kin to the tree, or their mean.
    """
    figure = Figure(figsize=(3.1 * len(BASES), 5.6), layout="constrained")
    grid = figure.subplots(2, len(BASES), sharex=True, sharey="row")
    chosen = rows[(rows["whole"] == 1) & ~rows["kin"]]
    for column, title in enumerate(BASES):
        for row, (quantity, word) in enumerate((("macs", "MACs"), ("params", "parameters"))):
            axes = grid[row, column]
            for name, colour in SHOWN.items():
                mine = chosen[(chosen["network"] == title) & (chosen["tree"] == name)]
                for kind, style in (("coherent", "-"), ("random", ":")):
                    line = mine[mine["kind"] == kind].groupby("size")[quantity].mean()
                    axes.plot(line.index, 100 * line, style, color=colour, label=f"{name}, {kind}")
            for place, saved in PUBLISHED.items():
                level = 100 * (1 - saved[1 if quantity == "macs" else 0])
                axes.axhline(level, color="0.75", lw=0.9, ls=(0, (5, 3)), zorder=0)
                if column == 0:
                    left = place == "average"
                    where = (SIZES[0] if left else SIZES[-1], level)
                    side = "left" if left else "right"
                    text = f"paper, {place}"
                    axes.annotate(text, where, ha=side, va="bottom", fontsize=7, color="0.4")
            axes.set_xscale("log")
            axes.set_xticks(SIZES, [str(size) if size not in (200, 500) else "" for size in SIZES])
            axes.minorticks_off()
            axes.set_ylim(0, 110 if quantity == "macs" else 180)
            axes.grid(visible=True, color="0.93")
            axes.set_axisbelow(True)
            if column == 0:
                axes.set_ylabel(f"{word}, % of the base")
        grid[0, column].set_title(title, fontsize=10)
        grid[1, column].set_xlabel("classes of 1,000")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8)
    return figure


def main() -> None:
    """Cost all networks' experts and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--subsets", type=Path, metavar="FOLDER", help="files of class numbers")
    folder = parser.parse_args().subsets
    named = subsets(folder)
    drawn, listed = tables(named)
    write_text(RESULTS / "paper-scale.csv", drawn.to_csv(index=False))
    write_text(RESULTS / "paper-scale-subsets.csv", listed.to_csv(index=False))
    save_figure(RESULTS / "paper-scale.png", picture(drawn))
    facts = {
        "command": "python analysis/studies/paper_scale.py"
        + (" --subsets FOLDER" if folder else ""),
        "units": "shares of the published network's parameters and MACs; means over the tasks",
        "bases": {
            title: dict(zip(("params", "macs"), base.total, strict=True))
            for title, base in BASES.items()
        },
        "trees": {name: tree.digest for name, tree in trees().items()},
        "tasks": tasks().digest,
        "subsets": {task.id: list(task.classes) for task in named if task.id in NAMED},
        "groups": list(GROUPS),
        "versions": versions("numpy", "scipy", "sentence-transformers"),
        **stamp(),
    }
    write_json(RESULTS / "paper-scale.json", facts)
    print(f"tables written to {RESULTS}/paper-scale*")


if __name__ == "__main__":
    main()
