"""Assign designer families to train, val and test."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

SIDES = ("train", "val", "test")


@dataclass(frozen=True)
class SplitConfig:
    """What a good split is."""

    shares: tuple[float, float, float] = (0.65, 0.11, 0.24)
    #: Least pictures a class has on each side, and how many more the search would like.
    least: tuple[int, int, int] = (10, 2, 3)
    reserve: tuple[int, int, int] = (2, 2, 3)
    #: Least number of sets that draw a class; 0 for any.
    sets: int = 0
    #: A family with more than this share of all pictures is trained on.
    large: float = 0.04
    seed: int = 0
    restarts: int = 6
    steps: int = 50_000
    heat: float = 2.0


def assign(
    classes: np.ndarray,
    styles: np.ndarray,
    twins: np.ndarray,
    known: np.ndarray,
    config: SplitConfig,
) -> np.ndarray:
    """Return each family's side: 0 train, 1 val, 2 test.

    Simulated annealing over the assignments, from a few seeded starts. The cost adds up, over the
    sides, how far sizes and shares of styles are from the whole's, how many pictures classes lack,
    and how many twins would have to be dropped. No model's accuracy is looked at.

    Args:
        classes: (F, C) number of pictures by family and class.
        styles: (F, S) number of pictures by family and style.
        twins: (F, F) number of pairs of twins between families, symmetric.
        known: (F,) side of each family that has one already, else -1.
        config: shares, least numbers, seed.
    """
    sizes = classes.sum(1)
    small = sizes <= config.large * sizes.sum()
    free = [int(f) for f in np.flatnonzero(small & (known < 0))]
    draw = random.Random(config.seed).random  # noqa: S311  the same stream in every version
    tables = (classes.astype(np.float64), styles.astype(np.float64), twins.astype(np.float64))
    start = known.clip(0)
    found = [_anneal(start, free, tables, draw, config) for _ in range(config.restarts)]
    return min(found, key=lambda pair: pair[0])[1]


def _anneal(
    start: np.ndarray,
    free: list[int],
    tables: tuple[np.ndarray, np.ndarray, np.ndarray],
    draw: Callable[[], float],
    config: SplitConfig,
) -> tuple[float, np.ndarray]:
    sides = start.copy()
    for family in free:
        sides[family] = np.searchsorted(np.cumsum(config.shares[:2]), draw())
    cost = best = _cost(sides, *tables, config)
    winner = sides.copy()
    for step in range(config.steps if free else 0):
        one, other = (free[int(draw() * len(free))] for _ in range(2))
        old = sides[[one, other]]
        # Exchange two families, or move one.
        sides[[one, other]] = old[::-1] if draw() < 0.5 else (int(draw() * 3), old[1])
        new = _cost(sides, *tables, config)
        heat = config.heat * 1e-3 ** (step / config.steps)
        if new <= cost or draw() < math.exp((cost - new) / heat):
            cost = new
            if cost < best:
                best, winner = cost, sides.copy()
        else:
            sides[[one, other]] = old
    return best, winner


def _cost(
    sides: np.ndarray,
    classes: np.ndarray,
    styles: np.ndarray,
    twins: np.ndarray,
    config: SplitConfig,
) -> float:
    member = (np.arange(3)[:, None] == sides).astype(np.float64)
    counts = member @ classes
    size = counts.sum(1)
    shares = np.array(config.shares)
    over = counts - np.array(config.least)[:, None]
    lacking = np.clip(-over, 0, None).sum()
    scarce = np.clip(np.array(config.reserve)[:, None] - over, 0, None).sum()
    style = (member @ styles) / np.clip(size, 1, None)[:, None]
    whole = styles.sum(0) / size.sum()
    # Each side's share of a class near the side's share of all pictures: no lopsided classes.
    spread = np.abs(counts / counts.sum(0) - shares[:, None]).mean()
    dropped = (twins.sum() - ((member @ twins) * member).sum()) / 2
    cost = (
        40 * np.square(size / size.sum() / shares - 1).sum()
        + 10 * np.square(style / whole - 1).sum()
        + 3 * spread
        + 2 * lacking
        + 0.01 * scarce
        + 2 * dropped / size.sum()
    )
    return round(float(cost), 9)  # the last bits may differ between machines
