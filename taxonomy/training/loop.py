"""The training loop, in one place, the same for flat and for tree networks."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from taxonomy._core import io
from taxonomy._core.arrays import IntArray
from taxonomy._core.errors import TrainingError
from taxonomy._core.progress import Progress, track
from taxonomy._core.sharing import clear_temporaries
from taxonomy.data import Pictures, check_resolution
from taxonomy.nets import HierarchicalNet
from taxonomy.nets.hierarchical import weights_digest
from taxonomy.nets.layers import folded, set_drop_path
from taxonomy.nets.widths import Slimmable, check_widths
from taxonomy.training import distribution
from taxonomy.training.augment import augmented
from taxonomy.training.average import Average
from taxonomy.training.checkpoint import Place, load_checkpoint, save_checkpoint
from taxonomy.training.config import TrainConfig, one_cycle, uses_bf16
from taxonomy.training.objectives import Loss
from taxonomy.training.scoring import check_same_classes, predictions_on
from taxonomy.training.views import Views
from taxonomy.trees.hierarchy import Hierarchy

log = logging.getLogger(__name__)
Report = Callable[[dict[str, io.Json]], None]


def check_trainable(
    net: HierarchicalNet,
    data: Pictures,
    config: TrainConfig,
    reference: Hierarchy,
    teacher: HierarchicalNet | None,
) -> None:
    """Check all that can be known before a training starts.

    Raises:
        DataError: the data lacks a split, or its pictures have another size than the network's.
        TrainingError: classes differ, an objective lacks its tree or teacher, or the batches are
            too small for the processes.
        SpecError: the network has no such widths.
    """
    check_same_classes(net, data)
    if teacher is not None:
        check_same_classes(teacher, data, "teacher")
    if reference.leaves != net.classes:
        raise TrainingError("The reference tree has other classes than the network.")
    if config.objective.needs_teacher and teacher is None:
        raise TrainingError("The objective distils; name a `teacher`, such as icons/flat.")
    check_resolution(data, net.spec.resolution, "the data")
    Loss(config.objective, reference)
    check_widths(net, config.narrower)
    batches(len(data.part("train")), config.batch_size, 2 * distribution.world_size())
    data.part("val")


def fit(
    net: HierarchicalNet,
    data: Pictures,
    config: TrainConfig,
    checkpoint: Path | None = None,
    report: Report | None = None,
    progress: bool = True,
    reference: Hierarchy | None = None,
    teacher: HierarchicalNet | None = None,
) -> None:
    """Train a network in place.

    With a checkpoint path the state after every epoch is kept there; a run that was stopped
    continues from it and, with the same threads, ends with the same weights. Started by
    ``torchrun`` every process takes its share of each step.

    Args:
        net: freshly built, with the classes of the data.
        data: its splits ``train`` and ``val`` are used.
        config: how to train.
        checkpoint: file to keep and continue from.
        report: called with each epoch's metrics.
        progress: whether to show how far the training is.
        reference: the tree that hierarchical losses read; the network's own where none is given.
        teacher: a trained network with the same classes, for distillation.

    Raises:
        DataError: see `check_trainable`.
        TrainingError: see there; or the checkpoint is of another run, the loss is NaN, or another
            process of the run was lost.
    """
    reference = reference or net.hierarchy
    check_trainable(net, data, config, reference, teacher)
    # Whatever file it was read from, it is another network now.
    net.source, net.narrower = None, {}
    training = Training(net, data, config, reference, teacher)
    key = io.digest(
        [
            *(config.to_dict(), net.spec.digest, net.hierarchy.digest, data.digest),
            *(reference.digest, None if teacher is None else weights_digest(teacher)),
        ]
    )
    place = Place()
    if checkpoint:
        if distribution.is_first():
            clear_temporaries(checkpoint.parent)
        place = load_checkpoint(checkpoint, training.state, key)

    def keep(now: Place) -> None:
        if checkpoint and distribution.is_first():
            save_checkpoint(checkpoint, training.state, now, key)

    steps = training.steps_an_epoch
    total, done = config.epochs * steps, place.epoch * steps + place.step
    size = len(training.part)
    shown = progress and distribution.is_first()
    with track(
        "training", "pictures", total * size // steps, done * size // steps, shown=shown
    ) as bar:
        while place.epoch < config.epochs and not training.is_over(place):
            started = time.perf_counter() - place.seconds
            loss = training.epoch(place, keep, bar)
            accuracy = training.validate(place)
            seconds = time.perf_counter() - started
            bar.line(
                f"epoch {place.epoch} of {config.epochs}, loss {loss:.3f}, "
                f"validation {accuracy:.1%}, {seconds:.0f} s"
            )
            if report and distribution.is_first():
                facts = {"epoch": place.epoch, "loss": loss, "val_accuracy": accuracy}
                report(facts | {"seconds": seconds, "images_per_second": size / seconds})
            keep(place)  # last: an epoch whose report was lost is done and reported again
    training.finish(place)


class Training:
    """What one training holds: network, optimiser, averages, loss and the training pictures.

    ``state`` names every tensor that a checkpoint keeps.
    """

    def __init__(
        self,
        net: HierarchicalNet,
        data: Pictures,
        config: TrainConfig,
        reference: Hierarchy,
        teacher: HierarchicalNet | None,
    ) -> None:
        self.net, self.config = net, config
        self.device = next(net.parameters()).device
        self.part, self.validation = data.part("train"), data.part("val")
        self._slices = batches(len(self.part), config.batch_size, 2 * distribution.world_size())
        nn.Module.to(net, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.loss = Loss(config.objective, reference).to(self.device)
        self.narrow_loss = Loss(config.objective.taught(), reference).to(self.device)
        self.teacher = None
        if config.objective.needs_teacher and teacher is not None:
            self.teacher = folded(teacher.to(self.device))
            nn.Module.to(self.teacher, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.bf16 = uses_bf16(config, self.device)
        self.views: Views | None = None
        if config.views:
            digest = weights_digest(teacher) if self.teacher and teacher else ""
            self.views = Views(
                self.part, config.augment, config.views, self.teacher, digest, self.bf16
            )
        net.trunk.requires_grad_(not config.freeze_trunk)
        self.slimmable = Slimmable(net, config.narrower) if config.narrower else None
        self.model: nn.Module = self.slimmable or net
        self.optimizer = make_optimizer(self.model, config)
        self.average = Average(self.model, config.ema) if config.ema else None
        self.best = Average(self.model, 0) if config.patience else None
        set_drop_path(self.model, config.drop_path)
        whole = len(config.drawn(0, 0)) == len(config.narrower)
        self.parallel: nn.Module = distribution.wrap(self.model, whole)
        self.compiled: Callable[..., Any] = self.parallel
        if config.compile:
            self.compiled = torch.compile(self.parallel, dynamic=False)
        # Parts of a full step are compiled; the shorter last step of an epoch is not worth it.
        self.full_part = math.ceil(
            math.ceil(config.batch_size / distribution.world_size()) / config.accumulate
        )

    @property
    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: modules and optimisers by name."""
        parts = {"net": self.model, "optimizer": self.optimizer}
        return parts | {
            name: average.state
            for name, average in (("average", self.average), ("best", self.best))
            if average is not None
        }

    @property
    def steps_an_epoch(self) -> int:
        """Steps a pass over the training pictures takes."""
        return len(self._slices)

    def epoch(self, place: Place, keep: Callable[[Place], None], bar: Progress) -> float:
        """Train on the pictures that are left of an epoch, in an order drawn from seed and epoch.

        Everything random in a step is drawn anew from seed, epoch, step and process, so that a
        checkpoint needs to hold no generator.

        Returns:
            The mean loss of the epoch's steps.

        Raises:
            TrainingError: the loss is NaN or infinite, or another process was lost.
        """
        config = self.config
        self.model.train()
        if config.freeze_trunk:
            self.net.trunk.eval()
        set_drop_path(self.model, config.drop_path)
        order = np.random.default_rng([config.seed, place.epoch]).permutation(len(self.part))
        steps = self.steps_an_epoch
        started = time.perf_counter() - place.seconds
        while place.step < steps:
            share = (place.epoch + place.step / steps) / config.epochs
            for group in self.optimizer.param_groups:
                group["lr"] = config.learning_rate * one_cycle(share, config.warmup)
            rows = order[self._slices[place.step]]
            with distribution.explain_lost_workers():
                loss = self.step(rows, place)
            if not math.isfinite(loss):
                raise TrainingError(
                    f"The loss is {loss} at epoch {place.epoch + 1}, step {place.step + 1}; "
                    "lower the `learning_rate` and train into another folder. "
                    "The last checkpoint is kept."
                )
            place.step += 1
            place.loss_sum += loss * len(rows)
            bar.note = self._so_far(place, loss)
            bar.update(len(rows))
            every = config.checkpoint_steps
            if every and place.step % every == 0 and place.step < steps:
                place.seconds = time.perf_counter() - started
                keep(place)
        loss = place.loss_sum / int(self._slices[-1].stop)
        place.epoch, place.step, place.loss_sum, place.seconds = place.epoch + 1, 0, 0.0, 0.0
        return loss

    def step(self, rows: IntArray, place: Place) -> float:
        """Take one step on the given pictures, this process's share of them in parts."""
        config = self.config
        mine = rows[distribution.rank() :: distribution.world_size()]
        seeds = np.random.default_rng([config.seed, place.epoch, place.step, distribution.rank()])
        generator = torch.Generator().manual_seed(int(seeds.integers(2**63)))
        self.optimizer.zero_grad(set_to_none=True)
        loss_sum = torch.zeros((), device=self.device)
        # A part has at least two pictures, which batch normalisation needs.
        parts = np.array_split(mine, max(1, min(config.accumulate, len(mine) // 2)))
        with self._seeded(int(seeds.integers(2**63))):
            for i, part in enumerate(parts):
                last = i == len(parts) - 1
                with nullcontext() if last else distribution.no_sync(self.parallel):
                    # Processes are averaged, so a process's loss counts by its share of the step.
                    weight = len(part) * distribution.world_size() / len(rows)
                    loss = weight * self.loss_of(part, place, generator)
                    loss.backward()  # type: ignore[no-untyped-call]
                loss_sum += loss.detach()
        self.optimizer.step()
        distribution.share_buffers(self.model)
        if self.average is not None:
            self.average.update(self.model, place.epoch * self.steps_an_epoch + place.step)
        return distribution.mean(loss_sum)

    @contextmanager
    def _seeded(self, seed: int) -> Iterator[None]:
        """Seed torch's global generators for stochastic depth; the caller's state comes back."""
        if not self.config.drop_path:
            yield
            return
        cards = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(cards):
            torch.manual_seed(seed)
            yield

    def loss_of(self, rows: IntArray, place: Place, generator: torch.Generator) -> Tensor:
        """Return the mean loss of some training pictures, augmented; over widths, their mean."""
        targets = torch.from_numpy(self.part.targets[rows]).to(self.device)
        taught: Tensor | None = None
        if self.views is not None:
            view = place.epoch % self.views.number
            inputs, taught = self.views.read(view, rows, self.device)
        else:
            images = torch.from_numpy(self.part.images[rows]).to(self.device)
            inputs = augmented(images, self.config.augment, generator)
        other = 0.0  # share of another picture that each is blended with
        if self.config.mixup:
            chance, share = torch.rand(2, generator=generator).tolist()
            other = share if chance < self.config.mixup else 0.0
        if other:
            inputs = torch.lerp(inputs, inputs.roll(1, 0), other)
        narrower = self.config.drawn(place.epoch, place.step)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
            forward = self.compiled if len(rows) == self.full_part else self.parallel
            logits, *narrow = forward(inputs, narrower) if narrower else (forward(inputs),)
            if self.teacher is not None and self.views is None:
                with torch.no_grad():
                    taught = self.teacher(inputs).float()

        def blended(loss: Loss, logits: Tensor, taught: Tensor | None, apart: bool) -> Tensor:
            whole: Tensor = loss(logits, targets, taught, generator)
            if not other:
                return whole
            if apart and taught is not None:
                taught = taught.roll(1, 0)  # a kept answer is about one picture alone
            others = loss(logits, targets.roll(1, 0), taught, generator)
            return torch.lerp(whole, others, other)

        total = blended(self.loss, logits, taught, self.views is not None)
        goal = logits.detach()  # what the full width answers about the blend
        for answer in narrow:
            total = total + blended(self.narrow_loss, answer, goal, apart=False)
        return total / (1 + len(narrow)) if narrow else total

    def validate(self, place: Place) -> float:
        """Return the validation accuracy, and remember the best weights.

        It is computed as in training, in bf16 where steps are, with normalisations folded away: a
        third of the time, and the answers differ by rounding.
        """
        with self._averaged():
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bf16):
                accuracy = predictions_on(folded(self.net), self.validation).accuracy()
            if accuracy > place.best_accuracy:
                place.best_accuracy, place.best_epoch = accuracy, place.epoch
                if self.best is not None:
                    self.best.copy_from(self.model)
        return accuracy

    def is_over(self, place: Place) -> bool:
        """Return whether validation has not improved for longer than the patience."""
        patience = self.config.patience
        return bool(patience) and place.epoch - place.best_epoch >= patience

    def finish(self, place: Place) -> None:
        """Leave the network with the weights that the configuration wants, in evaluation mode."""
        if self.best is not None and place.best_epoch:
            self.best.copy_to(self.model)
        elif self.average is not None:
            self.average.copy_to(self.model)
        if self.slimmable is not None:
            self.slimmable.store()
        set_drop_path(self.net, 0.0)
        self.net.trunk.requires_grad_(True)
        self.net.eval()

    @staticmethod
    def _so_far(place: Place, loss: float) -> str:
        """Return what the bar shows beside speed and time left."""
        best = f", best validation {place.best_accuracy:.1%}" if place.best_epoch else ""
        return f"epoch {place.epoch + 1}, loss {loss:.3f}{best}"

    def _averaged(self) -> Any:
        return nullcontext() if self.average is None else self.average.lent_to(self.model)


def make_optimizer(net: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """Return AdamW that decays convolutions and heads, but no normalisation and no bias."""
    learned = [p for p in net.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learned if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in learned if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)


def batches(n: int, size: int, least: int = 2) -> list[slice]:
    """Return the places of each step's pictures in an epoch's order.

    A last step of fewer than ``least`` pictures is left out: batch normalisation needs two a
    process.

    Raises:
        TrainingError: the batch size is smaller, or there are too few pictures for one step.

    >>> batches(7, 3)
    [slice(0, 3, None), slice(3, 6, None)]
    """
    if size < least or n < least:
        raise TrainingError(
            f"{n} training pictures in batches of {size} cannot be shared so that every process "
            f"gets two; that needs at least {least} of both."
        )
    return [slice(i, min(i + size, n)) for i in range(0, n, size) if n - i >= least]
