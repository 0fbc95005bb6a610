"""The numbers of one network's experts, from what the page holds of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from taxonomy._core import io
from taxonomy._core.arrays import BoolArray, IntArray
from taxonomy._core.errors import ExportError
from taxonomy.design.costs import entry_costs
from taxonomy.evaluation.experts import HasPredictions
from taxonomy.explorer.answers import Answers
from taxonomy.explorer.timing import Timing
from taxonomy.export.figures import wilson
from taxonomy.export.sizes import entry_bytes
from taxonomy.trees.hierarchy import Hierarchy
from taxonomy.trees.naming import called

WEIGHT = (4, 1)
"""Bytes of a weight: in floats, in int8."""
MOST_CALLED = 2000
"""Classes up to which a node without a name is called by its medoid, which takes their square."""


class Figures(NamedTuple):
    """What the explorer shows of one expert.

    Args:
        params: parameters.
        macs: multiply-accumulates of one picture.
        nodes: inner nodes of its tree, the trunk included.
        float_bytes: of its ONNX file, predicted; None for a network that is not exported.
        int8_bytes: the same in int8.
        ms: estimated time of one picture; None where the network was not timed.
        pictures: of its classes, in the split.
        right: how many of them it tells.
        accuracy: top-1 among its classes, in [0, 1]; NaN without a picture.
        low: lower end of the 95 % interval (Wilson's, pictures counting as independent).
        high: upper end.
    """

    params: int
    macs: int
    nodes: int
    float_bytes: int | None
    int8_bytes: int | None
    ms: float | None
    pictures: int
    right: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Network:
    """One network as the page holds it: its tree, what every entry costs, and its answers.

    Args:
        content: JSON values, as `of` makes them.
        classes: how many the page has.
    """

    content: Mapping[str, io.Json]
    classes: int

    @classmethod
    def of(
        cls,
        name: str,
        source: str,
        net: HasPredictions,
        timing: Timing | None,
        width: float = 1.0,
    ) -> Network:
        """Return a network's part of the page.

        Args:
            name: shown.
            source: by which commands know it.
            net: its shape, and its predictions on the split that is shown.
            timing: how long its experts take, where that was measured.
            width: the share of its channels that is meant.
        """
        tree, predictions = net.hierarchy, net.predictions
        params, macs = entry_costs(net.spec, tree)
        column = {label: i for i, label in enumerate(tree.leaves)}
        content: dict[str, io.Json] = {
            "name": name,
            "source": source,
            "width": width,
            "parent": tree.parent.tolist(),
            "leaf": [-1 if label is None else column[label] for label in tree.leaf],
            "names": _names(tree),
            "params": params.tolist(),
            "macs": macs.tolist(),
            "bytes": None,
            "timing": None if timing is None else timing.to_dict(),
            "pictures": io.array_digest(predictions.targets, np.asarray(predictions.groups, "U")),
            "answers": Answers.of(predictions).to_text(),
        }
        try:
            sizes = entry_bytes(net.spec, tree)
        except ExportError:  # a pretrained backbone, which is not exported
            return cls(content, len(tree.leaves))
        content["bytes"] = {key: array.tolist() for key, array in sizes._asdict().items()}
        return cls(content, len(tree.leaves))

    @cached_property
    def parent(self) -> IntArray:
        """Per entry its parent's; -1 for the root."""
        return np.array(self.content["parent"], dtype=np.int64)

    @cached_property
    def leaf(self) -> IntArray:
        """Per entry the column of its class; -1 for a node."""
        return np.array(self.content["leaf"], dtype=np.int64)

    @cached_property
    def answers(self) -> Answers:
        """Its answers to the split's pictures."""
        return Answers.from_text(self.content["answers"], self.classes)

    @cached_property
    def _depth(self) -> IntArray:
        depth = np.zeros(len(self.parent), dtype=np.int64)
        for entry in range(1, len(depth)):  # preorder: parents come first
            depth[entry] = depth[self.parent[entry]] + 1
        return depth

    @cached_property
    def _entry(self) -> IntArray:
        """The entry of each class."""
        entries = np.flatnonzero(self.leaf >= 0)
        found = np.full(self.classes, -1)
        found[self.leaf[entries]] = entries
        return found

    def kept(self, columns: Iterable[int]) -> BoolArray:
        """Return which entries an expert keeps: those on the paths of its classes."""
        kept = np.zeros(len(self.parent), dtype=bool)
        kept[0] = True
        for entry in self._entry[list(columns)].tolist():
            at = entry
            while not kept[at]:
                kept[at] = True
                at = int(self.parent[at])
        return kept

    def ask(self, columns: Iterable[int]) -> Figures:
        """Return the numbers of the expert of some classes.

        Args:
            columns: of the classes, at least one.
        """
        columns = sorted(columns)
        kept = self.kept(columns)
        macs = int(np.array(self.content["macs"])[kept].sum())
        nodes = int((kept & (self.leaf < 0)).sum())
        floats, whole = self._bytes(kept, len(columns))
        timing = self.content["timing"]
        asked, right = self.answers.right(columns)
        pictures, told = int(asked.sum()), int(right.sum())
        low, high = wilson(told, pictures) if pictures else (float("nan"), float("nan"))
        return Figures(
            params=int(np.array(self.content["params"])[kept].sum()),
            macs=macs,
            nodes=nodes,
            float_bytes=floats,
            int8_bytes=whole,
            ms=None if timing is None else Timing(**timing).estimate(macs, nodes),
            pictures=pictures,
            right=told,
            accuracy=told / pictures if pictures else float("nan"),
            low=low,
            high=high,
        )

    def _bytes(self, kept: BoolArray, classes: int) -> tuple[int, int] | tuple[None, None]:
        """Return an expert's bytes in floats and in int8; None of a network that is not exported.

        The sums are those that `taxonomy.export.sizes.EntryBytes` explains.
        """
        if (sizes := self.content["bytes"]) is None:
            return None, None
        entries, reads, opened, ends, more, ended = map(np.array, sizes.values())
        inner = kept & (self.leaf < 0)
        holding = np.zeros(len(kept), dtype=bool)
        holding[self.parent[kept & (self.leaf >= 0)]] = True
        above = np.zeros(len(kept), dtype=bool)
        above[self.parent[inner]] = True
        ending = inner & ~above & (more > 0) & (classes < reads)
        channels = int(reads[holding].sum() + more[ending].sum())
        depths, less = np.unique(self._depth[inner]), np.unique(self._depth[ending])
        floats, whole = (
            int(entries[i, kept].sum() + opened[i, depths].sum())
            - int(ends[i, ending].sum() + ended[i, less].sum())
            + classes * channels * WEIGHT[i]
            for i in range(2)
        )
        return floats, whole


def _names(tree: Hierarchy) -> dict[str, str]:
    """Return what the nodes below the root are called, by entry."""
    if len(tree.leaves) <= MOST_CALLED:
        return {str(node): name for node, name in called(tree).items() if node}
    counts, names = tree.leaf_counts, {}
    leaves = np.flatnonzero(tree.is_leaf)
    firsts = leaves[np.searchsorted(leaves, tree.nodes)]
    for node, first in zip(tree.nodes[1:].tolist(), firsts[1:].tolist(), strict=True):
        more = f" and {counts[node] - 1} more" if counts[node] > 1 else ""
        names[str(node)] = tree.name[node] or f"{tree.leaf[first]}{more}"
    return names
