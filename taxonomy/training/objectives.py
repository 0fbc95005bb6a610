"""What a network is trained for: losses over leaves, nodes, subsets and a teacher, combinable.

All of them read the logits of the leaves. With L_0 the log-sum-exp of all logits of a picture,
L_d that of the classes below its class's ancestor at depth d, and L_D the logit of its class, the
step L_d - L_(d+1) is the cross-entropy of the right child given the right node, and every
hierarchical loss here is a weighted sum of these steps.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor, nn

from taxonomy._core.arrays import FloatArray, IntArray
from taxonomy._core.checked import check_options, check_range
from taxonomy._core.errors import TrainingError
from taxonomy.trees.hierarchy import Hierarchy

NOTHING = -1e30
"""The logit of a class that is left out; finite, so that no gradient becomes NaN."""


@dataclass(frozen=True)
class Objective:
    """The weight of each loss, 0 to leave it out, and their settings.

    Args:
        leaf: cross-entropy over all classes.
        label_smoothing: share of that loss's target spread over all classes, in [0, 1).
        clade: cross-entropy among the classes below the same node only, mean over the levels of
            the reference: what experts of whole clades are asked.
        subset: cross-entropy among a few classes drawn anew for every picture: what experts, which
            see only their own logits, are asked.
        subset_most: classes drawn, at most; the number is uniform from 2.
        subset_coherent: share of the drawn subsets that lie in one clade of the reference.
        inner: cross-entropy over the nodes of each level, mean over the levels.
        hierarchical: cross-entropy with each step of the path weighted by exp(-alpha * height)
            (Bertinetto et al. 2020).
        alpha: how fast that weight falls with the height of the node.
        soft: cross-entropy with targets spread by closeness in the reference, in proportion to
            exp(-beta * height of the lowest common ancestor, scaled to 1 at the root)
            (Bertinetto et al. 2020).
        beta: how narrow those targets are.
        distill: divergence from a teacher's softened answer over all classes (Hinton et al. 2015).
        distill_clade: the same among the classes below the same node, mean over the levels.
        temperature: that both are softened by; the divergence is multiplied by its square.
    """

    leaf: float = 1.0
    label_smoothing: float = 0.1
    clade: float = 0.0
    subset: float = 0.0
    subset_most: int = 10
    subset_coherent: float = 0.8
    inner: float = 0.0
    hierarchical: float = 0.0
    alpha: float = 0.5
    soft: float = 0.0
    beta: float = 10.0
    distill: float = 0.0
    distill_clade: float = 0.0
    temperature: float = 2.0

    def __post_init__(self) -> None:
        """Check types and ranges."""
        check_options(self, TrainingError)
        check_range(self, (field.name for field in fields(self)), 0, TrainingError)
        check_range(self, ["subset_coherent"], 0, TrainingError, 1)
        check_range(self, ["subset_most"], 2, TrainingError)
        if self.label_smoothing >= 1:
            raise TrainingError(
                f"`label_smoothing` is {self.label_smoothing}; give a share below 1."
            )
        if self.temperature == 0:
            raise TrainingError("`temperature` is 0; give a number above 0.")
        if not any(getattr(self, name) for name in TERMS):
            raise TrainingError(f"All losses have weight 0; give one: {', '.join(TERMS)}.")

    @property
    def needs_tree(self) -> bool:
        """Whether a loss reads a reference tree."""
        coherent = self.subset and self.subset_coherent
        others = (self.clade, self.inner, self.hierarchical, self.soft, self.distill_clade)
        return bool(coherent) or any(others)

    def taught(self) -> Objective:
        """Return the same objective with distillation, where it has none."""
        return self if self.needs_teacher else replace(self, distill=1.0)

    @property
    def needs_teacher(self) -> bool:
        """Whether a loss reads a teacher's logits."""
        return bool(self.distill or self.distill_clade)


TERMS = (*("leaf", "clade", "subset", "inner", "hierarchical", "soft", "distill", "distill_clade"),)
"""The weights of `Objective`."""


class Loss(nn.Module):
    """An objective as a plain module: logits and targets to the mean loss of a batch.

    Args:
        objective: the weights.
        reference: a tree over the classes; its levels are what the hierarchical losses see.

    Raises:
        TrainingError: a loss needs a tree with groups, and the reference has none.

    >>> tree = Hierarchy.from_nested([["cat", "dog"], ["bus", "car"]])
    >>> loss = Loss(Objective(leaf=0, clade=1), tree)
    >>> logits = torch.tensor([[0.0, 0.0, 9.0, 9.0]])  # bus, car, cat, dog
    >>> round(loss(logits, torch.tensor([0])).item(), 4)  # a coin flip among bus and car
    0.6931
    """

    def __init__(self, objective: Objective, reference: Hierarchy) -> None:
        super().__init__()
        self.objective = objective
        if objective.needs_tree and len(reference.nodes) < 2:
            raise TrainingError(
                "The objective has hierarchical losses, and the network's tree has no groups; "
                "name a tree to train with as `reference`, such as icons/wordnet."
            )
        ancestors, weights = ancestors_by_level(reference, objective.alpha)
        self.ancestors: Tensor
        self.weights: Tensor
        self.soft_targets: Tensor
        self.register_buffer("ancestors", torch.from_numpy(ancestors), persistent=False)
        self.register_buffer("weights", torch.from_numpy(weights).float(), persistent=False)
        soft = soft_targets(reference, objective.beta) if objective.soft else np.zeros((1, 1))
        self.register_buffer("soft_targets", torch.from_numpy(soft).float(), persistent=False)

    def forward(
        self,
        logits: Tensor,
        targets: Tensor,
        teacher: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Return the mean loss.

        Args:
            logits: (B, classes), in the order of sorted label ids.
            targets: (B,), columns of the logits.
            teacher: a teacher's logits of the same shape, for distillation.
            generator: draws the subsets; on the CPU.

        Raises:
            TrainingError: the objective distils and there is no teacher.
        """
        has = self.objective
        logits = logits.float()
        total = logits.new_zeros(())
        if has.leaf:
            entropy = nn.functional.cross_entropy(
                logits, targets, label_smoothing=has.label_smoothing
            )
            total = total + has.leaf * entropy
        if has.needs_tree or has.needs_teacher:
            inside = self.inside(targets)
            total = total + self._path_losses(logits, targets, inside)
            if has.needs_teacher:
                total = total + self._distillation(logits, teacher, inside)
        if has.subset:
            drawn = self.draw_subsets(targets, generator)
            sums = logits.masked_fill(~drawn, NOTHING).logsumexp(1)
            total = total + has.subset * (sums - _own(logits, targets)).mean()
        if has.soft:
            goal = self.soft_targets[targets]
            total = total + has.soft * nn.functional.cross_entropy(logits, goal)
        return total

    def inside(self, targets: Tensor) -> Tensor:
        """Return which classes share each level's node with the target: (levels, B, classes)."""
        return self.ancestors[:, targets, None] == self.ancestors[:, None, :]

    def draw_subsets(self, targets: Tensor, generator: torch.Generator | None) -> Tensor:
        """Draw a subset that holds the target for every picture: bool (B, classes).

        The number of classes is uniform from 2 to ``subset_most``. A coherent subset lies in the
        target's clade at a level drawn at random, and is no larger than it; the others are drawn
        from all classes.
        """
        batch, classes = len(targets), self.ancestors.shape[1]

        def uniform(*shape: int) -> Tensor:
            return torch.rand(shape, generator=generator).to(targets.device)

        order = uniform(batch, classes)
        sizes = 2 + (uniform(batch) * (self.objective.subset_most - 1)).long()
        if len(self.ancestors):
            level = (uniform(batch) * len(self.ancestors)).long()
            clade = self.inside(targets)[level, torch.arange(batch, device=targets.device)]
            coherent = uniform(batch) < self.objective.subset_coherent
            order = order.masked_fill(coherent[:, None] & ~clade, -1)
        order.scatter_(1, targets[:, None], 2)
        most = min(self.objective.subset_most, classes)
        least = order.topk(most, 1).values.gather(1, sizes.clamp(max=most)[:, None] - 1)
        return (order >= least) & (order >= 0)

    def _path_losses(self, logits: Tensor, targets: Tensor, inside: Tensor) -> Tensor:
        """Return the losses that are sums of the steps along the path."""
        has = self.objective
        if not has.clade + has.inner + has.hierarchical:
            return logits.new_zeros(())
        whole, own = logits.logsumexp(1), _own(logits, targets)
        sums = logits.expand_as(inside).masked_fill(~inside, NOTHING).logsumexp(2)
        clade, inner = (sums - own).mean(), (whole - sums).mean()
        steps = torch.cat([whole[None], sums]) - torch.cat([sums, own[None]])
        weighted = (steps * self.weights[:, targets]).sum(0).mean()
        return has.clade * clade + has.inner * inner + has.hierarchical * weighted

    def _distillation(self, logits: Tensor, teacher: Tensor | None, inside: Tensor) -> Tensor:
        if teacher is None:
            raise TrainingError("The objective distils; name a `teacher`, such as icons/flat.")
        has = self.objective
        total = logits.new_zeros(())
        if has.distill:
            total = total + has.distill * _divergence(logits, teacher, has.temperature)
        if has.distill_clade:
            left_out = ~inside
            total = total + has.distill_clade * _divergence(
                logits.expand_as(inside).masked_fill(left_out, NOTHING),
                teacher.expand_as(inside).masked_fill(left_out, NOTHING),
                has.temperature,
            )
        return total


def ancestors_by_level(reference: Hierarchy, alpha: float) -> tuple[IntArray, FloatArray]:
    """Return every class's entry at each depth below the root, and the weight of each step.

    A class that hangs higher than a level is its own entry there: it has no fellows, and its path
    takes no further step.

    Returns:
        Entries, shape (levels, classes), and the weight exp(-alpha * height) of each step, the
        height that of its lower end in edges, shape (levels + 1, classes).
    """
    levels = int(reference.depth[reference.nodes].max())
    entries = np.tile(reference.leaf_entries, (levels + 1, 1))
    for depth in range(levels, 0, -1):
        entry = entries[depth]
        entries[depth - 1] = np.where(
            reference.depth[entry] > depth, reference.parent[entry], entry
        )
    edges = np.zeros(len(reference))
    for entry in range(len(reference) - 1, 0, -1):
        above = reference.parent[entry]
        edges[above] = max(edges[above], edges[entry] + 1)
    return entries[:levels], np.exp(-alpha * edges[entries])


def soft_targets(reference: Hierarchy, beta: float) -> FloatArray:
    """Return one distribution a class, shape (classes, classes), rows sum to 1."""
    meet = reference.height[reference.lowest_common_ancestors]
    scores = np.exp(-beta * meet / max(float(reference.height[0]), 1e-12))
    goal: FloatArray = scores / scores.sum(1, keepdims=True)
    return goal


def _own(logits: Tensor, targets: Tensor) -> Tensor:
    return logits.gather(1, targets[:, None])[:, 0]


def _divergence(logits: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """Return the mean Kullback-Leibler divergence over the last dimension, times T squared."""
    student = nn.functional.log_softmax(logits / temperature, -1)
    goal = nn.functional.log_softmax(teacher.float() / temperature, -1)
    gap = (goal.exp() * (goal - student)).sum(-1).mean()
    return gap * temperature**2
