"""The training loop, whole in one place: flat, thin and hierarchical networks train alike."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from taxonomy import _io
from taxonomy.data import Pictures
from taxonomy.data._pictures import SPLITS
from taxonomy.errors import TrainingError
from taxonomy.nets import HierarchicalNet
from taxonomy.predictions import Predictions
from taxonomy.training.augment import Augment, augmented, to_input
from taxonomy.training.checkpoint import load_checkpoint, save_checkpoint

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainConfig:
    """How a network is trained.

    Args:
        epochs: passes over the training split.
        batch_size: pictures a step.
        learning_rate: the highest, reached after the warm-up.
        weight_decay: of AdamW, on convolutions and heads only.
        label_smoothing: share of the target spread over all classes.
        warmup: share of the steps in which the rate rises.
        seed: of initialisation, order and augmentation.
        precision: ``bf16`` autocast, ``fp32``, or ``auto``: bf16 where the processor computes in
            it natively.
        augment: how pictures are varied.
    """

    epochs: int = 20
    batch_size: int = 64
    learning_rate: float = 8e-3
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    warmup: float = 0.2
    seed: int = 0
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    augment: Augment = field(default_factory=Augment)

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.epochs < 1 or self.batch_size < 2:
            raise TrainingError("Training needs at least 1 epoch and batches of at least 2.")
        if not 0 < self.learning_rate < math.inf:
            raise TrainingError(f"The learning rate is {self.learning_rate}; give one above 0.")


def check_same_classes(net: HierarchicalNet, data: Pictures) -> None:
    """Check that network and data have the same classes.

    Raises:
        TrainingError: they do not.
    """
    if net.classes != data.classes:
        raise TrainingError(
            f"The network has {len(net.classes)} classes and the data {len(data.classes)}, or they "
            "differ in name; build the hierarchy from the data's own labels."
        )


def train(
    net: HierarchicalNet,
    data: Pictures,
    config: TrainConfig,
    checkpoint: Path | None = None,
    report: Callable[[dict[str, _io.Json]], None] | None = None,
    progress: bool = True,
) -> None:
    """Train a network in place.

    With a checkpoint path the state after every epoch is kept there; a run that was stopped
    continues from it and, with the same threads, ends with the same weights.

    Args:
        net: freshly built, with the classes of the data.
        data: its splits ``train`` and ``val`` are used.
        config: how to train.
        checkpoint: file to keep and continue from.
        report: called with each epoch's metrics.
        progress: whether to show a bar.

    Raises:
        TrainingError: the classes differ, the checkpoint is of another run, or the loss is NaN.
    """
    check_same_classes(net, data)
    device = next(net.parameters()).device
    part, validation = data.part("train"), data.part("val")
    images = torch.from_numpy(part.images).to(device)
    targets = torch.from_numpy(part.targets).to(device)
    nn.Module.to(net, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = make_optimizer(net, config)
    key = _io.digest([asdict(config), net.spec.digest, net.hierarchy.digest, data.digest])
    done = load_checkpoint(checkpoint, net, optimizer, key) if checkpoint else 0
    steps = sum(1 for _ in batches(torch.arange(len(part)), config.batch_size))
    bar = tqdm(total=config.epochs * steps, initial=done * steps, unit="step", disable=not progress)
    with bar:
        for epoch in range(done, config.epochs):
            started = time.perf_counter()
            loss = train_epoch(net, images, targets, optimizer, config, epoch, bar)
            accuracy = predict(net, validation).accuracy()
            seconds = time.perf_counter() - started
            bar.set_postfix(loss=f"{loss:.3f}", val=f"{accuracy:.3f}")
            if checkpoint:
                save_checkpoint(checkpoint, net, optimizer, epoch + 1, key)
            if report:
                facts = {"epoch": epoch + 1, "loss": loss, "val_accuracy": accuracy}
                speed = {"seconds": seconds, "images_per_second": len(part) / seconds}
                report(facts | speed)
    net.eval()


def train_epoch(
    net: nn.Module,
    images: Tensor,
    targets: Tensor,
    optimizer: torch.optim.Optimizer,
    config: TrainConfig,
    epoch: int,
    bar: tqdm[Any],
) -> float:
    """Train on every picture once, in an order drawn from seed and epoch; return the mean loss.

    Raises:
        TrainingError: the loss is NaN or infinite.
    """
    net.train()
    device = images.device
    generator = torch.Generator().manual_seed(_epoch_seed(config.seed, epoch))
    rows_of_steps = list(
        batches(torch.randperm(len(images), generator=generator), config.batch_size)
    )
    criterion = nn.CrossEntropyLoss(label_smoothing=config.label_smoothing)
    bf16 = uses_bf16(config, device)
    loss_sum = 0.0
    for step, rows in enumerate(rows_of_steps):
        progress = (epoch + step / len(rows_of_steps)) / config.epochs
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate * one_cycle(progress, config.warmup)
        inputs = augmented(images[rows], config.augment, generator)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            logits = net(inputs)
        loss = criterion(logits.float(), targets[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        loss_sum += loss.item() * len(rows)
        if not math.isfinite(loss_sum):
            raise TrainingError(
                f"The loss is {loss.item()} at epoch {epoch + 1}, step {step + 1}; "
                "lower the learning rate (--learning-rate)."
            )
        bar.update()
    return loss_sum / sum(map(len, rows_of_steps))


@torch.no_grad()
def predict(net: HierarchicalNet, part: Pictures, batch_size: int = 512) -> Predictions:
    """Return a network's float32 logits on pictures of one split; the network ends as it was.

    Raises:
        TrainingError: the network has other classes than the data.
    """
    check_same_classes(net, part)
    device = next(net.parameters()).device
    was_training = net.training
    net.eval()
    logits = []
    for start in range(0, len(part), batch_size):
        images = torch.from_numpy(part.images[start : start + batch_size]).to(device)
        logits.append(net(to_input(images)).float().cpu().numpy())
    net.train(was_training)
    split = SPLITS[int(part.splits[0])]
    made = _io.provenance("predict", ("torch",), tree=net.hierarchy.digest, spec=net.spec.digest)
    return Predictions(net.classes, np.concatenate(logits), part.targets, split, part.groups, made)


def make_optimizer(net: nn.Module, config: TrainConfig) -> torch.optim.AdamW:
    """Return AdamW that decays convolutions and heads, but no normalisation and no bias."""
    decayed = [p for p in net.parameters() if p.ndim > 1]
    spared = [p for p in net.parameters() if p.ndim <= 1]
    groups = [
        {"params": decayed, "weight_decay": config.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate)


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


def batches(order: Tensor, size: int) -> Iterator[Tensor]:
    """Yield the rows of each step; a last single row, which batch norm cannot use, is left out."""
    for start in range(0, len(order) - 1, size):
        yield order[start : start + size]


def uses_bf16(config: TrainConfig, device: torch.device) -> bool:
    """Tell whether to compute in bfloat16: as configured, else where the hardware does natively."""
    if config.precision != "auto":
        return config.precision == "bf16"
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    native = torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()  # noqa: SLF001
    return bool(native)


def _epoch_seed(seed: int, epoch: int) -> int:
    return int(np.random.default_rng([seed, epoch]).integers(2**63))
