"""Augmentation of whole batches on the device: affine maps, flips, colours and strokes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from taxonomy._core.checked import check_options, check_range
from taxonomy._core.errors import TrainingError
from taxonomy.nets.inputs import on_ground, premultiplied


@dataclass(frozen=True)
class Augment:
    """Random changes of the training pictures: how strong, and how often.

    Args:
        rotation: largest angle of a random rotation, in degrees.
        scale: largest relative change of size.
        shift: largest shift, as a share of the side.
        shear: largest shear.
        flip: probability of a mirror image.
        recolour: probability of new colours for background and drawing.
        grey: probability that colours fade, up to grey.
        thicken: probability that dark strokes grow or shrink, by up to a pixel on either side.
        outline: probability that the inside of dark areas fades, up to a bare outline.
    """

    rotation: float = 15.0
    scale: float = 0.2
    shift: float = 0.1
    shear: float = 0.1
    flip: float = 0.5
    recolour: float = 0.1
    grey: float = 0.0
    thicken: float = 0.0
    outline: float = 0.0

    def __post_init__(self) -> None:
        """Check types and ranges."""
        check_options(self, TrainingError)
        probabilities = ("flip", "recolour", "grey", "thicken", "outline")
        check_range(self, probabilities, 0, TrainingError, 1)
        check_range(self, ("rotation", "scale", "shift", "shear"), 0, TrainingError)


def augmented(images: Tensor, augment: Augment, generator: torch.Generator) -> Tensor:
    """Map uint8 pictures (B, 3 or 4, H, W) to varied network input (B, 3, H, W).

    Colours are changed by what lies on a transparent ground: the ground gets a random colour and
    the drawing is mixed with another. Pictures without transparency are mixed only.
    """
    batch = len(images)

    def uniform(*shape: int, low: float = -1.0, high: float = 1.0) -> Tensor:
        drawn = torch.rand(shape, generator=generator, device=generator.device)
        return (low + (high - low) * drawn).to(images.device)

    colours = premultiplied(images)
    colours = _warp(
        colours, _affine(batch, augment, uniform), "zeros" if images.shape[1] == 4 else "border"
    )
    chosen = (uniform(batch, 1, 1, 1, low=0) < augment.recolour).float()
    ground = 1 - chosen * (1 - uniform(batch, 3, 1, 1, low=0))
    tint, strength = uniform(batch, 3, 1, 1, low=0), uniform(batch, 1, 1, 1, low=0)
    opaque = colours[:, 3:]
    mixed = colours[:, :3] + chosen * strength * (opaque * tint - colours[:, :3])
    shown = on_ground(torch.cat([mixed, opaque], 1), ground)

    def strength_of(share: float) -> Tensor:
        """Draw a strength in [0, 1] for the share of pictures that are changed, else 0."""
        return (uniform(batch, 1, 1, 1, low=0) < share) * uniform(batch, 1, 1, 1, low=0)

    if augment.grey:
        shown = torch.lerp(shown, shown.mean(1, keepdim=True), strength_of(augment.grey))
    if augment.thicken:
        change = strength_of(augment.thicken)
        grows = uniform(batch, 1, 1, 1) < 0
        other = _changed(shown, (change > 0) & grows, _grown)
        other = _changed(other, (change > 0) & ~grows, _shrunk)
        shown = torch.lerp(shown, other, change)
    if augment.outline:
        change = strength_of(augment.outline)
        shown = shown - change * _changed(shown, change > 0, _shrunk)
    return shown.contiguous(memory_format=torch.channels_last)


def _changed(shown: Tensor, chosen: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Return pictures of which the chosen ones alone are changed; the others cost nothing."""
    rows = chosen.flatten().nonzero()[:, 0]
    return shown.index_copy(0, rows, change(shown[rows]))


def _grown(shown: Tensor) -> Tensor:
    """Return the darkest of each pixel's neighbourhood of 3 by 3."""
    return _chosen_around(shown, torch.maximum)


def _shrunk(shown: Tensor) -> Tensor:
    """Return the lightest of each pixel's neighbourhood of 3 by 3."""
    return _chosen_around(shown, torch.minimum)


def _chosen_around(shown: Tensor, choose: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Choose among three pixels along rows, then columns; far faster than pooling on the CPU."""
    for axis in (-1, -2):
        last = shown.shape[axis] - 1
        former, latter = shown.narrow(axis, 0, last), shown.narrow(axis, 1, last)
        chosen, pairs = shown.clone(), choose(former, latter)
        chosen.narrow(axis, 0, last).copy_(pairs)
        here = chosen.narrow(axis, 1, last)
        here.copy_(choose(here, pairs))
        shown = chosen
    return shown


def _affine(batch: int, augment: Augment, draw: Callable[..., Tensor]) -> Tensor:
    """Return sampling matrices (B, 2, 3) in the normalised coordinates of ``affine_grid``."""
    turn = draw(batch) * augment.rotation * math.pi / 180
    size = torch.exp(draw(batch) * math.log1p(augment.scale))
    mirror = torch.where(draw(batch, low=0) < augment.flip, -1.0, 1.0)
    shear = draw(batch) * augment.shear
    shift = draw(batch, 2) * 2 * augment.shift
    cos, sin = torch.cos(turn) / size, torch.sin(turn) / size
    rows = [
        torch.stack([cos * mirror, -sin + shear, shift[:, 0]], 1),
        torch.stack([sin * mirror, cos, shift[:, 1]], 1),
    ]
    return torch.stack(rows, 1)


def _warp(colours: Tensor, matrices: Tensor, padding: str) -> Tensor:
    grid = torch.nn.functional.affine_grid(matrices, list(colours.shape), align_corners=False)
    return torch.nn.functional.grid_sample(
        colours, grid, mode="bilinear", padding_mode=padding, align_corners=False
    )
