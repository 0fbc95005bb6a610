"""Augmentation keeps shapes and grounds, and varies only what it is asked to."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from taxonomy._core.errors import TrainingError
from taxonomy.nets.inputs import to_input
from taxonomy.training.augment import Augment, _grown, _shrunk, augmented

STILL = Augment(rotation=0, scale=0, shift=0, shear=0, flip=0, recolour=0)


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
    flip = Augment(rotation=0, scale=0, shift=0, shear=0, flip=1, recolour=0)
    made = augmented(icon(), flip, generator())
    torch.testing.assert_close(made, to_input(icon()).flip(-1))


def test_recolouring_keeps_the_drawing_apart_from_the_ground():
    many = icon().repeat(64, 1, 1, 1)
    colour = Augment(rotation=0, scale=0, shift=0, shear=0, flip=0, recolour=1)
    made = augmented(many, colour, generator())
    ground, ink = made[:, :, 0, 0], made[:, :, 3, 1]
    assert ground.std(0).min() > 0.3
    assert (ground - ink).abs().amax(1).median() > 0.3


def still_but(**changed: float) -> torch.Tensor:
    """Return 64 copies of the icon, of which only one thing is varied."""
    many = icon().repeat(64, 1, 1, 1)
    return augmented(many, replace(STILL, **changed), generator())


def test_strokes_grow_and_shrink_by_a_pixel_at_most():
    ink = still_but(thicken=1).mean((1, 2, 3)) / 2 * 64
    square, grown, shrunk = 8, 24, 0
    assert ink.max() > square + 8
    assert ink.max() <= grown
    assert shrunk <= ink.min() < square - 4


def test_the_share_of_pictures_that_is_asked_for_is_changed_and_no_other():
    """About half of 64 pictures, and what is left alone is so to the bit."""
    made, still = still_but(thicken=0.5), still_but()
    alone = (made == still).flatten(1).all(1)
    assert 20 <= alone.sum() <= 44


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (8, 8)])
def test_strokes_grow_and_shrink_as_pooling_would_have_them(size):
    shown = torch.rand(5, 3, *size, generator=generator())
    pool = torch.nn.functional.max_pool2d
    assert torch.equal(_grown(shown), pool(shown, 3, 1, 1))
    assert torch.equal(_shrunk(shown), -pool(-shown, 3, 1, 1))


def test_an_outline_keeps_the_edge_and_loses_the_inside():
    dark = torch.zeros(64, 3, 8, 8, dtype=torch.uint8)
    dark[:, :, :2] = 255
    made = augmented(dark, replace(STILL, outline=1), generator())
    plain = to_input(dark)
    torch.testing.assert_close(made[:, :, :3], plain[:, :, :3])
    assert made[:, :, 4:].amin() < 0.2
    assert (made <= plain).all()


def test_greying_takes_colours_away_and_keeps_the_mean():
    red = icon().repeat(64, 1, 1, 1)
    red[:, 0] = 255
    made = augmented(red, replace(STILL, grey=1), generator())
    torch.testing.assert_close(made.mean(1), to_input(red).mean(1))
    spread = made[:, :, 3, 1].amax(1) - made[:, :, 3, 1].amin(1)
    assert spread.min() < 0.1
    assert spread.max() > 1.5


@pytest.mark.parametrize("wrong", [{"thicken": 1.5}, {"flip": -0.1}, {"shear": -1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(TrainingError):
        Augment(**wrong)


def test_opaque_pictures_are_continued_at_the_border_not_cut():
    dark = torch.zeros(16, 3, 8, 8, dtype=torch.uint8)
    made = augmented(dark, Augment(recolour=0), generator())
    torch.testing.assert_close(made, torch.full_like(made, 2.0))
