"""Pictures of six patterns, for trainings of a second, in the tests and in their subprocesses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from taxonomy.data import Pictures
from taxonomy.trees.hierarchy import Hierarchy

PER_CLASS = {"train": 48, "val": 10, "test": 10}
CLASSES = ("across-fine", "across-wide", "dots", "down-fine", "down-wide", "plain")
TREE = Hierarchy.from_nested(
    [["across-fine", "across-wide"], ["down-fine", "down-wide"], ["dots", "plain"]]
)


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


def striped_pictures() -> Pictures:
    """Return noisy pictures with all three splits, always the same."""
    rng = np.random.default_rng(0)
    images, targets, splits = [], [], []
    for split, count in enumerate(PER_CLASS.values()):
        for target, name in enumerate(CLASSES):
            for _ in range(count):
                ink = np.where(pattern(name, int(rng.integers(8))), 40, 230)
                noisy = ink + rng.normal(0, 12, (3, 16, 16))
                images.append(noisy.clip(0, 255).astype(np.uint8))
                targets.append(target)
                splits.append(split)
    return Pictures(
        images=np.stack(images),
        targets=np.array(targets, dtype=np.int64),
        classes=CLASSES,
        splits=np.array(splits, dtype=np.uint8),
        groups=np.array([f"group-{split}" for split in splits]),
    )


def picture_folder(folder: Path) -> Path:
    """Write the stripes as class folders with splits."""
    data = striped_pictures()
    for i, (image, target, split) in enumerate(
        zip(data.images, data.targets, data.splits, strict=True)
    ):
        where = folder / ("train", "val", "test")[split] / data.classes[target]
        where.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.transpose(1, 2, 0)).save(where / f"{i}.png")
    return folder
