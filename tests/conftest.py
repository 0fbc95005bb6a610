"""Settings and pictures for all tests."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import settings

from taxonomy.data import Pictures

# Several processes may share the cores with the tests; one thread each is the faster way then,
# and bit-for-bit promises hold for an equal number of threads.
torch.set_num_threads(1)

settings.register_profile("house", deadline=None, derandomize=True, max_examples=25)
settings.load_profile("house")

PER_CLASS = {"train": 48, "val": 10, "test": 10}


def pattern(name: str, phase: int) -> np.ndarray:
    """Return a 16 by 16 mask: stripes across or down, fine or wide, dots, or nothing."""
    period = 8 if name.endswith("wide") else 4
    row, column = np.indices((16, 16)) + phase
    across, down = (row % period < period // 2), (column % period < period // 2)
    if name == "dots":
        return across & down
    if name == "plain":
        return np.zeros((16, 16), dtype=bool)
    return across if name.startswith("across") else down


@pytest.fixture(scope="session")
def stripes() -> Pictures:
    """Six patterns that a tiny network tells apart, 16 by 16, noisy, with all three splits."""
    classes = ("across-fine", "across-wide", "dots", "down-fine", "down-wide", "plain")
    rng = np.random.default_rng(0)
    images, targets, splits = [], [], []
    for split, count in enumerate(PER_CLASS.values()):
        for target, name in enumerate(classes):
            for _ in range(count):
                ink = np.where(pattern(name, int(rng.integers(8))), 40, 230)
                noisy = ink + rng.normal(0, 12, (3, 16, 16))
                images.append(noisy.clip(0, 255).astype(np.uint8))
                targets.append(target)
                splits.append(split)
    return Pictures(
        images=np.stack(images),
        targets=np.array(targets, dtype=np.int64),
        classes=classes,
        splits=np.array(splits, dtype=np.uint8),
        groups=np.array([f"group-{split}" for split in splits]),
    )
