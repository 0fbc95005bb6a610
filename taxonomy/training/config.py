"""How a network is trained: the settings, the schedule of the learning rate, the precision."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import torch

from taxonomy._core import io
from taxonomy._core.checked import check_options
from taxonomy._core.decoding import decode
from taxonomy._core.errors import TrainingError
from taxonomy.design.blocks import check_width
from taxonomy.training.augment import Augment
from taxonomy.training.objectives import Objective

DRAWN = 2
"""Narrower widths of a step beside the narrowest, as in Yu and Huang 2019 (arXiv 1903.05134)."""

Precision = Literal["auto", "bf16", "fp32"]


@dataclass(frozen=True)
class TrainConfig:
    """How a network is trained.

    Args:
        epochs: passes over the training split.
        batch_size: pictures a step, over all processes and accumulated parts together.
        accumulate: parts that a process takes its share of a step in, to save memory.
        learning_rate: the highest, reached after the warm-up.
        weight_decay: of AdamW, on convolutions and heads only.
        warmup: share of the steps in which the rate rises.
        ema: decay per step of the exponential moving average of the weights, which is kept as the
            network; 0 keeps the last weights.
        drop_path: rate at which every residual block is skipped for a picture (stochastic depth).
        mixup: share of the steps whose pictures are each blended with another, with targets blended
            by the same ratio, uniform from 0 to 1 (Zhang et al. 2018); a teacher answers about the
            blend (Beyer et al. 2022) or, with views, about both pictures.
        views: variations of every training picture that are made once, with the teacher's answers,
            and kept in the folder of caches for all trainings with the same teacher and
            augmentation, a different one each epoch; 0 for fresh ones in every step. Thin students
            of a large teacher train in about two thirds of the time; 40 views of 10,000 pictures of
            32 pixels take 1.4 GB.
        widths: shares of the channels, such as 0.25, 0.5 and 0.75, whose network is trained too, so
            that experts can be cut to them (Yu and Huang 2019): every step trains the full width,
            the narrowest and two of the others, and the narrower ones learn from what the full one
            answers, too. With these three a step takes about three times as long.
        freeze_trunk: keep the trunk's weights and batch-norm statistics as they are.
        patience: epochs without a better validation accuracy after which training stops, with the
            best epoch's weights; 0 trains to the end and keeps the last.
        checkpoint_steps: steps between checkpoints within an epoch; 0 for one an epoch.
        compile: compile the network's passes (``torch.compile``): half a minute to two minutes
            once, and then steps of a wide tree network take about two thirds of the time; thin flat
            networks get slower.
        seed: of initialisation, order and augmentation.
        precision: ``bf16`` autocast, ``fp32``, or ``auto``: bf16 where the processor computes in
            it natively.
        augment: how pictures are varied.
        objective: what is minimised.
    """

    epochs: int = 20
    batch_size: int = 64
    accumulate: int = 1
    learning_rate: float = 8e-3
    weight_decay: float = 0.05
    warmup: float = 0.2
    ema: float = 0.0
    drop_path: float = 0.0
    mixup: float = 0.0
    views: int = 0
    widths: tuple[float, ...] = ()
    freeze_trunk: bool = False
    patience: int = 0
    checkpoint_steps: int = 0
    compile: bool = False
    seed: int = 0
    precision: Precision = "auto"
    augment: Augment = field(default_factory=Augment)
    objective: Objective = field(default_factory=Objective)

    def __post_init__(self) -> None:
        """Check types and ranges."""
        check_options(self, TrainingError)
        if self.epochs < 1 or self.batch_size < 2 or self.accumulate < 1:
            raise TrainingError(
                "Training needs at least 1 epoch, batches of at least 2, and parts of a step "
                "(accumulate) of at least 1."
            )
        if self.seed < 0:
            raise TrainingError(f"The seed is {self.seed}; give 0 or a positive number.")
        if not 0 < self.learning_rate < math.inf:
            raise TrainingError(f"The learning rate is {self.learning_rate}; give one above 0.")
        for name in ("ema", "drop_path"):
            if not 0 <= getattr(self, name) < 1:
                raise TrainingError(f"`{name}` is {getattr(self, name)}; it must lie in [0, 1).")
        for name in ("mixup", "warmup"):
            if not 0 <= getattr(self, name) <= 1:
                raise TrainingError(
                    f"`{name}` is {getattr(self, name)}; give a share of the steps, from 0 to 1."
                )
        if self.precision not in get_args(Precision):
            raise TrainingError(
                f"Unknown precision {self.precision!r}; choose from: "
                f"{', '.join(get_args(Precision))}."
            )
        self._check_widths()
        counts = (self.patience, self.checkpoint_steps, self.views)
        if min(counts) < 0 or not 0 <= self.weight_decay < math.inf:
            raise TrainingError(
                "Patience, checkpoint steps, views and weight decay must not be negative."
            )

    def _check_widths(self) -> None:
        """Check that the widths are different shares of the channels, which can be trained.

        Raises:
            TrainingError: they are not.
        """
        for width in self.widths:
            check_width(width, "widths", TrainingError)
        if len(set(self.widths)) < len(self.widths):
            raise TrainingError(f"`widths` names one twice: {', '.join(map(str, self.widths))}.")
        if self.narrower and self.freeze_trunk:
            raise TrainingError(
                "A trunk that is frozen has learned its full width alone; leave out `freeze_trunk` "
                "or `widths`."
            )

    def with_seed(self, seed: int) -> TrainConfig:
        """Return the same settings with another seed."""
        return replace(self, seed=seed)

    @property
    def narrower(self) -> tuple[float, ...]:
        """The widths below 1 that are trained too, the widest first."""
        return tuple(sorted((width for width in self.widths if width < 1), reverse=True))

    def drawn(self, epoch: int, step: int) -> tuple[float, ...]:
        """Return the narrower widths that a step trains, the widest first: the sandwich rule.

        They are the narrowest and two of the others, drawn from seed, epoch and step.

        >>> TrainConfig(widths=(0.25, 0.5, 0.75)).drawn(0, 0)
        (0.75, 0.5, 0.25)
        """
        if not self.narrower:
            return ()
        *others, narrowest = self.narrower
        order = np.random.default_rng([self.seed, epoch, step]).permutation(len(others))
        return (*(others[each] for each in sorted(order[:DRAWN].tolist())), narrowest)

    def to_dict(self) -> dict[str, io.Json]:
        """Return plain values; ``widths`` only where there are any, as files of before lack it."""
        content = asdict(self)
        if not self.widths:
            del content["widths"]
        return content

    @classmethod
    def from_dict(cls, content: io.Json) -> TrainConfig:
        """Read what `to_dict` made.

        Raises:
            TrainingError: an unknown field, or a value of another type or out of range.
        """
        return decode(cls, content, "settings of a training", TrainingError)


def one_cycle(progress: float, warmup: float) -> float:
    """Return the share of the highest rate: a linear rise, then half a cosine down to 0.

    Args:
        progress: share of the training done, in [0, 1).
        warmup: share of the training in which the rate rises.

    >>> [round(one_cycle(progress, 0.2), 2) for progress in (0, 0.1, 0.2, 0.6, 0.9)]
    [0.0, 0.5, 1.0, 0.5, 0.04]
    """
    if progress < warmup:
        return progress / warmup
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup) / (1 - warmup)))


def uses_bf16(config: TrainConfig, device: torch.device) -> bool:
    """Return whether to compute in bfloat16: as configured, or where hardware does natively."""
    if config.precision != "auto":
        return config.precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    if device.type != "cpu":
        return False
    native = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001
    return bool(native)
