"""A copy of a network's weights beside it: their running average, or the best so far."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """The exponential moving average of weights and normalisation statistics.

    In the first steps the decay is smaller, (1 + step) / (10 + step), so that the start is
    forgotten soon.

    Args:
        net: the network whose weights are the first average.
        decay: share of the average that a step keeps, in [0, 1).
    """

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self.state = {name: tensor.clone() for name, tensor in _numbers(net).items()}

    @torch.no_grad()
    def update(self, net: nn.Module, step: int) -> None:
        """Move the average towards the weights, after the step of the given number."""
        decay = min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(self.state.values()), list(_numbers(net).values()), 1 - decay)

    @torch.no_grad()
    def copy_from(self, net: nn.Module) -> None:
        """Take the network's weights."""
        for name, tensor in _numbers(net).items():
            self.state[name].copy_(tensor)

    @torch.no_grad()
    def copy_to(self, net: nn.Module) -> None:
        """Give the network these weights."""
        for name, tensor in _numbers(net).items():
            tensor.copy_(self.state[name])

    @contextmanager
    def lent_to(self, net: nn.Module) -> Iterator[None]:
        """Give the network these weights for a while; its own come back."""
        own = {name: tensor.clone() for name, tensor in _numbers(net).items()}
        self.copy_to(net)
        try:
            yield
        finally:
            with torch.no_grad():
                for name, tensor in _numbers(net).items():
                    tensor.copy_(own[name])


def _numbers(net: nn.Module) -> dict[str, Tensor]:
    """Return what is averaged: all of the state but counters."""
    state = net.state_dict()
    return {name: tensor.detach() for name, tensor in state.items() if tensor.is_floating_point()}
