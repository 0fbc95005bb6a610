"""Augmentation keeps shapes and grounds, and varies only what it is asked to."""

from __future__ import annotations

import torch

from taxonomy.training.augment import Augment, augmented, to_input

STILL = Augment(rotate=0, scale=0, shift=0, shear=0, flip=0, recolour=0)


def icon(channels: int = 4) -> torch.Tensor:
    """Return one picture of a black square left of the centre, on nothing or on white."""
    images = torch.zeros(1, channels, 8, 8, dtype=torch.uint8)
    if channels == 3:
        images += 255
    images[0, :3, 2:6, 1:3] = 0
    if channels == 4:
        images[0, 3, 2:6, 1:3] = 255
    return images


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_white_is_zero_and_black_is_two():
    made = to_input(icon())
    assert made[0, 0, 3, 1] == 2
    assert made[0, 0, 0, 0] == 0
    torch.testing.assert_close(made, to_input(icon(3)))


def test_no_augmentation_is_the_plain_input():
    torch.testing.assert_close(augmented(icon(), STILL, generator()), to_input(icon()))


def test_a_certain_flip_mirrors():
    flip = Augment(rotate=0, scale=0, shift=0, shear=0, flip=1, recolour=0)
    made = augmented(icon(), flip, generator())
    torch.testing.assert_close(made, to_input(icon()).flip(-1))


def test_recolouring_keeps_the_drawing_apart_from_the_ground():
    many = icon().repeat(64, 1, 1, 1)
    colour = Augment(rotate=0, scale=0, shift=0, shear=0, flip=0, recolour=1)
    made = augmented(many, colour, generator())
    ground, ink = made[:, :, 0, 0], made[:, :, 3, 1]
    assert ground.std(0).min() > 0.3
    assert (ground - ink).abs().amax(1).median() > 0.3


def test_opaque_pictures_are_continued_at_the_border_not_cut():
    dark = torch.zeros(16, 3, 8, 8, dtype=torch.uint8)
    made = augmented(dark, Augment(recolour=0), generator())
    torch.testing.assert_close(made, torch.full_like(made, 2.0))
