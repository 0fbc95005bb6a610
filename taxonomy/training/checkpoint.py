"""Checkpoints of a running training: one safetensors file, replaced atomically."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn

from taxonomy._core import io
from taxonomy._core.errors import FileFormatError, TrainingError


@dataclass
class Place:
    """How far a training has come.

    Args:
        epoch: epochs done.
        step: steps done of the next epoch.
        loss_sum: sum of the pictures' losses in these steps.
        seconds: that these steps took.
        best_epoch: the epoch with the best validation accuracy; 0 before the first.
        best_accuracy: that accuracy, in [0, 1].
    """

    epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    seconds: float = 0.0
    best_epoch: int = 0
    best_accuracy: float = -1.0


def save_checkpoint(path: Path, state: Mapping[str, Any], place: Place, key: str) -> None:
    """Write a training's state.

    Args:
        path: the file; the old one stays until the new one is whole.
        state: modules, optimisers and dictionaries of tensors, by name.
        place: how far the training has come.
        key: digest of what is trained on what and how; a checkpoint fits no other training.
    """
    data = {
        f"{part}/{name}": tensor.detach().cpu().contiguous()
        for part, holder in state.items()
        for name, tensor in _tensors(holder).items()
    }
    # One key, because safetensors writes several in no fixed order.
    header = {"training": io.canonical_json({"key": key, "place": asdict(place)})}
    io.write_bytes(path, safetensors_bytes(data, header))


def load_checkpoint(path: Path, state: Mapping[str, Any], key: str) -> Place:
    """Restore a training and return how far it had come; the start where there is no checkpoint.

    Raises:
        FileFormatError: the file is damaged.
        TrainingError: the checkpoint is of another training.
    """
    if not path.exists():
        return Place()
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get("training", "{}"))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise FileFormatError(
            f"{path}: a damaged checkpoint ({error}). Remove it to start again."
        ) from error
    if header.get("key") != key:
        raise TrainingError(
            f"{path}: the checkpoint is of a training with other settings, data or tree. "
            "Choose another folder, or remove it to start again."
        )
    for part, holder in state.items():
        own = {
            name.removeprefix(f"{part}/"): tensor
            for name, tensor in tensors.items()
            if name.startswith(f"{part}/")
        }
        _restore(holder, own)
    return Place(**header["place"])


def _tensors(holder: Any) -> dict[str, Tensor]:
    if isinstance(holder, torch.optim.Optimizer):
        slots = holder.state_dict()["state"]
        return {
            f"{index}.{name}": torch.as_tensor(value)
            for index, values in slots.items()
            for name, value in values.items()
        }
    return holder.state_dict() if isinstance(holder, nn.Module) else holder


def _restore(holder: Any, tensors: dict[str, Tensor]) -> None:
    if isinstance(holder, nn.Module):
        holder.load_state_dict(tensors, strict=True)
    elif isinstance(holder, torch.optim.Optimizer):
        slots: dict[int, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            index, slot = name.split(".")
            slots.setdefault(int(index), {})[slot] = tensor
        groups = holder.state_dict()["param_groups"]
        holder.load_state_dict({"state": slots, "param_groups": groups})
        for parameter, values in holder.state.items():  # a fused step wants equal strides
            for name, value in values.items():
                if value.shape == parameter.shape:
                    values[name] = torch.empty_like(parameter).copy_(value)
    else:
        for name, tensor in holder.items():
            tensor.copy_(tensors[name])
