"""From a study's file to its cells: every tree built, every network shaped, every cell named."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from taxonomy._core.errors import SpecError, TrainingError, naming
from taxonomy._generate import generate
from taxonomy.builders import BUILDERS
from taxonomy.data import DataRequest
from taxonomy.design import NetSpec, cost
from taxonomy.formats import get_tree
from taxonomy.labels import LabelSet, get_labels, shipped_names
from taxonomy.nets import get_net
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.studies.cells import Cell
from taxonomy.studies.config import (
    FLAT,
    HierarchyChoice,
    NetworkChoice,
    StudyConfig,
    check_references,
)
from taxonomy.tasks import TaskList, tasks_for
from taxonomy.training.start import config_of
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.operations import to_levels

log = logging.getLogger(__name__)

NARROWEST, STEPS = 1 / 64, 40
"""The smallest factor on widths that a budget is sought with, and the halvings of the search."""


@dataclass(frozen=True)
class Place:
    """Where a cell stands in a study.

    Args:
        setting: what is trained, whatever the seed.
        hierarchy: its name; `FLAT` for the flat family.
        network: its name, or the flat network's width.
        seed: of the training.
        cell: the id of the training; two places of equal content share one.
    """

    setting: str
    hierarchy: str
    network: str
    seed: int
    cell: str

    def __str__(self) -> str:
        """Return setting and seed."""
        return f"{self.setting}, seed {self.seed}"


@dataclass(frozen=True, eq=False)
class Plan:
    """What a study trains and scores.

    Args:
        config: the study's file.
        trees: by the names of the hierarchies.
        tasks: that experts are scored on.
        places: in the order of the tables.
        cells: by id.
    """

    config: StudyConfig
    trees: Mapping[str, Hierarchy]
    tasks: TaskList
    places: tuple[Place, ...]
    cells: Mapping[str, Cell]

    @cached_property
    def settings(self) -> dict[str, tuple[Place, ...]]:
        """The places of each setting, one a seed."""
        found: dict[str, list[Place]] = {}
        for place in self.places:
            found.setdefault(place.setting, []).append(place)
        return {name: tuple(places) for name, places in found.items()}

    @property
    def flat(self) -> list[str]:
        """The settings of the flat family."""
        return [name for name, (place, *_) in self.settings.items() if place.hierarchy == FLAT]

    def is_own(self, hierarchy: str, reference: str) -> bool:
        """Return whether tasks were drawn from a tree of the hierarchy's own family."""
        if not reference or hierarchy == FLAT:
            return False
        choice = self.config.hierarchies[hierarchy]
        return self.config.references[reference] in choice.family


def plan(config: StudyConfig) -> Plan:
    """Build every tree, shape every network and name every cell of a study; train nothing.

    Raises:
        TrainingError: what the file names does not fit together.
        TaxonomyError: a tree cannot be built, or data, tasks or teacher are not there.
    """
    request = _request(config)
    shapes = list(_shapes(config, request))
    tasks = tasks_for(shapes[0][3].leaves, config.found(config.tasks) or None)
    check_references(
        config, {task.reference for task in tasks}, f"the tasks ({config.tasks or 'shipped'})"
    )
    sizes = sorted({task.size for task in tasks})
    if config.size not in sizes:
        known = ", ".join(map(str, sizes))
        raise TrainingError(f"No task has `size` {config.size}; give one that tasks have: {known}.")
    teacher = config.found(config.teacher)
    taught = weights_digest(get_net(teacher)) if teacher else ""
    reference = get_tree(config.found(config.reference)) if config.reference else None
    digests: dict[int, str] = {}
    places: list[Place] = []
    cells: dict[str, Cell] = {}
    for hierarchy, network, setting, tree, spec, train in shapes:
        with naming(f"the setting {setting!r}", TrainingError):
            recipe = config_of(None, {**config.train, **train})
        if recipe.objective.needs_teacher and not teacher:
            raise TrainingError("The recipe distils; name a `teacher`, such as icons/flat.")
        if spec.resolution not in digests:
            digests[spec.resolution] = request.pictures(spec.resolution).digest
        for seed in config.seeds:
            cell = Cell(
                spec,
                tree,
                recipe.with_seed(seed),
                request,
                digests[spec.resolution],
                reference if recipe.objective.needs_tree else None,
                teacher if recipe.objective.needs_teacher else "",
                taught if recipe.objective.needs_teacher else "",
                config.device,
                config.threads,
            )
            cells.setdefault(cell.id, cell)
            places.append(Place(setting, hierarchy, network, seed, cell.id))
    trees = {hierarchy: tree for hierarchy, _, _, tree, *_ in shapes if hierarchy != FLAT}
    return Plan(config, trees, tasks, tuple(places), cells)


def _request(config: StudyConfig) -> DataRequest:
    """Return which pictures the study is of."""
    if isinstance(config.data, str):
        return DataRequest(config.found(config.data))
    asked = DataRequest.from_dict(config.data)
    return replace(asked, data=config.found(asked.data))


Shape = tuple[str, str, str, Hierarchy, NetSpec, Mapping[str, Any]]


def _shapes(config: StudyConfig, request: DataRequest) -> Iterator[Shape]:
    """Yield hierarchy, network, setting, tree, shape and settings of everything to be trained."""
    labels = _labels(request)
    for name, choice in config.hierarchies.items():
        with naming(f"the hierarchy {name!r}"):
            tree = made_tree(config, choice, labels)
        for network, shape in config.networks.items():
            with naming(f"the network {network!r} over {name!r}"):
                spec = _spec(config, shape, tree)
            yield name, network, config.setting(name, network), tree, spec, shape.train
    star = Hierarchy.star(labels.ids)
    flat = NetSpec.load(config.found(config.flat.spec)) if config.flat.spec else NetSpec.flat()
    for width in config.flat.widths:
        with naming(f"the flat network of width {width}"):
            spec = flat.scaled(width)
        name = config.flat.called(width)
        yield FLAT, name, f"{FLAT} {name}", star, spec, config.flat.train


def _labels(request: DataRequest) -> LabelSet:
    """Return the labels of the pictures' classes, with what is known of them where they ship."""
    if request.data in shipped_names():
        labels = get_labels(request.data)
        return labels if not request.classes else labels.restrict(request.classes)
    return get_labels(request.pictures(32).classes)


def made_tree(config: StudyConfig, choice: HierarchyChoice, labels: LabelSet) -> Hierarchy:
    """Return the tree of a hierarchy over the labels, read or built.

    Raises:
        TaxonomyError: it cannot be read or built, or lacks a class.
    """
    if choice.tree:
        tree = get_tree(config.found(choice.tree))
        if set(tree.leaves) != set(labels.ids):
            tree = tree.restrict(labels.ids)
    else:
        needs = BUILDERS.get(choice.builder).needs_similarity
        if needs != bool(choice.source):
            word = "needs a" if needs else "reads no"
            raise TrainingError(f"The `builder` {choice.builder!r} {word} `source`.")
        options: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in choice.options.items()
        }
        tree = generate(labels, choice.source or "wordnet", choice.builder, **options).tree
    return to_levels(tree, choice.depths) if choice.depths else tree


def _spec(config: StudyConfig, choice: NetworkChoice, tree: Hierarchy) -> NetSpec:
    """Return the shape of a network over a tree, its levels scaled to the budget."""
    spec = NetSpec.load(config.found(choice.spec)) if choice.spec else NetSpec.recommended(tree)
    spec = spec.scaled(choice.width)
    return within(spec, tree, choice.macs) if choice.macs else spec


def within(spec: NetSpec, tree: Hierarchy, macs: float) -> NetSpec:
    """Return the shape with its levels as wide as a budget allows, its trunk as it is.

    Args:
        spec: with levels.
        tree: its hierarchy.
        macs: multiply-accumulates of the whole network, at most.

    Raises:
        SpecError: no levels, or the trunk alone takes more.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> spec = within(NetSpec.recommended(tree), tree, 4e6)
    >>> spec.levels[0].buckets[0].width, cost(spec, tree).macs
    (25, 3990276)
    """

    def at(factor: float) -> NetSpec:
        return replace(spec, levels=spec.scaled(factor).levels)

    if not spec.levels:
        raise SpecError("A network without levels has no widths to bring to `macs`; leave it out.")
    low, high = NARROWEST, 1 / NARROWEST
    if cost(at(low), tree).macs > macs:
        raise SpecError(f"`macs` is {macs:,.0f}, which the trunk alone exceeds; give more.")
    for _ in range(STEPS):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if cost(at(middle), tree).macs <= macs else (low, middle)
    return at(low)
