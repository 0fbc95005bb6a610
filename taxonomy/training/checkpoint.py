"""Checkpoints of a running training: one safetensors file, replaced atomically."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn

from taxonomy._core import io
from taxonomy._core.decoding import decode, parse_json
from taxonomy._core.errors import FileFormatError, TrainingError, naming, shortened, shown
from taxonomy.nets._weights import read_weights


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
    with naming(path):
        try:
            texts, tensors = read_weights(path)
            header = decode(_Header, parse_json(texts.get("training", ""), "training"), "training")
        except FileFormatError as error:
            raise _damaged(str(error)) from error
        if header.key != key:
            raise TrainingError(
                f"{path}: the checkpoint is of a training with other settings, data or tree. "
                "Choose another folder, or remove it to start again."
            )
        parts: dict[str, dict[str, Tensor]] = {part: {} for part in state}
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            if part in parts:  # who only asks how far it has come restores none
                parts[part][rest] = tensor
        for part, holder in state.items():
            _check(holder, parts[part])
        for part, holder in state.items():
            _restore(holder, parts[part])
    return header.place


@dataclass(frozen=True)
class _Header:
    """What a file says beside the tensors."""

    key: str
    place: Place


def _damaged(how: str) -> FileFormatError:
    return FileFormatError(f"a damaged checkpoint. Remove it to start again ({how}).")


def _check(holder: Any, tensors: dict[str, Tensor]) -> None:
    """Check that tensors are those that a holder restores, before any is.

    Raises:
        FileFormatError: one is missing, too many, or of another shape.
    """
    if isinstance(holder, torch.optim.Optimizer):
        parameters = [p for group in holder.param_groups for p in group["params"]]
        known = {str(index) for index in range(len(parameters))}
        own: dict[str, Tensor] = {}
        for name in tensors:
            index, _, slot = name.partition(".")
            if index not in known or slot not in _SLOTS:
                raise _damaged(f"the optimiser has no {shown(name)}")
            of_index = dict.fromkeys(_SLOTS, parameters[int(index)]) | {"step": torch.zeros(())}
            own |= {f"{index}.{slot}": tensor for slot, tensor in of_index.items()}
    else:
        own = _tensors(holder)
    for name in sorted(own.keys() ^ tensors.keys()):
        raise _damaged(f"{shown(name)} is {'missing' if name in own else 'too many'}")
    for name, tensor in tensors.items():
        if (tensor.shape, tensor.dtype) != (own[name].shape, own[name].dtype):
            found = f"{tensor.dtype} of shape {tuple(tensor.shape)}"
            raise _damaged(f"{shown(name)} is {shortened(found, 80)}")


_SLOTS = frozenset({"step", "exp_avg", "exp_avg_sq"})
"""What AdamW remembers of each parameter."""


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
