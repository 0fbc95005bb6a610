"""Array types by their kind of number, and well-mixed 64-bit numbers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
WordArray = npt.NDArray[np.uint64]

_GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
"""SplitMix64's step between states: the odd number nearest to 2**64 divided by the golden ratio."""


def mix64(words: WordArray) -> WordArray:
    """Return words scattered over all 64 bits, different ones for different words; 0 stays 0.

    SplitMix64's finalizer (Steele, Lea & Flood 2014, "Fast splittable pseudorandom number
    generators", whose mix64 with the constants of Stafford's variant 13).

    >>> mix64(np.array([0, 1], dtype=np.uint64)).tolist()
    [0, 6238072747940578789]
    """
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def splitmix64(states: WordArray) -> WordArray:
    """Return what the generator SplitMix64 yields first from each state.

    >>> hex(splitmix64(np.array([0], dtype=np.uint64))[0])
    '0xe220a8397b1dcdaf'
    """
    return mix64(states + _GOLDEN_GAMMA)
