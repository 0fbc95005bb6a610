"""Layers that are run in another way in training than in use, and must not differ."""

from __future__ import annotations

import pytest
import torch

from taxonomy.nets.layers import ConvNorm, Fan, FanConv


@pytest.mark.parametrize(("kernel", "side"), [(2, 8), (4, 8)])
@pytest.mark.parametrize("children", [1, 3])
def test_patches_in_training_are_the_convolution(kernel, side, children):
    """Values and all gradients, and the layout in memory that later layers are fast with."""
    conv = FanConv(5, 7, kernel, kernel, 0, (Fan(1, children),)).double()
    x = torch.randn(3, 5, side, side, dtype=torch.float64, requires_grad=True)
    found = {}
    for training in (True, False):
        conv.train(training)
        y = conv(x.to(memory_format=torch.channels_last))
        gradients = torch.autograd.grad(y.square().sum(), (x, conv.weight))
        found[training] = (y, *gradients)
        assert y.is_contiguous(memory_format=torch.channels_last)
    for one, other in zip(found[True], found[False], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "conv",
    [
        FanConv(4, 6, 2, 2, 0, (Fan(2, 3),)),
        FanConv(4, 6, 2, 2, 0, (Fan(1, 2), Fan(1, 1))),
        FanConv(4, 6, 3, 2, 1, (Fan(2, 3),)),
        FanConv(4, 6, 3, 3, 1, (Fan(2, 3),)),
    ],
    ids=["two parents", "two fans", "a stride below the kernel", "padded"],
)
def test_what_is_not_cut_into_patches_of_one_map_is_convolved(conv):
    x = torch.randn(2, 8, 12, 12)
    torch.testing.assert_close(conv.train()(x), conv.eval()(x), rtol=0, atol=0)


def test_a_side_that_is_no_multiple_is_padded_first():
    stage = ConvNorm(3, 4, 2, 2, (Fan(1, 1),)).train()
    assert stage(torch.randn(2, 3, 7, 7)).shape == (2, 4, 4, 4)
