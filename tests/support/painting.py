"""Folders of small painted pictures."""

from __future__ import annotations

from PIL import Image


def paint(path, size=(8, 8), mode="RGB", colour=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path)


def fill(root, split, names=("cat", "dog"), count=30):
    for name in names:
        for i in range(count):
            paint(root / split / name / f"{i}.png", size=(4, 4), colour=(i, len(split), 0))
