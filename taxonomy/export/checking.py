"""A written model beside its network: made-up pictures, and how far the answers may differ."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from taxonomy._core.arrays import Float32Array
from taxonomy._core.errors import ExportError
from taxonomy.data import Pictures
from taxonomy.export.pictures import Bytes, colours
from taxonomy.nets.hierarchical import HierarchicalNet
from taxonomy.nets.inputs import to_input

TOLERANCE = 1e-4
"""How far logits may be from the network's, times the largest one where that is over 1."""

REPEATED = {"float": 1e-3, "int8": 0.08}
"""How far the self-test's logits may be elsewhere, times the largest one where that is over 1:
processors and versions of a runtime round differently, and whole numbers in whole steps. A runtime
that computes an int8 model in floats was .055 off at most over 200 experts."""

SAMPLES, COMPARED = 8, 64
"""Pictures made up for the self-test, and at most so many real ones compared too."""


def made_up(net: HierarchicalNet) -> Bytes:
    """Return made-up pictures for the self-test, always the same.

    Patches of random colours on white, which show edges of all directions; and noise.
    """
    rng, side = np.random.default_rng(0), net.spec.resolution
    pictures = np.full((SAMPLES, 3, side, side), 255, dtype=np.uint8)
    for number, picture in enumerate(pictures):
        for _ in range(6):
            top, left = rng.integers(0, side, 2)
            height, width = rng.integers(1, side + 1, 2)
            colour = rng.integers(0, 256, (3, 1, 1), dtype=np.uint8)
            picture[:, top : top + height, left : left + width] = colour
        if number % 4 == 3:
            picture[:] = rng.integers(0, 256, picture.shape, dtype=np.uint8)
    return pictures


@torch.no_grad()
def answers(net: HierarchicalNet, pictures: Bytes) -> Float32Array:
    """Return a network's logits for pictures (n, 3, side, side), computed by PyTorch."""
    parameter = next(net.parameters())
    given = to_input(torch.from_numpy(pictures).to(parameter.device)).to(parameter.dtype)
    logits: Float32Array = net(given).float().cpu().numpy()
    return logits


def largest_gap(
    run: Callable[[Bytes], Float32Array],
    net: HierarchicalNet,
    samples: Bytes,
    part: Pictures | None,
) -> float:
    """Return the largest difference between the written model's logits and the network's.

    Raises:
        ExportError: it is larger than rounding.
    """
    pictures = [samples]
    if part is not None:
        pictures.append(colours(part.images[:COMPARED]))
    largest = 0.0
    for some in pictures:
        wanted, found = answers(net, some), run(some)
        gap = float(np.abs(found - wanted).max())
        allowed = TOLERANCE * max(1.0, float(np.abs(wanted).max()))
        if not gap <= allowed:  # NaN is no rounding either
            raise ExportError(
                f"The written model's logits differ from the network's by {gap:.1e}, more than "
                f"{allowed:.1e}; nothing was kept. Please report it, with the specification."
            )
        largest = max(largest, gap)
    return largest
