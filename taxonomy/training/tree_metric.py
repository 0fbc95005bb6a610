"""`TreeMetric`: scores on a tree as a metric of torchmetrics, for training loops of any kind."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from taxonomy._core.errors import DataError
from taxonomy._core.registry import require
from taxonomy._core.spelling import counted
from taxonomy.evaluation.hierarchical import paths_of
from taxonomy.formats import get_tree
from taxonomy.labels import check_classes
from taxonomy.trees.hierarchy import Hierarchy

require("torchmetrics")

from torchmetrics import Metric  # noqa: E402


class TreeMetric(Metric):
    """Error, mistake severity, hierarchical distance, overlap, and accuracy by depth.

    The numbers are those of `taxonomy.evaluation.score`. Whole numbers are counted, so that no sum
    loses digits, whatever the device, and processes are joined by adding them up.

    Args:
        tree: of the classes, a file or a shipped name of one.
        classes: the label id of every output, in their order [the tree's, sorted].
        top: how many of the best outputs distances look at; those beyond their number are left out.
        options: of `torchmetrics.Metric`, such as ``dist_sync_on_step``.

    Raises:
        DataError: fewer than one of the best outputs.
        LabelError: the tree lacks a class, or one comes twice.

    >>> metric = TreeMetric(Hierarchy.from_nested([["cat", "dog"], "car"]))  # car, cat, dog
    >>> logits = torch.tensor([[0.0, 1, 2], [2, 1, 0], [2, 1, 0]])  # dog, car, car
    >>> metric.update(logits, torch.tensor([1, 2, 0]))
    >>> {name: round(value.item(), 3) for name, value in list(metric.compute().items())[:3]}
    {'error': 0.667, 'mistake_severity': 1.5, 'hierarchical_distance': 1.0}
    """

    is_differentiable = False
    higher_is_better = None
    full_state_update = False
    meets: Tensor
    answers: Tensor
    truths: Tensor
    right: Tensor
    _paths: Tensor

    def __init__(
        self,
        tree: Hierarchy | str,
        classes: list[str] | tuple[str, ...] | None = None,
        top: tuple[int, ...] = (1, 5, 20),
        **options: Any,
    ) -> None:
        super().__init__(**options)
        tree = get_tree(tree)
        ids = tuple(tree.leaves if classes is None else classes)
        check_classes(ids, tree.leaves)
        if min(top, default=1) < 1:
            raise DataError(f"The best {min(top)} of the outputs cannot be looked at.")
        leaves = tree.leaf_entries[tree.positions(ids)]
        self.tops = tuple(sorted({1, *(each for each in top if each <= len(ids))}))
        self.tree, self.classes = tree, ids
        self._leaves = leaves
        self.register_buffer("_paths", torch.from_numpy(paths_of(tree, leaves)), persistent=False)
        zeros = {
            "meets": (len(self.tops), len(tree)),  # where the true class meets the best ones
            "answers": (len(ids),),
            "truths": (len(ids),),
            "right": (),
        }
        for name, shape in zeros.items():
            empty = torch.zeros(shape, dtype=torch.int64)
            self.add_state(name, default=empty, dist_reduce_fx="sum")

    def update(self, preds: Tensor, target: Tensor) -> None:
        """Count a batch.

        Args:
            preds: scores of any kind that rise with certainty, shape (samples, classes); or the
                best outputs themselves, shape (samples,), for which only ``top=1`` is scored.
            target: the true classes as numbers of outputs, shape (samples,).

        Raises:
            DataError: shapes that do not fit, scores that are not finite, or numbers that are no
                output.
        """
        ranking = self._ranking(preds, target)
        if len(target) and not 0 <= int(target.min()) <= int(target.max()) < len(self.classes):
            raise DataError(f"A target is none of the {len(self.classes)} outputs.")
        paths = self._paths
        true = paths[target][:, None, :]
        for i, top in enumerate(self.tops[: 1 if preds.ndim == 1 else None]):
            # Paths that have parted never join again, so the equal entries are the first ones.
            shared = (true == paths[ranking[:, :top]]).sum(2) - 1
            entries = true.expand(-1, shared.shape[1], -1).gather(2, shared[:, :, None])
            self.meets[i] += torch.bincount(entries.flatten(), minlength=len(self.tree))
        self.answers += torch.bincount(ranking[:, 0], minlength=len(self.classes))
        self.truths += torch.bincount(target, minlength=len(self.classes))
        self.right += (ranking[:, 0] == target).sum()

    def _ranking(self, preds: Tensor, target: Tensor) -> Tensor:
        """Return the best outputs, shape (samples, most that are looked at)."""
        if target.ndim != 1 or preds.shape[:1] != target.shape or preds.ndim not in (1, 2):
            raise DataError(
                f"Predictions of shape {tuple(preds.shape)} do not fit targets of shape "
                f"{tuple(target.shape)}."
            )
        if preds.ndim == 1:
            if len(preds) and not 0 <= int(preds.min()) <= int(preds.max()) < len(self.classes):
                raise DataError(f"A prediction is none of the {len(self.classes)} outputs.")
            return preds.long()[:, None]
        if preds.shape[1] != len(self.classes):
            raise DataError(
                f"{counted(preds.shape[1], 'output')} for {counted(len(self.classes), 'class')}."
            )
        if not torch.isfinite(preds).all():
            raise DataError("The predictions hold NaN or infinity; the network has diverged.")
        # Stable, so that the first output wins among equals, as everywhere here.
        order = preds.argsort(dim=1, descending=True, stable=True)
        return order[:, : self.tops[-1]]

    def compute(self) -> dict[str, Tensor]:
        """Return the scores by name, as float64 where the device has it; NaN of nothing.

        ``error``, ``mistake_severity``, ``hierarchical_distance`` and that ``_at_k``,
        ``hierarchical_precision``, ``_recall`` and ``_f1``, and ``accuracy_at_depth_d``.
        """
        number = torch.float32 if self.meets.device.type == "mps" else torch.float64

        def tensor(values: Any) -> Tensor:
            return torch.as_tensor(values, dtype=number, device=self.meets.device)

        depth, total = tensor(self.tree.depth), tensor(self.truths.sum())
        meets = tensor(self.meets)
        # Equal classes meet at their leaf, which counts as no height even if it was merged at one.
        height = tensor(self.tree.height * ~self.tree.is_leaf)
        lost = meets @ height
        shared = (meets[0] * depth).sum()
        own = depth[torch.as_tensor(self._leaves, device=depth.device)]
        said, true = (tensor(self.answers) * own).sum(), (tensor(self.truths) * own).sum()
        wrong = total - tensor(self.right)
        scores = {
            "error": wrong / total,
            "mistake_severity": lost[0] / wrong,
            "hierarchical_distance": lost[0] / total,
        }
        for i, top in enumerate(self.tops[1:], start=1):
            scores[f"hierarchical_distance_at_{top}"] = lost[i] / meets[i].sum()
        scores["hierarchical_precision"] = shared / said
        scores["hierarchical_recall"] = shared / true
        scores["hierarchical_f1"] = 2 * shared / (said + true)
        leaf = torch.as_tensor(self.tree.is_leaf, device=depth.device)
        for each in range(1, self._paths.shape[1]):
            right = meets[0][leaf | (depth >= each)].sum()
            scores[f"accuracy_at_depth_{each}"] = right / total
        return scores
