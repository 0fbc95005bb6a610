"""Checkpoints of a running training: one safetensors file, replaced atomically."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as safetensors_bytes
from torch import Tensor, nn

from taxonomy import _io
from taxonomy.errors import FileFormatError, TrainingError


def save_checkpoint(
    path: Path, net: nn.Module, optimizer: torch.optim.Optimizer, epochs: int, key: str
) -> None:
    """Write weights and optimiser state after so many epochs.

    Args:
        path: the file; the old one stays until the new one is whole.
        net: the network.
        optimizer: its optimiser.
        epochs: epochs done.
        key: digest of what is trained on what and how; a checkpoint fits no other training.
    """
    state = {f"net.{name}": tensor for name, tensor in net.state_dict().items()}
    for index, values in optimizer.state_dict()["state"].items():
        for name, value in values.items():
            state[f"optimizer.{index}.{name}"] = torch.as_tensor(value)
    data = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    _io.write_bytes(path, safetensors_bytes(data, {"epochs": str(epochs), "key": key}))


def load_checkpoint(path: Path, net: nn.Module, optimizer: torch.optim.Optimizer, key: str) -> int:
    """Restore a training and return the epochs done; 0 where there is no checkpoint yet.

    Raises:
        FileFormatError: the file is damaged.
        TrainingError: the checkpoint is of another training.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise FileFormatError(
            f"{path}: a damaged checkpoint ({error}). Remove it to start again."
        ) from error
    if header.get("key") != key:
        raise TrainingError(
            f"{path}: the checkpoint is of a training with other settings, data or tree. "
            "Choose another folder, or remove it to start again."
        )
    net.load_state_dict(
        {n.removeprefix("net."): t for n, t in state.items() if n.startswith("net.")}, strict=True
    )
    slots: dict[int, dict[str, Tensor]] = {}
    for name, tensor in state.items():
        if name.startswith("optimizer."):
            _, index, slot = name.split(".")
            slots.setdefault(int(index), {})[slot] = tensor
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": slots, "param_groups": groups})
    return int(header["epochs"])
