"""Pictures as a network's input: `taxonomy.data.Preprocessing` on whole batches of tensors."""

from __future__ import annotations

import torch
from torch import Tensor

from taxonomy.data import Preprocessing

ENCODING = Preprocessing()
"""How channel values are encoded; the same for every resolution."""


def to_input(images: Tensor) -> Tensor:
    """Map uint8 pictures (B, 3 or 4, H, W) to network input (B, 3, H, W) on a white ground.

    White is 0 and black is 2, so that zero padding continues a white ground.
    """
    ground = torch.ones(len(images), 3, 1, 1, device=images.device)
    return on_ground(premultiplied(images), ground)


def premultiplied(images: Tensor) -> Tensor:
    """Map uint8 pictures (B, 3 or 4, H, W) to colours times opacity, and opacity: (B, 4, H, W)."""
    colours = images.float() / 255
    if images.shape[1] == 3:
        return torch.cat([colours, torch.ones_like(colours[:, :1])], 1)
    return torch.cat([colours[:, :3] * colours[:, 3:], colours[:, 3:]], 1)


def on_ground(colours: Tensor, ground: Tensor) -> Tensor:
    """Map premultiplied colours on a ground (B, 3, 1, 1) to network input, channels last."""
    shown = colours[:, :3] + (1 - colours[:, 3:]) * ground
    encoded: Tensor = ENCODING.encode(shown)
    return encoded.contiguous(memory_format=torch.channels_last)
