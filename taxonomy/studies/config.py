"""`StudyConfig`: what a study compares, as its file says it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.errors import FileFormatError, TrainingError, naming, shown
from taxonomy.data import DATASETS
from taxonomy.labels import shipped_names

FLAT = "flat"
"""What the masked flat family is called; no hierarchy may be."""

SURE = 0.05
"""Below this p-value, corrected for all comparisons, a difference is told from chance."""

_NAME = re.compile(r"[^\W_][\w .-]{0,59}")
_SPLITS = ("val", "test")


@dataclass(frozen=True)
class HierarchyChoice:
    """One hierarchy that is compared: a tree that is there, or how to build one.

    Args:
        tree: a tree file, a run's folder, or a shipped tree; empty to build one.
        builder: what builds it otherwise, such as ``cluster``.
        source: what scores similarities for that, such as ``wordnet``.
        options: of builder and source, such as ``{ levels = [24], slack = 2.0 }``.
        depths: the depths whose nodes are kept as levels, every leaf below exactly these; empty to
            leave the tree as it is.
        family: what knows of it: a reference of the same family flatters the hierarchy.
    """

    tree: str = ""
    builder: str = "cluster"
    source: str = ""
    options: dict[str, io.Json] = field(default_factory=dict)
    depths: tuple[int, ...] = ()
    family: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that there is one way to the tree."""
        if self.tree and (self.source or self.options):
            raise TrainingError(
                "A hierarchy is a `tree` that is there or is built by `source` and `options`; "
                "leave out one of them."
            )


@dataclass(frozen=True)
class NetworkChoice:
    """One shape of network that every hierarchy gets.

    Args:
        spec: a file; empty for the recommended one of the tree.
        width: factor on all widths.
        macs: multiply-accumulates of the whole network; the widths of its levels are scaled to the
            most within it, so that trees of any number of nodes get equal budgets; 0 for no budget.
        train: settings that differ from the study's, by name.
    """

    spec: str = ""
    width: float = 1.0
    macs: float = 0.0
    train: dict[str, io.Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the budget."""
        if not 0 <= self.macs < inf:
            raise TrainingError(
                f"`macs` is {self.macs}; give the multiply-accumulates of the whole network, such "
                "as 13.4e6, or 0 for no budget."
            )


@dataclass(frozen=True)
class FlatFamily:
    """The flat networks that every curve is drawn beside, masked to each task's classes.

    Args:
        widths: factors on the widths of the flat network; empty for no family.
        spec: a flat network's file; empty for the usual one.
        train: settings that differ from the study's, by name.
    """

    widths: tuple[float, ...] = (0.25, 0.35, 0.6)
    spec: str = ""
    train: dict[str, io.Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check that the widths tell the networks apart."""
        if len({self.called(width) for width in self.widths}) < len(self.widths):
            raise TrainingError(f"`widths` are {self.widths}; give each once.")

    @staticmethod
    def called(width: float) -> str:
        """Return what the network of a width is called.

        >>> FlatFamily.called(0.5)
        '0.5x'
        """
        return f"{width:g}x"


@dataclass(frozen=True)
class StudyConfig:
    """What a study compares: hierarchies × networks × seeds, beside a masked flat family.

    Args:
        data: a data set's name, a folder of class folders, or a request with options
            (`taxonomy.data.DataRequest`).
        hierarchies: by name.
        networks: by name; one recommended network where left out.
        flat: the flat family.
        seeds: of initialisation, order and augmentation, the same for every network.
        tasks: a task list's name or file; the shipped one over the same classes where left out.
        references: the family of each tree that tasks were drawn from.
        train: the recipe: fields of `TrainConfig`, `Augment` and `Objective`.
        teacher: a trained network that losses distil from.
        reference: a tree that hierarchical losses of all networks read; each its own where left
            out.
        threads: with which every cell computes; exact bits depend on it.
        device: to train on.
        split: that is scored; ``test`` once, when everything is chosen.
        size: classes of the tasks in headline and figure.
        resamples: of designers, seeds and tasks, for the intervals.
        verify: tasks whose experts are really extracted and compared with the stored predictions.
        folder: that paths are relative to, itself relative to the file's own; where there is no
            file, to the one in which the study is started.

    Raises:
        TrainingError: a name that cannot be one, or a value out of range.

    >>> StudyConfig(data="icons", hierarchies={"llm": HierarchyChoice("icons/llm-rows-24")}).seeds
    (0,)
    """

    data: str | dict[str, io.Json]
    hierarchies: dict[str, HierarchyChoice]
    networks: dict[str, NetworkChoice] = field(
        default_factory=lambda: {"recommended": NetworkChoice()}
    )
    flat: FlatFamily = field(default_factory=FlatFamily)
    seeds: tuple[int, ...] = (0,)
    tasks: str = ""
    references: dict[str, str] = field(default_factory=dict)
    train: dict[str, io.Json] = field(default_factory=dict)
    teacher: str = ""
    reference: str = ""
    threads: int = 1
    device: str = "cpu"
    split: str = "val"
    size: int = 5
    resamples: int = 10_000
    verify: int = 20
    folder: str = ""

    def __post_init__(self) -> None:
        """Check names and ranges."""
        check_options(self, TrainingError)
        for name in (*self.hierarchies, *self.networks):
            if not _NAME.fullmatch(name) or name.split()[0] == FLAT:
                raise TrainingError(
                    f"{shown(name)} cannot name a hierarchy or a network; take up to 60 letters, "
                    f"digits, dots, dashes, underscores and spaces, and not {FLAT!r}."
                )
        if not self.hierarchies or not self.networks or not self.seeds:
            raise TrainingError("A study needs at least one hierarchy, network and seed.")
        if len(set(self.seeds)) < len(self.seeds):
            raise TrainingError(f"`seeds` are {self.seeds}; give each once.")
        if self.split not in _SPLITS:
            raise TrainingError(f"`split` is {self.split!r}; choose from: {', '.join(_SPLITS)}.")
        for name, least in (("threads", 1), ("size", 2), ("resamples", 100), ("verify", 0)):
            if getattr(self, name) < least:
                raise TrainingError(f"`{name}` is {getattr(self, name)}; give at least {least}.")

        settings = len(self.hierarchies) * len(self.networks)
        least = round(2 * settings * (settings + 1) / 2 / SURE)
        if self.resamples < least:
            raise TrainingError(
                f"`resamples` is {self.resamples}; {settings} settings make so many comparisons "
                f"that none could count with fewer than {least}."
            )

    @classmethod
    def load(cls, path: Path | str) -> StudyConfig:
        """Read a study's file, TOML or the JSON that `to_dict` gives.

        Raises:
            FileFormatError: the file is missing, or is no TOML.
            TrainingError: an unknown field, or a value of another kind or out of range.
        """
        text = io.read_text(path)
        if Path(path).suffix == ".json":
            content = parse_json(text, path)
        else:
            try:
                content = tomllib.loads(text)
            except tomllib.TOMLDecodeError as error:
                raise FileFormatError(f"{path}: no valid TOML ({error}).") from error
        made = decode(cls, _with_lists(content), path, TrainingError)
        return replace(made, folder=str(Path(path).absolute().parent / made.folder))

    def to_dict(self) -> dict[str, io.Json]:
        """Return plain JSON values."""
        return asdict(self)

    def found(self, name: str) -> str:
        """Return a name, or the path from the study's folder where something lies there.

        Raises:
            TrainingError: it is a path from the folder in which the study happens to be started.
        """
        beside = Path(self.folder) / name
        if not name or not self.folder:
            return name
        if beside.exists():
            return str(beside)
        known = {*shipped_names(), *DATASETS.names()}
        if name.partition("/")[0] not in known and Path(name).exists():
            raise TrainingError(
                f"{shown(name)} is not in the study's folder, {self.folder}, but in the one that "
                "you are in; give the path from the study's, or the whole path."
            )
        return name

    def setting(self, hierarchy: str, network: str) -> str:
        """Return what a network over a hierarchy is called."""
        return hierarchy if len(self.networks) == 1 else f"{hierarchy}, {network}"


def _with_lists(content: Any) -> Any:
    """Return the content with every family as a list, where the file gives a single one."""
    if not isinstance(content, Mapping) or not isinstance(content.get("hierarchies"), Mapping):
        return content
    made = {
        name: {**choice, "family": [choice["family"]]}
        if isinstance(choice, Mapping) and isinstance(choice.get("family"), str)
        else choice
        for name, choice in content["hierarchies"].items()
    }
    return {**content, "hierarchies": made}


def check_references(config: StudyConfig, references: set[str], where: str) -> None:
    """Check that the family of every tree that tasks were drawn from is known.

    Raises:
        TrainingError: one is missing; headlines could not leave out who is of its family.
    """
    with naming(where, TrainingError):
        for name in sorted(references - {"", *config.references}):
            raise TrainingError(
                f"The tasks drawn from {name!r} favour hierarchies of its family; say which that "
                f'is in `references`, such as {name} = "{name}".'
            )
